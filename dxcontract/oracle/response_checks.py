"""Checks that apply to every exchange. They judge the wire format, not what boto3 makes of it.

The rules are those of `specs/rules/wire.json`. `findings` returns passes and failures, so that a rule that was not
tested does not count as kept.
"""

import functools
import heapq
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import jsonschema_rs

from dxcontract.oracle import violation_identity
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation, Spec
from dxcontract.wire import cbor
from dxcontract.wire.aws_json import CONTENT_TYPE
from dxcontract.wire.exchange import ANY_OPERATION, Cut, Exchange, cut_off

TAG_ERRORS: Final = ("DuplicateTagKeysException", "TooManyTagsException")
"""Errors that fit every operation that takes tags, CreateDirectConnectGateway included, which does not model them."""

MOST_ERRORS: Final = 10_000
MOST_STRANGE: Final = 1000
LONGEST: Final = 500
"""Of one answer: errors, unmodelled members of an object, and characters of each that are looked at."""

_WORDS: Final = {
    list: "an array",
    dict: "an object",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}


@dataclass(frozen=True)
class Finding:
    """The outcome of one check on one exchange. `pointer` is the place in the body, with `*` for any array item.
    `symptom` distinguishes different mistakes at the same place.
    """

    rule: str
    ok: bool
    pointer: str = ""
    message: str = ""
    symptom: str = ""


def findings(spec: Spec, exchange: Exchange) -> list[Finding]:
    """All checks on one exchange; empty without an answer."""
    if exchange.response is None:
        return []
    operation = spec.operations.get(exchange.operation)
    found = [*_envelope(exchange)]
    if exchange.status >= 500 or exchange.operation == ANY_OPERATION:
        return found
    found += _form(exchange)
    if exchange.succeeded and isinstance(exchange.json, dict) and operation is not None:
        failed = body_findings(operation, exchange.json, exchange.cut)
        found += failed
        if exchange.protocol == "cbor":
            found += _times(operation, exchange)
        broken = {finding.rule for finding in failed}
        found += [Finding(rule, True) for rule in _BODY_RULES if rule not in broken]
        if not exchange.raw:
            parsed = exchange.client_error is None
            found.append(
                Finding("wire.boto3-parses", parsed, message=f"boto3 could not parse it: {exchange.client_error}")
            )
    elif exchange.status >= 400:
        found += _error(spec, operation, exchange)
    return found


_BODY_RULES: Final = (
    "wire.schema",
    "wire.enum-values",
    "wire.timestamps",
    "wire.no-null",
    "wire.unmodelled-member",
)


def _envelope(exchange: Exchange) -> Iterator[Finding]:
    status = exchange.status
    # An HTTP server says of a method or a version that it does not know: 501, 505 (RFC 9110, 15.6).
    fine = status < 500 or (exchange.operation == ANY_OPERATION and status in (501, 505))
    yield Finding("wire.no-server-error", fine, message=f"status {status}: the server failed on this request")
    known = status == 200 or 400 <= status < 600
    message = f"status {status}; an answer is 200 or an error of 4xx or 5xx"
    yield Finding("wire.status", known, message=message, symptom=violation_identity.symptom(exchange))


def _form(exchange: Exchange) -> Iterator[Finding]:
    assert exchange.response is not None
    headers = exchange.response.headers
    content_type = headers.get("content-type", "")
    due = cbor.CONTENT_TYPE if exchange.protocol == "cbor" else CONTENT_TYPE
    yield Finding(
        "wire.content-type",
        content_type.split(";")[0].strip().lower() == due,
        message=f"content type {exchange.cut(content_type, 80) or 'absent'}; it is {due}",
    )
    if exchange.protocol == "cbor":
        name, value = cbor.HEADER
        said = headers.get(name, "")
        message = f"{name} is {exchange.cut(said, 80) or 'absent'}; it is {value}"
        yield Finding("wire.smithy-protocol", said == value, message=message)
    request_id = headers.get("x-amzn-requestid", "")
    yield Finding("wire.request-id", bool(request_id), message="no x-amzn-requestid header")
    if request_id:
        yield Finding(
            "wire.request-id-form",
            _is_uuid(request_id),
            message=f"x-amzn-requestid {exchange.cut(repr(request_id), 80)} is no UUID",
        )
    yield Finding(
        "wire.body-json",
        isinstance(exchange.json, dict),
        message="the body is no JSON object"
        if exchange.json is not None
        else f"the body is no JSON: {exchange.cut(exchange.response.body.decode('utf-8', 'replace'), 60)!r}",
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _error(spec: Spec, operation: Operation | None, exchange: Exchange) -> Iterator[Finding]:
    kind = exchange.error_type
    message = exchange.error.get("message", exchange.error.get("Message"))
    needs_message = kind in ("DirectConnectClientException", "DirectConnectServerException")
    named = isinstance(exchange.error.get("__type"), str)
    yield Finding(
        "wire.error-body",
        named and (bool(message) and isinstance(message, str) if needs_message else isinstance(message, str | None)),
        message="the error's `message` is missing, empty or no string"
        if named
        else "the body names no error type in `__type`",
    )
    if kind is None:
        return
    modelled = operation.errors if operation is not None else ()
    of_tags = kind in TAG_ERRORS and operation is not None and "tags" in operation.members
    known = kind in modelled or kind in spec.common_errors or of_tags
    yield Finding(
        "wire.error-type",
        known,
        message=f"error {kind} is neither modelled for {exchange.operation}, nor common to AWS services",
        symptom=violation_identity.error(kind),
    )
    if known:
        allowed = spec.error_status.get(kind) or (spec.common_errors.get(kind, 400), 400, 403)
        yield Finding(
            "wire.error-status",
            exchange.status in allowed,
            message=f"{kind} came with status {exchange.status}; it has {' or '.join(map(str, sorted(set(allowed))))}",
            symptom=violation_identity.error(kind),
        )


def body_findings(operation: Operation, body: Json, cut: Cut = cut_off) -> list[Finding]:
    """The places where the body of a success differs from the response schema of the operation; failures only."""
    judge = _judge(operation)
    found: dict[tuple[str, str], Finding] = {}

    def add(rule: str, pointer: str, message: str) -> None:
        found.setdefault((rule, pointer), Finding(rule, False, pointer, message))

    clean = _without_oddities(body, judge.schema, "", add)
    for error in itertools.islice(judge.validator.iter_errors(clean), MOST_ERRORS):
        pointer = "".join(f"/{'*' if isinstance(step, int) else step}" for step in error.instance_path)
        value = functools.reduce(lambda inner, step: inner[step], error.instance_path, clean)
        node: Any = judge.schema
        for step in error.schema_path[:-1]:
            node = node[step]
        keyword = error.schema_path[-1]
        if keyword == "enum":
            if isinstance(value, str) and value not in judge.tolerated.get(pointer, ()):
                add("wire.enum-values", pointer, f"{cut(repr(value), 80)} is none of {', '.join(node['enum'])}")
        elif keyword == "type" and node.get("x-wire") == "epoch-seconds":
            add(
                "wire.timestamps",
                pointer,
                f"{cut(repr(value), 80)} is {_worded(value)}; a timestamp is a number of epoch seconds",
            )
        elif keyword == "type":
            add("wire.schema", pointer, f"{cut(repr(value), 80)} is {_worded(value)}; modelled as {node['type']}")
        else:
            add("wire.schema", pointer, cut(error.message, LONGEST))
    return list(found.values())


def _times(operation: Operation, exchange: Exchange) -> Iterator[Finding]:
    """Whether times in CBOR are tagged; nothing of a body without times, or one in JSON."""
    assert exchange.response is not None
    try:
        body = cbor.tagged(exchange.response.body)
    except ValueError:
        return
    places = set(_tags(body, _judge(operation).schema, ""))
    if places:
        bare = sorted(pointer for pointer, tagged in places if not tagged)
        yield Finding(
            "wire.cbor-timestamps",
            not bare,
            bare[0] if bare else "",
            "a time is a number without the tag 1 that makes it one",
        )


def _tags(value: Any, schema: Json, pointer: str) -> Iterator[tuple[str, bool]]:
    """Where times are, and whether they are tagged; what is no number is for `wire.timestamps`."""
    if isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            if name in value:
                yield from _tags(value[name], member, f"{pointer}/{name}")
    elif isinstance(value, list) and "items" in schema:
        for one in value:
            yield from _tags(one, schema["items"], f"{pointer}/*")
    elif schema.get("x-wire") == "epoch-seconds" and isinstance(value, (int, float, datetime)):
        yield pointer, isinstance(value, datetime)


def _worded(value: Any) -> str:
    return _WORDS.get(type(value), type(value).__name__)


_NOT_JUDGED: Final = frozenset({"$defs", "deprecated", "minLength", "maxLength", "minItems", "maxItems", "pattern"})


@dataclass(frozen=True)
class _Judge:
    schema: Json
    validator: jsonschema_rs.Draft202012Validator
    tolerated: dict[str, tuple[str, ...]]


@functools.cache
def _judges() -> dict[str, _Judge]:
    return {}


def _judge(operation: Operation) -> _Judge:
    judges = _judges()
    if operation.checksum not in judges:
        tolerated: dict[str, tuple[str, ...]] = {}
        schema = _inlined(operation.response, operation.response, "", tolerated, specs.load().observed_values)
        judges[operation.checksum] = _Judge(schema, jsonschema_rs.Draft202012Validator(schema), tolerated)
    return judges[operation.checksum]


def _inlined(schema: Json, root: Json, pointer: str, tolerated: dict[str, tuple[str, ...]], observed: Any) -> Json:
    """`schema` without `$ref`, so that an error's path leads to its node; notes where more values were seen on AWS.

    Lengths and patterns are left out: the model states them for what is sent, and AWS itself answers
    `tags: []` where the model wants one tag at least (github-issue: aws/aws-sdk-go#2717).
    """
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference in observed:
        tolerated[pointer] = observed[reference]
    node = {key: value for key, value in specs.resolve(schema, root).items() if key not in _NOT_JUDGED}
    if "properties" in node:
        node["properties"] = {
            name: _inlined(member, root, f"{pointer}/{name}", tolerated, observed)
            for name, member in node["properties"].items()
        }
    if "items" in node:
        node["items"] = _inlined(node["items"], root, f"{pointer}/*", tolerated, observed)
    return node


def _escaped(name: str) -> str:
    """A member's name as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _without_oddities(value: Any, schema: Json, pointer: str, add: Any) -> Any:
    """`value` less its nulls and unmodelled members, each of which is reported: the schema would blame them again."""
    if isinstance(value, dict) and "properties" in schema:
        kept = {}
        strange = value.keys() - schema["properties"].keys()
        for name in heapq.nsmallest(MOST_STRANGE, strange) if len(strange) > MOST_STRANGE else strange:
            add("wire.unmodelled-member", f"{pointer}/{_escaped(name)}", f"member `{name}` is not in the model")
        for name, inner in value.items():
            place = f"{pointer}/{_escaped(name)}"
            if name in strange:
                continue
            if inner is None:
                add("wire.no-null", place, f"member `{name}` is null; an absent member is left out")
            else:
                kept[name] = _without_oddities(inner, schema["properties"][name], place, add)
        return kept
    if isinstance(value, list) and "items" in schema:
        return [_without_oddities(inner, schema["items"], f"{pointer}/*", add) for inner in value]
    return value
