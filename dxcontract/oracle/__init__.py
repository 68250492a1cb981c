"""Judges answers: checks of every answer, states over time, assertions by rule id. Imports up to `client`."""
