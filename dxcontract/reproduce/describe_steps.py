"""Describes the steps of a finding in plain words, one line for each step."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dxcontract.reproduce import judge
from dxcontract.reproduce.plain_cbor import is_in_cbor
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import ANY_OPERATION

_PLACEHOLDER: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_LONGEST: Final = 300
_FRAMES: Final = {
    "age": "signed {value:+.0f} s from now",
    "token": "with a security token of no session",
    "authorization": "with a signature that was changed",
    "written": "put on the wire by hand",
    "line": "over a connection shared with others",
    "ends": "and then the end",
}


def words(steps: Sequence[Json]) -> list[str]:
    """One line for each step: the account, the request and the answer."""
    lines = []
    for number, step in enumerate(steps, 1):
        place = " in the other Region" if step.get("region") == "other" else ""
        before = f"at the same time ({step['together']}): " if "together" in step else ""
        operation = "a request that names no operation" if step["operation"] == ANY_OPERATION else step["operation"]
        asked = _told(step, steps[: number - 1])
        spoken = " over CBOR" if is_in_cbor(step) else ""
        lines.append(
            f"{before}{step['account']}: {operation}{place}{spoken}{asked}; answered {judge.said(step['answer'])}"
        )
    return lines


def _told(step: Json, earlier: Sequence[Json]) -> str:
    if "params" in step:
        parts = [f"{name}={_word(value, earlier)}" for name, value in step["params"].items()]
        return _short(f" ({', '.join(parts)})") if parts else ""
    request = step["request"]
    return f" with {_short(_body(request, earlier))}{''.join(f', {one}' for one in _oddities(request))}"


def _body(request: Json, earlier: Sequence[Json]) -> str:
    body = request["body"]
    if "text" in body:
        return f"the body {_plain(body['text'], earlier)}" if body["text"] else "an empty body"
    return f"{len(judge.unpacked(body))} bytes as its body"


def _oddities(request: Json) -> Iterator[str]:
    if request["method"] != "POST":
        yield f"as {request['method']}"
    if "signed" in request:
        yield "not signed" if request["signed"] == "none" else "signed in the query"
    for name, told in _FRAMES.items():
        if name in request:
            yield told.format(value=-request[name]) if name == "age" else told


def _word(value: Any, earlier: Sequence[Json]) -> str:
    if isinstance(value, str):
        return _plain(value, earlier)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}={_word(inner, earlier)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_word(inner, earlier) for inner in value) + "]"
    return json.dumps(value)


def _plain(text: str, earlier: Sequence[Json]) -> str:
    """A text with its placeholders in words: `${1/connectionId}` is the connectionId of step 1."""

    def word(found: "re.Match[str]") -> str:
        name = found[1]
        if name is None:
            return "${"
        step, slash, pointer = name.partition("/")
        if slash and step.isdecimal() and int(step) <= len(earlier):
            return f"<{pointer.replace('/', ' ')} of step {step}>"
        kind, _, rest = name.partition(":")
        if kind == "location":
            return rest
        return f"<{name.replace('-', ' ')}>"

    return _PLACEHOLDER.sub(word, text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
