"""Operations on association proposals, from the owner of a virtual gateway to the owner of a Direct Connect
gateway.
"""

from dataclasses import replace

from dxcontract.reference.core import access, ids, pages, transitions
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error, unknown
from dxcontract.reference.core.records import Association, Proposal
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import associations, gateways, virtual_gateways
from dxcontract.spec.model import Json


def view(call: Call, proposal: Proposal) -> Json:
    """A proposal as answered."""
    answer: Json = {
        "proposalId": proposal.id,
        "directConnectGatewayId": proposal.gateway_id,
        "directConnectGatewayOwnerAccount": proposal.gateway_owner,
        "proposalState": proposal.state,
        "associatedGateway": associations.gateway_view(
            proposal.associated_id, proposal.associated_type, proposal.owner, proposal.region
        ),
        "requestedAllowedPrefixesToDirectConnectGateway": associations.prefix_list(proposal.requested),
    }
    if proposal.existing is not None:
        answer["existingAllowedPrefixesToDirectConnectGateway"] = associations.prefix_list(proposal.existing)
    return answer


def _existing(call: Call, gateway_id: str, virtual_id: str) -> Association | None:
    found = call.store.find(Association, "associated", virtual_id)
    return next((one for one in found if one.gateway_id == gateway_id and one.state != "disassociating"), None)


@operation("CreateDirectConnectGatewayAssociationProposal")
def create_direct_connect_gateway_association_proposal(call: Call, request: Json) -> Json:
    """Propose to associate the caller's virtual gateway with anyone's Direct Connect gateway."""
    store = call.store
    ids.check_account(request["directConnectGatewayOwnerAccount"])
    gateway = gateways.exists(call, request["directConnectGatewayId"])
    if gateway.owner != request["directConnectGatewayOwnerAccount"]:
        raise unknown(f"Direct Connect Gateway {gateway.id} does not exist.")
    virtual = virtual_gateways.own(call, request["gatewayId"])
    rule = "associations.prefixes-malformed"
    added = associations.read_prefixes(call, request.get("addAllowedPrefixesToDirectConnectGateway"), rule)
    removed = associations.read_prefixes(call, request.get("removeAllowedPrefixesToDirectConnectGateway"), rule)
    existing = _existing(call, gateway.id, virtual.id)
    before = existing.prefixes if existing is not None else ()
    proposal = store.put(
        Proposal(
            id=call.new_uuid("proposals.id-form", "dxprop"),
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            state="requested",
            due=call.clock.now() + transitions.PROPOSAL_EXPIRES,
            gateway_id=gateway.id,
            gateway_owner=gateway.owner,
            associated_id=virtual.id,
            associated_type=virtual.type,
            requested=tuple(one for one in dict.fromkeys((*before, *added)) if one not in removed),
            existing=existing.prefixes if existing is not None else None,
        )
    )
    if not call.rules.holds("proposals.no-association-yet"):
        associations.associate(call, gateway, virtual, proposal.requested)
    return {"directConnectGatewayAssociationProposal": view(call, proposal)}


@operation("DescribeDirectConnectGatewayAssociationProposals")
def describe_direct_connect_gateway_association_proposals(call: Call, request: Json) -> Json:
    """The proposals that the caller made or got, by whatever filters are given."""
    rules = call.rules
    found = access.shows(call, Proposal, call.store.find(Proposal, "visible", call.account))
    if not rules.holds("proposals.visible-to-gateway-owner"):
        found = [one for one in found if one.owner == call.account]
    if "directConnectGatewayId" in request:
        ids.check_gateway(request["directConnectGatewayId"])
        if rules.holds("proposals.describe-filters"):
            found = [one for one in found if one.gateway_id == request["directConnectGatewayId"]]
    if "associatedGatewayId" in request and rules.holds("proposals.describe-filters"):
        found = [one for one in found if one.associated_id == request["associatedGatewayId"]]
    if "proposalId" in request:
        ids.check_proposal(request["proposalId"])
        if rules.holds("proposals.describe-filters"):
            found = [one for one in found if one.id == request["proposalId"]]
    member = "directConnectGatewayAssociationProposals"
    return pages.page(call, request, member, found, lambda one: view(call, one))


def _visible(call: Call, proposal_id: str) -> Proposal:
    ids.check_proposal(proposal_id)
    proposal = call.store.get(Proposal, proposal_id)
    if proposal is None or call.account not in (proposal.owner, proposal.gateway_owner):
        raise unknown(f"Direct Connect Gateway Association Proposal {proposal_id} is not found.")
    return proposal


@operation("AcceptDirectConnectGatewayAssociationProposal")
def accept_direct_connect_gateway_association_proposal(call: Call, request: Json) -> Json:
    """The owner of the Direct Connect gateway accepts, in the Region of the other gateway."""
    proposal, rules = _visible(call, request["proposalId"]), call.rules
    ids.check_gateway(request["directConnectGatewayId"])
    rules.refuse_unless(
        "proposals.accept-owner-only",
        proposal.gateway_owner == call.account,
        f"Direct Connect Gateway {proposal.gateway_id} does not exist.",
    )
    rules.refuse_unless(
        "proposals.accept-named",
        proposal.gateway_id == request["directConnectGatewayId"],
        f"{proposal.id} was not made for {request['directConnectGatewayId']}.",
    )
    rules.refuse_unless(
        "proposals.accept-named",
        proposal.owner == request["associatedGatewayOwnerAccount"],
        f"{proposal.id} was not made by {request['associatedGatewayOwnerAccount'][:100]}.",
    )
    rules.refuse_unless(
        "proposals.accept-region",
        proposal.region == call.region,
        f"The VirtualGateway {proposal.associated_id} does not exist.",
    )
    refusal = "proposals.deleted-not-accepted" if proposal.state == "deleted" else "proposals.accept-twice"
    rules.refuse_unless(
        refusal,
        proposal.state == "requested",
        f"Direct Connect Gateway Association Proposal  has been {proposal.state}!",
    )
    override = request.get("overrideAllowedPrefixesToDirectConnectGateway")
    prefixes = proposal.requested if rules.holds("proposals.accept-prefixes") else ()
    if override is not None and rules.holds("proposals.accept-override"):
        prefixes = associations.read_prefixes(call, override, "associations.prefixes-malformed")
        proposal = replace(proposal, requested=prefixes)
    gateway = gateways.exists(call, proposal.gateway_id)
    virtual = virtual_gateways.anywhere(call, proposal.associated_id)
    existing = _existing(call, gateway.id, virtual.id)
    if existing is None:
        associations.check_pair(call, gateway, virtual, prefixes)
        association = associations.associate(call, gateway, virtual, prefixes)
    else:
        removed = tuple(one for one in existing.prefixes if one not in prefixes)
        association = associations.change_prefixes(call, existing, prefixes, removed)
    if rules.holds("proposals.accept-state"):
        due = call.clock.now() + transitions.PROPOSAL_SHOWN
        call.store.put(replace(proposal, state="accepted", due=due))
    answer = {"directConnectGatewayAssociation": associations.view(association)}
    if not rules.holds("proposals.accept-associates") and existing is None:
        call.store.remove(association)
    return answer


@operation("DeleteDirectConnectGatewayAssociationProposal")
def delete_direct_connect_gateway_association_proposal(call: Call, request: Json) -> Json:
    """Either owner takes back or rejects what was not accepted yet."""
    proposal, rules = _visible(call, request["proposalId"]), call.rules
    if proposal.owner != call.account and not rules.holds("proposals.delete-by-gateway-owner"):
        raise unknown(f"Direct Connect Gateway Association Proposal {proposal.id} is not found.")
    if proposal.state == "deleted":
        raise client_error(f"Direct Connect Gateway Association Proposal {proposal.id} is deleted already.")
    # Terraform deletes an accepted one once its association is gone.
    stands = proposal.state == "accepted" and _existing(call, proposal.gateway_id, proposal.associated_id) is not None
    rules.refuse_unless("proposals.delete-accepted", not stands, f"{proposal.id} has been accepted.")
    after = replace(proposal, state="deleted", due=call.clock.now() + transitions.PROPOSAL_SHOWN)
    if rules.holds("proposals.deleted-gone"):
        call.store.put(after)
    return {"directConnectGatewayAssociationProposal": view(call, after)}
