"""Faults that only a sequence of operations shows: one request changes the resource of another."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from dxcontract.reference.core import records
from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.store import Record
from dxcontract.spec.model import Json

_READS: Final = ("Describe", "List", "Get")
_NAMES: Final = ("connectionName", "interconnectName", "lagName", "directConnectGatewayName")


def disturb(call: Call, request: Json) -> None:
    """After an accepted request, do what the faults that are on ask for."""
    holds = call.rules.holds
    if call.operation.startswith("Delete") and not holds("machines.stays"):
        _on_another(call, request, lambda one: replace(one, state="deleted", due=NEVER))
    if call.operation.startswith("Update") and not holds("machines.others-unaffected"):
        _on_another(call, request, _renamed)
    if call.operation.startswith(_READS) and not holds("machines.reads-change-nothing"):
        _on_another(call, {}, _renamed)


def leave_behind(call: Call, request: Json) -> None:
    """After a refused request, leave what it asked for, where the rule against that is switched off."""
    if call.rules.holds("machines.nothing-left"):
        return
    store = call.store
    for name in _NAMES:
        if isinstance(request.get(name), str):
            like = store.find(records.Connection, "owner", call.account, call.region)
            if like:
                made = replace(like[-1], id=store.new_id("dxcon"), serial=store.next_serial(), name=request[name])
                store.put(replace(made, lag_id=None, parent_id=None, kind="dedicated", state="available", due=NEVER))
            return


def uneven(connection: Json, memory: dict[str, Any]) -> None:
    """Describe every second connection in another way, where the rule against that is switched off."""
    number = memory.setdefault(f"number {connection['connectionId']}", len(memory))
    if number % 2:
        connection["macSecCapable"] = not connection["macSecCapable"]


def _renamed(record: Any) -> Any:
    return replace(record, name=f"{record.name}~"[-90:])


def _on_another(call: Call, request: Json, change: Callable[[Any], Record]) -> None:
    """Change the newest thing of the caller's that the request does not name."""
    named = {value for value in request.values() if isinstance(value, str)}
    mine = call.store.find(records.Connection, "owner", call.account, call.region)
    living = [one for one in mine if one.id not in named and one.state not in ("deleting", *records.GONE)]
    if living:
        call.store.put(change(living[-1]))
