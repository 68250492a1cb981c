"""The few actions of EC2 that make and list virtual private and transit gateways, in EC2's query protocol.

Direct Connect's gateways are associated with these, so a test needs to make and find them; `boto3.client("ec2",
endpoint_url=…)` works for the actions below.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.records import Association, VirtualGateway, Vpc
from dxcontract.reference.operations import addresses, associations, virtual_gateways

CONTENT_TYPE: Final = "text/xml;charset=UTF-8"
_NAMESPACE: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"
Parameters = dict[str, str]


class _ActionError(Exception):
    """The action is refused; `code` is EC2's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def perform(call: Call, body: bytes, request_id: str) -> tuple[int, bytes]:
    """The status and the XML that answer an EC2 request."""
    try:
        parameters = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        name = parameters.get("Action", "")
        action = _ACTIONS.get(name)
        if action is None:
            raise _ActionError("InvalidAction", f"The action {name[:100]} is not valid for this web service.")
        content = action(call, parameters)
    except ServiceError as error:
        return 400, _refusal("InvalidParameterValue", error.message, request_id)
    except _ActionError as error:
        return 400, _refusal(error.code, str(error), request_id)
    text = f'<{name}Response xmlns="{_NAMESPACE}"><requestId>{request_id}</requestId>{content}</{name}Response>'
    return 200, text.encode()


def _refusal(code: str, message: str, request_id: str) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    ).encode()


def _chosen(call: Call, parameters: Parameters, prefix: str, kind: str) -> list[VirtualGateway]:
    wanted = {value for name, value in parameters.items() if name.startswith(prefix)}
    found = call.store.find(VirtualGateway, "owner", call.account, call.region)
    found = [one for one in found if one.type == kind]
    missing = wanted - {one.id for one in found}
    if missing:
        raise _ActionError("InvalidGatewayID.NotFound", f"The gateway {sorted(missing)[0][:100]} does not exist")
    return [one for one in found if not wanted or one.id in wanted]


def _name(parameters: Parameters) -> str:
    """The tag Name that a new thing gets; the only tag that is kept here."""
    named = parameters.get("TagSpecification.1.Tag.1.Key") == "Name"
    return parameters.get("TagSpecification.1.Tag.1.Value", "") if named else ""


def _tags(name: str) -> str:
    return f"<tagSet><item><key>Name</key><value>{escape(name)}</value></item></tagSet>" if name else ""


def _asn(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal():
        raise _ActionError("InvalidParameterValue", f"{text[:100]} is no ASN")
    return int(text)


def _vpn_gateway(one: VirtualGateway) -> str:
    attachment = (
        f"<item><vpcId>{escape(one.vpc_id)}</vpcId><state>attached</state></item>" if one.vpc_id is not None else ""
    )
    return (
        f"<vpnGatewayId>{one.id}</vpnGatewayId><state>{one.state}</state><type>ipsec.1</type>"
        f"<amazonSideAsn>{one.asn}</amazonSideAsn><attachments>{attachment}</attachments>{_tags(one.name)}"
    )


def _transit_gateway(one: VirtualGateway) -> str:
    return (
        f"<transitGatewayId>{one.id}</transitGatewayId><state>{one.state}</state><ownerId>{one.owner}</ownerId>"
        f"<options><amazonSideAsn>{one.asn}</amazonSideAsn></options>{_tags(one.name)}"
    )


def _describe_vpn_gateways(call: Call, parameters: Parameters) -> str:
    found = _chosen(call, parameters, "VpnGatewayId.", virtual_gateways.VIRTUAL_PRIVATE)
    return f"<vpnGatewaySet>{''.join(f'<item>{_vpn_gateway(one)}</item>' for one in found)}</vpnGatewaySet>"


def _create_vpn_gateway(call: Call, parameters: Parameters) -> str:
    asn = _asn(parameters.get("AmazonSideAsn"), virtual_gateways.DEFAULT_ASN)
    one = virtual_gateways.create(call, virtual_gateways.VIRTUAL_PRIVATE, asn)
    one = call.store.put(replace(one, name=_name(parameters)))
    return f"<vpnGateway>{_vpn_gateway(one)}</vpnGateway>"


def _create_vpc(call: Call, parameters: Parameters) -> str:
    cidr = parameters.get("CidrBlock", "")
    if not addresses.is_cidr(cidr):
        raise _ActionError("InvalidParameterValue", f"{cidr[:100]!r} is no CIDR block")
    store = call.store
    one = store.put(
        Vpc(
            id=store.new_hex_id("vpc"),
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            state="available",
            cidr=cidr,
            name=_name(parameters),
        )
    )
    return f"<vpc>{_vpc(one)}</vpc>"


def _vpc(one: Vpc) -> str:
    return (
        f"<vpcId>{one.id}</vpcId><state>{one.state}</state><cidrBlock>{escape(one.cidr)}</cidrBlock>{_tags(one.name)}"
    )


def _describe_vpcs(call: Call, parameters: Parameters) -> str:
    found = call.store.find(Vpc, "owner", call.account, call.region)
    return f"<vpcSet>{''.join(f'<item>{_vpc(one)}</item>' for one in found)}</vpcSet>"


def _delete_vpc(call: Call, parameters: Parameters) -> str:
    vpc = parameters.get("VpcId", "")
    one = call.store.get(Vpc, vpc)
    if one is None or one.owner != call.account or one.region != call.region:
        raise _ActionError("InvalidVpcID.NotFound", f"The vpc ID {vpc[:100]!r} does not exist")
    if any(gateway.vpc_id == vpc for gateway in call.store.find(VirtualGateway, "owner", call.account, call.region)):
        raise _ActionError("DependencyViolation", f"The vpc {vpc!r} has dependencies and cannot be deleted.")
    call.store.remove(one)
    return "<return>true</return>"


def _attach_vpn_gateway(call: Call, parameters: Parameters) -> str:
    one = virtual_gateways.own(call, parameters.get("VpnGatewayId", ""), virtual_gateways.VIRTUAL_PRIVATE)
    vpc = parameters.get("VpcId", "")
    call.store.put(replace(one, vpc_id=vpc))
    return f"<attachment><vpcId>{escape(vpc)}</vpcId><state>attached</state></attachment>"


def _detach_vpn_gateway(call: Call, parameters: Parameters) -> str:
    one = virtual_gateways.own(call, parameters.get("VpnGatewayId", ""), virtual_gateways.VIRTUAL_PRIVATE)
    call.store.put(replace(one, vpc_id=None))
    # This ends its association with a Direct Connect gateway too.
    for association in call.store.find(Association, "associated", one.id):
        associations.end(call, association)
    return "<return>true</return>"


def _delete_vpn_gateway(call: Call, parameters: Parameters) -> str:
    one = virtual_gateways.own(call, parameters.get("VpnGatewayId", ""), virtual_gateways.VIRTUAL_PRIVATE)
    _check_unused(call, one)
    call.store.put(replace(one, state="deleted", vpc_id=None))
    return "<return>true</return>"


def _describe_transit_gateways(call: Call, parameters: Parameters) -> str:
    found = _chosen(call, parameters, "TransitGatewayIds.", virtual_gateways.TRANSIT)
    return f"<transitGatewaySet>{''.join(f'<item>{_transit_gateway(one)}</item>' for one in found)}</transitGatewaySet>"


def _create_transit_gateway(call: Call, parameters: Parameters) -> str:
    asn = _asn(parameters.get("Options.AmazonSideAsn"), virtual_gateways.DEFAULT_ASN)
    one = virtual_gateways.create(call, virtual_gateways.TRANSIT, asn)
    one = call.store.put(replace(one, name=_name(parameters)))
    return f"<transitGateway>{_transit_gateway(one)}</transitGateway>"


def _delete_transit_gateway(call: Call, parameters: Parameters) -> str:
    one = virtual_gateways.own(call, parameters.get("TransitGatewayId", ""), virtual_gateways.TRANSIT)
    _check_unused(call, one)
    one = call.store.put(replace(one, state="deleted"))
    return f"<transitGateway>{_transit_gateway(one)}</transitGateway>"


def _check_unused(call: Call, gateway: VirtualGateway) -> None:
    if call.store.count(Association, "associated", gateway.id):
        raise _ActionError("IncorrectState", f"{gateway.id} is associated with a Direct Connect gateway")


_ACTIONS: Final[dict[str, Callable[[Call, Parameters], str]]] = {
    "AttachVpnGateway": _attach_vpn_gateway,
    "CreateTransitGateway": _create_transit_gateway,
    "CreateVpc": _create_vpc,
    "CreateVpnGateway": _create_vpn_gateway,
    "DeleteTransitGateway": _delete_transit_gateway,
    "DeleteVpc": _delete_vpc,
    "DeleteVpnGateway": _delete_vpn_gateway,
    "DescribeTransitGateways": _describe_transit_gateways,
    "DescribeVpcs": _describe_vpcs,
    "DescribeVpnGateways": _describe_vpn_gateways,
    "DetachVpnGateway": _detach_vpn_gateway,
}
