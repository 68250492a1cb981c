"""Converts a schema of `specs/model/` to a Hypothesis strategy of conforming values in wire form.

The schemas are those that `dxcontract sync` writes. An unknown keyword causes an error, so that a new kind of
constraint in the model of botocore is noticed.
"""

import base64
import functools
import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dxcontract.spec.model import Json, resolve

Overrides = Mapping[str, SearchStrategy[Any]]

NO_OVERRIDES: Final[Overrides] = MappingProxyType({})

_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset({"properties", "required", "x-error-status"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"enum", "minLength", "maxLength", "pattern", "contentEncoding"}),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset({"x-wire"}),
    "boolean": frozenset(),
}
_ALWAYS: Final = frozenset({"$schema", "$defs", "type", "deprecated"})

# A bound of our own where the model has none: longer values say nothing new and cost time.
_ITEMS: Final = 3
_CHARACTERS: Final = 24
_YEAR_2100: Final = 4_102_444_800


def conforming(schema: Json, overrides: Overrides = NO_OVERRIDES) -> SearchStrategy[Any]:
    """Values that conform to `schema`: required members are present, and others are optional.

    `overrides` maps JSON pointers into the value (`/tags/*/key`, with `*` for any item) to strategies for these places.
    An override does not make an optional member present; `st.nothing()` makes it absent.

    Raises:
        ValueError: the schema has a keyword, a value of one, or a recursion that is not known here, or an
            override points nowhere.
    """
    known = tuple(overrides.items())
    return _conforming(json.dumps(schema), known)


@functools.lru_cache(maxsize=1024)
def _conforming(text: str, overrides: tuple[tuple[str, SearchStrategy[Any]], ...]) -> SearchStrategy[Any]:
    waiting = dict(overrides)
    root = json.loads(text)
    strategy = _Builder(root, waiting).of(root, "", ())
    if waiting:
        raise ValueError(f"overrides that point to no member of the schema: {', '.join(sorted(waiting))}")
    return strategy


class _Builder:
    """Converts the nodes of one schema to strategies; removes each override from `waiting` when it is used."""

    def __init__(self, root: Json, waiting: dict[str, SearchStrategy[Any]]) -> None:
        self._root = root
        self._waiting = waiting

    def of(self, schema: Json, pointer: str, within: tuple[str, ...]) -> SearchStrategy[Any]:
        if pointer in self._waiting:
            return self._waiting.pop(pointer)
        reference = schema.get("$ref", "")
        if reference in within:
            raise ValueError(f"{pointer or '/'}: {reference} contains itself; recursive shapes are not known here")
        node = resolve(schema, self._root)
        _check(node, pointer)
        within = (*within, reference) if reference else within
        kind = node["type"]
        if kind == "object":
            return self._object(node, pointer, within)
        if kind == "array":
            lower = node.get("minItems", 0)
            upper = min(node.get("maxItems", lower + _ITEMS), lower + _ITEMS)
            return st.lists(self.of(node["items"], f"{pointer}/*", within), min_size=lower, max_size=upper)
        return _scalar(json.dumps({key: value for key, value in node.items() if key in _KEYWORDS[kind] | {"type"}}))

    def _object(self, node: Json, pointer: str, within: tuple[str, ...]) -> SearchStrategy[Any]:
        members = node.get("properties", {})
        required = node.get("required", [])
        if unknown := set(required) - set(members):
            raise ValueError(f"{pointer or '/'}: required but no member: {', '.join(sorted(unknown))}")
        values = {name: self.of(member, f"{pointer}/{name}", within) for name, member in members.items()}
        return st.fixed_dictionaries(
            {name: values[name] for name in required},
            optional={name: value for name, value in values.items() if name not in required},
        )


def _check(node: Json, pointer: str) -> None:
    kind = str(node.get("type"))
    if kind not in _KEYWORDS:
        raise ValueError(f"{pointer or '/'}: type {kind!r} is not known here; extend strategies/values.py")
    if unknown := set(node) - _KEYWORDS[kind] - _ALWAYS:
        raise ValueError(
            f"{pointer or '/'}: {', '.join(sorted(unknown))} of type {kind} is not known here; "
            "extend strategies/values.py"
        )
    for keyword, only in (("x-wire", "epoch-seconds"), ("contentEncoding", "base64")):
        if node.get(keyword, only) != only:
            raise ValueError(
                f"{pointer or '/'}: {keyword} {node[keyword]!r} is not known here; extend strategies/values.py"
            )


@functools.cache
def _scalar(text: str) -> SearchStrategy[Any]:
    """The strategy of one scalar node; equal nodes share an object, since building costs more than drawing."""
    node = json.loads(text)
    kind = node["type"]
    if kind == "string":
        return _string(node)
    if kind == "integer":
        return st.integers(node.get("minimum"), node.get("maximum"))
    if kind == "number":
        if "x-wire" in node:
            return st.integers(0, _YEAR_2100) | st.floats(0, _YEAR_2100).map(lambda value: round(value, 3))
        return st.floats(allow_nan=False, allow_infinity=False)
    return st.booleans()


def _string(node: Json) -> SearchStrategy[str]:
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if "contentEncoding" in node:
        return st.binary(max_size=_CHARACTERS).map(lambda value: base64.b64encode(value).decode("ascii"))
    shortest, longest = node.get("minLength", 0), node.get("maxLength")
    pattern = node.get("pattern")
    if pattern is None:
        return _text(_ANY_CHARACTER, shortest, longest)
    simple = _ONE_CLASS.fullmatch(pattern)
    if simple is None:
        return _by_regex(pattern, shortest, longest)
    least, most = _times(simple["times"])
    bounds = [bound for bound in (longest, most) if bound is not None]
    return _text(_characters(simple["members"], pattern), max(shortest, least), min(bounds, default=None))


# Control characters and unassigned code points are left out: the model allows them, but nobody documents that they
# are accepted, and a request that this suite calls valid must not be refused for its oddity.
_ANY_CHARACTER: Final = st.characters(exclude_categories=["Cs", "Cc", "Cn"])


def _text(characters: SearchStrategy[str], shortest: int, longest: int | None) -> SearchStrategy[str]:
    """Short text in general; if the model has a maximum length, sometimes text of exactly that length."""
    usual = shortest + _CHARACTERS
    if longest is None:
        return st.text(characters, min_size=shortest, max_size=usual)
    short = st.text(characters, min_size=shortest, max_size=min(longest, usual))
    if longest <= usual:
        return short
    return st.one_of(short, short, short, characters.map(lambda character: character * longest))


# Patterns of one character class, possibly anchored and repeated. Python's `re` does not know `\p{...}`, which is in
# most of them, so the class is read here and given to Hypothesis as Unicode categories and single characters.
_ONE_CLASS: Final = re.compile(
    r"\^?\(?\[(?P<members>(?:\\.(?:\{\w+\})?|[^\]\\])+)\](?P<times>[*+?]|\{\d+(?:,\d*)?\})?\)?\$?"
)
_MEMBER: Final = re.compile(
    r"\\p\{(?P<category>[LMNPSZC][a-z]?)\}|(?P<first>\\.|[^\\])-(?P<last>\\.|[^\\])|(?P<one>\\.|[^\\])", re.DOTALL
)
_CLASSES: Final[Mapping[str, str]] = {
    r"\d": "0123456789",
    r"\w": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
}


def _times(quantifier: str | None) -> tuple[int, int | None]:
    """The minimum and the maximum number of repetitions; a maximum of None is no limit."""
    if quantifier is None:
        return 1, 1
    if quantifier in ("*", "+", "?"):
        return int(quantifier == "+"), 1 if quantifier == "?" else None
    least, comma, most = quantifier[1:-1].partition(",")
    return int(least), (int(most) if most else None) if comma else int(least)


def _characters(members: str, pattern: str) -> SearchStrategy[str]:
    r"""The characters of a class such as `\p{L}0-9_\-`.

    Raises:
        ValueError: the class is negated or contains an unknown escape.
    """
    categories: list[Any] = []
    single: set[str] = set()
    if members.startswith("^"):
        raise ValueError(f"the pattern {pattern!r} negates a class; extend strategies/values.py")
    for member in _MEMBER.finditer(members):
        if member["category"]:
            categories.append(member["category"])
        elif member["first"]:
            first, last = (ord(_literal(member[end], pattern)) for end in ("first", "last"))
            single.update(map(chr, range(first, last + 1)))
        else:
            single.update(_CLASSES.get(member["one"]) or _literal(member["one"], pattern))
    return st.characters(categories=categories, include_characters=sorted(single))


def _literal(text: str, pattern: str) -> str:
    if text.startswith("\\") and text[1].isalnum():
        raise ValueError(f"the pattern {pattern!r} has the escape {text}; extend strategies/values.py")
    return text[-1]


def _by_regex(pattern: str, shortest: int, longest: int | None) -> SearchStrategy[str]:
    try:
        strategy = st.from_regex(re.compile(pattern), fullmatch=True)
    except re.error as error:
        raise ValueError(
            f"the pattern {pattern!r} is too much for Python: {error}; extend strategies/values.py"
        ) from None
    return strategy.filter(lambda value: shortest <= len(value) and (longest is None or len(value) <= longest))
