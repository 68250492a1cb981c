"""Measures the reach of rule machines and fuzzing: lifecycle transitions, ordered pairs of operations, refusals.

The figures are stored with the scope and the report of a test, like its tally, and are added over a run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dxcontract.spec import lifecycles
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.spec.model import Operation, Spec

Transition = tuple[str, str, str]
Pair = tuple[str, str]

# What an ARN can name.
_TAGGABLE: Final = ("connection", "lag", "virtual-interface", "direct-connect-gateway")


@dataclass
class Exploration:
    """What the examples of machines have reached; for generated requests (`cases`), how many named existing resources
    and how many were accepted.
    """

    examples: int = 0
    steps: int = 0
    calls: int = 0
    refused: int = 0
    transitions: set[Transition] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    cases: int = 0
    existing: int = 0
    accepted: int = 0

    def add(self, other: "Exploration") -> None:
        self.examples += other.examples
        self.steps += other.steps
        self.calls += other.calls
        self.refused += other.refused
        self.transitions |= other.transitions
        self.pairs |= other.pairs
        self.cases += other.cases
        self.existing += other.existing
        self.accepted += other.accepted

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "transitions": sorted(list(one) for one in self.transitions),
            "pairs": sorted(list(one) for one in self.pairs),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Exploration":
        return cls(
            data["examples"],
            data["steps"],
            data["calls"],
            data["refused"],
            {(one[0], one[1], one[2]) for one in data["transitions"]},
            {(one[0], one[1]) for one in data["pairs"]},
            data.get("cases", 0),
            data.get("existing", 0),
            data.get("accepted", 0),
        )


def explored(reached: Exploration, spec: Spec, unsupported: Iterable[str] = ()) -> list[str]:
    """Yield the figures as text, compared with what is reachable on a target; nothing for parts that did not run."""
    fuzzed = f"fuzz: {reached.cases} cases, {reached.existing} of them naming what exists; {reached.accepted} accepted"
    return [*_machines(reached, spec, unsupported), *([fuzzed] if reached.cases else [])]


def _machines(reached: Exploration, spec: Spec, unsupported: Iterable[str]) -> list[str]:
    if not reached.examples:
        return []
    known = lifecycles.load()
    every, caused = transitions(known), caused_by_requests(known, unsupported)
    of_pairs = pairs(spec, unsupported)
    share = reached.refused / reached.calls if reached.calls else 0.0
    by_kind = ", ".join(
        f"{kind} {sum(one[0] == kind for one in reached.transitions & every)}/{sum(one[0] == kind for one in every)}"
        for kind in known
    )
    missed = sorted(caused - reached.transitions)
    names = ", ".join(f"{kind} {before} to {after}" for kind, before, after in missed)
    return [
        f"machines: {reached.examples} examples, {reached.steps} steps, {reached.calls} calls, {share:.0%} of them "
        f"refused; {len(reached.pairs & of_pairs)} of {len(of_pairs)} pairs of operations on shared resources",
        f"machines: {len(caused) - len(missed)} of {len(caused)} transitions that operations of this target cause, "
        f"{len(reached.transitions & every)} of {len(every)} in all: {by_kind}",
        *([f"machines: not reached: {names}"] if missed else []),
    ]


def transitions(known: Mapping[str, Lifecycle]) -> set[Transition]:
    """All transitions of all lifecycles."""
    return {(one.resource, step.before, step.after) for one in known.values() for step in one.transitions}


def caused_by_requests(known: Mapping[str, Lifecycle], unsupported: Iterable[str] = ()) -> set[Transition]:
    """The transitions that an operation causes (`by` in specs/lifecycles/), without missing operations of the
    target.
    """
    missing = set(unsupported)
    return {
        (one.resource, step.before, step.after)
        for one in known.values()
        for step in one.transitions
        if step.operation is not None and step.operation not in missing
    }


def certain(known: Mapping[str, Lifecycle], seen: Iterable[Transition]) -> set[Transition]:
    """The transitions between two states that were observed one after the other.

    If a transition leads from the one to the other, it is that one. Else states in between went unseen, and those
    transitions are certain without which nothing leads there.
    """
    found: set[Transition] = set()
    for resource, before, after in seen:
        lifecycle = known[resource]
        edges = {(one.before, one.after) for one in lifecycle.transitions}
        if (before, after) in edges:
            found.add((resource, before, after))
            continue
        for edge in edges if before else ():
            if not _leads(edges - {edge}, before, after) and _leads(edges, before, after):
                found.add((resource, *edge))
    return found


def _leads(edges: set[tuple[str, str]], start: str, end: str) -> bool:
    reached, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for before, after in edges:
            if before == here and after not in reached:
                reached.add(after)
                waiting.append(after)
    return end in reached


def pairs(spec: Spec, unsupported: Iterable[str] = ()) -> set[Pair]:
    """All ordered pairs of operations of which the second takes a kind of resource that the first takes or
    creates.
    """
    missing = set(unsupported)
    known = [one for one in spec.operations.values() if one.name not in missing]
    return {
        (first.name, second.name)
        for first in known
        for second in known
        if _kinds(second.traits.takes.values()) & (_kinds(first.traits.takes.values()) | _made(first))
    }


def _kinds(names: Iterable[str]) -> set[str]:
    found = set(names) - {"account", "location"}
    return found - {"arn"} | set(_TAGGABLE) if "arn" in found else found


def _made(operation: Operation) -> set[str]:
    return set(operation.traits.gives)
