"""Interconnects, the ports of partners: ordering, description and deletion."""

import re
from typing import Any

import pytest
from hypothesis import given

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.observation import shows
from strategies.pagination import listed_when, whole_list
from strategies.polling import poll
from strategies.resources.lags import bundle
from strategies.resources.tags import pairs
from strategies.valid_requests import Scene, arrange, done, least, merged, tags
from strategies.world import Handle, World

PARTNER: Role = "partner"
MEMBERS = ("interconnectId", "interconnectName", "interconnectState", "region", "location", "bandwidth")
ENDED = ("deleting", "deleted")


@pytest.mark.rule("interconnects.answer-members", "interconnects.id-form")
def test_an_interconnect_is_answered_completely(contract: Contract, world: World) -> None:
    """Later calls of a partner need the id, and its automation waits for the state."""
    interconnect = _ordered(world)
    described, item = world.described(interconnect)
    for exchange, found in ((interconnect.made, interconnect.made.body), (described, item)):
        for member in MEMBERS:
            there = found.get(member) not in (None, "")
            message = f"the interconnect has no {member}"
            contract.check("interconnects.answer-members", there, message, exchange, where=f"/{member}")
    form = re.fullmatch(r"dxcon-[a-z0-9]+", interconnect.id)
    message = f"interconnectId is {interconnect.id!r}"
    contract.check("interconnects.id-form", form is not None, message, interconnect.made, where="/interconnectId")


@pytest.mark.rule("interconnects.echo")
@pytest.mark.parametrize("bandwidth", ["1Gbps", "10Gbps"])
def test_an_interconnect_is_what_was_asked_for(contract: Contract, world: World, bandwidth: str) -> None:
    """A port with the wrong speed or location cannot be used."""
    interconnect = _ordered(world, bandwidth=bandwidth)
    described, item = world.described(interconnect)
    wanted = {**interconnect.params, "region": world.api.target.region}
    for exchange, found in ((interconnect.made, interconnect.made.body), (described, item)):
        for member in ("interconnectName", "bandwidth", "location", "region"):
            same = _plain(found.get(member), member) == _plain(wanted[member], member)
            message = f"{member} is {found.get(member)!r}, not {wanted[member]!r}"
            contract.check("interconnects.echo", same, message, interconnect.made, exchange, where=f"/{member}")


@pytest.mark.rule("interconnects.partner-only")
def test_who_is_no_partner_gets_no_interconnect(contract: Contract, world: World) -> None:
    """Users confuse this operation with CreateConnection, and AWS tells them that they are not partners."""
    params = least(Scene(world, world.spec.operation("CreateInterconnect")))
    exchange = world.call("CreateInterconnect", params, role="owner")
    world.adopt("interconnect", "CreateInterconnect", exchange, params, "owner")
    contract.refused("interconnects.partner-only", exchange, "an interconnect for an account that is no partner")


@pytest.mark.rule("interconnects.bandwidth-known", "interconnects.refusal-atomic")
@pytest.mark.parametrize("bandwidth", ["500Mbps", "2Gbps", "7Gbps", "fast"])
def test_a_bandwidth_that_no_port_has_is_refused(contract: Contract, world: World, bandwidth: str) -> None:
    """Hosted connections have bandwidths that ports do not have, so the error is common."""
    exchange = _refused_order(contract, world, {"bandwidth": bandwidth})
    contract.refused("interconnects.bandwidth-known", exchange, f"an interconnect of {bandwidth}")


@pytest.mark.rule("interconnects.location-known", "interconnects.refusal-atomic")
def test_a_location_that_does_not_exist_is_refused(contract: Contract, world: World) -> None:
    """A typing error in a location must not become an order."""
    exchange = _refused_order(contract, world, {"location": "DXCONTRACT-NOWHERE"})
    contract.refused("interconnects.location-known", exchange, "an interconnect at a location that does not exist")


@pytest.mark.rule("interconnects.lag-join")
def test_an_interconnect_can_be_ordered_into_a_lag(contract: Contract, world: World) -> None:
    """Only then does the interconnect end on the device of the LAG."""
    lag, _ = bundle(world, role=PARTNER)
    interconnect = _ordered(world, lagId=lag)
    described, item = world.described(interconnect, shows(lagId=lag.id))
    for exchange, found in ((interconnect.made, interconnect.made.body), (described, item)):
        message = f"lagId is {found.get('lagId')!r}; the interconnect was ordered in {lag.id}"
        contract.check("interconnects.lag-join", found.get("lagId") == lag.id, message, interconnect.made, exchange)


@pytest.mark.rule("interconnects.lag-join-bandwidth", "interconnects.refusal-atomic")
def test_an_interconnect_of_another_bandwidth_cannot_join_a_lag(contract: Contract, world: World) -> None:
    """LACP cannot bundle links of different speeds."""
    lag, _ = bundle(world, role=PARTNER)
    exchange = _refused_order(contract, world, {"bandwidth": "10Gbps", "lagId": lag})
    contract.refused("interconnects.lag-join-bandwidth", exchange, "an interconnect of 10Gbps in a LAG of 1Gbps")


@pytest.mark.rule("interconnects.listed", "interconnects.describe-one")
def test_an_interconnect_is_listed_and_found_by_its_id(contract: Contract, world: World) -> None:
    """The inventory of a partner uses the list, and its automation uses the id."""
    first, second = _ordered(world), _ordered(world)
    both = {first.id, second.id}
    whole, items = listed_when(
        world, "interconnect", lambda seen: both <= {item.get("interconnectId") for item in seen}, role=PARTNER
    )
    ids = [item.get("interconnectId") for item in items]
    message = "an interconnect that was just created is not among the account's interconnects"
    contract.check("interconnects.listed", first.id in ids and second.id in ids, message, second.made, whole)
    single = done(world.call("DescribeInterconnects", {"interconnectId": first}, role=PARTNER))
    found = at(single.body, "/interconnects/*/interconnectId")
    message = f"one interconnect was asked for, {len(found)} came"
    contract.check("interconnects.describe-one", found == [first.id], message, first.made, single)


@pytest.mark.rule("interconnects.not-idempotent")
def test_an_order_that_is_repeated_is_a_second_order(contract: Contract, world: World) -> None:
    """There is no client token, so a client that retries must know that it orders twice."""
    first = _ordered(world)
    again = [world.make("interconnect", first.params, role=PARTNER, settle=False) for _ in range(2)]
    count = len({one.id for one in (first, *again)})
    message = f"three equal requests for an interconnect were answered with {count}"
    exchanges = [one.made for one in (first, *again)]
    contract.check("interconnects.not-idempotent", count == len(exchanges), message, *exchanges)


@pytest.mark.rule("interconnects.tags-on-create")
@given(wanted=tags())
def test_an_interconnect_has_the_tags_of_its_order(
    api: Api, contract: Contract, run_id: str, wanted: list[Json]
) -> None:
    """Cost allocation and access policies need the tags from the creation on."""
    with World(api, run_id) as world:
        interconnect = _ordered(world, tags=wanted)
        exchange, item = world.described(interconnect, lambda seen: pairs(seen.get("tags")) == pairs(wanted))
        found = pairs(item.get("tags"))
        message = f"the interconnect was created with tags {pairs(wanted)} and has {found}"
        contract.check("interconnects.tags-on-create", found == pairs(wanted), message, interconnect.made, exchange)


@pytest.mark.rule("interconnects.delete-answer", "interconnects.deleted-gone")
@pytest.mark.parametrize("settle", [False, True], ids=["just-ordered", "in-use"])
def test_a_deleted_interconnect_is_gone_or_shown_as_deleted(contract: Contract, world: World, settle: bool) -> None:
    """A partner is charged until then, and the state is the only sign of the deletion."""
    interconnect = arrange(world, "interconnect", settle=settle)
    exchange = done(world.delete(interconnect))
    state = exchange.body.get("interconnectState")
    message = f"the state is {state!r} after the deletion"
    contract.check("interconnects.delete-answer", state in ENDED, message, exchange)
    seen = poll(lambda: world.observe(interconnect), lambda one: one.state in (None, *ENDED))
    message = f"an interconnect that was deleted is {seen.state}"
    ended = seen.item is None or seen.state in ENDED
    contract.check("interconnects.deleted-gone", ended, message, exchange, seen.exchange)


@pytest.mark.rule("interconnects.delete-kind", "interconnects.refusal-atomic")
def test_a_connection_is_not_deleted_as_an_interconnect(contract: Contract, world: World) -> None:
    """The ids have the same form, so a confused script must not delete the port of a customer."""
    connection = arrange(world, "connection", role=PARTNER)
    before = world.seen()
    exchange = world.call("DeleteInterconnect", {"interconnectId": connection}, role=PARTNER)
    contract.refused("interconnects.delete-kind", exchange, "deleting a connection as an interconnect", connection.made)
    _unchanged(contract, world, before, exchange)


@pytest.mark.rule("interconnects.delete-twice", "interconnects.refusal-atomic")
def test_a_deleted_interconnect_cannot_be_deleted_again(contract: Contract, world: World) -> None:
    """Automation that uses an old id must get an error."""
    interconnect = _ordered(world)
    done(world.delete(interconnect))
    _, item = poll(lambda: world.observe(interconnect), lambda seen: _state(seen.item) in ("deleted", "not described"))
    if _state(item) not in ("deleted", "not described"):
        raise Indeterminate(f"the interconnect was still {_state(item)} when the settle time was over")
    exchange = _refused_deletion(contract, world, interconnect, PARTNER)
    contract.refused("interconnects.delete-twice", exchange, "deleting an interconnect that was deleted")


@pytest.mark.rule("interconnects.refusal-atomic")
def test_an_interconnect_survives_a_deletion_that_is_refused(contract: Contract, world: World) -> None:
    """A refused deletion by another account must not disconnect the customers of a partner."""
    interconnect = _ordered(world)
    world.settle(interconnect)
    exchange = _refused_deletion(contract, world, interconnect, "other")
    if exchange.succeeded:
        raise Indeterminate("DeleteInterconnect by another account was not refused")


def _ordered(world: World, **members: Any) -> Handle:
    return arrange(world, "interconnect", members=members, settle=False)


def _refused_order(contract: Contract, world: World, changes: Json) -> Exchange:
    """Orders an interconnect with these members and checks that a refused order creates nothing."""
    params = merged(least(Scene(world, world.spec.operation("CreateInterconnect"))), changes)
    before = world.seen()
    exchange = world.call("CreateInterconnect", params, role=PARTNER)
    made = world.adopt("interconnect", "CreateInterconnect", exchange, params, PARTNER)
    if made is None and 400 <= exchange.status < 500:
        described, items = whole_list(world, "DescribeInterconnects", {}, "interconnects", role=PARTNER)
        found = [item for item in items if item.get("interconnectName") == params["interconnectName"]]
        message = f"the order was refused, and yet {len(found)} interconnects came of it"
        contract.check("interconnects.refusal-atomic", not found, message, described, exchange)
        message = "the order was refused, and yet something has changed"
        same = world.seen_again(before) == before
        contract.check("interconnects.refusal-atomic", same, message, exchange, basis=before)
    return exchange


def _refused_deletion(contract: Contract, world: World, interconnect: Handle, role: Role) -> Exchange:
    """Deletes an interconnect and checks that a refused deletion changes nothing."""
    before = world.seen()
    exchange = world.delete(interconnect, role=role)
    _unchanged(contract, world, before, exchange)
    return exchange


def _unchanged(contract: Contract, world: World, before: Any, exchange: Exchange) -> None:
    if 400 <= exchange.status < 500:
        message = "the deletion was refused, and yet something has changed"
        same = world.seen_again(before) == before
        contract.check("interconnects.refusal-atomic", same, message, exchange, basis=before)


def _state(item: Json | None) -> str:
    return str(item.get("interconnectState")) if item is not None else "not described"


def _plain(value: Any, member: str) -> Any:
    return value.lower() if member == "location" and isinstance(value, str) else value
