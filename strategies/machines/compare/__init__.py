"""Compares what a target describes with what a machine's model expects."""
