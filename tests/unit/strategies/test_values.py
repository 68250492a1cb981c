"""Every value that `strategies/values.py` calls conforming is accepted by independent judges of the same model."""

import copy
import functools
import unicodedata
from typing import Any

import botocore.session
import jsonschema_rs
import pytest
import regex
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation
from strategies.values import conforming

SPEC = specs.load()
QUICK = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    # Which module pays for Hypothesis's first draw depends on what else runs; slowness is judged elsewhere.
    suppress_health_check=[HealthCheck.too_slow],
)

SEARCH = settings(QUICK, max_examples=20000)
SHRINK = settings(SEARCH, phases=[Phase.generate, Phase.shrink])

TAGS: Json = {
    "type": "object",
    "required": ["tags", "name"],
    "properties": {
        "name": {"type": "string"},
        "note": {"type": "string"},
        "tags": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}},
        },
    },
}


@pytest.fixture(scope="module")
def botocore_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("directconnect")


@pytest.mark.parametrize("operation", SPEC.operations.values(), ids=str)
def test_requests_conform_to_their_schema_and_pass_botocore(operation: Operation, botocore_model: ServiceModel) -> None:
    validator = jsonschema_rs.Draft202012Validator(operation.request)
    shape = botocore_model.operation_model(operation.name).input_shape
    seen = []

    @QUICK
    @given(conforming(operation.request))
    def check(request: Any) -> None:
        seen.append(request)
        validator.validate(request)
        if shape is None:
            assert request == {}
        else:
            report = ParamValidator().validate(request, shape)
            assert not report.has_errors(), report.generate_report()

    check()
    assert len(seen) == 20 or not operation.members


@pytest.mark.parametrize("operation", SPEC.operations.values(), ids=str)
def test_responses_conform_to_their_schema(operation: Operation) -> None:
    validator = jsonschema_rs.Draft202012Validator(operation.response)

    @QUICK
    @given(conforming(operation.response))
    def check(response: Any) -> None:
        validator.validate(response)

    check()


@pytest.mark.parametrize("shape", [name for name, schema in SPEC.shapes.items() if "pattern" in schema])
def test_patterns_of_the_model_are_met(shape: str) -> None:
    schema = SPEC.schema(shape)
    pattern = SPEC.shapes[shape]["pattern"]
    validator = jsonschema_rs.Draft202012Validator(schema)

    @settings(QUICK, max_examples=100)
    @given(conforming(schema))
    def check(value: str) -> None:
        assert regex.search(pattern, value) is not None
        validator.validate(value)
        assert not value.endswith("\n"), "Python's $ also matches before a line feed"

    check()


@pytest.mark.parametrize(
    ("pattern", "reached"),
    [
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", ["é", "7", "_", "-", "@", ""]),
        (r"^[\p{Lu}b-d]+$", ["B", "c", "Ω"]),
        (r"[0-9]{3}", ["000", "123"]),
        (r"^[a\-z\\]{1,2}$", ["-", "\\", "az"]),
        (r"^[\w]?$", ["", "_"]),
        (r"^x-([ab]|c{2})$", ["x-a", "x-cc"]),
    ],
)
def test_a_pattern_is_met_and_its_corners_are_reached(pattern: str, reached: list[str]) -> None:
    strategy = conforming({"type": "string", "pattern": pattern})

    @settings(QUICK, max_examples=100)
    @given(strategy)
    def check(value: str) -> None:
        assert regex.fullmatch(pattern, value) is not None

    check()
    for corner in reached:
        find(strategy, functools.partial(_reaches, corner), settings=SEARCH)


def _reaches(corner: str, value: str) -> bool:
    """Whether a value is this ASCII text, or holds some other character of the same Unicode category as this one."""
    if corner.isascii():
        return value == corner
    return any(
        unicodedata.category(character) == unicodedata.category(corner) and not character.isascii()
        for character in value
    )


def test_text_is_valid_unicode_beyond_ascii_and_shrinks_to_short_plain_ascii() -> None:
    strategy = conforming({"type": "string", "minLength": 2, "maxLength": 300})

    @settings(QUICK, max_examples=200)
    @given(strategy)
    def check(value: str) -> None:
        value.encode("utf-8")
        assert 2 <= len(value) <= 300
        assert not {unicodedata.category(character) for character in value} & {"Cs", "Cc"}

    check()
    assert find(strategy, lambda value: True, settings=SHRINK) == "00"
    assert not find(strategy, lambda value: not value.isascii(), settings=SHRINK).isascii()
    assert len(find(strategy, lambda value: len(value) > 299, settings=SHRINK)) == 300


def test_optional_members_come_and_go_and_required_ones_stay() -> None:
    strategy = conforming(TAGS)
    assert "note" not in find(strategy, lambda value: "note" not in value, settings=SEARCH)
    assert set(find(strategy, lambda value: "note" in value, settings=SEARCH)) == {"name", "tags", "note"}


def test_overrides_decide_values_at_their_pointers_and_nowhere_else() -> None:
    handle = object()
    overrides = {"/name": st.just(handle), "/tags/*/key": st.sampled_from(["one", "two"]), "/note": st.nothing()}

    @QUICK
    @given(conforming(TAGS, overrides))
    def check(value: Any) -> None:
        assert value["name"] is handle
        assert {tag["key"] for tag in value["tags"]} <= {"one", "two"}
        assert "note" not in value

    check()

    @QUICK
    @given(conforming(TAGS))
    def untouched(value: Any) -> None:
        assert isinstance(value["name"], str)

    untouched()


def test_an_override_of_a_nested_member_of_the_model() -> None:
    operation = SPEC.operation("CreatePrivateVirtualInterface")

    @QUICK
    @given(conforming(operation.request, {"/newPrivateVirtualInterface/vlan": st.just(101)}))
    def check(request: Any) -> None:
        assert request["newPrivateVirtualInterface"]["vlan"] == 101

    check()


def test_an_override_that_points_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="/tags/\\*/kay"):
        conforming(TAGS, {"/tags/*/kay": st.none()})


def test_strategies_are_kept_per_schema() -> None:
    operation = SPEC.operation("CreateLag")
    assert conforming(operation.request) is conforming(copy.deepcopy(operation.request))


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "string", "format": "date"}, "format"),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "uniqueItems"),
        ({"type": "object", "properties": {"a": {"oneOf": []}}}, "/a: type"),
        ({"type": "null"}, "'null'"),
        ({"type": "integer", "multipleOf": 2}, "multipleOf"),
        ({"type": "boolean", "minimum": 1}, "minimum"),
        ({"type": "number", "x-wire": "iso-8601"}, "iso-8601"),
        ({"type": "string", "contentEncoding": "base32"}, "base32"),
        ({"type": "object", "required": ["tags"], "properties": {"name": {"type": "string"}}}, "tags"),
        ({"type": "string", "pattern": r"^[^a]$"}, "negates"),
        ({"type": "string", "pattern": r"^[\s]$"}, r"\\s"),
        ({"type": "string", "pattern": r"^x[\p{L}]$"}, "too much for Python"),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}}, "itself"),
    ],
)
def test_what_is_not_known_is_refused_by_name(schema: Json, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        conforming(schema)


def test_a_new_keyword_anywhere_in_the_model_is_noticed() -> None:
    operation = SPEC.operation("CreateLag")
    altered = copy.deepcopy(operation.request)
    altered["$defs"]["TagKey"]["format"] = "hostname"
    with pytest.raises(ValueError, match=r"/(tags|childConnectionTags)/\*/key: format"):
        conforming(altered)
