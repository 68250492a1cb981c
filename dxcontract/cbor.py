"""Bodies in CBOR, as Smithy's second protocol has them: to and from the JSON that says the same.

Everything that is judged is JSON in wire form (`specs/model`): a time is a number of seconds, a blob is base64. So a
body in CBOR is turned into that, and a request that was written as JSON is turned into CBOR, with all its oddities
that CBOR can express.
"""

import base64
import io
import json
from datetime import datetime
from typing import Any, Final, Literal

import cbor2

Protocol = Literal["json", "cbor"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("json", "cbor")

CONTENT_TYPE: Final = "application/cbor"
HEADER: Final = ("smithy-protocol", "rpc-v2-cbor")
_MAPS: Final = range(0xA0, 0xC0)
"""The first bytes of a CBOR map; no text in UTF-8 begins like that."""


def path(prefix: str, operation: str) -> str:
    """Where an operation is asked for, below the endpoint."""
    return f"service/{prefix}/operation/{operation}"


def document(body: bytes) -> Any:
    """What a body says, in CBOR if it begins like a map of it, else in JSON; None when it is neither."""
    try:
        return loads(body) if body[:1] and body[0] in _MAPS else json.loads(body)
    except (ValueError, RecursionError, cbor2.CBORError):
        return None


def as_json(body: bytes) -> bytes:
    """A body in CBOR as JSON; any other one as it is."""
    if not body or body[0] not in _MAPS:
        return body
    try:
        return json.dumps(loads(body), separators=(",", ":")).encode()
    except (ValueError, RecursionError, cbor2.CBORError):
        return body


def loads(body: bytes) -> Any:
    """The value of one data item, in wire form.

    Raises:
        ValueError: it is no CBOR, or bytes follow.
    """
    return _wire(tagged(body))


def tagged(body: bytes) -> Any:
    """The value of one data item as its tags have it: a time is a datetime, and no number.

    Raises:
        ValueError: it is no CBOR, or bytes follow.
    """
    stream = io.BytesIO(body)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except cbor2.CBORError as error:
        raise ValueError(str(error)) from error
    if stream.tell() != len(body):
        raise ValueError("bytes follow the data item")
    return value


def _wire(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _wire(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_wire(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.timestamp()
    if value is cbor2.undefined:
        return None
    return value


def from_json(text: bytes) -> bytes:
    """The same in CBOR, members written twice included; what is no JSON stays as it is."""
    try:
        value = json.loads(text, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return text
    return dumps(value)


def dumps(value: Any) -> bytes:
    """A JSON value in CBOR."""
    if isinstance(value, _Members):
        return _head(0xA0, len(value)) + b"".join(dumps(name) + dumps(one) for name, one in value)
    if isinstance(value, dict):
        return dumps(_Members(value.items()))
    if isinstance(value, list):
        return _head(0x80, len(value)) + b"".join(map(dumps, value))
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return _head(0x60, len(data)) + data
    return cbor2.dumps(value)


class _Members(list[tuple[str, Any]]):
    """An object's members in order, as often as they were written."""


def _head(major: int, length: int) -> bytes:
    """The first bytes of a data item: what it is, and how long."""
    if length < 24:
        return bytes([major | length])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if length < 256**size:
            return bytes([major | code]) + length.to_bytes(size)
    raise ValueError("longer than CBOR can say")
