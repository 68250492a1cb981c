"""Configurations for the customer's router."""

from dataclasses import dataclass
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import peers, virtual_interfaces
from dxcontract.spec.model import Json


@dataclass(frozen=True)
class Router:
    """A kind of router for which there are configurations."""

    vendor: str
    platform: str
    software: str
    identifier: str

    @property
    def template(self) -> str:
        return f"customer-router-{self.identifier.lower()}.xslt"


ROUTERS: Final = (
    Router("Cisco Systems, Inc.", "2900 Series Routers", "IOS 12.4+", "CiscoSystemsInc-2900SeriesRouters-IOS124"),
    Router("Cisco Systems, Inc.", "ASR 1000 Series Routers", "IOS XE 3.9+", "CiscoSystemsInc-ASR1000-IOSXE39"),
    Router("Juniper Networks, Inc.", "MX Series Routers", "JunOS 9.5+", "JuniperNetworksInc-MXSeriesRouters-JunOS95"),
    Router("Palo Alto Networks", "PA 3000 and 5000 Series", "PAN-OS 4.1.2+", "PaloAltoNetworks-PA3000-PANOS412"),
)
_BY_IDENTIFIER: Final = {one.identifier: one for one in ROUTERS}


@operation("DescribeRouterConfiguration")
def describe_router_configuration(call: Call, request: Json) -> Json:
    """How to set a router up for a virtual interface; without a router in the request, for the first kind."""
    interface = virtual_interfaces.visible(call, request["virtualInterfaceId"])
    identifier = request.get("routerTypeIdentifier", ROUTERS[0].identifier)
    router = _BY_IDENTIFIER.get(identifier)
    call.rules.refuse_unless(
        "routers.identifier-unknown", router is not None, f"No router is called {identifier[:100]}."
    )
    router = router or ROUTERS[0]
    amazon_asn = virtual_interfaces.amazon_side_asn(call, interface)
    lines = [
        "! Amazon Web Services",
        "! Direct Connect",
        f"! Virtual interface {interface.id}, {interface.type}",
        f"! {router.vendor} {router.platform}, {router.software}",
        f"interface GigabitEthernet0/1.{interface.vlan}",
        f"  encapsulation dot1Q {interface.vlan}",
    ]
    for peer in peers.staying(call.world, interface):
        six = peer.address_family == "ipv6"
        lines += [
            f"  {'ipv6' if six else 'ip'} address {peer.customer_address}",
            f"router bgp {peer.asn}",
            f"  neighbor {peer.amazon_address.partition('/')[0]} remote-as {amazon_asn}",
            f"  neighbor {peer.amazon_address.partition('/')[0]} password {peer.auth_key}",
        ]
    return {
        "customerRouterConfig": "\n".join(lines) + "\n",
        "router": {
            "vendor": router.vendor,
            "platform": router.platform,
            "software": router.software,
            "xsltTemplateName": router.template,
            "xsltTemplateNameForMacSec": f"macsec-{router.template}",
            "routerTypeIdentifier": router.identifier,
        },
        "virtualInterfaceId": interface.id,
        "virtualInterfaceName": interface.name,
    }
