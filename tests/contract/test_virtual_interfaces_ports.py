"""Virtual interfaces: their connection or LAG, their lists and their deletion."""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from strategies.frozen_time import held_time
from strategies.observation import unordered
from strategies.pagination import listed_when, whole_list
from strategies.polling import confirm, poll
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import CREATORS, MAKERS, PRIVATE, PUBLIC, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

DESCRIBE = "DescribeVirtualInterfaces"
ENDING = ("deleting", "deleted")


@pytest.mark.rule("virtual_interfaces.on-lag")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_lag_carries_it_like_a_connection(contract: Contract, world: World, operation: Maker) -> None:
    """Users who bundle ports create their virtual interfaces on the LAG."""
    lag = arrange(world, "lag")
    exchange = vif.ask(world, operation, vif.request(world, operation, lag))
    if contract.accepted("virtual_interfaces.on-lag", exchange, "a virtual interface on a LAG", lag.made):
        found = vif.interface_in(exchange).get("connectionId")
        contract.check(
            "virtual_interfaces.on-lag",
            found == lag.id,
            f"connectionId is {found!r}, not that of the LAG",
            exchange,
            where="/connectionId",
        )


@pytest.mark.rule("virtual_interfaces.parent-unconfirmed")
@pytest.mark.parametrize("operation", CREATORS, ids=str)
def test_an_unconfirmed_connection_carries_none(contract: Contract, world: World, operation: Maker) -> None:
    """Nobody has accepted the connection yet, so the virtual interface could not come up."""
    hosted = arrange(world, "hosted-connection")
    params = vif.request(world, operation, hosted, vlan=hosted.params["vlan"])
    exchange = vif.ask(world, operation, params)
    contract.refused("virtual_interfaces.parent-unconfirmed", exchange, "on a connection that is ordering", hosted.made)


@pytest.mark.rule("virtual_interfaces.parent-requested")
@pytest.mark.parametrize("operation", CREATORS, ids=str)
def test_a_requested_connection_carries_none(contract: Contract, world: World, operation: Maker) -> None:
    """The port does not exist yet, and clients rely on the refusal to wait for it."""
    params = vif.request(world, operation)
    with held_time(world):
        port = arrange(world, "connection", settle=False)
        before = world.state(port)
        exchange = vif.ask(world, operation, {**params, "connectionId": port})
        after = world.state(port)
    if {before, after} != {"requested"}:
        raise Indeterminate(f"a new connection was {before} before the request, and {after} after it")
    contract.refused("virtual_interfaces.parent-requested", exchange, "on a requested connection", port.made)


@pytest.mark.rule("virtual_interfaces.parent-deleted")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_deleted_connection_carries_none(contract: Contract, world: World, operation: Maker) -> None:
    """The port may already belong to another customer."""
    port = arrange(world, "connection")
    params = vif.request(world, operation, port)
    deleted = done(world.delete(port))
    poll(lambda: world.state(port), lambda state: state in (None, "deleted"))
    exchange = vif.ask(world, operation, params)
    contract.refused("virtual_interfaces.parent-deleted", exchange, "on a deleted connection", deleted)


@pytest.mark.rule("virtual_interfaces.parent-foreign")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_the_connection_of_another_carries_none(contract: Contract, world: World, operation: Maker) -> None:
    """Ids are not secret, so ownership must protect a port."""
    port = arrange(world, "connection")
    params = vif.request(world, operation, port, role="other")
    exchange = vif.ask(world, operation, params, role="other")
    contract.refused("virtual_interfaces.parent-foreign", exchange, "on the connection of another account", port.made)


@pytest.mark.rule("virtual_interfaces.describe-by-id", "virtual_interfaces.listed")
@pytest.mark.parametrize("operation", CREATORS, ids=str)
def test_one_is_described_as_in_the_list_of_all(contract: Contract, world: World, operation: Maker) -> None:
    """Tools use both the list and the single description, and treat a difference as a change."""
    handle = vif.made(world, operation, vif.request(world, operation), settle=True)
    later = vif.made(world, PRIVATE, vif.request(world, PRIVATE))

    def times(items: list[Json]) -> list[int]:
        ids = [item.get("virtualInterfaceId") for item in items]
        return [ids.count(one.id) for one in (handle, later)]

    listing, items = listed_when(world, "virtual-interface", lambda seen: times(seen) == [1, 1])
    listed = [item for item in items if item.get("virtualInterfaceId") == handle.id]
    message = f"two new virtual interfaces are {times(items)} times in the list of all"
    contract.check("virtual_interfaces.listed", times(items) == [1, 1], message, handle.made, later.made, listing)
    exchange, found = whole_list(world, DESCRIBE, {"virtualInterfaceId": handle}, "virtualInterfaces")
    ids = [item.get("virtualInterfaceId") for item in found]
    message = f"{len(found)} virtual interfaces are described for one id"
    if contract.check("virtual_interfaces.describe-by-id", ids == [handle.id], message, exchange) and listed:
        one, same = unordered(vif.stateless(found[0])), unordered(vif.stateless(listed[0]))
        differing = sorted(member for member in one.keys() | same.keys() if one.get(member) != same.get(member))
        message = f"the description differs from that in the list of all in {differing}"
        contract.check("virtual_interfaces.describe-by-id", not differing, message, listing, exchange, where="/members")


@pytest.mark.rule("virtual_interfaces.describe-by-connection")
@pytest.mark.parametrize("port_kind", ["connection", "lag"])
def test_those_of_one_port_can_be_asked_for(contract: Contract, world: World, port_kind: str) -> None:
    """Before maintenance of a port, users must know all its virtual interfaces and no others."""
    port = arrange(world, port_kind)
    on_it = set()
    for number, maker in enumerate((PRIVATE, PUBLIC)):
        params = vif.another(vif.request(world, maker, port), maker, number)
        on_it.add(vif.made(world, maker, params).id)
    vif.made(world, PRIVATE, vif.request(world, PRIVATE))

    def ids(items: list[Json]) -> set[str]:
        return {str(item.get("virtualInterfaceId")) for item in items}

    exchange, items = confirm(
        lambda: whole_list(world, DESCRIBE, {"connectionId": port}, "virtualInterfaces"),
        lambda seen: ids(seen[1]) == on_it,
    )
    found = ids(items)
    contract.check(
        "virtual_interfaces.describe-by-connection",
        found == on_it,
        f"of {len(on_it)} on the {port_kind}, {len(found & on_it)} are answered, and {len(found - on_it)} others",
        exchange,
        where=f"/{port_kind}",
    )


@pytest.mark.rule(
    "virtual_interfaces.delete-answer", "virtual_interfaces.deleted-gone", "virtual_interfaces.deleted-listed"
)
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_it_ends(contract: Contract, world: World, operation: Maker) -> None:
    """Clean-ups wait for the deletion, and users must still see a recently deleted virtual interface."""
    handle = vif.made(world, operation, vif.request(world, operation), settle=True)
    declined = ("rejected",) if operation.allocates else ()
    deleted = world.delete(handle)
    state = deleted.body.get("virtualInterfaceState") if deleted.succeeded else None
    contract.check(
        "virtual_interfaces.delete-answer",
        deleted.succeeded and state in (*ENDING, *declined),
        f"the answer is {deleted.told()} with the state {state}",
        deleted,
        where="/virtualInterfaceState",
    )
    done(deleted)
    exchange, item = poll(lambda: world.observe(handle), lambda seen: _state(seen.item) in (None, *ENDING, *declined))
    contract.check(
        "virtual_interfaces.deleted-gone",
        _state(item) in (None, *ENDING, *declined),
        f"it was deleted, and is {_state(item)}",
        deleted,
        exchange,
        where="/virtualInterfaceState",
    )
    if not operation.allocates:
        exchange, item = confirm(lambda: world.observe(handle), lambda seen: seen.item is not None)
        message = "it was deleted a moment ago, and is not described any more"
        contract.check("virtual_interfaces.deleted-listed", item is not None, message, deleted, exchange)


@pytest.mark.rule("virtual_interfaces.refusal-atomic")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_refused_creation_makes_nothing(contract: Contract, world: World, operation: Maker) -> None:
    """Automation retries after a refusal, and would create a second virtual interface."""
    port = arrange(world, "connection")
    first = vif.made(world, PRIVATE, vif.another(vif.request(world, PRIVATE, port), PRIVATE, 1), settle=True)
    params = vif.another(
        vif.request(world, operation, port), operation, 2, vlan=first.params[PRIVATE.structure]["vlan"]
    )
    _nothing_happens(contract, world, port, operation.operation, params)


@pytest.mark.rule("virtual_interfaces.refusal-atomic")
@pytest.mark.parametrize(
    "operation", ["UpdateVirtualInterfaceAttributes", "AssociateVirtualInterface", "DeleteVirtualInterface"]
)
def test_a_refused_change_changes_nothing(contract: Contract, world: World, operation: str) -> None:
    """A caller cannot detect a partial change."""
    port = arrange(world, "connection")
    handle = vif.made(world, PRIVATE, vif.request(world, PRIVATE, port), settle=True)
    change: dict[str, Any] = {}
    role: Role = "owner"
    if operation == "UpdateVirtualInterfaceAttributes":
        change = {"virtualInterfaceName": world.name(), "mtu": 1400}
    elif operation == "AssociateVirtualInterface":
        taken = vif.made(world, PRIVATE, vif.request(world, PRIVATE), settle=True)
        change = {"connectionId": taken.params["connectionId"]}
    else:
        role = "other"
    _nothing_happens(contract, world, port, operation, {"virtualInterfaceId": handle, **change}, role=role)


def _nothing_happens(
    contract: Contract, world: World, port: Handle, operation: str, params: Json, *, role: Role = "owner"
) -> None:
    """Sends a request that must be refused, and compares the descriptions before and after.

    Raises:
        Indeterminate: the request was not refused, so that the check is not possible.
    """
    before, count = _described(world), _count(world, port)
    exchange = world.call(operation, params, role=role)
    world.adopt("virtual-interface", operation, exchange, params, role)
    if exchange.succeeded:
        raise Indeterminate(f"{operation} was not refused where the documents say so")
    after, now = confirm(lambda: (_described(world), _count(world, port)), lambda seen: seen == (before, count))
    message = f"{operation} was refused, and yet what is described has changed"
    same = (before, count) == (after, now)
    contract.check("virtual_interfaces.refusal-atomic", same, message, exchange, basis=before)


def _described(world: World) -> list[Json | None]:
    return [vif.stateless(item) for handle, item in world.seen().items() if handle.kind == "virtual-interface"]


def _count(world: World, port: Handle) -> int:
    return len(whole_list(world, DESCRIBE, {"connectionId": port}, "virtualInterfaces")[1])


def _state(item: Json | None) -> str | None:
    return None if item is None else str(item.get("virtualInterfaceState"))
