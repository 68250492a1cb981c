"""Faults of request parsing: how a careless server reads bytes that no SDK sends, after the signature check."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Signed
from dxcontract.reference.core.rule_switches import Rules

_DEEP: Final = 32
_FORMS: Final = re.compile(rb":\s*-?[0-9]+[.eE]")

Reading = Callable[[Signed], Signed]


def _reread(**how: Any) -> Reading:
    """Read the JSON in another way, and go on with what that gives; what cannot be read stays as it is."""

    def read(request: Signed) -> Signed:
        try:
            return replace(request, body=json.dumps(json.loads(request.body, **how)).encode())
        except (ValueError, RecursionError):
            return request

    return read


def _dropped(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Members that are written twice, and not the same, are left out."""
    values: dict[str, list[Any]] = {}
    for name, value in members:
        values.setdefault(name, []).append(value)
    return {name: several[0] for name, several in values.items() if all(one == several[0] for one in several)}


def _uncapitalized(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: value for name, value in members}


def _lowest_bits(text: str) -> int:
    return int(text[-9:]) % 2**10


def _one(text: str) -> int:
    return 1


def _ascii(request: Signed) -> Signed:
    try:
        text = json.dumps(json.loads(request.body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return request
    return replace(request, body=text.encode("ascii", "ignore"))


def _without_escapes(request: Signed) -> Signed:
    return replace(request, body=request.body.replace(b"\\u", b"u"))


def _guessed(request: Signed) -> Signed:
    text = request.body.decode(json.detect_encoding(request.body), "replace")
    return replace(request, body=text.encode())


def _emptied(header: str) -> Reading:
    return lambda request: replace(request, body=b"{}") if header in request.headers else request


def _posted(request: Signed) -> Signed:
    return replace(request, method="POST") if request.method != "GET" else request


def _refusing_forms(request: Signed) -> Signed:
    if _FORMS.search(request.body):
        raise ServiceError("SerializationException", "A number must be written in digits.")
    return request


def _failing(where: Callable[[bytes], bool]) -> Reading:
    def read(request: Signed) -> Signed:
        if where(request.body):
            raise RecursionError("a fault was asked for")
        return request

    return read


_READINGS: Final[dict[str, Reading]] = {
    "wire.byte-order-mark": _failing(lambda body: body.startswith(b"\xef\xbb\xbf")),
    "wire.chunked-body": _emptied("transfer-encoding"),
    "wire.compressed-body": _emptied("content-encoding"),
    "wire.duplicate-members-differ": _reread(object_pairs_hook=_dropped),
    "wire.member-case": _reread(object_pairs_hook=_uncapitalized),
    "wire.nesting": _failing(lambda body: max(body.count(b"["), body.count(b"{")) > _DEEP),
    "wire.number-forms": _refusing_forms,
    "wire.number-range": _reread(parse_int=_lowest_bits, parse_float=_one),
    "wire.other-methods": _posted,
    "wire.string-forms": _without_escapes,
    "wire.strings-unchanged": _ascii,
    "wire.utf-8-only": _guessed,
}


def misread(rules: Rules, request: Signed) -> Signed:
    """The request as the faults that are on have it read.

    Raises:
        ServiceError: it is refused for its form.
    """
    for fault in rules.faults & _READINGS.keys():
        request = _READINGS[fault](request)
    return request
