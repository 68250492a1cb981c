"""Whole lists: all pages of an answer that lists resources, whoever asks and from wherever."""

from collections.abc import Mapping
from typing import Any, Final

from dxcontract.exchange import Exchange
from dxcontract.pointers import at
from dxcontract.spec import Json
from dxcontract.target import Role
from dxcontract.verdict import Indeterminate
from strategies.world import Handle, World

MOST_PAGES: Final = 50


def everything(
    world: World,
    operation: str,
    params: Mapping[str, Any],
    member: str,
    *,
    role: Role = "owner",
    region: str | None = None,
) -> tuple[Exchange, list[Json]]:
    """The last exchange, and the items of all pages; a refusal ends the list with what came before it.

    Raises:
        Indeterminate: the list has too many pages to read.
    """
    items: list[Json] = []
    asked = world.resolved(params)
    for _ in range(MOST_PAGES):
        exchange = world.api.call(operation, asked, role=role, region=region)
        items += [item for item in at(exchange.json, f"/{member}/*") if isinstance(item, dict)]
        token = exchange.body.get("nextToken")
        if not exchange.succeeded or not isinstance(token, str) or not token:
            return exchange, items
        asked = {**asked, "nextToken": token}
    raise Indeterminate(f"{operation} goes on for more than {MOST_PAGES} pages")


def listed(
    world: World, handle: Handle, *, role: Role | None = None, region: str | None = None
) -> tuple[Exchange, Json | None]:
    """A resource in the list that has no filter: the exchange, and the item (None when it is not there)."""
    describe = handle.resource.describe
    assert describe is not None, f"nothing lists a {handle.kind}"
    exchange, items = everything(world, describe.operation, {}, describe.list, role=role or handle.role, region=region)
    return exchange, next((item for item in items if item.get(handle.resource.id) == handle.id), None)
