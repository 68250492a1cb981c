"""The administrative endpoint under /_dxcontract/: events and settings that a test controls and a customer cannot.

JSON over POST, without a signature, from the loopback interface only.
"""

import json
from collections.abc import Callable, MutableMapping
from dataclasses import asdict, replace
from ipaddress import ip_address
from typing import Any, Final

from dxcontract.reference.core import records, transitions
from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Reading, World
from dxcontract.reference.faults.catalogue import check
from dxcontract.spec.model import Json

PREFIX: Final = "/_dxcontract/"


class _BadRequestError(Exception):
    """The administrative request makes no sense; the message says how it would."""


def handle(world: World, scope: MutableMapping[str, Any], body: bytes) -> tuple[int, Json]:
    """Answer an administrative request: a status and a JSON object."""
    name = scope["path"][len(PREFIX) :]
    if not _from_loopback(scope):
        return 403, {"error": "the administrative endpoint answers on the loopback interface only"}
    if name == "health":
        return 200, {"status": "ready"}
    action = _ACTIONS.get(name)
    if action is None or scope["method"] != "POST":
        return 404, {"error": f"POST to one of {', '.join(PREFIX + one for one in _ACTIONS)}"}
    try:
        request = json.loads(body or b"{}")
        if not isinstance(request, dict):
            raise _BadRequestError("the body must be a JSON object")
        with world.store.transaction():
            transitions.settle(world)
            return 200, action(world, request)
    except (_BadRequestError, ValueError, RecursionError) as error:
        return 400, {"error": str(error)}


def _from_loopback(scope: MutableMapping[str, Any]) -> bool:
    client = scope.get("client")
    try:
        return client is None or ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _reset(world: World, request: Json) -> Json:
    """Forget everything that was made."""
    world.store.clear()
    world.clock.reset()
    return {}


def _advance(world: World, request: Json) -> Json:
    """{"id": …}: one step from the state it is in, with "parts" those of its peers, attachments, keys or connections,
    too. {"seconds": …}: the clock. {}: everything, one step.
    """
    if isinstance(seconds := request.get("seconds"), int | float) and seconds >= 0:
        world.clock.move(seconds)
        transitions.settle(world)
        return {"now": world.clock.now()}
    if request:
        record = _record(world, request)
        parts = transitions.parts(world, record) if request.get("parts") is True else []
        for one in (record, *parts):
            if (now := world.store.any_kind(one.id)) is not None:
                transitions.step(world, now)
        after = world.store.any_kind(record.id)
        return {"id": record.id, "state": after.state if after else None}
    moved = [one for one in world.store.everything() if not one.is_over]
    for one in moved:
        if not isinstance(one, records.Proposal) and one.state != "testing":
            transitions.step(world, one)
    return {"stepped": len(moved)}


def _link(world: World, request: Json) -> Json:
    """{"id": connection or LAG, "up": bool}: take the physical link down, or bring it up."""
    record, up = _record(world, request), _flag(request)
    if isinstance(record, records.Lag):
        world.store.put(replace(record, link_up=up))
    elif isinstance(record, records.Connection):
        state = record.state
        if state in ("available", "down"):
            state = "available" if up else "down"
        world.store.put(replace(record, link_up=up, state=state))
        if state == "available":
            transitions.lag_came_up(world, record.lag_id)
    else:
        raise _BadRequestError(f"{record.id} is no connection, interconnect or LAG")
    return {"id": record.id, "up": up}


def _bgp(world: World, request: Json) -> Json:
    """{"id": BGP peer or virtual interface, "up": bool}: take its sessions down, or up."""
    record, up = _record(world, request), _flag(request)
    found = world.store.find(records.BgpPeer, "vif", record.id)
    if isinstance(record, records.BgpPeer):
        found = [record]
    elif not isinstance(record, records.VirtualInterface):
        raise _BadRequestError(f"{record.id} is no BGP peer and no virtual interface")
    for one in found:
        world.store.put(replace(one, session_up=up))
    return {"id": record.id, "up": up}


def _hold(world: World, request: Json) -> Json:
    """{"held": bool}: let nothing go on of its own accord, or let go again."""
    held = request.get("held")
    if not isinstance(held, bool):
        raise _BadRequestError('say "held": true or "held": false')
    world.clock.held = held
    return {"held": held}


def _states(world: World, request: Json) -> Json:
    """{"states": "recorded" or "documented"}: what is followed where the two disagree."""
    world.reading.documented = Reading.parse(str(request.get("states"))).documented
    return {"states": request["states"]}


def _faults(world: World, request: Json) -> Json:
    """{"faults": [rule id, …]}: from now on break these rules and keep all others."""
    wanted = request.get("faults")
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise _BadRequestError("`faults` must be a list of rule ids")
    check(wanted)
    world.rules.break_only(wanted)
    return {"faults": sorted(world.rules.faults)}


def _state(world: World, request: Json) -> Json:
    """All that exists."""
    every = []
    for record in world.store.everything():
        fields = asdict(record)
        if fields["due"] == NEVER:
            del fields["due"]
        every.append(
            {
                "record": type(record).__name__,
                **{key: value for key, value in fields.items() if value is not None},
            }
        )
    return {"now": world.clock.now(), "records": every}


def _record(world: World, request: Json) -> Any:
    record = world.store.any_kind(str(request.get("id")))
    if record is None:
        raise _BadRequestError(f"nothing has the id {request.get('id')!r}")
    return record


def _flag(request: Json) -> bool:
    up = request.get("up")
    if not isinstance(up, bool):
        raise _BadRequestError('say "up": true or "up": false')
    return up


_ACTIONS: Final[dict[str, Callable[[World, Json], Json]]] = {
    "advance": _advance,
    "bgp": _bgp,
    "faults": _faults,
    "hold": _hold,
    "link": _link,
    "reset": _reset,
    "state": _state,
    "states": _states,
}
