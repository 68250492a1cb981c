"""Direct Connect gateways: creation, ASNs, renaming and deletion; and the list of virtual private gateways."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import virtual_private_gateway
from strategies.observation import shows
from strategies.pagination import listed_when, whole_list
from strategies.polling import confirm, poll
from strategies.resources.tags import described_when, pairs
from strategies.valid_requests import arrange, done, tags
from strategies.world import Handle, World

MEMBERS = (
    "directConnectGatewayId",
    "directConnectGatewayName",
    "amazonSideAsn",
    "ownerAccount",
    "directConnectGatewayState",
)
CHANGING = {"directConnectGatewayState", "stateChangeError"}
BOUNDS = (64512, 65534, 4200000000, 4294967294)
OUTSIDE = st.one_of(
    st.sampled_from([7224, 64511, 65535, 4199999999, 4294967295]),
    st.integers(1, 64511),
    st.integers(65535, 4199999999),
    st.integers(4294967295, 2**62),
)


@pytest.mark.rule("gateways.answer-members", "gateways.id-form", "gateways.owner")
def test_a_new_gateway_is_complete(contract: Contract, world: World) -> None:
    """Infrastructure code stores the response to the creation, so a missing member is never known."""
    gateway = arrange(world, "direct-connect-gateway")
    item = _of(gateway.made)
    _complete(contract, gateway.made, item)
    contract.check(
        "gateways.id-form",
        bool(re.fullmatch(str(gateway.resource.id_pattern), gateway.id)),
        f"the id of a new gateway is {gateway.id!r}, which is no UUID",
        gateway.made,
    )
    contract.check(
        "gateways.owner",
        item.get("ownerAccount") == world.account_id("owner"),
        f"a gateway that {world.account_id('owner')} created belongs to {item.get('ownerAccount')}",
        gateway.made,
    )


@pytest.mark.rule("gateways.answer-members")
def test_later_answers_are_complete_too(contract: Contract, world: World) -> None:
    """Tools refresh their state from the latest response."""
    gateway = arrange(world, "direct-connect-gateway")
    exchange, item = world.described(gateway)
    _complete(contract, exchange, item)
    renamed = done(world.call("UpdateDirectConnectGateway", _naming(gateway, world.name())))
    _complete(contract, renamed, _of(renamed))
    deleted = done(world.delete(gateway))
    _complete(contract, deleted, _of(deleted))


@pytest.mark.rule("gateways.echo")
@given(asn=st.one_of(st.integers(64512, 65534), st.integers(4200000000, 4294967294)))
def test_a_gateway_has_the_name_and_asn_that_were_asked_for(
    api: Api, contract: Contract, run_id: str, asn: int
) -> None:
    """Routers are configured with the ASN, which is one side of every BGP session on the gateway."""
    with World(api, run_id) as world:
        gateway = arrange(world, "direct-connect-gateway", members={"amazonSideAsn": asn})
        name = gateway.params["directConnectGatewayName"]
        exchange, item = world.described(gateway, shows(directConnectGatewayName=name, amazonSideAsn=asn))
        for answer, one in ((gateway.made, _of(gateway.made)), (exchange, item)):
            for member, wanted in (("directConnectGatewayName", name), ("amazonSideAsn", asn)):
                found = one.get(member)
                message = f"{member} is {found!r} and not {wanted!r}"
                contract.check("gateways.echo", found == wanted, message, gateway.made, answer, where=f"/{member}")


@pytest.mark.rule("gateways.asn-default")
def test_the_asn_of_a_gateway_is_64512_unless_told(contract: Contract, world: World) -> None:
    """A transit gateway has the same default and two equal ASNs cannot be associated, so users rely on it."""
    gateway = arrange(world, "direct-connect-gateway", members={"amazonSideAsn": None})
    asn = _of(gateway.made).get("amazonSideAsn")
    contract.check("gateways.asn-default", asn == 64512, f"a gateway without an ASN got {asn}", gateway.made)


@pytest.mark.rule("gateways.asn-range")
@given(asn=OUTSIDE)
def test_an_asn_that_is_not_private_is_refused(api: Api, contract: Contract, run_id: str, asn: int) -> None:
    """AWS would advertise routes with an ASN that belongs to another organization."""
    with World(api, run_id) as world:
        params = {"directConnectGatewayName": world.name(), "amazonSideAsn": asn}
        exchange = world.call("CreateDirectConnectGateway", params)
        world.adopt("direct-connect-gateway", "CreateDirectConnectGateway", exchange, params, "owner")
        contract.refused("gateways.asn-range", exchange, f"an Amazon-side ASN of {asn}")


@pytest.mark.rule("gateways.refusal-atomic")
def test_a_refused_creation_leaves_nothing(contract: Contract, world: World) -> None:
    """A gateway that nobody knows of counts towards the quota."""
    arrange(world, "direct-connect-gateway")
    before, name = world.seen(), world.name()
    exchange = world.call("CreateDirectConnectGateway", {"directConnectGatewayName": name, "amazonSideAsn": 7224})
    after, items = whole_list(world, "DescribeDirectConnectGateways", {}, "directConnectGateways")
    if not exchange.succeeded:
        made = name in [one.get("directConnectGatewayName") for one in items]
        contract.check(
            "gateways.refusal-atomic",
            not made and world.seen_again(before) == before,
            f"a creation was refused, and yet {'the gateway is there' if made else 'another gateway has changed'}",
            after,
            exchange,
        )


@pytest.mark.rule("gateways.asn-bounds")
@pytest.mark.parametrize("asn", BOUNDS)
def test_the_outermost_private_asns_are_accepted(contract: Contract, world: World, asn: int) -> None:
    """Off-by-one errors are the most common errors in ranges."""
    params = {"directConnectGatewayName": world.name(), "amazonSideAsn": asn}
    exchange = world.call("CreateDirectConnectGateway", params)
    world.adopt("direct-connect-gateway", "CreateDirectConnectGateway", exchange, params, "owner")
    contract.accepted("gateways.asn-bounds", exchange, f"an Amazon-side ASN of {asn}", where=f"/{asn}")


@pytest.mark.rule("gateways.listed", "gateways.describe-one")
def test_a_gateway_is_found_in_the_list_and_by_its_id(contract: Contract, world: World) -> None:
    """Data sources look up a gateway by name in the list and then by id, and must get the same gateway."""
    gateway, another = (arrange(world, "direct-connect-gateway") for _ in range(2))

    def times(items: list[Json]) -> list[int]:
        return [[one.get("directConnectGatewayId") for one in items].count(made.id) for made in (gateway, another)]

    every, items = listed_when(world, "direct-connect-gateway", lambda seen: times(seen) == [1, 1])
    listed = [one for one in items if one.get("directConnectGatewayId") == gateway.id]
    ok, message = times(items) == [1, 1], f"two new gateways are listed {times(items)} times"
    contract.check("gateways.listed", ok, message, every)
    single, items = whole_list(
        world, "DescribeDirectConnectGateways", {"directConnectGatewayId": gateway}, "directConnectGateways"
    )
    ids = [one.get("directConnectGatewayId") for one in items]
    contract.check("gateways.describe-one", ids == [gateway.id], f"asked for {gateway.id}, answered {ids}", single)
    if listed and len(items) == 1:
        contract.check(
            "gateways.describe-one",
            _lasting(items[0]) == _lasting(listed[0]),
            f"a gateway is {_lasting(listed[0])} in the list and {_lasting(items[0])} by itself",
            every,
            single,
            where="/directConnectGateways/*",
        )


@pytest.mark.rule("gateways.global")
def test_a_gateway_is_the_same_in_every_region(contract: Contract, world: World) -> None:
    """The purpose of a gateway is to connect Regions."""
    gateway = arrange(world, "direct-connect-gateway")
    here, item = world.described(gateway)

    def shown(answer: Exchange) -> list[Json]:
        return [_lasting(one) for one in at(answer.body, "/directConnectGateways/*") if isinstance(one, dict)]

    there = confirm(
        lambda: done(_in_other_region(world, "DescribeDirectConnectGateways", gateway)),
        lambda seen: shown(seen) == [_lasting(item)],
    )
    contract.check(
        "gateways.global",
        shown(there) == [_lasting(item)],
        f"the gateway is {_lasting(item)} in one Region and {shown(there)} in another",
        here,
        there,
    )


@pytest.mark.rule("gateways.global-delete")
def test_a_gateway_can_be_deleted_from_another_region(contract: Contract, world: World) -> None:
    """A gateway is global and does not exist once per Region."""
    gateway = arrange(world, "direct-connect-gateway")
    exchange = _in_other_region(world, "DeleteDirectConnectGateway", gateway)
    contract.accepted("gateways.global-delete", exchange, "deleting a gateway from another Region", gateway.made)
    if exchange.succeeded:
        seen = poll(lambda: world.observe(gateway), lambda one: one.item is None)
        contract.check(
            "gateways.global-delete",
            seen.state in (None, "deleting"),
            f"after its deletion in another Region the gateway is {seen.state}",
            exchange,
            seen.exchange,
            basis=seen.item is None or seen.state,
        )


@pytest.mark.rule("gateways.rename", "gateways.rename-preserves")
def test_a_gateway_has_its_new_name_and_is_otherwise_the_same(contract: Contract, world: World) -> None:
    """Terraform renames a gateway in place, and any other change appears as drift."""
    gateway = arrange(world, "direct-connect-gateway")
    before, name = _of(gateway.made), world.name()
    renamed = done(world.call("UpdateDirectConnectGateway", _naming(gateway, name)))
    described, item = world.described(gateway, shows(directConnectGatewayName=name))
    for exchange, after in ((renamed, _of(renamed)), (described, item)):
        found = after.get("directConnectGatewayName")
        contract.check("gateways.rename", found == name, f"renamed to {name}, it is called {found}", renamed, exchange)
    after = _of(renamed)
    kept = ("directConnectGatewayId", "amazonSideAsn", "ownerAccount")
    contract.check(
        "gateways.rename-preserves",
        [before.get(one) for one in kept] == [after.get(one) for one in kept],
        f"{kept} were {[before.get(one) for one in kept]} and are {[after.get(one) for one in kept]} after renaming",
        gateway.made,
        renamed,
        basis=[before.get(one) for one in kept],
    )


@pytest.mark.rule("gateways.not-idempotent")
def test_two_equal_requests_make_two_gateways(contract: Contract, world: World) -> None:
    """Without a client token a repeated request is not safe, and a client would lose track of a gateway."""
    params = {"directConnectGatewayName": world.name()}
    first = world.make("direct-connect-gateway", params)
    exchange = world.call("CreateDirectConnectGateway", params)
    second = world.adopt("direct-connect-gateway", "CreateDirectConnectGateway", exchange, params, "owner")
    contract.check(
        "gateways.not-idempotent",
        second is not None and second.id != first.id,
        f"the same request again was answered {exchange.told()} and gave {second.id if second else 'no gateway'}",
        first.made,
        exchange,
    )


@pytest.mark.rule("gateways.delete-answer", "gateways.deleted-hidden")
def test_a_deleted_gateway_says_so_and_disappears(contract: Contract, world: World) -> None:
    """Clients poll until the gateway is no longer listed."""
    gateway = arrange(world, "direct-connect-gateway")
    exchange = done(world.delete(gateway))
    item = _of(exchange)
    found = (item.get("directConnectGatewayId"), item.get("directConnectGatewayState"))
    contract.check(
        "gateways.delete-answer",
        found in ((gateway.id, "deleting"), (gateway.id, "deleted")),
        f"deleting {gateway.id} answered {found}",
        exchange,
    )
    seen = poll(lambda: world.observe(gateway), lambda one: one.item is None)
    contract.check(
        "gateways.deleted-hidden",
        seen.state in (None, "deleting"),
        f"a deleted gateway is still described as {seen.state}",
        exchange,
        seen.exchange,
        basis=seen.item is None or seen.state,
    )


@pytest.mark.rule("gateways.delete-in-use")
def test_a_gateway_in_use_survives_its_deletion(contract: Contract, world: World) -> None:
    """AWS was observed to accept the request and restore the gateway. The traffic must continue in any case."""
    gateway = arrange(world, "direct-connect-gateway")
    on_it = {"newPrivateVirtualInterface": {"directConnectGatewayId": gateway}}
    arrange(world, "virtual-interface", members=on_it)
    exchange = world.call("DeleteDirectConnectGateway", {"directConnectGatewayId": gateway})
    after, item = poll(
        lambda: world.observe(gateway),
        lambda seen: not seen.item or seen.item.get(gateway.resource.state) == "available",
    )
    contract.check(
        "gateways.delete-in-use",
        item is not None and (exchange.succeeded or exchange.error_type == "DirectConnectClientException"),
        f"deleting a gateway with a virtual interface was answered {exchange.told()}; it is {item or 'gone'}",
        after,
        exchange,
    )


@pytest.mark.rule("gateways.delete-twice")
def test_a_gateway_that_is_gone_cannot_be_deleted(contract: Contract, world: World) -> None:
    """Tools use this refusal to tell a finished deletion from a failed one."""
    gateway = arrange(world, "direct-connect-gateway")
    done(world.delete(gateway))
    exchange, item = poll(lambda: world.observe(gateway), lambda seen: seen.item is None)
    if item is None:
        again = world.call("DeleteDirectConnectGateway", {"directConnectGatewayId": gateway})
        contract.refused("gateways.delete-twice", again, "deleting a gateway that is not described any more", exchange)


@pytest.mark.rule("gateways.no-error-when-available")
def test_an_available_gateway_tells_of_no_error(contract: Contract, world: World) -> None:
    """The message states why a state change failed, so without a failure it is a false alarm."""
    gateway = arrange(world, "direct-connect-gateway")
    exchange, item = world.described(gateway)
    error = item.get("stateChangeError")
    contract.check("gateways.no-error-when-available", not error, f"a new gateway tells of an error: {error}", exchange)


@pytest.mark.rule("gateways.tags-on-create")
@given(wanted=tags())
def test_a_gateway_has_the_tags_of_its_creation(
    api: Api, contract: Contract, run_id: str, wanted: list[dict[str, str]]
) -> None:
    """Policies that require tags apply from the creation on."""
    with World(api, run_id) as world:
        gateway = arrange(world, "direct-connect-gateway", members={"tags": wanted})
        exchange, found = described_when(world, gateway, lambda seen: seen == pairs(wanted))
        contract.check(
            "gateways.tags-on-create",
            found == pairs(wanted),
            f"created with the tags {wanted}, the gateway has {found}",
            gateway.made,
            exchange,
        )


@pytest.mark.rule("gateways.prefix-pool-total")
def test_the_total_of_inbound_prefixes_is_the_sum(contract: Contract, world: World) -> None:
    """Users plan the quota of a gateway with this number."""
    gateway = arrange(world, "direct-connect-gateway")
    allocation = {"prefixPoolAllocatedCountIpv4": 40, "prefixPoolAllocatedCountIpv6": 20}
    arrange(
        world,
        "virtual-interface",
        members={"newPrivateVirtualInterface": {"directConnectGatewayId": gateway, **allocation}},
    )
    exchange, item = world.described(gateway, lambda seen: seen.get("totalPrefixPoolAllocations") in (None, 60))
    total = item.get("totalPrefixPoolAllocations")
    contract.check(
        "gateways.prefix-pool-total",
        total in (None, 60),
        f"one virtual interface has 40 and 20 inbound prefixes; the total of the gateway is {total}",
        exchange,
        basis=total,
    )


@pytest.mark.rule("gateways.virtual-gateway-members", "gateways.virtual-gateway-listed")
def test_a_virtual_private_gateway_is_listed(contract: Contract, world: World) -> None:
    """Users of Direct Connect find the gateways for a virtual interface in this list."""
    world.api.permit("DescribeVirtualGateways")
    made = virtual_private_gateway(world, attached=False)

    def mine(items: list[Json]) -> list[Json]:
        return [one for one in items if one.get("virtualGatewayId") == made]

    exchange, items = confirm(
        lambda: whole_list(world, "DescribeVirtualGateways", {}, "virtualGateways"),
        lambda seen: len(mine(seen[1])) == 1,
    )
    own = mine(items)
    contract.check(
        "gateways.virtual-gateway-listed",
        len(own) == 1,
        f"the virtual private gateway {made} of the account is listed {len(own)} times",
        exchange,
    )
    for one in own:
        state = one.get("virtualGatewayState")
        contract.check(
            "gateways.virtual-gateway-members",
            state in ("pending", "available", "deleting", "deleted"),
            f"the state of a virtual private gateway is {state!r}",
            exchange,
        )


@pytest.mark.rule("gateways.virtual-gateway-members")
def test_all_that_is_listed_are_virtual_private_gateways(contract: Contract, world: World) -> None:
    """A virtual interface cannot be created directly on a transit gateway."""
    exchange, items = whole_list(world, "DescribeVirtualGateways", {}, "virtualGateways")
    odd = [one for one in items if not str(one.get("virtualGatewayId", "")).startswith("vgw-")]
    contract.check(
        "gateways.virtual-gateway-members", not odd, f"listed without an id that begins with vgw-: {odd}", exchange
    )


def _of(exchange: Exchange) -> Json:
    """The gateway in a response."""
    found = exchange.body.get("directConnectGateway")
    return found if isinstance(found, dict) else {}


def _complete(contract: Contract, exchange: Exchange, item: Json) -> None:
    missing = [one for one in MEMBERS if item.get(one) in (None, "")]
    contract.check("gateways.answer-members", not missing, f"a gateway is answered without {missing}", exchange)


def _lasting(item: Json) -> Json:
    """The members of a gateway that do not change without a request."""
    return {name: value for name, value in item.items() if name not in CHANGING}


def _naming(gateway: Handle, name: str) -> dict[str, Any]:
    return {"directConnectGatewayId": gateway, "newDirectConnectGatewayName": name}


def _in_other_region(world: World, operation: str, gateway: Handle) -> Exchange:
    return world.api.call(operation, {"directConnectGatewayId": gateway.id}, region=world.api.target.other_region)
