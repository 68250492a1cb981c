"""Writes summary.md, for the summary of a CI job, and badge.json, for a badge."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

from dxcontract.wire.exchange import heading
from dxcontract.wire.safe_text import one_line

Document = Mapping[str, Any]

MOST: Final = 200
LONGEST: Final = 300
"""Characters of one text of a target's."""


def summary(document: Document) -> str:
    """The result in Markdown: the figures, then the new violations by operation; known ones are collapsed."""
    coverage, divergence = document["coverage"], document["divergence"]
    new = [one for one in document["violations"] if not one["known"]]
    known = [one for one in document["violations"] if one["known"]]
    lines = [
        f"## Direct Connect contract: {code(document['target'])}",
        "",
        "| coverage | divergence | new violations | known gaps |",
        "|---|---|---|---|",
        f"| {coverage['implemented']}/{coverage['all']} operations | "
        f"{divergence['violated']}/{divergence['assessed']} rules | {len(new)} | {len(known)} |",
        "",
        ", ".join(f"{count} {verdict}" for verdict, count in document["verdicts"].items()),
        "",
    ]
    lines += [f"- the suite itself failed in {code(error)}" for error in document["harness_errors"]]
    rules = document["rules"]
    lines += _listed(new, rules)
    if known:
        lines += [f"<details><summary>{len(known)} known gaps</summary>", "", *_listed(known, rules), "</details>", ""]
    return "\n".join(lines)


def _listed(violations: list[Mapping[str, Any]], rules: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for operation, group in itertools.groupby(violations[:MOST], key=lambda one: str(one["operation"])):
        lines += [
            f"### {heading(operation)}",
            "",
            "| level | rule | where | what | founded on |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {one['level']} | `{one['rule']}` | {code(one['where'])} | {code(one['message'])} | "
            f"{_plain(_founded(rules[one['rule']]))} |"
            for one in group
        ]
        lines.append("")
    if len(violations) > MOST:
        lines += [f"… and {len(violations) - MOST} more: see report.json.", ""]
    return lines


def _founded(rule: Mapping[str, Any]) -> str:
    founded = rule.get("foundation")
    return str(founded["words"]) if founded else str(rule["evidence"])


def _plain(text: str) -> str:
    """Text of ours in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    """Text of a target as a code span, in which nothing is markup, an image, a link or a mention; empty for no
    text.

    It may stand in a table: its bars are escaped.
    """
    plain = " ".join(one_line(text, None).split())[:LONGEST].replace("`", "'").replace("|", "\\|").strip()
    return f"`{plain}`" if plain else ""


def badge(document: Document) -> dict[str, Any]:
    """The result as an endpoint badge of shields.io, schema version 1."""
    coverage, divergence = document["coverage"], document["divergence"]
    message = f"{coverage['implemented']}/{coverage['all']} operations, {divergence['violated']} rules violated"
    good = divergence["violated"] == 0 and not document["harness_errors"]
    whole = coverage["implemented"] == coverage["all"]
    colour = "brightgreen" if good and whole else "green" if good else "orange"
    return {"schemaVersion": 1, "label": "Direct Connect", "message": message, "color": colour}
