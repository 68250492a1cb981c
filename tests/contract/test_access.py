"""Access between accounts: an account can neither see nor change the resources of another account."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.pagination import listed, visible
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import AccountId, Arn, Handle, World

# The rule, the kind of resource, and an account to which it is none of its business.
HIDDEN: Final[Mapping[str, tuple[str, Role]]] = {
    "access.connection-hidden": ("connection", "other"),
    "access.gateway-hidden": ("direct-connect-gateway", "other"),
    "access.hosted-connection-hidden": ("hosted-connection", "other"),
    "access.interconnect-hidden": ("interconnect", "other"),
    "access.lag-hidden": ("lag", "other"),
    "access.proposal-hidden": ("association-proposal", "partner"),
    "access.virtual-interface-hidden": ("virtual-interface", "other"),
}
FOREIGN: Final = {
    "DeleteConnection": "access.connection-foreign-change",
    "UpdateConnection": "access.connection-foreign-change",
    "DeleteInterconnect": "access.interconnect-foreign-change",
    "DeleteLag": "access.lag-foreign-change",
    "UpdateLag": "access.lag-foreign-change",
    "CreateBGPPeer": "access.virtual-interface-foreign-change",
    "DeleteBGPPeer": "access.virtual-interface-foreign-change",
    "DeleteVirtualInterface": "access.virtual-interface-foreign-change",
    "UpdateVirtualInterfaceAttributes": "access.virtual-interface-foreign-change",
    "DeleteDirectConnectGateway": "access.gateway-foreign-change",
    "UpdateDirectConnectGateway": "access.gateway-foreign-change",
    "DeleteResiliencyGroup": "access.resiliency-group-foreign-change",
    "UpdateResiliencyGroup": "access.resiliency-group-foreign-change",
    "TagResource": "access.tags-foreign-change",
    "UntagResource": "access.tags-foreign-change",
    "AssociateMacSecKey": "access.macsec-foreign",
    "DisassociateMacSecKey": "access.macsec-foreign",
    "UpdateConnectionsBillingMode": "access.billing-foreign",
}
SECRET: Final = {"DescribeLoa": "access.loa-foreign", "DescribeRouterConfiguration": "access.router-foreign"}


@pytest.mark.parametrize(
    ("rule", "kind", "role"),
    [
        pytest.param(*one, marks=pytest.mark.rule(one[0]), id=one[1])
        for one in ((rule, kind, role) for rule, (kind, role) in HIDDEN.items())
    ],
)
def test_it_is_not_shown_to_strangers(contract: Contract, world: World, rule: str, kind: str, role: Role) -> None:
    """Ids, names and addresses are private to an account, even if another account knows or guesses an id."""
    handle = arrange(world, kind)
    own = world.observe(handle).item
    exchange, item = world.observe(handle, role=role)
    _unseen(contract, rule, handle, exchange, item, "by-id", own)
    exchange, item = listed(world, handle, role=role)
    _unseen(contract, rule, handle, exchange, item, "in-list", own)


@pytest.mark.rule("access.virtual-interface-hidden")
def test_an_allocated_interface_is_not_shown_to_strangers(contract: Contract, world: World) -> None:
    """Only its owner and the owner of the connection may see an allocated virtual interface."""
    interface = arrange(world, "virtual-interface", operation="AllocatePrivateVirtualInterface", settle=False)
    own = world.observe(interface).item
    exchange, item = world.observe(interface, role="partner")
    _unseen(contract, "access.virtual-interface-hidden", interface, exchange, item, "by-id", own)
    exchange, item = listed(world, interface, role="partner")
    _unseen(contract, "access.virtual-interface-hidden", interface, exchange, item, "in-list", own)


@pytest.mark.rule("access.association-hidden")
def test_an_association_is_not_shown_to_strangers(contract: Contract, world: World) -> None:
    """An association reveals which networks can be reached, and their prefixes."""
    association = arrange(world, "gateway-association")
    gateway = association.params["directConnectGatewayId"]
    for member, value in (("associationId", association), ("directConnectGatewayId", gateway)):
        asked = "DescribeDirectConnectGatewayAssociations", {member: value}, "directConnectGatewayAssociations"
        exchange, items = visible(world, *asked, role="other")
        found = next((one for one in items if one.get("associationId") == association.id), None)
        own = [one for one in visible(world, *asked)[1] if one.get("associationId") == association.id]
        _unseen(contract, "access.association-hidden", association, exchange, found, f"by-{member}", own)


@pytest.mark.rule("access.attachment-hidden")
def test_an_attachment_is_not_shown_to_strangers(contract: Contract, world: World) -> None:
    """An attachment reveals which accounts are connected through which gateway."""
    interface = arrange(world, "virtual-interface")
    gateway = interface.params["newPrivateVirtualInterface"]["directConnectGatewayId"]
    for member, value in (("virtualInterfaceId", interface), ("directConnectGatewayId", gateway)):
        asked = "DescribeDirectConnectGatewayAttachments", {member: value}, "directConnectGatewayAttachments"
        exchange, items = visible(world, *asked, role="other")
        found = next((one for one in items if one.get("virtualInterfaceId") == interface.id), None)
        own = [one for one in visible(world, *asked)[1] if one.get("virtualInterfaceId") == interface.id]
        _unseen(contract, "access.attachment-hidden", interface, exchange, found, f"by-{member}", own)


@pytest.mark.rule("access.resiliency-group-hidden")
def test_a_resiliency_group_is_not_shown_to_strangers(contract: Contract, world: World) -> None:
    """A resiliency group reveals how an account protects itself against failures."""
    group = arrange(world, "resiliency-group")
    exchange = world.call("GetResiliencyGroup", {"resiliencyGroupId": group}, role="other")
    contract.refused("access.resiliency-group-hidden", exchange, "the resiliency group of another account")
    exchange, item = listed(world, group, role="other")
    own = listed(world, group)[1]
    _unseen(contract, "access.resiliency-group-hidden", group, exchange, item, "in-list", own)


@pytest.mark.rule("access.tags-hidden")
def test_tags_are_not_shown_to_strangers(contract: Contract, world: World) -> None:
    """Tags reveal projects, people and costs."""
    connection = arrange(world, "connection")
    arn, tag = Arn(connection), {"key": "dxcontract", "value": world.name()}
    tagging = done(world.call("TagResource", {"resourceArn": arn, "tags": [tag]}))
    exchange = world.call("DescribeTags", {"resourceArns": [arn]}, role="other")
    contract.check(
        "access.tags-hidden",
        exchange.refused or tag not in at(exchange.body, "/resourceTags/*/tags/*"),
        "another account is shown the tags of a connection",
        tagging,
        exchange,
        basis=at(world.call("DescribeTags", {"resourceArns": [arn]}).body, "/resourceTags/*/tags/*"),
    )


@pytest.mark.parametrize(
    ("operation", "rule"), [pytest.param(*one, marks=pytest.mark.rule(one[1]), id=one[0]) for one in SECRET.items()]
)
def test_documents_are_not_given_to_strangers(contract: Contract, world: World, operation: str, rule: str) -> None:
    """A letter lets its holder have the port cabled, and a router configuration contains the BGP key."""
    params = least(Scene(world, world.spec.operation(operation)))
    own = done(world.call(operation, params))
    exchange = world.call(operation, params, role="other")
    contract.refused(rule, exchange, "asked for by an account that owns nothing of it", own)


@pytest.mark.parametrize(
    ("operation", "rule"), [pytest.param(*one, marks=pytest.mark.rule(one[1]), id=one[0]) for one in FOREIGN.items()]
)
def test_strangers_change_nothing(contract: Contract, world: World, operation: str, rule: str) -> None:
    """An account that could change the resources of another could disconnect its network."""
    scene = Scene(world, world.spec.operation(operation))
    params = least(scene)
    scene.before()
    before = world.seen()
    exchange = world.call(operation, params, role="other")
    unchanged = world.seen_again(before) == before
    # Of a request that its owner cannot make either, the refusal says nothing about strangers.
    own = world.call(operation, params, role=scene.caller) if exchange.refused else None
    allowed = own is None or own.succeeded or None
    contract.refused(rule, exchange, "done by an account that owns nothing of it", basis=allowed)
    contract.check(
        rule,
        unchanged,
        "after the attempt of a stranger it is not as it was",
        exchange,
        where="effect",
        basis=allowed and before,
    )


@pytest.mark.rule("access.interconnect-foreign-allocate")
@pytest.mark.parametrize("operation", ["AllocateHostedConnection", "AllocateConnectionOnInterconnect"])
def test_strangers_allocate_nothing(contract: Contract, world: World, operation: str) -> None:
    """Only the owner of a port may sell its capacity."""
    params = {**least(Scene(world, world.spec.operation(operation))), "ownerAccount": AccountId("other")}
    exchange = world.call(operation, params, role="other")
    own = world.call(operation, {**params, "ownerAccount": AccountId("owner")}, role="partner")
    world.adopt("hosted-connection", operation, own, params, "partner")
    what, basis = "on the interconnect of another account", own.succeeded or None
    contract.refused("access.interconnect-foreign-allocate", exchange, what, basis=basis)


@pytest.mark.rule("access.lag-foreign-membership")
def test_strangers_join_no_lag(contract: Contract, world: World) -> None:
    """A foreign port in a LAG would carry the traffic of the LAG's owner."""
    lag, connection = arrange(world, "lag"), arrange(world, "connection", role="other")
    params = {"lagId": lag, "connectionId": connection}
    _stays(contract, world, "AssociateConnectionWithLag", params, "a connection of its own joined to another's LAG")


@pytest.mark.rule("access.lag-foreign-membership")
def test_strangers_dissolve_no_lag(contract: Contract, world: World) -> None:
    """An account that can remove ports from a foreign LAG can take the LAG down."""
    scene = Scene(world, world.spec.operation("DisassociateConnectionFromLag"))
    params = least(scene)
    scene.before()
    _stays(contract, world, "DisassociateConnectionFromLag", params, "another's connection taken out of its LAG")


@pytest.mark.rule("access.gateway-foreign-use")
@pytest.mark.parametrize(
    ("operation", "pointer"),
    [
        pytest.param(name, pointer, id=name)
        for name, pointer in (
            ("CreatePrivateVirtualInterface", "/newPrivateVirtualInterface/directConnectGatewayId"),
            ("CreateTransitVirtualInterface", "/newTransitVirtualInterface/directConnectGatewayId"),
            ("ConfirmPrivateVirtualInterface", "/directConnectGatewayId"),
            ("ConfirmTransitVirtualInterface", "/directConnectGatewayId"),
        )
    ],
)
def test_strangers_do_not_use_a_gateway(contract: Contract, world: World, operation: str, pointer: str) -> None:
    """An attachment to a gateway gives access to the networks behind it."""
    gateway = arrange(world, "direct-connect-gateway")
    scene = Scene(world, world.spec.operation(operation), "other", {pointer: gateway})
    params = least(scene)
    exchange = world.call(operation, params, role="other")
    if operation.startswith("Create"):
        world.adopt("virtual-interface", operation, exchange, params, "other")
    contract.refused("access.gateway-foreign-use", exchange, "with the gateway of another account", gateway.made)


def _unseen(
    contract: Contract, rule: str, handle: Handle, exchange: Exchange, item: Json | None, where: str, own: object
) -> None:
    """Checks that a resource is hidden; `own` is what the owner sees, so that a resource that nobody sees does not
    pass.
    """
    message = f"an account that it does not concern is shown this {handle.kind} {where}"
    contract.check(rule, item is None, message, handle.made, exchange, where=where, basis=own)


def _stays(contract: Contract, world: World, operation: str, params: Mapping[str, Any], what: str) -> None:
    before = world.seen()
    exchange = world.call(operation, params, role="other")
    contract.refused("access.lag-foreign-membership", exchange, what)
    contract.check(
        "access.lag-foreign-membership",
        world.seen_again(before) == before,
        "after the attempt of a stranger the LAG, or the connection, is not as it was",
        exchange,
        where="effect",
        basis=before,
    )
