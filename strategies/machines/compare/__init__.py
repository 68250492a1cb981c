"""Compares the descriptions of a target with the model of a machine."""
