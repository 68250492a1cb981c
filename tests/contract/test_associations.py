"""Associations of a Direct Connect gateway with virtual private and transit gateways: creation and description."""

import re
from typing import Any

import pytest
from hypothesis import given

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import VPC_CIDR, some_virtual_private_gateway, transit_gateway, virtual_private_gateway
from strategies.polling import poll
from strategies.valid_requests import arrange, prefixes
from strategies.world import Handle, World

CREATE = "CreateDirectConnectGatewayAssociation"
KINDS = {"vgw": "virtualPrivateGateway", "tgw": "transitGateway"}
PREFIXES = [{"cidr": "10.0.0.0/8"}]


@pytest.mark.rule(
    "associations.answer-members", "associations.id", "associations.gateway-echo", "associations.gateway-facts"
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_association_names_its_gateways(contract: Contract, world: World, kind: str) -> None:
    """For a gateway of another account, a reader has no other way to identify the association."""
    gateway, virtual = _two_gateways(world, kind)
    made = _associate(world, gateway, virtual, settle=False)
    described, item = world.observe(made)
    answers = [(made.made, _of(made.made)), *([(described, item)] if item is not None else [])]
    for exchange, one in answers:
        _complete(contract, exchange, one)
        named = (one.get("directConnectGatewayId"), _named(one, "id", "virtualGatewayId"))
        contract.check(
            "associations.gateway-echo",
            named == (gateway.id, virtual),
            f"asked to associate {(gateway.id, virtual)}, answered {named}",
            exchange,
        )
        facts = (
            _named(one, "region", "virtualGatewayRegion"),
            _named(one, "ownerAccount", "virtualGatewayOwnerAccount"),
            _inner(one).get("type") or KINDS[kind],
        )
        expected = (world.api.target.region, world.account_id("owner"), KINDS[kind])
        message = f"Region, owner and type of the gateway are {facts} and not {expected}"
        contract.check("associations.gateway-facts", facts == expected, message, exchange)
    contract.check(
        "associations.id",
        bool(re.fullmatch(str(made.resource.id_pattern), made.id)) and item is not None,
        f"the id {made.id!r} is no UUID, or the association is not described under it",
        made.made,
        described,
    )


@pytest.mark.rule("associations.legacy-members")
def test_older_members_name_the_same_gateway(contract: Contract, world: World) -> None:
    """Clients of 2018 read the older members and current clients the newer ones. Both must see one association."""
    gateway, virtual = _two_gateways(world)
    made = _associate(world, gateway, virtual)
    inner, older = _inner(_of(made.made)), _of(made.made)
    pairs = {
        "virtualGatewayId": "id",
        "virtualGatewayRegion": "region",
        "virtualGatewayOwnerAccount": "ownerAccount",
    }
    for old, new in pairs.items():
        contract.check(
            "associations.legacy-members",
            None in (older.get(old), inner.get(new)) or older[old] == inner[new],
            f"{old} is {older.get(old)} and associatedGateway.{new} is {inner.get(new)}",
            made.made,
            basis=older.get(old) and inner.get(new),
            where=f"/{old}",
        )


@pytest.mark.rule("associations.either-name")
@pytest.mark.parametrize("member", ["gatewayId", "virtualGatewayId"])
def test_either_member_names_the_virtual_private_gateway(contract: Contract, world: World, member: str) -> None:
    """Scripts of 2018 send the older member, and the current documentation shows the newer one."""
    gateway, virtual = _two_gateways(world)
    exchange = _asked(world, {"directConnectGatewayId": gateway, member: virtual})
    contract.check(
        "associations.either-name",
        exchange.succeeded and _named(_of(exchange), "id", "virtualGatewayId") == virtual,
        f"a request with {member} was answered {exchange.told()}",
        exchange,
        where=f"/{member}",
    )


@pytest.mark.rule("associations.gateway-needed")
def test_a_gateway_must_be_named(contract: Contract, world: World) -> None:
    """The model requires neither of the two members, so only the service can refuse the request."""
    gateway = arrange(world, "direct-connect-gateway")
    exchange = _asked(world, {"directConnectGatewayId": gateway})
    contract.refused("associations.gateway-needed", exchange, "an association with nothing")


@pytest.mark.rule("associations.prefixes-echo")
@given(wanted=prefixes())
def test_the_prefixes_are_those_that_were_asked_for(
    api: Api, contract: Contract, run_id: str, wanted: list[dict[str, str]]
) -> None:
    """The prefixes decide what the network at the other end can reach."""
    with World(api, run_id) as world:
        made = _associate(world, *_two_gateways(world), wanted)
        cidrs = sorted(prefix["cidr"] for prefix in wanted)
        described, item = world.described(made, lambda seen: sorted(_prefixes(seen)) == cidrs)
        for exchange, one in ((made.made, _of(made.made)), (described, item)):
            found = sorted(_prefixes(one))
            contract.check(
                "associations.prefixes-echo",
                found == sorted(prefix["cidr"] for prefix in wanted),
                f"asked for {wanted}, the allowed prefixes are {found}",
                made.made,
                exchange,
            )


@pytest.mark.rule("associations.prefixes-default")
def test_the_vpc_is_allowed_unless_told(contract: Contract, world: World) -> None:
    """Without prefixes the whole VPC is reachable; an empty list would mean that nothing is."""
    gateway = arrange(world, "direct-connect-gateway")
    made = _associate(world, gateway, virtual_private_gateway(world), None)
    exchange, item = world.described(made, lambda seen: bool(_prefixes(seen)), slowly=True)
    found = _prefixes(item)
    contract.check(
        "associations.prefixes-default",
        found == [VPC_CIDR],
        f"the VPC has {VPC_CIDR}; without prefixes in the request the association allows {found}",
        made.made,
        exchange,
    )


@pytest.mark.rule("associations.prefixes-malformed")
@pytest.mark.parametrize("cidr", ["10.0.0.0/33", "10.0.0.300/8", "10.0.0.0/", "anything"])
def test_a_prefix_that_is_none_is_refused(contract: Contract, world: World, cidr: str) -> None:
    """A malformed prefix would never be advertised, and users would notice only missing traffic."""
    gateway, virtual = _two_gateways(world)
    wrong = {"addAllowedPrefixesToDirectConnectGateway": [{"cidr": cidr}]}
    exchange = _asked(world, {"directConnectGatewayId": gateway, "gatewayId": virtual, **wrong})
    contract.refused("associations.prefixes-malformed", exchange, f"the allowed prefix {cidr!r}")
    made = _associate(world, *_two_gateways(world))
    exchange = world.call("UpdateDirectConnectGatewayAssociation", {"associationId": made, **wrong})
    contract.refused("associations.prefixes-malformed", exchange, f"the allowed prefix {cidr!r}")


@pytest.mark.rule("associations.prefixes-transit")
def test_a_transit_gateway_needs_prefixes(contract: Contract, world: World) -> None:
    """A transit gateway has no VPC whose CIDR blocks could be the default, so nothing would be advertised."""
    gateway, transit = _two_gateways(world, "tgw")
    exchange = _asked(world, {"directConnectGatewayId": gateway, "gatewayId": transit})
    contract.refused("associations.prefixes-transit", exchange, "a transit gateway without allowed prefixes")


@pytest.mark.rule("associations.transit-asn")
def test_a_transit_gateway_with_the_same_asn_is_not_associated(contract: Contract, world: World) -> None:
    """Both have the same default ASN. Without a refusal, routes would be dropped as loops."""
    gateway = arrange(world, "direct-connect-gateway", members={"amazonSideAsn": 64520})
    transit = transit_gateway(world, asn=64520)
    exchange = _asked(
        world,
        {
            "directConnectGatewayId": gateway,
            "gatewayId": transit,
            "addAllowedPrefixesToDirectConnectGateway": PREFIXES,
        },
    )
    if exchange.succeeded:
        made = world.handles[-1]
        after, item = poll(lambda: world.observe(made), lambda seen: _state(seen.item) != "associating")
        contract.check(
            "associations.transit-asn",
            _state(item) not in ("associated", "updating"),
            "gateways with the same ASN are associated",
            after,
            exchange,
            basis=_state(item),
        )
    else:
        contract.refused("associations.transit-asn", exchange, "gateways with the same ASN")


@pytest.mark.rule("associations.exclusive-kinds")
@pytest.mark.parametrize(("first", "second"), [("vgw", "tgw"), ("tgw", "vgw")])
def test_a_gateway_takes_one_kind_only(contract: Contract, world: World, first: str, second: str) -> None:
    """Virtual private gateways need private interfaces and transit gateways need transit interfaces."""
    gateway, virtual = _two_gateways(world, first)
    made = _associate(world, gateway, virtual)
    other = some_virtual_private_gateway(world) if second == "vgw" else transit_gateway(world)
    exchange = _asked(
        world,
        {"directConnectGatewayId": gateway, "gatewayId": other, "addAllowedPrefixesToDirectConnectGateway": PREFIXES},
    )
    what = f"a {KINDS[second]} on a gateway with a {KINDS[first]}"
    contract.refused("associations.exclusive-kinds", exchange, what, made.made, where=f"{first} then {second}")


@pytest.mark.rule("associations.vpc-needed")
def test_a_gateway_without_a_vpc_is_refused(contract: Contract, world: World) -> None:
    """Without a VPC there is no network to reach."""
    gateway = arrange(world, "direct-connect-gateway")
    loose = virtual_private_gateway(world, attached=False)
    exchange = _asked(world, {"directConnectGatewayId": gateway, "gatewayId": loose})
    contract.refused("associations.vpc-needed", exchange, "a virtual private gateway without a VPC")


@pytest.mark.rule("associations.one-gateway", "associations.refusal-atomic")
def test_a_virtual_private_gateway_has_one_association(contract: Contract, world: World) -> None:
    """A second association would advertise two equal routes to the same VPC."""
    gateway, virtual = _two_gateways(world)
    made = _associate(world, gateway, virtual)
    second = arrange(world, "direct-connect-gateway")
    before = world.seen()
    exchange = _asked(world, {"directConnectGatewayId": second, "gatewayId": virtual})
    if contract.refused("associations.one-gateway", exchange, "a second association", made.made):
        contract.check(
            "associations.refusal-atomic",
            world.seen_again(before) == before,
            "a second association was refused, and yet the first, or one of the gateways, has changed",
            exchange,
            basis=before,
        )


@pytest.mark.rule("associations.region")
def test_an_association_is_made_in_the_region_of_the_virtual_private_gateway(contract: Contract, world: World) -> None:
    """The virtual private gateway exists in one Region only, and provider configurations depend on it."""
    gateway, virtual = _two_gateways(world)
    params = {"directConnectGatewayId": gateway.id, "gatewayId": virtual}
    exchange = world.api.call(CREATE, params, region=world.api.target.other_region)
    world.adopt("gateway-association", CREATE, exchange, params, "owner")
    contract.refused("associations.region", exchange, "an association from another Region")


@pytest.mark.rule("associations.own-gateway")
def test_the_gateway_of_another_account_takes_a_proposal(contract: Contract, world: World) -> None:
    """Otherwise an account could advertise prefixes into the network of any other account."""
    foreign = arrange(world, "direct-connect-gateway", role="other")
    virtual = some_virtual_private_gateway(world)
    exchange = _asked(world, {"directConnectGatewayId": foreign, "gatewayId": virtual})
    contract.refused("associations.own-gateway", exchange, "an association with another account's gateway")


def _two_gateways(world: World, kind: str = "vgw") -> tuple[Handle, str]:
    """A Direct Connect gateway, and a virtual private or transit gateway that can be associated with it."""
    gateway = arrange(world, "direct-connect-gateway")
    world.api.permit(CREATE)
    return gateway, some_virtual_private_gateway(world) if kind == "vgw" else transit_gateway(world)


def _associate(
    world: World,
    gateway: Handle,
    virtual: str,
    wanted: list[dict[str, str]] | None = PREFIXES,
    settle: bool = True,
) -> Handle:
    params: dict[str, Any] = {"directConnectGatewayId": gateway, "gatewayId": virtual}
    if wanted is not None:
        params["addAllowedPrefixesToDirectConnectGateway"] = wanted
    return world.make("gateway-association", params, settle=settle)


def _asked(world: World, params: dict[str, Any]) -> Exchange:
    """Sends a request that may be refused; anything that it creates is deleted at the end."""
    exchange = world.call(CREATE, params)
    world.adopt("gateway-association", CREATE, exchange, params, "owner")
    return exchange


def _of(exchange: Exchange) -> Json:
    """The association in a response."""
    found = exchange.body.get("directConnectGatewayAssociation")
    return found if isinstance(found, dict) else {}


def _inner(item: Json) -> Json:
    found = item.get("associatedGateway")
    return found if isinstance(found, dict) else {}


def _named(item: Json, member: str, older: str) -> Any:
    """The description of the associated gateway in an association, from the newer member or else the older one."""
    return _inner(item).get(member) or item.get(older)


def _prefixes(item: Json) -> list[str]:
    found = item.get("allowedPrefixesToDirectConnectGateway")
    return [str(one.get("cidr")) for one in found] if isinstance(found, list) else []


def _state(item: Json | None) -> str | None:
    return None if item is None else item.get("associationState")


def _complete(contract: Contract, exchange: Exchange, item: Json) -> None:
    missing = [one for one in ("directConnectGatewayId", "associationState") if not item.get(one)]
    if not _named(item, "id", "virtualGatewayId") and not item.get("associatedCoreNetwork"):
        missing.append("associatedGateway, virtualGatewayId or associatedCoreNetwork")
    contract.check(
        "associations.answer-members", not missing, f"an association is answered without {missing}", exchange
    )
