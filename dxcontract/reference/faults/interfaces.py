"""Faults in answers about virtual interfaces, peers, failover tests, routers and routes."""

from typing import Any, Final

from dxcontract.reference.faults.ports import NOBODY
from dxcontract.reference.faults.response_edits import (
    TOP,
    Change,
    Scene,
    Table,
    distort,
    lose,
    new_uuid,
    put,
    reword,
    shorten,
)
from dxcontract.spec.model import Json

_CREATE: Final = tuple(
    f"{verb}{kind}VirtualInterface" for verb in ("Create", "Allocate") for kind in ("Private", "Public", "Transit")
)
_ADDRESSES: Final = ("amazonAddress", "customerAddress")


def _asked(scene: Scene) -> Json:
    """The structure of a request that describes the new virtual interface."""
    return next((one for name, one in scene.request.items() if name.startswith("new") and isinstance(one, dict)), {})


def _with_peers(member: str, value: Any) -> Change:
    """Give a member another value in the virtual interface and in its peers."""

    def change(interface: Json, scene: Scene) -> None:
        for item in (interface, *interface.get("bgpPeers", ())):
            item[member] = value

    return change


def _last_peer(member: str, value: Any) -> Change:
    def change(interface: Json, scene: Scene) -> None:
        if interface.get("bgpPeers"):
            interface["bgpPeers"][-1][member] = value

    return change


def _if_not_asked(member: str, change: Change) -> Change:
    def conditional(interface: Json, scene: Scene) -> None:
        if member not in _asked(scene):
            change(interface, scene)

    return conditional


def _if_asked(member: str, change: Change) -> Change:
    def conditional(interface: Json, scene: Scene) -> None:
        if member in _asked(scene):
            change(interface, scene)

    return conditional


def _another_type(interface: Json, scene: Scene) -> None:
    interface["virtualInterfaceType"] = "private" if interface["virtualInterfaceType"] != "private" else "public"


def _short_mask(interface: Json, scene: Scene) -> None:
    for item in (interface, *interface.get("bgpPeers", ())):
        for member in _ADDRESSES:
            item[member] = item[member].replace("/125", "/64")


def _another_family(interface: Json, scene: Scene) -> None:
    for item in (interface, *interface.get("bgpPeers", ())):
        item["addressFamily"] = "ipv4" if item["addressFamily"] == "ipv6" else "ipv6"


def _asn_for_large(interface: Json, scene: Scene) -> None:
    if interface.get("asn") == 0:
        interface["asn"] = 65000


def _without_long_asn(interface: Json, scene: Scene) -> None:
    if interface.get("asn"):
        interface.pop("asnLong")


def _gatewayless(interface: Json, scene: Scene) -> None:
    interface["directConnectGatewayId"] = interface["virtualGatewayId"] = ""


def _amazon_asn(interface: Json, scene: Scene) -> None:
    if interface.get("directConnectGatewayId"):
        interface["amazonSideAsn"] = 7224


def _prefixes_everywhere(interface: Json, scene: Scene) -> None:
    if interface["virtualInterfaceType"] != "public":
        interface["routeFilterPrefixes"] = [{"cidr": "10.0.0.0/8"}]


def _another_vlan_configured(interface: Json, scene: Scene) -> None:
    vlan = interface["vlan"]
    config = interface["customerRouterConfig"]
    interface["customerRouterConfig"] = config.replace(f"<vlan>{vlan}<", f"<vlan>{vlan + 1}<")


def _another_rate(interface: Json, scene: Scene) -> None:
    if "rateLimit" in interface:
        interface["rateLimit"] = "50Mbps" if interface["rateLimit"] != "50Mbps" else "100Mbps"


def _one_address(interface: Json, scene: Scene) -> None:
    if interface.get("bgpPeers") and not set(_ADDRESSES) & set(_asked(scene)):
        interface["bgpPeers"][-1]["customerAddress"] = interface["bgpPeers"][-1]["amazonAddress"]


def _default_minutes(test: Json, scene: Scene) -> None:
    if "testDurationInMinutes" not in scene.request:
        test["testDurationInMinutes"] = 60


def _more_minutes(test: Json, scene: Scene) -> None:
    if "testDurationInMinutes" in scene.request:
        test["testDurationInMinutes"] += 1


def _another_route_family(route: Json, scene: Scene) -> None:
    route["addressFamily"] = "ipv4" if route["addressFamily"] == "ipv6" else "ipv6"


INTERFACE: Final = "VirtualInterface"
DESCRIBE: Final = "DescribeVirtualInterfaces"
TEST: Final = "VirtualInterfaceTestHistory"

TABLE: Final[Table] = {
    "virtual_interfaces.addresses-auto-ipv4": distort(
        INTERFACE,
        _if_not_asked("amazonAddress", _if_not_asked("addressFamily", _with_peers("amazonAddress", "10.0.0.1/30"))),
        "AllocatePrivateVirtualInterface",
        "AllocateTransitVirtualInterface",
        "CreatePrivateVirtualInterface",
        "CreateTransitVirtualInterface",
    ),
    "virtual_interfaces.addresses-auto-ipv6": distort(INTERFACE, _short_mask, *_CREATE),
    "virtual_interfaces.addresses-echo": distort(
        INTERFACE, _if_asked("customerAddress", _with_peers("customerAddress", "198.51.100.9/30")), *_CREATE
    ),
    "virtual_interfaces.amazon-asn-of-gateway": distort(INTERFACE, _amazon_asn),
    "virtual_interfaces.answer-members": distort(INTERFACE, lose("customerAddress")),
    "virtual_interfaces.asn-long-mirrors-asn": distort(INTERFACE, _without_long_asn, *_CREATE),
    "virtual_interfaces.asn-long-large": distort(INTERFACE, _asn_for_large, *_CREATE),
    "virtual_interfaces.auth-key-generated": distort(
        INTERFACE, _if_not_asked("authKey", _with_peers("authKey", "abc")), *_CREATE
    ),
    "virtual_interfaces.bgp-peers-listed": distort(INTERFACE, put("bgpPeers", []), *_CREATE),
    "virtual_interfaces.confirm-answer": distort(
        TOP,
        put("virtualInterfaceState", "confirming"),
        "ConfirmPrivateVirtualInterface",
        "ConfirmPublicVirtualInterface",
        "ConfirmTransitVirtualInterface",
    ),
    "virtual_interfaces.delete-answer": distort(
        TOP, put("virtualInterfaceState", "available"), "DeleteVirtualInterface"
    ),
    "virtual_interfaces.device": distort("BGPPeer", reword("awsDeviceV2"), DESCRIBE),
    "virtual_interfaces.echo": distort(INTERFACE, reword("virtualInterfaceName"), *_CREATE),
    "virtual_interfaces.family-echo": distort(INTERFACE, _another_family, *_CREATE),
    "virtual_interfaces.gateway-echo": distort(INTERFACE, _gatewayless, *_CREATE),
    "virtual_interfaces.listed": distort(
        TOP, shorten("virtualInterfaces", "virtualInterfaceId", "connectionId"), DESCRIBE
    ),
    "virtual_interfaces.location-of-parent": distort(INTERFACE, put("location", "Elsewhere"), *_CREATE),
    "virtual_interfaces.mtu-default": distort(INTERFACE, _if_not_asked("mtu", put("mtu", 8500)), *_CREATE),
    "virtual_interfaces.owner": distort(INTERFACE, put("ownerAccount", NOBODY)),
    "virtual_interfaces.peer-mirrored": distort(INTERFACE, put("customerAddress", "198.51.100.9/30")),
    "virtual_interfaces.prefixes-echo": distort(INTERFACE, shorten("routeFilterPrefixes"), *_CREATE),
    "virtual_interfaces.prefixes-public-only": distort(INTERFACE, _prefixes_everywhere, *_CREATE),
    "virtual_interfaces.rate-limit-echo": distort(INTERFACE, _another_rate, *_CREATE),
    "virtual_interfaces.router-config": distort(INTERFACE, _another_vlan_configured),
    "virtual_interfaces.type": distort(INTERFACE, _another_type, *_CREATE),
    "bgp_peers.addresses-automatic": distort(INTERFACE, _one_address, "CreateBGPPeer"),
    "bgp_peers.answer-members": distort("BGPPeer", lose("bgpStatus")),
    "bgp_peers.echo": distort(INTERFACE, _last_peer("authKey", "another-key"), "CreateBGPPeer"),
    "bgp_peers.interface-kept": distort(INTERFACE, reword("virtualInterfaceName"), "CreateBGPPeer", "DeleteBGPPeer"),
    "failover_tests.duration-default": distort(TEST, _default_minutes, "StartBgpFailoverTest"),
    "failover_tests.duration-echo": distort(TEST, _more_minutes, "StartBgpFailoverTest"),
    "failover_tests.owner-account": distort(TEST, put("ownerAccount", NOBODY)),
    "failover_tests.start-answer": distort(TEST, lose("status"), "StartBgpFailoverTest"),
    "failover_tests.stop-answer": distort(TEST, new_uuid("testId"), "StopBgpFailoverTest"),
    "routers.config-present": distort(TOP, put("customerRouterConfig", ""), "DescribeRouterConfiguration"),
    "routers.identifier-echo": distort("RouterType", reword("routerTypeIdentifier")),
    "routers.interface-echo": distort(TOP, reword("virtualInterfaceName"), "DescribeRouterConfiguration"),
    "routers.router-members": distort("RouterType", lose("vendor")),
    "routes.answer-members": distort("Route", lose("routeDirection")),
    "routes.directions-partition": distort(TOP, shorten("routes", "filters"), "ListVirtualInterfaceRoutes"),
    "routes.family-of-cidr": distort("Route", _another_route_family),
    "routes.interface-echo": distort(TOP, reword("virtualInterfaceId"), "ListVirtualInterfaceRoutes"),
}
