"""Observes the states in every answer: each state must be able to follow the previous state of the same resource.

Judges the rules `lifecycles.<resource>-initial`, `lifecycles.<resource>-transitions` and
`lifecycles.identity-stable`. The order of answers matters, so answers to concurrent requests are excluded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dxcontract.oracle.response_checks import Finding
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.spec.model import Json, Spec
from dxcontract.wire import cbor
from dxcontract.wire.exchange import Exchange

IDENTITY: Final = "lifecycles.identity-stable"
_IDENTITY_MEMBERS: Final = ("ownerAccount", "region")
_LONGEST_STATE: Final = 80
_MOST_REACHED: Final = 200

Key = tuple[str, ...]


@dataclass(frozen=True)
class Sight:
    """One resource in one answer: its lifecycle, its identity, its state, and the item in the answer."""

    lifecycle: Lifecycle
    key: Key
    state: str
    item: Json


@dataclass
class Observer:
    """The observed states and identities by resource; one observer for each test."""

    spec: Spec
    lifecycles: Mapping[str, Lifecycle]
    last: dict[Key, str] = field(default_factory=dict)
    known: set[Key] = field(default_factory=set)
    called: list[str] = field(default_factory=list)
    seen_at: dict[Key, int] = field(default_factory=dict)
    identities: dict[Key, dict[str, Any]] = field(default_factory=dict)
    reached: set[tuple[str, str, str]] = field(default_factory=set)
    forgotten: set[Key] = field(default_factory=set)
    replaced: dict[Key, str] = field(default_factory=dict)
    """The states that changes replaced, until a read shows another: AWS is eventually consistent, so a read that
    follows a deletion may show what was there before it. Whether the change shows in the end, other rules judge."""

    def observe(self, exchange: Exchange) -> list[Finding]:
        """Judge the states in an answer against the earlier ones.

        `reached` collects (resource, from, to) of every change, with an empty `from` for a new resource.
        """
        if not exchange.succeeded or exchange.operation not in self.spec.operations:
            return []
        self.called.append(exchange.operation)
        found: list[Finding] = []
        # What a client token comes with may be answered as it was the first time: that is not how things are now.
        repeated = b'"clientToken"' in exchange.asked
        for sight in self._sights(exchange):
            if repeated and sight.key in self.last:
                continue
            if self._is_given_again(sight, exchange):
                self._begin_anew(sight)
            found += self._identity(sight)
            found += self._state(sight, exchange)
        return found

    def forget(self, exchange: Exchange) -> None:
        """Handle the answer to one of several concurrent requests, whose order is unknown.

        What was last seen of the resources in it says nothing about what is seen next.
        """
        if exchange.succeeded and exchange.operation in self.spec.operations:
            self.called.append(exchange.operation)
            for sight in self._sights(exchange):
                self.last.pop(sight.key, None)
                self.forgotten.add(sight.key)

    def _state(self, sight: Sight, exchange: Exchange) -> Iterator[Finding]:
        lifecycle, before = sight.lifecycle, self.last.get(sight.key)
        reads = self.spec.operations[exchange.operation].traits.effect == "read"
        if reads and before is not None and self._is_late(sight, before):
            self.replaced[sight.key] = sight.state
            return
        self.replaced.pop(sight.key, None)
        if not reads and before not in (None, sight.state):
            self.replaced[sight.key] = str(before)
        # A LAG lists a partner's interconnects as connections.
        is_new = sight.key[1:] not in self.known
        self.known.add(sight.key[1:])
        since = frozenset(self.called[self.seen_at.get(sight.key, 0) :])
        self.last[sight.key], self.seen_at[sight.key] = sight.state, len(self.called)
        fits = len(self.reached) < _MOST_REACHED or {before or "", sight.state} <= {"", *lifecycle.states}
        if fits and before != sight.state and not (before is None and sight.key in self.forgotten):
            self.reached.add((lifecycle.resource, before or "", sight.state))
        state = _in_a_pair(sight.state, exchange)
        if before is not None:
            yield Finding(
                f"lifecycles.{lifecycle.resource}-transitions",
                lifecycle.may_follow(before, sight.state, since),
                f"{_in_a_pair(before, exchange)}->{state}",
                f"a {lifecycle.resource} that was {before} is {sight.state}; nothing in its lifecycle leads there",
            )
        elif is_new and (allowed := lifecycle.initial.get(exchange.operation)):
            yield Finding(
                f"lifecycles.{lifecycle.resource}-initial",
                sight.state in allowed | lifecycle.anywhere,
                f"->{state}",
                f"a new {lifecycle.resource} is {sight.state}; it starts as {' or '.join(sorted(allowed))}",
            )

    def _is_given_again(self, sight: Sight, exchange: Exchange) -> bool:
        """Whether the answer to a request that makes something has the id of something that was deleted.

        Some targets make ids of a name and the second: whether they give one twice is chance, and no transition. That
        ids are given once is a rule of its own.
        """
        operation = self.spec.operations[exchange.operation]
        is_over = self.last.get(sight.key) in sight.lifecycle.terminal
        return is_over and operation.traits.effect == "create" and f'"{sight.key[-1]}"'.encode() not in exchange.asked

    def _begin_anew(self, sight: Sight) -> None:
        del self.last[sight.key]
        self.replaced.pop(sight.key, None)
        self.forgotten.add(sight.key)
        self.identities.pop(sight.key, None)

    def _is_late(self, sight: Sight, before: str) -> bool:
        """Whether a state belongs to the time before the change that was answered with `before`."""
        replaced, follows = self.replaced.get(sight.key), sight.lifecycle.may_follow
        if replaced is None or follows(before, sight.state, frozenset()):
            return False
        return replaced == sight.state or follows(replaced, sight.state, frozenset())

    def _identity(self, sight: Sight) -> Iterator[Finding]:
        known = self.identities.setdefault(sight.key, {})
        for member in _IDENTITY_MEMBERS:
            value = sight.item.get(member)
            if value is None:
                continue
            first = known.setdefault(member, value)
            yield Finding(IDENTITY, first == value, f"/{member}", f"{member} was {first!r} and is now {value!r}")

    def _sights(self, exchange: Exchange) -> Iterator[Sight]:
        operation = self.spec.operations[exchange.operation]
        yield from self._in(exchange.json, operation.response, operation.response, {})
        for lifecycle in self.lifecycles.values():
            for bare in lifecycle.bare:
                if bare.operation == exchange.operation:
                    sent = cbor.document(exchange.asked)
                    for name, state in zip(at(sent, bare.id), at(exchange.json, bare.state), strict=False):
                        if isinstance(name, str) and isinstance(state, str):
                            yield Sight(lifecycle, (lifecycle.resource, name), lifecycle.spelled(state), {})

    def _in(self, value: Any, schema: Json, root: Json, around: Mapping[str, Any]) -> Iterator[Sight]:
        shape = schema.get("$ref", "").rpartition("/")[2]
        node = specs.resolve(schema, root)
        if isinstance(value, list) and "items" in node:
            for inner in value:
                yield from self._in(inner, node["items"], root, around)
        elif isinstance(value, dict) and "properties" in node:
            yield from self._here(value, shape, around)
            inside = {**around, shape: value}
            for name, inner in value.items():
                if isinstance(inner, (dict, list)) and name in node["properties"]:
                    yield from self._in(inner, node["properties"][name], root, inside)

    def _here(self, item: Json, shape: str, around: Mapping[str, Any]) -> Iterator[Sight]:
        for lifecycle in self.lifecycles.values():
            if shape not in lifecycle.shapes:
                continue
            outer = [around[one].get(member) for one, member in lifecycle.within.items() if one in around]
            names = [*outer, *(item.get(member) for member in lifecycle.id)]
            state = item.get(lifecycle.state)
            if isinstance(state, str) and all(isinstance(name, str) and name for name in names):
                yield Sight(lifecycle, (lifecycle.resource, *names), lifecycle.spelled(state), item)


def _in_a_pair(state: str, exchange: Exchange) -> str:
    """A state in a pair such as `available->deleted`: at most so long, and with no arrow of its own."""
    return exchange.cut(state, _LONGEST_STATE).replace("->", "-\\u003e")
