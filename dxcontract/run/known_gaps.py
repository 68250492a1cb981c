"""Known gaps: violations that are listed in a file, by identity.

A file has `[[gap]]` entries, optionally a note for each family of rules under `[notes]`, and under `implemented` the
operations that the target had when the file was written. `format` is the format of its fingerprints.

A violation that only rule machines found is listed as `rule:operation:*`. This entry covers all findings of machines
for that rule and operation. On a target that depends on the clock (moto derives ids from the second), equal steps do
not always show the same violation.
"""

import datetime
import re
import tomllib
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from dxcontract.oracle.verdict import Violation, fingerprint
from dxcontract.run.atomic_file import write_whole
from dxcontract.run.toml_entries import Entries
from dxcontract.spec.model import Spec
from dxcontract.wire.safe_text import one_line

FORMAT: Final = 2
"""Of fingerprints, since symptoms are part of them; before, a file named no format."""
ANYWHERE: Final = "*"
"""The place of a gap that stands for all that machines find of its rule on its operation."""
_TEXTS: Final = ("fingerprint", "rule", "operation", "reason", "link")
_MEMBERS: Final = (*_TEXTS, "expires", "sometimes")
_TABLES: Final = ("format", "implemented", "notes", "gap")
_OPENING_COMMENT: Final = re.compile(r"(?:#.*\n)*")


class GapsError(Exception):
    """A known-gaps file cannot be used; the message names file, entry and correction."""


@dataclass(frozen=True)
class Gap:
    """One listed violation; it counts again after `expires`.

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
    """The content of a file: gaps by fingerprint, notes by family of rules, implemented operations.

    `earlier`: its fingerprints have an earlier form, which no violation has any more. `text` is the file itself, whose
    comments and layout stay when it is rewritten.
    """

    gaps: Mapping[str, Gap] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    implemented: frozenset[str] = frozenset()
    earlier: bool = False
    text: str = field(default="", repr=False)

    def of(self, violation: Violation) -> Gap | None:
        """The entry that lists a violation: its own or, if only machines found it, that of its rule and operation."""
        own = self.gaps.get(violation.fingerprint)
        if own is None and violation.by_machine:
            own = self.gaps.get(fingerprint(violation.rule, violation.operation, ANYWHERE))
        return own


def read(path: Path, spec: Spec, *, rewriting: bool = False) -> Gaps:
    """Read the gaps of a TOML file; accepts an earlier format only for `rewriting`.

    Raises:
        GapsError: it cannot be read, is no TOML, has an unknown member, names an unknown rule or lists one twice.
    """
    where = f"known gaps {path}"
    try:
        text = path.read_bytes().decode("utf-8")
        document = tomllib.loads(text)
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
    return Gaps(found, notes, frozenset(implemented), earlier, text)


def only_whole(path: Path) -> str:
    """The message for a run with a file of an earlier format that does not cover the whole contract."""
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
    """The fingerprint under which a violation is listed."""
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
    """Write all `violations` as gaps and keep the notes of `known`; returns their number.

    An entry that was not seen stays listed, too, if it occurs only sometimes or if this run has not `assessed` it. The
    order, comments and layout of the file that `known` was read from stay; a new entry stands before the first one
    whose fingerprint is larger.

    Raises:
        GapsError: the file that `known` was read from cannot be edited.
        OSError: the file cannot be written.
    """
    found = {gap.fingerprint: gap for gap in map(listed, violations)}
    before = {name: name for name in known.gaps}
    if known.earlier:
        renamed = _renamed(known.gaps.values(), found)
        before = {name: gap.fingerprint for name, gap in renamed.items()}
        known = replace(known, gaps={name: _under(name, gap, found) for name, gap in renamed.items()})
    kept = {name: gap for name, gap in known.gaps.items() if name in found or gap.sometimes or not assessed(gap)}
    entries = dict(sorted({**found, **kept}.items()))
    try:
        document = tomlkit.parse(_text(known, target))
        _write_head(document, implemented, known.notes)
        _write_gaps(document, entries, before)
        text = document.as_string()
    except TOMLKitError as error:
        raise GapsError(
            f"known gaps {path}: cannot be edited: {error}; move it away, then it is written anew"
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.replace("\n", "\r\n") if "\r\n" in known.text else text)
    return len(entries)


def _text(known: Gaps, target: str) -> str:
    """The text to edit: that of the file, or the beginning of a new one."""
    text = known.text.replace("\r\n", "\n")
    if not text:
        keeps = "reasons, links, notes and comments"
        text = f"# Known gaps of {one_line(target)}. Written by `pytest --write-known-gaps`, which keeps {keeps}.\n"
    if not text.endswith("\n"):
        text += "\n"
    if "format" not in tomlkit.parse(text):
        opening = _OPENING_COMMENT.match(text)
        end = opening.end() if opening else 0
        rest = text[end:].lstrip("\n")
        text = f"{text[:end]}{chr(10) if end else ''}format = {FORMAT}\n{chr(10) if rest else ''}{rest}"
    return text


def _write_head(document: tomlkit.TOMLDocument, implemented: Iterable[str], notes: Mapping[str, str]) -> None:
    """Set the format and the operations that are implemented, and add notes to a file that has none."""
    document["format"] = FORMAT
    wanted = sorted(implemented)
    if "implemented" not in document:
        document["implemented"] = _lines(wanted)
    names = document["implemented"]
    for name in wanted:
        if name not in names:
            names.insert(bisect(names, name), name)
    for name in [str(one) for one in names if one not in wanted]:
        names.remove(name)
    if notes and "notes" not in document:
        document["notes"] = dict(sorted(notes.items()))


def _lines(names: Iterable[str]) -> tomlkit.items.Array:
    array = tomlkit.array()
    for name in names:
        array.add_line(name, indent="  ")
    array.add_line(indent="")
    return array


def _write_gaps(document: tomlkit.TOMLDocument, wanted: Mapping[str, Gap], before: Mapping[str, str]) -> None:
    """Make the entries those of `wanted`; `before` has the fingerprints that they have in the document."""
    entries = Entries(document, "gap")
    names = [str(table["fingerprint"]) for table in entries.tables]
    places = {name: place for place, name in enumerate(names)}
    kept: dict[int, Gap] = {}
    for name, gap in wanted.items():
        place = places.get(before.get(name, name))
        if place is not None:
            kept.setdefault(place, gap)
    for place in reversed(range(len(names))):
        if place not in kept:
            entries.remove(place)
            del names[place]
        elif names[place] != kept[place].fingerprint:
            table, names[place] = entries.tables[place], kept[place].fingerprint
            table["fingerprint"] = names[place]
            table.pop("sometimes", None)
            table.update({key: value for key, value in _members(kept[place]).items() if key == "sometimes"})
    for name in sorted(set(wanted) - set(names)):
        place = next((place for place, one in enumerate(names) if one > name), len(names))
        names.insert(place, name)
        entries.insert(place, _members(wanted[name]))
    entries.write()


def _members(gap: Gap) -> dict[str, Any]:
    """What an entry has, in the order in which it is written."""
    return {
        "fingerprint": gap.fingerprint,
        "rule": gap.rule,
        "operation": gap.operation,
        "reason": gap.reason,
        **({"link": gap.link} if gap.link else {}),
        **({"expires": gap.expires} if gap.expires else {}),
        **({"sometimes": True} if gap.sometimes and _place(gap.fingerprint) != ANYWHERE else {}),
    }


def _renamed(earlier: Iterable[Gap], found: Mapping[str, Gap]) -> Mapping[str, Gap]:
    """The entries of a file of the earlier format, by the names that their violations have now; without what is gone.

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
            renamed[name] = one
    for gap in entries:
        if gap.sometimes:
            renamed.setdefault(fingerprint(gap.rule, gap.operation, ANYWHERE), gap)
    return renamed


def _under(name: str, gap: Gap, found: Mapping[str, Gap]) -> Gap:
    """An entry of the earlier format under its new name, with what this run says of how often it occurs."""
    return replace(gap, fingerprint=name, sometimes=found[name].sometimes if name in found else gap.sometimes)


def _place(name: str) -> str:
    return name.split(":")[2] if name.count(":") >= 2 else ""
