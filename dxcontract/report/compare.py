"""Compares two reports: new, fixed and remaining violations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dxcontract.report.document import SCHEMA_VERSION
from dxcontract.report.markdown import code


class ReportError(Exception):
    """A report cannot be read; the message names the file and the reason."""


@dataclass(frozen=True)
class Comparison:
    """Violations by fingerprint, and operations, of an old and a new report."""

    fixed: Mapping[str, str]
    new: Mapping[str, str]
    still: Mapping[str, str]
    unseen: Mapping[str, str]
    gained: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def worse(self) -> bool:
        return bool(self.new or self.lost)


def read(path: Path) -> Mapping[str, Any]:
    """Read a report.json, or the one in a folder.

    Raises:
        ReportError: it is not there, is no report, or is of another version.
    """
    place = path / "report.json" if path.is_dir() else path
    try:
        document = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{place}: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA_VERSION:
        raise ReportError(f"{place}: no report of version {SCHEMA_VERSION}")
    return document


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    """The changes from `old` to `new`. If a rule was not decided on an operation, its violations are `unseen`.

    Raises:
        ReportError: their fingerprints have different forms.
    """
    if any("symptom" in one for one in new["violations"]) and any("symptom" not in one for one in old["violations"]):
        raise ReportError(
            "the old report's fingerprints have the form of an earlier dxcontract; write that report anew"
        )
    before = {one["fingerprint"]: one for one in old["violations"]}
    after = {one["fingerprint"]: one for one in new["violations"]}
    gone = {name: one for name, one in before.items() if name not in after}
    decided = {name for name, one in gone.items() if _decided(new, one)}
    had, has = _supported(old), _supported(new)
    return Comparison(
        fixed={name: str(gone[name]["message"]) for name in sorted(decided)},
        new={name: str(after[name]["message"]) for name in sorted(after.keys() - before.keys())},
        still={name: str(after[name]["message"]) for name in sorted(after.keys() & before.keys())},
        unseen={name: str(gone[name]["message"]) for name in sorted(gone.keys() - decided)},
        gained=tuple(sorted(has - had)),
        lost=tuple(sorted(had - has)),
    )


def _decided(report: Mapping[str, Any], violation: Mapping[str, Any]) -> bool:
    rule = report["rules"].get(violation["rule"], {})
    return rule.get("operations", {}).get(violation["operation"]) in ("conforms", "violates")


def _supported(report: Mapping[str, Any]) -> set[str]:
    return {name for name, operation in report["operations"].items() if operation["supported"]}


def markdown(found: Comparison, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The comparison as Markdown."""
    lines = [
        f"## {code(new['target'])} compared with {code(old['target'])}",
        "",
        f"{len(found.new)} new, {len(found.fixed)} fixed, {len(found.still)} still there, "
        f"{len(found.unseen)} not looked for this time",
        "",
        "| | coverage | divergence |",
        "|---|---|---|",
        *(
            f"| {label} | {one['coverage']['implemented']}/{one['coverage']['all']} | "
            f"{one['divergence']['violated']}/{one['divergence']['assessed']} |"
            for label, one in (("old", old), ("new", new))
        ),
        "",
    ]
    for title, names in (("Operations gained", found.gained), ("Operations lost", found.lost)):
        if names:
            lines += [f"{title}: {', '.join(names)}", ""]
    for title, listed in (("New", found.new), ("Fixed", found.fixed), ("Not looked for", found.unseen)):
        if listed:
            lines += [f"### {title}", "", *(f"- {code(name)}: {code(said)}" for name, said in listed.items()), ""]
    return "\n".join(lines)
