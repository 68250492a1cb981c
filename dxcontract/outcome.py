"""The outcome of a run: tallies of all tests put together, the two figures, the exit status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dxcontract.gaps import Gap
from dxcontract.spec import Spec
from dxcontract.verdict import Tally, Verdict, Violation, heaviest

OK, VIOLATED, UNUSABLE = 0, 1, 2


@dataclass
class Outcome:
    """What one run found out about one target."""

    spec: Spec
    target: str
    endpoint: str = ""
    region: str = ""
    accounts: tuple[str, ...] = ()
    strict: bool = False
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    unsupported: dict[str, str] = field(default_factory=dict)
    claims: dict[str, set[str]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, set[str]] = field(default_factory=dict)
    harness_errors: list[str] = field(default_factory=list)

    def supported(self, operation: str) -> bool:
        return operation not in self.unsupported

    @property
    def implemented(self) -> int:
        return sum(self.supported(name) for name in self.spec.operations)

    def verdict(self, rule: str) -> Verdict:
        """The verdict on a whole rule: the heaviest of those by operation."""
        return heaviest(self.tally.of_rule(rule).values())

    def rules_with(self, *verdicts: Verdict) -> list[str]:
        return [rule for rule in self.spec.rules if self.verdict(rule) in verdicts]

    @property
    def violated(self) -> int:
        return len(self.rules_with("violates"))

    @property
    def assessed(self) -> int:
        return len(self.rules_with("violates", "conforms"))

    @property
    def violations(self) -> list[Violation]:
        """All distinct violations, by operation, then rule."""
        found = self.tally.violations.values()
        return sorted(found, key=lambda one: (one.operation, one.rule, one.where))

    def counts(self, violation: Violation) -> bool:
        """Whether a violation fails the run: of level must (should, with --strict), and not a known gap."""
        failing = violation.level == "must" or (self.strict and violation.level == "should")
        return failing and violation.fingerprint not in self.gaps

    @property
    def failing(self) -> list[Violation]:
        return [violation for violation in self.violations if self.counts(violation)]

    @property
    def exit_status(self) -> int:
        if self.harness_errors:
            return UNUSABLE
        return VIOLATED if self.failing else OK

    def add_test(self, test: str, claims: Iterable[str], tally: Tally, calls: Mapping[str, int]) -> None:
        self.tally.add(tally)
        for rule in claims:
            self.claims.setdefault(rule, set()).add(test)
        for operation, count in calls.items():
            self.calls[operation] = self.calls.get(operation, 0) + count
