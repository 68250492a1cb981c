"""Answers as no Direct Connect gives them: whole ones made from the model, with odd values in random places."""

import json
import random
from collections.abc import Callable
from typing import Any, Final

from dxcontract.spec.model import Json, Operation, resolve

EVIL: Final = (
    "\x1b[31m\0\r\n::error::found\n##[error]x\n![x](http://evil.example/x.png) [l](http://evil.example) @octocat "
    "<img src=x onerror=alert(1)> ->'\"''' \"\"\" `a` | \u202e\u2028\ud800 ${1/connectionId} $(id) \\"
)
"""A text that is something else in a terminal, in a CI system, in Markdown, HTML, Python and a shell."""


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


ODD: Final[tuple[Callable[[], Any], ...]] = (
    lambda: None,
    lambda: True,
    lambda: -1,
    lambda: 1.8e18,
    lambda: 1e300,
    lambda: float("inf"),
    lambda: float("nan"),
    lambda: 10**400,
    lambda: "",
    lambda: "x" * 5_000,
    lambda: "\ud800",
    lambda: EVIL,
    list,
    dict,
    lambda: [None, 7, "a", {}],
    lambda: {"a": [None], "": {}},
    lambda: "a->b",
    lambda: nested(80),
    lambda: {f"odd{number}": number for number in range(100)},
)


def whole(operation: Operation) -> Json:
    """An answer with all members of the model."""
    answer = _value(operation.response, operation.response, "a", 6)
    assert isinstance(answer, dict)
    return answer


def _value(schema: Json, root: Json, name: str, levels: int) -> Any:
    node = resolve(schema, root)
    if "enum" in node:
        return node["enum"][0]
    kind = node.get("type")
    if kind == "object":
        members = node.get("properties", {}).items() if levels else ()
        return {name: _value(member, root, name, levels - 1) for name, member in members}
    if kind == "array":
        return [_value(node["items"], root, name, levels - 1) for _ in range(2)] if levels else []
    return {"integer": 1, "number": 1.7e9, "boolean": False}.get(str(kind), f"{name}-0123abcd")


def mutated(value: Any, draw: random.Random, share: float) -> Any:
    """`value` with odd values in a share of all its places."""
    if draw.random() < share:
        return draw.choice(ODD)()
    if isinstance(value, dict):
        return {name: mutated(inner, draw, share) for name, inner in value.items()}
    if isinstance(value, list):
        return [mutated(inner, draw, share) for inner in value]
    return value


def body(value: Any) -> bytes:
    return json.dumps(value).encode()
