"""Operations on associations of Direct Connect gateways with virtual private and transit gateways."""

from dataclasses import replace
from typing import Final

from dxcontract.reference.core import access, ids, pages
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError, client_error, unknown
from dxcontract.reference.core.records import (
    Association,
    Attachment,
    DirectConnectGateway,
    Prefixes,
    VirtualGateway,
    Vpc,
)
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import addresses, gateways, virtual_gateways
from dxcontract.spec.model import Json

# The block of a VPC that every account has from the start.
DEFAULT_PREFIXES: Final = ("10.0.0.0/16",)
_PRIVATE: Final = "PrivateVirtualInterface"


def view(association: Association) -> Json:
    """An association as answered, with the older members beside the newer one."""
    return {
        "directConnectGatewayId": association.gateway_id,
        "directConnectGatewayOwnerAccount": association.owner,
        "associationState": association.state,
        "associatedGateway": gateway_view(
            association.associated_id,
            association.associated_type,
            association.associated_owner,
            association.associated_region,
        ),
        "associationId": association.id,
        "allowedPrefixesToDirectConnectGateway": prefix_list(association.prefixes),
        "virtualGatewayId": association.associated_id,
        "virtualGatewayRegion": association.associated_region,
        "virtualGatewayOwnerAccount": association.associated_owner,
    }


def gateway_view(gateway_id: str, kind: str, owner: str, region: str) -> Json:
    """An associated gateway as answered."""
    return {"id": gateway_id, "type": kind, "ownerAccount": owner, "region": region}


def prefix_list(prefixes: Prefixes) -> list[Json]:
    """Prefixes as answered."""
    return [{"cidr": one} for one in prefixes]


def read_prefixes(call: Call, wanted: list[Json] | None, rule_id: str) -> Prefixes:
    """The prefixes of a request, checked.

    Raises:
        ServiceError: one is no CIDR block.
    """
    blocks = tuple(dict.fromkeys(one.get("cidr", "") for one in wanted or ()))
    for block in blocks:
        call.rules.refuse_unless(rule_id, addresses.is_cidr(block), f"{block[:100]!r} is no CIDR block.")
    return blocks


def check_pair(call: Call, gateway: DirectConnectGateway, virtual: VirtualGateway, prefixes: Prefixes) -> None:
    """Check that two gateways can be associated, with these prefixes.

    Raises:
        ServiceError: they cannot.
    """
    rules, store = call.rules, call.store
    own, others = store.find(Association, "associated", virtual.id), store.find(Association, "gateway", gateway.id)
    if any(one.gateway_id == gateway.id for one in own):
        raise client_error(f"{virtual.id} is associated with {gateway.id} already.")
    kinds = {one.associated_type for one in others}
    if virtual.type == virtual_gateways.VIRTUAL_PRIVATE:
        fits = virtual_gateways.TRANSIT not in kinds
        rules.refuse_unless(
            "associations.vpc-needed", virtual.vpc_id is not None, f"{virtual.id} is attached to no VPC."
        )
        rules.refuse_unless(
            "associations.one-gateway",
            all(one.gateway_id == gateway.id for one in own),
            f"{virtual.id} is associated with another Direct Connect gateway.",
        )
    else:
        attached = store.find(Attachment, "gateway", gateway.id)
        fits = virtual_gateways.VIRTUAL_PRIVATE not in kinds and all(one.type != _PRIVATE for one in attached)
        rules.refuse_unless(
            "associations.prefixes-transit", bool(prefixes), "A transit gateway needs allowed prefixes."
        )
        rules.refuse_unless(
            "associations.transit-asn",
            virtual.asn != gateway.asn,
            f"{virtual.id} and {gateway.id} have the same ASN.",
        )
    rules.refuse_unless("associations.exclusive-kinds", fits, f"{gateway.id} serves the other kind of gateways.")


def associate(call: Call, gateway: DirectConnectGateway, virtual: VirtualGateway, prefixes: Prefixes) -> Association:
    """Put a new association into the store: `associating` at first."""
    store = call.store
    by_default = call.rules.holds("associations.prefixes-default")
    if not prefixes and by_default and virtual.type == virtual_gateways.VIRTUAL_PRIVATE:
        vpc = store.get(Vpc, virtual.vpc_id or "")
        prefixes = (vpc.cidr,) if vpc is not None else DEFAULT_PREFIXES
    return store.put(
        Association(
            id=store.new_uuid(),
            serial=store.next_serial(),
            owner=gateway.owner,
            region="",
            state="associating",
            due=call.clock.next_step(),
            gateway_id=gateway.id,
            associated_id=virtual.id,
            associated_type=virtual.type,
            associated_owner=virtual.owner,
            associated_region=virtual.region,
            prefixes=prefixes,
        )
    )


@operation("CreateDirectConnectGatewayAssociation")
def create_direct_connect_gateway_association(call: Call, request: Json) -> Json:
    """Associate two gateways of the caller, in the Region of the virtual one."""
    rules = call.rules
    wanted = request.get("gatewayId") or request.get("virtualGatewayId")
    if not wanted:
        raise ServiceError(CLIENT, "Give gatewayId or virtualGatewayId.", rules=("associations.gateway-needed",))
    if "gatewayId" not in request and not rules.holds("associations.either-name"):
        raise client_error("gatewayId is missing.")
    gateway = gateways.usable(call, request["directConnectGatewayId"])
    if rules.holds("associations.region"):
        virtual = virtual_gateways.own(call, wanted)
    else:
        virtual = virtual_gateways.anywhere(call, wanted)
    prefixes = read_prefixes(
        call, request.get("addAllowedPrefixesToDirectConnectGateway"), "associations.prefixes-malformed"
    )
    check_pair(call, gateway, virtual, prefixes)
    return {"directConnectGatewayAssociation": view(associate(call, gateway, virtual, prefixes))}


@operation("DescribeDirectConnectGatewayAssociations")
def describe_direct_connect_gateway_associations(call: Call, request: Json) -> Json:
    """The associations of a gateway, of a virtual gateway, the one of both, or one."""
    rules, store = call.rules, call.store
    gateway_id, association_id = request.get("directConnectGatewayId"), request.get("associationId")
    virtual_id = request.get("associatedGatewayId") or request.get("virtualGatewayId")
    rules.refuse_unless(
        "associations.describe-need",
        bool(gateway_id or association_id or virtual_id),
        "Give a Direct Connect gateway, an associated gateway or an association.",
    )
    if gateway_id is not None:
        ids.check_gateway(gateway_id)
    if association_id is not None:
        ids.check_association(association_id)
    if gateway_id:
        found = store.find(Association, "gateway", gateway_id)
    elif virtual_id:
        found = store.find(Association, "associated", virtual_id)
    else:
        found = [one for one in store.everything() if isinstance(one, Association)]
    if gateway_id and virtual_id and rules.holds("associations.describe-by-both"):
        found = [one for one in found if one.associated_id == virtual_id]
    if association_id and rules.holds("associations.describe-by-id"):
        found = [one for one in found if one.id == association_id]
    if not association_id and not rules.holds("associations.describe-by-gateway"):
        found = found[:-1]
    visible = [one for one in found if access.admits(call, one, one.associated_owner)]
    return pages.page(call, request, "directConnectGatewayAssociations", visible, view)


def _own(call: Call, association_id: str) -> Association:
    ids.check_association(association_id)
    association = call.store.get(Association, association_id)
    if association is None or call.account not in (association.owner, association.associated_owner):
        raise unknown(f"Direct Connect Gateway Association {association_id} does not exist.")
    return association


@operation("UpdateDirectConnectGatewayAssociation")
def update_direct_connect_gateway_association(call: Call, request: Json) -> Json:
    """Add and remove allowed prefixes; the answer lists the new ones already."""
    if "associationId" not in request:
        raise client_error("associationId is missing.")
    association, rules = _own(call, request["associationId"]), call.rules
    if association.state in ("disassociating", "disassociated"):
        raise client_error(f"Association {association.id} is {association.state}.")
    added = read_prefixes(
        call, request.get("addAllowedPrefixesToDirectConnectGateway"), "associations.prefixes-malformed"
    )
    removed = read_prefixes(
        call, request.get("removeAllowedPrefixesToDirectConnectGateway"), "associations.prefixes-malformed"
    )
    association = change_prefixes(
        call,
        association,
        added if rules.holds("associations.update-add") else (),
        removed if rules.holds("associations.update-remove") else (),
    )
    return {"directConnectGatewayAssociation": view(association)}


def change_prefixes(call: Call, association: Association, added: Prefixes, removed: Prefixes) -> Association:
    """Change the prefixes of an association: `updating` at first."""
    kept = tuple(one for one in dict.fromkeys((*association.prefixes, *added)) if one not in removed)
    associated = association.state == "associated"
    return call.store.put(
        replace(
            association,
            prefixes=kept,
            state="updating" if associated else association.state,
            due=call.clock.next_step() if associated else association.due,
        )
    )


@operation("DeleteDirectConnectGatewayAssociation")
def delete_direct_connect_gateway_association(call: Call, request: Json) -> Json:
    """End an association, named by its id or by both gateways."""
    gateway_id, virtual_id = request.get("directConnectGatewayId"), request.get("virtualGatewayId")
    rules = call.rules
    if "associationId" in request and rules.holds("associations.delete-by-id"):
        association = _own(call, request["associationId"])
    elif gateway_id and virtual_id and rules.holds("associations.delete-by-gateways"):
        association = _between(call, gateway_id, virtual_id)
    else:
        raise ServiceError(
            CLIENT,
            "Give associationId, or directConnectGatewayId and virtualGatewayId.",
            rules=("associations.delete-need",),
        )
    if association.state == "disassociating":
        raise client_error(f"Association {association.id} is being deleted already.")
    after = end(call, association)
    return {"directConnectGatewayAssociation": view(after)}


def end(call: Call, association: Association) -> Association:
    """Begin to end an association: `disassociating` at first."""
    after = replace(association, state="disassociating", due=call.clock.next_step())
    return call.store.put(after) if call.rules.holds("associations.deleted-gone") else after


def _between(call: Call, gateway_id: str, virtual_id: str) -> Association:
    ids.check_gateway(gateway_id)
    for association in call.store.find(Association, "gateway", gateway_id):
        parties = (association.owner, association.associated_owner)
        if association.associated_id == virtual_id and call.account in parties:
            return association
    raise unknown(f"There is no association between {gateway_id} and {virtual_id[:100]}; it does not exist.")
