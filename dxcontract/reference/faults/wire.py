"""Faults of shape and wire format: changes to the bytes, the headers and the JSON of any answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from dxcontract.reference.core.messages import Answer, encode
from dxcontract.spec.model import Json

# The operation whose answers carry the faults that would hide everything else if all answers had them.
VICTIM: Final = "DescribeCustomerMetadata"
_TIMES: Final = frozenset({"loaIssueTime", "startTime", "endTime", "routeInstalledAt"})

Wire = Callable[[str, Answer], Answer]


def _document(answer: Answer) -> Json:
    document: Json = json.loads(answer.body)
    return document


def _with(answer: Answer, document: Json) -> Answer:
    return replace(answer, body=encode(document))


def _victim(change: Callable[[Json], None]) -> Wire:
    """Change the JSON of a successful answer of the one operation that is chosen for it."""

    def wire(operation: str, answer: Answer) -> Answer:
        if operation != VICTIM or answer.status != 200:
            return answer
        document = _document(answer)
        change(document)
        return _with(answer, document)

    return wire


def _refusals(change: Callable[[Json], None]) -> Wire:
    def wire(operation: str, answer: Answer) -> Answer:
        if answer.status == 200:
            return answer
        document = _document(answer)
        change(document)
        return _with(answer, document)

    return wire


def _set(member: str, value: Any) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        document[member] = value

    return change


def _status(status: int, *, of_refusals: bool) -> Wire:
    def wire(operation: str, answer: Answer) -> Answer:
        concerned = answer.status == 400 if of_refusals else answer.status == 200 and operation == VICTIM
        return replace(answer, status=status) if concerned else answer

    return wire


def _content_type(operation: str, answer: Answer) -> Answer:
    return replace(answer, content_type="text/html")


def _one_request_id(operation: str, answer: Answer) -> Answer:
    return replace(answer, request_id="00000000-0000-0000-0000-000000000000")


def _odd_request_id(operation: str, answer: Answer) -> Answer:
    return replace(answer, request_id=answer.request_id.replace("-", "")[:20])


def _no_json(operation: str, answer: Answer) -> Answer:
    return replace(answer, body=answer.body + b"}") if operation == VICTIM else answer


def _server_error(operation: str, answer: Answer) -> Answer:
    if b"SerializationException" not in answer.body:
        return answer
    return _with(replace(answer, status=500), {"__type": "InternalFailure", "message": "oops"})


def _times_as_text(operation: str, answer: Answer) -> Answer:
    document = _document(answer)
    _rewrite_times(document)
    return _with(answer, document)


def _rewrite_times(value: Any) -> None:
    if isinstance(value, dict):
        for name, one in value.items():
            if name in _TIMES:
                value[name] = datetime.fromtimestamp(one, UTC).isoformat()
            else:
                _rewrite_times(one)
    elif isinstance(value, list):
        for one in value:
            _rewrite_times(one)


def _null(operation: str, answer: Answer) -> Answer:
    if operation != "DescribeConnections" or answer.status != 200:
        return answer
    document = _document(answer)
    for connection in document["connections"]:
        connection.setdefault("loaIssueTime", None)
    return _with(answer, document)


_LOSE_MESSAGE: Final = _refusals(lambda document: document.update({"message": ""}))
_WRONG_TYPE: Final = _victim(_set("nniPartnerType", 2))
_ENUM: Final = _victim(_set("nniPartnerType", "v9"))
_SURPLUS: Final = _victim(_set("surplus", "x"))
_ERROR_TYPE: Final = _refusals(_set("__type", "BadRequest"))
_UNPARSABLE: Final = _victim(_set("agreements", {"agreementName": "x"}))

TABLE: Final[dict[str, Wire]] = {
    "client.error-classes": _ERROR_TYPE,
    "wire.body-json": _no_json,
    "wire.boto3-parses": _UNPARSABLE,
    "wire.content-type": _content_type,
    "wire.enum-values": _ENUM,
    "wire.error-body": _LOSE_MESSAGE,
    "wire.error-status": _status(404, of_refusals=True),
    "wire.error-type": _ERROR_TYPE,
    "wire.no-null": _null,
    "wire.no-server-error": _server_error,
    "wire.request-id": _one_request_id,
    "wire.request-id-form": _odd_request_id,
    "wire.schema": _WRONG_TYPE,
    "wire.status": _status(201, of_refusals=False),
    "wire.timestamps": _times_as_text,
    "wire.unmodelled-member": _SURPLUS,
    "fault.content-type": _content_type,
    "fault.enum-value": _ENUM,
    "fault.error-type": _ERROR_TYPE,
    "fault.null-member": _null,
    "fault.request-id": _one_request_id,
    "fault.server-error": _server_error,
    "fault.timestamp-string": _times_as_text,
    "fault.wrong-type": _WRONG_TYPE,
}
