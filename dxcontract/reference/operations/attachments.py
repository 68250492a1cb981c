"""Attachments of virtual interfaces to Direct Connect gateways."""

from dataclasses import replace

from dxcontract.reference.core import access, ids, pages
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.records import Attachment, DirectConnectGateway, VirtualInterface
from dxcontract.reference.core.registry import operation
from dxcontract.spec.model import Json


def attach(call: Call, interface: VirtualInterface, gateway: DirectConnectGateway, rule_id: str) -> None:
    """Attach a virtual interface that uses a gateway, as `rule_id` demands: `attaching` at first."""
    store = call.store
    if not call.rules.holds(rule_id):
        return
    store.put(
        Attachment(
            id=store.new_uuid(),
            serial=store.next_serial(),
            owner=interface.owner,
            region=interface.region,
            state="attaching",
            due=call.clock.next_step(),
            gateway_id=gateway.id,
            gateway_owner=gateway.owner,
            virtual_interface_id=interface.id,
            type="TransitVirtualInterface" if interface.type == "transit" else "PrivateVirtualInterface",
        )
    )


def detach(call: Call, interface: VirtualInterface) -> None:
    """Detach a virtual interface that is being deleted."""
    for one in call.store.find(Attachment, "vif", interface.id):
        call.store.put(replace(one, state="detaching", due=call.clock.next_step()))


def view(attachment: Attachment) -> Json:
    """An attachment as answered."""
    return {
        "directConnectGatewayId": attachment.gateway_id,
        "virtualInterfaceId": attachment.virtual_interface_id,
        "virtualInterfaceRegion": attachment.region,
        "virtualInterfaceOwnerAccount": attachment.owner,
        "attachmentState": attachment.state,
        "attachmentType": attachment.type,
    }


@operation("DescribeDirectConnectGatewayAttachments")
def describe_direct_connect_gateway_attachments(call: Call, request: Json) -> Json:
    """The attachments of a gateway, of a virtual interface, or the one of both."""
    gateway_id, interface_id = request.get("directConnectGatewayId"), request.get("virtualInterfaceId")
    call.rules.refuse_unless(
        "attachments.describe-need",
        gateway_id is not None or interface_id is not None,
        "Give directConnectGatewayId, virtualInterfaceId or both.",
    )
    if gateway_id is not None:
        ids.check_gateway(gateway_id)
    if interface_id is not None:
        ids.check_interface(interface_id)
    if gateway_id is not None:
        found = call.store.find(Attachment, "gateway", gateway_id)
    elif interface_id is not None:
        found = call.store.find(Attachment, "vif", interface_id)
    else:
        found = [one for one in call.store.everything() if isinstance(one, Attachment)]
    if interface_id is not None and call.rules.holds("attachments.describe-by-both"):
        found = [one for one in found if one.virtual_interface_id == interface_id]
    one_rule = "attachments.describe-by-gateway" if interface_id is None else "attachments.describe-by-interface"
    if (gateway_id is None) != (interface_id is None) and not call.rules.holds(one_rule):
        found = found[:-1]
    # A gateway is global, and what is attached to it is described from every Region.
    everywhere = call.rules.holds("attachments.other-region")
    found = [one for one in found if everywhere or one.region == call.region]
    visible = [one for one in found if access.admits(call, replace(one, region=""), one.gateway_owner)]
    return pages.page(call, request, "directConnectGatewayAttachments", visible, view)
