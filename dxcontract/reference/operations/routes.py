"""The routes of a virtual interface: what the customer announces and what is announced to the customer."""

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Literal

from dxcontract.reference.core import pages
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error
from dxcontract.reference.core.records import Association, VirtualInterface
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import addresses, peers, virtual_interfaces
from dxcontract.spec.model import Json


@dataclass(frozen=True, slots=True)
class Route:
    """One route; `serial` is its place in the list."""

    serial: int
    cidr: str
    direction: Literal["accepted", "advertised"]
    path: tuple[int, ...]
    communities: tuple[str, ...]

    @property
    def family(self) -> str:
        return "ipv6" if ":" in self.cidr else "ipv4"


def _routes(call: Call, interface: VirtualInterface) -> list[Route]:
    if interface.state not in ("available", "testing"):
        return []
    amazon_asn = virtual_interfaces.amazon_side_asn(call, interface)
    found: list[Route] = []
    for peer in peers.staying(call.world, interface):
        if not peers.is_up(call.world, interface, peer):
            continue
        six = peer.address_family == "ipv6"
        accepted = interface.route_filter_prefixes or (
            ("2001:db8:a::/48",) if six else ("192.168.0.0/16", "172.16.0.0/12")
        )
        for cidr in accepted:
            if (":" in cidr) == six:
                found.append(Route(len(found) + 1, cidr, "accepted", (peer.asn,), ("7224:7200",)))
        for cidr in _advertised(call, interface, six):
            found.append(Route(len(found) + 1, cidr, "advertised", (amazon_asn,), ("7224:8100",)))
    return found


def _advertised(call: Call, interface: VirtualInterface, six: bool) -> list[str]:
    if six:
        return ["2001:db8:b::/48"]
    prefixes = [
        prefix
        for association in call.store.find(Association, "gateway", interface.direct_connect_gateway_id or "-")
        for prefix in association.prefixes
        if ":" not in prefix
    ]
    return prefixes or ["10.0.0.0/16"]


def _view(route: Route, interface: VirtualInterface) -> Json:
    return {
        "cidr": route.cidr,
        "routeDirection": route.direction,
        "addressFamily": route.family,
        "asPath": [{"pathType": "seq", "path": list(route.path)}],
        "communities": list(route.communities),
        "awsLogicalDeviceId": interface.location,
        "routeInstalledAt": 1_700_000_000.0 + interface.serial,
    }


def _within(cidr: str, wanted: list[str]) -> bool:
    network = ip_network(cidr)
    blocks = [ip_network(one, strict=False) for one in wanted]
    return any(
        one.version == network.version and network.subnet_of(one)  # type: ignore[arg-type]
        for one in blocks
    )


@operation("ListVirtualInterfaceRoutes")
def list_virtual_interface_routes(call: Call, request: Json) -> Json:
    """The routes of a virtual interface, by whatever filters are given."""
    rules = call.rules
    if "virtualInterfaceId" not in request:
        raise client_error("virtualInterfaceId is missing.")
    interface = virtual_interfaces.visible(call, request["virtualInterfaceId"])
    filters = request.get("filters", {})
    found = _routes(call, interface)
    if "routeDirection" in filters and rules.holds("routes.filter-direction"):
        found = [one for one in found if one.direction == filters["routeDirection"]]
    if "addressFamily" in filters and rules.holds("routes.filter-family"):
        found = [one for one in found if one.family == filters["addressFamily"]]
    if "cidrs" in filters:
        if not all(addresses.is_cidr(one) for one in filters["cidrs"]):
            raise client_error("A CIDR of the filters is none.")
        if rules.holds("routes.filter-cidrs"):
            found = [one for one in found if _within(one.cidr, filters["cidrs"])]
    if filters.get("asPath") and rules.holds("routes.filter-path"):
        found = [one for one in found if set(filters["asPath"]) <= set(one.path)]
    if filters.get("communities") and rules.holds("routes.filter-path"):
        found = [one for one in found if set(filters["communities"]) <= set(one.communities)]
    answer = pages.page(call, request, "routes", found, lambda one: _view(one, interface))
    return {"virtualInterfaceId": interface.id, **answer}
