"""Lists the faults: every rule that this package names, and the faults of shape."""

import ast
import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dxcontract.reference.faults import shapes
from dxcontract.spec import model

_ID: Final = re.compile(r"[a-z_]+\.[a-z0-9-]+")


@functools.cache
def catalogue() -> dict[str, str]:
    """Every fault that can be asked for, and what it breaks.

    Rules are found where they are enforced: as texts in the sources of this package that are ids in `specs/rules/`, so
    that this list cannot say anything else than the code does.
    """
    named: set[str] = set()
    for path in Path(__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.fullmatch(node.value):
                named.add(node.value)
    rules = model.load().rules
    return {one: rules[one].statement for one in sorted(named & rules.keys())} | shapes.MEANING


def check(faults: Iterable[str]) -> None:
    """Make sure that every fault asked for can be had.

    Raises:
        ValueError: one cannot; the message names near ones.
    """
    import difflib

    for fault in faults:
        if fault not in catalogue():
            near = " or ".join(difflib.get_close_matches(fault, catalogue(), n=3))
            raise ValueError(f"no fault is called {fault!r}; {f'did you mean {near}?' if near else 'see --fault list'}")
