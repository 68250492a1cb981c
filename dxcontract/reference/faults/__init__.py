"""Faults: they make the emulator break one rule, to test that the contract detects it.

Most rules are broken where they are enforced (see `core/rule_switches.py`). The modules here break rules about the
content of an answer: they change correct answers, one member at a time.
"""
