"""Requests that Schemathesis makes from the OpenAPI document, mixed with what the suite knows of the service.

Schemathesis knows the schemas, and breaks them; it does not know which connection exists. So some of its requests get
ids of resources that do, and some are valid requests with one member of Schemathesis's in place of their own: what
lies behind the first check of an id is reached that way.
"""

import functools
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dxcontract import openapi
from dxcontract import spec as specs
from dxcontract.checks import CONTENT_TYPE
from dxcontract.spec import Json, Operation

Mix = Literal["as made", "ids that exist", "valid but for one member"]
MIXES: Final[tuple[Mix, ...]] = ("as made", "ids that exist", "valid but for one member")

COSTLY: Final = frozenset({"numberOfConnections"})
MOST: Final = 8
"""Emulators make as many things as these members say."""


@dataclass(frozen=True)
class Drawn:
    """A request before it is known which resources there are: Schemathesis's body, how to mix it, and which of its
    members goes into the valid request (counted, since members differ from operation to operation)."""

    body: Any
    mix: Mix
    member: int


def _serialized(_: Any, value: Any) -> bytes:
    return json.dumps(value).encode()


def _deserialized(_: Any, response: Any) -> Any:
    return json.loads(response.content)


@functools.cache
def _operations() -> dict[str, Any]:
    """Schemathesis's own operations by name.

    Headers are left out of the document: who signs and which operation is meant is the subject of other tests.
    """
    import schemathesis  # only here, as it takes half a second: most runs and every --collect-only do without

    schemathesis.serializer(CONTENT_TYPE)(_serialized)
    schemathesis.deserializer(CONTENT_TYPE)(_deserialized)
    document = openapi.document(specs.load())
    del document["security"], document["components"]["securitySchemes"]
    for entry in document["paths"].values():
        del entry["post"]["parameters"]
    schema = schemathesis.openapi.from_dict(document)
    results: list[Any] = list(schema.get_all_operations())
    found = [result.ok() for result in results]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def drawn(operation: Operation) -> SearchStrategy[Drawn]:
    """Requests for an operation that conform to the schema, and such that do not."""
    from schemathesis import GenerationMode

    made = _operations()[operation.name]
    bodies = st.one_of(
        [
            made.as_strategy(generation_mode=mode).map(lambda case: case.body)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]
    )
    mixes: SearchStrategy[Mix] = st.sampled_from(MIXES)
    return st.builds(Drawn, bodies, mixes, st.integers(0, 11))


def mixed(operation: Operation, one: Drawn, valid: Json | None) -> Any:
    """The body to send; `valid` is a valid request that names what exists, None where that cannot be had."""
    body = one.body
    if isinstance(body, dict) and valid is not None:
        if one.mix == "ids that exist":
            body = _with_ids(body, valid, [pointer.split("/")[1:] for pointer in operation.traits.takes])
        elif one.mix == "valid but for one member":
            names = [name for name in operation.members if name in body]
            chosen = {names[one.member % len(names)]} if names else set()
            body = {**valid, **{name: body[name] for name in chosen}}
    return affordable(body)


def _with_ids(body: Any, valid: Any, places: list[list[str]]) -> Any:
    for steps in places:
        body = _put(body, valid, steps)
    return body


def _put(tree: Any, source: Any, steps: list[str]) -> Any:
    """`tree` with what `source` has at this place, if both have it; only the containers on the way are new."""
    if not steps:
        return source
    step, rest = steps[0], steps[1:]
    if step == "*" and isinstance(tree, list) and isinstance(source, list) and source:
        return [_put(item, source[0], rest) for item in tree]
    if isinstance(tree, dict) and isinstance(source, dict) and step in tree and step in source:
        return {**tree, step: _put(tree[step], source[step], rest)}
    return tree


def affordable(value: Any) -> Any:
    """`value`, asking for a few where it asks for many."""
    if isinstance(value, dict):
        return {name: _few(one) if name in COSTLY else affordable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [affordable(one) for one in value]
    return value


def _few(value: Any) -> Any:
    """`value`, less if it asks for many."""
    if isinstance(value, str):
        return "many" if any(map(str.isdigit, value)) else value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > MOST:
        return MOST if isinstance(value, int) else MOST + 0.5
    return value
