"""Encodes and decodes CBOR (RFC 8949) with the standard library only, because scripts contain this file.

All other code uses cbor2. A finding stores JSON in wire form, so bodies are converted from and to it.
"""

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any

CBOR = {"Accept": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
_BREAK = object()
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


class _Pairs(list[tuple[str, Any]]):
    """An object's members in order, as often as they were written."""


def is_in_cbor(step: Mapping[str, Any]) -> bool:
    """Whether a step uses the CBOR protocol, with parameters or with a raw request."""
    return "cbor" in (step.get("protocol"), step.get("request", {}).get("protocol"))


def packed_cbor(text: bytes) -> bytes:
    """A JSON text as CBOR, including duplicate members; a text that is not JSON stays unchanged."""
    try:
        return _packed(json.loads(text, object_pairs_hook=_Pairs))
    except (ValueError, RecursionError):
        return text


def unpacked_cbor(body: bytes) -> bytes:
    """A CBOR map as a JSON text; bytes that are not a complete map stay unchanged."""
    if body[:1] < b"\xa0" or body[:1] >= b"\xc0":
        return body
    reader = _Reader(body)
    try:
        value = reader.item()
        return json.dumps(value).encode() if reader.place == len(body) else body
    except (ValueError, IndexError, TypeError, RecursionError, struct.error):
        return body


def _packed(value: Any) -> bytes:
    if isinstance(value, _Pairs):
        return _head(5, len(value)) + b"".join(_packed(name) + _packed(one) for name, one in value)
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(_packed, value))
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return _head(3, len(data)) + data
    if value is None or isinstance(value, bool):
        return b"\xf6" if value is None else b"\xf5" if value else b"\xf4"
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    size: int = value if value >= 0 else -1 - value
    if size < 2**64:
        return _head(0 if value >= 0 else 1, size)
    data = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return (b"\xc2" if value >= 0 else b"\xc3") + _head(2, len(data)) + data


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    code = next(code for code, width in _WIDTHS.items() if number < 256**width)
    return bytes([major << 5 | code]) + number.to_bytes(_WIDTHS[code], "big")


class _Reader:
    """Reads data items one after the other."""

    def __init__(self, body: bytes) -> None:
        self.body, self.place = body, 0

    def item(self) -> Any:
        """The next data item, in wire form: bytes in base64, a time as a number of seconds."""
        first = self._take(1)[0]
        major, more = first >> 5, first & 31
        if first == 0xFF:
            return _BREAK
        if major == 7:
            return struct.unpack(_FLOATS[more], self._take(_WIDTHS[more]))[0] if more in _FLOATS else _SIMPLE.get(more)
        number = None if more == 31 else more if more < 24 else int.from_bytes(self._take(_WIDTHS.get(more, 99)), "big")
        if major in (2, 3):
            return self._text(major, number)
        if major == 4:
            return list(self._items(number))
        if major == 5:
            pairs = list(self._items(None if number is None else 2 * number))
            return dict(zip(map(str, pairs[::2]), pairs[1::2]))  # noqa: B905 - scripts may be run by old Pythons
        if number is None:
            raise ValueError("no such data item")
        if major == 6:
            return self._tagged(number)
        return number if major == 0 else -1 - number

    def _tagged(self, tag: int) -> Any:
        value = self.item()
        if tag not in (2, 3):
            return value
        size = int.from_bytes(base64.b64decode(value), "big")
        return size if tag == 2 else -1 - size

    def _text(self, major: int, size: Any) -> str:
        pieces = [self._take(size)] if size is not None else []
        while size is None and (head := self._take(1)[0]) != 0xFF:
            more = head & 31
            pieces.append(self._take(more if more < 24 else int.from_bytes(self._take(_WIDTHS.get(more, 99)), "big")))
        data = b"".join(pieces)
        return data.decode() if major == 3 else base64.b64encode(data).decode()

    def _items(self, count: Any) -> Any:
        left = count
        while left is None or left > 0:
            one = self.item()
            if one is _BREAK:
                if left is not None:
                    raise ValueError("the end of what has no end")
                return
            left = None if left is None else left - 1
            yield one

    def _take(self, size: int) -> bytes:
        taken = self.body[self.place : self.place + size]
        if len(taken) < size:
            raise ValueError("the body ends too soon")
        self.place += size
        return taken
