"""The result of a comparison of two targets, for people and programs (specs/schemas/diff.json)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dxcontract.oracle.verdict import Violation
from dxcontract.reproduce import extract_steps
from dxcontract.reproduce.describe_steps import words
from dxcontract.spec.model import Json, Spec
from dxcontract.wire.exchange import heading


@dataclass
class Divergence:
    """One member in which responses to an operation differ, with the shortest known sequence of requests."""

    operation: str
    member: str
    first: str
    second: str
    exchanges: list[Mapping[str, Any]]
    answer: Mapping[str, Any]

    @classmethod
    def of(cls, found: Violation) -> "Divergence":
        claim = found.claim
        shown = list(found.exchanges)[: max(found.judged, default=len(found.exchanges))]
        return cls(found.operation, found.where, claim["first"], claim["second"], shown, claim["answer"])

    @property
    def fingerprint(self) -> str:
        return f"{self.operation}:{self.member}" if self.member else self.operation

    @property
    def what(self) -> str:
        """The member in words, or the status of the response if there is no member."""
        return self.member or "the status"


@dataclass
class Outcome:
    """The divergences by operation and member, and how they were found."""

    first: str
    second: str
    region: str
    divergences: list[Divergence]
    calls: int
    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)
    examples: int = 0
    seed: int | None = None
    notes: list[str] = field(default_factory=list)

    def sort(self) -> None:
        self.divergences.sort(key=lambda one: (one.operation, one.member))

    def to_json(self, spec: Spec) -> Json:
        """The result as JSON."""
        return {
            "diff": 1,
            "target": self.first,
            "against": self.second,
            "region": self.region,
            "seed": self.seed,
            "examples": self.examples,
            "calls": self.calls,
            "only_target": self.only_first,
            "only_against": self.only_second,
            "divergences": [self._told(one, spec) for one in self.divergences],
            "notes": self.notes,
        }

    def _told(self, one: Divergence, spec: Spec) -> Json:
        steps = self._steps(one, spec)
        return {
            "fingerprint": one.fingerprint,
            "operation": one.operation,
            "member": one.member,
            "target": one.first,
            "against": one.second,
            "words": words(steps),
            "steps": steps,
            "exchanges": list(one.exchanges),
            "answer": dict(one.answer),
        }

    def _steps(self, one: Divergence, spec: Spec) -> list[Json]:
        names = extract_steps.names_of(one.exchanges, {})
        return extract_steps.steps(one.exchanges, [len(one.exchanges)], spec, self.region, names)

    def lines(self, spec: Spec) -> Iterator[str]:
        """The result for people."""
        yield f"{self.first} (A) against {self.second} (B): {len(self.divergences)} divergences in {self.calls} calls"
        for name, missing in (("A", self.only_first), ("B", self.only_second)):
            if missing:
                yield f"only {name} has, and is not compared: {', '.join(missing)}"
        operation = ""
        for one in self.divergences:
            if one.operation != operation:
                operation = one.operation
                yield f"\n{heading(operation)}"
            yield f"  {one.what}: A {one.first}, B {one.second}"
            for number, line in enumerate(words(self._steps(one, spec)), 1):
                yield f"      {number}. {line}"
        yield from self.notes


def document(outcome: Outcome, spec: Spec) -> str:
    """The document as a string."""
    return json.dumps(outcome.to_json(spec), indent=2, ensure_ascii=False)
