"""Locations: the list, and orders at listed locations."""

import re
from typing import Any, Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.resources import locations
from strategies.valid_requests import done
from strategies.world import World, speeds

SPEED: Final = re.compile(r"[0-9]+(\.[0-9]+)?[GM](bps)?")
MODES: Final = "/availableBillingModes/*"


@pytest.mark.rule("locations.answer-members")
@pytest.mark.parametrize("member", ["locationCode", "locationName"])
def test_a_location_has_a_code_and_a_name(contract: Contract, world: World, member: str) -> None:
    """Every order needs the code, and users choose a location by its name."""
    exchange, found = _listed(world)
    wrong = [one for one in found if not (isinstance(one.get(member), str) and one[member])]
    message = f"{len(wrong)} of {len(found)} locations have no {member}, such as {wrong[:1]}"
    contract.check("locations.answer-members", not wrong, message, exchange, where=f"/locations/*/{member}")


@pytest.mark.rule("locations.some")
def test_there_are_locations(contract: Contract, world: World) -> None:
    """Without a location nothing can be ordered in the Region."""
    exchange = done(world.call("DescribeLocations"))
    some = bool(at(exchange.body, "/locations/*"))
    contract.check("locations.some", some, "no location is listed", exchange, where="/locations")


@pytest.mark.rule("locations.codes-unique")
def test_no_two_locations_share_a_code(contract: Contract, world: World) -> None:
    """If two locations share a code, an order may go to the wrong building."""
    exchange, found = _listed(world)
    codes = [str(one["locationCode"]) for one in found if one.get("locationCode")]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    contract.check(
        "locations.codes-unique",
        not twice,
        f"listed twice: {twice}",
        exchange,
        where="/locations/*/locationCode",
        basis=codes,
    )


@pytest.mark.rule("locations.region")
@pytest.mark.parametrize("which", ["region", "other_region"])
def test_locations_are_those_of_the_region(contract: Contract, world: World, which: str) -> None:
    """A port cannot be ordered at a location of another Region."""
    region = getattr(world.api.target, which)
    exchange = done(world.api.call("DescribeLocations", region=region))
    named = [one for one in at(exchange.body, "/locations/*/region") if one is not None]
    wrong = sorted({str(one) for one in named if one != region})
    if not named:
        raise Indeterminate("no location names its Region")
    contract.check(
        "locations.region", not wrong, f"{region} lists locations of {wrong}", exchange, where="/locations/*/region"
    )


@pytest.mark.rule("locations.stable")
def test_the_list_stays_the_same(contract: Contract, world: World) -> None:
    """A plan that is made from the list must still be valid when it is executed."""
    first, before = _listed(world)
    second, after = _listed(world)
    codes = [sorted(str(one["locationCode"]) for one in found if one.get("locationCode")) for found in (before, after)]
    message = f"two calls in a row list different locations: {codes[0]}, then {codes[1]}"
    contract.check("locations.stable", codes[0] == codes[1], message, first, second, basis=codes)


@pytest.mark.rule("locations.usable")
@pytest.mark.parametrize("position", range(3))
def test_a_listed_location_takes_orders(contract: Contract, world: World, position: int) -> None:
    """Users and tools choose a location from the list."""
    found = locations.listed(world)
    if position >= len(found):
        raise Indeterminate(f"the target lists {len(found)} locations only")
    location = found[position]
    offered = speeds(location) or ["1Gbps"]
    bandwidth = next((one for one in locations.DEDICATED_SPEEDS if one in offered), offered[0])
    params = {"location": location["locationCode"], "bandwidth": bandwidth, "connectionName": world.name()}
    exchange = world.call("CreateConnection", params)
    world.adopt("connection", "CreateConnection", exchange, params, "owner")
    contract.accepted("locations.usable", exchange, f"an order of {bandwidth} at {location['locationCode']}")


@pytest.mark.rule("locations.port-speeds")
def test_port_speeds_are_written_as_documented(contract: Contract, world: World) -> None:
    """Tools compare the port speeds with the bandwidth of their order."""
    exchange, found = _listed(world)
    lists = [one["availablePortSpeeds"] for one in found if isinstance(one.get("availablePortSpeeds"), list)]
    if not lists:
        raise Indeterminate("no location shows port speeds")
    wrong = sorted({str(speed) for one in lists for speed in one if not SPEED.fullmatch(str(speed))})
    where = "/locations/*/availablePortSpeeds"
    contract.check("locations.port-speeds", not wrong, f"no port speeds: {wrong}", exchange, where=where)
    twice = [one for one in lists if len({str(speed) for speed in one}) < len(one)]
    contract.check("locations.port-speeds", not twice, f"speeds that occur twice: {twice[:1]}", exchange, where=where)


@pytest.mark.rule("locations.macsec-speeds")
def test_macsec_is_offered_at_speeds_that_exist(contract: Contract, world: World) -> None:
    """A port speed with MACsec that is not a port speed of the location cannot be ordered."""
    exchange, found = _listed(world)
    both = [one for one in found if speeds(one) and speeds(one, "availableMacSecPortSpeeds")]
    if not both:
        raise Indeterminate("no location shows port speeds both with and without MACsec")
    wrong = [one for one in both if not _within(speeds(one, "availableMacSecPortSpeeds"), one)]
    message = f"MACsec at speeds that the location has not: {wrong[:1]}"
    where = "/locations/*/availableMacSecPortSpeeds"
    contract.check("locations.macsec-speeds", not wrong, message, exchange, where=where)


@pytest.mark.rule("locations.billing-modes")
def test_billing_modes_cover_speeds_that_exist(contract: Contract, world: World) -> None:
    """A price for a port that the location does not offer misleads users."""
    exchange, found = _listed(world)
    with_modes = [one for one in found if at(one, MODES)]
    if not with_modes:
        raise Indeterminate("no location shows billing modes")
    nameless = [mode for one in with_modes for mode in at(one, MODES) if not at(mode, "/billingMode")]
    where = f"/locations/*{MODES}/billingMode"
    contract.check("locations.billing-modes", not nameless, f"no name: {nameless[:1]}", exchange, where=where)
    wrong = [
        (one.get("locationCode"), mode)
        for one in with_modes
        for mode in at(one, MODES)
        if speeds(one) and not _within(speeds(mode), one)
    ]
    where = f"/locations/*{MODES}/availablePortSpeeds"
    message = f"speeds that the location has not: {wrong[:1]}"
    contract.check("locations.billing-modes", not wrong, message, exchange, where=where)


def _listed(world: World) -> tuple[Exchange, list[dict[str, Any]]]:
    exchange = done(world.call("DescribeLocations"))
    found = [one for one in at(exchange.body, "/locations/*") if isinstance(one, dict)]
    if not found:
        raise Indeterminate("no location is listed")
    return exchange, found


def _within(offered: list[str] | None, location: dict[str, Any]) -> bool:
    return set(offered or ()) <= set(speeds(location) or ())
