"""The contract's operations as an OpenAPI 3.1 document, for any tool that reads one.

The protocol has one path and names the operation in a header, where OpenAPI tells operations apart by path. So each
gets a path whose fragment names it; a fragment is never sent, and the header is a parameter with one allowed value.

Lengths and patterns are for what is sent: AWS itself answers `tags: []` where the model wants one tag at least (rule
`wire.schema`). So shapes of answers that have any, or hold such, stand there a second time, without them.
"""

import functools
import json
import re
from typing import Any, Final

import jsonschema_rs

import dxcontract
from dxcontract.spec.model import Json, Operation, Spec, resolve
from dxcontract.wire.aws_json import CONTENT_TYPE

VERSION: Final = "3.1.0"
_SHAPES: Final = "#/components/schemas/"
_ERROR: Final = "Error"
_REFERENCE: Final = re.compile(rf'"{re.escape(_SHAPES)}(\w+)"')
_ANSWERED: Final = "Answered"
_FOR_REQUESTS: Final = frozenset({"minLength", "maxLength", "minItems", "maxItems", "pattern", "x-pattern"})


def document(spec: Spec) -> Json:
    """All operations: what is sent, what is answered, which errors there are; nothing that the model does not say."""
    index = spec.index
    shapes = {name: _portable(_moved(shape)) for name, shape in spec.shapes.items()}
    looser = _bounded(shapes, spec)
    return {
        "openapi": VERSION,
        "info": {
            "title": f"AWS {index['service']}",
            "version": index["apiVersion"],
            "description": f"Written by dxcontract {dxcontract.__version__} from botocore {index['botocore']}. "
            "The fragment of a path tells operations apart and is not sent.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [
            {
                "url": f"https://{index['signingName']}.{{region}}.amazonaws.com",
                "variables": {"region": {"default": "us-east-1"}},
            }
        ],
        "security": [{"signature": []}],
        "paths": {path(spec, one): {"post": _operation(spec, one, looser)} for one in spec.operations.values()},
        "components": {
            "schemas": {**_schemas(spec, shapes, looser), _ERROR: _error()},
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": f"AWS Signature Version 4 for the service {index['signingName']}",
                }
            },
        },
    }


def path(spec: Spec, operation: Operation) -> str:
    """The path under which the document has an operation."""
    return f"/#X-Amz-Target={target(spec, operation)}"


def target(spec: Spec, operation: Operation) -> str:
    """The value of the header that names an operation."""
    return f"{spec.target_prefix}.{operation.name}"


def _operation(spec: Spec, operation: Operation, looser: frozenset[str]) -> Json:
    entry: Json = {
        "operationId": operation.name,
        "tags": [operation.traits.resource],
        "parameters": [
            {
                "name": "X-Amz-Target",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "enum": [target(spec, operation)]},
            }
        ],
        "requestBody": {"required": True, "content": {CONTENT_TYPE: {"schema": _shape(operation.request)}}},
        "responses": {
            "200": {
                "description": "The operation was performed.",
                "content": {CONTENT_TYPE: {"schema": _answered(_shape(operation.response), looser)}},
            },
            "4XX": _refusal(f"The request is at fault: {', '.join(operation.errors)}, or an error common to AWS."),
            "5XX": _refusal("The service is at fault."),
        },
    }
    return {**entry, "deprecated": True} if operation.deprecated else entry


def _refusal(description: str) -> Json:
    return {"description": description, "content": {CONTENT_TYPE: {"schema": {"$ref": f"{_SHAPES}{_ERROR}"}}}}


def _error() -> Json:
    return {
        "type": "object",
        "properties": {"__type": {"type": "string"}, "message": {"type": "string"}},
        "required": ["__type"],
    }


def _shape(schema: Json) -> Json:
    """An operation's schema as a reference into the document; whole where it is no shape of its own."""
    local = {key: value for key, value in schema.items() if key != "$defs"}
    return _moved(local if "$ref" in local else resolve(local, schema))


def _schemas(spec: Spec, shapes: Json, looser: frozenset[str]) -> Json:
    sent = _reached(shapes, [_shape(one.request) for one in spec.operations.values()])
    shown = _reached(shapes, [_shape(one.response) for one in spec.operations.values()])
    kept = {name: shape for name, shape in shapes.items() if name in sent or name not in looser}
    for name in sorted(looser & shown):
        shape, seen = _answered(shapes[name], looser), spec.observed_values.get(name)
        kept[f"{name}{_ANSWERED}"] = {**shape, "enum": [*shape["enum"], *seen]} if seen else shape
    return kept


def _reached(shapes: Json, schemas: list[Json]) -> set[str]:
    """The shapes that these schemas hold, and those hold."""
    found: set[str] = set()
    waiting = _REFERENCE.findall(json.dumps(schemas))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _REFERENCE.findall(json.dumps(shapes[name]))
    return found


def _bounded(shapes: Json, spec: Spec) -> frozenset[str]:
    """The shapes of which a request says more than an answer: they have lengths or patterns, or hold such."""
    own = {name for name, shape in shapes.items() if _FOR_REQUESTS & shape.keys()} | {*spec.observed_values}
    return frozenset(name for name, shape in shapes.items() if own & ({name} | _reached(shapes, [shape])))


def _answered(schema: Any, looser: frozenset[str]) -> Any:
    """A schema as it holds for answers."""
    if isinstance(schema, list):
        return [_answered(one, looser) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _answered(inner, looser) for name, inner in schema.items() if name not in _FOR_REQUESTS}
    reference = str(kept.get("$ref", ""))
    if reference.removeprefix(_SHAPES) in looser:
        kept["$ref"] = f"{reference}{_ANSWERED}"
    return kept


def _portable(shape: Json) -> Json:
    r"""`shape` with a pattern that every tool reads: Python's `re`, which many use, has no `\p{L}`.

    Such a pattern stays under `x-pattern`. The one in its place says the same of ASCII and allows the rest.
    """
    pattern = shape.get("pattern", "")
    if r"\p{" not in pattern:
        return shape
    return {**shape, "pattern": f"^[^{_excluded(pattern)}]*$", "x-pattern": pattern}


@functools.cache
def _excluded(pattern: str) -> str:
    """The ASCII characters that `pattern`, which repeats one class of characters, does not allow; for a class."""
    allows = jsonschema_rs.Draft202012Validator({"pattern": pattern}).is_valid
    return "".join(rf"\x{ord(one):02x}" for one in map(chr, range(128)) if not allows(one) and not re.match(r"\w", one))


def _moved(schema: Json) -> Json:
    moved: Any = json.loads(json.dumps(schema).replace('"#/$defs/', f'"{_SHAPES}'))
    assert isinstance(moved, dict)
    return moved
