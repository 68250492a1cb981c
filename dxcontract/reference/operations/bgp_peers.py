"""Operations that add and delete BGP peers of virtual interfaces."""

from dataclasses import replace

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError, client_error
from dxcontract.reference.core.records import BgpPeer
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import peers, virtual_interfaces
from dxcontract.reference.operations.addresses import PEER
from dxcontract.spec.model import Json


@operation("CreateBGPPeer")
def create_bgp_peer(call: Call, request: Json) -> Json:
    """Add a peer of another address family, or a second one where the endpoint is redundant."""
    rules = call.rules
    # The model requires nothing here, the service has to.
    if "virtualInterfaceId" not in request or not request.get("newBGPPeer"):
        raise ServiceError(CLIENT, "Give virtualInterfaceId and newBGPPeer.", rules=("bgp_peers.empty-create",))
    interface = virtual_interfaces.visible(call, request["virtualInterfaceId"])
    virtual_interfaces.check_alive(interface)
    new: Json = request["newBGPPeer"]
    family = new.get("addressFamily", "ipv4")
    same = [one for one in peers.staying(call.world, interface) if one.address_family == family]
    rules.refuse_unless(
        "bgp_peers.same-family",
        len(same) < (2 if peers.redundant(call, interface) else 1),
        f"{interface.id} has a BGP peer of the address family {family} already.",
    )
    if not same and not rules.holds("bgp_peers.other-family"):
        raise client_error(f"{interface.id} takes no BGP peer of the address family {family}.")
    peer = peers.add(call, interface, new, PEER, confirmed=interface.state != "confirming")
    answer = virtual_interfaces.view(call, interface)
    if not rules.holds("bgp_peers.created-listed"):
        call.store.remove(peer)
    return {"virtualInterface": answer}


@operation("DeleteBGPPeer")
def delete_bgp_peer(call: Call, request: Json) -> Json:
    """Begin to delete a peer, named by its id or by ASN and customer address, unless it is the last."""
    rules = call.rules
    if "virtualInterfaceId" not in request:
        raise client_error("Give virtualInterfaceId, and bgpPeerId or asn and customerAddress.")
    interface = virtual_interfaces.visible(call, request["virtualInterfaceId"])
    virtual_interfaces.check_alive(interface)
    staying = peers.staying(call.world, interface)
    named = [one for one in staying if _is_named(one, request)]
    if not rules.holds("bgp_peers.delete-by-id" if "bgpPeerId" in request else "bgp_peers.delete-by-asn"):
        named = []
    rules.refuse_unless("bgp_peers.delete-no-match", bool(named), f"{interface.id} has no such BGP peer.")
    rules.refuse_unless(
        "bgp_peers.delete-last", len(staying) > 1, "The last BGP Peer on a Virtual Interface cannot be deleted."
    )
    for peer in named[:1]:
        if rules.holds("bgp_peers.delete-answer"):
            call.store.put(replace(peer, state="deleting", due=call.clock.next_step()))
    return {"virtualInterface": virtual_interfaces.view(call, interface)}


def _is_named(peer: BgpPeer, request: Json) -> bool:
    if "bgpPeerId" in request and request["bgpPeerId"] != peer.id:
        return False
    asn = request.get("asnLong", request.get("asn"))
    if asn is not None and asn != peer.asn:
        return False
    address = request.get("customerAddress")
    if address is not None and address != peer.customer_address:
        return False
    return "bgpPeerId" in request or (asn is not None and address is not None)
