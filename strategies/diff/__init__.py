"""Comparison of two targets, or of a target and a recording, with the same requests."""
