"""MACsec keys of connections, interconnects and LAGs."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from dxcontract.reference.core import ids
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error
from dxcontract.reference.core.records import Connection, Lag, MacSecKey
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import ports
from dxcontract.spec.model import Json

MODES: Final = frozenset({"no_encrypt", "should_encrypt", "must_encrypt"})
# A-E in the text of the model is a slip: Terraform, which runs against AWS, takes all hexadecimal digits.
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]*")
_UP_TO_E: Final = re.compile(r"[0-9A-Ea-e]*")


def members(call: Call, port: Connection | Lag) -> Json:
    """The members of a connection, an interconnect or a LAG that are about MACsec."""
    if not port.request_macsec:
        # So AWS shows connections without MACsec (hashicorp/terraform-provider-aws#29789, #37907).
        return {"encryptionMode": "unknown"} if isinstance(port, Connection) and port.kind != "interconnect" else {}
    answer: Json = {"encryptionMode": port.encryption_mode}
    keys = call.store.find(MacSecKey, "connection", port.id)
    if isinstance(port, Connection):
        up = any(key.state == "associated" for key in keys) and port.state == "available"
        answer["portEncryptionStatus"] = "Encryption Up" if up else "Encryption Down"
    answer["macSecKeys"] = [view(key) for key in keys]
    return answer


def view(key: MacSecKey) -> Json:
    """A key as answered."""
    return {"secretARN": key.secret_arn, "ckn": key.ckn, "state": key.state, "startOn": key.start_on}


def check_mode(call: Call, mode: str, port: Connection | Lag, known_rule: str) -> None:
    """Raises ServiceError when an encryption mode does not exist, or the port cannot encrypt."""
    call.rules.refuse_unless(known_rule, mode in MODES, f"encryptionMode must be one of {', '.join(sorted(MODES))}.")
    if mode in MODES - {"no_encrypt"} and not port.request_macsec:
        raise client_error(f"MACsec was not requested for {port.id}.")


@operation("AssociateMacSecKey")
def associate_macsec_key(call: Call, request: Json) -> Json:
    """Give a port a key: by the ARN of its secret, or by CKN and CAK."""
    port, rules, store = ports.own(call, request["connectionId"]), call.rules, call.store
    secret, ckn, cak = (request.get(name) for name in ("secretARN", "ckn", "cak"))
    some = ckn is not None or cak is not None
    rules.refuse_unless("macsec.key-choice", secret is not None or some, "Give secretARN, or ckn and cak.")
    rules.refuse_unless("macsec.key-choice", secret is None or not some, "Give secretARN, or ckn and cak, not both.")
    rules.refuse_unless(
        "macsec.key-choice", secret is not None or (ckn is None) == (cak is None), "Give both ckn and cak."
    )
    digits = _HEXADECIMAL if rules.holds("macsec.key-hexadecimal") else _UP_TO_E
    for value in (ckn, cak):
        if value is not None:
            rules.refuse_unless("macsec.key-form", len(value) == 64, "ckn and cak must have 64 characters each.")
            rules.refuse_unless(
                "macsec.key-form", digits.fullmatch(value) is not None, "ckn and cak must be hexadecimal."
            )
    if isinstance(port, Lag) and not rules.holds("macsec.on-lag"):
        raise client_error(f"{port.id} is a LAG.")
    hosted = isinstance(port, Connection) and port.kind == "hosted"
    rules.refuse_unless("hosted_connections.no-macsec", not hosted, f"{port.id} is a hosted connection.")
    rules.refuse_unless(
        "macsec.capable-only", hosted or port.request_macsec, f"MACsec was not requested for {port.id}."
    )
    if ckn is None:
        ckn = hashlib.sha256(str(secret or cak).encode()).hexdigest()
    keys = store.find(MacSecKey, "connection", port.id)
    if any(key.ckn.lower() == ckn.lower() and key.state != "disassociating" for key in keys):
        raise client_error(f"{port.id} has this key already.")
    if not rules.holds("macsec.keys-accumulate"):
        for key in keys:
            store.remove(key)
    key = MacSecKey(
        id=store.new_uuid(),
        serial=store.next_serial(),
        owner=call.account,
        region=call.region,
        state="associating",
        due=call.clock.next_step(),
        connection_id=port.id,
        secret_arn=secret or _secret_arn(call, port.id, ckn),
        ckn=ckn,
        start_on=datetime.fromtimestamp(call.clock.now(), UTC).isoformat(timespec="seconds"),
    )
    if rules.holds("macsec.described"):
        store.put(key)
    keys = store.find(MacSecKey, "connection", port.id)
    return {"connectionId": port.id, "macSecKeys": [view(one) for one in keys if one.id != key.id] + [view(key)]}


def _secret_arn(call: Call, port_id: str, ckn: str) -> str:
    # Direct Connect keeps a pair as a secret of its own; Secrets Manager ends names with six characters.
    suffix = hashlib.sha256(f"{port_id}{ckn}".encode()).hexdigest()[:6]
    return (
        f"arn:{ids.partition(call.region)}:secretsmanager:{call.region}:{call.account}:"
        f"secret:directconnect!prod/{call.region}/directconnect/{ckn.lower()}-{suffix}"
    )


@operation("DisassociateMacSecKey")
def disassociate_macsec_key(call: Call, request: Json) -> Json:
    """Take a key from a port; the answer lists the keys that are being taken."""
    port, rules = ports.own(call, request["connectionId"]), call.rules
    keys = [one for one in call.store.find(MacSecKey, "connection", port.id) if one.state != "disassociating"]
    named = [one for one in keys if one.secret_arn == request["secretARN"]]
    rules.refuse_unless("macsec.disassociate-unknown", bool(named), f"{port.id} has no MACsec key with this secretARN.")
    if not rules.holds("macsec.disassociate-keeps"):
        named = keys
    taken = [replace(one, state="disassociating", due=call.clock.next_step()) for one in named]
    if rules.holds("macsec.disassociate-removes"):
        for one in taken:
            call.store.put(one)
    return {"connectionId": port.id, "macSecKeys": [view(one) for one in taken]}
