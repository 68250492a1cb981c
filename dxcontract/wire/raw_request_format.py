"""Stores details of a request that text would lose: bytes that are not plain JSON, the signature, the framing.

With these details, the request can be repeated with other credentials. Secret and time-dependent values are replaced
by placeholders (`${authorization}`, `${x-amz-date}`, `${host}`, `${target}`), which `reproduce.judge` fills in.
"""

import base64
import gzip
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from dxcontract.wire import cbor
from dxcontract.wire.messages import Request
from dxcontract.wire.raw_connection import written

SECRET_NAMES: Final = (b"authkey", b"cak", b"ckn", b"loacontent", b"customerrouterconfig")
LONGEST_BODY: Final = 4000
"""Longer ones are cut off where they are shown as text."""

INVENTED: Final = "dxcontract-"
"""So a token begins that is none."""

_SIGNED_WITH: Final = ("authorization", "x-amz-date", "x-amz-security-token", "host")
_LONGEST_TEXT: Final = 2048
_SHORTEST_SHARE: Final = 8


def of(request: Request, raw: bool) -> dict[str, Any]:
    """`{"odd": …}` as in `specs/schemas/finding.json`; nothing if the text of the request is complete."""
    odd: dict[str, Any] = {}
    if (raw and not _is_plain(request.body)) or len(request.body) > LONGEST_BODY:
        if any(name in request.body.lower() for name in SECRET_NAMES):
            odd["withheld"] = "its body is no plain JSON, or is long, and names a secret member"
        else:
            odd["body"] = packed(request.body)
    if request.signed.how != "header":
        odd["signed"] = request.signed.how
    if request.signed.age:
        odd["age"] = request.signed.age
    headers = {name.lower(): value for name, value in request.headers}
    if headers.get("x-amz-security-token", "").startswith(INVENTED):
        odd["token"] = headers["x-amz-security-token"]
    signature = request.signed.authorization
    if signature and headers.get("authorization", "") != signature:
        odd["authorization"] = _tampered(headers.get("authorization", ""), signature)
    if request.written is not None and not _is_as_usual(request):
        if any(isinstance(one, bytes) and any(name in one.lower() for name in SECRET_NAMES) for one in request.written):
            odd["withheld"] = "what was put on the wire names a secret member"
        else:
            odd["written"] = _written(request, headers)
    if request.line:
        odd["line"] = request.line
    if request.ends:
        odd["ends"] = True
    return {"odd": odd} if odd else {}


def packed(data: bytes) -> dict[str, str]:
    """Bytes as text, in base64, compressed if there are many; escapes `${` in a text."""
    if len(data) > _LONGEST_TEXT:
        return {"gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode("ascii")}
    try:
        return {"text": data.decode("utf-8").replace("${", "$${")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _is_plain(body: bytes) -> bool:
    """Whether a body is what a JSON library writes for the object that it reads as."""
    if body != cbor.as_json(body):
        return True  # CBOR is told as the JSON that says the same, and written as CBOR again
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    forms = itertools.product((None, (",", ":")), (True, False))
    return isinstance(value, dict) and any(
        json.dumps(value, separators=between, ensure_ascii=escaped).encode("utf-8", "surrogatepass") == body
        for between, escaped in forms
    )


def _is_as_usual(request: Request) -> bool:
    return request.written == (written(request),) and not request.line and not request.ends


def _tampered(header: str, signature: str) -> str:
    """A changed Authorization header, told by the one that the signer writes."""
    text = header.replace("${", "$${")
    credential, signed = _between(signature, "Credential=", ","), signature.rpartition("Signature=")[2]
    if credential:
        text = text.replace(credential, "${credential}")
    text = text.replace(signed, "${signature}")
    for length in range(len(signed) - 1, _SHORTEST_SHARE, -1):
        if signed[:length] in text:
            return text.replace(signed[:length], f"${{signature:{length}}}")
    return text


def _between(text: str, before: str, after: str) -> str:
    return text.partition(before)[2].partition(after)[0]


def _written(request: Request, headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was put on the wire, in pieces; pauses within what is replaced come after it."""
    assert request.written is not None
    place = urlsplit(request.url)
    asked = (place.path or "/") + (f"?{place.query}" if place.query else "")
    known = {name: headers.get(name, "") for name in _SIGNED_WITH if name != "host"}
    known["host"] = headers.get("host", place.netloc)
    pieces = list(_pieces(request.written, {value.encode(): f"${{{name}}}" for name, value in known.items() if value}))
    first = next((one for one in pieces if "text" in one), None)
    if first is not None and place.query and first["text"].startswith(f"{request.method} "):
        first["text"] = _with_target(first["text"], asked)
    return pieces


def _with_target(text: str, asked: str) -> str:
    """The first line with `${target}`, or with the beginning of it where its end was changed."""
    for cut in range(len(asked), _SHORTEST_SHARE, -1):
        if f" {asked[:cut]}" in text:
            name = "target" if cut == len(asked) else f"target:-{len(asked) - cut}"
            return text.replace(f" {asked[:cut]}", f" ${{{name}}}", 1)
    return text


def _pieces(written: tuple[bytes | float, ...], known: Mapping[bytes, str]) -> Iterator[dict[str, Any]]:
    whole = b"".join(one for one in written if isinstance(one, bytes))
    pauses: list[tuple[int, float]] = []
    offset = 0
    for one in written:
        if isinstance(one, bytes):
            offset += len(one)
        else:
            pauses.append((offset, one))
    spans = sorted((start, start + len(value), name) for value, name in known.items() for start in _found(whole, value))
    cuts = [
        (max([end for start, end, _ in spans if start < place < end], default=place), pause) for place, pause in pauses
    ]
    done = 0
    for place, pause in [*cuts, (len(whole), 0.0)]:
        if place > done:
            yield from _filled(whole, done, place, spans)
            done = place
        if pause:
            yield {"pause": pause}


def _found(whole: bytes, value: bytes) -> Iterator[int]:
    start = whole.find(value)
    while start >= 0:
        yield start
        start = whole.find(value, start + len(value))


def _filled(whole: bytes, begin: int, end: int, spans: list[tuple[int, int, str]]) -> Iterator[dict[str, Any]]:
    """One piece: text with placeholders, or several where part of it is no text."""
    text, place = "", begin
    for start, stop, name in spans:
        if start < place or stop > end:
            continue
        part = packed(whole[place:start])
        if "text" not in part:
            if text:
                yield {"text": text}
            yield part
            text = ""
        text += part.get("text", "") + name
        place = stop
    part = packed(whole[place:end])
    if "text" in part:
        text += part["text"]
    if text:
        yield {"text": text}
    if "text" not in part:
        yield part
