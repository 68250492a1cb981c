"""BGP failover tests: they take a session down for a limited time and keep a history."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.observation import unordered
from strategies.pagination import whole_list
from strategies.polling import confirm
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

START = "StartBgpFailoverTest"
STOP = "StopBgpFailoverTest"
HISTORY = "ListVirtualInterfaceTestHistory"
LIST = "virtualInterfaceTestHistory"
LONGEST = 4320


@pytest.mark.rule(
    "failover_tests.start-answer",
    "failover_tests.duration-default",
    "failover_tests.owner-account",
    "failover_tests.interface-testing",
    "failover_tests.peers-down",
)
def test_a_test_takes_the_sessions_down(contract: Contract, world: World) -> None:
    """If the sessions stay up, the test does not show whether the redundant connection works."""
    interface = _interface(world)
    started = done(_start(world, interface))
    test = _of(started)
    found = (bool(test.get("testId")), test.get("virtualInterfaceId"), bool(test.get("status")))
    contract.check(
        "failover_tests.start-answer",
        found == (True, interface.id, True),
        f"a started test is answered as {test}; it lacks its id, its interface or its status",
        started,
    )
    minutes = test.get("testDurationInMinutes")
    message = f"a test that was given no duration lasts {minutes} minutes"
    contract.check("failover_tests.duration-default", minutes == 180, message, started)
    owner = test.get("ownerAccount")
    message = f"the test names {owner} as the owner of the interface"
    contract.check("failover_tests.owner-account", owner == world.account_id("owner"), message, started)
    exchange, item = _running(world, interface)
    message = f"while its test runs the interface is {_state(item)}"
    contract.check("failover_tests.interface-testing", _state(item) == "testing", message, started, exchange)
    statuses = _statuses(item)
    message = f"while the test runs the BGP peers are {statuses}"
    down = "up" not in statuses
    contract.check("failover_tests.peers-down", down, message, started, exchange, basis=statuses)


@pytest.mark.rule("failover_tests.duration-echo")
@given(minutes=st.one_of(st.just(LONGEST), st.integers(1, LONGEST)))
def test_a_test_lasts_as_long_as_asked_for(api: Api, contract: Contract, run_id: str, minutes: int) -> None:
    """A planned outage must end at the announced time."""
    with World(api, run_id) as world:
        exchange = done(_start(world, _interface(world), testDurationInMinutes=minutes))
        found = _of(exchange).get("testDurationInMinutes")
        message = f"asked for {minutes} minutes, the test lasts {found}"
        contract.check("failover_tests.duration-echo", found == minutes, message, exchange)


@pytest.mark.rule("failover_tests.duration-range", "failover_tests.refusal-atomic")
@pytest.mark.parametrize("minutes", [LONGEST + 1, 10_000])
def test_a_test_ends_within_three_days(contract: Contract, world: World, minutes: int) -> None:
    """A session that stays down after a forgotten test is an outage."""
    interface = _interface(world)
    before = _everything_of(world, interface)
    exchange = _start(world, interface, testDurationInMinutes=minutes)
    if contract.refused("failover_tests.duration-range", exchange, f"a test of {minutes} minutes"):
        _unchanged(contract, world, interface, before, exchange)


@pytest.mark.rule("failover_tests.every-type")
@pytest.mark.parametrize("kind", ["Private", "Public", "Transit"])
def test_every_type_of_interface_can_be_tested(contract: Contract, world: World, kind: str) -> None:
    """Users need redundancy for every type of virtual interface."""
    interface = _interface(world, kind)
    exchange = _start(world, interface)
    what = f"a test of a {kind.lower()} virtual interface"
    contract.accepted("failover_tests.every-type", exchange, what, interface.made, where=kind.lower())


@pytest.mark.rule("failover_tests.peers-echo")
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_chosen_peers_are_tested_alone(contract: Contract, world: World, family: str) -> None:
    """The other session carries the traffic meanwhile."""
    interface = _interface(world)
    chosen = _peer(_dual_stack(world, interface), family)
    exchange = done(_start(world, interface, bgpPeers=[chosen]))
    found = _of(exchange).get("bgpPeers")
    message = f"asked to test {[chosen]}, the test is one of {found}"
    contract.check("failover_tests.peers-echo", found == [chosen], message, exchange)


@pytest.mark.rule("failover_tests.owner-only")
def test_the_owner_of_the_connection_starts_and_stops_nothing(contract: Contract, world: World) -> None:
    """The traffic belongs to the other account, and only its owner knows whether it has redundancy."""
    world.api.permit(START)
    interface = arrange(world, "virtual-interface", operation="AllocatePrivateVirtualInterface", settle=False)
    gateway = arrange(world, "direct-connect-gateway", role="other")
    params = {"virtualInterfaceId": interface, "directConnectGatewayId": gateway}
    done(world.call("ConfirmPrivateVirtualInterface", params, role="other"))
    world.settle(interface, "available")
    exchange = _start(world, interface)
    contract.refused("failover_tests.owner-only", exchange, "a test started by the owner of the connection")
    if not exchange.succeeded:
        started = done(_start(world, interface, role="other"))
        stopped = world.call(STOP, {"virtualInterfaceId": interface})
        contract.refused("failover_tests.owner-only", stopped, "a test stopped by the owner of the connection", started)


@pytest.mark.rule("failover_tests.history", "failover_tests.owner-account")
def test_a_test_is_in_the_history(contract: Contract, world: World) -> None:
    """Auditors ask for this evidence."""
    interface = _interface(world)
    started = done(_start(world, interface, testDurationInMinutes=60))
    test = _of(started)
    named = ("testId", "virtualInterfaceId")
    expected = [test.get("testId"), interface.id]

    def told(items: list[Json]) -> list[list[Any]]:
        return [[item.get(name) for name in named] for item in items]

    exchange, items = confirm(lambda: _history(world, interface), lambda seen: told(seen[1]) == [expected])
    found = told(items)
    contract.check(
        "failover_tests.history", found == [expected], f"started {expected}, the history has {found}", started, exchange
    )
    for item in items:
        owner = item.get("ownerAccount")
        message = f"the history names {owner} as the owner of the interface"
        contract.check("failover_tests.owner-account", owner == world.account_id("owner"), message, exchange)


@pytest.mark.rule("failover_tests.history-filters", "failover_tests.history-filters-more")
def test_the_history_is_filtered(contract: Contract, world: World) -> None:
    """If the filter is ignored, a test of another virtual interface looks like a test of this one."""
    one, two = _interface(world), _interface(world)
    first, second = done(_start(world, one)), done(_start(world, two))
    stopped = done(world.call(STOP, {"virtualInterfaceId": one}))
    test, other = _of(first).get("testId"), _of(second).get("testId")
    peers = [str(peer) for peer in at(world.described(one)[1], "/bgpPeers/*/bgpPeerId")]

    def look(rule: str, params: dict[str, Any], where: str) -> None:
        def right(found: list[Any]) -> bool:
            return found == [test] if rule.endswith("filters") else test in found and other not in found

        exchange, items = confirm(
            lambda: whole_list(world, HISTORY, params, LIST), lambda seen: right([one.get("testId") for one in seen[1]])
        )
        found = [item.get("testId") for item in items]
        ok = right(found)
        message = f"{where[1:]} names {test} and not {other}; found {found}"
        contract.check(rule, ok, message, first, second, stopped, exchange, where=where)

    look("failover_tests.history-filters", {"virtualInterfaceId": one}, "/virtualInterfaceId")
    look("failover_tests.history-filters", {"testId": test}, "/testId")
    history, items = _history(world, one)
    for member, values in (
        ("bgpPeers", [peers] if peers else []),
        ("status", [item.get("status") for item in items][:1]),
    ):
        for value in contract.each("failover_tests.history-filters-more", values, history, what=member):
            look("failover_tests.history-filters-more", {member: value}, f"/{member}")


@pytest.mark.rule("failover_tests.stop-answer", "failover_tests.stop-ends", "failover_tests.stop-kept")
def test_a_test_that_is_stopped_is_over(contract: Contract, world: World) -> None:
    """A user whose redundancy fails needs the session back at once, and must see later that the test was stopped."""
    interface = _interface(world)
    started = done(_start(world, interface))
    _, running = _running(world, interface)
    stopped = done(world.call(STOP, {"virtualInterfaceId": interface}))
    test = _of(started).get("testId")
    found = (_of(stopped).get("testId"), _of(stopped).get("virtualInterfaceId"))
    message = f"stopping the test {test} of {interface.id} answered {found}"
    contract.check("failover_tests.stop-answer", found == (test, interface.id), message, started, stopped)
    exchange, item = world.described(interface, lambda seen: _state(seen) != "testing", slowly=True)
    message = f"after its test was stopped the interface is {_state(item)}"
    ended, basis = _state(item) not in (None, "testing"), _state(running) == "testing" or None
    contract.check("failover_tests.stop-ends", ended, message, stopped, exchange, basis=basis)

    def statuses_in(items: list[Json]) -> list[Any]:
        return [one.get("status") for one in items if one.get("testId") == test]

    def kept(found: list[Any]) -> bool:
        return len(found) == 1 and found[0] not in (None, _of(started).get("status"))

    exchange, items = confirm(lambda: _history(world, interface), lambda seen: kept(statuses_in(seen[1])))
    statuses = statuses_in(items)
    contract.check(
        "failover_tests.stop-kept",
        kept(statuses),
        f"a test was {_of(started).get('status')} before it was stopped; in the history it is {statuses}",
        stopped,
        exchange,
    )


@pytest.mark.rule("failover_tests.stop-without-test", "failover_tests.refusal-atomic")
def test_nothing_is_stopped_where_nothing_runs(contract: Contract, world: World) -> None:
    """A user who stops the wrong virtual interface must notice the error."""
    interface = _interface(world)
    before = _everything_of(world, interface)
    exchange = world.call(STOP, {"virtualInterfaceId": interface})
    what = "stopping a test where none runs"
    if contract.refused("failover_tests.stop-without-test", exchange, what, interface.made):
        _unchanged(contract, world, interface, before, exchange)


@pytest.mark.rule("failover_tests.start-twice", "failover_tests.refusal-atomic")
def test_one_test_runs_at_a_time(contract: Contract, world: World) -> None:
    """With two overlapping tests the end of the outage would be unclear."""
    interface = _interface(world)
    first = done(_start(world, interface))
    _running(world, interface)
    before = _everything_of(world, interface)
    exchange = _start(world, interface, testDurationInMinutes=60)
    if contract.refused("failover_tests.start-twice", exchange, "a second test of an interface", first):
        _unchanged(contract, world, interface, before, exchange)


def _interface(world: World, kind: str = "Private") -> Handle:
    """A virtual interface whose BGP session is up, since a test needs a session to take down."""
    world.api.permit(START)
    interface = arrange(world, "virtual-interface", operation=f"Create{kind}VirtualInterface", settle=False)
    world.settle(interface, "available")
    return interface


def _dual_stack(world: World, interface: Handle) -> Json:
    """The virtual interface with a second peer of family ipv6, both ready."""
    new = {"asn": 65001, "addressFamily": "ipv6"}
    done(world.call("CreateBGPPeer", {"virtualInterfaceId": interface, "newBGPPeer": new}))

    def ready(item: Json) -> bool:
        states = at(item, "/bgpPeers/*/bgpPeerState")
        return len(states) == 2 and set(states) == {"available"}

    return world.described(interface, ready, slowly=True)[1]


def _peer(interface: Json, family: str) -> str:
    found = [peer.get("bgpPeerId") for peer in interface.get("bgpPeers", []) if peer.get("addressFamily") == family]
    return str(found[0]) if found else "dxpeer-ffffff00"


def _start(world: World, interface: Handle, *, role: Role = "owner", **more: Any) -> Exchange:
    return world.call(START, {"virtualInterfaceId": interface, **more}, role=role)


def _of(exchange: Exchange) -> Json:
    """The test in a response."""
    found = exchange.body.get("virtualInterfaceTest")
    return found if isinstance(found, dict) else {}


def _state(item: Json) -> str | None:
    return item.get("virtualInterfaceState")


def _statuses(item: Json) -> list[str | None]:
    return at(item, "/bgpPeers/*/bgpStatus")


def _running(world: World, interface: Handle) -> tuple[Exchange, Json]:
    """The virtual interface once it shows a running test, or its last description if it does not in time."""

    def runs(item: Json) -> bool:
        return _state(item) == "testing" and "up" not in _statuses(item)

    return world.described(interface, runs, slowly=True)


def _history(world: World, interface: Handle) -> tuple[Exchange, list[Json]]:
    return whole_list(world, HISTORY, {"virtualInterfaceId": interface}, LIST)


def _everything_of(world: World, interface: Handle) -> tuple[Json | None, list[Json]]:
    """The virtual interface and its history of tests."""
    return unordered(world.described(interface)[1]), unordered(_history(world, interface)[1])


def _unchanged(
    contract: Contract,
    world: World,
    interface: Handle,
    before: tuple[Json | None, list[Json]],
    exchange: Exchange,
) -> None:
    after = confirm(lambda: _everything_of(world, interface), lambda seen: seen == before)
    contract.check(
        "failover_tests.refusal-atomic",
        after == before,
        f"the request was refused, and yet {before} is now {after}",
        exchange,
        basis=before,
    )
