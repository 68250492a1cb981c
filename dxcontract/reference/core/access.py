"""Decides which account may read and change a resource, and in which Region, with the rule for each operation.

All other code calls `admits` (or `shows`, for lists). Ownership and Regions are checked only here.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, TypeVar

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError, unknown
from dxcontract.reference.core.records import GONE
from dxcontract.reference.core.store import Record

# The rule that keeps other accounts out, by operation and, where it matters, by what the operation names.
_FOREIGN: Final = {
    "AcceptDirectConnectGatewayAssociationProposal": "proposals.accept-owner-only",
    "AllocateConnectionOnInterconnect": "access.interconnect-foreign-allocate",
    "AllocateHostedConnection": "access.interconnect-foreign-allocate",
    "AllocatePrivateVirtualInterface": "virtual_interfaces.parent-foreign",
    "AllocatePublicVirtualInterface": "virtual_interfaces.parent-foreign",
    "AllocateTransitVirtualInterface": "virtual_interfaces.parent-foreign",
    "AssociateConnectionWithLag": "access.lag-foreign-membership",
    "AssociateMacSecKey": "access.macsec-foreign",
    "AssociateVirtualInterface": "virtual_interfaces.associate-requester",
    "AssociateVirtualInterface target": "virtual_interfaces.associate-target-owner",
    "ConfirmConnection": "hosted_connections.confirm-owner-only",
    "ConfirmPrivateVirtualInterface": "virtual_interfaces.confirm-owner-only",
    "ConfirmPrivateVirtualInterface gateway": "access.gateway-foreign-use",
    "ConfirmPublicVirtualInterface": "virtual_interfaces.confirm-owner-only",
    "ConfirmTransitVirtualInterface": "virtual_interfaces.confirm-owner-only",
    "ConfirmTransitVirtualInterface gateway": "access.gateway-foreign-use",
    "CreateBGPPeer": "access.virtual-interface-foreign-change",
    "CreateDirectConnectGatewayAssociation gateway": "associations.own-gateway",
    "CreatePrivateVirtualInterface": "virtual_interfaces.parent-foreign",
    "CreatePrivateVirtualInterface gateway": "access.gateway-foreign-use",
    "CreatePublicVirtualInterface": "virtual_interfaces.parent-foreign",
    "CreateTransitVirtualInterface": "virtual_interfaces.parent-foreign",
    "CreateTransitVirtualInterface gateway": "access.gateway-foreign-use",
    "DeleteBGPPeer": "access.virtual-interface-foreign-change",
    "DeleteConnection": "access.connection-foreign-change",
    "DeleteDirectConnectGateway gateway": "access.gateway-foreign-change",
    "DeleteInterconnect": "access.interconnect-foreign-change",
    "DeleteLag": "access.lag-foreign-change",
    "DeleteResiliencyGroup": "access.resiliency-group-foreign-change",
    "DeleteVirtualInterface": "access.virtual-interface-foreign-change",
    "DescribeConnections": "access.connection-hidden",
    "DescribeConnections hosted": "access.hosted-connection-hidden",
    "DescribeDirectConnectGatewayAssociationProposals": "access.proposal-hidden",
    "DescribeDirectConnectGatewayAssociations": "access.association-hidden",
    "DescribeDirectConnectGatewayAttachments": "access.attachment-hidden",
    "DescribeDirectConnectGateways": "access.gateway-hidden",
    "DescribeInterconnects": "access.interconnect-hidden",
    "DescribeLags": "access.lag-hidden",
    "DescribeLoa": "access.loa-foreign",
    "DescribeRouterConfiguration": "access.router-foreign",
    "DescribeTags": "access.tags-hidden",
    "DescribeVirtualInterfaces": "access.virtual-interface-hidden",
    "DisassociateConnectionFromLag": "access.lag-foreign-membership",
    "DisassociateMacSecKey": "access.macsec-foreign",
    "GetResiliencyGroup": "access.resiliency-group-hidden",
    "ListResiliencyGroups": "access.resiliency-group-hidden",
    "StartBgpFailoverTest": "failover_tests.owner-only",
    "StopBgpFailoverTest": "failover_tests.owner-only",
    "TagResource": "access.tags-foreign-change",
    "UntagResource": "access.tags-foreign-change",
    "UpdateConnection": "access.connection-foreign-change",
    "UpdateConnectionsBillingMode": "access.billing-foreign",
    "UpdateDirectConnectGateway gateway": "access.gateway-foreign-change",
    "UpdateLag": "access.lag-foreign-change",
    "UpdateResiliencyGroup": "access.resiliency-group-foreign-change",
    "UpdateVirtualInterfaceAttributes": "access.virtual-interface-foreign-change",
}
# The rule that keeps other Regions out.
_ELSEWHERE: Final = {
    "AssociateConnectionWithLag": "access.region-parent",
    "AssociateVirtualInterface target": "access.region-parent",
    "CreateConnection": "access.region-parent",
    "CreateLag": "access.region-parent",
    "CreatePrivateVirtualInterface": "access.region-parent",
    "CreatePublicVirtualInterface": "access.region-parent",
    "CreateTransitVirtualInterface": "access.region-parent",
    "DeleteConnection": "access.region-change",
    "DeleteLag": "access.region-change",
    "DeleteVirtualInterface": "access.region-change",
    "DescribeConnections": "access.region-hidden",
    "DescribeInterconnects": "access.region-hidden",
    "DescribeLags": "access.region-hidden",
    "DescribeVirtualInterfaces": "access.region-hidden",
    "ListResiliencyGroups": "resiliency_groups.listed-in-region",
}
_NO_RULE: Final = "-"
# The rule that keeps what is gone from being changed again.
_FINAL: Final = {
    "CreateBGPPeer": "virtual_interfaces.deleted-final",
    "DeleteConnection": "connections.deleted-final",
    "DeleteInterconnect": "interconnects.delete-twice",
    "DeleteLag": "lags.deleted-final",
    "DeleteVirtualInterface": "virtual_interfaces.deleted-final",
    "UpdateConnection": "connections.deleted-final",
    "UpdateLag": "lags.deleted-final",
    "UpdateVirtualInterfaceAttributes": "virtual_interfaces.deleted-final",
}

R = TypeVar("R", bound=Record)


def admits(call: Call, record: Record, *others: str | None, what: str = "") -> bool:
    """Whether the caller may do this to `record`, which its owner and `others` may; `what` tells the roles apart."""
    key = f"{call.operation} {what}" if what else call.operation
    if call.account != record.owner and call.account not in others and call.rules.holds(_FOREIGN.get(key, _NO_RULE)):
        return False
    return record.region in (call.region, "") or not call.rules.holds(_ELSEWHERE.get(key, _NO_RULE))


def refusal(call: Call, record: Record | None, message: str) -> ServiceError:
    """The refusal of a request that names what the caller has not, or no longer has."""
    if record is None:
        return unknown(message)
    if record.state in GONE:
        return ServiceError(CLIENT, message, rules=(_FINAL.get(call.operation, _NO_RULE), "machines.use-after-delete"))
    whose = "machines.use-of-anothers" if record.owner != call.account else "machines.use-from-elsewhere"
    return ServiceError(CLIENT, message, rules=(whose,))


def shows(call: Call, kind: type[R], mine: Sequence[R], what: str = "") -> Sequence[R]:
    """What a list shows: `mine`, unless a rule that hides the rest is switched off."""
    key = f"{call.operation} {what}" if what else call.operation
    foreign, elsewhere = _FOREIGN.get(key, _NO_RULE), _ELSEWHERE.get(key, _NO_RULE)
    if call.rules.holds(foreign) and call.rules.holds(elsewhere):
        return mine
    return _ordered(one for one in call.store.everything() if isinstance(one, kind) and admits(call, one, what=what))


def one(call: Call, kind: type[R], record_id: str, *whats: str) -> list[R]:
    """What a description of one id shows: the record, if the caller may see it, or nothing."""
    record = call.store.get(kind, record_id)
    return [record] if record is not None and any(admits(call, record, what=what) for what in whats or ("",)) else []


def _ordered(records: Iterable[R]) -> list[R]:
    return sorted(records, key=attrgetter("serial"))
