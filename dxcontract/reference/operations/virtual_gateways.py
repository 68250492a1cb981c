"""Virtual private and transit gateways. They belong to EC2; every account has a few in every region from the start."""

import hashlib
from dataclasses import dataclass
from typing import Final

from dxcontract.reference.core.context import Call, World
from dxcontract.reference.core.errors import unknown
from dxcontract.reference.core.records import VirtualGateway
from dxcontract.reference.core.registry import operation
from dxcontract.reference.core.store import Record
from dxcontract.spec.model import Json

VIRTUAL_PRIVATE: Final = "virtualPrivateGateway"
TRANSIT: Final = "transitGateway"
DEFAULT_ASN: Final = 64512
# Transit gateways must not share the ASN of the Direct Connect gateway, whose default is 64512.
_TRANSIT_ASNS: Final = (64520, 64521)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seeded(Record):
    """That an account has got its first gateways in a region."""


def ensure(world: World, account: str, region: str) -> None:
    """Give an account its first gateways in a region, once."""
    store = world.store
    mark = f"seeded:{account}:{region}"
    if store.any_kind(mark) is not None:
        return
    store.put(_Seeded(id=mark, serial=store.next_serial(), owner=account, region=region, state="done"))
    for number in range(3):
        vpc = hashlib.sha256(f"{account}:{region}:{number}".encode()).hexdigest()[:17]
        store.put(_new(world, account, region, VIRTUAL_PRIVATE, DEFAULT_ASN, f"vpc-{vpc}"))
    for asn in _TRANSIT_ASNS:
        store.put(_new(world, account, region, TRANSIT, asn, None))


def _new(world: World, account: str, region: str, kind: str, asn: int, vpc_id: str | None) -> VirtualGateway:
    store = world.store
    return VirtualGateway(
        id=store.new_hex_id("vgw" if kind == VIRTUAL_PRIVATE else "tgw"),
        serial=store.next_serial(),
        owner=account,
        region=region,
        state="available",
        type="virtualPrivateGateway" if kind == VIRTUAL_PRIVATE else "transitGateway",
        asn=asn,
        vpc_id=vpc_id,
    )


def create(call: Call, kind: str, asn: int) -> VirtualGateway:
    """Make a gateway for EC2's CreateVpnGateway and CreateTransitGateway; it is attached to no VPC yet."""
    return call.store.put(_new(call.world, call.account, call.region, kind, asn, None))


def own(call: Call, gateway_id: str, kind: str | None = None) -> VirtualGateway:
    """The caller's virtual private or transit gateway of the Region.

    Raises:
        ServiceError: the caller has no such gateway there.
    """
    gateway = call.store.get(VirtualGateway, gateway_id)
    if (
        gateway is None
        or gateway.owner != call.account
        or gateway.region != call.region
        or gateway.state == "deleted"
        or kind not in (None, gateway.type)
    ):
        raise unknown(f"The VirtualGateway {gateway_id[:100]} does not exist.")
    return gateway


def anywhere(call: Call, gateway_id: str) -> VirtualGateway:
    """The virtual gateway with this id, of whatever account and Region.

    Raises:
        ServiceError: there is none.
    """
    gateway = call.store.get(VirtualGateway, gateway_id)
    if gateway is None or gateway.state == "deleted":
        raise unknown(f"The VirtualGateway {gateway_id[:100]} does not exist.")
    return gateway


@operation("DescribeVirtualGateways")
def describe_virtual_gateways(call: Call, request: Json) -> Json:
    """The caller's virtual private gateways of the Region; transit gateways are not listed."""
    found = call.store.find(VirtualGateway, "owner", call.account, call.region)
    return {
        "virtualGateways": [
            {"virtualGatewayId": one.id, "virtualGatewayState": one.state}
            for one in found
            if one.type == VIRTUAL_PRIVATE
        ]
    }
