"""Hosted connections: what their owner can create on them, and what the partner can see."""

from typing import Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire.exchange import Exchange
from strategies.resources.hosted_connections import allocated, confirmed, port, private_interface, provided
from strategies.valid_requests import Scene, done, least, merged
from strategies.world import Arn, Handle, World

CREATE: Final = {
    "CreatePrivateVirtualInterface": "newPrivateVirtualInterface",
    "CreatePublicVirtualInterface": "newPublicVirtualInterface",
    "CreateTransitVirtualInterface": "newTransitVirtualInterface",
}
ALLOCATE: Final = {
    "AllocatePrivateVirtualInterface": "newPrivateVirtualInterfaceAllocation",
    "AllocatePublicVirtualInterface": "newPublicVirtualInterfaceAllocation",
    "AllocateTransitVirtualInterface": "newTransitVirtualInterfaceAllocation",
}
MAKE: Final = {**CREATE, **ALLOCATE}


def asked_for(world: World, operation: str, hosted: Handle, vlan: int) -> Exchange:
    """The response to a request for a virtual interface with this VLAN on a hosted connection."""
    scene = Scene(world, world.spec.operation(operation), taken={"/connectionId": hosted})
    params = merged(least(scene), {MAKE[operation]: {"vlan": vlan}})
    exchange = world.call(operation, params)
    world.keep(exchange)
    return exchange


@pytest.mark.rule("hosted_connections.interface-accepted")
@pytest.mark.parametrize("operation", CREATE)
def test_it_carries_an_interface_on_its_vlan(contract: Contract, world: World, operation: str) -> None:
    """This is the purpose of a hosted connection."""
    hosted = confirmed(world, port(world, "interconnect"), 7)
    exchange = asked_for(world, operation, hosted, 7)
    what = "a virtual interface with the VLAN that the partner assigned"
    contract.accepted("hosted_connections.interface-accepted", exchange, what, hosted.made)


@pytest.mark.rule("hosted_connections.one-interface")
@pytest.mark.parametrize("operation", MAKE)
def test_it_carries_one_interface(contract: Contract, world: World, operation: str) -> None:
    """A dedicated connection allows more, so a plan with two virtual interfaces must fail early."""
    hosted = confirmed(world, port(world, "interconnect"), 7)
    first = private_interface(world, hosted, 7)
    exchange = asked_for(world, operation, hosted, 7)  # the only VLAN that it has: no other reason to refuse
    contract.refused("hosted_connections.one-interface", exchange, "a second virtual interface", first.made)


@pytest.mark.rule("hosted_connections.interface-vlan")
@pytest.mark.parametrize("operation", CREATE)
def test_its_interface_has_its_vlan(contract: Contract, world: World, operation: str) -> None:
    """The partner forwards only that VLAN, so with another VLAN the interface would stay down."""
    hosted = confirmed(world, port(world, "interconnect"), 7)
    exchange = asked_for(world, operation, hosted, 8)
    contract.refused("hosted_connections.interface-vlan", exchange, "VLAN 8, where the partner assigned 7", hosted.made)


@pytest.mark.rule("hosted_connections.no-macsec")
def test_it_takes_no_macsec_keys(contract: Contract, world: World) -> None:
    """The port belongs to the partner, and a success would imply that the traffic is encrypted."""
    hosted = confirmed(world, port(world, "interconnect"), 7)
    scene = Scene(world, world.spec.operation("AssociateMacSecKey"), taken={"/connectionId": hosted})
    exchange = world.call("AssociateMacSecKey", least(scene))
    contract.refused("hosted_connections.no-macsec", exchange, "a MACsec key for a hosted connection")


@pytest.mark.rule("hosted_connections.tags-owner-only")
def test_the_partner_does_not_see_its_tags(contract: Contract, world: World) -> None:
    """Tags of the customer reveal projects and cost centers."""
    interconnect = port(world, "interconnect")
    hosted = allocated(world, interconnect, 7)
    tag = {"key": "dxcontract-secret", "value": world.name()}
    tagging = done(world.call("TagResource", {"resourceArn": Arn(hosted), "tags": [tag]}))
    exchange, item = provided(world, interconnect, hosted)
    shown = item.get("tags")
    contract.check(
        "hosted_connections.tags-owner-only",
        not shown or tag not in shown,
        "the partner is shown a tag that the owner gave",
        tagging,
        exchange,
        basis=at(world.call("DescribeTags", {"resourceArns": [Arn(hosted)]}).body, "/resourceTags/*/tags/*"),
    )
