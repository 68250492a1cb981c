"""Repeats the requests of a recording on a target and compares the responses.

A difference is shown with as few recorded requests as possible: those that created or changed the resources of the last
request. Requests cannot be left out freely, since the recorded responses depend on all earlier requests.
"""

import itertools
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dxcontract.client.errors import TargetDied
from dxcontract.client.resource_journal import PREFIX
from dxcontract.oracle.provenance import with_origins
from dxcontract.run import recording
from dxcontract.run.recording import Recorded, Recording
from dxcontract.run.session import Session
from dxcontract.spec.model import Spec
from dxcontract.wire.cbor import document
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import ANY_OPERATION, REMOVED, Exchange
from strategies.diff.answer_differences import Difference
from strategies.diff.result import Divergence, Outcome
from strategies.diff.second_target import Follower
from strategies.world import World, locations

_RUN: Final = re.compile(rf"{PREFIX}-[0-9a-f]{{8}}-")
_MOST_STEPS: Final = 60


@dataclass
class _Player:
    """Sends recorded requests to a target."""

    session: Session
    loaded: Spec
    recorded: Recording
    prefix: str
    asked: int = 0
    left_out: int = 0
    attempts: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def play(
        self, exchanges: Sequence[Exchange], heard: Callable[[Exchange, Exchange, list[Difference]], bool]
    ) -> None:
        """Repeats these exchanges and deletes what they create; ends when `heard` returns true."""
        api = self.session.api
        own = f"{api.journal.prefix}r{next(self.attempts)}-"
        follower = Follower(api, self.recorded.accounts, self.prefix, own, self._places())
        with self.session.contract.scope("diff", ()), World(api, api.journal.label) as world:
            try:
                for one in exchanges:
                    params = document(one.request.body)
                    if not self._is_askable(one, params):
                        self.left_out += 1
                        follower.leave(params)
                        continue
                    answered = follower.follow(one, params, self._door(one))
                    if answered is None:
                        self.left_out += 1
                        continue
                    self.asked += 1
                    if heard(one, *answered):
                        break
            finally:
                world.keep(*follower.made)
                world.close()
                follower.close()

    def _is_askable(self, one: Exchange, params: Any) -> bool:
        api = self.session.api
        known = one.operation in self.loaded.operations and one.operation not in api.unsupported
        whole = isinstance(params, dict) and REMOVED not in json.dumps(params) and one.response is not None
        return known and whole and one.account in api.target.accounts

    def _door(self, one: Exchange) -> Callable[[Any], Exchange]:
        api = self.session.api
        role: Role = one.account  # type: ignore[assignment]
        region = api.target.region if one.region == self.recorded.region else api.target.other_region
        door = api.send if one.raw else api.call
        return lambda params: door(one.operation, params, role=role, region=region)

    def _places(self) -> dict[str, str]:
        """The locations of the recording with their counterparts on the target."""
        codes = locations(self.session.api)
        used: dict[str, None] = {}
        for one in self.recorded.exchanges:
            known = self.loaded.operations.get(one.exchange.operation)
            if known is not None and "location" in known.traits.takes.values() and one.exchange.succeeded:
                asked = document(one.exchange.request.body)
                place = asked.get("location") if isinstance(asked, dict) else None
                if isinstance(place, str):
                    used[place] = None
        away = [code for code in used if code not in codes]
        return dict(zip(away, itertools.cycle(codes), strict=False))


def compare(session: Session, path: Path, loaded: Spec, seconds: float) -> Outcome:
    """Repeats a recording on the target of `session` within a time limit, then shortens within the same limit.

    Raises:
        TargetError: the file is not a recording.
    """
    recorded = recording.read(path)
    found: dict[str, tuple[Recorded, Exchange, Difference]] = {}
    notes: list[str] = []
    calls = 0
    for process in recording.by_process(recorded):
        player = _player(session, loaded, recorded, process)
        kept = [one for one in process if not _is_odd(one)]
        by_order = {one.exchange.order: one for one in kept}
        end = time.monotonic() + seconds

        def heard(one: Exchange, other: Exchange, differences: list[Difference]) -> bool:
            for difference in differences:
                found.setdefault(_name(one, difference), (by_order[one.order], other, difference))  # noqa: B023
            return time.monotonic() > end  # noqa: B023

        try:
            player.play([one.exchange for one in kept], heard)
        except TargetDied as died:
            notes.append(str(died))
        calls += player.asked
        left = player.left_out + len(process) - len(kept)
        if player.asked + left < len(process):
            notes.append(
                f"{len(process) - player.asked - left} of {len(process)} recorded requests: no time (--seconds)"
            )
        if left:
            notes.append(
                f"{left} of {len(process)} recorded requests were not asked again: no plain ones, or about "
                "what the two do not have alike"
            )
    outcome = Outcome(str(path), f"{session.target.name} ({session.target.endpoint})", recorded.region, [], calls)
    outcome.first = f"{path}, a recording of {recorded.target}"
    end = time.monotonic() + seconds
    for name, (last, other, difference) in found.items():
        process = [one for one in recorded.exchanges if one.process == last.process and not _is_odd(one)]
        player = _player(session, loaded, recorded, process)
        steps, answer, seen = _told(player, name, process, last, (other, difference), end)
        outcome.divergences.append(
            Divergence(
                last.exchange.operation,
                difference.where,
                seen.first,
                seen.second,
                [one.to_report() for one in steps],
                answer.to_report(),
            )
        )
    only = {one.exchange.operation for one in recorded.exchanges} - {ANY_OPERATION}
    outcome.only_first = sorted(only & session.api.unsupported.keys() & loaded.operations.keys())
    outcome.notes = notes
    outcome.sort()
    return outcome


def _player(session: Session, loaded: Spec, recorded: Recording, process: Sequence[Recorded]) -> _Player:
    asked = (one.exchange.request.body.decode("utf-8", "replace") for one in process)
    prefix = next((name[0] for text in asked if (name := _RUN.search(text))), f"{PREFIX}-")
    return _Player(session, loaded, recorded, prefix)


def _is_odd(one: Recorded) -> bool:
    """Whether a recorded request is skipped: a raw or concurrent one, or one without a response or an operation."""
    return one.odd or one.concurrent or one.exchange.response is None or one.exchange.operation == ANY_OPERATION


def _name(one: Exchange, difference: Difference) -> str:
    return f"{one.operation}:{difference.where}"


def _told(
    player: _Player,
    name: str,
    process: Sequence[Recorded],
    last: Recorded,
    first: tuple[Exchange, Difference],
    end: float,
) -> tuple[list[Exchange], Exchange, Difference]:
    """The recorded requests that a difference depends on, the last response and the difference.

    If these requests do not show the difference alone, all requests of its test up to it are returned.
    """
    history = [one.exchange for one in process if one.exchange.succeeded and one.number < last.number]
    writes = [one for one in history if not _reads(player.loaded, one.operation)]
    steps = with_origins([last.exchange], writes)
    shown = _shows(player, name, steps) if time.monotonic() < end and len(steps) <= _MOST_STEPS else None
    if shown is None:
        own = [one.exchange for one in process if one.test == last.test and one.number <= last.number]
        return own[-_MOST_STEPS:], *first
    return steps, *shown


def _reads(loaded: Spec, name: str) -> bool:
    known = loaded.operations.get(name)
    return known is None or known.traits.effect == "read"


def _shows(player: _Player, name: str, steps: Sequence[Exchange]) -> tuple[Exchange, Difference] | None:
    """The difference that the last of these steps shows; None if it is another."""
    seen: list[tuple[Exchange, Difference]] = []

    def heard(one: Exchange, other: Exchange, differences: list[Difference]) -> bool:
        if one is steps[-1]:
            seen.extend((other, each) for each in differences if _name(one, each) == name)
        return False

    player.play(steps, heard)
    return seen[0] if seen else None
