"""Fixtures for tests, a file a kind of resource."""
