"""What AWS published as outputs of its API must be accepted, and spoilt copies of it refused under the right rule.

The examples come with the PyPI package awscli (a development dependency, Apache-2.0); they are read where they are
installed, none is copied here. They were written by AWS, so they test the checks, not the other way round.
"""

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from dxcontract.oracle.response_checks import body_findings
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation, resolve

SPEC = specs.load()

NO_OUTPUT = {
    "describe-connection-loa.rst": "decodes the letter with a pipe and shows no output",
    "describe-interconnect-loa.rst": "decodes the letter with a pipe and shows no output",
    "describe-loa.rst": "decodes the letter with a pipe and shows no output",
}
"""Files that publish no output, and why."""

BLEMISHES = {
    # The model wants one tag at least, in answers too, as the same shape serves requests. AWS answers empty lists.
    "update-virtual-interface-attributes.rst": {("minItems", "/tags")},
}
"""Where a published output does not satisfy the model's response schema: keyword and pointer. Checks accept all."""

WRONG = {
    "string": "text",
    "number": 7,
    "boolean": True,
    "array": ["text"],
    "object": {"name": "text"},
}


@dataclass(frozen=True)
class Example:
    """One published output: the body as on the wire."""

    file: str
    place: int
    operation: Operation
    body: Json

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.rst')}-{self.place}"


@dataclass(frozen=True)
class Corruption:
    """A spoilt copy of a body, and the one finding that it must cause."""

    rule: str
    pointer: str
    what: str
    body: Json


def _folder() -> Path:
    found = importlib.util.find_spec("awscli")
    assert found is not None, "awscli is not installed; it is in the extra `dev`"
    assert found.origin is not None
    return Path(found.origin).parent / "examples" / "directconnect"


def _outputs(text: str) -> Iterator[Json]:
    """The JSON objects that begin on a line of their own; `{}` where it says that a success returns nothing.

    The CLI prints nothing for an empty answer, whose body is `{}` in awsJson 1.1.
    """
    end = 0
    for start in re.finditer(r"^[ \t]*(?=\{[ \t]*$)", text, re.MULTILINE):
        if start.end() >= end:
            body, end = json.JSONDecoder().raw_decode(text, start.end())
            yield body
    if "no output is returned" in text:
        yield {}


def _examples() -> list[Example]:
    operations = {name.lower(): operation for name, operation in SPEC.operations.items()}
    return [
        Example(path.name, place, operations[path.stem.replace("-", "")], body)
        for path in sorted(_folder().glob("*.rst"))
        for place, body in enumerate(_outputs(path.read_text(encoding="utf-8")))
    ]


EXAMPLES = _examples()
EVERY = pytest.mark.parametrize("example", EXAMPLES, ids=str)


def test_the_examples_are_there() -> None:
    assert len(EXAMPLES) >= 50
    assert sum(bool(example.body) for example in EXAMPLES) >= 48
    files = {path.name for path in _folder().glob("*.rst")}
    assert files - {example.file for example in EXAMPLES} == set(NO_OUTPUT)
    assert len({example.operation.name for example in EXAMPLES}) >= 49


@EVERY
def test_the_response_schema_accepts_it(example: Example) -> None:
    validator = jsonschema_rs.Draft202012Validator(example.operation.response)
    broken = {
        (str(error.schema_path[-1]), _pointer(error.instance_path)) for error in validator.iter_errors(example.body)
    }
    assert broken == BLEMISHES.get(example.file, set())


@EVERY
def test_the_checks_accept_it(example: Example) -> None:
    assert body_findings(example.operation, example.body) == []


@EVERY
def test_the_checks_refuse_every_spoilt_copy_under_its_rule(example: Example) -> None:
    spoilt = list(_corruptions(example))
    assert spoilt, "not even a surplus member"
    for corruption in spoilt:
        found = body_findings(example.operation, corruption.body)
        named = {(finding.rule, finding.pointer) for finding in found}
        assert (corruption.rule, corruption.pointer) in named, f"{corruption.what}: {found}"
        if corruption.what.endswith("null required member"):
            # A null counts as absent, so that the structure around it may be blamed as well.
            named.discard(("wire.schema", corruption.pointer.rpartition("/")[0]))
        assert len(named) == 1, f"{corruption.what}: {found}"
        assert all(finding.message and not finding.ok for finding in found)


def test_each_kind_of_corruption_was_tried_often() -> None:
    rules = [corruption.rule for example in EXAMPLES for corruption in _corruptions(example)]
    least = {
        "wire.schema": 2000,
        "wire.no-null": 400,
        "wire.enum-values": 50,
        "wire.timestamps": 20,
        "wire.unmodelled-member": 50,
    }
    assert set(rules) == set(least)
    for rule, times in least.items():
        assert rules.count(rule) >= times


def test_two_oddities_are_two_findings() -> None:
    example = next(one for one in EXAMPLES if one.file == "describe-connections.rst")
    body = {
        "connections": [
            {**example.body["connections"][0], "connectionState": "asleep"},
            {**example.body["connections"][0], "connectionState": "awake", "vlan": "101"},
        ]
    }
    found = [(finding.rule, finding.pointer) for finding in body_findings(example.operation, body)]
    assert sorted(found) == [
        ("wire.enum-values", "/connections/*/connectionState"),
        ("wire.schema", "/connections/*/vlan"),
    ]


def _corruptions(example: Example) -> Iterator[Corruption]:
    schema = example.operation.response
    for path, node, value in _places(schema, schema, example.body, ()):
        if path:
            yield from _spoilt(example.body, path, node)
            yield _null(example, path)
        if node["type"] == "object":
            surplus = (*path, "surplusMember")
            yield _corruption("wire.unmodelled-member", example.body, surplus, "member that nobody modelled", "text")
            for name, member in node.get("properties", {}).items():
                inner = resolve(member, schema)
                if "x-wire" in inner and name not in value:
                    for wrong in ("2017-04-07T12:42:44Z", "1491568964.0"):
                        here = (*path, name)
                        yield _corruption("wire.timestamps", example.body, here, f"timestamp {wrong!r}", wrong)


def _places(schema: Json, root: Json, value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, Json, Any]]:
    """Path, schema and value of everything in a body, the body itself included."""
    node = resolve(schema, root)
    yield path, node, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(node["properties"][name], root, inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(node["items"], root, inner, (*path, index))


def _spoilt(body: Json, path: tuple[str | int, ...], node: Json) -> Iterator[Corruption]:
    kind = node["type"]
    form = "wire.timestamps" if "x-wire" in node else "wire.schema"
    for wrong in WRONG:
        if wrong != kind and not (wrong == "number" and kind == "integer"):
            yield _corruption(form, body, path, f"{wrong} for {kind}", WRONG[wrong])
    if "enum" in node:
        yield _corruption("wire.enum-values", body, path, "no value of its enum", "asleep")
        yield _corruption("wire.enum-values", body, path, "in the wrong case", node["enum"][0].swapcase())
    if kind == "integer":
        yield _corruption("wire.schema", body, path, "fraction", 1.5)
        yield _corruption("wire.schema", body, path, "beyond its maximum", node["maximum"] + 1)


def _null(example: Example, path: tuple[str | int, ...]) -> Corruption:
    if isinstance(path[-1], int):
        return _corruption("wire.schema", example.body, path, "null item", None)
    root = example.operation.response
    around = resolve(root, root)
    for step in path[:-1]:
        around = resolve(around["items"] if isinstance(step, int) else around["properties"][step], root)
    kind = "required" if path[-1] in around.get("required", ()) else "optional"
    return _corruption("wire.no-null", example.body, path, f"null {kind} member", None)


def _corruption(rule: str, body: Json, path: tuple[str | int, ...], what: str, value: Any) -> Corruption:
    pointer = _pointer(path)
    return Corruption(rule, pointer, f"{pointer}: {what}", _with(body, path, value))


def _pointer(path: Any) -> str:
    return "".join(f"/{'*' if isinstance(step, int) else step}" for step in path)


def _with(tree: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(tree, list):
        return [_with(item, path[1:], value) if index == path[0] else item for index, item in enumerate(tree)]
    return {**tree, path[0]: _with(tree.get(path[0]), path[1:], value)}
