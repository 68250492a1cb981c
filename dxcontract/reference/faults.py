"""Faults of shape and wire: answers that no documented rule forbids by name, but that no contract may let pass.

`--fault ID` switches one on, as it switches off the rule of that id. Each changes exactly one thing in answers that are
right otherwise.
"""

import ast
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeVar

from dxcontract import spec
from dxcontract.reference.rules import Rules
from dxcontract.reference.world import Call
from dxcontract.spec import Json

W = TypeVar("W")

PREFIX: Final = "fault."
SHAPE_FAULTS: Final[dict[str, str]] = {}


@functools.cache
def catalogue() -> dict[str, str]:
    """Every fault that can be asked for, and what it breaks: the rules that this package enforces, then the shapes."""
    literals: set[str] = set()
    for path in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
    rules = spec.load().rules
    return {one: rules[one].statement for one in sorted(literals & rules.keys())} | SHAPE_FAULTS


def check(faults: Iterable[str]) -> None:
    """Make sure that every fault asked for can be had.

    Raises:
        ValueError: one cannot; the message names near ones.
    """
    import difflib

    known = catalogue()
    for fault in faults:
        if fault not in known:
            near = " or ".join(difflib.get_close_matches(fault, known, n=3))
            raise ValueError(f"no fault is called {fault!r}; {f'did you mean {near}?' if near else 'see --fault list'}")


class Saboteur:
    """Applies the faults that were asked for; does nothing when there are none."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._active = sorted(fault for fault in rules.faults if fault.startswith(PREFIX))

    def request(self, call: Call, document: Json) -> Json:
        """What the operation gets to see instead of the request."""
        return document

    def answer(self, call: Call, document: Json, answer: Json) -> Json:
        """What is answered instead of the right answer."""
        return answer

    def wire(self, answer: W) -> W:
        """What is sent instead of the right bytes."""
        return answer
