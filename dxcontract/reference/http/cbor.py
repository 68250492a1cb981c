"""Smithy RPC v2 CBOR, the second protocol: the path names the operation, bodies are CBOR.

A request is converted to the equivalent JSON, and the answer back, so that operations are independent of the
protocol.
"""

import base64
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import cbor2

from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Answer, Signed
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.spec import model
from dxcontract.spec.model import Json, resolve

CONTENT_TYPE: Final = "application/cbor"
PROTOCOL: Final = "rpc-v2-cbor"
_PATH: Final = re.compile(r"/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")


def speaks(request: Signed) -> bool:
    """Whether a request is one in this protocol."""
    return request.headers.get("smithy-protocol", "").lower() == PROTOCOL


def named(request: Signed) -> str:
    """The name at the end of the path, for the log and the faults; empty where there is none."""
    found = _PATH.fullmatch(request.path)
    return found["operation"] if found else ""


def operation(request: Signed) -> str:
    """The operation that a request names.

    Raises:
        ServiceError: there is no such operation, or the content type is another one.
    """
    found = _PATH.fullmatch(request.path)
    if found is None or found["operation"] not in model.load().operations:
        raise ServiceError(
            "UnknownOperationException", "The path names no operation.", rules=("wire.unknown-operation",)
        )
    if found["service"] != model.load().target_prefix:
        raise ServiceError(
            "UnknownOperationException", "The path names another service.", rules=("wire.target-prefix",)
        )
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in ("", CONTENT_TYPE):
        raise ServiceError("SerializationException", f"The content type must be {CONTENT_TYPE}.")
    return found["operation"]


def as_json(body: bytes, *, duplicates: bool) -> bytes:
    """The same body in JSON; `duplicates`: a member that is written twice does not make it unreadable.

    Raises:
        ServiceError: it is no CBOR.
    """
    if not body:
        return b""
    stream = io.BytesIO(body)
    try:
        decoder = cbor2.CBORDecoder(stream, allow_duplicate_keys=duplicates)
        text = json.dumps(decoder.decode(), allow_nan=False)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError) as error:
        raise _unreadable("The body is no CBOR.", "wire.malformed-json") from error
    if stream.tell() != len(body):
        raise _unreadable("Bytes follow the body.", "wire.malformed-json", "wire.trailing-bytes")
    return text.encode()


def _unreadable(message: str, *rules: str) -> ServiceError:
    return ServiceError("SerializationException", message, rules=rules)


def answer(name: str, plain: Answer, rules: Rules) -> Answer:
    """An answer in JSON, in CBOR; what is no JSON, because a fault has spoilt it, stays as it is."""
    said = PROTOCOL if rules.holds("wire.smithy-protocol") else ""
    try:
        document = json.loads(plain.body)
    except ValueError:
        return replace(plain, content_type=CONTENT_TYPE, protocol=said)
    known = model.load().operations.get(name)
    if plain.status == 200 and known is not None:
        document = _typed(document, known.response, known.response)
        if not rules.holds("wire.cbor-timestamps"):
            document = _untagged(document)
    if not rules.holds("wire.protocols-agree"):
        document = _without_owners(document)
    body = cbor2.dumps(document, datetime_as_timestamp=True)
    kind = CONTENT_TYPE if plain.content_type.startswith("application/x-amz-json") else plain.content_type
    return replace(plain, body=body, content_type=kind, protocol=said)


def _typed(value: Any, schema: Json, root: Json) -> Any:
    """`value` with times and bytes where the model has them, which JSON can only write as numbers and texts."""
    node = resolve(schema, root)
    if isinstance(value, dict):
        members = node.get("properties", {})
        return {name: _typed(one, members[name], root) if name in members else one for name, one in value.items()}
    if isinstance(value, list) and "items" in node:
        return [_typed(one, node["items"], root) for one in value]
    if node.get("x-wire") == "epoch-seconds" and isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    if node.get("contentEncoding") == "base64" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def _untagged(value: Any) -> Any:
    """A fault: times that are numbers like any others."""
    if isinstance(value, dict):
        return {name: _untagged(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_untagged(one) for one in value]
    return value.timestamp() if isinstance(value, datetime) else value


def _without_owners(value: Any) -> Any:
    """A fault: another view of the same things than the other protocol gives."""
    if isinstance(value, dict):
        return {name: _without_owners(one) for name, one in value.items() if name != "ownerAccount"}
    return [_without_owners(one) for one in value] if isinstance(value, list) else value
