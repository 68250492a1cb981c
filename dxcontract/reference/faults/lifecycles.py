"""Faults in states: a wrong initial state, a state that cannot follow, ids that are not unique."""

from typing import Final

from dxcontract.reference.faults import machines
from dxcontract.reference.faults.ports import NOBODY
from dxcontract.reference.faults.response_edits import Change, Scene, Table, distort, every_second_time, put
from dxcontract.spec.model import Json

_CREATE: Final = tuple(
    f"{verb}{kind}VirtualInterface" for verb in ("Create", "Allocate") for kind in ("Private", "Public", "Transit")
)
_ORDER: Final = ("CreateConnection", "AllocateHostedConnection", "AllocateConnectionOnInterconnect", "CreateLag")


def _same_id(member: str) -> Change:
    """Answer the id that was answered first, whatever is made."""

    def change(item: Json, scene: Scene) -> None:
        item[member] = scene.memory.setdefault(f"first {member}", item[member])

    return change


def _backwards(id_member: str, state_member: str, state: str) -> Change:
    """Answer a state that cannot follow, every second time."""
    return every_second_time(id_member, put(state_member, state))


def _ending_at_first(id_member: str, state_member: str, state: str) -> Change:
    """Answer an ending state the first time that a resource is answered, and then go on as if nothing were."""

    def change(item: Json, scene: Scene) -> None:
        if scene.memory.setdefault(f"first sight {item[id_member]}", True):
            scene.memory[f"first sight {item[id_member]}"] = False
            item[state_member] = state

    return change


def _attachment_backwards(attachment: Json, scene: Scene) -> None:
    attachment["both"] = f"{attachment['directConnectGatewayId']} {attachment['virtualInterfaceId']}"
    _backwards("both", "attachmentState", "attaching")(attachment, scene)
    del attachment["both"]


def _uneven(connection: Json, scene: Scene) -> None:
    machines.uneven(connection, scene.memory)


TABLE: Final[Table] = {
    "machines.order-independent": distort("Connection", _uneven, "DescribeConnections"),
    "lifecycles.association-initial": distort(
        "DirectConnectGatewayAssociation",
        put("associationState", "disassociating"),
        "CreateDirectConnectGatewayAssociation",
        "AcceptDirectConnectGatewayAssociationProposal",
    ),
    "lifecycles.association-transitions": distort(
        "DirectConnectGatewayAssociation",
        _backwards("associationId", "associationState", "associating"),
        "DescribeDirectConnectGatewayAssociations",
    ),
    "lifecycles.attachment-initial": distort("DirectConnectGatewayAttachment", put("attachmentState", "detaching")),
    "lifecycles.attachment-transitions": distort("DirectConnectGatewayAttachment", _attachment_backwards),
    "lifecycles.bgp-peer-initial": distort("BGPPeer", put("bgpPeerState", "deleting"), *_CREATE, "CreateBGPPeer"),
    "lifecycles.bgp-peer-transitions": distort(
        "BGPPeer", _backwards("bgpPeerId", "bgpPeerState", "verifying"), "DescribeVirtualInterfaces"
    ),
    "lifecycles.connection-initial": distort("Connection", put("connectionState", "down"), *_ORDER),
    "lifecycles.connection-transitions": distort(
        "Connection", _backwards("connectionId", "connectionState", "requested"), "DescribeConnections"
    ),
    "lifecycles.failover-test-initial": distort(
        "VirtualInterfaceTestHistory", put("status", "Completed"), "StartBgpFailoverTest"
    ),
    "lifecycles.failover-test-transitions": distort(
        "VirtualInterfaceTestHistory",
        _backwards("testId", "status", "In progress"),
        "ListVirtualInterfaceTestHistory",
    ),
    "lifecycles.gateway-initial": distort(
        "DirectConnectGateway", put("directConnectGatewayState", "deleting"), "CreateDirectConnectGateway"
    ),
    "lifecycles.gateway-transitions": distort(
        "DirectConnectGateway",
        _backwards("directConnectGatewayId", "directConnectGatewayState", "pending"),
        "DescribeDirectConnectGateways",
    ),
    "lifecycles.identity-stable": distort(
        "Connection", every_second_time("connectionId", put("ownerAccount", NOBODY)), "DescribeConnections"
    ),
    "lifecycles.ids-unique": distort("Connection", _same_id("connectionId"), "CreateConnection"),
    "lifecycles.interconnect-initial": distort(
        "Interconnect", put("interconnectState", "available"), "CreateInterconnect"
    ),
    "lifecycles.interconnect-transitions": distort(
        "Interconnect", _backwards("interconnectId", "interconnectState", "requested"), "DescribeInterconnects"
    ),
    "lifecycles.lag-initial": distort("Lag", put("lagState", "available"), "CreateLag"),
    "lifecycles.lag-transitions": distort("Lag", _backwards("lagId", "lagState", "requested"), "DescribeLags"),
    "lifecycles.macsec-key-initial": distort("MacSecKey", put("state", "disassociating"), "AssociateMacSecKey"),
    "lifecycles.macsec-key-transitions": distort(
        "MacSecKey", _backwards("secretARN", "state", "associating"), "DescribeConnections", "DescribeLags"
    ),
    "lifecycles.proposal-initial": distort(
        "DirectConnectGatewayAssociationProposal",
        put("proposalState", "accepted"),
        "CreateDirectConnectGatewayAssociationProposal",
    ),
    "lifecycles.proposal-transitions": distort(
        "DirectConnectGatewayAssociationProposal",
        put("proposalState", "requested"),
        "DescribeDirectConnectGatewayAssociationProposals",
    ),
    "lifecycles.resiliency-group-association-initial": distort(
        "ResiliencyGroupAssociation", put("state", "disassociating"), "AssociateConnectionsToResiliencyGroup"
    ),
    "lifecycles.resiliency-group-association-transitions": distort(
        "ResiliencyGroupAssociation",
        _backwards("connectionArn", "state", "associating"),
        "ListResiliencyGroupAssociations",
    ),
    "lifecycles.resiliency-group-initial": distort(
        "ResiliencyGroup", put("state", "deleting"), "CreateResiliencyGroup"
    ),
    "lifecycles.resiliency-group-transitions": distort(
        "ResiliencyGroup", _ending_at_first("resiliencyGroupId", "state", "deleting"), "GetResiliencyGroup"
    ),
    "lifecycles.virtual-gateway-transitions": distort(
        "VirtualGateway",
        _backwards("virtualGatewayId", "virtualGatewayState", "pending"),
        "DescribeVirtualGateways",
    ),
    "lifecycles.virtual-interface-initial": distort(
        "VirtualInterface", put("virtualInterfaceState", "deleting"), *_CREATE
    ),
    "lifecycles.virtual-interface-transitions": distort(
        "VirtualInterface",
        _backwards("virtualInterfaceId", "virtualInterfaceState", "confirming"),
        "DescribeVirtualInterfaces",
    ),
}
