"""Tags: strategies for tags and changes, and reading the tags of a resource."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.polling import confirm
from strategies.valid_requests import done, tags
from strategies.world import Arn, Handle, World

MAXIMUM: Final = 50

Pairs = list[tuple[str, str]]


def _letters_and_digits() -> str:
    """The letters and digits that Unicode has had since 2002, composed and without surrogates.

    All servers know these characters, and normalization does not change them.
    """
    old = unicodedata.ucd_3_2_0
    return "".join(
        one
        for one in map(chr, range(0x80, 0xD800))
        if unicodedata.category(one)[0] in "LN"
        and old.category(one)[0] in "LN"
        and unicodedata.normalize("NFKC", one) == one
    )


_INTERNATIONAL: Final = st.text(st.sampled_from(_letters_and_digits()), min_size=1, max_size=12)


_some: Final = tags(3).map(lambda found: {tag["key"]: tag["value"] for tag in found})


@dataclass(frozen=True)
class Change:
    """Tags of a resource, and tags that are added next; some keys are in both."""

    before: dict[str, str]
    given: dict[str, str]


@st.composite
def changes(draw: DrawFn) -> Change:
    """At least one key is only in the first set, one in both and one only in the second; values in both differ."""
    before = {**draw(_some), "kept": "yes", "both": "before"}
    again = draw(st.lists(st.sampled_from(sorted(before)), unique=True))
    given = {**draw(_some), **{key: f"{before[key]}2" for key in again}, "both": "after", "new": "yes"}
    given.pop("kept", None)
    return Change(before, given)


def international() -> SearchStrategy[dict[str, str]]:
    """Tags with letters and digits beyond ASCII."""
    return st.dictionaries(_INTERNATIONAL, _INTERNATIONAL, min_size=1, max_size=4)


def numbered(count: int, first: int = 1) -> dict[str, str]:
    """This many tags with distinct keys."""
    return {f"key-{number}": f"value-{number}" for number in range(first, first + count)}


def listed(wanted: dict[str, str]) -> list[Json]:
    """Tags in the form of a request."""
    return [{"key": key, "value": value} for key, value in wanted.items()]


def pairs(found: Any) -> Pairs:
    """Tags of a response as sorted pairs of key and value; a missing value is empty."""
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return sorted((str(item.get("key")), str(item.get("value") or "")) for item in items)


def tag(world: World, handle: Handle, wanted: dict[str, str]) -> Exchange:
    """Adds tags to a resource as its owner."""
    return world.call("TagResource", {"resourceArn": Arn(handle), "tags": listed(wanted)}, role=handle.role)


def untag(world: World, handle: Handle, keys: list[str]) -> Exchange:
    """Removes tags from a resource as its owner."""
    return world.call("UntagResource", {"resourceArn": Arn(handle), "tagKeys": keys}, role=handle.role)


def described(world: World, handle: Handle) -> tuple[Exchange, Pairs]:
    """The tags of a resource from DescribeTags.

    Raises:
        Indeterminate: the tags are not described.
    """
    exchange = done(world.call("DescribeTags", {"resourceArns": [Arn(handle)]}, role=handle.role))
    return exchange, pairs(at(exchange.body, "/resourceTags/*/tags/*"))


def described_when(world: World, handle: Handle, enough: Callable[[Pairs], bool]) -> tuple[Exchange, Pairs]:
    """The same once a condition holds, or the last result at the time limit."""
    return confirm(lambda: described(world, handle), lambda seen: enough(seen[1]))


def tagged(world: World, handle: Handle, wanted: dict[str, str]) -> Exchange:
    """Adds tags to a resource and checks that they are described.

    Raises:
        Indeterminate: the tags are not described.
    """
    done(tag(world, handle, wanted))
    exchange, found = described_when(world, handle, lambda seen: set(wanted.items()) <= set(seen))
    if not set(wanted.items()) <= set(found):
        raise Indeterminate("the tags that this test needs first were accepted but are not described")
    return exchange
