"""Converts CBOR bodies, Smithy's second protocol, to and from the equivalent JSON.

All judging uses JSON in wire form (`specs/model`): a time is a number of seconds, a blob is base64. A CBOR body is
converted to this form. A request in JSON is converted to CBOR, including its irregularities if CBOR can express them.
"""

import base64
import io
import json
import math
import re
import sys
from datetime import datetime
from typing import Any, Final, Literal

import cbor2

BOTH: Final = "both"


Protocol = Literal["json", "cbor"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("json", "cbor")

CONTENT_TYPE: Final = "application/cbor"
HEADER: Final = ("smithy-protocol", "rpc-v2-cbor")
_MAPS: Final = range(0xA0, 0xC0)
"""The first bytes of a CBOR map; no text in UTF-8 begins like that."""

DEEPEST: Final = 100
"""Levels of an answer that is read; modelled ones have six."""

MOST_ITEMS: Final = 1_000_000
LARGEST_CBOR: Final = 4 * 1024 * 1024
"""Of an answer that is read: in memory, a value takes a hundred times the byte that it may be on the wire."""

_ODD: Final = re.compile(rb"\\ud|\xed|[\[:,\s]-?\d{17}|[\[:,\s]-?[\d.]+e[+]?\d{3}", re.IGNORECASE)
"""What answers in JSON hardly ever have: surrogates and numbers of many digits."""

_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_NAMES: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}


def path(prefix: str, operation: str) -> str:
    """The path of an operation below the endpoint."""
    return f"service/{prefix}/operation/{operation}"


def document(body: bytes) -> Any:
    """The content of a body: CBOR if it starts like a CBOR map, else JSON; None if it is neither."""
    try:
        return loads(body) if body[:1] and body[0] in _MAPS else json.loads(body)
    except (ValueError, OverflowError, RecursionError, cbor2.CBORError):
        return None


def answer(body: bytes) -> Any:
    """The content of an answer as plain values; None if it is neither CBOR nor JSON, or too deep or too large.

    Halves of surrogate pairs become escapes, numbers that no double holds a large one or their name (`Infinity`), as
    Smithy writes them in JSON.
    """
    plain = body[:1] != b"" and body[0] not in _MAPS
    if len(body) > LARGEST_CBOR and (not plain or sum(map(body.count, (b"[", b"{", b","))) > MOST_ITEMS):
        return None
    try:
        if not plain:
            return _tame(document(body), DEEPEST)
        value = json.loads(body, parse_constant=_no_json)
        return value if _is_flat(body) and not _ODD.search(body) else _tame(value, DEEPEST)
    except (ValueError, RecursionError):
        return None


def _is_flat(body: bytes) -> bool:
    """Whether JSON is surely not too deep: pairs of brackets vanish from the innermost on; texts may have some, too."""
    brackets = body.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def _no_json(name: str) -> None:
    """NaN and infinities are no JSON, though Python reads them."""
    raise ValueError(f"{name} is no JSON")


def _tame(value: Any, levels: int) -> Any:
    """`value` with texts that can be encoded and numbers that are finite.

    Raises:
        ValueError: it is deeper than that.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, (dict, list)):
        if not levels:
            raise ValueError("nested too deeply")
        if isinstance(value, dict):
            return {_tame(name, levels): _tame(inner, levels - 1) for name, inner in value.items()}
        return [_tame(inner, levels - 1) for inner in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NAMES.get(value, "NaN")
    if abs(value) < 2**64:
        return value
    largest = int(sys.float_info.max)
    return float(max(-largest, min(largest, value)))


def as_json(body: bytes) -> bytes:
    """A CBOR body as JSON; any other body unchanged."""
    if not body or body[0] not in _MAPS:
        return body
    try:
        return json.dumps(loads(body), separators=(",", ":")).encode()
    except (ValueError, OverflowError, RecursionError, cbor2.CBORError):
        return body


def loads(body: bytes) -> Any:
    """The value of one data item, in wire form.

    Raises:
        ValueError: it is no CBOR, or bytes follow.
    """
    return _wire(tagged(body))


def tagged(body: bytes) -> Any:
    """The value of one data item with its tags applied: a time is a datetime, not a number.

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
    """Convert JSON to CBOR, including duplicate members; a body that is not JSON stays unchanged."""
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
