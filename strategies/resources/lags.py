"""LAGs, their members as handles, and requests that are repeated while a connection is in transition."""

from collections.abc import Mapping
from typing import Any, Final

from dxcontract.client.client import Api
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.polling import PATIENCE, poll
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World, locations

_STAY_REQUESTED: Final[set[int]] = set()
"""Clients of targets on which the connections of a new LAG stayed requested; the wait for them happens only once."""


def bundle(
    world: World, count: int = 1, *, role: Role | None = None, working: bool = True, **members: Any
) -> tuple[Handle, list[Handle]]:
    """A LAG with this many connections, all available; `members` are added to the request.

    Without `working` its connections may also stay in state requested, as in all recordings of new LAGs (update_lag and
    delete_lag_with_connections of community-aws-recordings), which were renamed, changed and deleted in that state.

    Raises:
        Unsupported, Indeterminate: the target does not allow it.
    """
    lag = arrange(world, "lag", role=role, members={"numberOfConnections": count, **members}, settle=False)
    ordered = adopted(world, lag)
    if len(ordered) != count:
        raise Indeterminate(f"CreateLag was asked for {count} connections and answered {len(ordered)}")
    if not working and _stay_requested(world, lag):
        return lag, ordered
    world.settle(lag)
    _, item = world.described(lag, lambda seen: set(_states(seen)) <= {"available"}, slowly=True)
    if set(_states(item)) - {"available"}:
        raise Indeterminate(f"the connections of a LAG are {_states(item)}, not all of them available")
    return lag, ordered


def _stay_requested(world: World, lag: Handle) -> bool:
    """Whether the connections of a new LAG stay in state requested on this target."""
    known = id(world.api) in _STAY_REQUESTED
    _, item = world.described(lag, lambda seen: set(_states(seen)) != {"requested"}, slowly=not known)
    stay = set(_states(item)) == {"requested"}
    if stay:
        _STAY_REQUESTED.add(id(world.api))
    return stay


def _states(lag: Json) -> list[str]:
    return [str(one.get("connectionState")) for one in members_of(lag)]


def adopted(world: World, lag: Handle) -> list[Handle]:
    """The handles of the connections that were ordered together with a LAG."""
    return [one for one in world.handles if one.made is lag.made and one is not lag]


def knows_partners(api: Api) -> bool:
    """Whether the rule `lags.partner-hosts` can be checked; a target without interconnects has no partners. Directed
    tests and machines use it."""
    return "CreateInterconnect" not in api.unsupported


def needs(world: World, lag: Handle, links: int) -> Exchange:
    """Sets the minimum number of links of a LAG.

    Raises:
        Indeterminate: the target refused the request or did not store the value.
    """
    exchange = done(world.call("UpdateLag", {"lagId": lag, "minimumLinks": links}, role=lag.role))
    _, item = world.described(lag, lambda seen: seen.get("minimumLinks") == links)
    if item.get("minimumLinks") != links:
        raise Indeterminate(f"minimumLinks {links} was accepted for a LAG and is not kept")
    return exchange


def members_of(lag: Json) -> list[Json]:
    """The connections that a LAG lists in a response."""
    return [one for one in at(lag, "/connections/*") if isinstance(one, dict)]


def elsewhere(world: World) -> str:
    """The code of a location other than `world.location()`.

    Raises:
        Unsupported: the target lists only one location.
    """
    codes = locations(world.api)
    if len(codes) < 2:
        raise Unsupported("the target lists fewer than two locations")
    return codes[1]


def patient(world: World, operation: str, params: Mapping[str, Any], *, role: Role = "owner") -> Exchange:
    """Calls an operation, and repeats it while a connection is in transition after an earlier change.

    Source: hashicorp/terraform-provider-aws#3212.

    Raises:
        Indeterminate: the connection stayed in transition.
    """

    def settled(exchange: Exchange) -> bool:
        return exchange.succeeded or "transition" not in exchange.error_message

    exchange = poll(lambda: world.call(operation, params, role=role), settled)
    if not settled(exchange):
        raise Indeterminate(f"{operation}: a connection was still in transition after {PATIENCE.seconds:g} s")
    return exchange
