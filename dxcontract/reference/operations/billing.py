"""Billing modes of connections."""

from dataclasses import replace

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.records import Connection
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import connections, ports
from dxcontract.spec.model import Json


@operation("UpdateConnectionsBillingMode")
def update_connections_billing_mode(call: Call, request: Json) -> Json:
    """Change the billing mode of up to 200 connections, all or none."""
    rules, store, mode = call.rules, call.store, request["billingMode"]
    chosen = [ports.own_connection(call, one) for one in dict.fromkeys(request["connectionIds"])]
    changed = [replace(one, billing_mode=mode) for one in chosen]
    if rules.holds("billing.update-described"):
        for one in changed:
            store.put(one)
    if not rules.holds("billing.update-others"):
        for one in store.find(Connection, "owner", call.account, call.region):
            store.put(replace(one, billing_mode=mode))
    return {"billingMode": mode, "connections": [connections.view(call, one) for one in changed]}
