"""Verdicts on rules, and violations."""

import bisect
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dxcontract.spec.model import Level
from dxcontract.wire.exchange import Shown

Verdict = Literal["conforms", "violates", "unsupported", "indeterminate", "untested"]

VERDICTS: Final[tuple[Verdict, ...]] = ("violates", "indeterminate", "conforms", "unsupported", "untested")
"""From the one that outweighs all others to the one that any other outweighs."""

MACHINES: Final = "test_machines.py"
"""The file of the suite whose tests are rule machines. Ids of tests begin with a path, which hangs on where it lies."""

MOST_DISTINCT: Final = 20
"""So many distinct violations of one rule on one operation are kept, the first by fingerprint; others are counted."""

MOST_COUNTED: Final = 1000
MORE: Final = "(more)"
"""Where the violations are that are only counted: they have one identity together."""

_TUPLES: Final = ("exchanges", "steps", "judged")
_WEIGHT: Final = {verdict: weight for weight, verdict in enumerate(VERDICTS)}


def fingerprint(rule: str, operation: str, where: str = "", symptom: str = "") -> str:
    """The identity of a violation: rule, operation, and, if they apply, place (a JSON pointer or a pair of states)
    and symptom. Stable across runs, seeds and ids.
    """
    parts = [rule, operation, where.replace(":", "%3A"), symptom]
    return ":".join(parts).rstrip(":")


def weight(message: str, sent: Sequence[str]) -> tuple[int, int, str]:
    """How much there is to read of a violation: exchanges, then what is sent in them, then the text."""
    return len(sent), sum(map(len, sent)), message


def is_machine(test: str) -> bool:
    """Whether a test is a rule machine, by its id."""
    return test.partition("::")[0].rpartition("/")[2] == MACHINES


@dataclass(frozen=True)
class Violation:
    """One violation of one rule by the target, with the exchanges that show it.

    `where` and `symptom` are parts of its identity (`identity`). `steps` tell in plain words what a rule machine did,
    as far as it did anything; else there are none. `judged` are the places (from 1) of the exchanges that were found
    wanting, the last one foremost, and `claim` is what tells whether others would be (`reproduce.judge.judge`).
    """

    fingerprint: str
    rule: str
    operation: str
    where: str
    level: Level
    message: str
    test: str
    exchanges: Sequence[Mapping[str, Any]]
    steps: tuple[str, ...] = ()
    judged: tuple[int, ...] = ()
    claim: Mapping[str, Any] = field(default_factory=dict)
    symptom: str = ""

    @property
    def by_machine(self) -> bool:
        """Whether only a rule machine found the violation (`Tally.violate`)."""
        return is_machine(self.test)

    @property
    def weight(self) -> tuple[int, int, str]:
        """Smaller is better evidence."""
        told = self.exchanges
        asked = told.asked() if isinstance(told, Shown) else [str(one["request"]["body"]) for one in told]
        return weight(self.message, asked)

    def to_json(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in _TUPLES}
        return {**vars(self), **lists}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Violation":
        return cls(**{**data, **{name: tuple(data[name]) for name in _TUPLES}})


def heaviest(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe verdict; `untested` if there is none."""
    return min(verdicts, key=_WEIGHT.__getitem__, default="untested")


@dataclass
class Refusals:
    """What rules about refusals rest on, in one test or in a whole run: (rule, operation) that conform since a request
    was refused, or otherwise; operations of which a valid request was refused, and of which one was accepted.
    """

    kept: set[tuple[str, str]] = field(default_factory=set)
    otherwise: set[tuple[str, str]] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)

    def add(self, other: "Refusals") -> None:
        self.kept |= other.kept
        self.otherwise |= other.otherwise
        self.denied |= other.denied
        self.accepted |= other.accepted

    @property
    def unfounded(self) -> set[tuple[str, str]]:
        """Rules and operations that conform only because the target refuses every request for that operation."""
        never = self.denied - self.accepted
        return {one for one in self.kept - self.otherwise if one[1] in never}

    def to_json(self) -> dict[str, Any]:
        pairs = {name: sorted(map(list, getattr(self, name))) for name in ("kept", "otherwise")}
        return {**pairs, "denied": sorted(self.denied), "accepted": sorted(self.accepted)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Refusals":
        kept, otherwise = ({(rule, operation) for rule, operation in data[one]} for one in ("kept", "otherwise"))
        return cls(kept, otherwise, set(data["denied"]), set(data["accepted"]))


@dataclass
class Tally:
    """Verdicts by rule and operation, and the distinct violations, of one test or of a whole run."""

    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)
    violations: dict[str, Violation] = field(default_factory=dict)
    more: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _kept: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def note(self, rule: str, operation: str, verdict: Verdict) -> None:
        """Record a verdict; of two on one rule and operation, the more severe one stays."""
        known = self.verdicts.get((rule, operation))
        if known is None or _WEIGHT[verdict] < _WEIGHT[known]:
            self.verdicts[rule, operation] = verdict

    def makes_room(self, rule: str, operation: str, identity: str) -> bool:
        """Record that a rule was violated; returns whether the violation is kept.

        Which are kept is independent of the order in which they are found.
        """
        self.note(rule, operation, "violates")
        kept = self._kept.setdefault((rule, operation), [])
        if identity in self.violations or len(kept) < MOST_DISTINCT or identity < kept[-1]:
            return True
        self._count(rule, operation, identity)
        return False

    def _count(self, rule: str, operation: str, identity: str) -> None:
        counted = self.more.setdefault((rule, operation), set())
        if len(counted) < MOST_COUNTED:
            counted.add(hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=8).hexdigest())

    def violate(self, violation: Violation) -> None:
        """Keep a violation, or only count it if many are kept. Of two with one fingerprint, keep the one that is not
        from a machine, else the one with less evidence.
        """
        rule, operation, identity = violation.rule, violation.operation, violation.fingerprint
        if violation.where == MORE:  # of a report that is read
            self.note(rule, operation, "violates")
            self.violations.setdefault(identity, violation)
            return
        if not self.makes_room(rule, operation, identity):
            return
        known = self.violations.get(identity)
        if known is None:
            kept = self._kept[rule, operation]
            bisect.insort(kept, identity)
            if len(kept) > MOST_DISTINCT:
                last = kept.pop()
                del self.violations[last]
                self._count(rule, operation, last)
        if known is None or (violation.by_machine, violation.weight) < (known.by_machine, known.weight):
            self.violations[identity] = violation

    def add(self, other: "Tally") -> None:
        for (rule, operation), verdict in other.verdicts.items():
            self.note(rule, operation, verdict)
        for violation in other.violations.values():
            self.violate(violation)
        for place, counted in other.more.items():
            known = self.more.setdefault(place, set())
            known.update(sorted(counted)[: MOST_COUNTED - len(known)])

    def by_rule(self) -> dict[str, dict[str, Verdict]]:
        """The verdicts by operation for each rule that has any."""
        found: dict[str, dict[str, Verdict]] = {}
        for (rule, operation), verdict in self.verdicts.items():
            found.setdefault(rule, {})[operation] = verdict
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "verdicts": [[rule, operation, verdict] for (rule, operation), verdict in self.verdicts.items()],
            "violations": [violation.to_json() for violation in self.violations.values()],
            "more": [[rule, operation, sorted(counted)] for (rule, operation), counted in self.more.items()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Tally":
        tally = cls({(rule, operation): verdict for rule, operation, verdict in data["verdicts"]})
        for violation in data["violations"]:
            tally.violate(Violation.from_json(violation))
        tally.more = {(rule, operation): set(counted) for rule, operation, counted in data["more"]}
        return tally
