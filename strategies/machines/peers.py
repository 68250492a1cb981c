"""BGP peers of virtual interfaces, and the tests that take them down for a while."""

from typing import TYPE_CHECKING

from dxcontract.spec import Json
from strategies.machines.actions import action
from strategies.machines.flaws import spoiled
from strategies.machines.interfaces import alive
from strategies.machines.model import Model, PeerMember, Thing
from strategies.machines.steps import Step

if TYPE_CHECKING:
    from strategies.machines.machine import Machine

RULES = (
    "bgp_peers.created-listed",
    "bgp_peers.delete-answer",
    "bgp_peers.delete-last",
    "bgp_peers.delete-no-match",
    "failover_tests.interface-testing",
    "failover_tests.start-twice",
    "failover_tests.stop-ends",
    "failover_tests.stop-without-test",
)


def _one_peer(model: Model) -> list[Thing]:
    return [one for one in alive(model) if one.facts["families"] == ["ipv4"]]


@action("CreateBGPPeer", ready=_one_peer)
def add_peer(m: "Machine") -> None:
    """Add a peer of the family that a virtual interface lacks."""
    thing = m.one_of(_one_peer(m.model))
    params = {"virtualInterfaceId": thing, "newBGPPeer": {"asn": thing.facts["asn"], "addressFamily": "ipv6"}}
    step = Step("CreateBGPPeer", params, thing.owner)
    if spoiled(m, step):
        return
    m.settled(thing)
    m.accept(step)
    thing.facts["families"] = ["ipv4", "ipv6"]
    thing.facts["peers_rule"] = "bgp_peers.created-listed"
    m.look(thing)


@action("DeleteBGPPeer", ready=alive)
def delete_peer(m: "Machine") -> None:
    """Delete the newer peer, by its id or by ASN and address; the last one stays."""
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
    m.accept(step)
    thing.facts["families"] = ["ipv4"]
    thing.facts["peers_rule"] = "bgp_peers.delete-answer"
    m.look(thing)


def _named(thing: Thing, family: str, by_id: bool) -> Json:
    """A request that names the peer of this family, by its id or by ASN and address."""
    if by_id:
        return {"virtualInterfaceId": thing, "bgpPeerId": PeerMember(thing, family, "bgpPeerId")}
    address = PeerMember(thing, family, "customerAddress")
    return {"virtualInterfaceId": thing, "asn": thing.facts["asn"], "customerAddress": address}


@action("DeleteBGPPeer", ready=alive)
def delete_no_peer(m: "Machine") -> None:
    """A peer that a virtual interface has not cannot be deleted."""
    thing = m.one_of(alive(m.model))
    params = {"virtualInterfaceId": thing, "asn": 65099, "customerAddress": "10.255.255.2/30"}
    m.refuse(
        "bgp_peers.delete-no-match", Step("DeleteBGPPeer", params, thing.owner), "a peer that is not there is deleted"
    )


def _testing(model: Model) -> list[Thing]:
    return model.of("virtual-interface", where=lambda one: one.facts.get("testing"))


@action("StartBgpFailoverTest", ready=alive)
def start_test(m: "Machine") -> None:
    """Start a test."""
    thing = m.one_of(alive(m.model))
    step = Step("StartBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    if spoiled(m, step):
        return
    m.settled(thing)
    m.accept(step)
    thing.facts["testing"] = True
    thing.expect("failover_tests.interface-testing", virtualInterfaceState="testing")
    m.look(thing)


@action("StartBgpFailoverTest", ready=_testing)
def start_twice(m: "Machine") -> None:
    """One test at a time."""
    thing = m.one_of(_testing(m.model))
    step = Step("StartBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    m.refuse("failover_tests.start-twice", step, "a second test is started")


@action("StopBgpFailoverTest", ready=alive)
def stop_nothing(m: "Machine") -> None:
    """Where no test runs none can be stopped."""
    thing = m.one_of(alive(m.model))
    step = Step("StopBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    m.refuse("failover_tests.stop-without-test", step, "a test is stopped that does not run")


@action("StopBgpFailoverTest", ready=_testing)
def stop_test(m: "Machine") -> None:
    """Stop a test."""
    thing = m.one_of(_testing(m.model))
    step = Step("StopBgpFailoverTest", {"virtualInterfaceId": thing}, thing.owner)
    if spoiled(m, step):
        return
    m.accept(step)
    thing.facts["testing"] = False
    thing.forget("virtualInterfaceState")
    sight = m.observe(thing)
    if sight is not None and sight[1] is not None:
        still = sight[1].get("virtualInterfaceState") == "testing"
        what = "a virtual interface is testing after its test was stopped"
        m.contract.check("failover_tests.stop-ends", not still, what, sight[0])
    m.look(thing)
