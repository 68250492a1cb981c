"""Mutants of the reference emulator that nobody chose, and which of them the contract's gate kills.

A chosen fault is one that somebody thought of, and so is its test. cosmic-ray's operators change the emulator's source
blindly instead; what survives is read one by one (survivors.json).
"""
