"""Limits the size of a report."""

import json
from collections.abc import Mapping
from typing import Any, Final

LARGEST: Final = 5_000_000
"""Characters of all violations together. report.json has more by what it says of rules and by its indentation."""

MOST_EVIDENCE: Final = 512 * 1024
"""Characters of one violation's exchanges and of how to show it again."""

MOST_TEXTS: Final = 200
"""So many reasons of a rule, notes, harness errors and things that are left are told."""

LONGEST: Final = 1000
_TOO_MUCH: Final = "what shows it was left out: the report would have been too large"


def bounded(document: Mapping[str, Any]) -> dict[str, Any]:
    """`document` with limited size. Violations that fail the run keep their evidence longest."""
    violations = list(document["violations"])
    order = sorted(range(len(violations)), key=lambda place: _importance(violations[place]))
    room = LARGEST
    kept: dict[int, Any] = {}
    for place in order:
        one = violations[place]
        size = _size(one)
        if size > min(room, MOST_EVIDENCE):
            one = _bare(one)
            size = _size(one)
        if size <= room:
            room -= size
            kept[place] = one
    notes = _texts(document["notes"])
    if missing := len(violations) - len(kept):
        notes.append(f"{missing} more violations are not in the report, which would have been too large")
    return {
        **document,
        "rules": {name: {**rule, "reasons": _texts(rule["reasons"], 20)} for name, rule in document["rules"].items()},
        "lifecycles": {
            name: {**said, "reached": said["reached"][:MOST_TEXTS]} for name, said in document["lifecycles"].items()
        },
        "violations": [kept[place] for place in sorted(kept)],
        "harness_errors": _texts(document["harness_errors"]),
        "notes": notes,
        "left": _texts(document["left"]),
    }


def _importance(violation: Mapping[str, Any]) -> tuple[bool, int]:
    return violation["known"], ("must", "should", "info").index(violation["level"])


def _size(violation: Mapping[str, Any]) -> int:
    return len(json.dumps(violation, ensure_ascii=False, indent=1))


def _bare(violation: Mapping[str, Any]) -> dict[str, Any]:
    """A violation without what shows it."""
    shown = {"steps": [], "judged": [], "claim": {}, "aws_cli": [], "withheld": _TOO_MUCH}
    return {**violation, "exchanges": [], "steps": [], "reproduction": {**violation.get("reproduction", {}), **shown}}


def _texts(texts: list[str], most: int = MOST_TEXTS) -> list[str]:
    kept = [text if len(text) <= LONGEST else f"{text[:LONGEST]}..." for text in texts[:most]]
    return kept if len(texts) <= most else [*kept, f"and {len(texts) - most} more"]
