"""Faults: how the emulator is made to break one rule, so that a contract can show that it notices.

Most rules are broken where they are enforced (see `rules.py`). The modules here break those that only say what an
answer holds: they change right answers, one member at a time.
"""
