"""Known gaps: violations that somebody has looked at and written down, by identity.

A file lists them as `[[gap]]` entries, may keep a note for each family of rules under `[notes]`, and names under
`implemented` the operations that the target had when it was written.
"""

import datetime
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dxcontract.spec import Spec
from dxcontract.verdict import Violation

MACHINES: Final = "tests/contract/test_machines.py"
_TEXTS: Final = ("fingerprint", "rule", "operation", "reason", "link")
_MEMBERS: Final = (*_TEXTS, "expires", "sometimes")
_TABLES: Final = ("implemented", "notes", "gap")


class GapsError(Exception):
    """A known-gaps file that cannot be used; the message names file, entry and remedy."""


@dataclass(frozen=True)
class Gap:
    """One listed violation; after `expires` it counts again.

    `sometimes`: the target does it now and then, say by the clock or under load, so that its absence proves nothing.
    """

    fingerprint: str
    rule: str
    operation: str
    reason: str = ""
    link: str = ""
    expires: datetime.date | None = None
    sometimes: bool = False

    def expired(self, today: datetime.date) -> bool:
        return self.expires is not None and self.expires < today


@dataclass(frozen=True)
class Gaps:
    """What a file says: the gaps by fingerprint, notes by family of rules, operations that were implemented."""

    gaps: Mapping[str, Gap] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    implemented: frozenset[str] = frozenset()


def read(path: Path, spec: Spec) -> Gaps:
    """The gaps of a TOML file.

    Raises:
        GapsError: it cannot be read, is no TOML, has an unknown member, names an unknown rule or lists one twice.
    """
    where = f"known gaps {path}"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise GapsError(f"{where}: there is no such file; --write-known-gaps={path} writes it") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GapsError(f"{where}: {error}") from error
    if unknown := sorted(set(document) - set(_TABLES)):
        raise GapsError(f"{where}: unknown key {unknown[0]!r}; it has {', '.join(_TABLES)}")
    found: dict[str, Gap] = {}
    for number, entry in enumerate(_list(document, "gap", dict, where), 1):
        gap = _gap(entry, f"{where}, entry {number}", spec)
        if gap.fingerprint in found:
            raise GapsError(f"{where}, entry {number}: {gap.fingerprint} is listed twice; remove one")
        found[gap.fingerprint] = gap
    notes = document.get("notes", {})
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise GapsError(f"{where}: [notes] must give a text for each family of rules")
    implemented = _list(document, "implemented", str, where)
    if strangers := sorted(set(implemented) - set(spec.operations)):
        raise GapsError(f"{where}: `implemented` names {strangers[0]!r}, which is no operation of Direct Connect")
    return Gaps(found, notes, frozenset(implemented))


def _list(document: Mapping[str, Any], key: str, kind: type, where: str) -> list[Any]:
    found = document.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, kind) for one in found):
        raise GapsError(f"{where}: `{key}` must be {'[[gap]] entries' if key == 'gap' else 'a list of names'}")
    return found


def _gap(entry: Mapping[str, Any], where: str, spec: Spec) -> Gap:
    if unknown := sorted(set(entry) - set(_MEMBERS)):
        raise GapsError(f"{where}: unknown member {unknown[0]!r}; it has {', '.join(_MEMBERS)}")
    for member in _TEXTS:
        if not isinstance(entry.get(member, ""), str):
            raise GapsError(f"{where}: `{member}` must be a string")
    expires = entry.get("expires")
    if expires is not None and (not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime)):
        raise GapsError(f"{where}: `expires` must be a date such as 2027-01-31, without quotes")
    if not isinstance(entry.get("sometimes", False), bool):
        raise GapsError(f"{where}: `sometimes` must be true or false")
    fingerprint = entry.get("fingerprint", "")
    rule, _, rest = fingerprint.partition(":")
    operation = rest.partition(":")[0]
    if not rule or not operation:
        raise GapsError(f"{where}: `fingerprint` must read rule:operation or rule:operation:where")
    if rule not in spec.rules:
        raise GapsError(f"{where}: there is no rule {rule!r}; was it renamed? write the file anew")
    if entry.get("rule", rule) != rule or entry.get("operation", operation) != operation:
        raise GapsError(f"{where}: `rule` and `operation` contradict the fingerprint {fingerprint}")
    texts = (entry.get("reason", ""), entry.get("link", ""))
    return Gap(fingerprint, rule, operation, *texts, expires, entry.get("sometimes", False))


def write(path: Path, violations: Iterable[Violation], known: Gaps, target: str, implemented: Iterable[str]) -> int:
    """Write all `violations` as gaps, sorted, keeping what `known` says of them; answers how many.

    What occurs only sometimes stays listed, whether it was seen this time or not. So does what only a machine has seen:
    on a target that goes by the clock (moto makes ids of the second) the same steps do not always lead to the same.
    """
    found = {
        one.fingerprint: Gap(one.fingerprint, one.rule, one.operation, sometimes=one.test.startswith(MACHINES))
        for one in violations
    }
    kept = {name: gap for name, gap in known.gaps.items() if name in found or gap.sometimes}
    entries = sorted({**found, **kept}.items())
    lines = [
        f"# Known gaps of {target}. Written by `pytest --write-known-gaps`, which keeps reasons, links and notes.",
        "",
    ]
    lines += ["implemented = [", *(f"  {_quoted(name)}," for name in sorted(implemented)), "]", ""]
    if known.notes:
        lines += [
            "[notes]",
            *(f"{_quoted(family)} = {_quoted(note)}" for family, note in sorted(known.notes.items())),
            "",
        ]
    for fingerprint, gap in entries:
        lines += [
            "[[gap]]",
            f"fingerprint = {_quoted(fingerprint)}",
            f"rule = {_quoted(gap.rule)}",
            f"operation = {_quoted(gap.operation)}",
            f"reason = {_quoted(gap.reason)}",
            *([f"link = {_quoted(gap.link)}"] if gap.link else []),
            *([f"expires = {gap.expires.isoformat()}"] if gap.expires else []),
            *(["sometimes = true"] if gap.sometimes else []),
            "",
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return len(entries)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for the slash and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
