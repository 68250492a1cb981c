"""Hosted connections: a partner moves them between ports, with their virtual interfaces."""

import functools

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.wire.exchange import Exchange
from strategies.observation import shows
from strategies.polling import poll
from strategies.resources.hosted_connections import allocated, carried, confirmed, port, private_interface, provided
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

KEPT = ("connectionId", "ownerAccount", "connectionName", "bandwidth", "vlan")
ADDRESSES = {"amazonAddress": "169.254.77.1/30", "customerAddress": "169.254.77.2/30", "addressFamily": "ipv4"}

TIMES = 3

ports = pytest.mark.parametrize("kind", ["interconnect", "lag"])


@pytest.mark.rule("hosted_connections.associate-moves")
@ports
def test_a_moved_one_is_listed_at_its_new_port(contract: Contract, world: World, kind: str) -> None:
    """Before maintenance of a port, a partner uses this list to check that no connection is left."""
    source, target = port(world, "interconnect"), port(world, kind)
    hosted = allocated(world, source, 7)
    move = done(_move(world, hosted, target))
    for place, parent, expected in (("target", target, True), ("source", source, False)):
        exchange, items = poll(
            functools.partial(carried, world, parent),
            lambda seen: (hosted.id in seen[1]) is expected,  # noqa: B023 - used within this turn of the loop
        )
        contract.check(
            "hosted_connections.associate-moves",
            (hosted.id in items) is expected,
            f"after the move it is {'not listed where it is' if expected else 'still listed where it was'}",
            move,
            exchange,
            where=place,
        )
    if kind == "lag":
        exchange, item = world.described(hosted, shows(lagId=target.id), slowly=True)
        contract.check(
            "hosted_connections.associate-moves",
            item.get("lagId") == target.id,
            f"lagId is {item.get('lagId')} after the move to {target.id}",
            move,
            exchange,
            where="/lagId",
        )


@pytest.mark.rule("hosted_connections.associate-keeps")
@ports
def test_a_moved_one_stays_what_it_is(contract: Contract, world: World, kind: str) -> None:
    """The router of the customer and its bills depend on these values."""
    hosted = allocated(world, port(world, "interconnect"), 7)
    _, before = world.described(hosted)
    kept = {member: before.get(member) for member in KEPT}
    move = done(_move(world, hosted, port(world, kind)))
    exchange, item = world.described(hosted, shows(**kept))
    for said, found in ((move, move.body), (exchange, item)):
        for member in KEPT:
            contract.check(
                "hosted_connections.associate-keeps",
                found.get(member) == kept[member],
                f"{member} was {kept[member]!r} and is {found.get(member)!r}",
                move,
                said,
                where=f"/{member}",
                basis=kept[member],
            )


@pytest.mark.rule("hosted_connections.associate-moves-interfaces")
@ports
def test_its_interface_moves_along(contract: Contract, world: World, kind: str) -> None:
    """A virtual interface that does not move would lose its traffic."""
    hosted = confirmed(world, port(world, "interconnect"), 7)
    interface = private_interface(world, hosted, 7)
    move = done(_move(world, hosted, port(world, kind)))
    exchange, item = world.described(interface, shows(connectionId=hosted.id), slowly=True)
    where = item.get("connectionId")
    contract.check(
        "hosted_connections.associate-moves-interfaces",
        where == hosted.id,
        f"the virtual interface is on {where}, and was on {hosted.id}",
        move,
        exchange,
    )


@pytest.mark.rule("hosted_connections.associate-vlan-conflict")
@ports
def test_none_moves_onto_a_taken_vlan(contract: Contract, world: World, kind: str) -> None:
    """Two customers with the same VLAN on one port would see each other's traffic."""
    target = port(world, kind)
    rival = allocated(world, target, 7)
    hosted = allocated(world, port(world, "interconnect"), 7)
    exchange = _move(world, hosted, target)
    contract.refused("hosted_connections.associate-vlan-conflict", exchange, "moved onto a taken VLAN", rival.made)


@pytest.mark.rule("hosted_connections.associate-address-conflict")
def test_none_moves_to_where_its_addresses_are_taken(contract: Contract, world: World) -> None:
    """Two BGP sessions with the same addresses on one port would disrupt both customers."""
    source, target = port(world, "interconnect"), port(world, "interconnect")
    hosted, rival = confirmed(world, source, 7), confirmed(world, target, 8)
    made = [private_interface(world, one, vlan, ADDRESSES).made for one, vlan in ((hosted, 7), (rival, 8))]
    exchange = _move(world, hosted, target)
    contract.refused("hosted_connections.associate-address-conflict", exchange, "moved onto taken addresses", *made)


@pytest.mark.rule("hosted_connections.associate-parent-kind")
@pytest.mark.parametrize("kind", ["connection", "hosted-connection"])
def test_none_moves_to_what_cannot_carry_it(contract: Contract, world: World, kind: str) -> None:
    """The new parent has no port for the connection."""
    hosted = allocated(world, port(world, "interconnect"), 7)
    exchange = _move(world, hosted, arrange(world, kind, role="partner"))
    contract.refused("hosted_connections.associate-parent-kind", exchange, f"moved to a {kind}")


@pytest.mark.rule("hosted_connections.associate-kind")
@pytest.mark.parametrize("kind", ["connection", "interconnect"])
def test_nothing_else_moves_like_a_hosted_connection(contract: Contract, world: World, kind: str) -> None:
    """A dedicated port has a physical cable, so the operation cannot move it."""
    plain = arrange(world, kind, role="partner")
    exchange = _move(world, plain, port(world, "interconnect"))
    contract.refused("hosted_connections.associate-kind", exchange, f"a {kind} moved like a hosted connection")


@pytest.mark.rule("hosted_connections.unconfirmed-waits")
@ports
def test_a_move_confirms_nothing(contract: Contract, world: World, kind: str) -> None:
    """The partner may move an unconfirmed connection, but only the owner may confirm it and be charged."""
    hosted, target = allocated(world, port(world, "interconnect"), 7), port(world, kind)
    move = done(_move(world, hosted, target))
    for exchange, found in ((move, move.body), *(provided(world, target, hosted) for _ in range(TIMES))):
        state = found.get("connectionState")
        message = f"nobody confirmed or declined it, and after a move it is {state}"
        contract.check("hosted_connections.unconfirmed-waits", state == "ordering", message, move, exchange)


def _move(world: World, hosted: Handle, target: Handle) -> Exchange:
    params = {"connectionId": hosted, "parentConnectionId": target}
    return world.call("AssociateHostedConnection", params, role="partner")
