"""Attachments: the virtual interfaces that are attached to a Direct Connect gateway."""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.pagination import whole_list
from strategies.polling import confirm, poll
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

DESCRIBE = "DescribeDirectConnectGatewayAttachments"
LIST = "directConnectGatewayAttachments"
TYPES = {"Private": "PrivateVirtualInterface", "Transit": "TransitVirtualInterface"}
MEMBERS = (
    "directConnectGatewayId",
    "virtualInterfaceId",
    "virtualInterfaceRegion",
    "virtualInterfaceOwnerAccount",
    "attachmentState",
)
ENDING = ("detaching", "detached")


@pytest.mark.rule(
    "attachments.by-creation", "attachments.answer-members", "attachments.type", "attachments.interface-facts"
)
@pytest.mark.parametrize("kind", TYPES)
def test_a_new_virtual_interface_is_attached(contract: Contract, world: World, kind: str) -> None:
    """The owner of a gateway uses this list to see who sends traffic to it."""
    gateway = arrange(world, "direct-connect-gateway")
    interface = _interface(world, gateway, kind=kind)
    exchange, item = _seen(world, interface)
    contract.check(
        "attachments.by-creation",
        _is_on(item, gateway),
        f"a {kind.lower()} virtual interface was created on {gateway.id}; its attachment is {item}",
        interface.made,
        exchange,
    )
    if item is not None:
        missing = [one for one in MEMBERS if not item.get(one)]
        contract.check(
            "attachments.answer-members", not missing, f"an attachment is answered without {missing}", exchange
        )
        given = item.get("attachmentType")
        contract.check(
            "attachments.type",
            given is None or str(given).lower() == TYPES[kind].lower(),
            f"the attachment of a {kind.lower()} virtual interface is a {given}",
            exchange,
            basis=given,
        )
        _names_its_interface(contract, world, exchange, item, "owner")


@pytest.mark.rule("attachments.by-confirmation", "attachments.interface-facts")
@pytest.mark.parametrize("kind", TYPES)
def test_an_allocated_interface_is_attached_when_confirmed(contract: Contract, world: World, kind: str) -> None:
    """Nobody may attach a virtual interface to a gateway before its owner confirms."""
    world.api.permit(f"Confirm{kind}VirtualInterface")
    operation = f"Allocate{kind}VirtualInterface"
    interface = arrange(world, "virtual-interface", operation=operation, settle=False)
    gateway = arrange(world, "direct-connect-gateway", role="other")
    early, items = _attachments(world, {"directConnectGatewayId": gateway}, role="other")
    contract.check("attachments.by-confirmation", not items, f"attached before it was confirmed: {items}", early)
    params = {"virtualInterfaceId": interface, "directConnectGatewayId": gateway}
    confirmed = done(world.call(f"Confirm{kind}VirtualInterface", params, role="other"))
    exchange, item = _seen(world, interface)
    contract.check(
        "attachments.by-confirmation",
        _is_on(item, gateway),
        f"an interface was confirmed with {gateway.id}; its attachment is {item}",
        confirmed,
        exchange,
    )
    if item is not None:
        _names_its_interface(contract, world, exchange, item, "other")


@pytest.mark.rule("attachments.describe-need")
def test_a_description_needs_something_to_describe(contract: Contract, world: World) -> None:
    """Unlike other lists, this list never returns everything."""
    exchange = world.call(DESCRIBE)
    contract.refused("attachments.describe-need", exchange, "a request that names no gateway and no interface")


@pytest.mark.rule(
    "attachments.describe-by-gateway", "attachments.describe-by-interface", "attachments.describe-by-both"
)
def test_attachments_are_found_by_what_they_join(contract: Contract, world: World) -> None:
    """Clients list attachments before they delete a gateway; a missing one makes the deletion fail unexpectedly."""
    one, two = (arrange(world, "direct-connect-gateway") for _ in range(2))
    connection = arrange(world, "connection")
    made = [_interface(world, gateway, connection, vlan) for vlan, gateway in enumerate((one, one, two), start=101)]
    for interface in made:
        _seen(world, interface)

    def look(rule: str, params: dict[str, Any], expected: list[Handle]) -> None:
        def ids(items: list[Json]) -> list[str]:
            return sorted(str(item.get("virtualInterfaceId")) for item in items)

        wanted = sorted(each.id for each in expected)
        exchange, items = confirm(lambda: _attachments(world, params), lambda seen: ids(seen[1]) == wanted)
        found = ids(items)
        contract.check(rule, found == wanted, f"found the attachments of {found} and not {wanted}", exchange)

    look("attachments.describe-by-gateway", {"directConnectGatewayId": one}, made[:2])
    look("attachments.describe-by-interface", {"virtualInterfaceId": made[1]}, made[1:2])
    both = {"directConnectGatewayId": one, "virtualInterfaceId": made[1]}
    look("attachments.describe-by-both", both, made[1:2])
    none = world.call(DESCRIBE, {"directConnectGatewayId": two, "virtualInterfaceId": made[1]})
    contract.check(
        "attachments.describe-by-both",
        none.refused or not none.body.get(LIST),
        "asked for an interface on a gateway that it is not on, answered an attachment",
        none,
    )


@pytest.mark.rule("attachments.other-region")
def test_attachments_are_the_same_from_every_region(contract: Contract, world: World) -> None:
    """A gateway is global, so its attachments must not depend on the Region of the request."""
    gateway = arrange(world, "direct-connect-gateway")
    interface = _interface(world, gateway)
    here, item = _seen(world, interface)
    asked = {"directConnectGatewayId": gateway}

    def right(found: list[Json]) -> bool:
        return item is not None and [_lasting(one) for one in found] == [_lasting(item)]

    there, items = confirm(
        lambda: whole_list(world, DESCRIBE, asked, LIST, region=world.api.target.other_region),
        lambda seen: right(seen[1]),
    )
    contract.check(
        "attachments.other-region",
        item is not None and right(items),
        f"the attachments are {item} in one Region and {items} in another",
        here,
        there,
    )


@pytest.mark.rule("attachments.ends-with-interface")
def test_an_attachment_ends_with_its_interface(contract: Contract, world: World) -> None:
    """A remaining attachment uses up the quota of the gateway and prevents its deletion."""
    interface = _interface(world, arrange(world, "direct-connect-gateway"))
    _, before = _seen(world, interface)
    deleted = done(world.delete(interface))
    exchange, item = poll(lambda: _look(world, interface), lambda seen: _state(seen[1]) in (None, *ENDING))
    contract.check(
        "attachments.ends-with-interface",
        _state(item) in (None, *ENDING),
        f"its interface is deleted, and the attachment is {_state(item)}",
        deleted,
        exchange,
        basis=before,
    )


@pytest.mark.rule("attachments.none-for-public")
def test_a_public_interface_is_attached_to_nothing(contract: Contract, world: World) -> None:
    """A public virtual interface leads to public addresses of AWS, and a gateway to private networks."""
    world.api.permit(DESCRIBE)
    _, other = _seen(world, _interface(world, arrange(world, "direct-connect-gateway")))
    interface = arrange(world, "virtual-interface", operation="CreatePublicVirtualInterface", settle=False)
    exchange, item = _look(world, interface)
    contract.check(
        "attachments.none-for-public",
        item is None,
        f"a public virtual interface is attached: {item}",
        interface.made,
        exchange,
        basis=other,
    )


def _interface(
    world: World, gateway: Handle, connection: Handle | None = None, vlan: int = 101, kind: str = "Private"
) -> Handle:
    """A virtual interface of the owner on this gateway, by default on a separate connection."""
    new = f"new{kind}VirtualInterface"
    world.api.permit(f"Create{kind}VirtualInterface")
    shared: dict[str, Any] = {f"/{new}/directConnectGatewayId": gateway}
    if connection is not None:
        shared["/connectionId"] = connection
    return arrange(
        world,
        "virtual-interface",
        operation=f"Create{kind}VirtualInterface",
        members={new: {"vlan": vlan}},
        shared=shared,
    )


def _attachments(world: World, params: dict[str, Any], role: Role = "owner") -> tuple[Exchange, list[Json]]:
    return whole_list(world, DESCRIBE, params, LIST, role=role)


def _look(world: World, interface: Handle) -> tuple[Exchange, Json | None]:
    """The attachment of a virtual interface, as its owner sees it. A refusal means that there is none."""
    exchange = world.call(DESCRIBE, {"virtualInterfaceId": interface}, role=interface.role)
    items = [] if exchange.refused else [one for one in at(exchange.body, f"/{LIST}/*") if isinstance(one, dict)]
    own = [one for one in items if one.get("virtualInterfaceId") == interface.id]
    return exchange, (own[0] if own else None)


def _seen(world: World, interface: Handle) -> tuple[Exchange, Json | None]:
    """The attachment, once it exists and is attached. AWS attaches after the response."""

    def is_attached(seen: tuple[Exchange, Json | None]) -> bool:
        return seen[1] is not None and _state(seen[1]) != "attaching"

    return poll(lambda: _look(world, interface), is_attached)


def _is_on(item: Json | None, gateway: Handle) -> bool:
    """Whether this is an attachment to that gateway that is not ending."""
    return item is not None and item.get("directConnectGatewayId") == gateway.id and _state(item) not in ENDING


def _state(item: Json | None) -> str | None:
    return None if item is None else item.get("attachmentState")


def _lasting(item: Json) -> Json:
    return {name: value for name, value in item.items() if name not in ("attachmentState", "stateChangeError")}


def _names_its_interface(contract: Contract, world: World, exchange: Exchange, item: Json, owner: Role) -> None:
    found = (item.get("virtualInterfaceRegion"), item.get("virtualInterfaceOwnerAccount"))
    expected = (world.api.target.region, world.account_id(owner))
    message = f"Region and owner of the interface are {found} and not {expected}"
    contract.check("attachments.interface-facts", found == expected, message, exchange)
