"""Caps counts in generated requests, so that an emulator does not create millions of objects."""

from typing import Any, Final

COSTLY: Final = frozenset({"numberOfConnections"})
"""Members that say how many things are to be made."""
MOST: Final = 8


def affordable(value: Any) -> Any:
    """Return `value` with large counts replaced by small ones."""
    if isinstance(value, dict):
        return {name: _few(one) if name in COSTLY else affordable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [affordable(one) for one in value]
    return value


def _few(value: Any) -> Any:
    """`value`, less if it asks for many."""
    if isinstance(value, str):
        return "many" if any(map(str.isdigit, value)) else value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > MOST:
        return MOST if isinstance(value, int) else MOST + 0.5
    return value
