"""BGP peers of virtual interfaces, and BGP failover tests."""

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.machines.actions.registry import action
from strategies.machines.actions.virtual_interfaces import KEPT, alive
from strategies.machines.compare.normalization import normal
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, PeerMember, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.provisional_checks import judged
from strategies.machines.steps import Step

RULES = (
    "bgp_peers.created-listed",
    "bgp_peers.delete-answer",
    "bgp_peers.delete-last",
    "bgp_peers.delete-no-match",
    "bgp_peers.interface-kept",
    "bgp_peers.same-family",
    "failover_tests.history",
    "failover_tests.history-filters",
    "failover_tests.history-filters-more",
    "failover_tests.owner-account",
    "failover_tests.peers-down",
    "failover_tests.refusal-atomic",
    "failover_tests.stop-kept",
    "failover_tests.interface-testing",
    "failover_tests.start-twice",
    "failover_tests.stop-ends",
    "failover_tests.stop-without-test",
)


def _one_peer(model: Model) -> list[Thing]:
    return [one for one in alive(model) if one.facts["families"] == ["ipv4"]]


@action("CreateBGPPeer", ready=_one_peer)
def add_peer(m: MachineContext) -> None:
    """Adds a peer of the address family for which the virtual interface has none."""
    thing = m.one_of(_one_peer(m.model))
    params = {"virtualInterfaceId": thing, "newBGPPeer": {"asn": thing.facts["asn"], "addressFamily": "ipv6"}}
    step = Step("CreateBGPPeer", params, thing.owner)
    if spoiled(m, step):
        return
    m.settled(thing)
    before = m.shown(thing)
    m.accept(step)
    thing.facts["families"] = ["ipv4", "ipv6"]
    thing.facts["peers_rule"] = "bgp_peers.created-listed"
    m.look(thing)
    m.kept("bgp_peers.interface-kept", thing, before, (), "connectionId", *KEPT)


@action("CreateBGPPeer", ready=alive)
def add_same_peer(m: MachineContext) -> None:
    """Checks that a second peer of a family is refused if the port states that it has no logical redundancy."""
    thing = m.one_of(alive(m.model))
    new = {"asn": thing.facts["asn"], "addressFamily": "ipv4"}
    m.settled(thing)
    port = m.observe(thing.links["port"])
    if port is None or port[1] is None or port[1].get("hasLogicalRedundancy") != "no":
        return
    step = Step("CreateBGPPeer", {"virtualInterfaceId": thing, "newBGPPeer": new}, thing.owner)
    m.refuse("bgp_peers.same-family", step, "a second BGP peer of one address family, without redundancy")


@action("DeleteBGPPeer", ready=alive)
def delete_peer(m: MachineContext) -> None:
    """Deletes the newer peer, by its id or by ASN and address; the last peer cannot be deleted."""
    thing = m.one_of(alive(m.model))
    m.at_rest(thing)
    m.look(thing)
    if len(thing.facts["families"]) == 1:
        step = Step("DeleteBGPPeer", _named(thing, "ipv4", True), thing.owner)
        m.refuse("bgp_peers.delete-last", step, "the last BGP peer is deleted")
        return
    step = Step("DeleteBGPPeer", _named(thing, "ipv6", m.chance(2)), thing.owner)
    if spoiled(m, step):
        return
    before = m.shown(thing)
    m.accept(step)
    thing.facts["families"] = ["ipv4"]
    thing.facts["peers_rule"] = "bgp_peers.delete-answer"
    m.look(thing)
    m.kept("bgp_peers.interface-kept", thing, before, (), "connectionId", *KEPT)


def _named(thing: Thing, family: str, by_id: bool) -> Json:
    """A request that identifies the peer of this family, by its id or by ASN and address."""
    if by_id:
        return {"virtualInterfaceId": thing, "bgpPeerId": PeerMember(thing, family, "bgpPeerId")}
    address = PeerMember(thing, family, "customerAddress")
    return {"virtualInterfaceId": thing, "asn": thing.facts["asn"], "customerAddress": address}


@action("DeleteBGPPeer", ready=alive)
def delete_no_peer(m: MachineContext) -> None:
    """Checks that a peer that the virtual interface does not have cannot be deleted."""
    thing = m.one_of(alive(m.model))
    params = {"virtualInterfaceId": thing, "asn": 65099, "customerAddress": "10.255.255.2/30"}
    m.refuse(
        "bgp_peers.delete-no-match", Step("DeleteBGPPeer", params, thing.owner), "a peer that is not there is deleted"
    )


def _testing(model: Model) -> list[Thing]:
    return model.of("virtual-interface", where=lambda one: one.facts.get("testing"))


@action("StartBgpFailoverTest", ready=alive)
def start_test(m: MachineContext) -> None:
    """Starts a failover test."""
    thing = m.one_of(alive(m.model))
    step = Step("StartBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    if spoiled(m, step):
        return
    m.settled(thing)
    exchange = m.accept(step)
    thing.facts["testing"] = True
    thing.expect("failover_tests.interface-testing", virtualInterfaceState="testing")
    m.look(thing)
    _down(m, thing)
    if exchange is not None:
        started = at(exchange.body, "/virtualInterfaceTest")
        if started and isinstance(started[0], dict):
            thing.facts["test"] = started[0]
            history(m, thing)


@judged
def _down(m: MachineContext, thing: Thing) -> None:
    """Checks that no peer is up while a test of all peers runs."""
    sight = m.observe(thing)
    if sight is not None and sight[1] is not None:
        statuses = at(sight[1], "/bgpPeers/*/bgpStatus")
        up = [one for one in statuses if one == "up"]
        what = f"{len(up)} BGP peers are up while a test runs"
        m.contract.check("failover_tests.peers-down", not up, what, sight[0], where="/bgpPeers", basis=statuses)


@judged
def history(m: MachineContext, thing: Thing, *, stopped: bool = False) -> None:
    """Checks that the history contains the last test of a virtual interface, with every filter."""
    test = thing.facts["test"]
    found: dict[str, list[Json]] = {}
    exchanges: list[Exchange] = []
    for name, value in (("virtualInterfaceId", thing.id), ("testId", test.get("testId")), ("status", None)):
        asked = {name: value} if value else {"virtualInterfaceId": thing.id, "status": test.get("status")}
        exchange = m.ask("ListVirtualInterfaceTestHistory", asked, thing.owner)
        if thing.unsure or exchange is None or not exchange.succeeded:
            return
        found[name] = [one for one in at(exchange.body, "/virtualInterfaceTestHistory/*") if isinstance(one, dict)]
        exchanges.append(exchange)
    by_interface, by_test, by_status = exchanges
    here = [one for one in found["virtualInterfaceId"] if one.get("testId") == test.get("testId")]
    rule = "failover_tests.stop-kept" if stopped else "failover_tests.history"
    kept = len(here) == 1 and (here[0].get("status") != test.get("status")) is stopped
    m.contract.check(
        rule, kept, f"{len(here)} tests in the history are the last one, or its status is wrong", by_interface
    )
    alien = [one for one in found["virtualInterfaceId"] if one.get("virtualInterfaceId") != thing.id]
    alien += [one for one in found["testId"] if one.get("testId") != test.get("testId")]
    what = f"{len(alien)} tests in the history are not those that were asked for"
    m.contract.check("failover_tests.history-filters", not alien, what, by_interface, by_test)
    other = [one for one in found["status"] if one.get("status") != test.get("status")]
    what = f"{len(other)} tests in the history are of another status than the one that was asked for"
    m.contract.check("failover_tests.history-filters-more", not other, what, by_status)
    owner = m.world.api.account(thing.owner).account_id
    what = "a test does not name the owner of its virtual interface"
    named = all(one.get("ownerAccount") == owner for one in here)
    m.contract.check("failover_tests.owner-account", owner is None or named, what, by_interface)


@action("StartBgpFailoverTest", ready=_testing)
def start_twice(m: MachineContext) -> None:
    """Checks that a second test cannot start while a test runs."""
    thing = m.one_of(_testing(m.model))
    step = Step("StartBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    before = _history(m, thing)
    m.refuse("failover_tests.start-twice", step, "a second test is started")
    after = _history(m, thing)
    if before is None or after is None or thing.unsure or before[1] != after[1]:
        return  # a test can end by itself
    what = "a test was not started, and yet the history is another one"
    same = normal(before[0].body) == normal(after[0].body)
    m.contract.check("failover_tests.refusal-atomic", same, what, after[0], operation=step.operation)


def _history(m: MachineContext, thing: Thing) -> tuple[Exchange, list[Json]] | None:
    """The tests of a virtual interface with their status."""
    exchange = m.ask("ListVirtualInterfaceTestHistory", {"virtualInterfaceId": thing}, thing.owner)
    if exchange is None or not exchange.succeeded:
        return None
    return exchange, at(exchange.body, "/virtualInterfaceTestHistory/*/status")


@action("StopBgpFailoverTest", ready=alive)
def stop_nothing(m: MachineContext) -> None:
    """Checks that a test cannot be stopped if none runs."""
    thing = m.one_of(alive(m.model))
    step = Step("StopBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    m.refuse("failover_tests.stop-without-test", step, "a test is stopped that does not run")


@action("StopBgpFailoverTest", ready=_testing)
def stop_test(m: MachineContext) -> None:
    """Stops a failover test."""
    thing = m.one_of(_testing(m.model))
    step = Step("StopBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    if spoiled(m, step):
        return
    m.accept(step)
    thing.facts["testing"] = False
    thing.forget("virtualInterfaceState")
    _ended(m, thing)
    m.look(thing)
    if thing.facts.get("test"):
        history(m, thing, stopped=True)


@judged
def _ended(m: MachineContext, thing: Thing) -> None:
    """Checks that a stopped test no longer runs."""
    sight = m.observe(thing)
    if sight is not None and sight[1] is not None:
        still = sight[1].get("virtualInterfaceState") == "testing"
        what = "a virtual interface is testing after its test was stopped"
        m.contract.check("failover_tests.stop-ends", not still, what, sight[0])
