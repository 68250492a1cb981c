"""Repeats the requests to one target on another target, with its own ids, and compares the responses.

A request is not repeated if it names a resource that the other target lacks after an earlier difference, since it would
only show that difference again.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from dxcontract.client.client import Api
from dxcontract.spec.json_pointer import at
from dxcontract.spec.volatile_members import comparing
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.diff.answer_differences import Difference, Handles, differences
from strategies.world import World

SETTLE_SECONDS: Final = 5.0
_ENDING: Final = frozenset({"deleting", "disassociating", "detaching"})
_UNSEEN: Final = frozenset({"arn", "account", "location", "virtual-gateway", "bgp-peer"})


class Follower:
    """The requests to one target so far, for a second target.

    `accounts` are the account ids of the first target by role, and `prefix` is the common prefix of its names. `places`
    are its locations with their counterparts. `made` are the responses of the second target to changes.
    """

    def __init__(
        self, other: Api, accounts: Mapping[str, str | None], prefix: str, own: str, places: Mapping[str, str]
    ) -> None:
        self._second = other
        self._prefix, self._own = prefix, own
        self._places = places
        self._handles = Handles()
        self._apart: set[str] = set()
        self._moving: dict[str, tuple[str, Role]] = {}
        self._beside: list[World] = []
        self.made: list[Exchange] = []
        for role, account in other.target.accounts.items():
            known = accounts.get(role)
            if known and account.account_id:
                handle = f"account of {role}"
                self._handles.first[known] = self._handles.second[account.account_id] = handle

    def close(self) -> None:
        """Deletes the gateways that EC2 created for the other target."""
        for world in self._beside:
            world.close()
        self._beside.clear()

    def gateway(self, known: str, make: Callable[[World], str]) -> None:
        """Creates a gateway in EC2 for the other target, for one that EC2 created for the first.

        If that is not possible, no request about it is sent to the other target.
        """
        world = World(self._second, self._second.journal.label)
        self._beside.append(world)
        try:
            self._handles.pair(known, make(world))
        except (Unsupported, Indeterminate):
            self._apart.add(known)

    def leave(self, params: Any) -> None:
        """Records that a request is not sent to the other target, so that its resources are no longer compared."""
        text = json.dumps(params)
        self._apart |= {value for value in self._handles.first if value in text and not value.isdecimal()}

    def follow(
        self, one: Exchange, params: Any, ask: Callable[[Any], Exchange]
    ) -> tuple[Exchange, list[Difference]] | None:
        """Sends the same request to the other target; returns its response in terms of the first, and the differences.

        None if the request is not sent.
        """
        self._handles.asked(params)
        text = json.dumps(params)
        if any(value in text for value in self._apart):
            self._part(one)
            return None
        try:
            asked = json.loads(self._translated(text))
            other = ask(asked)
            if one.succeeded and not other.succeeded and self._settled():
                other = ask(asked)
        except (Unsupported, Indeterminate):
            self.leave(params)
            self._part(one)
            return None
        if other.succeeded and not self._is_read(other.operation):
            self.made.append(other)
        other = self._renamed(other)
        if one.succeeded and other.succeeded and not self._is_read(one.operation):
            self._apart |= self._handles.learn(one.json, other.json)
        found = differences(one, other, self._handles)
        self._note(one, other)
        if one.succeeded != other.succeeded and not self._is_read(one.operation):
            # From here on the two are in different states as to all that this was about.
            self.leave(params)
            self._part(one)
        return other, found

    def _part(self, one: Exchange) -> None:
        """Marks ids in the first target's response that have no counterpart."""
        self._apart |= set(_ids(one.json)) - self._handles.first.keys()

    def _translated(self, text: str) -> str:
        text = self._handles.translated(text)
        for place, there in self._places.items():
            text = text.replace(json.dumps(place), json.dumps(there))
        return text.replace(self._prefix, self._own)

    def _renamed(self, other: Exchange) -> Exchange:
        """The response with the names and locations of the first target."""
        if other.response is None:
            return other
        body = other.response.body
        body = body.replace(self._own.encode(), self._prefix.encode())
        for place, there in self._places.items():
            body = body.replace(json.dumps(there).encode(), json.dumps(place).encode())
        return replace(other, response=replace(other.response, body=body))

    def _is_read(self, name: str) -> bool:
        known = self._second.spec.operations.get(name)
        return known is None or known.traits.effect == "read"

    # -- the second target may need more time than the first

    def _note(self, one: Exchange, other: Exchange) -> None:
        """Records the resources of the second target that are in a transitional state."""
        facts = comparing()
        for item in _dicts(other.json):
            for kind, resource in self._second.spec.resources.items():
                state, known = item.get(resource.state), item.get(resource.id)
                if kind in _UNSEEN or not isinstance(known, str) or not isinstance(state, str):
                    continue
                if state in facts.moving | _ENDING:
                    self._moving[known] = (kind, cast(Role, one.account))
                else:
                    self._moving.pop(known, None)

    def _settled(self) -> bool:
        """Waits, for a limited time, until no resource of the second target is in a transitional state; whether it
        waited."""
        waited = bool(self._moving)
        deadline = time.monotonic() + SETTLE_SECONDS
        moving = comparing().moving | _ENDING
        for known, (kind, role) in list(self._moving.items()):
            resource = self._second.spec.resources[kind]
            describe = resource.describe
            while describe is not None and describe.filter and time.monotonic() < deadline:
                try:
                    exchange = self._second.call(describe.operation, {describe.filter: known}, role=role)
                except (Unsupported, Indeterminate):
                    break
                items = [one for one in at(exchange.json, f"/{describe.list}/*") if isinstance(one, dict)]
                if not any(one.get(resource.id) == known and one.get(resource.state) in moving for one in items):
                    break
                time.sleep(0.05)
            del self._moving[known]
        return waited


def _dicts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for inner in value.values() for found in _dicts(inner))]
    if isinstance(value, list):
        return [found for inner in value for found in _dicts(inner)]
    return []


def _ids(value: Any) -> list[str]:
    return [
        inner
        for item in _dicts(value)
        for name, inner in item.items()
        if isinstance(inner, str) and inner and name.endswith("Id") and name != "awsLogicalDeviceId"
    ]
