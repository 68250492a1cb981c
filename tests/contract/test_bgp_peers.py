"""BGP peers: adding a peer to a virtual interface, and deleting one."""

import re
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, ip_interface
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

CREATE = "CreateBGPPeer"
DELETE = "DeleteBGPPeer"
MEMBERS = ("asn", "addressFamily", "amazonAddress", "customerAddress", "bgpPeerState", "bgpStatus")
INTERFACE = ("virtualInterfaceName", "vlan", "ownerAccount", "connectionId", "virtualInterfaceType")
LASTING = ("bgpPeerId", "asn", "addressFamily", "amazonAddress", "customerAddress")
ENDING = ("deleting", "deleted")
LINK_LOCAL = IPv4Network("169.254.0.0/16")
OTHER = {"ipv4": "ipv6", "ipv6": "ipv4"}


@pytest.mark.rule(
    "bgp_peers.other-family",
    "bgp_peers.created-listed",
    "bgp_peers.answer-members",
    "bgp_peers.id-form",
    "bgp_peers.interface-kept",
)
@pytest.mark.parametrize("first", OTHER)
def test_an_interface_gets_the_family_that_it_lacks(contract: Contract, world: World, first: str) -> None:
    """This is the only way to get dual stack, and the existing session must not be affected."""
    interface = _interface(world, first)
    earlier, before = world.described(interface)
    exchange = _add(world, interface, OTHER[first])
    contract.accepted("bgp_peers.other-family", exchange, f"a peer of family {OTHER[first]}", interface.made)
    done(exchange)
    described, after = world.described(interface, lambda seen: len(_peers(seen)) == 2, slowly=True)
    for answer, item in ((exchange, _of(exchange)), (described, after)):
        families = sorted(str(peer.get("addressFamily")) for peer in _peers(item))
        contract.check(
            "bgp_peers.created-listed",
            families == ["ipv4", "ipv6"],
            f"the interface had a peer of family {first}, and got one of {OTHER[first]}: it has {families}",
            exchange,
            answer,
        )
        for peer in _peers(item):
            missing = [one for one in MEMBERS if peer.get(one) in (None, "")]
            contract.check("bgp_peers.answer-members", not missing, f"a BGP peer is answered without {missing}", answer)
        ids = [str(peer.get("bgpPeerId")) for peer in _peers(item)]
        contract.check(
            "bgp_peers.id-form",
            len(set(ids)) == len(ids) and all(re.fullmatch("dxpeer-[a-z0-9]+", one) for one in ids),
            f"the ids of the BGP peers are {ids}",
            answer,
            basis=ids,
        )
    _kept(contract, earlier, before, exchange, _of(exchange))


@pytest.mark.rule("bgp_peers.echo")
@given(asn=st.integers(64512, 65534), key=st.text("abcXYZ019", min_size=6, max_size=80))
def test_a_peer_is_as_asked_for(api: Api, contract: Contract, run_id: str, asn: int, key: str) -> None:
    """The router of the customer is configured with the same three values, or the session never comes up."""
    with World(api, run_id) as world:
        exchange = done(_add(world, _interface(world), "ipv6", asn=asn, authKey=key))
        new = [peer for peer in _peers(_of(exchange)) if peer.get("addressFamily") == "ipv6"]
        found = [(peer.get("asn"), peer.get("authKey")) for peer in new]
        contract.check("bgp_peers.echo", found == [(asn, key)], f"asked for {(asn, key)}, got {found}", exchange)


@pytest.mark.rule("bgp_peers.addresses-automatic")
@pytest.mark.parametrize(
    ("kind", "first", "family"),
    [
        ("Private", "ipv4", "ipv6"),
        ("Private", "ipv6", "ipv4"),
        ("Transit", "ipv4", "ipv6"),
        ("Transit", "ipv6", "ipv4"),
        ("Public", "ipv4", "ipv6"),
    ],
)
def test_addresses_are_assigned_when_none_are_given(
    contract: Contract, world: World, kind: str, first: str, family: str
) -> None:
    """Both routers need different addresses in one subnet."""
    exchange = done(_add(world, _interface(world, first, kind), family))
    new = [peer for peer in _peers(_of(exchange)) if peer.get("addressFamily") == family]
    found = [(peer.get("amazonAddress"), peer.get("customerAddress")) for peer in new]
    contract.check(
        "bgp_peers.addresses-automatic",
        len(found) == 1 and _is_assigned(family, *map(_address, found[0])),
        f"a peer of family {family} without addresses got {found}",
        exchange,
        where=f"{kind.lower()} {family}",
    )


@pytest.mark.rule("bgp_peers.addresses-custom-ipv6")
def test_ipv6_addresses_are_amazons(contract: Contract, world: World) -> None:
    """The addresses belong to Amazon's pool; traffic for any other address would be routed to its owner."""
    pair = {"amazonAddress": "2001:db8:77::1/125", "customerAddress": "2001:db8:77::2/125"}
    exchange = _add(world, _interface(world), "ipv6", **pair)
    contract.refused("bgp_peers.addresses-custom-ipv6", exchange, f"the addresses {pair}")


@pytest.mark.rule("bgp_peers.auth-key-length")
@pytest.mark.parametrize("length", [1, 5, 81, 200])
def test_a_key_of_another_length_is_refused(contract: Contract, world: World, length: int) -> None:
    """Some routers truncate longer keys, and the session would fail without a visible reason."""
    exchange = _add(world, _interface(world), "ipv6", authKey="k" * length)
    what = f"an authentication key of {length} characters"
    contract.refused("bgp_peers.auth-key-length", exchange, what, where="too short" if length < 6 else "too long")


@pytest.mark.rule("bgp_peers.asn-range")
@pytest.mark.parametrize(
    ("member", "asn"), [("asn", 0), ("asn", -1), ("asnLong", 0), ("asnLong", -1), ("asnLong", 4294967295)]
)
def test_an_asn_that_does_not_exist_is_refused(contract: Contract, world: World, member: str, asn: int) -> None:
    """Clients with 32-bit integers send a negative number, and AWS was observed to refuse it."""
    exchange = _add(world, _interface(world), "ipv6", **{"asn": None, member: asn})
    contract.refused("bgp_peers.asn-range", exchange, f"{member} {asn}", where=f"/newBGPPeer/{member}")


@pytest.mark.rule("bgp_peers.asn-public")
def test_an_unverified_asn_on_a_public_interface_is_verified_first(contract: Contract, world: World) -> None:
    """An account that can use any ASN could hijack the addresses of the ASN's owner."""
    interface = _interface(world, kind="Public")
    exchange = _add(world, interface, "ipv6", asn=64496)
    new = [peer.get("bgpPeerState") for peer in _peers(_of(exchange)) if peer.get("addressFamily") == "ipv6"]
    refused = not exchange.succeeded and exchange.error_type == "DirectConnectClientException"
    contract.check(
        "bgp_peers.asn-public",
        refused or new in (["verifying"], ["pending"]),
        f"a peer with the ASN 64496, which nobody verified, was answered {exchange.told()} and is {new}",
        exchange,
    )


@pytest.mark.rule("bgp_peers.same-family", "bgp_peers.refusal-atomic")
@pytest.mark.parametrize("family", OTHER)
def test_a_second_peer_of_a_family_needs_redundancy(contract: Contract, world: World, family: str) -> None:
    """An address family has one session, unless the connection ends on two devices."""
    interface = _interface(world, family)
    connection = next(one for one in world.handles if one.kind == "connection")
    port, item = world.described(connection)
    if not [one for one in _peers(world.described(interface)[1]) if one.get("addressFamily") == family]:
        raise Indeterminate(
            f"the virtual interface shows no BGP peer of family {family}, so that another were the second"
        )
    before = world.seen()
    exchange = _add(world, interface, family)
    if item.get("hasLogicalRedundancy") != "no":
        ok = exchange.succeeded or exchange.error_type == "DirectConnectClientException"
        message = f"with redundancy or unknown: {exchange.told()}"
        contract.check("bgp_peers.same-family", ok, message, port, exchange, basis=None)  # either answer is right
    elif contract.refused("bgp_peers.same-family", exchange, f"a second peer of family {family}", port):
        _unchanged(contract, world, before, exchange)


@pytest.mark.rule("bgp_peers.empty-create")
@pytest.mark.parametrize("given_members", ["nothing", "no interface", "no peer", "an empty peer"])
def test_a_peer_must_be_described(contract: Contract, world: World, given_members: str) -> None:
    """The model requires no member, so only the service can refuse the request."""
    interface = _interface(world)
    bodies: dict[str, dict[str, Any]] = {
        "nothing": {},
        "no interface": {"newBGPPeer": {"asn": 65001, "addressFamily": "ipv6"}},
        "no peer": {"virtualInterfaceId": interface},
        "an empty peer": {"virtualInterfaceId": interface, "newBGPPeer": {}},
    }
    exchange = world.call(CREATE, bodies[given_members])
    contract.refused("bgp_peers.empty-create", exchange, f"a request with {given_members}", where=given_members)


@pytest.mark.rule(
    "bgp_peers.delete-by-id", "bgp_peers.delete-by-asn", "bgp_peers.delete-answer", "bgp_peers.interface-kept"
)
@pytest.mark.parametrize("by", ["id", "asn"])
def test_a_peer_is_deleted_and_the_other_stays(contract: Contract, world: World, by: str) -> None:
    """Clients of 2018 identify a peer by ASN and address, and current clients by its id."""
    interface = _interface(world)
    added = done(_add(world, interface, "ipv6", asn=65123))
    peer = next((one for one in _peers(_of(added)) if one.get("addressFamily") == "ipv6"), None)
    if peer is None:
        raise Indeterminate("the BGP peer that was added is not answered")
    named = {"bgpPeerId": peer.get("bgpPeerId")} if by == "id" else _by_asn(peer)
    exchange = world.call(DELETE, {"virtualInterfaceId": interface, **named})
    contract.accepted(f"bgp_peers.delete-by-{by}", exchange, f"deleting a BGP peer by its {by}", added)
    done(exchange)

    def states(item: Json) -> list[Any]:
        left = [other for other in _peers(item) if other.get("bgpPeerId") == peer.get("bgpPeerId")]
        return [other.get("bgpPeerState") for other in left]

    described, item = world.described(interface, lambda seen: set(states(seen)) <= set(ENDING), slowly=True)
    for answer, one in ((exchange, _of(exchange)), (described, item)):
        contract.check(
            "bgp_peers.delete-answer",
            set(states(one)) <= set(ENDING),
            f"after its deletion the BGP peer is {states(one)}",
            exchange,
            answer,
            basis=states(_of(added)),
        )
    _kept(contract, added, _of(added), exchange, _of(exchange), but=peer)


@pytest.mark.rule("bgp_peers.delete-no-match")
def test_a_peer_that_is_not_there_cannot_be_deleted(contract: Contract, world: World) -> None:
    """Otherwise a typing error in the address would look like a successful deletion."""
    interface = _interface(world)
    done(_add(world, interface, "ipv6", asn=65123))
    wrong = {"asn": 65123, "customerAddress": "192.0.2.2/30"}
    exchange = world.call(DELETE, {"virtualInterfaceId": interface, **wrong})
    contract.refused("bgp_peers.delete-no-match", exchange, f"deleting a peer with {wrong}, which there is not")


@pytest.mark.rule("bgp_peers.delete-last", "bgp_peers.refusal-atomic")
def test_the_last_peer_stays(contract: Contract, world: World) -> None:
    """A virtual interface without a peer cannot carry traffic; the whole virtual interface is to be deleted instead."""
    interface = _interface(world)
    _, item = world.described(interface)
    peers = _peers(item)
    if not peers:
        raise Indeterminate("the virtual interface shows no BGP peer that could be its last")
    before = world.seen()
    named = {"bgpPeerId": peers[0].get("bgpPeerId")} if peers[0].get("bgpPeerId") else _by_asn(peers[0])
    exchange = world.call(DELETE, {"virtualInterfaceId": interface, **named})
    if contract.refused("bgp_peers.delete-last", exchange, "deleting the only BGP peer", interface.made):
        _unchanged(contract, world, before, exchange)


def _interface(world: World, family: str = "ipv4", kind: str = "Private") -> Handle:
    """A virtual interface with one BGP peer of this family; it is ready unless it is public, which may take days."""
    world.api.permit(CREATE)
    members = {} if kind == "Public" else {f"new{kind}VirtualInterface": {"addressFamily": family}}
    operation = f"Create{kind}VirtualInterface"
    return arrange(world, "virtual-interface", operation=operation, members=members, settle=kind != "Public")


def _add(world: World, interface: Handle, family: str, **new: Any) -> Exchange:
    members = {name: value for name, value in {"asn": 65001, **new}.items() if value is not None}
    params = {"virtualInterfaceId": interface, "newBGPPeer": {"addressFamily": family, **members}}
    return world.call(CREATE, params)


def _of(exchange: Exchange) -> Json:
    """The virtual interface in a response."""
    found = exchange.body.get("virtualInterface")
    return found if isinstance(found, dict) else {}


def _peers(item: Json) -> list[Json]:
    found = item.get("bgpPeers")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _by_asn(peer: Json) -> dict[str, Any]:
    return {"asn": peer.get("asn"), "customerAddress": peer.get("customerAddress")}


def _address(text: object) -> IPv4Interface | IPv6Interface | None:
    try:
        return ip_interface(str(text))
    except ValueError:
        return None


def _is_assigned(family: str, one: IPv4Interface | IPv6Interface | None, two: object) -> bool:
    """Whether these are two different addresses in one subnet of the block from which AWS assigns addresses."""
    if one is None or one == two or one.network != getattr(two, "network", None):
        return False
    if isinstance(one, IPv6Interface):
        return family == "ipv6" and one.network.prefixlen == 125
    return family == "ipv4" and one.ip in LINK_LOCAL


def _kept(
    contract: Contract, first: Exchange, before: Json, exchange: Exchange, after: Json, but: Json | None = None
) -> None:
    """Checks that the virtual interface and its earlier peers are unchanged, except for the deleted peer."""
    gone = but.get("bgpPeerId") if but is not None else None
    was = {name: before.get(name) for name in INTERFACE}
    now = {name: after.get(name) for name in INTERFACE}
    message = f"the interface was {was} and is {now}"
    contract.check("bgp_peers.interface-kept", was == now, message, first, exchange, basis=was)
    peers = [[peer.get(name) for name in LASTING] for peer in _peers(before) if peer.get("bgpPeerId") != gone]
    left = [[peer.get(name) for name in LASTING] for peer in _peers(after)]
    contract.check(
        "bgp_peers.interface-kept",
        all(peer in left for peer in peers),
        f"the other BGP peers were {peers}; there are {left}",
        first,
        exchange,
        where="/virtualInterface/bgpPeers",
        basis=peers,
    )


def _unchanged(contract: Contract, world: World, before: dict[Handle, Json | None], exchange: Exchange) -> None:
    contract.check(
        "bgp_peers.refusal-atomic",
        world.seen_again(before) == before,
        "the request was refused, and yet the virtual interface has changed",
        exchange,
        basis=before,
    )
