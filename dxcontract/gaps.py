"""Known gaps: violations that somebody has looked at and written down, by identity."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dxcontract.spec import Spec
from dxcontract.verdict import Violation

_MEMBERS = ("fingerprint", "rule", "operation", "reason", "link")


class GapsError(Exception):
    """A known-gaps file that cannot be used; the message names file, entry and remedy."""


@dataclass(frozen=True)
class Gap:
    """One listed violation."""

    fingerprint: str
    rule: str
    operation: str
    reason: str = ""
    link: str = ""


def read(path: Path, spec: Spec) -> dict[str, Gap]:
    """The gaps of a TOML file, by fingerprint.

    Raises:
        GapsError: it cannot be read, is no TOML, has an unknown member, names an unknown rule or lists one twice.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GapsError(f"known gaps {path}: {error}") from error
    if unknown := set(document) - {"gap"}:
        raise GapsError(f"known gaps {path}: unknown table {sorted(unknown)[0]!r}; entries are [[gap]]")
    found: dict[str, Gap] = {}
    for number, entry in enumerate(document.get("gap", []), 1):
        gap = _gap(entry, f"known gaps {path}, entry {number}", spec)
        if gap.fingerprint in found:
            raise GapsError(f"known gaps {path}, entry {number}: {gap.fingerprint} is listed twice; remove one")
        found[gap.fingerprint] = gap
    return found


def _gap(entry: Mapping[str, Any], where: str, spec: Spec) -> Gap:
    if unknown := sorted(set(entry) - set(_MEMBERS)):
        raise GapsError(f"{where}: unknown member {unknown[0]!r}; it has {', '.join(_MEMBERS)}")
    for member in _MEMBERS:
        if not isinstance(entry.get(member, ""), str):
            raise GapsError(f"{where}: `{member}` must be a string")
    fingerprint = entry.get("fingerprint", "")
    rule, _, rest = fingerprint.partition(":")
    operation = rest.partition(":")[0]
    if not rule or not operation:
        raise GapsError(f"{where}: `fingerprint` must read rule:operation or rule:operation:where")
    if rule not in spec.rules:
        raise GapsError(f"{where}: there is no rule {rule!r}; was it renamed? write the file anew")
    if entry.get("rule", rule) != rule or entry.get("operation", operation) != operation:
        raise GapsError(f"{where}: `rule` and `operation` contradict the fingerprint {fingerprint}")
    return Gap(fingerprint, rule, operation, entry.get("reason", ""), entry.get("link", ""))


def write(path: Path, violations: Iterable[Violation], known: Mapping[str, Gap], target: str) -> int:
    """Write all `violations` as gaps, sorted, keeping what `known` says of them; answers how many."""
    entries = sorted({violation.fingerprint: violation for violation in violations}.items())
    lines = [f"# Known gaps of {target}. Written by `pytest --write-known-gaps`; reasons and links are kept.", ""]
    for fingerprint, violation in entries:
        old = known.get(fingerprint)
        lines += [
            "[[gap]]",
            f"fingerprint = {_quoted(fingerprint)}",
            f"rule = {_quoted(violation.rule)}",
            f"operation = {_quoted(violation.operation)}",
            f"reason = {_quoted(old.reason if old and old.reason else violation.message)}",
            *([f"link = {_quoted(old.link)}"] if old and old.link else []),
            "",
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return len(entries)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
