"""`specs/model/` is what `dxcontract sync` makes of the pinned botocore; `dxcontract drift` sees every difference."""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dxcontract.spec import botocore_sync
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json

SPECS = specs.root()
MODEL = SPECS / "model"
SCHEMAS = SPECS / "schemas"
DATA = sorted(path for path in SPECS.rglob("*.json") if SCHEMAS not in path.parents)

# Generated documents name JSON Schema itself in `$schema`, as they are schemas; what they look like is in these.
MODEL_SCHEMAS = {"index.json": "model-index.json", "shapes.json": "shapes.json"}


@pytest.fixture(scope="module")
def generated() -> dict[str, Json]:
    return botocore_sync.generate()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of `specs/model/` that a test may alter."""
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


def _walk(value: Any) -> Iterator[Any]:
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _walk(child)


def test_the_checkout_is_what_sync_writes(generated: dict[str, Json]) -> None:
    stored = {path.relative_to(MODEL).as_posix(): path for path in MODEL.rglob("*.json")}
    assert sorted(stored) == sorted(generated)
    edited = [name for name, path in stored.items() if specs.read(path) != generated[name]]
    assert not edited, f"edited by hand, or made from another botocore: {edited}"
    assert not botocore_sync.drift(MODEL)
    assert botocore_sync.drift(MODEL).lines() == []


def test_there_is_a_document_for_each_operation_of_the_index(generated: dict[str, Json]) -> None:
    names = list(generated["index.json"]["operations"])
    assert len(names) >= 73
    assert names == sorted(names)
    assert {f"operations/{name}.json" for name in names} == set(generated) - {"index.json", "shapes.json"}
    for name in names:
        document = generated[f"operations/{name}.json"]
        assert document["operation"] == name
        assert document["checksum"] == generated["index.json"]["operations"][name]
        assert document["errors"] == sorted(document["errors"])


def test_two_runs_write_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    program = "import pathlib, sys; from dxcontract.spec import botocore_sync as b; b.write(pathlib.Path(sys.argv[1]))"
    digests = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(SPECS.parent)}
        subprocess.run([sys.executable, "-c", program, str(folder)], check=True, env=environment, timeout=300)
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*.json")):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]


def test_no_documentation_text_is_copied(generated: dict[str, Json]) -> None:
    for name, document in generated.items():
        for value in _walk(document):
            assert not (
                isinstance(value, dict) and {"documentation", "description", "title"} & set(value) - _members(value)
            ), name
            assert not (isinstance(value, str) and ("<p>" in value or len(value) > 200)), f"{name}: {value}"


def _members(value: Json) -> set[str]:
    """The keys of a `properties` object are names of members, and could be anything."""
    return set(value) if all(isinstance(member, dict) and "$ref" in member for member in value.values()) else set()


def test_every_reference_leads_to_a_shape(generated: dict[str, Json]) -> None:
    known = set(generated["shapes.json"]["$defs"])
    reached = {name for document in generated.values() for name in specs.references(document)}
    reached |= {name for schema in generated["shapes.json"]["$defs"].values() for name in specs.references(schema)}
    errors = {name for document in generated.values() for name in document.get("errors", ())}
    assert reached | errors == known


def test_wire_form_of_each_type() -> None:
    shapes = botocore_sync.generate()["shapes.json"]["$defs"]
    assert shapes["LoaIssueTime"] == {"type": "number", "x-wire": "epoch-seconds"}
    assert shapes["LoaContent"] == {"type": "string", "contentEncoding": "base64"}
    assert shapes["ASN"] == {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
    assert shapes["LongAsn"] == {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
    assert shapes["Tag"]["required"] == ["key"]
    assert shapes["DirectConnectClientException"]["x-error-status"] == 400


def test_writing_removes_operations_that_are_gone(model: Path, generated: dict[str, Json]) -> None:
    stale = model / "operations" / "DescribeCarrierPigeons.json"
    stale.write_text("{}")
    (model / "shapes.json").write_text("{}")
    assert botocore_sync.write(model) == list(generated["index.json"]["operations"])
    assert not stale.exists()
    assert not botocore_sync.drift(model)


def _edit(path: Path, change: Callable[[Json], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("index.json", lambda it: it["operations"].pop("CreateLag"), "operation added: CreateLag"),
        ("index.json", lambda it: it["operations"].update(MoveLag="sha256:0"), "operation removed: MoveLag"),
        ("index.json", lambda it: it["operations"].update(DeleteLag="sha256:0"), "operation changed: DeleteLag"),
        ("shapes.json", lambda it: it["$defs"].pop("LagState"), "shape added: LagState"),
        ("shapes.json", lambda it: it["$defs"].update(LagMood={"type": "string"}), "shape removed: LagMood"),
        ("shapes.json", lambda it: it["$defs"]["LagState"]["enum"].pop(), "shape changed: LagState"),
    ],
)
def test_drift_sees_each_kind_of_difference(model: Path, file: str, change: Callable[[Json], None], line: str) -> None:
    _edit(model / file, change)
    found = botocore_sync.drift(model)
    assert found
    assert found.lines() == [line]


def test_drift_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.json"):
        botocore_sync.drift(tmp_path)


def test_a_checksum_covers_all_that_an_operation_reaches(
    generated: dict[str, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps below CreateLag's request, a tag's key gets longer: what carries tags changes, and nothing else."""
    original = botocore.loaders.Loader.load_service_model

    def altered(self: Any, service: str, kind: str, *rest: Any) -> Any:
        model = copy.deepcopy(original(self, service, kind, *rest))
        if kind == "service-2":
            model["shapes"]["TagKey"]["max"] += 1
        return model

    monkeypatch.setattr(botocore.loaders.Loader, "load_service_model", altered)
    after = botocore_sync.generate()["index.json"]["operations"]
    changed = {name for name, checksum in after.items() if checksum != generated["index.json"]["operations"][name]}
    spec = specs.load()
    reaching = {
        name
        for name, operation in spec.operations.items()
        if "TagKey" in operation.request["$defs"] or "TagKey" in operation.response["$defs"]
    }
    assert "CreateLag" in reaching
    assert changed == reaching


def test_a_shape_of_an_unheard_of_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    original = botocore.loaders.Loader.load_service_model

    def altered(self: Any, service: str, kind: str, *rest: Any) -> Any:
        model = copy.deepcopy(original(self, service, kind, *rest))
        if kind == "service-2":
            model["shapes"]["TagKey"] = {"type": "map"}
        return model

    monkeypatch.setattr(botocore.loaders.Loader, "load_service_model", altered)
    with pytest.raises(ValueError, match="map"):
        botocore_sync.generate()


@pytest.fixture(scope="module")
def registry() -> Registry[Any]:
    """The schemas of `specs/schemas/`, each under the address of its file."""
    return Registry().with_resources(
        (path.as_uri(), Resource.from_contents(specs.read(path), default_specification=DRAFT202012))
        for path in SCHEMAS.glob("*.json")
    )


def _schema_of(path: Path) -> Path:
    """Where the schema of a document of `specs/` lies, whether or not it is there."""
    if MODEL in path.parents:
        return SCHEMAS / MODEL_SCHEMAS.get(path.name, "operation.json")
    schema: str = specs.read(path)["$schema"]
    return (path.parent / schema).resolve()


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_each_schema_is_a_schema(path: Path) -> None:
    schema = specs.read(path)
    assert schema["$schema"] == botocore_sync.DIALECT
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.relative_to(SPECS).as_posix())
def test_each_document_satisfies_its_schema(path: Path, registry: Registry[Any]) -> None:
    where = _schema_of(path)
    assert where.parent == SCHEMAS, f"{path}: its schema lies outside specs/schemas/"
    assert where.exists(), f"{path}: no schema {where.name}"
    validator = jsonschema.Draft202012Validator({"$ref": where.as_uri()}, registry=registry)
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(specs.read(path))]
    assert not errors


def test_the_shapes_and_what_uses_them_are_json_schema(generated: dict[str, Json]) -> None:
    # Without checks of `format`: Python cannot compile the patterns of tags, which is no fault of theirs.
    no_formats = jsonschema.FormatChecker(formats=())
    parts = [*generated["shapes.json"]["$defs"].items()]
    parts += [
        (name, document[side])
        for name, document in generated.items()
        if "operations/" in name
        for side in ("request", "response")
    ]
    assert len(parts) > 300
    for name, part in parts:
        try:
            jsonschema.Draft202012Validator.check_schema(part, format_checker=no_formats)
        except jsonschema.SchemaError as error:
            pytest.fail(f"{name}: {error.message}")
