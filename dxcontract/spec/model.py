"""Reads `specs/`: operations, shapes, traits, rules, sources. Only this module knows the location of the files.

All objects are immutable; `load()` reads the files once per process.
"""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Json = dict[str, Any]
Effect = Literal["read", "create", "update", "delete", "confirm"]
Cost = Literal["free", "billable", "physical-order"]
Level = Literal["must", "should", "info"]
Evidence = Literal["modelled", "documented", "observed", "relied-on"]

LEVELS: Final[tuple[Level, ...]] = ("must", "should", "info")


class SpecError(Exception):
    """`specs/` is missing, unreadable or inconsistent."""


@dataclass(frozen=True)
class Made:
    """How to create a resource that an operation takes: the operation (None: that of its kind), the role (None: the
    caller), the members, and the pointers of shared resources.
    """

    by: str | None
    role: str | None
    members: Mapping[str, Any]
    shares: tuple[str, ...]


@dataclass(frozen=True)
class Traits:
    """Facts about an operation that botocore's model does not contain.

    `takes` maps a JSON pointer into the request (`*` for any item) to the kind of resource it names;
    `gives` maps a kind of resource to the JSON pointer of its id in the answer. `caller` is the role that calls;
    `made` says, by pointer, how a resource that is taken comes about where that is not the usual way; `before` are
    operations to be done on the same resources first.
    """

    effect: Effect
    cost: Cost
    partner_only: bool
    resource: str
    caller: str
    takes: Mapping[str, str]
    gives: Mapping[str, str]
    made: Mapping[str, Made]
    before: tuple[str, ...]
    reference_2018: bool


@dataclass(frozen=True)
class Operation:
    """One operation of the API: its schemas (self-contained, wire form), errors and traits."""

    name: str
    request: Json
    response: Json
    errors: tuple[str, ...]
    deprecated: bool
    pagination: Json | None
    checksum: str
    traits: Traits

    @property
    def required(self) -> tuple[str, ...]:
        """The top-level members that a request must carry."""
        return tuple(resolve(self.request, self.request).get("required", ()))

    @property
    def members(self) -> tuple[str, ...]:
        """All top-level members of a request."""
        return tuple(resolve(self.request, self.request).get("properties", ()))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Citation:
    """A place in a source: the id of the source in `specs/sources.json`, and the place in it."""

    source: str
    at: str

    def __str__(self) -> str:
        return f"{self.source}: {self.at}"


@dataclass(frozen=True)
class Rule:
    """One statement of the contract, under an id that tests claim and violations carry.

    `errors` are the error types that a refusal under this rule may have; empty for a rule that asks for no refusal.
    The statement names them. `note` says why the rule holds where no source says it in these words. A `placeless` rule
    states one fact of an operation: its violations are told apart by symptom only.
    """

    id: str
    subject: str
    operations: tuple[str, ...]
    statement: str
    level: Level
    evidence: Evidence
    sources: tuple[Citation, ...]
    errors: tuple[str, ...]
    note: str = ""
    placeless: bool = False


@dataclass(frozen=True)
class Describe:
    """How to read resources of a kind: the operation, the member that selects one, the member that lists them."""

    operation: str
    filter: str | None
    list: str
    also: tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """A kind of resource: the members of its id, name and state, and the operations that create, read and delete
    it.

    `arn` is the part of its ARN before the id; `ready` are the states in which it can be used, `gone` those in
    which it is no more. Members are None where the kind has none.
    """

    kind: str
    id: str
    name: str | None
    state: str
    shape: str
    id_pattern: str | None
    arn: str | None
    made_by: str | None
    caller: str
    describe: Describe | None
    deleted_by: str | None
    ready: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """The whole of `specs/`."""

    root: Path
    index: Json
    shapes: Mapping[str, Json]
    operations: Mapping[str, Operation]
    rules: Mapping[str, Rule]
    sources: Mapping[str, Json]
    common_errors: Mapping[str, int]
    error_status: Mapping[str, tuple[int, ...]]
    observed_values: Mapping[str, tuple[str, ...]]
    resources: Mapping[str, Resource]
    values: Mapping[str, Mapping[str, Json]]

    @property
    def target_prefix(self) -> str:
        return str(self.index["targetPrefix"])

    @functools.cached_property
    def member_names(self) -> frozenset[str]:
        """The names of all members of all shapes."""
        return frozenset(name for shape in self.shapes.values() for name in shape.get("properties", ()))

    def operation(self, name: str) -> Operation:
        """The operation called `name`.

        Raises:
            SpecError: there is none; the message names near ones.
        """
        try:
            return self.operations[name]
        except KeyError:
            raise SpecError(_unknown("operation", name, self.operations)) from None

    def rule(self, rule_id: str) -> Rule:
        """The rule with this id.

        Raises:
            SpecError: there is none; the message names near ones.
        """
        try:
            return self.rules[rule_id]
        except KeyError:
            raise SpecError(_unknown("rule", rule_id, self.rules)) from None

    def where(self, *effects: Effect) -> list[Operation]:
        """Operations in order of name, filtered by effect (all by default)."""
        return [one for one in self.operations.values() if not effects or one.traits.effect in effects]

    def listing(self, operation: str) -> tuple[str, str] | None:
        """The member of the operation's answer that lists resources, and the member with the id of an item."""
        for resource in self.resources.values():
            describe = resource.describe
            if describe is not None and operation in (describe.operation, *describe.also):
                return describe.list, resource.id
        return None

    def schema(self, shape: str) -> Json:
        """The self-contained schema of one shared shape."""
        return closed({"$ref": f"#/$defs/{shape}"}, self.shapes)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no {what} is called {name!r}{hint}"


def resolve(schema: Json, root: Json) -> Json:
    """`schema` with a `$ref` into `root`'s `$defs` followed; siblings of the `$ref` are kept."""
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = {
            **root["$defs"][name],
            **{key: value for key, value in schema.items() if key not in ("$ref", "$defs")},
        }
    return schema


def references(schema: Any) -> Iterator[str]:
    """The names of the shapes that `schema` refers to directly."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for key, value in schema.items():
            if key != "$defs":
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def closed(schema: Json, shapes: Mapping[str, Json]) -> Json:
    """`schema` with all the shapes that it reaches under `$defs`."""
    definitions: dict[str, Json] = {}
    waiting = list(references(schema))
    while waiting:
        name = waiting.pop()
        if name not in definitions:
            definitions[name] = shapes[name]
            waiting.extend(references(shapes[name]))
    local = json.loads(json.dumps(schema).replace("../shapes.json#/$defs/", "#/$defs/"))
    return {**local, "$defs": dict(sorted(definitions.items()))}


def root() -> Path:
    """The folder `specs/`, in an installed wheel or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "_suite" / "specs", package.parent / "specs"):
        if folder.is_dir():
            return folder
    raise SpecError(f"no specs/ beside {package}; reinstall dxcontract or use a complete checkout")


def read(path: Path) -> Json:
    """One JSON file of `specs/`.

    Raises:
        SpecError: it cannot be read, is no JSON, or is no object; the message names the file.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise SpecError(f"{path}: an object was expected")
    return document


def _operations(folder: Path, shapes: Mapping[str, Json], names: Iterable[str], traits: Json) -> dict[str, Operation]:
    operations = {}
    for name in sorted(names):
        document = read(folder / "operations" / f"{name}.json")
        if name not in traits:
            raise SpecError(f"specs/traits.json has no entry for {name}; add one")
        own = traits[name]
        operations[name] = Operation(
            name=name,
            request=closed(document["request"], shapes),
            response=closed(document["response"], shapes),
            errors=tuple(document["errors"]),
            deprecated=document["deprecated"],
            pagination=document.get("pagination"),
            checksum=document["checksum"],
            traits=Traits(
                effect=own["effect"],
                cost=own["cost"],
                partner_only=own["partnerOnly"],
                resource=own["resource"],
                takes=own["takes"],
                gives=own["gives"],
                caller=own["caller"],
                made={
                    pointer: Made(how.get("by"), how.get("role"), how.get("with", {}), tuple(how.get("shares", ())))
                    for pointer, how in own["made"].items()
                },
                before=tuple(own["before"]),
                reference_2018=own["reference2018"],
            ),
        )
    return operations


def _rules(folder: Path, operations: Iterable[str], families: Mapping[str, Json]) -> dict[str, Rule]:
    every = tuple(operations)
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.json")):
        document = read(path)
        for entry in document["rules"]:
            if entry["id"] in rules:
                raise SpecError(f"{path}: rule {entry['id']} is defined twice")
            errors = _errors(path, entry, families)
            rules[entry["id"]] = Rule(
                id=entry["id"],
                subject=document["subject"],
                operations=every if entry["operations"] == "all" else tuple(entry["operations"]),
                statement=f"{entry['statement']} The error is {_either(errors)}." if errors else entry["statement"],
                level=entry["level"],
                evidence=entry["evidence"],
                sources=tuple(Citation(place["source"], place["at"]) for place in entry["sources"]),
                errors=errors,
                note=entry.get("note", ""),
                placeless=entry.get("placeless", False),
            )
    return rules


def _errors(path: Path, entry: Json, families: Mapping[str, Json]) -> tuple[str, ...]:
    """The error types of a rule's refusal; none for a rule that asks for no refusal."""
    if "refusal" not in entry:
        return ()
    if entry["refusal"] not in families:
        raise SpecError(f"{path}: {entry['id']}: {_unknown('family of errors', entry['refusal'], families)}")
    return tuple(families[entry["refusal"]]["types"])


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _resource(kind: str, entry: Json) -> Resource:
    describe = entry["describe"]
    return Resource(
        kind=kind,
        id=entry["id"],
        name=entry["name"],
        state=entry["state"],
        shape=entry["shape"],
        id_pattern=entry["idPattern"],
        arn=entry["arn"],
        made_by=entry["madeBy"],
        caller=entry["caller"],
        describe=None
        if describe is None
        else Describe(describe["operation"], describe["filter"], describe["list"], tuple(describe["also"])),
        deleted_by=entry["deletedBy"],
        ready=tuple(entry["ready"]),
        gone=tuple(entry["gone"]),
    )


@functools.cache
def load(folder: Path | None = None) -> Spec:
    """Read `specs/` (or `folder`).

    Raises:
        SpecError: something is missing or contradicts itself; the message names the file.
    """
    base = folder or root()
    index = read(base / "model" / "index.json")
    shapes = read(base / "model" / "shapes.json")["$defs"]
    operations = _operations(base / "model", shapes, index["operations"], read(base / "traits.json")["operations"])
    errors = read(base / "errors.json")
    return Spec(
        root=base,
        index=index,
        shapes=shapes,
        operations=operations,
        rules=_rules(base / "rules", operations, errors["families"]),
        sources=read(base / "sources.json")["sources"],
        common_errors=errors["common"],
        error_status={name: tuple(statuses) for name, statuses in errors["status"].items()},
        observed_values={name: tuple(entry["values"]) for name, entry in read(base / "observed.json")["enums"].items()},
        values=read(base / "values.json")["operations"],
        resources={kind: _resource(kind, entry) for kind, entry in read(base / "resources.json")["resources"].items()},
    )
