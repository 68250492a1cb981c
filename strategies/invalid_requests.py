"""Near misses: valid requests with exactly one violated constraint, labelled with its rule.

The near misses of a request and their order depend only on its schema and traits. The valid request is a tree of dicts
and lists. Other objects in it (placeholders for ids, resolved later) are passed on unchanged.

A pointer has `*` for an array item; the first item is the one that changes.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dxcontract.spec.model import Json, Operation, resolve

REQUIRED: Final = "requests.required-members"
TYPES: Final = "requests.member-types"
ENUMS: Final = "requests.enum-values"
LENGTHS: Final = "requests.lengths"
PATTERNS: Final = "requests.patterns"
MALFORMED_IDS: Final = "requests.malformed-ids"
MALFORMED_OTHER_IDS: Final = "requests.malformed-ids-other-kinds"
UNKNOWN_IDS_RULE: Final = "requests.unknown-ids"
NULLS: Final = "requests.null-is-absent"
DUPLICATES: Final = "requests.duplicate-members"
SURPLUS: Final = "requests.surplus-members"

SURPLUS_MEMBER: Final = "memberThatNobodyModelled"
NOT_AN_ID: Final = "57ff76d2-not-an-id"

_UNKNOWN_UUID: Final = "ffffffff-ffff-4fff-8fff-ffffffffff00"

UNKNOWN_IDS: Final[Mapping[str, str]] = {
    "association-proposal": _UNKNOWN_UUID,
    "bgp-peer": "dxpeer-ffffff00",
    "connection": "dxcon-ffffff00",
    "direct-connect-gateway": _UNKNOWN_UUID,
    "gateway-association": _UNKNOWN_UUID,
    "hosted-connection": "dxcon-ffffff00",
    "interconnect": "dxcon-ffffff00",
    "lag": "dxlag-ffffff00",
    "resiliency-group": "dxrg-ffffffffffffff000",
    "virtual-gateway": "vgw-ffffff00",
    "virtual-interface": "dxvif-ffffff00",
}
"""By kind of resource, a well-formed id without a resource. The forms are those of recorded AWS ids."""

_NO_RESOURCES: Final = frozenset({"account", "location", "arn"})

# Malformed ids of these kinds AWS was seen to refuse (equinix/terraform-provider-equinix#22, the recording
# nonexistent_lag_status, hashicorp/terraform-provider-aws#9317), ...
_SEEN_REFUSED: Final = frozenset({"connection", "lag", "gateway-association"})
# ... and in these lists, although they only filter.
_SEEN_REFUSED_IN: Final = frozenset({"DescribeConnections", "DescribeLags", "DescribeDirectConnectGatewayAssociations"})

# The user guide allows values of tags more characters than the model does (user-guide-2023: using-tags.md).
DISPUTED_LENGTHS: Final[Mapping[str, int]] = {"TagValue": 265}

TYPE_BOUNDS: Final = frozenset({-(2**31), 2**31 - 1, -(2**63), 2**63 - 1})

_WRONG: Final[Mapping[str, Any]] = {
    "a string": "text",
    "a number": 7,
    "a boolean": True,
    "an array": ["text"],
    "an object": {"name": "text"},
}
_RIGHT: Final[Mapping[str, str]] = {
    "string": "a string",
    "integer": "a number",
    "number": "a number",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
}


Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Raw:
    """A body that no JSON value expresses: `tree` with the member at `path` written twice, with the same value."""

    tree: Any
    path: Path

    def text(self, encode: Callable[[Any], str] = json.dumps) -> str:
        """The JSON text; `encode` writes ordinary values and may resolve placeholders."""
        return _doubled(self.tree, self.path, encode)


def _doubled(tree: Any, path: Path, encode: Callable[[Any], str]) -> str:
    here, rest = path[0], path[1:]
    if isinstance(tree, list):
        items = (_doubled(item, rest, encode) if index == here else encode(item) for index, item in enumerate(tree))
        return f"[{','.join(items)}]"
    written = []
    for name, value in tree.items():
        inside = name == here and rest
        member = f"{json.dumps(name)}:{_doubled(value, rest, encode) if inside else encode(value)}"
        written += [member, member] if name == here and not rest else [member]
    return f"{{{','.join(written)}}}"


# Scalars that a server may convert; no source says that it must not.
_CONVERTIBLE: Final = frozenset(
    {
        ("a number", "a string"),
        ("a string", "a number"),
        ("a string", "a boolean"),
        ("a number", "a boolean"),
    }
)


def convertible(value: Any, kind: str) -> bool:
    """Whether a server may convert `value` to the modelled JSON type `kind`."""
    worded = (
        "a boolean" if isinstance(value, bool) else next((w for w, v in _WRONG.items() if type(v) is type(value)), "")
    )
    return (worded, _RIGHT[kind]) in _CONVERTIBLE


@dataclass(frozen=True)
class NearMiss:
    """A request with one flaw.

    `rule` is the rule that forbids the flaw or states that it is ignored, `pointer` its place, `what` its description,
    and `body` the whole request (or a `Raw`). If `refused`, the request must be refused; otherwise it must be treated
    like the request without the flaw. `also` is another result that the rule or the sources allow: an empty list, an
    accepted request (for example after a conversion), or a refusal.
    """

    rule: str
    pointer: str
    what: str
    body: Any
    refused: bool
    also: Literal["empty", "accepted", "refused"] | None = None


@dataclass(frozen=True)
class _Place:
    """One member or item that a request has or could have."""

    path: Path
    shape: str
    schema: Json
    required: bool
    present: bool
    value: Any
    kind: str | None
    """The kind of resource of its id, from the traits of the operation."""

    @property
    def pointer(self) -> str:
        return _pointer(self.path)

    @property
    def name(self) -> str:
        """The name of the member for the reader: `vlan`, or `tagKeys` item."""
        named = [step for step in self.path if isinstance(step, str)]
        return f"item of `{named[-1]}`" if isinstance(self.path[-1], int) else f"`{named[-1]}`"

    @property
    def is_item(self) -> bool:
        return isinstance(self.path[-1], int)


def near_misses(operation: Operation, valid: Json) -> Iterator[NearMiss]:
    """All near misses of `valid`, a valid request for `operation`, always the same and in the same order.

    These flaws are left out, because no source states the response:

    - null for a present optional member: the request without it may mean something else or be invalid;
    - an empty string for an optional id: it may count as absent;
    - an absent optional id in an operation that changes something: alternatives may exclude each other.
    """
    places = list(_places(operation, operation.request, valid, ()))
    for place in places:
        if place.present:
            yield from _missing(valid, place)
            yield from _mistyped(valid, place)
        yield from _out_of_enum(valid, place)
        yield from _out_of_length(operation, valid, place)
        yield from _out_of_pattern(valid, place)
        yield from _with_wrong_ids(operation, valid, place)
        yield from _null(valid, place)
    yield from _duplicates(valid, places)
    yield from _surplus(operation, valid, places)


def _pointer(path: Path) -> str:
    return "".join(f"/{'*' if isinstance(step, int) else step}" for step in path)


def _places(operation: Operation, schema: Json, value: Any, path: Path) -> Iterator[_Place]:
    node = resolve(schema, operation.request)
    takes = operation.traits.takes
    if node["type"] == "object" and isinstance(value, dict):
        for name, member in node.get("properties", {}).items():
            inner = resolve(member, operation.request)
            here = (*path, name)
            present = name in value
            required = name in node.get("required", ())
            kind = takes.get(_pointer(here))
            yield _Place(here, _shape(member), inner, required, present, value.get(name), kind)
            if present:
                yield from _places(operation, inner, value[name], here)
    elif node["type"] == "array" and isinstance(value, list) and value:
        here = (*path, 0)
        inner = resolve(node["items"], operation.request)
        yield _Place(here, _shape(node["items"]), inner, True, True, value[0], takes.get(_pointer(here)))
        yield from _places(operation, inner, value[0], here)


def _shape(schema: Json) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _with(tree: Any, path: Path, value: Any) -> Any:
    """`tree` with `value` at `path`; unchanged parts are shared."""
    if not path:
        return value
    here: Any = path[0]
    if isinstance(tree, list):
        return [_with(item, path[1:], value) if index == here else item for index, item in enumerate(tree)]
    return {**tree, here: _with(tree.get(here), path[1:], value)}


def _without(tree: Any, path: Path) -> Any:
    """`tree` without the member at `path`; unchanged parts are shared."""
    here: Any = path[0]
    if len(path) == 1:
        return {name: value for name, value in tree.items() if name != here}
    return _with(tree, (here,), _without(tree[here], path[1:]))


def _missing(valid: Json, place: _Place) -> Iterator[NearMiss]:
    if place.required and not place.is_item:
        what = f"required member {place.name} left out"
        yield NearMiss(REQUIRED, place.pointer, what, _without(valid, place.path), refused=True)


def _mistyped(valid: Json, place: _Place) -> Iterator[NearMiss]:
    kind = place.schema["type"]
    right = _RIGHT[kind]
    for worded, wrong in _WRONG.items():
        if worded != right:
            what = f"{place.name} is {worded}, not {right if kind != 'integer' else 'an integer'}"
            also: Literal["accepted"] | None = "accepted" if (worded, right) in _CONVERTIBLE else None
            yield NearMiss(TYPES, place.pointer, what, _with(valid, place.path, wrong), True, also)
    if kind == "integer":
        for wrong, how in ((1.5, "no integer"), *_beyond(place, of_type=True)):
            what = f"{place.name} is {wrong}, {how}"
            yield NearMiss(TYPES, place.pointer, what, _with(valid, place.path, wrong), True, "accepted")


def _beyond(place: _Place, *, of_type: bool) -> Iterator[tuple[int, str]]:
    """One integer beyond each bound: the bounds of 32 or 64 bits, or those of the model."""
    for bound, step in (("minimum", -1), ("maximum", 1)):
        limit = place.schema.get(bound)
        if limit is not None and (limit in TYPE_BOUNDS) == of_type:
            yield limit + step, f"beyond its {bound}"


def _out_of_enum(valid: Json, place: _Place) -> Iterator[NearMiss]:
    allowed = place.schema.get("enum")
    if allowed is None:
        return
    chosen = place.value if isinstance(place.value, str) and place.value in allowed else allowed[0]
    for how, wrong in (("no value of its enum", f"no-{chosen}"), ("in the wrong case", chosen.swapcase())):
        if wrong not in allowed:
            what = f"{place.name} is {wrong!r}, {how}"
            yield NearMiss(ENUMS, place.pointer, what, _with(valid, place.path, wrong), refused=True)


def _out_of_length(operation: Operation, valid: Json, place: _Place) -> Iterator[NearMiss]:
    schema = place.schema
    if schema["type"] == "array" and place.present and isinstance(place.value, list):
        if (least := schema.get("minItems", 0)) > 0:
            none = place.shape == "TagList" and operation.traits.effect == "create"
            how = f"{least - 1} items, {least} at least"
            yield _length(valid, place, place.value[:1] * (least - 1), how, "accepted" if none else None)
        if "maxItems" in schema and place.value:
            most = schema["maxItems"]
            yield _length(valid, place, place.value[:1] * (most + 1), f"{most + 1} items, {most} at most")
    if schema["type"] == "string" and "enum" not in schema:
        if (least := schema.get("minLength", 0)) > 0:
            yield _length(valid, place, _sized(place, least - 1), f"{least - 1} characters, {least} at least")
        if "maxLength" in schema:
            most = max(schema["maxLength"], DISPUTED_LENGTHS.get(place.shape, 0))
            yield _length(valid, place, _sized(place, most + 1), f"{most + 1} characters, {most} at most")
    if schema["type"] == "integer":
        for wrong, how in _beyond(place, of_type=False):
            yield _length(valid, place, wrong, f"the value {wrong}, {how}")


def _length(valid: Json, place: _Place, wrong: Any, how: str, also: Literal["accepted"] | None = None) -> NearMiss:
    return NearMiss(LENGTHS, place.pointer, f"{place.name} has {how}", _with(valid, place.path, wrong), True, also)


def _sized(place: _Place, length: int) -> str:
    """A string of this length that begins with the current value, if known, and repeats its last character."""
    base = _example(place)
    return (base + base[-1] * length)[:length]


def _example(place: _Place) -> str:
    """A string for this place: the current value, or a neutral one if it is absent, empty or a placeholder."""
    if isinstance(place.value, str) and place.value:
        return place.value
    if place.kind is not None and place.kind in UNKNOWN_IDS:
        return UNKNOWN_IDS[place.kind]
    return "a" * max(1, int(place.schema.get("minLength", 0)))


def _out_of_pattern(valid: Json, place: _Place) -> Iterator[NearMiss]:
    if "pattern" in place.schema:
        # `!` is in no pattern of the model; in the place of the last character it leaves the length as it was.
        wrong = f"{_example(place)[:-1]}!"
        what = f"{place.name} is {wrong!r:.60}, against its pattern"
        yield NearMiss(PATTERNS, place.pointer, what, _with(valid, place.path, wrong), refused=True)


def _with_wrong_ids(operation: Operation, valid: Json, place: _Place) -> Iterator[NearMiss]:
    if place.kind is None or place.kind in _NO_RESOURCES:
        return
    unknown = UNKNOWN_IDS[place.kind]
    reads = operation.traits.effect == "read"
    empty: Literal["empty"] | None = "empty" if reads and list_in(operation) else None
    if place.present or reads:
        rule = malformed_rule(place.kind)
        seen = rule == MALFORMED_IDS and operation.name in _SEEN_REFUSED_IN
        also = None if seen else empty
        for wrong, how in _malformed(unknown, place.required):
            what = f"{place.name} is {wrong!r}, {how}"
            yield NearMiss(rule, place.pointer, what, _with(valid, place.path, wrong), True, also)
        what = f"{place.name} is {unknown}, which does not exist"
        yield NearMiss(UNKNOWN_IDS_RULE, place.pointer, what, _with(valid, place.path, unknown), True, empty)


def malformed_rule(kind: str) -> str:
    """The rule that forbids malformed ids of this kind of resource."""
    return MALFORMED_IDS if kind in _SEEN_REFUSED else MALFORMED_OTHER_IDS


def _malformed(well_formed: str, required: bool) -> Sequence[tuple[str, str]]:
    start, dash, _ = well_formed.partition("-")
    wrong = [(NOT_AN_ID, "no id"), (f"{start}{dash}not/an/id", "no id beyond its beginning")]
    return [*wrong, ("", "empty")] if required else wrong


def list_in(operation: Operation) -> str:
    """The pointer to the items of a response with an array at the top level, so that it can be an empty list instead of
    an error; empty if there is none."""
    members = resolve(operation.response, operation.response).get("properties", {})
    arrays = (name for name, member in members.items() if resolve(member, operation.response)["type"] == "array")
    return next((f"/{name}/*" for name in arrays), "")


def may_be_empty(operation: Operation, rule: str) -> str:
    """The pointer to the list that may be empty under this rule about unknown ids (`Contract.refused`); empty if only a
    refusal is allowed. Directed tests and machines use it."""
    seen = rule == MALFORMED_IDS and operation.name in _SEEN_REFUSED_IN
    about_ids = rule in (UNKNOWN_IDS_RULE, MALFORMED_IDS, MALFORMED_OTHER_IDS)
    return list_in(operation) if operation.traits.effect == "read" and about_ids and not seen else ""


def _null(valid: Json, place: _Place) -> Iterator[NearMiss]:
    if place.is_item or (place.present and not place.required):
        return
    what = f"{'required' if place.required else 'optional'} member {place.name} is null"
    yield NearMiss(NULLS, place.pointer, what, _with(valid, place.path, None), refused=place.required)


def _duplicates(valid: Json, places: Sequence[_Place]) -> Iterator[NearMiss]:
    """Each member of the top level, and the first member of each structure below; one parser handles the rest."""
    seen: set[Path] = set()
    for place in places:
        within = place.path[:-1]
        if place.present and not place.is_item and (not within or within not in seen):
            seen.add(within)
            what = f"member {place.name} written twice, both times the same"
            yield NearMiss(DUPLICATES, place.pointer, what, Raw(valid, place.path), False, "refused")


def _surplus(operation: Operation, valid: Json, places: Sequence[_Place]) -> Iterator[NearMiss]:
    whole = _Place((), "", resolve(operation.request, operation.request), True, True, valid, None)
    for place in (whole, *places):
        if place.present and place.schema["type"] == "object" and isinstance(place.value, dict):
            pointer = f"{place.pointer}/{SURPLUS_MEMBER}"
            body = _with(valid, (*place.path, SURPLUS_MEMBER), "surplus")
            yield NearMiss(SURPLUS, pointer, f"member `{SURPLUS_MEMBER}`, which is not modelled", body, refused=False)
