"""Faults of refused requests: the request has an effect nevertheless."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from dxcontract.reference.core import records
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.store import Record
from dxcontract.spec.model import Json, load

EVERYTHING: Final = "requests.refusal-has-no-effect"
# What a rule of this kind protects: the caller's first record of the kind gets another value in this field.
_SPOILED: Final[dict[str, tuple[type[Record], str]]] = {
    "associations.refusal-atomic": (records.Association, "prefixes"),
    "billing.refusal-atomic": (records.Connection, "billing_mode"),
    "bgp_peers.refusal-atomic": (records.BgpPeer, "auth_key"),
    "connections.refusal-atomic": (records.Connection, "name"),
    "failover_tests.refusal-atomic": (records.FailoverTest, "minutes"),
    "gateways.refusal-atomic": (records.DirectConnectGateway, "name"),
    "hosted_connections.refusal-atomic": (records.Connection, "name"),
    "interconnects.refusal-atomic": (records.Connection, "name"),
    "lags.refusal-atomic": (records.Lag, "name"),
    "macsec.refusal-atomic": (records.MacSecKey, "ckn"),
    "proposals.refusal-atomic": (records.Proposal, "requested"),
    "tags.refusal-atomic": (records.Connection, "tags"),
    "virtual_interfaces.refusal-atomic": (records.VirtualInterface, "name"),
}
_PARTLY: Final = {
    "AssociateConnectionsToResiliencyGroup": "resiliency_groups.associate-atomic",
    "DisassociateConnectionsFromResiliencyGroup": "resiliency_groups.disassociate-atomic",
}


def spoil(call: Call, request: Json, perform: Callable[[Call, Json], Any]) -> None:
    """After a refusal (everything is undone already), do what the faults that are on ask for."""
    rules = call.rules
    for rule_id, (kind, name) in _SPOILED.items():
        concerned = rule_id in rules.faults and call.operation in load().rule(rule_id).operations
        if concerned or EVERYTHING in rules.faults:
            _change(call, kind, name)
    partly = _PARTLY.get(call.operation)
    if partly is not None and not rules.holds(partly):
        for one in request.get("connectionIdentifiers", ()):
            try:
                perform(call, {**request, "connectionIdentifiers": [one]})
            except ServiceError:
                continue


def _change(call: Call, kind: type[Record], name: str) -> None:
    for record in tuple(call.store.everything()):
        if isinstance(record, kind) and record.region in ("", call.region) and record.state not in records.GONE:
            before: Any = getattr(record, name)
            if name == "tags":
                after: Any = (*before, ("spoiled", ""))
            elif isinstance(before, tuple):
                after = (*before, "192.0.2.0/24")
            elif name == "billing_mode":
                after = "FlatRateTier5"
            else:
                after = before + 1 if isinstance(before, int) else f"{before}0"
            call.store.put(replace(record, **{name: after}))
