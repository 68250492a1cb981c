"""Finds where a request violates the model: the violated rules, labelled as for `malformed`.

If no source states that a violation must be refused, the target is not blamed, and the whole body is not checked.
"""

import functools
import json
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation, resolve
from strategies import invalid_requests

_RULES: Final = {
    "required": invalid_requests.REQUIRED,
    "type": invalid_requests.TYPES,
    "enum": invalid_requests.ENUMS,
    "minLength": invalid_requests.LENGTHS,
    "maxLength": invalid_requests.LENGTHS,
    "minItems": invalid_requests.LENGTHS,
    "maxItems": invalid_requests.LENGTHS,
    "minimum": invalid_requests.LENGTHS,
    "maximum": invalid_requests.LENGTHS,
    "pattern": invalid_requests.PATTERNS,
}
JUDGED: Final = tuple(dict.fromkeys(_RULES.values()))


@dataclass(frozen=True)
class Departure:
    """One constraint of the model that a body violates, with its rule; `*` in the pointer is any item."""

    rule: str
    pointer: str
    what: str


def departures(operation: Operation, body: Any) -> list[Departure] | None:
    """The constraints of the model that `body` violates and that a target must detect.

    None if a violation has no documented result. A null counts as an absent member.
    """
    if not isinstance(body, dict):
        return None
    found: dict[tuple[str, str], Departure] = {}
    document = _without_nulls(body)
    for error in _validator(operation).iter_errors(document):
        path = list(error.instance_path)
        keyword = str(error.kind.name)
        value = functools.reduce(lambda inner, step: inner[step], path, document)
        node = _node(operation, path)
        rule = _RULES[keyword]
        if keyword == "required":
            missing = [name for name in node["required"] if name not in value]
            places = [_pointer([*path, name]) for name in missing]
        elif keyword == "enum" and not isinstance(value, str):
            continue  # its type is wrong, which is said already
        elif _is_open(operation, keyword, value, node, path):
            return None
        else:
            places = [_pointer(path)]
        for place in places:
            what = f"{place} breaks `{keyword}`" + ("" if keyword == "required" else f": {json.dumps(value)[:60]}")
            found.setdefault((rule, place), Departure(rule, place, what))
    return list(found.values())


def _is_open(operation: Operation, keyword: str, value: Any, node: Json, path: list[str | int]) -> bool:
    """Whether no source states that this must be refused."""
    if keyword == "type":
        return invalid_requests.convertible(value, str(node["type"])) or isinstance(value, float)
    if keyword in ("minimum", "maximum"):
        return node[keyword] in invalid_requests.TYPE_BOUNDS
    if keyword == "maxLength":
        return len(value) <= max(invalid_requests.DISPUTED_LENGTHS.values())
    return keyword == "minItems" and operation.traits.effect == "create"


@functools.lru_cache(maxsize=128)
def _validator_of(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(specs.load().operation(name).request)


def _validator(operation: Operation) -> Any:
    return _validator_of(operation.name)


def _node(operation: Operation, path: list[str | int]) -> Json:
    node = resolve(operation.request, operation.request)
    for step in path:
        node = resolve(node["items"] if isinstance(step, int) else node["properties"][step], operation.request)
    return node


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{'*' if isinstance(step, int) else step}" for step in path)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value
