"""LAGs: their member connections, and the effect of membership changes on virtual interfaces."""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.observation import Observation, shows
from strategies.polling import confirm, poll
from strategies.resources.lags import bundle, elsewhere, members_of, needs, patient
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import Handle, World

TEN = 10
JOIN, LEAVE = "AssociateConnectionWithLag", "DisassociateConnectionFromLag"


@pytest.mark.rule("lags.existing-counted", "lags.existing-keeps-id")
@pytest.mark.parametrize("count", [1, 2], ids="of-{}".format)
def test_a_connection_that_a_new_lag_takes_in_is_one_of_its_number(
    contract: Contract, world: World, count: int
) -> None:
    """Otherwise a client orders one port too many. Other systems refer to the connection by its id."""
    connection = arrange(world, "connection")
    order = least(Scene(world, world.spec.operation("CreateLag")))
    order |= {"connectionId": connection, "numberOfConnections": count}
    exchange = world.call("CreateLag", order)
    lag = world.adopt("lag", "CreateLag", exchange, order, "owner")
    what = "a LAG around an existing connection"
    if not contract.accepted("lags.existing-counted", exchange, what, connection.made) or lag is None:
        return
    ids = [one.get("connectionId") for one in members_of(exchange.body)]
    stated = exchange.body.get("numberOfConnections")
    message = f"{count} connections with an existing one were asked for, the LAG states {stated!r} and lists {len(ids)}"
    counted = stated == count == len(ids)
    contract.check("lags.existing-counted", counted, message, connection.made, exchange)
    message = f"the existing connection is not among the LAG's {len(ids)} connections"
    contract.check("lags.existing-keeps-id", connection.id in ids, message, connection.made, exchange)
    described, item = world.described(connection, shows(lagId=lag.id), slowly=True)
    member = next((one for one in members_of(exchange.body) if one.get("connectionId") == connection.id), {})
    for answer, found in ((exchange, member), (described, item)):
        for name, wanted in (("lagId", lag.id), ("connectionName", connection.params["connectionName"])):
            now = found.get(name)
            message = f"{name} of a connection that was put into a LAG is {now!r}, not {wanted!r}"
            contract.check("lags.existing-keeps-id", now == wanted, message, exchange, answer, where=f"/{name}")


@pytest.mark.rule("lags.existing-interfaces-move")
def test_interfaces_go_with_their_connection_into_a_new_lag(contract: Contract, world: World) -> None:
    """Clients must find the virtual interface on the LAG."""
    connection = arrange(world, "connection")
    interface = _interface(world, connection)
    lag = arrange(world, "lag", members={"connectionId": connection}, settle=False)
    described, place = _place(world, interface, lag)
    message = f"the connection is in a LAG, its virtual interface on {place!r} and not on the LAG"
    contract.check("lags.existing-interfaces-move", place == lag.id, message, lag.made, described)


@pytest.mark.rule("lags.associate-answer", "lags.associate-counted")
def test_a_connection_that_joins_a_lag_is_one_of_its_connections(contract: Contract, world: World) -> None:
    """If the number and the list disagree, automation orders ports that already exist."""
    lag, members = bundle(world, working=False)
    connection = arrange(world, "connection")
    exchange = done(world.call(JOIN, {"connectionId": connection, "lagId": lag}))
    for member, wanted in (("connectionId", connection.id), ("lagId", lag.id)):
        found = exchange.body.get(member)
        message = f"{member} is {found!r} in the answer, not {wanted!r}"
        contract.check("lags.associate-answer", found == wanted, message, exchange, where=f"/{member}")
    _consists_of(contract, "lags.associate-counted", world, lag, [*members, connection], exchange)


@pytest.mark.rule("lags.associate-bandwidth", "lags.refusal-atomic")
@pytest.mark.parametrize("bandwidth", ["10Gbps", "100Gbps"])
def test_a_connection_of_another_bandwidth_cannot_join(contract: Contract, world: World, bandwidth: str) -> None:
    """LACP cannot bundle links of different speeds."""
    lag, _ = bundle(world, working=False)
    connection = arrange(world, "connection", members={"bandwidth": bandwidth})
    exchange = _unchanged(contract, world, JOIN, {"connectionId": connection, "lagId": lag})
    contract.refused("lags.associate-bandwidth", exchange, f"a connection of {bandwidth} in a LAG of 1Gbps")


@pytest.mark.rule("lags.associate-location", "lags.refusal-atomic")
def test_a_connection_at_another_location_cannot_join(contract: Contract, world: World) -> None:
    """All links of a LAG end on one device."""
    lag, _ = bundle(world, working=False)
    connection = arrange(world, "connection", members={"location": elsewhere(world)})
    exchange = _unchanged(contract, world, JOIN, {"connectionId": connection, "lagId": lag})
    contract.refused("lags.associate-location", exchange, "a connection at another location than the LAG")


@pytest.mark.rule("lags.associate-macsec", "lags.refusal-atomic")
@pytest.mark.parametrize("of_lag", [True, False], ids=["lag-only", "connection-only"])
def test_a_lag_and_a_connection_agree_on_macsec(contract: Contract, world: World, of_lag: bool) -> None:
    """Otherwise one link would be unencrypted or could not come up."""
    lag, _ = bundle(world, connectionsBandwidth="10Gbps", requestMACSec=of_lag)
    wanted = {"bandwidth": "10Gbps", "requestMACSec": not of_lag}
    connection = arrange(world, "connection", members=wanted)
    exchange = _unchanged(contract, world, JOIN, {"connectionId": connection, "lagId": lag})
    contract.refused("lags.associate-macsec", exchange, "a LAG and a connection of which one only has MACsec")


@pytest.mark.rule("lags.associate-interfaces-move")
def test_interfaces_go_with_their_connection_into_a_lag(contract: Contract, world: World) -> None:
    """Clients must find the virtual interface on the LAG."""
    lag, _ = bundle(world)
    connection = arrange(world, "connection")
    interface = _interface(world, connection)
    exchange = done(world.call(JOIN, {"connectionId": connection, "lagId": lag}))
    described, place = _place(world, interface, lag)
    message = f"the connection is in a LAG, its virtual interface on {place!r} and not on the LAG"
    contract.check("lags.associate-interfaces-move", place == lag.id, message, exchange, described)


@pytest.mark.rule("lags.associate-changes-lag", "lags.associate-interfaces-stay")
def test_a_connection_that_changes_its_lag_leaves_all_else_behind(contract: Contract, world: World) -> None:
    """Moving a port to another LAG must not move the virtual interfaces of the first LAG."""
    old, (stays, goes) = bundle(world, 2)
    interface = _interface(world, old)
    new, members = bundle(world)
    exchange = done(patient(world, JOIN, {"connectionId": goes, "lagId": new}))
    _consists_of(contract, "lags.associate-changes-lag", world, old, [stays], exchange)
    _consists_of(contract, "lags.associate-changes-lag", world, new, [*members, goes], exchange)
    described, place = _place(world, interface, old)
    message = f"a connection changed from one LAG to another; an interface of the first is on {place!r}"
    contract.check("lags.associate-interfaces-stay", place == old.id, message, exchange, described)


@pytest.mark.rule("lags.associate-minimum-guard", "lags.refusal-atomic")
def test_a_lag_that_needs_a_connection_does_not_lose_it_to_another(contract: Contract, world: World) -> None:
    """The minimum number of links must prevent this."""
    old, (_, wanted) = bundle(world, 2)
    new, _ = bundle(world)
    needs(world, old, 2)
    exchange = _unchanged(contract, world, JOIN, {"connectionId": wanted, "lagId": new})
    contract.refused("lags.associate-minimum-guard", exchange, "taking one of two connections that a LAG needs")


@pytest.mark.rule("lags.member-limit")
@pytest.mark.parametrize("how", ["CreateConnection", JOIN])
def test_a_lag_is_not_filled_beyond_ten(contract: Contract, world: World, how: str) -> None:
    """The limit must apply to later additions as well as to the first order."""
    lag, _ = bundle(world, 4)
    for count in range(4, TEN + 1):
        if count == TEN and (found := _count(world, lag)) < TEN:
            raise Indeterminate(f"of ten connections that {how} put into a LAG without an error it lists {found}")
        exchange = _one_more(world, lag, how)
        if not exchange.succeeded:
            break
    contract.refused("lags.member-limit", exchange, f"an eleventh connection for a LAG, by {how}")


@pytest.mark.rule("lags.disassociate-answer", "lags.disassociate-counted")
def test_a_connection_that_leaves_a_lag_stands_alone(contract: Contract, world: World) -> None:
    """The connection is a separate port again, and other systems refer to it by the same id."""
    lag, (stays, goes) = bundle(world, 2, working=False)
    exchange = done(patient(world, LEAVE, {"connectionId": goes, "lagId": lag}))
    found = exchange.body.get("connectionId")
    message = f"the answer is about {found!r}, not about the connection that left"
    contract.check("lags.disassociate-answer", found == goes.id, message, exchange, where="/connectionId")
    seen = poll(lambda: world.observe(goes), lambda one: _lives(one) and not one.there.get("lagId"))
    message = f"the connection that left the LAG is {seen.state or 'not described'}"
    contract.check("lags.disassociate-answer", _lives(seen), message, exchange, seen.exchange)
    for answer, connection in ((exchange, exchange.body), (seen.exchange, seen.there)):
        message = f"lagId is {connection.get('lagId')!r} after the connection left the LAG"
        alone = not connection.get("lagId")
        contract.check("lags.disassociate-answer", alone, message, exchange, answer, where="/lagId")
    _consists_of(contract, "lags.disassociate-counted", world, lag, [stays], exchange)


@pytest.mark.rule("lags.disassociate-interfaces-stay")
def test_the_interfaces_of_a_lag_stay_when_a_connection_leaves(contract: Contract, world: World) -> None:
    """Removing a port for repair must not remove the traffic."""
    lag, (_, goes) = bundle(world, 2)
    interface = _interface(world, lag)
    exchange = done(patient(world, LEAVE, {"connectionId": goes, "lagId": lag}))
    described, place = _place(world, interface, lag)
    message = f"a connection left the LAG, whose virtual interface is on {place!r} now"
    contract.check("lags.disassociate-interfaces-stay", place == lag.id, message, exchange, described)


@pytest.mark.rule("lags.disassociate-minimum-guard", "lags.refusal-atomic")
def test_a_lag_keeps_the_connections_that_it_needs(contract: Contract, world: World) -> None:
    """The minimum number of links must prevent this."""
    lag, (_, goes) = bundle(world, 2)
    needs(world, lag, 2)
    exchange = _unchanged(contract, world, LEAVE, {"connectionId": goes, "lagId": lag})
    contract.refused("lags.disassociate-minimum-guard", exchange, "one of two connections that a LAG needs leaving it")


@pytest.mark.rule("lags.disassociate-last-member", "lags.empty-remains")
def test_the_last_connection_may_leave_and_the_lag_remains(contract: Contract, world: World) -> None:
    """Otherwise a LAG could never be emptied. Its configuration remains for new connections."""
    lag, (last,) = bundle(world, 1)
    needs(world, lag, 1)
    exchange = patient(world, LEAVE, {"connectionId": last, "lagId": lag})
    what = "the last connection leaving a LAG that needs one"
    if contract.accepted("lags.disassociate-last-member", exchange, what):
        seen = confirm(lambda: world.observe(lag), _lives)
        message = f"a LAG without connections is {seen.state or 'not described'}"
        contract.check("lags.empty-remains", _lives(seen), message, exchange, seen.exchange, where="/lagState")
        _consists_of(contract, "lags.empty-remains", world, lag, [], exchange)


@pytest.mark.rule("lags.disassociate-not-member", "lags.refusal-atomic")
@pytest.mark.parametrize("elsewhere", [False, True], ids=["in-none", "in-another"])
def test_who_is_not_in_a_lag_cannot_leave_it(contract: Contract, world: World, elsewhere: bool) -> None:
    """The caller has the wrong LAG and must get an error."""
    lag, _ = bundle(world)
    connection = bundle(world, 2)[1][0] if elsewhere else arrange(world, "connection")
    exchange = _unchanged(contract, world, LEAVE, {"connectionId": connection, "lagId": lag})
    contract.refused("lags.disassociate-not-member", exchange, "a connection leaving a LAG in which it is not")


def _interface(world: World, port: Handle) -> Handle:
    return arrange(world, "virtual-interface", shared={"/connectionId": port})


def _one_more(world: World, lag: Handle, how: str) -> Exchange:
    """One more connection for a LAG, either ordered in the LAG or ordered first and then associated."""
    if how == JOIN:
        connection = arrange(world, "connection", settle=False)
        return patient(world, JOIN, {"connectionId": connection, "lagId": lag})
    params = {
        "location": lag.params["location"],
        "bandwidth": lag.params["connectionsBandwidth"],
        "connectionName": world.name(),
        "lagId": lag,
    }
    exchange = world.call(how, params)
    world.adopt("connection", how, exchange, params, "owner")
    return exchange


def _place(world: World, interface: Handle, expected: Handle) -> tuple[Exchange, Any]:
    """The parent of a virtual interface, after some time to get there."""
    exchange, item = world.described(interface, shows(connectionId=expected.id), slowly=True)
    return exchange, item.get("connectionId")


def _consists_of(
    contract: Contract, rule: str, world: World, lag: Handle, expected: list[Handle], cause: Exchange
) -> None:
    """Checks that a LAG has these connections and no others, after some time to get there."""
    wanted = sorted(handle.id for handle in expected)

    def ids(item: Json) -> list[str]:
        return sorted(str(one.get("connectionId")) for one in members_of(item))

    def right(item: Json) -> bool:
        return ids(item) == wanted and item.get("numberOfConnections") == len(wanted)

    exchange, item = world.described(lag, right, slowly=True)
    stated = item.get("numberOfConnections")
    message = f"the LAG has {len(wanted)} connections; numberOfConnections is {stated!r}"
    contract.check(rule, stated == len(wanted), message, cause, exchange, where="/numberOfConnections")
    message = f"the LAG lists connections {ids(item)}, those in it are {wanted}"
    contract.check(rule, ids(item) == wanted, message, cause, exchange, where="/connections")


def _lives(seen: Observation) -> bool:
    return seen.item is not None and seen.state not in ("deleting", "deleted", "rejected")


def _count(world: World, lag: Handle) -> int:
    """The number of connections that a LAG lists: ten, if it reaches that in time."""
    return len(members_of(world.described(lag, lambda seen: len(members_of(seen)) == TEN)[1]))


def _unchanged(contract: Contract, world: World, operation: str, params: Json) -> Exchange:
    """Sends a request and checks that a refused request changes nothing."""
    before = world.seen()
    exchange = patient(world, operation, params)
    if 400 <= exchange.status < 500:
        message = f"{operation} was refused, and yet something has changed"
        contract.check("lags.refusal-atomic", world.seen_again(before) == before, message, exchange, basis=before)
    return exchange
