"""The OpenAPI document: valid, whole, and readable by tools that have never heard of dxcontract."""

import json
import re
import subprocess
import sys

import jsonschema_rs
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.core.result import Ok

from dxcontract.integrations import openapi
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi.document(specs.load())


def test_it_is_valid(document: Json) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_command_prints_it(document: Json) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "dxcontract", "openapi"], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(printed) == document


def test_all_operations_are_in_it_and_say_how_they_are_called(document: Json) -> None:
    spec = specs.load()
    operations = [entry["post"] for entry in document["paths"].values()]
    assert [one["operationId"] for one in operations] == list(spec.operations)
    for path, one in zip(document["paths"], operations, strict=True):
        (header,) = one["parameters"]
        assert header["schema"]["enum"] == [f"OvertureService.{one['operationId']}"]
        assert path == f"/#X-Amz-Target=OvertureService.{one['operationId']}"
        assert list(one["requestBody"]["content"]) == ["application/x-amz-json-1.1"]
    assert {one["operationId"] for one in operations if one.get("deprecated")} == {
        one.name for one in spec.operations.values() if one.deprecated
    }


def test_schemathesis_reads_every_operation(document: Json) -> None:
    schema = schemathesis.openapi.from_dict(document)
    assert len([result for result in schema.get_all_operations() if isinstance(result, Ok)]) == 73


def test_patterns_are_for_every_tool_and_allow_what_the_model_allows(document: Json) -> None:
    spec = specs.load()
    for name, shape in document["components"]["schemas"].items():
        if "pattern" not in shape:
            continue
        portable = re.compile(shape["pattern"])
        model = jsonschema_rs.Draft202012Validator(spec.schema(name))
        for text in ("a", "Z9", "a b", "ä語", "_.:/=+-@", "dxrg-0123456789abcdefg", "attachment-0a", "core-network-0a"):
            assert not model.is_valid(text) or portable.search(text), (name, text)
        if "x-pattern" in shape:
            for one in map(chr, {*range(128)} - {ord("\n")}):  # Python's `$` also matches before a last line end
                assert model.is_valid(one) == bool(portable.search(one)), (name, one)


def test_answers_are_not_held_to_what_is_for_requests(document: Json) -> None:
    """AWS itself answers `tags: []`, and states that its model does not have."""
    schemas = document["components"]["schemas"]
    bounds = {"minLength", "maxLength", "minItems", "maxItems", "pattern"}
    seen: set[str] = set()

    def bounded(schema: Json) -> set[str]:
        found: set[str] = set()
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schema)):
            if name not in seen:
                seen.add(name)
                found |= ({name} if bounds & schemas[name].keys() else set()) | bounded(schemas[name])
        return found

    operations = [entry["post"] for entry in document["paths"].values()]
    assert bounded({"all": [one["responses"]["200"] for one in operations]}) == set()
    assert {"TagListAnswered", "VirtualInterfaceStateAnswered"} <= seen
    assert "approving" in schemas["VirtualInterfaceStateAnswered"]["enum"]
    seen.clear()
    assert {"TagList", "TagKey"} <= bounded({"all": [one["requestBody"] for one in operations]})
