"""The lifecycles of `specs/lifecycles/`: whether a resource may start in a state or move from one state to another.

A run only sees snapshots and may miss states in between. A state may be followed by every state that a sequence of
transitions reaches. States of `wildcard` and `tolerated` may come before and after any other.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dxcontract.spec import model as specs
from dxcontract.spec.model import Citation, Json

_NO_LETTERS: Final = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class Transition:
    """One transition between states, by an operation or by an event outside of the API."""

    before: str
    after: str
    operation: str | None
    event: str | None
    sources: tuple[Citation, ...]


@dataclass(frozen=True)
class Bare:
    """An answer with a state but without an id: pointers to the id in the request and to the state in the answer."""

    operation: str
    id: str
    state: str


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """The states of one kind of resource.

    `id` are the members that identify it, `within` the enclosing shapes (with their id members) without which they do
    not; `initial` gives, by creating operation, the states in which it may answer a new resource. `open` are steps
    that no source documents and none excludes: they may be taken, too, each by itself.
    """

    resource: str
    title: str
    shapes: tuple[str, ...]
    id: tuple[str, ...]
    within: Mapping[str, str]
    bare: tuple[Bare, ...]
    state: str
    loose: bool
    states: tuple[str, ...]
    initial: Mapping[str, frozenset[str]]
    first: frozenset[str]
    terminal: frozenset[str]
    transitions: tuple[Transition, ...]
    open: frozenset[tuple[str, str]]
    anywhere: frozenset[str]

    def spelled(self, state: str) -> str:
        """`state` in the spelling of the table, if no source documents the spelling on the wire."""
        if not self.loose:
            return state
        plain = _NO_LETTERS.sub("", state.lower())
        return next((one for one in self.states if _NO_LETTERS.sub("", one.lower()) == plain), state)

    @functools.cached_property
    def restarts(self) -> frozenset[Transition]:
        """The transitions by which an ended resource starts again: from a state that only operations leave, to an
        initial state. Without the operation they are impossible; otherwise the table would allow any transition.
        """
        by_event = {one.before for one in self.transitions if one.operation is None}
        return frozenset(
            one for one in self.transitions if one.operation and one.before not in by_event and one.after in self.first
        )

    def may_follow(self, before: str, after: str, called: frozenset[str] | None = None) -> bool:
        """Whether a resource in state `before` may next be observed in state `after`.

        `called` are the operations that succeeded in between; None: any may have.
        """
        if before == after or before in self.anywhere or after in self.anywhere or (before, after) in self.open:
            return True
        restarted = frozenset(one for one in self.restarts if called is None or one.operation in called)
        return after in _following(self, restarted).get(before, frozenset())


@functools.cache
def _following(lifecycle: Lifecycle, restarted: frozenset[Transition]) -> Mapping[str, frozenset[str]]:
    """For each state all that may come after it, with only these of the lifecycle's restarts taken."""
    steps: dict[str, set[str]] = {state: set() for state in lifecycle.states}
    for transition in lifecycle.transitions:
        if transition not in lifecycle.restarts or transition in restarted:
            steps[transition.before].add(transition.after)
    return {state: frozenset(_reached(state, steps)) for state in lifecycle.states}


def _reached(state: str, steps: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [state]
    while waiting:
        for following in steps.get(waiting.pop(), ()):
            if following not in reached:
                reached.add(following)
                waiting.append(following)
    return reached


def _lifecycle(document: Json) -> Lifecycle:
    initial: dict[str, set[str]] = {}
    for entry in document["initial"]:
        for operation in entry.get("by", ()):
            initial.setdefault(operation, set()).add(entry["state"])
    identity = document["id"]
    return Lifecycle(
        resource=document["resource"],
        title=document["title"],
        shapes=tuple(document["shape"]),
        id=tuple([identity] if isinstance(identity, str) else identity),
        within=document.get("within", {}),
        bare=tuple(Bare(**entry) for entry in document.get("bare", ())),
        state=document["state"],
        loose=document.get("spelling") == "loose",
        states=tuple(document["states"]),
        initial={operation: frozenset(states) for operation, states in initial.items()},
        first=frozenset(entry["state"] for entry in document["initial"]),
        terminal=frozenset(document["terminal"]),
        transitions=tuple(_transition(entry) for entry in document["transitions"]),
        open=frozenset((entry["from"], entry["to"]) for entry in document.get("open", ())),
        anywhere=frozenset([*document.get("wildcard", ()), *document["tolerated"]]),
    )


def _transition(entry: Json) -> Transition:
    by: dict[str, Any] = entry["by"]
    sources = tuple(Citation(place["source"], place["at"]) for place in entry["sources"])
    return Transition(entry["from"], entry["to"], by.get("operation"), by.get("event"), sources)


@functools.cache
def load(folder: Path | None = None) -> Mapping[str, Lifecycle]:
    """All lifecycles, by resource.

    Raises:
        SpecError: a file cannot be read.
    """
    places = sorted((folder or specs.root() / "lifecycles").glob("*.json"))
    found = [_lifecycle(specs.read(path)) for path in places]
    return {lifecycle.resource: lifecycle for lifecycle in found}
