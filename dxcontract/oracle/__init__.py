"""Judges answers: checks of every answer, states over time, assertions. Imports up to `client`."""
