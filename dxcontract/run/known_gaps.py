"""Known gaps: violations that somebody has looked at and written down, by identity.

A file lists them as `[[gap]]` entries, may keep a note for each family of rules under `[notes]`, and names under
`implemented` the operations that the target had when it was written. `format` is the form of its fingerprints.

A violation that only rule machines found is listed as `rule:operation:*`, which stands for all that machines find of
that rule on that operation: on a target that goes by the clock (moto makes ids of the second) equal steps do not always
lead to the same place.
"""

import datetime
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from dxcontract.oracle.verdict import Violation, fingerprint
from dxcontract.run.atomic_file import write_whole
from dxcontract.spec.model import Spec

FORMAT: Final = 2
"""Of fingerprints, since symptoms are part of them; before, a file named no format."""
ANYWHERE: Final = "*"
"""The place of a gap that stands for all that machines find of its rule on its operation."""
_TEXTS: Final = ("fingerprint", "rule", "operation", "reason", "link")
_MEMBERS: Final = (*_TEXTS, "expires", "sometimes")
_TABLES: Final = ("format", "implemented", "notes", "gap")


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
    """What a file says: the gaps by fingerprint, notes by family of rules, operations that were implemented.

    `earlier`: its fingerprints have an earlier form, which no violation has any more.
    """

    gaps: Mapping[str, Gap] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    implemented: frozenset[str] = frozenset()
    earlier: bool = False

    def of(self, violation: Violation) -> Gap | None:
        """The entry that lists a violation: its own or, if only machines found it, that of its rule and operation."""
        own = self.gaps.get(violation.fingerprint)
        if own is None and violation.by_machine:
            own = self.gaps.get(fingerprint(violation.rule, violation.operation, ANYWHERE))
        return own


def read(path: Path, spec: Spec, *, rewriting: bool = False) -> Gaps:
    """The gaps of a TOML file; one of an earlier format only for `rewriting` it.

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
    form = document.get("format", 1)
    if form not in (1, FORMAT):
        raise GapsError(f"{where}: `format` is {form!r}; this dxcontract knows {FORMAT}")
    earlier = form != FORMAT and bool(document.get("gap"))
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
    if earlier and not rewriting:
        raise GapsError(
            f"{where}: its fingerprints have the form of an earlier version (no `format = {FORMAT}`); a whole run with "
            f"--write-known-gaps={path} and without --known-gaps rewrites it and keeps reasons, links, dates and notes"
        )
    return Gaps(found, notes, frozenset(implemented), earlier)


def only_whole(path: Path) -> str:
    """What is said of a file of the earlier format to a run that does not cover all that it lists."""
    return f"known gaps {path}: its fingerprints have the form of an earlier version, which only a whole run rewrites"


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
        raise GapsError(
            f"{where}: `fingerprint` must read rule:operation, rule:operation:place or rule:operation:place:symptom"
        )
    if rule not in spec.rules:
        raise GapsError(f"{where}: there is no rule {rule!r}; was it renamed? write the file anew")
    if entry.get("rule", rule) != rule or entry.get("operation", operation) != operation:
        raise GapsError(f"{where}: `rule` and `operation` contradict the fingerprint {fingerprint}")
    texts = (entry.get("reason", ""), entry.get("link", ""))
    sometimes = entry.get("sometimes", False) or _place(fingerprint) == ANYWHERE
    return Gap(fingerprint, rule, operation, *texts, expires, sometimes)


def listed(violation: Violation) -> Gap:
    """The entry under which a violation is written."""
    where = fingerprint(violation.rule, violation.operation, ANYWHERE) if violation.by_machine else ""
    return Gap(where or violation.fingerprint, violation.rule, violation.operation, sometimes=bool(where))


def write(
    path: Path,
    violations: Iterable[Violation],
    known: Gaps,
    target: str,
    implemented: Iterable[str],
    assessed: Callable[[Gap], bool],
) -> int:
    """Write all `violations` as gaps, sorted, keeping what `known` says of them; answers how many.

    An entry that was not seen stays listed, too, if it occurs only sometimes or if this run has not `assessed` it.
    """
    found = {gap.fingerprint: gap for gap in map(listed, violations)}
    if known.earlier:
        known = replace(known, gaps=_renamed(known.gaps.values(), found))
    kept = {name: gap for name, gap in known.gaps.items() if name in found or gap.sometimes or not assessed(gap)}
    entries = sorted({**found, **kept}.items())
    lines = [
        f"# Known gaps of {target}. Written by `pytest --write-known-gaps`, which keeps reasons, links and notes.",
        "",
        f"format = {FORMAT}",
    ]
    lines += ["implemented = [", *(f"  {_quoted(name)}," for name in sorted(implemented)), "]", ""]
    if known.notes:
        lines += [
            "[notes]",
            *(f"{_quoted(family)} = {_quoted(note)}" for family, note in sorted(known.notes.items())),
            "",
        ]
    for name, gap in entries:
        lines += [
            "[[gap]]",
            f"fingerprint = {_quoted(name)}",
            f"rule = {_quoted(gap.rule)}",
            f"operation = {_quoted(gap.operation)}",
            f"reason = {_quoted(gap.reason)}",
            *([f"link = {_quoted(gap.link)}"] if gap.link else []),
            *([f"expires = {gap.expires.isoformat()}"] if gap.expires else []),
            *(["sometimes = true"] if gap.sometimes and _place(name) != ANYWHERE else []),
            "",
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "\n".join(lines))
    return len(entries)


def _renamed(earlier: Iterable[Gap], found: Mapping[str, Gap]) -> Mapping[str, Gap]:
    """What a file of the earlier format says, under the names that its violations have now; without what is gone.

    A place may have become longer or shorter (`identity.place`), and one violation several, by symptom.
    """
    renamed: dict[str, Gap] = {}
    entries = sorted(earlier, key=lambda one: len(one.fingerprint), reverse=True)
    for name, gap in found.items():
        alike = [one for one in entries if (one.rule, one.operation) == (gap.rule, gap.operation)]
        place = _place(name)
        same = [one for one in alike if _place(one.fingerprint) == place]
        near = [
            one for one in alike if place.endswith(_place(one.fingerprint)) or _place(one.fingerprint).startswith(place)
        ]
        for one in (same or near or alike)[:1]:
            renamed[name] = replace(one, fingerprint=name, sometimes=gap.sometimes)
    for gap in entries:
        if gap.sometimes:
            name = fingerprint(gap.rule, gap.operation, ANYWHERE)
            renamed.setdefault(name, replace(gap, fingerprint=name))
    return renamed


def _place(name: str) -> str:
    return name.split(":")[2] if name.count(":") >= 2 else ""


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for the slash and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
