"""Lists that come in pages: some of one's own items in them, and walking them with pages of a given size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.pagination import whole_list
from strategies.polling import confirm
from strategies.resources.ec2 import some_virtual_private_gateway
from strategies.resources.hosted_connections import allocated
from strategies.resources.resiliency_groups import available_group
from strategies.valid_requests import arrange, done
from strategies.world import Arn, Handle, World

MOST_PAGES: Final = 2000
IDLE_PAGES: Final = 20
"""After so many pages in a row with nothing new, the list is taken to have no end."""

_UNFILTERED: Final[Mapping[str, str]] = {
    "DescribeConnections": "connection",
    "DescribeDirectConnectGateways": "direct-connect-gateway",
    "DescribeInterconnects": "interconnect",
    "DescribeLags": "lag",
    "ListResiliencyGroups": "resiliency-group",
}


@dataclass(frozen=True)
class Listing:
    """A list with items of one's own: who asks for it, how, and how an item is told from others.

    `params` narrow the list down to the items that were made here, where the operation can do that.
    """

    operation: str
    member: str
    identity: str
    own: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    role: Role = "owner"
    one: Mapping[str, Any] | None = None
    """Parameters that narrow a list without other filters down to the first item of `own`."""

    def ids(self, exchange: Exchange) -> list[str]:
        """What is on one page."""
        items = [item for item in at(exchange.body, f"/{self.member}/*") if isinstance(item, dict)]
        return [self.id_of(item) for item in items]

    def id_of(self, item: Json) -> str:
        return str(item.get(self.identity)) if self.identity else str(sorted(item.items()))


@dataclass
class Walk:
    """Pages in the order in which they came; `ended` when the last one had no token."""

    exchanges: list[Exchange] = field(default_factory=list)
    pages: list[list[str]] = field(default_factory=list)
    ended: bool = False

    @property
    def found(self) -> list[str]:
        return [one for page in self.pages for one in page]


def listing(world: World, operation: str, count: int) -> Listing:
    """So many new items in the list that `operation` answers.

    Raises:
        Unsupported, Indeterminate: they cannot be had on this target.
    """
    what = _unfiltered(world, operation, count) if operation in _UNFILTERED else _FILTERED[operation](world, count)

    def whole() -> set[str]:
        _, items = whole_list(world, operation, what.params, what.member, role=what.role)
        return {what.id_of(item) for item in items}

    confirm(whole, lambda found: set(what.own) <= found)  # a new item may be listed a moment later
    return what


def walk(world: World, what: Listing, size: int, params: Mapping[str, Any] | None = None) -> Walk:
    """All pages of at most `size` items.

    Raises:
        Indeterminate: a page was refused, or there are too many.
    """
    asked = {**world.resolved(what.params if params is None else params), "maxResults": size}
    walked = Walk()
    seen: set[str] = set()
    idle = 0
    while len(walked.pages) < MOST_PAGES:
        exchange = done(world.api.call(what.operation, asked, role=what.role))
        page = what.ids(exchange)
        walked.exchanges.append(exchange)
        walked.pages.append(page)
        token = exchange.body.get("nextToken")
        if not isinstance(token, str) or not token:
            walked.ended = True
            return walked
        idle = 0 if set(page) - seen else idle + 1
        if idle == IDLE_PAGES:
            return walked
        seen.update(page)
        asked = {**asked, "nextToken": token}
    raise Indeterminate(f"{what.operation} goes on for more than {MOST_PAGES} pages of {size}")


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
