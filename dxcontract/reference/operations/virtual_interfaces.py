"""Virtual interfaces: response form, access, and operations that describe, move and delete them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import escape

from dxcontract.reference.core import access, ids, pages, transitions
from dxcontract.reference.core.context import Call, World
from dxcontract.reference.core.errors import client_error
from dxcontract.reference.core.records import (
    GONE,
    BgpPeer,
    Connection,
    DirectConnectGateway,
    Lag,
    VirtualGateway,
    VirtualInterface,
)
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import attachments, connections, ports, tags
from dxcontract.reference.operations import peers as bgp
from dxcontract.spec.model import Json

PUBLIC_ASN: Final = 7224


def state(world: World, interface: VirtualInterface, peers: Iterable[BgpPeer]) -> str:
    """The state to show: a virtual interface is down while no BGP session is up."""
    if interface.state != "available":
        return interface.state
    return "available" if any(bgp.is_up(world, interface, one) for one in peers) else "down"


def amazon_side_asn(call: Call, interface: VirtualInterface) -> int:
    """The ASN of the Amazon side: 7224, or that of the gateway."""
    gateway: DirectConnectGateway | VirtualGateway | None = None
    if interface.direct_connect_gateway_id:
        gateway = call.store.get(DirectConnectGateway, interface.direct_connect_gateway_id)
    elif interface.virtual_gateway_id:
        gateway = call.store.get(VirtualGateway, interface.virtual_gateway_id)
    return gateway.asn if gateway is not None else PUBLIC_ASN


def view(call: Call, interface: VirtualInterface) -> Json:
    """A virtual interface as answered; its own address and ASN are those of its first peer."""
    peers = bgp.of(call.world, interface)
    staying = [one for one in peers if one.state not in ("deleting", "deleted")]
    first = next(iter(staying or peers), None)
    port = call.store.get(Connection, interface.parent_id) or call.store.get(Lag, interface.parent_id)
    device = connections.endpoint(port).device if port is not None else interface.location
    amazon_asn = amazon_side_asn(call, interface)
    answer: Json = {
        "ownerAccount": interface.owner,
        "virtualInterfaceId": interface.id,
        "location": interface.location,
        "connectionId": interface.parent_id,
        "virtualInterfaceType": interface.type,
        "virtualInterfaceName": interface.name,
        "vlan": interface.vlan,
    }
    if first is not None:
        answer.update(bgp.asn_members(first.asn))
        answer["authKey"] = first.auth_key
        answer["amazonAddress"] = first.amazon_address
        answer["customerAddress"] = first.customer_address
        answer["addressFamily"] = first.address_family
    answer["amazonSideAsn"] = amazon_asn
    answer["virtualInterfaceState"] = state(call.world, interface, peers)
    answer["customerRouterConfig"] = router_config(interface, staying or peers, amazon_asn)
    answer["mtu"] = interface.mtu
    answer["jumboFrameCapable"] = interface.type != "public"
    answer["virtualGatewayId"] = interface.virtual_gateway_id
    answer["directConnectGatewayId"] = interface.direct_connect_gateway_id
    answer["routeFilterPrefixes"] = [{"cidr": one} for one in interface.route_filter_prefixes]
    answer["bgpPeers"] = [bgp.view(call, interface, one, device) for one in peers]
    answer["region"] = interface.region
    answer["awsDeviceV2"] = answer["awsLogicalDeviceId"] = device
    answer["tags"] = tags.view(interface.tags)
    answer["siteLinkEnabled"] = interface.site_link
    if interface.type != "public":
        answer["prefixPoolAllocatedCountIpv4"] = interface.prefix_pool_ipv4
        answer["prefixPoolAllocatedCountIpv6"] = interface.prefix_pool_ipv6
    if interface.rate_limit is not None:
        answer["rateLimit"] = interface.rate_limit
    return answer


def router_config(interface: VirtualInterface, peers: Iterable[BgpPeer], amazon_asn: int) -> str:
    """The XML form of what the customer's router needs to know."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<logical_connection id="{interface.id}">']
    lines.append(f"  <vlan>{interface.vlan}</vlan>")
    seen: set[str] = set()
    for peer in peers:
        if peer.address_family in seen:
            continue
        seen.add(peer.address_family)
        prefix = "ipv6_" if peer.address_family == "ipv6" else ""
        lines.append(f"  <{prefix}customer_address>{peer.customer_address}</{prefix}customer_address>")
        lines.append(f"  <{prefix}amazon_address>{peer.amazon_address}</{prefix}amazon_address>")
        lines.append(f"  <{prefix}bgp_asn>{peer.asn}</{prefix}bgp_asn>")
        lines.append(f"  <{prefix}bgp_auth_key>{escape(peer.auth_key)}</{prefix}bgp_auth_key>")
    lines.append(f"  <amazon_bgp_asn>{amazon_asn}</amazon_bgp_asn>")
    lines.append(f"  <connection_type>{interface.type}</connection_type>")
    lines.append("</logical_connection>")
    return "\n".join(lines) + "\n"


def own(call: Call, interface_id: str, *, alive: bool = True) -> VirtualInterface:
    """The caller's virtual interface; with `alive`, one that is not gone.

    Raises:
        ServiceError: the id is malformed, or the caller has no such virtual interface.
    """
    return _find(call, interface_id, alive=alive, others=False)


def visible(call: Call, interface_id: str) -> VirtualInterface:
    """The virtual interface that the caller owns, or that is on a port of the caller.

    Raises:
        ServiceError: the id is malformed, or the caller sees no such virtual interface.
    """
    return _find(call, interface_id, alive=True, others=True)


def _find(call: Call, interface_id: str, *, alive: bool, others: bool) -> VirtualInterface:
    ids.check_interface(interface_id)
    interface, message = (
        call.store.get(VirtualInterface, interface_id),
        f"VirtualInterface {interface_id} does not exist.",
    )
    if interface is None or (alive and interface.state in GONE):
        raise access.refusal(call, interface, message)
    parent_owner = owner_of_parent(call, interface) if others else None
    if not access.admits(call, interface, parent_owner):
        raise access.refusal(call, interface, message)
    return interface


def owner_of_parent(call: Call, interface: VirtualInterface) -> str | None:
    """Who owns the connection or LAG that a virtual interface is on."""
    port = call.store.get(Connection, interface.parent_id) or call.store.get(Lag, interface.parent_id)
    return port.owner if port is not None else None


def check_alive(interface: VirtualInterface) -> None:
    """Raises ServiceError when a virtual interface is being deleted or is gone."""
    if interface.state in ("deleting", *GONE):
        raise client_error(f"VirtualInterface {interface.id} is {interface.state}.")


@operation("DescribeVirtualInterfaces")
def describe_virtual_interfaces(call: Call, request: Json) -> Json:
    """What the caller owns or allocated in the Region, what is on a port, or one.

    The owner of a port sees what is on it.
    """
    store, rules = call.store, call.rules
    found: Iterable[VirtualInterface]
    if "virtualInterfaceId" in request:
        ids.check_interface(request["virtualInterfaceId"])
    if "connectionId" in request:
        ids.check_port(request["connectionId"])
    if "virtualInterfaceId" in request and rules.holds("virtual_interfaces.describe-by-id"):
        found = _one(call, request["virtualInterfaceId"])
    elif "connectionId" in request and rules.holds("virtual_interfaces.describe-by-connection"):
        port = ports.find(call, request["connectionId"])
        mine = port is not None and port.owner == call.account
        on_it = store.find(VirtualInterface, "parent", request["connectionId"])
        found = [one for one in on_it if mine or _concerns(call, one)]
    else:
        found = access.shows(call, VirtualInterface, store.find(VirtualInterface, "owner", call.account, call.region))
    if "connectionId" in request and rules.holds("virtual_interfaces.describe-by-connection"):
        found = [one for one in found if one.parent_id == request["connectionId"]]
    if not rules.holds("virtual_interfaces.listed-for-connection-owner"):
        found = [one for one in found if one.owner == call.account]
    if not rules.holds("virtual_interfaces.listed-for-owner"):
        found = [one for one in found if one.allocated_by in (None, call.account)]
    return pages.page(call, request, "virtualInterfaces", list(found), lambda one: view(call, one))


def _concerns(call: Call, interface: VirtualInterface) -> bool:
    return access.admits(call, interface, interface.allocated_by, owner_of_parent(call, interface))


def _one(call: Call, interface_id: str) -> list[VirtualInterface]:
    interface = call.store.get(VirtualInterface, interface_id)
    return [interface] if interface is not None and _concerns(call, interface) else []


@operation("DeleteVirtualInterface")
def delete_virtual_interface(call: Call, request: Json) -> Json:
    """Delete a virtual interface; when its owner declines one that is `confirming` it becomes `rejected`.

    The owner of the connection may delete what it allocated, as Terraform does for it.
    """
    interface, rules = _find(call, request["virtualInterfaceId"], alive=False, others=True), call.rules
    # Terraform deletes what was declined, too (vif.go).
    if interface.state != "rejected" or not call.documented:
        interface = visible(call, interface.id)
        check_alive(interface)
    declined = interface.state == "confirming" and interface.owner == call.account
    if declined and not rules.holds("virtual_interfaces.decline"):
        return {"virtualInterfaceState": "rejected"}
    transitions.finish_test(call.world, interface.id, transitions.TEST_CANCELLED)
    after = replace(
        interface,
        state="rejected" if declined else "deleting",
        due=call.clock.now() + transitions.DELETED_INTERFACE_SHOWN if declined else call.clock.next_step(),
    )
    if rules.holds("tags.die-with-resource"):
        after = replace(after, tags=())
    if rules.holds("virtual_interfaces.deleted-gone") or declined:
        call.store.put(after)
        for peer in bgp.of(call.world, interface):
            call.store.put(replace(peer, state="deleting"))
        if rules.holds("attachments.ends-with-interface"):
            attachments.detach(call, interface)
    return {"virtualInterfaceState": after.state}


@operation("AssociateVirtualInterface")
def associate_virtual_interface(call: Call, request: Json) -> Json:
    """Move a virtual interface to another connection or LAG."""
    ids.check_interface(request["virtualInterfaceId"])
    store, rules = call.store, call.rules
    interface = visible(call, request["virtualInterfaceId"])
    check_alive(interface)
    target = ports.own(call, request["connectionId"], "target")
    source = store.get(Connection, interface.parent_id)
    if source is not None and source.kind == "hosted":
        rules.refuse_unless(
            "virtual_interfaces.associate-hosted-to-lag",
            not isinstance(target, Lag),
            f"{interface.id} is on a hosted connection and cannot be associated with a LAG.",
        )
        rules.refuse_unless(
            "virtual_interfaces.associate-between-hosted",
            isinstance(target, Lag) or target.kind != "hosted" or target.id == source.id,
            f"{interface.id} cannot move from one hosted connection to another.",
        )
    others = [one for one in ports.interfaces(call.world, target.id) if one.id != interface.id]
    if isinstance(target, Connection) and target.kind == "hosted":
        rules.refuse_unless("hosted_connections.one-interface", not others, f"{target.id} carries one already.")
    rules.refuse_unless(
        "virtual_interfaces.associate-vlan-conflict",
        all(one.vlan != interface.vlan for one in others),
        f"VLAN {interface.vlan} is already in use on {target.id}.",
    )
    mine = bgp.addresses_of(call.world, interface)
    rules.refuse_unless(
        "virtual_interfaces.associate-address-conflict",
        not any(mine & bgp.addresses_of(call.world, one) for one in others),
        f"An address of {interface.id} is in use on {target.id}.",
    )
    before = interface
    interface = replace(interface, parent_id=target.id, location=target.location)
    if interface.state == "available":
        # The old peers go and equal ones take their place.
        interface = replace(interface, state="pending", due=call.clock.next_step())
        for peer in bgp.staying(call.world, interface):
            store.put(replace(peer, state="deleting", due=call.clock.next_step()))
            bgp.renew(call, peer)
    if not rules.holds("virtual_interfaces.associate-moves"):
        interface = replace(interface, parent_id=before.parent_id)
    if not rules.holds("virtual_interfaces.associate-keeps"):
        interface = replace(interface, name=f"{interface.name}-moved"[:100])
    return view(call, store.put(interface))
