"""AWS JSON 1.1: deserializes requests and serializes responses.

A body that is not JSON, or a value of the wrong type, is a SerializationException. A value that violates the model (a
missing member, an unknown enum value, a length, a pattern) is a DirectConnectClientException. Members that the model
does not define are ignored, and a null counts as an absent member.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import jsonschema_rs

from dxcontract.reference.core.errors import WITHOUT_MESSAGE, ServiceError, client_error
from dxcontract.reference.core.messages import encode
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.spec import model
from dxcontract.spec.model import Json
from dxcontract.wire.aws_json import CONTENT_TYPE

MAXIMUM_BODY: Final = 1024 * 1024
MAXIMUM_DEPTH: Final = 64


_RULES: Final = {
    "required": "requests.required-members",
    "type": "requests.member-types",
    "enum": "requests.enum-values",
    "pattern": "requests.patterns",
    "minLength": "requests.lengths",
    "maxLength": "requests.lengths",
    "minItems": "requests.lengths",
    "maxItems": "requests.lengths",
    "minimum": "requests.lengths",
    "maximum": "requests.lengths",
}
CHECKS: Final = frozenset(_RULES.values())


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _first_wins(members: list[tuple[str, Any]]) -> Json:
    return dict(reversed(members))


_DECODER: Final = json.JSONDecoder(parse_float=_number, parse_constant=_no_constant)
_FIRST_WINS: Final = json.JSONDecoder(parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_first_wins)


def target_operation(headers: Mapping[str, str]) -> str:
    """The operation that an X-Amz-Target header names (C.target).

    Raises:
        ServiceError: there is no such operation.
    """
    target = headers.get("x-amz-target")
    if not target:
        raise _unnamed("X-Amz-Target names no operation.", "wire.target-missing")
    prefix, _, name = target.rpartition(".")
    if name not in model.load().operations:
        raise _unnamed("X-Amz-Target names no operation of this service.", "wire.unknown-operation")
    if prefix != model.load().target_prefix:
        raise _unnamed("X-Amz-Target names another service.", "wire.target-prefix")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        # No source says which error this is.
        raise _unreadable(f"The content type must be {CONTENT_TYPE}.", "wire.wrong-content-type")
    return name


def _unnamed(message: str, rule_id: str) -> ServiceError:
    return ServiceError("UnknownOperationException", message, rules=(rule_id,))


def parse(body: bytes, operation: str, rules: Rules) -> Json:
    """The object that a request's body holds.

    Raises:
        ServiceError: it is no JSON object, is too deep, or is no UTF-8.
    """
    if not body:
        if model.load().operation(operation).required:
            raise _unreadable("The body is empty.", "wire.empty-body")
        return {}
    try:
        text = body.decode("utf-8")
        if _too_deep(body):
            raise _unreadable(f"The body is nested more than {MAXIMUM_DEPTH} levels deep.")
        document = (_DECODER if rules.holds("requests.duplicate-members") else _FIRST_WINS).decode(text)
        if b"\\ud" in body or b"\\uD" in body:
            encode(document)
    except UnicodeError:
        raise _unreadable("The body is not encoded in UTF-8.") from None
    except (ValueError, RecursionError, OverflowError):
        raise _unreadable("The body is no JSON.", "wire.malformed-json", *_trailing(body)) from None
    if not isinstance(document, dict):
        demanding = {list: ("wire.array-body",), type(None): ("wire.null-body",)}.get(type(document), ())
        raise _unreadable("The body must be a JSON object.", *demanding)
    absent = b"null" in body and rules.holds("requests.null-is-absent")
    return dict(_without_nulls(document) if absent else document)


def _trailing(body: bytes) -> tuple[str, ...]:
    """The rule that is broken where a JSON text is followed by something else."""
    try:
        _DECODER.raw_decode(body.decode("utf-8"))
    except (ValueError, RecursionError, OverflowError):
        return ()
    return ("wire.trailing-bytes",)


def _unreadable(message: str, *rule_ids: str) -> ServiceError:
    return ServiceError("SerializationException", message, rules=rule_ids)


def _too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAXIMUM_DEPTH:
        return False
    depth = 0
    quoted = escaped = False
    for byte in body:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            if depth > MAXIMUM_DEPTH:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value


@functools.cache
def _validator(operation: str) -> Any:
    return jsonschema_rs.validator_for(model.load().operation(operation).request)


def warm() -> None:
    """Compile the validators of all operations, so that no request has to wait for it."""
    for name in model.load().operations:
        _validator(name)


def validate(operation: str, request: Json, rules: Rules) -> None:
    """Check a request against the model.

    Raises:
        ServiceError: it does not conform.
    """
    validator = _validator(operation)
    if not rules.holds("requests.surplus-members") and request.keys() - set(model.load().operation(operation).members):
        raise client_error("The request has a member that the model has not.")
    if validator.is_valid(request):
        return
    errors = [one for one in validator.iter_errors(request) if _matters(one, rules)]
    for error in errors:
        if error.kind.name == "type":
            raise _unreadable(f"{_place(error.instance_path)} has the wrong JSON type.")
    for error in errors:
        raise client_error(f"{_place(error.instance_path)}: {error.message[:200]}")


def _matters(error: Any, rules: Rules) -> bool:
    if error.kind.name == "maximum" and error.instance_path[-1] == "asn":
        return rules.holds("virtual_interfaces.asn-maximum")
    return rules.holds(_RULES.get(error.kind.name, ""))


def _place(path: list[str | int]) -> str:
    return "/" + "/".join(str(part) for part in path)


def encode_error(error: ServiceError) -> bytes:
    """The body of an error response."""
    document = {"__type": error.code}
    if error.code not in WITHOUT_MESSAGE:
        document["message"] = error.message
    return encode(document)
