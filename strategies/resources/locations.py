"""Locations for orders: the locations of the Region by their offers, and orders."""

from typing import Any, Final

from dxcontract.spec.json_pointer import at
from dxcontract.wire.errors import Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.valid_requests import done
from strategies.world import World, speeds

DEDICATED_SPEEDS: Final = ("1Gbps", "10Gbps", "100Gbps", "400Gbps")


def listed(world: World) -> list[dict[str, Any]]:
    """The locations with a code that the target lists in its Region, restricted to those of the user.

    Raises:
        Unsupported, Indeterminate: the target cannot list them.
    """
    exchange = done(world.call("DescribeLocations"))
    found = [one for one in at(exchange.body, "/locations/*") if isinstance(one, dict)]
    here = [one for one in found if one.get("region") in (None, world.api.target.region)]
    coded = [one for one in here if isinstance(one.get("locationCode"), str) and one["locationCode"]]
    wanted = world.api.target.locations
    return [one for one in coded if not wanted or one["locationCode"] in wanted]


def offering(world: World, bandwidth: str, *, macsec: bool = False, but: str | None = None) -> str:
    """The code of a location that offers a port speed (with MACsec), or does not state its offers.

    If `but`, an excluded code, is not given, a target that cannot list its locations gets the default location.

    Raises:
        Unsupported: the target lists no such location.
    """
    if but is None and "DescribeLocations" in world.api.unsupported:
        return world.location()
    member = "availableMacSecPortSpeeds" if macsec else "availablePortSpeeds"
    for one in listed(world):
        offers = speeds(one, member)
        if one["locationCode"] != but and (offers is None or bandwidth in offers):
            return str(one["locationCode"])
    other = "other " if but else ""
    raise Unsupported(f"the target lists no {other}location with {bandwidth}{' and MACsec' if macsec else ''}")


def order(world: World, **members: Any) -> Exchange:
    """The response to an order of a connection, whose result is registered; `members` replace those of the smallest
    request."""
    smallest = {"location": world.location(), "bandwidth": "1Gbps", "connectionName": world.name()}
    params = {**smallest, **members}
    exchange = world.call("CreateConnection", params)
    world.adopt("connection", "CreateConnection", exchange, params, "owner")
    return exchange
