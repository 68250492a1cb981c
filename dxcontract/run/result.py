"""The result of a run: the combined tallies of all tests, the two figures, the exit status."""

import datetime
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from dxcontract.oracle.exploration_stats import Exploration
from dxcontract.oracle.verdict import (
    MORE,
    MOST_COUNTED,
    MOST_DISTINCT,
    Refusals,
    Tally,
    Verdict,
    Violation,
    fingerprint,
    heaviest,
)
from dxcontract.run.known_gaps import Gap, Gaps
from dxcontract.spec.model import Spec

OK, VIOLATED, UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Shard:
    """The number of this part and the number of parts (from 1), as pytest-split divides the tests."""

    group: int
    of: int

    def to_json(self) -> dict[str, int]:
        return {"group": self.group, "of": self.of}


_OF_EVERY_ANSWER: Final = ("wire.", "lifecycles.")
"""Rules that every answer is judged by, in whatever test: only a whole run puts them in full."""


@dataclass
class Outcome:
    """The result of one run on one target.

    `claimants` is how many tests claim a rule, where that is known; `undecided` are rules of tests that could not be
    brought to an end. `unchecked` says of a rule which tests claim it and ended without checking it.
    """

    spec: Spec
    target: str
    endpoint: str = ""
    region: str = ""
    other_region: str = ""
    protocol: str = "json"
    accounts: tuple[str, ...] = ()
    account_ids: dict[str, str | None] = field(default_factory=dict)
    strict: bool = False
    known: Gaps = field(default_factory=Gaps)
    allow_fixed: bool = False
    min_assessed: int = 0
    whole: bool = False
    tally: Tally = field(default_factory=Tally)
    unsupported: dict[str, str] = field(default_factory=dict)
    claims: dict[str, set[str]] = field(default_factory=dict)
    claimants: dict[str, int] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    calls: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, set[str]] = field(default_factory=dict)
    unchecked: dict[str, set[str]] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)
    harness_errors: list[str] = field(default_factory=list)
    death: str = ""
    halted: str = ""
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    reached: set[tuple[str, str, str]] = field(default_factory=set)
    exploration: Exploration = field(default_factory=Exploration)
    started: float = field(default_factory=time.time)
    ended: float | None = None
    shard: Shard | None = None
    decided: bool = False
    """Whether a test decided a rule that it claims, in one way or the other."""
    interrupted: bool = False

    def interrupt(self) -> None:
        """Mark the run as interrupted: it is not whole, and no gate passes."""
        self.interrupted, self.whole = True, False
        note = "the run was interrupted: what it did not get to is untested"
        if note not in self.notes:
            self.notes.append(note)

    def supported(self, operation: str) -> bool:
        return operation not in self.unsupported

    @property
    def implemented(self) -> int:
        return sum(self.supported(name) for name in self.spec.operations)

    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each rule: the most severe one of its operations."""
        decided = self.tally.by_rule()
        return {rule: heaviest(decided.get(rule, {}).values()) for rule in self.spec.rules}

    def discount(self) -> None:
        """At the end of a run, discount rules that conform only because an operation refuses every request."""
        for rule, operation in self.refusals.unfounded:
            if self.tally.verdicts.get((rule, operation)) == "conforms":
                self.tally.verdicts[rule, operation] = "indeterminate"
                why = f"every {operation} was refused, valid ones too, so a refusal says nothing about this rule"
                self.reasons.setdefault(rule, set()).add(why)

    def reasons_of(self, rule: str, verdict: Verdict) -> list[str]:
        """The reasons for the verdict on a rule; for an untested rule, the tests that did not reach the check."""
        return sorted(
            self.reasons.get(rule, set()) | (self.unchecked.get(rule, set()) if verdict == "untested" else set())
        )

    def rules_with(self, *verdicts: Verdict) -> list[str]:
        return [rule for rule, verdict in self.verdicts().items() if verdict in verdicts]

    @property
    def violated(self) -> int:
        return len(self.rules_with("violates"))

    @property
    def assessed(self) -> int:
        return len(self.rules_with("violates", "conforms"))

    @property
    def violations(self) -> list[Violation]:
        """All distinct violations, by operation, then rule."""
        found = [*self.tally.violations.values(), *self._more()]
        return sorted(found, key=lambda one: (one.operation, one.rule, one.where))

    def _more(self) -> Iterator[Violation]:
        """A violation for each rule and operation with more than are told one by one."""
        for (rule, operation), counted in self.tally.more.items():
            identity = fingerprint(rule, operation, MORE)
            many = f"{len(counted)}{' or more' if len(counted) >= MOST_COUNTED else ' more'}"
            if counted and identity not in self.tally.violations:
                message = f"and {many}, of which only the first {MOST_DISTINCT} are told one by one"
                yield Violation(identity, rule, operation, MORE, self.spec.rule(rule).level, message, "", ())

    def counts(self, violation: Violation) -> bool:
        """Whether a violation fails the run: of level must (should, with --strict), and not a known gap."""
        failing = violation.level == "must" or (self.strict and violation.level == "should")
        return failing and not self.is_known(violation)

    def is_known(self, violation: Violation) -> bool:
        """Whether a violation is listed as a known gap that has not expired."""
        gap = self.known.of(violation)
        return gap is not None and not gap.expired(datetime.date.today())

    @property
    def failing(self) -> list[Violation]:
        return [violation for violation in self.violations if self.counts(violation)]

    @property
    def fixed(self) -> list[Gap]:
        """Listed violations that no longer occur, as far as this run tested them."""
        found = {one.fingerprint for one in self.violations}
        return [
            gap
            for name, gap in self.known.gaps.items()
            if name not in found
            and not gap.sometimes
            and not self.tally.more.get((gap.rule, gap.operation))
            and self.has_assessed(gap)
        ]

    def has_assessed(self, gap: Gap) -> bool:
        """Whether this run would have found a listed violation: it is whole, or it ran all tests that claim the
        rule.

        A shard cannot tell: the rest is in the others (`report.merge` tells).
        """
        verdict = self.tally.verdicts.get((gap.rule, gap.operation), "untested")
        if self.shard is not None or verdict == "indeterminate":
            return False
        return self.whole if gap.rule.startswith(_OF_EVERY_ANSWER) else self._is_put_in_full(gap.rule)

    def _is_put_in_full(self, rule: str) -> bool:
        if rule in self.unchecked and not any(one == rule for one, _ in self.tally.verdicts):
            return False
        every = self.claimants.get(rule) == len(self.claims.get(rule, ()))
        return rule not in self.undecided and (self.whole or every)

    @property
    def expired(self) -> list[Gap]:
        """Listed violations that still occur after their expiry date."""
        today = datetime.date.today()
        found = {gap.fingerprint: gap for one in self.violations if (gap := self.known.of(one)) is not None}
        return [gap for gap in found.values() if gap.expired(today)]

    @property
    def lost(self) -> list[str]:
        """Operations that the known-gaps file lists as implemented and that are missing now."""
        return sorted(self.known.implemented & set(self.unsupported))

    @property
    def exit_status(self) -> int:
        if self.harness_errors or self.death or self.halted or self.interrupted:
            return UNUSABLE
        if self.failing or self.lost or (self.fixed and not self.allow_fixed):
            return VIOLATED
        return UNUSABLE if self.too_little else OK

    @property
    def too_little(self) -> str:
        """The reason why a run without a violation is not a success: nothing or too little was decided."""
        if self.claims and not self.decided:
            return "nothing was decided: all tests were unsupported or indeterminate, so this run says nothing"
        if self.shard is None and self.assessed < self.min_assessed:
            return f"{self.assessed} rules were assessed, and --min-assessed asks for {self.min_assessed}"
        return ""

    def add_test(self, test: str, claims: Iterable[str], tally: Tally, calls: Mapping[str, int]) -> None:
        self.tally.add(tally)
        claimed = set(claims)
        self.decided |= bool(tally.violations) or any(
            rule in claimed and verdict in ("conforms", "violates") for (rule, _), verdict in tally.verdicts.items()
        )
        for rule in claimed:
            self.claims.setdefault(rule, set()).add(test)
        for operation, count in calls.items():
            self.calls[operation] = self.calls.get(operation, 0) + count
