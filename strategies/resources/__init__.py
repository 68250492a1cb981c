"""Fixtures for tests, one kind of resource per file."""
