"""Virtual interfaces: moves to another connection or LAG, their conditions and their effects."""

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from strategies.observation import shows
from strategies.pagination import whole_list
from strategies.polling import confirm
from strategies.resources import virtual_interfaces as vif
from strategies.resources.hosted_connections import confirmed
from strategies.resources.virtual_interfaces import ALLOCATORS, CREATORS, PRIVATE, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

MOVE = "AssociateVirtualInterface"
KEPT = ("virtualInterfaceId", "ownerAccount", "virtualInterfaceName", "virtualInterfaceType", "vlan")


@pytest.mark.rule("virtual_interfaces.associate-moves", "virtual_interfaces.associate-keeps")
@pytest.mark.parametrize("kind", CREATORS, ids=lambda one: one.kind)
@pytest.mark.parametrize("target", ["connection", "lag"])
def test_it_moves_with_all_that_it_is(contract: Contract, world: World, kind: Maker, target: str) -> None:
    """After a migration the virtual interface must be on the new port only, with the same id."""
    source = arrange(world, "connection")
    handle = vif.made(world, kind, vif.request(world, kind, source), settle=True)
    _, before = world.described(handle)
    port = arrange(world, target)
    moved = done(world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": port}))
    exchange, item = world.described(handle, shows(connectionId=port.id), slowly=True)
    found = {"/connectionId": item.get("connectionId") == port.id}
    found["/there"] = confirm(lambda: handle.id in _on(world, port), bool)
    found["/here"] = confirm(lambda: handle.id not in _on(world, source), bool)
    for where, ok in found.items():
        message = {
            "/connectionId": f"it moved to the {target}, and its connectionId is another",
            "/there": f"it is not listed on the {target} to which it moved",
            "/here": "it is still listed on the connection that it left",
        }[where]
        contract.check("virtual_interfaces.associate-moves", ok, message, exchange, moved, where=where)
    for answer, shown in ((moved, moved.body), (exchange, item)):
        for member in KEPT:
            old, new = before.get(member), shown.get(member)
            message = f"{member} was {old!r} and is {new!r} after the move"
            contract.check(
                "virtual_interfaces.associate-keeps",
                old == new,
                message,
                moved,
                answer,
                where=f"/{member}",
                operation=MOVE,
                basis=old,
            )


@pytest.mark.rule("virtual_interfaces.associate-vlan-conflict")
@pytest.mark.parametrize("target", ["connection", "lag"])
def test_its_vlan_must_be_free_there(contract: Contract, world: World, target: str) -> None:
    """Two virtual interfaces with the same VLAN would mix the traffic of two customers."""
    port = arrange(world, target)
    there = vif.made(world, PRIVATE, vif.request(world, PRIVATE, port, vlan=700))
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE, vlan=700), settle=True)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": port})
    what = f"to a {target} on which its VLAN is taken"
    contract.refused("virtual_interfaces.associate-vlan-conflict", exchange, what, there.made, handle.made)


@pytest.mark.rule("virtual_interfaces.associate-address-conflict")
@pytest.mark.parametrize("target", ["connection", "lag"])
def test_its_addresses_must_be_free_there(contract: Contract, world: World, target: str) -> None:
    """A router cannot have two peers with the same address."""
    port = arrange(world, target)
    pair: Json = {"amazonAddress": "10.77.0.1/30", "customerAddress": "10.77.0.2/30"}
    there = vif.made(world, PRIVATE, vif.request(world, PRIVATE, port, vlan=701, **pair))
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE, vlan=702, **pair), settle=True)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": port})
    what = f"to a {target} on which its addresses are taken"
    contract.refused("virtual_interfaces.associate-address-conflict", exchange, what, there.made, handle.made)


@pytest.mark.rule("virtual_interfaces.associate-hosted-to-lag")
def test_it_does_not_leave_a_hosted_connection_for_a_lag(contract: Contract, world: World) -> None:
    """The capacity belongs to the partner, and the interface moves only with its hosted connection."""
    hosted = arrange(world, "hosted-connection")
    done(world.call("ConfirmConnection", {"connectionId": hosted}))
    world.settle(hosted, "available", "down")
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE, hosted, vlan=hosted.params["vlan"]), settle=True)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": arrange(world, "lag")})
    what = "from a hosted connection to a LAG"
    contract.refused("virtual_interfaces.associate-hosted-to-lag", exchange, what, handle.made)


@pytest.mark.rule("virtual_interfaces.associate-between-hosted")
def test_it_does_not_leave_a_hosted_connection_for_another(contract: Contract, world: World) -> None:
    """Each hosted connection is a separate service with the VLAN that its partner assigned."""
    here, there = (confirmed(world, arrange(world, "interconnect"), 101) for _ in range(2))
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE, here, vlan=101), settle=True)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": there})
    what = "from a hosted connection to another with the same VLAN"
    contract.refused("virtual_interfaces.associate-between-hosted", exchange, what, handle.made)


@pytest.mark.rule("virtual_interfaces.associate-target-owner")
@pytest.mark.parametrize("target", ["connection", "lag"])
def test_the_target_must_be_ones_own(contract: Contract, world: World, target: str) -> None:
    """An account must not move traffic to the port of another account."""
    foreign = arrange(world, target, role="other")
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE), settle=True)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": foreign})
    what = f"to the {target} of another account"
    contract.refused("virtual_interfaces.associate-target-owner", exchange, what, handle.made)


@pytest.mark.rule("virtual_interfaces.associate-requester")
def test_a_stranger_cannot_move_it(contract: Contract, world: World) -> None:
    """Otherwise an account could take over the virtual interface of another."""
    own = arrange(world, "connection", role="other")
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE), settle=True)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": own}, role="other")
    what = "by an account that owns neither the interface nor its connection"
    contract.refused("virtual_interfaces.associate-requester", exchange, what, handle.made, where="/stranger")


@pytest.mark.rule("virtual_interfaces.associate-requester")
@pytest.mark.parametrize("role", ["owner", "other"])
def test_either_owner_can_move_it(contract: Contract, world: World, role: Role) -> None:
    """The owner of the port must be able to clear it, and the owner of the interface must be able to leave it."""
    allocator = ALLOCATORS[0]
    handle = vif.made(world, allocator, vif.request(world, allocator), settle=True)
    operation, params = vif.confirmation(world, "private", handle)
    done(world.call(operation, params, role="other"))
    world.settle(handle)
    port = arrange(world, "connection", role=role)
    exchange = world.call(MOVE, {"virtualInterfaceId": handle, "connectionId": port}, role=role)
    what = "by the owner of the interface" if role == "other" else "by the owner of its connection"
    contract.accepted("virtual_interfaces.associate-requester", exchange, what, handle.made, where=f"/{role}")


def _on(world: World, port: Handle) -> list[str]:
    _, items = whole_list(world, "DescribeVirtualInterfaces", {"connectionId": port}, "virtualInterfaces")
    return [str(item.get("virtualInterfaceId")) for item in items]
