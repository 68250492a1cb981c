"""BGP peers of a virtual interface: their response form, and adding one."""

from dataclasses import replace
from typing import Final

from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Call, World
from dxcontract.reference.core.records import BgpPeer, Connection, FailoverTest, Lag, VirtualInterface
from dxcontract.reference.operations import addresses, connections, ports
from dxcontract.reference.operations.addresses import Wording
from dxcontract.spec.model import Json

_LEAVING: Final = frozenset({"deleting", "deleted"})
LARGEST_ASN: Final = 2**31 - 1


def of(world: World, interface: VirtualInterface) -> list[BgpPeer]:
    """All peers of a virtual interface that are still shown."""
    return world.store.find(BgpPeer, "vif", interface.id)


def staying(world: World, interface: VirtualInterface) -> list[BgpPeer]:
    """The peers of a virtual interface that are not being deleted."""
    return [one for one in of(world, interface) if one.state not in _LEAVING]


def is_up(world: World, interface: VirtualInterface, peer: BgpPeer) -> bool:
    """Whether the session of a peer is established: it is ready, nobody took it down, and the link is up."""
    if peer.state != "available" or not peer.session_up or interface.state not in ("available", "testing"):
        return False
    if interface.state == "testing" and _tested(world, interface, peer):
        return False
    port = world.store.get(Connection, interface.parent_id) or world.store.get(Lag, interface.parent_id)
    return port is not None and ports.state(world, port) == "available"


def _tested(world: World, interface: VirtualInterface, peer: BgpPeer) -> bool:
    if not world.rules.holds("failover_tests.peers-down"):
        return False
    tests = world.store.find(FailoverTest, "vif", interface.id)
    return any(one.ended is None and peer.id in one.peers for one in tests)


def asn_members(asn: int) -> Json:
    """Both forms of an ASN; one that does not fit the older member is 0 there."""
    return {"asn": asn if asn <= LARGEST_ASN else 0, "asnLong": asn}


def view(call: Call, interface: VirtualInterface, peer: BgpPeer, device: str) -> Json:
    """A peer as answered."""
    return {
        "bgpPeerId": peer.id,
        **asn_members(peer.asn),
        "authKey": peer.auth_key,
        "addressFamily": peer.address_family,
        "amazonAddress": peer.amazon_address,
        "customerAddress": peer.customer_address,
        "bgpPeerState": peer.state,
        "bgpStatus": "up" if is_up(call.world, interface, peer) else "down",
        "awsDeviceV2": device,
        "awsLogicalDeviceId": device,
    }


def addresses_of(world: World, interface: VirtualInterface) -> set[str]:
    """The addresses of all peers of a virtual interface."""
    return {address for peer in staying(world, interface) for address in (peer.amazon_address, peer.customer_address)}


def add(call: Call, interface: VirtualInterface, request: Json, what: Wording, *, confirmed: bool = True) -> BgpPeer:
    """Give a virtual interface a peer, as `request` (a NewBGPPeer, or a new virtual interface) describes it.

    Raises:
        ServiceError: what the request says of the peer is not allowed.
    """
    store = call.store
    amazon, customer = addresses.pair(call, request, interface.type, what)
    state = "pending"
    if interface.type == "public":
        # Public peers are verified first.
        state = "verifying" if call.rules.holds("bgp_peers.asn-public") else "available"
    return store.put(
        BgpPeer(
            id=call.new_id("dxpeer", "bgp_peers.id-form"),
            serial=store.next_serial(),
            owner=interface.owner,
            region=interface.region,
            state=state,
            due=call.clock.next_step() if confirmed else NEVER,
            virtual_interface_id=interface.id,
            asn=addresses.asn(call, request, what),
            auth_key=addresses.auth_key(call, request.get("authKey"), what),
            address_family="ipv6" if request.get("addressFamily") == "ipv6" else "ipv4",
            amazon_address=amazon,
            customer_address=customer,
        )
    )


def renew(call: Call, peer: BgpPeer) -> None:
    """Put an equal peer beside one that is being deleted."""
    store = call.store
    store.put(
        replace(
            peer, id=store.new_id("dxpeer"), serial=store.next_serial(), state="pending", due=call.clock.next_step()
        )
    )


def redundant(call: Call, interface: VirtualInterface) -> bool:
    """Whether the port of a virtual interface supports a second peer of the same family."""
    port = ports.find(call, interface.parent_id)
    if isinstance(port, Lag):
        return connections.endpoint(port).logical_redundancy
    return port is not None and connections.redundancy(port) == "yes"
