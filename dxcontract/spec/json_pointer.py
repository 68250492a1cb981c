"""JSON pointers with `*` for any item of an array."""

from typing import Any


def at(value: Any, pointer: str) -> list[Any]:
    """All values at `pointer` in `value`; empty if there are none."""
    found = [value]
    for step in pointer.split("/")[1:]:
        deeper: list[Any] = []
        for one in found:
            if step == "*" and isinstance(one, list):
                deeper.extend(one)
            elif isinstance(one, dict) and step in one:
                deeper.append(one[step])
        found = deeper
    return found
