"""Valid requests for an operation with the resources of a world.

The resources that a request needs (such as a connection to update or a gateway) are created first through the model,
and the request contains their handles. Other values (names, bandwidths, VLANs) come from `specs/values.json`, which
states the documented valid values of each member. Optional members that it does not list are omitted.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any, Final, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Operation, Spec, resolve
from dxcontract.wire.credentials import ROLES, Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import some_virtual_private_gateway
from strategies.values import conforming
from strategies.world import AccountId, Arn, Handle, World, partition_of

TAG_KEY: Final = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_.:/=+-@ äßЖ語"), min_size=1, max_size=24
)
TAG_VALUE: Final = st.text(st.sampled_from("abcxyzABCXYZ0123456789_.:/=+-@ éñ"), max_size=24)
PUBLIC_PREFIXES: Final = IPv4Network("210.52.109.0/24")
"""The prefix that public virtual interfaces advertise in these requests, from Terraform's acceptance tests."""
_ABSENT: Final = object()


def tags(most: int = 4) -> SearchStrategy[list[dict[str, str]]]:
    """Lists of tags with distinct keys, without the reserved prefix `aws:` and without outer blanks."""
    entry = st.fixed_dictionaries({"key": TAG_KEY.map(_plain), "value": TAG_VALUE.map(str.strip)})
    return st.lists(entry, min_size=1, max_size=most, unique_by=lambda tag: tag["key"])


def _plain(key: str) -> str:
    stripped = key.strip() or "k"
    return f"x{stripped}" if stripped.lower().startswith("aws:") else stripped


@dataclass
class Scene:
    """The resources that the request of one operation needs, each created on first use."""

    world: World
    operation: Operation
    role: Role | None = None
    taken: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> Role:
        """The calling role: the given one, or else the default of the operation."""
        return self.role or role_called(self.operation.traits.caller)

    def take(self, pointer: str) -> Any:
        """The value that the request needs at `pointer`: a handle, an ARN, an account id, or a listed id.

        Raises:
            Unsupported, Indeterminate: the target does not allow it.
        """
        if pointer not in self.taken:
            self.taken[pointer] = self._made(pointer, self.operation.traits.takes[pointer])
        return self.taken[pointer]

    def _made(self, pointer: str, kind: str) -> Any:
        how = self.operation.traits.made.get(pointer)
        role = role_called(how.role) if how and how.role else self.caller
        if kind == "account":
            return AccountId(role)
        if kind == "arn":
            return Arn(arrange(self.world, "connection", role=role))
        if kind == "virtual-gateway":
            return some_virtual_private_gateway(self.world, role)
        return arrange(
            self.world,
            kind,
            role=role,
            operation=how.by if how else None,
            members=how.members if how else {},
            shared={one: self.take(one) for one in how.shares} if how else {},
        )

    def filled(self, tree: Any) -> Any:
        """A drawn request with its placeholders filled; the resources that it needs are created now.

        Raises:
            Unsupported, Indeterminate: the target does not allow a resource that the request needs.
        """
        if isinstance(tree, dict):
            return {name: self.filled(value) for name, value in self._available(tree).items()}
        if isinstance(tree, list):
            return [self.filled(value) for value in tree]
        if not isinstance(tree, _Place):
            return tree
        if tree.what == "taken":
            return self.take(tree.pointer)
        if tree.what == "name":
            return self.world.name()
        if tree.what == "location":
            return self.world.location()
        region, account = self.world.api.target.region, self.world.account_id("owner")
        return f"arn:{partition_of(region)}:secretsmanager:{region}:{account}:secret:dxcontract"

    def _available(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        """A request with a bandwidth that its location or its partner offers."""
        if isinstance(tree.get("bandwidth"), str) and "ownerAccount" in tree:
            return {**tree, "bandwidth": self.world.hosted_bandwidth(tree["bandwidth"])}
        member = next((one for one in ("bandwidth", "connectionsBandwidth") if one in tree), "")
        place = tree.get("location")
        if not member or not isinstance(place, _Place):
            return tree
        code, bandwidth = self.world.port(tree[member])
        return {**tree, "location": code, member: bandwidth}

    def before(self) -> None:
        """Performs the operations that must precede on the same resources (`before` in the operation's traits).

        Raises:
            Unsupported, Indeterminate: the target lacks or refused an operation.
        """
        for name in self.operation.traits.before:
            earlier = Scene(self.world, self.world.spec.operation(name), self.caller, self.taken)
            params = least(earlier)
            done(self.world.call(name, params, role=earlier.caller))


def done(exchange: Exchange) -> Exchange:
    """The exchange of a step that a test needs, which must succeed.

    Raises:
        Indeterminate: the step failed, so that the check is not possible.
    """
    if not exchange.succeeded:
        raise Indeterminate(
            f"{exchange.operation}, which this test needs first, was answered {exchange.told()} {exchange.why()}"
        )
    return exchange


def role_called(text: str) -> Role:
    """The role with this name."""
    return next(role for role in ROLES if role == text)


def arrange(
    world: World,
    kind: str,
    *,
    role: Role | None = None,
    operation: str | None = None,
    members: Mapping[str, Any] | None = None,
    shared: Mapping[str, Any] | None = None,
    settle: bool = True,
) -> Handle:
    """Creates a resource of this kind with the smallest valid request, and all resources that it needs.

    `members` are merged into the request at any depth (None removes a member); `shared` gives pointers that are already
    decided.

    Raises:
        Unsupported, Indeterminate: the target does not allow it.
    """
    resource = world.spec.resources[kind]
    how = world.spec.operation(operation or resource.made_by or "")
    scene = Scene(world, how, role if how.traits.caller == "owner" or operation else None, dict(shared or {}))
    params = merged(least(scene), members or {})
    scene.before()
    return world.make(kind, params, operation=how.name, role=scene.caller, settle=settle)


def merged(tree: Any, changes: Mapping[str, Any]) -> Json:
    """`tree` with `changes`: objects are merged, None removes a member, and other values replace."""
    result = dict(tree) if isinstance(tree, Mapping) else {}
    for name, change in changes.items():
        if change is None:
            result.pop(name, None)
        elif isinstance(change, Mapping):
            result[name] = merged(result.get(name), change)
        else:
            result[name] = change
    return result


def least(scene: Scene) -> Json:
    """The smallest valid request: required members and those that `specs/values.json` demands, with their first values.

    Raises:
        Unsupported, Indeterminate: the target does not allow a resource that the request needs.
    """
    parts = _parts(scene.world.spec, scene.operation)
    request = _assembled({pointer: part.first for pointer, part in parts.items() if not part.optional})
    filled: Json = scene.filled(request)
    return filled


def valid(spec: Spec, operation: Operation) -> SearchStrategy[Json]:
    """Strategy for valid requests, with placeholders for the values of a world, which `Scene.filled` fills after the
    draw.

    Nothing here depends on the target, so that a replay draws the same values on any target.
    """
    parts = _parts(spec, operation)
    drawn = {
        pointer: st.one_of(part.strategy, st.just(_ABSENT)) if part.optional else part.strategy
        for pointer, part in parts.items()
    }
    return st.fixed_dictionaries(drawn).map(_assembled)


@dataclass(frozen=True)
class _Place:
    """A placeholder in a drawn request for a value of a world."""

    pointer: str
    what: Literal["taken", "name", "location", "secret"]


@dataclass(frozen=True)
class _Part:
    """One member of a request: its values, the first value, and whether it is optional."""

    strategy: SearchStrategy[Any]
    first: Any
    optional: bool = False


def _parts(spec: Spec, operation: Operation) -> Mapping[str, _Part]:
    if operation.checksum not in _PARTS:
        values = spec.values.get(operation.name, {})
        needed = [
            one
            for one in required(operation)
            if not any(one.startswith(f"{listed}/") or listed.startswith(f"{one}/") for listed in values)
        ]
        _PARTS[operation.checksum] = {
            pointer: _part(operation, pointer, values.get(pointer, {})) for pointer in dict.fromkeys([*needed, *values])
        }
    return _PARTS[operation.checksum]


def _fixed(value: Any) -> _Part:
    return _Part(st.just(value), value)


_PARTS: dict[str, Mapping[str, _Part]] = {}


def _part(operation: Operation, pointer: str, entry: Json) -> _Part:
    """The values of a member from its entry in `specs/values.json`, or from its modelled shape without an entry."""
    kind = operation.traits.takes.get(pointer)
    if kind == "location" and not entry.get("location"):
        raise ValueError(f"specs/values.json: {operation.name}{pointer} names a location; say so there")
    what: Literal["taken", "name", "location", "secret"]
    for what in ("location", "name", "secret"):
        if entry.get(what):
            return _fixed(_Place(pointer, what))
    if kind is not None:
        return _fixed(_Place(pointer, "taken"))
    if entry.get("tags"):
        optional = not any(one.startswith(pointer) for one in required(operation))
        return _Part(tags(), [{"key": "dxcontract", "value": "yes"}], optional)
    if entry.get("tagKeys"):
        return _Part(st.lists(TAG_KEY.map(_plain), min_size=1, max_size=4, unique=True), ["dxcontract"])
    if entry.get("prefixes") == "private":
        return _Part(prefixes(), [{"cidr": "10.0.0.0/16"}])
    if entry.get("prefixes") == "public":
        return _Part(public_prefixes(), [{"cidr": str(PUBLIC_PREFIXES)}])
    if "enum" in entry:
        return _Part(st.sampled_from(entry["enum"]), entry["enum"][0], bool(entry.get("optional")))
    modelled = {key: value for key, value in _member_schema(operation, pointer).items() if key != "$defs"}
    narrowed = {key: value for key, value in entry.items() if key != "optional"}
    schema = {**modelled, **narrowed, "$defs": operation.request["$defs"]}
    return _Part(conforming(schema), _first(schema), bool(entry.get("optional")))


def prefixes() -> SearchStrategy[list[dict[str, str]]]:
    """Distinct IPv4 prefixes of 10.0.0.0/8, from /8 to /24."""
    octets = st.tuples(st.integers(0, 255), st.integers(0, 255))
    return st.lists(
        octets.map(lambda pair: {"cidr": f"10.{pair[0]}.{pair[1]}.0/24"}), min_size=1, max_size=4, unique_by=str
    )


def public_prefixes() -> SearchStrategy[list[dict[str, str]]]:
    """Distinct public IPv4 prefixes, as a public virtual interface advertises them."""
    blocks = [str(one) for one in PUBLIC_PREFIXES.subnets(new_prefix=28)]
    return st.lists(st.sampled_from(blocks).map(lambda block: {"cidr": block}), min_size=1, max_size=4, unique_by=str)


def _first(schema: Json) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    return {
        "string": "dxcontract",
        "integer": max(1, schema.get("minimum", 1)),
        "boolean": False,
        "number": 1,
        "array": [],
        "object": {},
    }[schema["type"]]


def required(operation: Operation) -> list[str]:
    """Pointers to all required members, including nested ones; `/*` for the one item of a required array."""
    return list(_required(operation.request, operation.request, ""))


def _required(schema: Json, root: Json, pointer: str) -> list[str]:
    node = resolve(schema, root)
    if node["type"] == "object":
        nested = [
            place
            for name in node.get("required", ())
            for place in _required(node["properties"][name], root, f"{pointer}/{name}")
        ]
        return nested or ([pointer] if pointer else [])
    names_resources = pointer.endswith(("Arns", "Ids", "Identifiers"))
    if node["type"] == "array" and (names_resources or node.get("minItems", 0) > 0):
        return _required(node["items"], root, f"{pointer}/*")
    return [pointer]


@functools.lru_cache(maxsize=4096)
def _schema_at(spec_checksum: str, name: str, pointer: str) -> Json:
    spec: Spec = specs.load()
    schema = spec.operation(name).request
    for step in pointer.split("/")[1:]:
        node = resolve(schema, spec.operation(name).request)
        schema = node["items"] if step == "*" else node["properties"][step]
    return resolve(schema, spec.operation(name).request)


def _member_schema(operation: Operation, pointer: str) -> Json:
    return _schema_at(operation.checksum, operation.name, pointer)


def _assembled(parts: Mapping[str, Any]) -> Json:
    tree: Json = {}
    for pointer, value in parts.items():
        if value is not _ABSENT:
            steps = pointer.split("/")[1:]
            _put(tree, steps, value)
    return tree


def _put(tree: Json, steps: list[str], value: Any) -> None:
    step, *rest = steps
    if not rest:
        if not (value == {} and step in tree):
            tree[step] = value
    elif rest == ["*"]:
        tree[step] = [value]
    else:
        _put(tree.setdefault(step, {}), rest, value)
