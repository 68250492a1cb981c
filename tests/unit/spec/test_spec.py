"""`specs/` can be read, and what is written by hand in it fits the generated model."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation, SpecError, resolve
from strategies.invalid_requests import UNKNOWN_IDS

SPEC = specs.load()
EVERY = pytest.mark.parametrize("operation", SPEC.operations.values(), ids=str)
FREE_KINDS = {"account", "arn", "location", "virtual-gateway"}
"""Kinds that no operation of Direct Connect makes."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of `specs/` that a test may spoil."""
    return Path(shutil.copytree(SPEC.root, tmp_path / "specs"))


def _member(schema: Json, pointer: str) -> Json:
    """The node that a pointer into a value leads to.

    Raises:
        KeyError: there is no such member.
    """
    node = resolve(schema, schema)
    for step in pointer.split("/")[1:]:
        node = resolve(node["items"] if step == "*" else node["properties"][step], schema)
    return node


def test_it_is_read_once() -> None:
    assert specs.load() is SPEC


def test_all_operations_of_the_index_are_there_in_order() -> None:
    assert list(SPEC.operations) == sorted(SPEC.index["operations"])
    assert len(SPEC.operations) >= 73
    assert SPEC.target_prefix == "OvertureService"
    for name, operation in SPEC.operations.items():
        assert operation.name == str(operation) == name
        assert operation.checksum == SPEC.index["operations"][name]


def test_the_45_operations_of_the_2018_reference_are_marked() -> None:
    old = {operation.name for operation in SPEC.operations.values() if operation.traits.reference_2018}
    assert len(old) == 45
    assert {"CreateConnection", "AllocateConnectionOnInterconnect", "DescribeLoa", "UpdateLag"} <= old
    later = {"CreateTransitVirtualInterface", "AssociateMacSecKey", "StartBgpFailoverTest", "CreateResiliencyGroup"}
    assert not later & old


@EVERY
def test_schemas_are_self_contained(operation: Operation) -> None:
    for schema in (operation.request, operation.response):
        definitions = schema["$defs"]
        reached = set(specs.references(schema))
        for definition in definitions.values():
            reached |= set(specs.references(definition))
        assert reached == set(definitions)
        assert "../shapes.json" not in json.dumps(schema)


@EVERY
def test_traits_point_to_members_that_hold_an_id(operation: Operation) -> None:
    for pointer in operation.traits.takes:
        assert _member(operation.request, pointer)["type"] == "string", pointer
    for pointer in operation.traits.gives.values():
        assert _member(operation.response, pointer)["type"] == "string", pointer


@EVERY
def test_every_member_that_looks_like_an_id_is_in_the_traits(operation: Operation) -> None:
    """A new member that names a resource must not stay without near misses because a line was forgotten."""
    kinds = {
        "connectionId": {"connection", "hosted-connection", "interconnect"},
        "interconnectId": {"interconnect"},
        "lagId": {"lag"},
        "virtualInterfaceId": {"virtual-interface"},
        "directConnectGatewayId": {"direct-connect-gateway"},
        "virtualGatewayId": {"virtual-gateway"},
        "associationId": {"gateway-association"},
        "proposalId": {"association-proposal"},
        "resiliencyGroupId": {"resiliency-group"},
    }
    for name in operation.members:
        if name in kinds:
            assert operation.traits.takes.get(f"/{name}") in kinds[name]


def test_what_is_taken_is_given_by_some_operation() -> None:
    taken = {kind for operation in SPEC.operations.values() for kind in operation.traits.takes.values()}
    given = {kind for operation in SPEC.operations.values() for kind in operation.traits.gives}
    assert taken - FREE_KINDS <= given


@pytest.mark.parametrize("effect", ["create", "read", "delete", "confirm"])
def test_effects_agree_with_the_verb_of_the_name(effect: str) -> None:
    verbs = {
        "create": ("Create", "Allocate", "Accept"),
        "read": ("Describe", "Get", "List"),
        "delete": ("Delete",),
        "confirm": ("Confirm",),
    }[effect]
    named = {name for name in SPEC.operations if name.startswith(verbs)}
    assert {operation.name for operation in SPEC.where(effect)} == named  # type: ignore[arg-type]


def test_where_without_effects_is_everything() -> None:
    assert SPEC.where() == list(SPEC.operations.values())


def test_values_are_for_members_that_exist() -> None:
    for name, members in SPEC.values.items():
        for pointer in members:
            _member(SPEC.operation(name).request, pointer)


@pytest.mark.parametrize("kind", sorted(set(UNKNOWN_IDS) & set(SPEC.resources)))
def test_an_unknown_id_has_the_form_of_its_kind(kind: str) -> None:
    pattern = SPEC.resources[kind].id_pattern
    assert pattern is None or re.fullmatch(pattern, UNKNOWN_IDS[kind])


def test_rules_name_operations_and_sources_that_exist() -> None:
    for rule in SPEC.rules.values():
        assert set(rule.operations) <= set(SPEC.operations), rule.id
        assert {place.source for place in rule.sources} <= set(SPEC.sources), rule.id


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("CreateLags", "did you mean CreateLag"), ("describeConnections", "DescribeConnections")],
)
def test_an_unknown_operation_is_answered_with_near_names(asked: str, hint: str) -> None:
    with pytest.raises(SpecError, match=f"no operation is called '{asked}'.*{hint}"):
        SPEC.operation(asked)


def test_a_name_like_no_other_gets_no_hint() -> None:
    with pytest.raises(SpecError, match=r"^no operation is called 'zzz'$"):
        SPEC.operation("zzz")


def test_an_unknown_rule_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match=r"no rule is called 'wire\.moods'"):
        SPEC.rule("wire.moods")


def test_resolve_keeps_what_stands_beside_a_reference() -> None:
    root = {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "string"}}}
    assert resolve({"$ref": "#/$defs/A", "deprecated": True}, root) == {"type": "string", "deprecated": True}


def test_a_shape_can_be_had_by_itself() -> None:
    schema = SPEC.schema("TagList")
    assert set(schema["$defs"]) == {"Tag", "TagKey", "TagList", "TagValue"}
    with pytest.raises(KeyError):
        SPEC.schema("Moods")


def _spoil(path: Path, change: Callable[[Json], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_an_operation_without_traits_is_named(folder: Path) -> None:
    _spoil(folder / "traits.json", lambda it: it["operations"].pop("CreateLag"))
    with pytest.raises(SpecError, match=r"traits\.json has no entry for CreateLag"):
        specs.load(folder)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_file_that_cannot_be_read_is_named(folder: Path, text: str) -> None:
    (folder / "errors.json").write_text(text)
    with pytest.raises(SpecError, match=r"errors\.json"):
        specs.load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model" / "operations" / "CreateLag.json").unlink()
    with pytest.raises(SpecError, match=r"CreateLag\.json"):
        specs.load(folder)


def test_a_rule_that_is_defined_twice_is_named(folder: Path) -> None:
    rule = {
        "id": "twice.told",
        "operations": "all",
        "statement": "s",
        "level": "must",
        "evidence": "modelled",
        "sources": [],
    }
    for name in ("a.json", "b.json"):
        (folder / "rules" / name).write_text(json.dumps({"subject": "test", "rules": [rule]}))
    with pytest.raises(SpecError, match=r"rule twice\.told is defined twice"):
        specs.load(folder)


def test_a_family_of_errors_that_does_not_exist_is_named(folder: Path) -> None:
    _spoil(folder / "rules" / "tags.json", lambda it: it["rules"][0].update(refusal="malformd"))
    with pytest.raises(SpecError, match=r"tags\.json: tags\..*'malformd'; did you mean malformed"):
        specs.load(folder)
