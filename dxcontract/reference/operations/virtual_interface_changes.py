"""Operations that change virtual interfaces: confirmation by the owner, and attributes."""

from dataclasses import replace

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error, unknown
from dxcontract.reference.core.records import DirectConnectGateway, VirtualInterface
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import attachments, peers, pools, ports, virtual_interfaces
from dxcontract.reference.operations import virtual_interface_creation as creation
from dxcontract.spec.model import Json


def _confirming(call: Call, interface_id: str, kind: str) -> VirtualInterface:
    interface, rules = virtual_interfaces.own(call, interface_id, alive=False), call.rules
    if interface.state == "deleted":
        raise unknown(f"VirtualInterface {interface_id} does not exist.")
    rules.refuse_unless(
        "virtual_interfaces.confirm-kind",
        interface.type == kind,
        f"{interface.id} is a {interface.type} virtual interface; confirm it with the operation for those.",
    )
    declined = interface.state == "rejected"
    rules.refuse_unless(
        "virtual_interfaces.rejected-not-confirmed" if declined else "virtual_interfaces.confirm-wrong-state",
        interface.state == "confirming",
        f"{interface.id} is {interface.state}, not confirming.",
    )
    return interface


def _confirm(call: Call, interface: VirtualInterface, virtual: str, gateway: DirectConnectGateway | None) -> Json:
    state = creation.initial_state(interface.type)
    if not call.rules.holds("virtual_interfaces.confirm-ends-confirming"):
        return {"virtualInterfaceState": state}
    named = gateway is not None and call.rules.holds("virtual_interfaces.confirm-sets-gateway")
    interface = call.store.put(
        replace(
            interface,
            state=state,
            due=call.clock.next_step(),
            virtual_gateway_id=virtual,
            direct_connect_gateway_id=gateway.id if gateway is not None and named else "",
        )
    )
    for peer in peers.of(call.world, interface):
        call.store.put(replace(peer, due=call.clock.next_step()))
    if gateway is not None:
        attachments.attach(call, interface, gateway, "attachments.by-confirmation")
    return {"virtualInterfaceState": state}


@operation("ConfirmPrivateVirtualInterface")
def confirm_private_virtual_interface(call: Call, request: Json) -> Json:
    """The owner takes a private virtual interface and puts it on a gateway."""
    interface, rules = _confirming(call, request["virtualInterfaceId"], "private"), call.rules
    virtual, direct = request.get("virtualGatewayId") or None, request.get("directConnectGatewayId") or None
    rules.refuse_unless(
        "virtual_interfaces.confirm-gateway-needed",
        virtual is not None or direct is not None,
        "Give virtualGatewayId or directConnectGatewayId.",
    )
    rules.refuse_unless(
        "virtual_interfaces.gateway-one-of-two",
        virtual is None or direct is None,
        "Give virtualGatewayId or directConnectGatewayId, not both.",
    )
    return _confirm(call, interface, *creation.resolve_gateways(call, virtual, direct))


@operation("ConfirmPublicVirtualInterface")
def confirm_public_virtual_interface(call: Call, request: Json) -> Json:
    """The owner takes a public virtual interface."""
    return _confirm(call, _confirming(call, request["virtualInterfaceId"], "public"), "", None)


@operation("ConfirmTransitVirtualInterface")
def confirm_transit_virtual_interface(call: Call, request: Json) -> Json:
    """The owner takes a transit virtual interface and puts it on a Direct Connect gateway."""
    interface = _confirming(call, request["virtualInterfaceId"], "transit")
    gateways = creation.resolve_gateways(call, None, request["directConnectGatewayId"])
    return _confirm(call, interface, *gateways)


@operation("UpdateVirtualInterfaceAttributes")
def update_virtual_interface_attributes(call: Call, request: Json) -> Json:
    """Change name, MTU, SiteLink, rate limit or inbound prefixes; a new MTU means `pending` for a while."""
    interface, rules = virtual_interfaces.visible(call, request["virtualInterfaceId"]), call.rules
    virtual_interfaces.check_alive(interface)
    before = interface
    if "virtualInterfaceName" in request:
        creation.check_name(request["virtualInterfaceName"])
        if len(request["virtualInterfaceName"]) > 100:
            raise client_error("A name has at most 100 characters.")
        if rules.holds("virtual_interfaces.update-name"):
            interface = replace(interface, name=request["virtualInterfaceName"])
    if "mtu" in request:
        creation.check_mtu(call, request["mtu"], "virtual_interfaces.mtu-values")
        if interface.type == "public":
            raise client_error("The MTU of a public virtual interface cannot be set.")
        if rules.holds("virtual_interfaces.mtu-update"):
            interface = replace(interface, mtu=request["mtu"])
    if "enableSiteLink" in request:
        interface = _site_link(call, interface, request["enableSiteLink"])
    interface = _allocations(call, interface, request)
    if interface.mtu != before.mtu and interface.state == "available":
        interface = replace(interface, state="pending", due=call.clock.next_step())
    if not rules.holds("virtual_interfaces.update-preserves"):
        interface = replace(interface, vlan=interface.vlan % 4094 + 1)
    return virtual_interfaces.view(call, call.store.put(interface))


def _site_link(call: Call, interface: VirtualInterface, wanted: bool) -> VirtualInterface:
    rules = call.rules
    if wanted:
        rules.refuse_unless(
            "virtual_interfaces.site-link-where",
            interface.type != "public",
            "SiteLink is not for public virtual interfaces.",
        )
        rules.refuse_unless(
            "virtual_interfaces.site-link-where",
            interface.type == "public" or bool(interface.direct_connect_gateway_id),
            "SiteLink needs a Direct Connect gateway.",
        )
    return replace(interface, site_link=wanted) if rules.holds("virtual_interfaces.site-link-update") else interface


def _allocations(call: Call, interface: VirtualInterface, request: Json) -> VirtualInterface:
    rules = call.rules
    port = ports.find(call, interface.parent_id)
    if port is None:
        raise unknown(f"Could not find Connection with ID {interface.parent_id}")
    if "rateLimit" in request:
        pools.rate_limit(call, port, request["rateLimit"], interface)
        if rules.holds("virtual_interfaces.rate-limit-update"):
            interface = replace(interface, rate_limit=request["rateLimit"])
    if interface.type == "public":
        pools.check_public(request)
        return interface
    changes = rules.holds("virtual_interfaces.prefix-pool-update")
    if "prefixPoolAllocatedCountIpv4" in request:
        count = pools.prefixes(call, port, request["prefixPoolAllocatedCountIpv4"], "ipv4", interface)
        interface = replace(interface, prefix_pool_ipv4=count) if changes else interface
    if "prefixPoolAllocatedCountIpv6" in request:
        count = pools.prefixes(call, port, request["prefixPoolAllocatedCountIpv6"], "ipv6", interface)
        interface = replace(interface, prefix_pool_ipv6=count) if changes else interface
    return interface
