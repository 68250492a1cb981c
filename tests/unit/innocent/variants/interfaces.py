"""Virtual interfaces and BGP peers."""

import contextlib
import time
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError
from dxcontract.spec.model import Json
from tests.unit.innocent.variant import Variant, having, innocent

_INTERFACES: Final = (
    "test_virtual_interfaces.py",
    "test_virtual_interfaces_addresses.py",
    "test_virtual_interfaces_allocation.py",
)
_ADDRESSES: Final = ("amazonAddress", "customerAddress")
_INSIDE: Final = ("newPrivateVirtualInterfaceAllocation", "newTransitVirtualInterfaceAllocation")


class _NoAddresses(Variant):
    def __init__(self) -> None:
        super().__init__()
        self.without: set[str] = set()

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        inside = next((request[name] for name in _INSIDE if name in request), None)
        if isinstance(inside, dict) and not set(_ADDRESSES) & inside.keys():
            self.without.update(one["virtualInterfaceId"] for one in having(answer, "virtualInterfaceId"))
        for one in having(answer, "virtualInterfaceState"):
            if one.get("virtualInterfaceId") in self.without and one["virtualInterfaceState"] == "confirming":
                self.blank(one)

    def blank(self, interface: Json) -> None:
        """Take the addresses away."""


@innocent(
    "TF#44208, an acceptance run on AWS: both addresses empty while confirming (evidence N1)",
    *_INTERFACES,
    only="Allocate or test_virtual_interfaces_allocation",
)
class NoAddressesUntilConfirmed(_NoAddresses):
    """An interface allocated without addresses has none until it is confirmed; Amazon's ASN is the Region's."""

    def blank(self, interface: Json) -> None:
        interface["amazonSideAsn"] = 9059
        interface.pop("customerRouterConfig", None)  # nothing is known of it
        for one in (interface, *interface.get("bgpPeers", [])):
            for name in _ADDRESSES:
                one.pop(name, None)


@innocent("TF#44208: empty texts (evidence N1)", *_INTERFACES, only="Allocate")
class EmptyAddressesUntilConfirmed(_NoAddresses):
    """An interface that was allocated without addresses has empty ones until it is confirmed, and no peers."""

    def blank(self, interface: Json) -> None:
        interface.update(amazonSideAsn=9059, amazonAddress="", customerAddress="", bgpPeers=[])
        interface.update(customerRouterConfig="")  # nothing is known of it


@innocent(
    "TF#44208: a /29 pair out of 169.254/16 after the acceptance; user guide of 2023: /31 on every type",
    "test_virtual_interfaces.py",
    "test_bgp_peers.py",
)
class OtherPrefixLengths(Variant):
    """Addresses that Amazon assigns are a pair in a /29."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "amazonAddress"):
            if str(one["amazonAddress"]).startswith("169.254.") and str(one.get("customerAddress")).endswith("/30"):
                first = int(one["amazonAddress"].rpartition(".")[2].partition("/")[0]) & ~7
                net = one["amazonAddress"].rpartition(".")[0]
                others = {"amazonAddress": f"{net}.{first + 1}/29", "customerAddress": f"{net}.{first + 2}/29"}
                for name, other in others.items():
                    if "customerRouterConfig" in one:
                        text = one["customerRouterConfig"]
                        one["customerRouterConfig"] = text.replace(f">{one[name]}<", f">{other}<")
                    one[name] = other


@innocent(
    "TF#11594: `unexpected state 'approving'`, which no model has", "test_virtual_interfaces_allocation.py", settle=4
)
class ApprovingInterfaces(Variant):
    """For half a second after its confirmation an interface is `approving`."""

    def __init__(self) -> None:
        super().__init__()
        self.confirmed: dict[str, float] = {}

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if call.operation.startswith("Confirm") and call.operation.endswith("VirtualInterface"):
            self.confirmed[str(request.get("virtualInterfaceId"))] = time.monotonic()
        for one in having(answer, "virtualInterfaceState"):
            if time.monotonic() - self.confirmed.get(str(one.get("virtualInterfaceId")), 0.0) < 0.5:
                one["virtualInterfaceState"] = "approving"


class _Down(Variant):
    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "virtualInterfaceState"):
            if one["virtualInterfaceState"] == "available":
                one["virtualInterfaceState"] = "down"
                for peer in one.get("bgpPeers", []):
                    peer["bgpStatus"] = "down"


@innocent(
    "TF private_virtual_interface.go: targets available and down; botocore: down is BGP down",
    "test_virtual_interfaces.py",
    "test_bgp_peers.py",
    "test_attachments.py",
    settle=4,
)
class InterfacesDown(_Down):
    """No BGP session is up, so interfaces are down and never available."""


@innocent(
    "boto3 reference of 2018, virtual interfaces: verifying may take up to 72 hours",
    "test_virtual_interfaces.py",
    "test_bgp_peers.py",
    settle=0.5,
    only="Public or public",
)
class PublicInterfacesVerifying(Variant):
    """Public interfaces stay `verifying`."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "virtualInterfaceState"):
            if one.get("virtualInterfaceType") == "public" and one["virtualInterfaceState"] in ("available", "down"):
                one["virtualInterfaceState"] = "verifying"
                for peer in one.get("bgpPeers", []):
                    if peer["bgpPeerState"] in ("available", "pending"):
                        peer.update(bgpPeerState="verifying", bgpStatus="down")


@innocent("evidence N2: NetBrain's documentation of DescribeDirectConnectGatewayAttachments", "test_attachments.py")
class AttachmentTypeInLowerCase(Variant):
    """An attachment's type begins with a small letter."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "attachmentType"):
            one["attachmentType"] = one["attachmentType"][:1].lower() + one["attachmentType"][1:]


@innocent("botocore, BGPPeer: bgpStatus unknown since 2019; independent of the peer's state", "test_bgp_peers.py")
class BgpStatusUnknown(Variant):
    """Of a pending peer it is not known whether its session is up."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "bgpStatus"):
            if one["bgpStatus"] == "down":
                one["bgpStatus"] = "unknown"


@innocent("TF router_configuration_data_source_test.go (evidence P3)", "test_routers.py")
class NoMacsecTemplates(Variant):
    """A router has the generic template, and none for MACsec."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "xsltTemplateName"):
            one.update(xsltTemplateName="customer-router-cisco-generic.xslt", xsltTemplateNameForMacSec="")


@innocent(
    "user guide 2026: 8500 and 9001 are both written for private interfaces",
    "test_virtual_interfaces_attributes.py",
    "test_virtual_interfaces_numbers.py",
    only="mtu",
)
class JumboFramesOf9001(Variant):
    """Jumbo frames of private interfaces have 9001 bytes, and 8500 is refused for them."""

    def _private(self, call: Call, request: Json) -> bool:
        if "virtualInterfaceId" not in request:
            return call.operation.endswith("PrivateVirtualInterface")
        asked = {"virtualInterfaceId": request["virtualInterfaceId"]}
        with contextlib.suppress(ServiceError):
            listed = self.beside(call, "DescribeVirtualInterfaces", asked)["virtualInterfaces"]
            return any(one["virtualInterfaceType"] == "private" for one in listed)
        return False

    def ask(self, call: Call, request: Json) -> Json:
        for one in having(request, "mtu"):
            if one["mtu"] in (8500, 9001) and self._private(call, request):
                if one["mtu"] == 8500:
                    self.changed += 1
                    raise ServiceError(CLIENT, "The MTU must be 1500 or 9001.")
                one["mtu"] = 8500
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "mtu"):
            if one["mtu"] == 8500 and one.get("virtualInterfaceType") == "private":
                one["mtu"] = 9001
