"""Generates `specs/model/` from the installed botocore, and compares the two.

botocore's service model states what Direct Connect accepts and answers. It is converted to JSON Schema (2020-12) in
wire form: timestamps are numbers (epoch seconds), blobs are base64 strings. Documentation text is left out.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import botocore
import botocore.loaders

Json = dict[str, Any]

SERVICE: Final = "directconnect"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SHAPES_FILE: Final = "shapes.json"
INDEX_FILE: Final = "index.json"
OPERATIONS_DIR: Final = "operations"

_INTEGERS: Final = {"integer": 31, "long": 63}


def generate() -> dict[str, Json]:
    """The content of `specs/model/`: a document for each relative path."""
    loader = botocore.loaders.Loader()
    model = loader.load_service_model(SERVICE, "service-2")
    pagination = loader.load_service_model(SERVICE, "paginators-1")["pagination"]
    shapes: Mapping[str, Json] = model["shapes"]
    documents: dict[str, Json] = {}
    checksums: dict[str, str] = {}
    shared: set[str] = set()
    for name, operation in sorted(model["operations"].items()):
        document = _operation_document(name, operation, pagination.get(name))
        reached = _reachable(shapes, _roots(operation))
        shared |= reached
        document["checksum"] = _checksum(document, {shape: _schema(shapes[shape]) for shape in sorted(reached)})
        checksums[name] = document["checksum"]
        documents[f"{OPERATIONS_DIR}/{name}.json"] = document
    documents[SHAPES_FILE] = {
        "$schema": DIALECT,
        "$defs": {name: _schema(shapes[name]) for name in sorted(shared)},
    }
    metadata = model["metadata"]
    documents[INDEX_FILE] = {
        "service": metadata["serviceId"],
        "apiVersion": metadata["apiVersion"],
        "signingName": metadata.get("signingName", metadata["endpointPrefix"]),
        "targetPrefix": metadata["targetPrefix"],
        "jsonVersion": metadata["jsonVersion"],
        "protocols": metadata.get("protocols", [metadata["protocol"]]),
        "botocore": botocore.__version__,
        "operations": checksums,
    }
    return documents


def _operation_document(name: str, operation: Json, pagination: Json | None) -> Json:
    document: Json = {
        "$schema": DIALECT,
        "operation": name,
        "request": _reference(operation.get("input")),
        "response": _reference(operation.get("output")),
        "errors": sorted(error["shape"] for error in operation.get("errors", [])),
        "deprecated": bool(operation.get("deprecated", False)),
    }
    if pagination is not None:
        document["pagination"] = dict(sorted(pagination.items()))
    return document


def _reference(target: Json | None) -> Json:
    if target is None:
        return {"type": "object"}
    return {"$ref": f"../{SHAPES_FILE}#/$defs/{target['shape']}"}


def _roots(operation: Json) -> list[str]:
    found = [operation[side]["shape"] for side in ("input", "output") if side in operation]
    return found + [error["shape"] for error in operation.get("errors", [])]


def _reachable(shapes: Mapping[str, Json], roots: list[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_members(shapes[name]))
    return seen


def _members(shape: Json) -> Iterator[str]:
    for member in shape.get("members", {}).values():
        yield member["shape"]
    if "member" in shape:
        yield shape["member"]["shape"]


def _schema(shape: Json) -> Json:
    """One botocore shape as JSON Schema in wire form.

    Raises:
        ValueError: the shape is of a type that awsJson 1.1 Direct Connect has never used.
    """
    kind = shape["type"]
    if kind == "structure":
        schema: Json = {
            "type": "object",
            "properties": {
                name: {"$ref": f"#/$defs/{member['shape']}"}
                | ({"deprecated": True} if member.get("deprecated") else {})
                for name, member in shape["members"].items()
            },
        }
        if shape.get("required"):
            schema["required"] = sorted(shape["required"])
        if shape.get("exception"):
            schema["x-error-status"] = shape.get("error", {}).get("httpStatusCode", 400)
    elif kind == "list":
        schema = {"type": "array", "items": {"$ref": f"#/$defs/{shape['member']['shape']}"}}
        _bounds(schema, shape, "minItems", "maxItems")
    elif kind == "string":
        schema = {"type": "string"}
        if "enum" in shape:
            schema["enum"] = list(shape["enum"])
        _bounds(schema, shape, "minLength", "maxLength")
        if "pattern" in shape:
            schema["pattern"] = shape["pattern"]
    elif kind in _INTEGERS:
        limit = 2 ** _INTEGERS[kind]
        schema = {"type": "integer", "minimum": -limit, "maximum": limit - 1}
        _bounds(schema, shape, "minimum", "maximum")
    elif kind in ("float", "double"):
        schema = {"type": "number"}
    elif kind == "boolean":
        schema = {"type": "boolean"}
    elif kind == "timestamp":
        schema = {"type": "number", "x-wire": "epoch-seconds"}
    elif kind == "blob":
        schema = {"type": "string", "contentEncoding": "base64"}
    else:
        raise ValueError(f"shape type {kind!r} has no wire form here; extend dxcontract/spec/botocore_sync.py")
    if shape.get("deprecated"):
        schema["deprecated"] = True
    return schema


def _bounds(schema: Json, shape: Json, lower: str, upper: str) -> None:
    if "min" in shape:
        schema[lower] = shape["min"]
    if "max" in shape:
        schema[upper] = shape["max"]


def _checksum(document: Json, reached: Mapping[str, Json]) -> str:
    text = json.dumps([document, reached], sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def write(folder: Path) -> list[str]:
    """Write `specs/model/` to `folder`; returns the names of the operations."""
    documents = generate()
    operations = folder / OPERATIONS_DIR
    operations.mkdir(parents=True, exist_ok=True)
    for stale in set(operations.glob("*.json")) - {folder / path for path in documents}:
        stale.unlink()
    for path, document in documents.items():
        (folder / path).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return list(documents[INDEX_FILE]["operations"])


@dataclass
class Drift:
    """The differences between the installed botocore and `specs/model/`."""

    operations_added: list[str] = field(default_factory=list)
    operations_removed: list[str] = field(default_factory=list)
    operations_changed: list[str] = field(default_factory=list)
    shapes_added: list[str] = field(default_factory=list)
    shapes_removed: list[str] = field(default_factory=list)
    shapes_changed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def lines(self) -> list[str]:
        """One line for each difference, as `operation added: Name`."""
        return [
            f"{what.removesuffix('s')} {how}: {name}"
            for key, names in vars(self).items()
            for what, how in [key.split("_")]
            for name in names
        ]


def drift(folder: Path) -> Drift:
    """Compare `specs/model/` in `folder` with the installed botocore.

    Raises:
        FileNotFoundError: `folder` holds no model; run `dxcontract sync`.
    """
    current = generate()
    stored_index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
    stored_shapes = json.loads((folder / SHAPES_FILE).read_text(encoding="utf-8"))["$defs"]
    operations = _differences(stored_index["operations"], current[INDEX_FILE]["operations"])
    shapes = _differences(stored_shapes, current[SHAPES_FILE]["$defs"])
    return Drift(*operations, *shapes)


def _differences(stored: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    added = sorted(set(current) - set(stored))
    removed = sorted(set(stored) - set(current))
    changed = sorted(name for name in set(stored) & set(current) if stored[name] != current[name])
    return added, removed, changed
