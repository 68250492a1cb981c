"""Valid requests for an operation in a given world.

What a request takes (a connection to update, a gateway to attach to) is made first, through the model; it stands in
the request as a handle. What it says (names, bandwidths, VLANs) comes from `specs/values.json`, which states for each
member the values that are documented as valid; optional members that are not listed there are left out.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dxcontract.exchange import Exchange
from dxcontract.pointers import at
from dxcontract.spec import Json, Operation, Spec, resolve
from dxcontract.target import ROLES, Role
from dxcontract.verdict import Indeterminate
from strategies.ec2 import virtual_private_gateway
from strategies.shapes import conforming
from strategies.world import AccountId, Arn, Handle, World

TAG_KEY: Final = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_.:/=+-@ äßЖ語"), min_size=1, max_size=24
)
TAG_VALUE: Final = st.text(st.sampled_from("abcxyzABCXYZ0123456789_.:/=+-@ éñ"), max_size=24)
_ABSENT: Final = object()


def tags(most: int = 4) -> SearchStrategy[list[dict[str, str]]]:
    """Tag lists with distinct keys, none under the reserved prefix `aws:`, keys and values without outer blanks."""
    entry = st.fixed_dictionaries({"key": TAG_KEY.map(_plain), "value": TAG_VALUE.map(str.strip)})
    return st.lists(entry, min_size=1, max_size=most, unique_by=lambda tag: tag["key"])


def _plain(key: str) -> str:
    stripped = key.strip() or "k"
    return f"x{stripped}" if stripped.lower().startswith("aws:") else stripped


@dataclass
class Scene:
    """The resources that one operation's request takes, each made when it is first asked for."""

    world: World
    operation: Operation
    role: Role | None = None
    taken: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> Role:
        """Who calls: the role asked for, else the one that the operation is meant for."""
        return self.role or role_called(self.operation.traits.caller)

    def take(self, pointer: str) -> Any:
        """What the request names at `pointer`: a handle, an ARN, an account id, or an id that the target lists.

        Raises:
            Unsupported, Indeterminate: it cannot be had on this target.
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
            return virtual_gateway(self.world, role)
        return arrange(
            self.world,
            kind,
            role=role,
            operation=how.by if how else None,
            members=how.members if how else {},
            shared={one: self.take(one) for one in how.shares} if how else {},
        )

    def before(self) -> None:
        """Do what must have been done on the same resources first (`before` in the operation's traits).

        Raises:
            Unsupported, Indeterminate: the target lacks that, or refused it.
        """
        for name in self.operation.traits.before:
            earlier = Scene(self.world, self.world.spec.operation(name), self.caller, self.taken)
            params = least(earlier)
            done(self.world.call(name, params, role=earlier.caller))


def done(exchange: Exchange) -> Exchange:
    """The exchange of a step that a test needs, which must have succeeded.

    Raises:
        Indeterminate: it did not, so that the test's question could not be put.
    """
    if not exchange.succeeded:
        raise Indeterminate(
            f"{exchange.operation}, which this test needs first, was answered {exchange.told()} "
            f"{exchange.error_message:.100}"
        )
    return exchange


def role_called(text: str) -> Role:
    """The role of that name."""
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
    """Make a resource of this kind with the least that a request for it needs, and all that this needs in turn.

    `members` are merged into the request, at any depth (None takes a member out); `shared` gives pointers that are
    already decided.

    Raises:
        Unsupported, Indeterminate: it cannot be had on this target.
    """
    resource = world.spec.resources[kind]
    how = world.spec.operation(operation or resource.made_by or "")
    scene = Scene(world, how, role if how.traits.caller == "owner" or operation else None, dict(shared or {}))
    params = merged(least(scene), members or {})
    scene.before()
    return world.make(kind, params, operation=how.name, role=scene.caller, settle=settle)


def merged(tree: Any, changes: Mapping[str, Any]) -> Json:
    """`tree` with `changes` in it: objects are merged, None takes a member out, all else replaces."""
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
    """The smallest valid request: required members and those that `specs/values.json` asks for, first values."""
    parts = _parts(scene)
    return _assembled({pointer: part.first for pointer, part in parts.items() if not part.optional})


def valid(scene: Scene) -> SearchStrategy[Json]:
    """Valid requests for the scene's operation; what they take is made now, before anything is drawn.

    Raises:
        Unsupported, Indeterminate: what they take cannot be had on this target.
    """
    parts = _parts(scene)
    drawn = {
        pointer: st.one_of(part.strategy, st.just(_ABSENT)) if part.optional else part.strategy
        for pointer, part in parts.items()
    }
    return st.fixed_dictionaries(drawn).map(_assembled)


@dataclass(frozen=True)
class _Part:
    """One member of a request: its values, the first of them, and whether it may be left out."""

    strategy: SearchStrategy[Any]
    first: Any
    optional: bool = False


def _parts(scene: Scene) -> dict[str, _Part]:
    operation = scene.operation
    values = scene.world.spec.values.get(operation.name, {})
    parts: dict[str, _Part] = {}
    needed = [one for one in required(operation) if not any(one.startswith(f"{listed}/") for listed in values)]
    for pointer in dict.fromkeys([*needed, *values]):
        if pointer in operation.traits.takes and not values.get(pointer, {}).get("location"):
            if operation.traits.takes[pointer] == "location":
                raise ValueError(f"specs/values.json: {operation.name}{pointer} names a location; say so there")
            parts[pointer] = _just(scene.take(pointer))
        else:
            parts[pointer] = _part(scene.world, operation, pointer, values.get(pointer, {}))
    return parts


def _just(value: Any) -> _Part:
    return _Part(st.just(value), value)


def _part(world: World, operation: Operation, pointer: str, entry: Json) -> _Part:
    """A member's values by its entry in `specs/values.json`; by its modelled shape when it has none."""
    if entry.get("location"):
        return _just(world.location())
    if entry.get("name"):
        return _just(world.name())
    if entry.get("secret"):
        return _just(f"arn:aws:secretsmanager:{world.api.target.region}:{world.account_id('owner')}:secret:dxcontract")
    if entry.get("tags"):
        optional = not any(one.startswith(pointer) for one in required(operation))
        return _Part(tags(), [{"key": "dxcontract", "value": "yes"}], optional)
    if entry.get("tagKeys"):
        return _Part(st.lists(TAG_KEY.map(_plain), min_size=1, max_size=4, unique=True), ["dxcontract"])
    if entry.get("prefixes"):
        return _Part(prefixes(), [{"cidr": "10.0.0.0/16"}])
    if "enum" in entry:
        return _Part(st.sampled_from(entry["enum"]), entry["enum"][0], bool(entry.get("optional")))
    modelled = {key: value for key, value in _member_schema(operation, pointer).items() if key != "$defs"}
    narrowed = {key: value for key, value in entry.items() if key != "optional"}
    schema = {**modelled, **narrowed, "$defs": operation.request["$defs"]}
    return _Part(conforming(schema), _first(schema), bool(entry.get("optional")))


def prefixes() -> SearchStrategy[list[dict[str, str]]]:
    """Distinct IPv4 prefixes, from /8 to /24, of 10.0.0.0/8."""
    octets = st.tuples(st.integers(0, 255), st.integers(0, 255))
    return st.lists(
        octets.map(lambda pair: {"cidr": f"10.{pair[0]}.{pair[1]}.0/24"}), min_size=1, max_size=4, unique_by=str
    )


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
    """Pointers of all members that a request must carry, nested ones too; `/*` for the one item of a needed array."""
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
    from dxcontract import spec as specs

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


def virtual_gateway(world: World, role: Role) -> str:
    """The id of a virtual private gateway of this account that can be used.

    Raises:
        Unsupported: the target lists none and has no EC2 to make one.
        Indeterminate: EC2 refused.
    """
    exchange = world.api.call("DescribeVirtualGateways", role=role)
    resource = world.spec.resources["virtual-gateway"]
    usable = [
        item[resource.id]
        for item in at(exchange.json, "/virtualGateways/*")
        if isinstance(item, dict) and item.get(resource.state) in resource.ready
    ]
    return str(usable[0]) if usable else virtual_private_gateway(world, role)
