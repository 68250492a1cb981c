"""A near miss breaks the constraint that it names, and no other; a second judge, jsonschema-rs, says so."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation, resolve
from strategies import invalid_requests
from strategies.invalid_requests import NearMiss, Raw, near_misses
from strategies.values import conforming

SPEC = specs.load()
EVERY = pytest.mark.parametrize("operation", SPEC.operations.values(), ids=str)

KEYWORDS = {
    invalid_requests.REQUIRED: {"required"},
    invalid_requests.TYPES: {"type", "minimum", "maximum"},
    invalid_requests.ENUMS: {"enum"},
    invalid_requests.LENGTHS: {"minLength", "maxLength", "minItems", "maxItems", "minimum"},
    invalid_requests.PATTERNS: {"pattern"},
}
# What a wrong value cannot help breaking as well: a value of another type is none of an enum, and a pattern can fix the
# length by itself.
UNAVOIDABLE = {invalid_requests.TYPES: {"enum"}, invalid_requests.LENGTHS: {"pattern"}}


class Handle:
    """A resource id that is not known yet. Whoever looks inside fails."""

    def _refuse(self, *_: Any) -> Any:
        raise AssertionError("a placeholder was looked into")

    __eq__ = __bool__ = __len__ = __iter__ = __str__ = __repr__ = __copy__ = __deepcopy__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def _full(schema: Json, root: Json) -> Any:
    """A value with every member that the schema has, the first item of each array included."""
    node = resolve(schema, root)
    kind = node["type"]
    if kind == "object":
        return {name: _full(member, root) for name, member in node.get("properties", {}).items()}
    if kind == "array":
        return [_full(node["items"], root)]
    if kind == "string":
        if "enum" in node:
            return node["enum"][-1]
        if node.get("pattern", "").startswith("^(dxrg|"):
            return invalid_requests.UNKNOWN_IDS["resiliency-group"][:-1] + "x"
        return "a" * max(1, node.get("minLength", 0))
    return {"boolean": False, "integer": 5, "number": 5.0}[kind]


def _leaves(tree: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a tree, containers included, by pointer with `*` for an item."""
    yield pointer, tree
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from _leaves(value, f"{pointer}/{name}")
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value, f"{pointer}/*")


def _in_schema(schema: Json, root: Json, pointer: str = "") -> Iterator[tuple[str, Json, bool]]:
    """Every pointer that a value of the schema can have, with its node and whether it is a required member."""
    node = resolve(schema, root)
    for name, member in node.get("properties", {}).items():
        yield f"{pointer}/{name}", resolve(member, root), name in node.get("required", ())
        yield from _in_schema(member, root, f"{pointer}/{name}")
    if "items" in node:
        yield f"{pointer}/*", resolve(node["items"], root), False
        yield from _in_schema(node["items"], root, f"{pointer}/*")


def _broken(validator: jsonschema_rs.Draft202012Validator, body: Any) -> set[tuple[str, str]]:
    """Keyword and pointer of all that a schema has against a body."""
    found = set()
    for error in validator.iter_errors(body):
        steps = ["*" if isinstance(step, int) else step for step in error.instance_path]
        keyword = str(error.schema_path[-1])
        if keyword == "required":
            # The error lies in the structure; the name of the missing member is in the message only.
            steps.append(error.message.split('"')[1])
        found.add((keyword, "".join(f"/{step}" for step in steps)))
    return found


def _agrees(validator: jsonschema_rs.Draft202012Validator, miss: NearMiss) -> None:
    if miss.rule not in KEYWORDS:
        return
    broken = _broken(validator, miss.body)
    assert broken, f"{miss} is no near miss"
    assert {pointer for _, pointer in broken} == {miss.pointer}
    keywords = {keyword for keyword, _ in broken}
    assert len(keywords & KEYWORDS[miss.rule]) == 1
    assert keywords - KEYWORDS[miss.rule] <= UNAVOIDABLE.get(miss.rule, set())


@EVERY
def test_each_near_miss_of_a_drawn_request_breaks_exactly_what_it_names(operation: Operation) -> None:
    validator = jsonschema_rs.Draft202012Validator(operation.request)

    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        # Which operation pays for Hypothesis's first draw depends on what else runs; slowness is judged elsewhere.
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(conforming(operation.request))
    def check(valid: Any) -> None:
        validator.validate(valid)
        before = json.dumps(valid)
        for miss in near_misses(operation, valid):
            _agrees(validator, miss)
        assert json.dumps(valid) == before, "the valid request was changed"

    check()


@EVERY
def test_every_constraint_of_the_model_has_its_near_misses(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    validator = jsonschema_rs.Draft202012Validator(operation.request)
    validator.validate(full)
    misses = list(near_misses(operation, full))
    for miss in misses:
        _agrees(validator, miss)
    tried = Counter((miss.rule, miss.pointer) for miss in misses)
    places = list(_in_schema(operation.request, operation.request))
    for pointer, node, required in places:
        modelled = sum(node.get(bound, 0) == 0 for bound in ("minimum", "maximum") if bound in node)
        assert tried[invalid_requests.TYPES, pointer] == (7 - modelled if node["type"] == "integer" else 4)
        assert tried[invalid_requests.REQUIRED, pointer] == required
        assert tried[invalid_requests.NULLS, pointer] == required, (
            "null for the required, as all the optional are present"
        )
        assert tried[invalid_requests.ENUMS, pointer] == (2 if "enum" in node else 0)
        limits = [node.get("minLength", 0) > 0, "maxLength" in node, node.get("minItems", 0) > 0, "maxItems" in node]
        assert tried[invalid_requests.LENGTHS, pointer] == sum(limits) + modelled
        assert tried[invalid_requests.PATTERNS, pointer] == ("pattern" in node)
    assert {pointer for _, pointer in tried} <= {pointer for pointer, _, _ in places} | {
        f"{pointer}/{invalid_requests.SURPLUS_MEMBER}" for pointer, value in _leaves(full) if isinstance(value, dict)
    }


@EVERY
def test_ids_are_broken_wherever_a_resource_is_named(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    required = {pointer for pointer, _, needed in _in_schema(operation.request, operation.request) if needed}
    misses = list(near_misses(operation, full))
    for pointer, kind in operation.traits.takes.items():
        bad = [
            _at(miss.body, pointer)
            for miss in misses
            if (miss.rule, miss.pointer) == (invalid_requests.malformed_rule(kind), pointer)
        ]
        unknown = [
            _at(miss.body, pointer)
            for miss in misses
            if (miss.rule, miss.pointer) == (invalid_requests.UNKNOWN_IDS_RULE, pointer)
        ]
        if kind in ("account", "location", "arn"):
            assert bad == unknown == []
            continue
        beginning = invalid_requests.UNKNOWN_IDS[kind].partition("-")[0]
        empty = [""] if pointer in required or pointer.endswith("/*") else []
        assert bad == ["57ff76d2-not-an-id", f"{beginning}-not/an/id", *empty]
        assert unknown == [invalid_requests.UNKNOWN_IDS[kind]]


def _at(body: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        body = body[0] if step == "*" else body[step]
    return body


def _also(name: str, rule: str, body: Json | None = None) -> set[str | None]:
    operation = SPEC.operation(name)
    valid = _full(operation.request, operation.request) if body is None else body
    return {miss.also for miss in near_misses(operation, valid) if miss.rule == rule}


@pytest.mark.parametrize(
    ("name", "unknown", "malformed_id"),
    [
        ("DescribeConnections", "empty", None),
        ("DescribeLags", "empty", None),
        ("DescribeDirectConnectGateways", "empty", "empty"),
        ("DescribeHostedConnections", "empty", "empty"),
        ("DescribeVirtualInterfaces", "empty", "empty"),
        ("DescribeRouterConfiguration", None, None),
        ("GetResiliencyGroup", None, None),
        ("DeleteConnection", None, None),
    ],
)
def test_what_lists_may_answer_an_empty_list(name: str, unknown: str | None, malformed_id: str | None) -> None:
    assert _also(name, invalid_requests.UNKNOWN_IDS_RULE) == {unknown}
    assert _also(name, invalid_requests.MALFORMED_IDS) | _also(name, invalid_requests.MALFORMED_OTHER_IDS) == {
        malformed_id
    }


def test_what_a_server_may_convert_is_told_apart_from_clearly_wrong_types() -> None:
    operation = SPEC.operation("CreateLag")
    full = _full(operation.request, operation.request)
    found = {
        (miss.pointer, type(_at(miss.body, miss.pointer))): miss.also
        for miss in near_misses(operation, full)
        if miss.rule == invalid_requests.TYPES
    }
    assert {kind: found["/lagName", kind] for kind in (int, bool, dict, list)} == {
        int: "accepted",
        bool: None,
        dict: None,
        list: None,
    }
    assert found["/numberOfConnections", str] == found["/numberOfConnections", float] == "accepted"
    assert found["/numberOfConnections", bool] is None
    assert {found["/requestMACSec", kind] for kind in (str, int)} == {"accepted"}
    assert {found["/tags", kind] for kind in (str, int, bool, dict)} == {None}
    assert {found["/tags/*", kind] for kind in (str, int, bool, list)} == {None}


def test_disputed_lengths_are_given_the_benefit_of_the_doubt() -> None:
    operation = SPEC.operation("CreateConnection")
    full = _full(operation.request, operation.request)
    lengths = {
        (miss.pointer, len(_at(miss.body, miss.pointer))): miss.also
        for miss in near_misses(operation, full)
        if miss.rule == invalid_requests.LENGTHS
    }
    assert lengths == {
        ("/tags", 0): "accepted",
        ("/tags/*/key", 0): None,
        ("/tags/*/key", 129): None,
        ("/tags/*/value", 266): None,
    }
    assert _also("TagResource", invalid_requests.LENGTHS) == {None}


def test_an_absent_filter_is_tried_with_malformed_ids() -> None:
    misses = list(near_misses(SPEC.operation("DescribeConnections"), {}))
    bodies = [miss.body for miss in misses if miss.rule == invalid_requests.MALFORMED_IDS]
    assert bodies == [{"connectionId": "57ff76d2-not-an-id"}, {"connectionId": "dxcon-not/an/id"}]
    assert not [
        miss
        for miss in near_misses(SPEC.operation("DeleteBGPPeer"), {})
        if miss.rule == invalid_requests.MALFORMED_OTHER_IDS
    ]


def test_every_kind_of_resource_has_an_unknown_id() -> None:
    kinds = {kind for operation in SPEC.operations.values() for kind in operation.traits.takes.values()}
    assert kinds - {"account", "location", "arn"} <= set(invalid_requests.UNKNOWN_IDS)


@EVERY
def test_every_optional_member_is_null_once_when_absent_and_the_request_stays_the_same(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    minimal = {name: full[name] for name in operation.required}
    nulls = [
        miss for miss in near_misses(operation, minimal) if miss.rule == invalid_requests.NULLS and not miss.refused
    ]
    top_level = {miss.pointer[1:] for miss in nulls if miss.pointer.count("/") == 1}
    assert top_level == set(operation.members) - set(operation.required)
    for miss in nulls:
        if miss.pointer.count("/") == 1:
            assert miss.body == {**minimal, miss.pointer[1:]: None}


@EVERY
def test_placeholders_keep_their_identity_and_are_never_looked_into(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    handles = {pointer: Handle() for pointer in operation.traits.takes}
    for pointer, handle in handles.items():
        *way, last = pointer.split("/")[1:]
        _at(full, "".join(f"/{step}" for step in way))[0 if last == "*" else last] = handle
    count = 0
    for miss in near_misses(operation, full):
        tree = miss.body.tree if isinstance(miss.body, Raw) else miss.body
        places = dict(_leaves(tree))
        for pointer, handle in handles.items():
            touched = pointer == miss.pointer or pointer.startswith(f"{miss.pointer}/")
            assert touched or places[pointer] is handle
            count += not touched
    assert count or not handles or len(operation.members) == 1


def test_lengths_of_a_placeholder_follow_the_form_of_its_id() -> None:
    operation = SPEC.operation("GetResiliencyGroup")
    misses = list(near_misses(operation, {"resiliencyGroupId": Handle()}))
    wrong = [
        miss.body["resiliencyGroupId"]
        for miss in misses
        if miss.rule in (invalid_requests.LENGTHS, invalid_requests.PATTERNS)
    ]
    known = invalid_requests.UNKNOWN_IDS["resiliency-group"]
    assert wrong == [known[:-1], known + "0", known[:-1] + "!"]


@EVERY
def test_duplicate_members_are_in_the_text_and_change_nothing_else(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    raws = [miss for miss in near_misses(operation, full) if miss.rule == invalid_requests.DUPLICATES]
    assert {miss.pointer for miss in raws if miss.pointer.count("/") == 1} == {f"/{name}" for name in operation.members}
    for miss in raws:
        assert isinstance(miss.body, Raw)
        assert not miss.refused
        twice: list[str] = []

        def watch(pairs: list[tuple[str, Any]], twice: list[str] = twice) -> Json:
            twice += [name for name, times in Counter(name for name, _ in pairs).items() if times == 2]
            return dict(pairs)

        assert json.loads(miss.body.text(), object_pairs_hook=watch) == full
        assert twice == [miss.pointer.rpartition("/")[2]]


def test_an_encoder_resolves_the_placeholders_of_a_raw_body() -> None:
    handle = Handle()
    raw = Raw({"tags": [{"key": "a"}, {"key": "b"}], "connectionId": handle}, ("tags", 1, "key"))
    text = raw.text(lambda value: json.dumps("dxcon-1") if value is handle else json.dumps(value))
    assert text == '{"tags":[{"key": "a"},{"key":"b","key":"b"}],"connectionId":"dxcon-1"}'
    once = Raw({"connectionId": handle}, ("connectionId",))
    assert once.text(lambda value: '"dxcon-1"') == '{"connectionId":"dxcon-1","connectionId":"dxcon-1"}'


@EVERY
def test_surplus_members_are_in_each_structure_and_are_no_reason_to_refuse(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    surplus = [miss for miss in near_misses(operation, full) if miss.rule == invalid_requests.SURPLUS]
    structures = {pointer for pointer, value in _leaves(full) if isinstance(value, dict)}
    assert {miss.pointer.rpartition("/")[0] for miss in surplus} == structures
    validator = jsonschema_rs.Draft202012Validator(operation.request)
    for miss in surplus:
        assert not miss.refused
        validator.validate(miss.body)


@EVERY
def test_near_misses_are_the_same_each_time_and_all_different(operation: Operation) -> None:
    full = _full(operation.request, operation.request)
    first, second = (list(near_misses(operation, full)) for _ in range(2))
    assert first == second
    labels = [(miss.rule, miss.pointer, miss.what) for miss in first]
    assert len(labels) == len(set(labels))
