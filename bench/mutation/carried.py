"""Mutants that were drawn once, in sources that have changed since: each is looked up by its text.

A sample stays the same sample while the emulator goes on, so that what a survivor shows is missing can be added and
the survivor attacked again. Its id keeps the line and column at which it was drawn.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.mutation.mutants import SOURCES, Mutant, made, places_of

DRAWN: Final = Path(__file__).with_name("drawn.json")


def carried(sources: Path = SOURCES) -> tuple[list[Mutant], list[str]]:
    """The mutants of the sample in today's sources, and the ids of those whose text is not there any more."""
    found: list[Mutant] = []
    gone: list[str] = []
    for row in json.loads(DRAWN.read_text(encoding="utf-8"))["mutants"]:
        one = _found(row, sources)
        if one is None:
            gone.append(row["id"])
        else:
            found.append(replace(one, id=row["id"]))
    return found, gone


def _found(row: dict[str, Any], sources: Path) -> Mutant | None:
    """The same change of the same text in the same function; of several, one with the same line below it, or else the
    nearest to where it was."""
    file, line, column, operator = row["id"].split(":")
    path = sources / file
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    before, after, function = (row.get(name, "") for name in ("before", "after", "function"))
    places = [one for one in places_of(path) if one.operator.endswith(f"/{operator}")]
    below = row.get("below", "")
    places.sort(
        key=lambda one: (
            "".join(lines[one.start[0] : one.start[0] + 1]).strip() != below,
            abs(one.start[0] - int(line)),
            abs(one.start[1] - int(column)),
        )
    )
    for place in places:
        if not before or lines[place.start[0] - 1].strip() in before:
            mutant = made(path, place)
            if mutant is not None and (mutant.before, mutant.after, mutant.function) == (before, after, function):
                return mutant
    return None
