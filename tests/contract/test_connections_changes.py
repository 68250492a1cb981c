"""Connections: renaming, encryption, LAG membership and deletion."""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from strategies.observation import shows, unordered
from strategies.pagination import whole_list
from strategies.polling import confirm, poll
from strategies.preconditions import gone, refusal
from strategies.resources import locations, macsec
from strategies.resources.lags import bundle
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

GOING = ("deleting", "deleted")


@pytest.mark.rule("connections.update-name")
def test_a_new_name_stays(contract: Contract, world: World) -> None:
    """Users identify a connection by its name."""
    connection, name = arrange(world, "connection"), world.name()
    exchange = done(world.call("UpdateConnection", {"connectionId": connection, "connectionName": name}))
    after, item = world.described(connection, shows(connectionName=name))
    for where, seen, found in (
        ("/connectionName", exchange, exchange.body.get("connectionName")),
        ("/connections/*/connectionName", after, item.get("connectionName")),
    ):
        message = f"connectionName is {found!r} after it was changed to {name!r}"
        contract.check("connections.update-name", found == name, message, exchange, seen, where=where)


@pytest.mark.rule("connections.update-preserves")
def test_a_new_name_changes_nothing_else(contract: Contract, world: World) -> None:
    """Renaming must be safe while the connection carries traffic."""
    connection = arrange(world, "connection")
    before = _settled(world, connection, "connectionName")
    exchange = done(world.call("UpdateConnection", {"connectionId": connection, "connectionName": world.name()}))
    after = _still(world, connection, before, "connectionName")
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    message = f"renaming changed {[(name, before.get(name), after.get(name)) for name in changed]}"
    contract.check("connections.update-preserves", not changed, message, exchange, basis=before)


@pytest.mark.rule("connections.encryption-mode-update")
@pytest.mark.parametrize("mode", ["no_encrypt", "should_encrypt", "must_encrypt"])
def test_an_encryption_mode_stays(contract: Contract, world: World, mode: str) -> None:
    """Users rely on the described mode to know that the link is encrypted."""
    connection = macsec.port(world)
    exchange = done(world.call("UpdateConnection", {"connectionId": connection, "encryptionMode": mode}))
    after, item = world.described(connection, shows(encryptionMode=mode))
    for where, seen, found in (
        ("/encryptionMode", exchange, exchange.body.get("encryptionMode")),
        ("/connections/*/encryptionMode", after, item.get("encryptionMode")),
    ):
        message = f"encryptionMode is {found!r} after it was set to {mode}"
        contract.check("connections.encryption-mode-update", found == mode, message, exchange, seen, where=where)


@pytest.mark.rule("connections.encryption-mode-known")
@pytest.mark.parametrize("mode", ["encrypt", "MUST_ENCRYPT", "must-encrypt"])
def test_an_unknown_encryption_mode_is_refused(contract: Contract, world: World, mode: str) -> None:
    """A typing error in the mode must not leave a link unencrypted."""
    exchange = world.call("UpdateConnection", {"connectionId": macsec.port(world), "encryptionMode": mode})
    contract.refused("connections.encryption-mode-known", exchange, f"mode {mode}", where="/encryptionMode")


@pytest.mark.rule("connections.lag-join")
def test_a_connection_can_be_ordered_into_a_lag(contract: Contract, world: World) -> None:
    """Users add capacity to a LAG in this way; a separate port adds none."""
    lag, _ = bundle(world)
    connection = arrange(world, "connection", members={"lagId": lag})
    after, item = world.described(connection, shows(lagId=lag.id))

    def complete(seen: Json) -> bool:
        joined = connection.id in at(seen, "/connections/*/connectionId")
        return joined and seen.get("numberOfConnections") == 2

    in_lag, lag_item = world.described(lag, complete)
    rule = "connections.lag-join"
    for where, seen, found in (
        ("/lagId", connection.made, connection.made.body.get("lagId")),
        ("/connections/*/lagId", after, item.get("lagId")),
    ):
        contract.check(rule, found == lag.id, f"lagId is {found!r}, not {lag.id}", connection.made, seen, where=where)
    members = at(lag_item, "/connections/*/connectionId")
    message = f"the LAG's connections are {members}, without {connection.id}"
    contract.check(rule, connection.id in members, message, connection.made, in_lag, where="/lags/*/connections")
    count = lag_item.get("numberOfConnections")
    message = f"numberOfConnections is {count} after one joined the first"
    contract.check(rule, count == 2, message, connection.made, in_lag, where="/lags/*/numberOfConnections")


@pytest.mark.rule("connections.lag-join-bandwidth")
def test_a_lag_takes_no_connection_of_another_bandwidth(contract: Contract, world: World) -> None:
    """LACP cannot bundle links of different speeds."""
    exchange = locations.order(world, lagId=bundle(world)[0], bandwidth="10Gbps")
    contract.refused("connections.lag-join-bandwidth", exchange, "10Gbps for a LAG of 1Gbps", where="/bandwidth")


@pytest.mark.rule("connections.lag-join-location")
def test_a_lag_takes_no_connection_elsewhere(contract: Contract, world: World) -> None:
    """All links of a LAG end on one device."""
    elsewhere = locations.offering(world, "1Gbps", but=world.location())
    exchange = locations.order(world, lagId=bundle(world)[0], location=elsewhere)
    contract.refused("connections.lag-join-location", exchange, "another location than the LAG's", where="/location")


@pytest.mark.rule("connections.delete-answer")
def test_deleting_answers_the_connection(contract: Contract, world: World) -> None:
    """The caller checks that the right connection was deleted."""
    connection = arrange(world, "connection", settle=False)
    exchange = done(world.delete(connection))
    found, state = exchange.body.get("connectionId"), exchange.body.get("connectionState")
    message = f"asked to delete {connection.id}, answered {found}"
    contract.check("connections.delete-answer", found == connection.id, message, exchange, where="/connectionId")
    message = f"connectionState is {state!r}"
    contract.check("connections.delete-answer", state in GOING, message, exchange, where="/connectionState")


@pytest.mark.rule("connections.delete-answer")
def test_declining_answers_the_connection(contract: Contract, world: World) -> None:
    """The customer must see that the hosted connection is declined."""
    connection = arrange(world, "hosted-connection")
    exchange = done(world.delete(connection))
    found, state = exchange.body.get("connectionId"), exchange.body.get("connectionState")
    message = f"asked to delete {connection.id}, answered {found}"
    contract.check("connections.delete-answer", found == connection.id, message, exchange, where="/connectionId")
    message = f"connectionState is {state!r} after it was declined"
    ok = state in (*GOING, "rejected")
    contract.check("connections.delete-answer", ok, message, exchange, where="/connectionState")


@pytest.mark.rule("connections.deleted-gone")
def test_a_deleted_connection_is_going_or_gone(contract: Contract, world: World) -> None:
    """A port that still exists is still charged."""
    connection = arrange(world, "connection")
    exchange = done(world.delete(connection))
    seen = poll(lambda: world.observe(connection), lambda one: one.state in (None, *GOING))
    message = f"connectionState is {seen.state!r} after DeleteConnection"
    ended = seen.item is None or seen.state in GOING
    contract.check("connections.deleted-gone", ended, message, exchange, seen.exchange)


@pytest.mark.rule("connections.deleted-final")
@pytest.mark.parametrize("operation", ["DeleteConnection", "UpdateConnection"])
def test_nothing_can_be_done_to_a_deleted_connection(contract: Contract, world: World, operation: str) -> None:
    """A success would imply that the connection still exists."""
    connection = arrange(world, "connection")
    done(world.delete(connection))
    seen = gone(world, connection)
    params: dict[str, Any] = {"connectionId": connection}
    if operation == "UpdateConnection":
        params["connectionName"] = world.name()
    exchange = world.call(operation, params)
    contract.refused("connections.deleted-final", exchange, "on a connection that was deleted", seen)


@pytest.mark.rule("connections.delete-with-interface")
def test_a_connection_in_use_cannot_be_deleted(contract: Contract, world: World) -> None:
    """Otherwise one call could disconnect a site."""
    connection, _ = _used(world)
    exchange = world.delete(connection)
    contract.refused("connections.delete-with-interface", exchange, "while a virtual interface lives on it")


@pytest.mark.rule("connections.delete-minimum-links")
def test_a_lag_keeps_its_minimum(contract: Contract, world: World) -> None:
    """The minimum number of links protects a LAG from an unintended outage."""
    lag, (connection, _) = bundle(world, 2)
    done(world.call("UpdateLag", {"lagId": lag, "minimumLinks": 2}))
    exchange = world.delete(connection)
    contract.refused("connections.delete-minimum-links", exchange, "one of two members, two being the minimum")
    world.call("UpdateLag", {"lagId": lag, "minimumLinks": 0})


@pytest.mark.rule("connections.delete-leaves-lag")
def test_a_deleted_connection_leaves_its_lag(contract: Contract, world: World) -> None:
    """The capacity that a LAG shows must exist."""
    lag, (connection, _) = bundle(world, 2)
    listed = connection.id in at(world.described(lag)[1], "/connections/*/connectionId")
    exchange = done(world.delete(connection))
    gone(world, connection)
    rule = "connections.delete-leaves-lag"

    def live(item: Json) -> list[Any]:
        members = [one for one in at(item, "/connections/*") if isinstance(one, dict)]
        states = [one.get("connectionState") for one in members if one.get("connectionId") == connection.id]
        return [state for state in states if state not in GOING]

    after, item = world.described(lag, lambda seen: not live(seen))
    message = f"the LAG still lists it as {live(item)}"
    where, basis = "/lags/*/connections", listed or None
    contract.check(rule, not live(item), message, exchange, after, where=where, basis=basis)


@pytest.mark.rule("connections.refusal-atomic")
def test_a_refused_order_orders_nothing(contract: Contract, world: World) -> None:
    """An account must not be charged for a refused order."""
    name = world.name()
    exchange = refusal(locations.order(world, bandwidth="3Gbps", connectionName=name))
    _, listed = whole_list(world, "DescribeConnections", {}, "connections")
    made = [item.get("connectionId") for item in listed if item.get("connectionName") == name]
    message = f"refused, and yet {made} is there under the name that was asked for"
    contract.check("connections.refusal-atomic", not made, message, exchange)


@pytest.mark.rule("connections.refusal-atomic")
def test_a_refused_order_leaves_the_lag_as_it_was(contract: Contract, world: World) -> None:
    """A LAG that counts a refused port has less capacity than it shows."""
    lag, _ = bundle(world)
    before = _settled(world, lag)
    exchange = refusal(locations.order(world, lagId=lag, bandwidth="10Gbps"))
    after = _still(world, lag, before)
    message = f"refused, and yet the LAG changed from {before} to {after}"
    contract.check("connections.refusal-atomic", before == after, message, exchange, where="/lagId")


@pytest.mark.rule("connections.refusal-atomic")
def test_a_refused_update_is_not_half_applied(contract: Contract, world: World) -> None:
    """If the name changes and the mode is refused, the caller cannot know the result."""
    connection = macsec.port(world)
    before = _settled(world, connection)
    params = {"connectionId": connection, "connectionName": world.name(), "encryptionMode": "encrypt"}
    exchange = refusal(world.call("UpdateConnection", params))
    after = _still(world, connection, before)
    message = f"refused, and yet the connection changed from {before} to {after}"
    contract.check("connections.refusal-atomic", before == after, message, exchange)


@pytest.mark.rule("connections.refusal-atomic")
def test_a_refused_deletion_deletes_nothing(contract: Contract, world: World) -> None:
    """The connection must continue to work."""
    connection, interface = _used(world)
    before = _settled(world, connection)
    exchange = refusal(world.delete(connection))
    after = _still(world, connection, before)
    message = f"refused, and yet the connection changed from {before} to {after}"
    contract.check("connections.refusal-atomic", before == after, message, exchange)
    states = confirm(
        lambda: (world.state(connection), world.state(interface)), lambda seen: not {*GOING, None} & set(seen)
    )
    message = f"refused, and yet the connection and its interface are {states}"
    ok = not {*GOING, None} & set(states)
    contract.check("connections.refusal-atomic", ok, message, exchange, where="/connectionState")


def _used(world: World) -> tuple[Handle, Handle]:
    """A connection with a virtual interface."""
    connection = arrange(world, "connection")
    return connection, arrange(world, "virtual-interface", shared={"/connectionId": connection})


def _settled(world: World, handle: Handle, *but: str) -> Json:
    """The description of a resource without some members, states and times."""
    return _lasting(handle, world.described(handle)[1], *but)


def _still(world: World, handle: Handle, before: Json, *but: str) -> Json:
    """The later description, once it equals the earlier one."""
    _, item = world.described(handle, lambda seen: _lasting(handle, seen, *but) == before)
    return _lasting(handle, item, *but)


def _lasting(handle: Handle, item: Json, *but: str) -> Json:
    left_out = {*but, handle.resource.state, "loaIssueTime"}
    described: Json = {name: unordered(value) for name, value in item.items() if name not in left_out}
    if "connections" in described:
        described["connections"] = sorted(str(one) for one in at(described, "/connections/*/connectionId"))
    return described
