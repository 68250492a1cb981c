"""Faults in answers about gateways, associations, proposals, resiliency groups, tags and agreements."""

from typing import Final

from dxcontract.reference.faults.ports import ELSEWHERE, NOBODY
from dxcontract.reference.faults.response_edits import (
    TOP,
    Scene,
    Table,
    distort,
    lose,
    new_uuid,
    put,
    raise_by_one,
    reword,
    shorten,
)
from dxcontract.spec.model import Json

_GATEWAY: Final = "DirectConnectGateway"
_ASSOCIATION: Final = "DirectConnectGatewayAssociation"
_ATTACHMENT: Final = "DirectConnectGatewayAttachment"
_PROPOSAL: Final = "DirectConnectGatewayAssociationProposal"
_TAGGED: Final = (
    "DescribeConnections",
    "DescribeInterconnects",
    "DescribeLags",
    "DescribeVirtualInterfaces",
)


def _associated_elsewhere(association: Json, scene: Scene) -> None:
    association["associatedGateway"]["region"] = association["virtualGatewayRegion"] = ELSEWHERE


def _other_prefixes(association: Json, scene: Scene) -> None:
    association["allowedPrefixesToDirectConnectGateway"] = [{"cidr": "192.0.2.0/24"}]


def _another_type(attachment: Json, scene: Scene) -> None:
    transit = attachment["attachmentType"] == "TransitVirtualInterface"
    attachment["attachmentType"] = "PrivateVirtualInterface" if transit else "TransitVirtualInterface"


def _regional_arn(group: Json, scene: Scene) -> None:
    group["resiliencyGroupArn"] = group["resiliencyGroupArn"].replace("::", f":{scene.call.region}:")


def _state_change_error(gateway: Json, scene: Scene) -> None:
    gateway["stateChangeError"] = "Nothing is wrong."


def _untagged(answer: Json, scene: Scene) -> None:
    for value in answer.values():
        for item in value if isinstance(value, list) else ():
            item["tags"] = []


def _some_of_several(answer: Json, scene: Scene) -> None:
    if len(answer["resourceTags"]) > 1:
        answer["resourceTags"] = answer["resourceTags"][:-1]


TABLE: Final[Table] = {
    "agreements.confirm-answer": distort(TOP, put("status", "unsigned"), "ConfirmCustomerAgreement"),
    "agreements.metadata": distort(TOP, lose("nniPartnerType"), "DescribeCustomerMetadata"),
    "associations.answer-members": distort(_ASSOCIATION, lose("associationState")),
    "associations.delete-answer": distort(
        _ASSOCIATION, put("associationState", "associated"), "DeleteDirectConnectGatewayAssociation"
    ),
    "associations.gateway-echo": distort(
        _ASSOCIATION, new_uuid("directConnectGatewayId"), "CreateDirectConnectGatewayAssociation"
    ),
    "associations.gateway-facts": distort(_ASSOCIATION, _associated_elsewhere),
    "associations.id": distort(_ASSOCIATION, new_uuid("associationId"), "DescribeDirectConnectGatewayAssociations"),
    "associations.legacy-members": distort(_ASSOCIATION, put("virtualGatewayOwnerAccount", NOBODY)),
    "associations.prefixes-echo": distort(_ASSOCIATION, _other_prefixes, "CreateDirectConnectGatewayAssociation"),
    "associations.update-preserves": distort(
        _ASSOCIATION, new_uuid("associationId"), "UpdateDirectConnectGatewayAssociation"
    ),
    "attachments.answer-members": distort(_ATTACHMENT, lose("attachmentState")),
    "attachments.interface-facts": distort(_ATTACHMENT, put("virtualInterfaceOwnerAccount", NOBODY)),
    "attachments.type": distort(_ATTACHMENT, _another_type),
    "gateways.answer-members": distort(_GATEWAY, lose("amazonSideAsn")),
    "gateways.delete-answer": distort(
        _GATEWAY, put("directConnectGatewayState", "available"), "DeleteDirectConnectGateway"
    ),
    "gateways.echo": distort(_GATEWAY, reword("directConnectGatewayName"), "CreateDirectConnectGateway"),
    "gateways.listed": distort(
        TOP, shorten("directConnectGateways", "directConnectGatewayId"), "DescribeDirectConnectGateways"
    ),
    "gateways.no-error-when-available": distort(_GATEWAY, _state_change_error),
    "gateways.prefix-pool-total": distort(_GATEWAY, raise_by_one("totalPrefixPoolAllocations")),
    "gateways.owner": distort(_GATEWAY, put("ownerAccount", NOBODY)),
    "gateways.virtual-gateway-listed": distort(TOP, shorten("virtualGateways"), "DescribeVirtualGateways"),
    "gateways.virtual-gateway-members": distort("VirtualGateway", lose("virtualGatewayState")),
    "proposals.answer-members": distort(_PROPOSAL, lose("proposalState")),
    "proposals.delete-answer": distort(
        _PROPOSAL, put("proposalState", "requested"), "DeleteDirectConnectGatewayAssociationProposal"
    ),
    "proposals.gateway-echo": distort(
        _PROPOSAL,
        put("directConnectGatewayOwnerAccount", NOBODY),
        "CreateDirectConnectGatewayAssociationProposal",
    ),
    "proposals.listed": distort(
        TOP,
        shorten(
            "directConnectGatewayAssociationProposals", "proposalId", "directConnectGatewayId", "associatedGatewayId"
        ),
        "DescribeDirectConnectGatewayAssociationProposals",
    ),
    "proposals.prefixes-echo": distort(
        _PROPOSAL,
        put("requestedAllowedPrefixesToDirectConnectGateway", []),
        "CreateDirectConnectGatewayAssociationProposal",
    ),
    "resiliency_groups.answer-members": distort("ResiliencyGroup", lose("resiliencyGroupType")),
    "resiliency_groups.associate-answer": distort(
        "ResiliencyGroupAssociation", lose("connectionArn"), "AssociateConnectionsToResiliencyGroup"
    ),
    "resiliency_groups.delete-answer": distort("ResiliencyGroup", put("state", "available"), "DeleteResiliencyGroup"),
    "resiliency_groups.echo": distort("ResiliencyGroup", reword("resiliencyGroupName"), "CreateResiliencyGroup"),
    "resiliency_groups.get": distort("ResiliencyGroup", reword("resiliencyGroupId"), "GetResiliencyGroup"),
    "resiliency_groups.id-and-arn": distort("ResiliencyGroup", _regional_arn),
    "resiliency_groups.list-consistent": distort("ResiliencyGroupSummary", reword("resiliencyGroupName")),
    "resiliency_groups.listed": distort(TOP, shorten("items"), "ListResiliencyGroups"),
    "resiliency_groups.update-preserves": distort(
        "ResiliencyGroup", reword("resiliencyGroupArn"), "UpdateResiliencyGroup"
    ),
    "tags.describe-answer": distort("ResourceTag", lose("resourceArn")),
    "tags.describe-several": distort(TOP, _some_of_several, "DescribeTags"),
    "tags.shown-on-resource": distort(TOP, _untagged, *_TAGGED),
}
