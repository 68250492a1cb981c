"""Operations on Direct Connect gateways, global resources that connect virtual interfaces and virtual gateways."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dxcontract.reference.core import access, ids, pages
from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError, client_error
from dxcontract.reference.core.records import DirectConnectGateway, VirtualInterface
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import tags
from dxcontract.spec.model import Json

DEFAULT_ASN: Final = 64512
_BOUNDS: Final = frozenset({64512, 65534, 4_200_000_000, 4_294_967_294})


def view(call: Call, gateway: DirectConnectGateway) -> Json:
    """A gateway as answered."""
    answer: Json = {
        "directConnectGatewayId": gateway.id,
        "directConnectGatewayName": gateway.name,
        "amazonSideAsn": gateway.asn,
        "ownerAccount": gateway.owner,
        "directConnectGatewayState": gateway.state,
        "totalPrefixPoolAllocations": sum(
            (one.prefix_pool_ipv4 or 0) + (one.prefix_pool_ipv6 or 0)
            for one in call.store.find(VirtualInterface, "gateway", gateway.id)
        ),
        "tags": tags.view(gateway.tags),
    }
    return answer


def is_asn(value: int) -> bool:
    """Whether this may be the ASN of the Amazon side of a gateway; 7224 was refused by AWS."""
    return 64512 <= value <= 65534 or 4_200_000_000 <= value <= 4_294_967_294


def own(call: Call, gateway_id: str) -> DirectConnectGateway:
    """The caller's gateway that still exists.

    Raises:
        ServiceError: the id is malformed, or the caller has no such gateway.
    """
    gateway = exists(call, gateway_id)
    if not access.admits(call, gateway, what="gateway"):
        raise access.refusal(call, gateway, f"Direct Connect Gateway {gateway_id} does not exist.")
    return gateway


def exists(call: Call, gateway_id: str) -> DirectConnectGateway:
    """The gateway with this id, of whatever account.

    Raises:
        ServiceError: the id is malformed, or there is no such gateway.
    """
    ids.check_gateway(gateway_id)
    gateway = call.store.get(DirectConnectGateway, gateway_id)
    if gateway is None or gateway.state == "deleted":
        twice = ("gateways.delete-twice",) if call.operation == "DeleteDirectConnectGateway" else ()
        message = f"Direct Connect Gateway {gateway_id} does not exist."
        raise ServiceError(CLIENT, message, rules=("requests.unknown-ids", "machines.use-after-delete", *twice))
    return gateway


def usable(call: Call, gateway_id: str) -> DirectConnectGateway:
    """The caller's gateway, if something new can be put on it.

    Raises:
        ServiceError: the caller has no such gateway, or it is not available.
    """
    gateway = own(call, gateway_id)
    if gateway.state != "available":
        raise client_error(f"Direct Connect Gateway {gateway_id} is {gateway.state}.")
    return gateway


@operation("CreateDirectConnectGateway")
def create_direct_connect_gateway(call: Call, request: Json) -> Json:
    """Make a gateway; it is `available` at once, as in the published example, or `pending`."""
    rules, store = call.rules, call.store
    asn = request.get("amazonSideAsn", DEFAULT_ASN if rules.holds("gateways.asn-default") else DEFAULT_ASN + 1)
    rules.refuse_unless(
        "gateways.asn-range",
        is_asn(asn),
        "amazonSideAsn must be from 64512 to 65534 or from 4200000000 to 4294967294.",
    )
    if asn in _BOUNDS and not rules.holds("gateways.asn-bounds"):
        raise client_error("amazonSideAsn is out of range.")
    if not rules.holds("gateways.not-idempotent"):
        for one in store.find(DirectConnectGateway, "owner", call.account, ""):
            if one.name == request["directConnectGatewayName"] and one.state == "available":
                return {"directConnectGateway": view(call, one)}
    gateway = store.put(
        DirectConnectGateway(
            id=call.new_uuid("gateways.id-form", "dxgw"),
            serial=store.next_serial(),
            owner=call.account,
            region="" if rules.holds("gateways.global") else call.region,
            state="pending" if call.documented else "available",
            due=call.clock.next_step() if call.documented else NEVER,
            created_in=call.region,
            name=request["directConnectGatewayName"],
            asn=asn,
            tags=tags.on_creation(call, request.get("tags"), "gateways.tags-on-create", modelled=False),
        )
    )
    return {"directConnectGateway": view(call, gateway)}


@operation("DescribeDirectConnectGateways")
def describe_direct_connect_gateways(call: Call, request: Json) -> Json:
    """The caller's gateways, the same in every Region, or one; deleted ones are hidden."""
    if "directConnectGatewayId" in request:
        ids.check_gateway(request["directConnectGatewayId"])
    if "directConnectGatewayId" in request and call.rules.holds("gateways.describe-one"):
        found: Sequence[DirectConnectGateway] = access.one(
            call, DirectConnectGateway, request["directConnectGatewayId"]
        )
    else:
        mine = call.store.find(DirectConnectGateway, "owner", call.account, "")
        mine += call.store.find(DirectConnectGateway, "owner", call.account, call.region)
        found = access.shows(call, DirectConnectGateway, mine)
    return pages.page(call, request, "directConnectGateways", found, lambda one: view(call, one))


@operation("UpdateDirectConnectGateway")
def update_direct_connect_gateway(call: Call, request: Json) -> Json:
    """Rename a gateway."""
    gateway, rules = own(call, request["directConnectGatewayId"]), call.rules
    if rules.holds("gateways.rename"):
        gateway = replace(gateway, name=request["newDirectConnectGatewayName"])
    if not rules.holds("gateways.rename-preserves"):
        gateway = replace(gateway, asn=gateway.asn + 1)
    return {"directConnectGateway": view(call, call.store.put(gateway))}


@operation("DeleteDirectConnectGateway")
def delete_direct_connect_gateway(call: Call, request: Json) -> Json:
    """Begin to delete a gateway. One with associations or attachments comes back later."""
    gateway = own(call, request["directConnectGatewayId"])
    if gateway.state == "deleting":
        raise client_error(f"Direct Connect Gateway {gateway.id} is being deleted already.")
    after = replace(gateway, state="deleting", due=call.clock.next_step())
    # The Region of the call does not matter for what is global.
    if call.region == gateway.created_in or call.rules.holds("gateways.global-delete"):
        call.store.put(after)
    return {"directConnectGateway": view(call, after)}
