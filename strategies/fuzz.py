"""Requests that Schemathesis makes from the OpenAPI document, mixed with what the suite knows of the service.

Schemathesis knows the schemas, and breaks them; it does not know which connection exists. So some of its requests get
ids of resources that do, and some are valid requests with one member of Schemathesis's in place of their own: what
lies behind the first check of an id is reached that way.
"""

import functools
from typing import Any, Final, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dxcontract.client.request_limits import affordable
from dxcontract.client.resource_journal import PREFIX
from dxcontract.integrations import openapi
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Operation

Form = Literal["as made", "ids that exist"] | tuple[str]
"""How a drawn body is sent: as it is, with ids that exist, or one member of it in a valid request."""

FORMS: Final = 4
"""So many forms, about, a drawn body has."""


@functools.cache
def _operations(closed: bool) -> dict[str, Any]:
    """Schemathesis's own operations by name; `closed`: it adds no members that the model does not have, which is
    faster, and leaves more of those that it has.

    Headers are left out of the document: who signs and which operation is meant is the subject of other tests.
    """
    import schemathesis  # only here, as it takes half a second: most runs and every --collect-only do without

    from dxcontract.integrations import aws_json_media_type

    aws_json_media_type.register()
    document = openapi.document(specs.load())
    del document["security"], document["components"]["securitySchemes"]
    for entry in document["paths"].values():
        del entry["post"]["parameters"]
    if closed:
        for shape in document["components"]["schemas"].values():
            if "properties" in shape:
                shape["additionalProperties"] = False
    schema = schemathesis.openapi.from_dict(document)
    results: list[Any] = list(schema.get_all_operations())
    found = [result.ok() for result in results]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def drawn(operation: Operation) -> SearchStrategy[Any]:
    """Bodies for an operation that conform to the schema, and such that do not, by Schemathesis."""
    return _drawn(operation.name)


@functools.cache
def _drawn(operation: str) -> SearchStrategy[Any]:
    from schemathesis import GenerationMode

    return st.one_of(
        [
            _operations(closed)[operation].as_strategy(generation_mode=mode).map(lambda case: case.body)
            for closed in (True, False)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]
    )


def forms(operation: Operation, body: Any) -> list[Form]:
    """The forms in which a drawn body is sent: to make one takes longer than to send it several times."""
    if not isinstance(body, dict):
        return ["as made"]
    return ["as made", "ids that exist", *((name,) for name in operation.members if name in body)]


def mixed(operation: Operation, drawn_body: Any, form: Form, valid: Json | None, name: str) -> Any:
    """The body to send for a drawn one; `valid` is a valid request that names what exists, None where there is none.

    All names that the request gives begin with `name`, so that what it makes can be told from what others made.
    """
    body = drawn_body
    if isinstance(body, dict) and valid is not None:
        if form == "ids that exist":
            body = _with_ids(body, valid, [pointer.split("/")[1:] for pointer in operation.traits.takes])
        elif form != "as made":
            body = {**valid, form[0]: body[form[0]]}
    for pointer in _naming(operation.name):
        body = _named(body, pointer.split("/")[1:], name)
    return affordable(body)


@functools.cache
def _naming(operation: str) -> list[str]:
    """Where a request says how something is to be called."""
    return [pointer for pointer, entry in specs.load().values.get(operation, {}).items() if entry.get("name")]


def _named(tree: Any, steps: list[str], name: str) -> Any:
    """`tree` whose text at this place, if there is one, begins with `name`."""
    if not steps:
        return f"{name}-{tree}" if isinstance(tree, str) and not tree.startswith(f"{PREFIX}-") else tree
    step, rest = steps[0], steps[1:]
    return {**tree, step: _named(tree[step], rest, name)} if isinstance(tree, dict) and step in tree else tree


def names_existing(operation: Operation, body: Any, valid: Json | None) -> bool:
    """Whether a body names a resource that exists: one that the valid request names."""
    kinds = {pointer for pointer, kind in operation.traits.takes.items() if kind not in ("account", "location")}
    return any(one in at(valid, pointer) for pointer in kinds for one in at(body, pointer))


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
