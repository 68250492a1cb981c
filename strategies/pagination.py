"""Whole lists: all pages of an answer that lists resources, whoever asks and from wherever."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.polling import confirm
from strategies.world import Handle, World

MOST_PAGES: Final = 50


def whole_list(
    world: World,
    operation: str,
    params: Mapping[str, Any],
    member: str,
    *,
    role: Role = "owner",
    region: str | None = None,
) -> tuple[Exchange, list[Json]]:
    """All items that `operation` lists under `member`, over all pages; and the exchange of the last page.

    Raises:
        UnusableAnswer: a page was refused, or describes nothing.
        Indeterminate: the list has too many pages to read.
    """
    items: list[Json] = []
    asked = world.resolved(params)
    for _ in range(MOST_PAGES):
        exchange = world.api.call(operation, asked, role=role, region=region)
        items += [item for item in at(exchange.body, f"/{member}/*") if isinstance(item, dict)]
        token = exchange.body.get("nextToken")
        if not isinstance(token, str) or not token:
            return exchange, items
        asked = {**asked, "nextToken": token}
    raise Indeterminate(f"{operation} goes on for more than {MOST_PAGES} pages")


def visible(
    world: World,
    operation: str,
    params: Mapping[str, Any],
    member: str,
    *,
    role: Role = "owner",
    region: str | None = None,
) -> tuple[Exchange, list[Json]]:
    """The same for one who may be refused the list: that shows nothing. Raises as `whole_list` does otherwise."""
    first = world.api.call(operation, world.resolved(params), role=role, region=region)
    return (first, []) if first.refused else whole_list(world, operation, params, member, role=role, region=region)


def listed(
    world: World, handle: Handle, *, role: Role | None = None, region: str | None = None
) -> tuple[Exchange, Json | None]:
    """A resource in the list that has no filter: the exchange, and the item (None when it is not there, or the list is
    refused)."""
    describe = handle.resource.describe
    assert describe is not None, f"nothing lists a {handle.kind}"
    exchange, items = visible(world, describe.operation, {}, describe.list, role=role or handle.role, region=region)
    return exchange, next((item for item in items if item.get(handle.resource.id) == handle.id), None)


def listed_in_time(
    world: World, handle: Handle, enough: Callable[[Json | None], bool] = lambda item: item is not None
) -> tuple[Exchange, Json | None]:
    """The same as soon as the item is enough (it is there, unless told otherwise), or last when the time is over."""
    return confirm(lambda: listed(world, handle), lambda seen: enough(seen[1]))


def listed_when(
    world: World, kind: str, enough: Callable[[list[Json]], bool], role: Role = "owner"
) -> tuple[Exchange, list[Json]]:
    """The whole list of a kind, without a filter, as soon as it is enough, or last when the time is over."""
    describe = world.spec.resources[kind].describe
    assert describe is not None, f"nothing lists a {kind}"
    return confirm(
        lambda: whole_list(world, describe.operation, {}, describe.list, role=role), lambda seen: enough(seen[1])
    )
