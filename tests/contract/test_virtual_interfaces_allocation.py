"""Virtual interfaces that one account allocates for another, which confirms or declines them."""

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from strategies.observation import shows
from strategies.pagination import whole_list
from strategies.polling import poll
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import ALLOCATORS, KINDS, Kind, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

CONFIRMATIONS = [f"Confirm{kind.capitalize()}VirtualInterface" for kind in KINDS]
WAITING = ("confirming", "approving")
STARTED = {"private": {"pending"}, "public": {"verifying", "pending"}, "transit": {"pending"}}
SETTLED = {"available", "down"}
GONE = (None, "rejected")


@pytest.mark.rule("virtual_interfaces.allocated-waits")
@pytest.mark.parametrize("operation", ALLOCATORS, ids=str)
def test_it_waits_for_its_owner(contract: Contract, world: World, operation: Maker) -> None:
    """A virtual interface that comes up without a confirmation causes traffic and charges that nobody ordered."""
    handle = vif.made(world, operation, vif.request(world, operation))
    answer = vif.interface_in(handle.made).get("virtualInterfaceState")
    seen = [(handle.made, answer)]
    for role in ("other", "owner", "other", "owner"):
        exchange, item = world.observe(handle, role=role)
        if item is not None:
            seen.append((exchange, item.get("virtualInterfaceState")))
    for exchange, state in seen:
        contract.check(
            "virtual_interfaces.allocated-waits",
            state in WAITING,
            f"nobody confirmed it, and it is {state}",
            exchange,
            where="/virtualInterfaceState",
        )


@pytest.mark.rule("virtual_interfaces.listed-for-owner", "virtual_interfaces.listed-for-connection-owner")
@pytest.mark.parametrize("operation", ALLOCATORS, ids=str)
def test_both_accounts_find_it(contract: Contract, world: World, operation: Maker) -> None:
    """The owner must see that there is something to confirm, and the provider what is on its connection."""
    port = arrange(world, "connection")
    handle = vif.made(world, operation, vif.request(world, operation, port))
    views: list[tuple[str, Role, Json]] = [
        ("listed-for-owner", "other", {}),
        ("listed-for-connection-owner", "owner", {"connectionId": port}),
    ]
    for rule, role, params in views:
        exchange, items = whole_list(world, "DescribeVirtualInterfaces", params, "virtualInterfaces", role=role)
        found = any(item.get("virtualInterfaceId") == handle.id for item in items)
        message = f"it is not among the {len(items)} that are listed for the {role} account"
        contract.check(f"virtual_interfaces.{rule}", found, message, handle.made, exchange)


@pytest.mark.rule("virtual_interfaces.confirm-answer", "virtual_interfaces.confirm-ends-confirming")
@pytest.mark.parametrize("kind", KINDS)
def test_its_owner_confirms_it(contract: Contract, world: World, kind: Kind) -> None:
    """From the confirmation on the virtual interface works and is charged."""
    handle = _allocated(world, kind)
    operation, params = vif.confirmation(world, kind, handle)
    exchange = world.call(operation, params, role="other")
    tolerated = set(world.spec.observed_values.get("VirtualInterfaceState", ()))
    state = exchange.body.get("virtualInterfaceState") if exchange.succeeded else None
    contract.check(
        "virtual_interfaces.confirm-answer",
        exchange.succeeded and state in STARTED[kind] | SETTLED | tolerated,
        f"the answer is {exchange.told()} with the state {state}",
        exchange,
        where="/virtualInterfaceState",
    )
    done(exchange)
    after, item = poll(lambda: world.observe(handle), lambda seen: _state(seen.item) not in (None, "confirming"))
    contract.check(
        "virtual_interfaces.confirm-ends-confirming",
        _state(item) not in (None, "confirming"),
        f"it was confirmed, and is {_state(item) or 'not described'}",
        exchange,
        after,
        where="/virtualInterfaceState",
        operation=operation,
    )


@pytest.mark.rule("virtual_interfaces.confirm-owner-only")
@pytest.mark.parametrize("kind", KINDS)
def test_the_owner_of_the_connection_cannot_confirm_it(contract: Contract, world: World, kind: Kind) -> None:
    """Otherwise one account could cause charges for another."""
    handle = _allocated(world, kind)
    operation, params = vif.confirmation(world, kind, handle, role="owner")
    exchange = world.call(operation, params, role="owner")
    what = "confirmed by the owner of the connection"
    contract.refused("virtual_interfaces.confirm-owner-only", exchange, what, handle.made)


@pytest.mark.rule("virtual_interfaces.confirm-kind")
@pytest.mark.parametrize("operation", CONFIRMATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_confirmed_by_the_operation_for_its_kind(
    contract: Contract, world: World, kind: Kind, operation: str
) -> None:
    """The types need different gateways, so another operation would set none or the wrong one."""
    handle = _allocated(world, kind)
    asked, params = next(
        one for one in (vif.confirmation(world, other, handle) for other in KINDS) if one[0] == operation
    )
    exchange = world.call(asked, params, role="other")
    if operation == f"Confirm{kind.capitalize()}VirtualInterface":
        contract.accepted("virtual_interfaces.confirm-kind", exchange, f"a {kind} one", handle.made, where=f"/{kind}")
    else:
        contract.refused("virtual_interfaces.confirm-kind", exchange, f"a {kind} one", handle.made, where=f"/{kind}")


@pytest.mark.rule("virtual_interfaces.confirm-wrong-state")
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_confirmed_once(contract: Contract, world: World, kind: Kind) -> None:
    """A second confirmation could move a virtual interface in use to another gateway."""
    handle = _allocated(world, kind)
    operation, params = vif.confirmation(world, kind, handle)
    first = done(world.call(operation, params, role="other"))
    poll(lambda: _state(world.observe(handle).item), lambda state: state != "confirming")
    exchange = world.call(operation, params, role="other")
    contract.refused("virtual_interfaces.confirm-wrong-state", exchange, "confirmed a second time", first)


@pytest.mark.rule("virtual_interfaces.confirm-sets-gateway")
@pytest.mark.parametrize("kind", ["private", "transit"])
def test_it_is_on_the_gateway_of_its_confirmation(contract: Contract, world: World, kind: Kind) -> None:
    """Only the owner knows the gateway, and not the account that allocates."""
    gateway = arrange(world, "direct-connect-gateway", role="other")
    handle = _allocated(world, kind)
    operation, params = vif.confirmation(world, kind, handle)
    confirmed = done(world.call(operation, {**params, "directConnectGatewayId": gateway}, role="other"))
    exchange, item = world.described(handle, shows(directConnectGatewayId=gateway.id), slowly=True)
    found = item.get("directConnectGatewayId")
    contract.check(
        "virtual_interfaces.confirm-sets-gateway",
        found == gateway.id,
        f"directConnectGatewayId is {found!r}, not {gateway.id!r}",
        confirmed,
        exchange,
        where="/directConnectGatewayId",
        operation=operation,
    )


@pytest.mark.rule("virtual_interfaces.confirm-gateway-needed")
def test_a_private_one_is_not_confirmed_without_a_gateway(contract: Contract, world: World) -> None:
    """Without a gateway it reaches nothing, and no operation adds a gateway later."""
    handle = _allocated(world, "private")
    exchange = world.call("ConfirmPrivateVirtualInterface", {"virtualInterfaceId": handle}, role="other")
    contract.refused("virtual_interfaces.confirm-gateway-needed", exchange, "no gateway", handle.made)


@pytest.mark.rule("virtual_interfaces.decline", "virtual_interfaces.rejected-not-confirmed")
@pytest.mark.parametrize("kind", KINDS)
def test_its_owner_declines_it(contract: Contract, world: World, kind: Kind) -> None:
    """A decline is final, so a later call must not activate the virtual interface."""
    handle = _allocated(world, kind)
    operation, params = vif.confirmation(world, kind, handle)
    declined = done(world.delete(handle))
    exchange, item = poll(lambda: world.observe(handle), lambda seen: _state(seen.item) in GONE)
    contract.check(
        "virtual_interfaces.decline",
        _state(item) in GONE,
        f"it was declined, and is {_state(item)}",
        declined,
        exchange,
        where=f"/{kind}",
        operation=declined.operation,
    )
    exchange = world.call(operation, params, role="other")
    contract.refused("virtual_interfaces.rejected-not-confirmed", exchange, "confirmed after all", declined)


def _allocated(world: World, kind: Kind) -> Handle:
    """A virtual interface in state confirming."""
    maker = ALLOCATORS[KINDS.index(kind)]
    return vif.made(world, maker, vif.request(world, maker), settle=True)


def _state(item: Json | None) -> str | None:
    return None if item is None else str(item.get("virtualInterfaceState"))
