"""Lifecycles of all kinds of resource: the state observer checks every state from creation to deletion.

The checks are those of `dxcontract.oracle.state_observer`, which also observes all other contract tests. These tests
follow each lifecycle as far as requests can cause it, so that its rules are always checked.
"""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Operation
from strategies.polling import confirm
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import World

INITIAL_AND_TRANSITIONS = {
    "connection": "connection",
    "interconnect": "interconnect",
    "lag": "lag",
    "virtual-interface": "virtual-interface",
    "direct-connect-gateway": "gateway",
    "gateway-association": "association",
    "association-proposal": "proposal",
    "resiliency-group": "resiliency-group",
}
CREATES = [specs.load().operation(name) for name in specs.load().rule("lifecycles.ids-unique").operations]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind, marks=pytest.mark.rule(f"lifecycles.{name}-initial", f"lifecycles.{name}-transitions"), id=name
        )
        for kind, name in INITIAL_AND_TRANSITIONS.items()
    ],
)
def test_a_resource_goes_the_way_of_its_lifecycle(contract: Contract, world: World, kind: str) -> None:
    """Automation waits for the next state; an impossible state makes it wait for ever or act too early."""
    handle = arrange(world, kind)
    before = world.observe(handle).state
    exchange = done(world.delete(handle))
    # The observer lets a read be late; here it is waited for.
    after = confirm(lambda: world.observe(handle), lambda seen: seen.state != before)
    contract.check(
        f"lifecycles.{INITIAL_AND_TRANSITIONS[kind]}-transitions",
        after.state != before,
        f"its deletion was answered {exchange.told()}, and it stays {before}",
        exchange,
        after.exchange,
        where=f"->{before}",
    )


@pytest.mark.rule("lifecycles.connection-initial", "lifecycles.connection-transitions")
def test_a_hosted_connection_goes_the_way_of_its_lifecycle(world: World) -> None:
    """The connection waits for its owner, who confirms or declines it."""
    for operation in ("ConfirmConnection", "DeleteConnection"):
        connection = arrange(world, "hosted-connection")
        done(world.call(operation, {"connectionId": connection}))
        world.observe(connection)


@pytest.mark.rule("lifecycles.virtual-interface-initial", "lifecycles.virtual-interface-transitions")
@pytest.mark.parametrize("kind", ["Private", "Public", "Transit"])
def test_an_allocated_interface_goes_the_way_of_its_lifecycle(world: World, kind: str) -> None:
    """The virtual interface waits for its owner, who confirms or declines it."""
    operation = world.spec.operation(f"Confirm{kind}VirtualInterface")
    for ending in (operation.name, "DeleteVirtualInterface"):
        scene = Scene(world, operation)
        params = least(scene)
        interface = scene.take("/virtualInterfaceId")
        done(
            world.call(ending, params if ending == operation.name else {"virtualInterfaceId": interface}, role="other")
        )
        world.observe(interface)


@pytest.mark.rule(
    "lifecycles.bgp-peer-initial",
    "lifecycles.bgp-peer-transitions",
    "lifecycles.attachment-initial",
    "lifecycles.attachment-transitions",
)
def test_peers_and_attachments_go_the_way_of_their_lifecycles(contract: Contract, world: World) -> None:
    """Peers and attachments start and end with their virtual interface."""
    scene = Scene(world, world.spec.operation("DeleteBGPPeer"))
    params = least(scene)
    interface = scene.take("/virtualInterfaceId")
    first = done(world.call("DescribeDirectConnectGatewayAttachments", {"virtualInterfaceId": interface}))
    states = at(first.body, "/directConnectGatewayAttachments/*/attachmentState")
    contract.check(
        "lifecycles.attachment-initial",
        bool(states) and set(states) <= {"attaching", "attached"},
        f"the attachment of a new interface is first seen as {states}",
        first,
    )
    world.call("DescribeDirectConnectGatewayAttachments", {"virtualInterfaceId": interface})
    world.observe(interface)
    done(world.call("DeleteBGPPeer", params))
    world.observe(interface)
    done(world.delete(interface))
    world.call("DescribeDirectConnectGatewayAttachments", {"virtualInterfaceId": interface})


@pytest.mark.rule("lifecycles.virtual-gateway-transitions")
def test_virtual_gateways_go_the_way_of_their_lifecycle(world: World) -> None:
    """EC2 creates and deletes them, and Direct Connect only describes them."""
    for _ in range(2):
        done(world.call("DescribeVirtualGateways"))


@pytest.mark.rule("lifecycles.macsec-key-initial", "lifecycles.macsec-key-transitions")
def test_a_macsec_key_goes_the_way_of_its_lifecycle(world: World) -> None:
    """The link is encrypted only while a key is associated."""
    scene = Scene(world, world.spec.operation("DisassociateMacSecKey"))
    params = least(scene)
    scene.before()
    for _ in range(2):
        world.observe(scene.take("/connectionId"))
    done(world.call("DisassociateMacSecKey", params))
    world.observe(scene.take("/connectionId"))


@pytest.mark.rule("lifecycles.failover-test-initial", "lifecycles.failover-test-transitions")
def test_a_failover_test_goes_the_way_of_its_lifecycle(world: World) -> None:
    """A test that is shown as complete while sessions are down hides an outage."""
    scene = Scene(world, world.spec.operation("StopBgpFailoverTest"))
    params = least(scene)
    scene.before()
    world.call("ListVirtualInterfaceTestHistory", params)
    done(world.call("StopBgpFailoverTest", params))
    for _ in range(3):  # the first one may be late
        world.call("ListVirtualInterfaceTestHistory", params)


@pytest.mark.rule(
    "lifecycles.resiliency-group-association-initial", "lifecycles.resiliency-group-association-transitions"
)
def test_a_group_membership_goes_the_way_of_its_lifecycle(world: World) -> None:
    """A connection that is still associating does not count for the resiliency of the group."""
    scene = Scene(world, world.spec.operation("DisassociateConnectionsFromResiliencyGroup"))
    params = least(scene)
    scene.before()
    group = {"resiliencyGroupId": params["resiliencyGroupId"]}
    for _ in range(2):
        world.call("ListResiliencyGroupAssociations", group)
    done(world.call("DisassociateConnectionsFromResiliencyGroup", params))
    world.call("ListResiliencyGroupAssociations", group)


@pytest.mark.rule("lifecycles.resiliency-group-initial", "lifecycles.resiliency-group-transitions")
def test_a_resiliency_group_read_by_itself_goes_the_way_of_its_lifecycle(world: World) -> None:
    """Lists and single reads must agree."""
    group = arrange(world, "resiliency-group")
    for _ in range(2):
        done(world.call("GetResiliencyGroup", {"resiliencyGroupId": group}))
    done(world.delete(group))
    world.call("GetResiliencyGroup", {"resiliencyGroupId": group})


@pytest.mark.rule("lifecycles.identity-stable")
def test_a_resource_keeps_its_owner_and_region(contract: Contract, world: World) -> None:
    """An id that later identifies another resource misleads every client that stores it."""
    connection = arrange(world, "connection")
    _, first = world.observe(connection)
    done(world.call("UpdateConnection", {"connectionId": connection, "connectionName": world.name()}))
    exchange, second = world.observe(connection)
    same = first is not None and second is not None and first.get("region") == second.get("region")
    message, basis = "the connection's region changed with its name", first and first.get("region")
    contract.check("lifecycles.identity-stable", same, message, exchange, basis=basis)


@pytest.mark.rule("lifecycles.ids-unique")
@pytest.mark.parametrize("operation", CREATES, ids=str)
def test_ids_are_unique_however_fast_things_are_made(contract: Contract, world: World, operation: Operation) -> None:
    """If two resources share an id, deleting one deletes the other."""
    scene = Scene(world, operation)
    params = least(scene)
    answers = [done(world.call(operation.name, _numbered(params, number), role=scene.caller)) for number in range(4)]
    kind = operation.traits.resource
    handles = [world.adopt(kind, operation.name, answer, params, scene.caller) for answer in answers]
    ids = [handle.id for handle in handles if handle is not None]
    contract.check(
        "lifecycles.ids-unique",
        len(ids) == len(set(ids)) == len(answers),
        "equal requests within a second were given one id",
        *answers,
    )


def _numbered(tree: Any, number: int) -> Any:
    """The request with the members incremented that must differ between two resources (VLAN, addresses)."""
    if not isinstance(tree, dict):
        return tree
    differing = {
        "vlan": 100 + number,
        "amazonAddress": f"175.45.176.{4 * number + 1}/30",
        "customerAddress": f"175.45.176.{4 * number + 2}/30",
    }
    return {name: differing.get(name, _numbered(value, number)) for name, value in tree.items()}
