"""Creates items in any paged list."""

from collections.abc import Callable, Mapping
from typing import Final

from dxcontract.spec.json_pointer import at
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from strategies.ec2 import some_virtual_private_gateway
from strategies.pagination import Listing, whole_list
from strategies.polling import confirm
from strategies.resources.hosted_connections import allocated
from strategies.resources.resiliency_groups import available_group
from strategies.valid_requests import arrange, done
from strategies.world import Arn, Handle, World

_UNFILTERED: Final[Mapping[str, str]] = {
    "DescribeConnections": "connection",
    "DescribeDirectConnectGateways": "direct-connect-gateway",
    "DescribeInterconnects": "interconnect",
    "DescribeLags": "lag",
    "ListResiliencyGroups": "resiliency-group",
}


def listing(world: World, operation: str, count: int) -> Listing:
    """Creates this many items in the list that `operation` returns.

    Raises:
        Unsupported, Indeterminate: the target does not allow them.
    """
    what = _unfiltered(world, operation, count) if operation in _UNFILTERED else _FILTERED[operation](world, count)

    def whole() -> set[str]:
        _, items = whole_list(world, operation, what.params, what.member, role=what.role)
        return {what.id_of(item) for item in items}

    confirm(whole, lambda found: set(what.own) <= found)  # a new item may be listed a moment later
    return what


def _unfiltered(world: World, operation: str, count: int) -> Listing:
    handles = [arrange(world, _UNFILTERED[operation], settle=False) for _ in range(count)]
    resource = handles[0].resource
    describe = resource.describe
    assert describe is not None
    return Listing(
        operation,
        describe.list,
        resource.id,
        tuple(handle.id for handle in handles),
        role=handles[0].role,
        one={describe.filter: handles[0]} if describe.filter else None,
    )


def _hosted(world: World, count: int) -> Listing:
    parent = arrange(world, "interconnect")
    made = [allocated(world, parent, 100 + number) for number in range(count)]
    own = tuple(handle.id for handle in made)
    return Listing(
        "DescribeHostedConnections", "connections", "connectionId", own, {"connectionId": parent}, parent.role
    )


def _interfaces(world: World, count: int) -> tuple[Handle, Handle, tuple[str, ...]]:
    connection = arrange(world, "connection")
    gateway = arrange(world, "direct-connect-gateway")
    shared = {"/connectionId": connection, "/newPrivateVirtualInterface/directConnectGatewayId": gateway}
    made = [
        arrange(
            world,
            "virtual-interface",
            shared=shared,
            members={"newPrivateVirtualInterface": {"vlan": 100 + number}},
            settle=False,
        )
        for number in range(count)
    ]
    return connection, gateway, tuple(handle.id for handle in made)


def _virtual_interfaces(world: World, count: int) -> Listing:
    connection, _, own = _interfaces(world, count)
    params = {"connectionId": connection}
    return Listing("DescribeVirtualInterfaces", "virtualInterfaces", "virtualInterfaceId", own, params)


def _attachments(world: World, count: int) -> Listing:
    _, gateway, own = _interfaces(world, count)
    params = {"directConnectGatewayId": gateway}
    member = "directConnectGatewayAttachments"
    return Listing("DescribeDirectConnectGatewayAttachments", member, "virtualInterfaceId", own, params)


def _associations(world: World, count: int) -> Listing:
    gateway = arrange(world, "direct-connect-gateway")
    own = _on_gateway(world, gateway, "gateway-association", "owner", count)
    member = "directConnectGatewayAssociations"
    params = {"directConnectGatewayId": gateway}
    return Listing("DescribeDirectConnectGatewayAssociations", member, "associationId", own, params)


def _proposals(world: World, count: int) -> Listing:
    gateway = arrange(world, "direct-connect-gateway")
    own = _on_gateway(world, gateway, "association-proposal", "other", count)
    member = "directConnectGatewayAssociationProposals"
    params = {"directConnectGatewayId": gateway}
    return Listing("DescribeDirectConnectGatewayAssociationProposals", member, "proposalId", own, params, "other")


def _on_gateway(world: World, gateway: Handle, kind: str, role: Role, count: int) -> tuple[str, ...]:
    used: tuple[str, ...] = ()
    made = []
    for _ in range(count):
        used = (*used, some_virtual_private_gateway(world, role, but=used))
        shared = {"/directConnectGatewayId": gateway, "/gatewayId": used[-1]}
        made.append(arrange(world, kind, shared=shared, members={"gatewayId": used[-1]}, settle=False))
    return tuple(handle.id for handle in made)


def _group_associations(world: World, count: int) -> Listing:
    group = available_group(world)
    connections = [arrange(world, "connection") for _ in range(count)]
    params = {"resiliencyGroupId": group, "connectionIdentifiers": connections}
    done(world.call("AssociateConnectionsToResiliencyGroup", params))
    own = tuple(world.resolved(Arn(connection)) for connection in connections)
    return Listing("ListResiliencyGroupAssociations", "items", "connectionArn", own, {"resiliencyGroupId": group})


def _test_history(world: World, count: int) -> Listing:
    interface = arrange(world, "virtual-interface")
    params = {"virtualInterfaceId": interface}
    own: list[str] = []
    for _ in range(count):
        world.settle(interface, "available")
        started = done(world.call("StartBgpFailoverTest", params))
        own += map(str, at(started.body, "/virtualInterfaceTest/testId"))
        done(world.call("StopBgpFailoverTest", params))
    if len(set(own)) != count:
        raise Indeterminate("StartBgpFailoverTest, which this test needs first, gave no distinct testId")
    return Listing("ListVirtualInterfaceTestHistory", "virtualInterfaceTestHistory", "testId", tuple(own), params)


def _routes(world: World, count: int) -> Listing:
    interface = arrange(world, "virtual-interface")
    params = {"virtualInterfaceId": interface}
    known = Listing("ListVirtualInterfaceRoutes", "routes", "", (), params)
    _, items = whole_list(world, known.operation, params, known.member)
    own = tuple(known.id_of(item) for item in items)
    if len(set(own)) < count:
        raise Indeterminate(f"the target lists {len(own)} routes for a new virtual interface; {count} are needed")
    return Listing(known.operation, known.member, known.identity, own, params)


_FILTERED: Final[Mapping[str, Callable[[World, int], Listing]]] = {
    "DescribeDirectConnectGatewayAssociationProposals": _proposals,
    "DescribeDirectConnectGatewayAssociations": _associations,
    "DescribeDirectConnectGatewayAttachments": _attachments,
    "DescribeHostedConnections": _hosted,
    "DescribeVirtualInterfaces": _virtual_interfaces,
    "ListResiliencyGroupAssociations": _group_associations,
    "ListVirtualInterfaceRoutes": _routes,
    "ListVirtualInterfaceTestHistory": _test_history,
}
