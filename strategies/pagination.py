"""Pagination: reads whole lists, and walks them with pages of a given size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.polling import confirm
from strategies.valid_requests import done
from strategies.world import Handle, World

MOST_PAGES: Final = 50
"""The maximum number of pages of a list that is read whole."""

MOST_WALKED: Final = 2000
"""The maximum number of pages of a list that is walked page by page."""
IDLE_PAGES: Final = 20
"""After this many consecutive pages without a new item, the list counts as endless."""


@dataclass(frozen=True)
class Listing:
    """A paged list with created items: its caller, its request, and the identity of an item.

    `params` restrict the list to the created items, if the operation has such a filter.
    """

    operation: str
    member: str
    identity: str
    own: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    role: Role = "owner"
    one: Mapping[str, Any] | None = None
    """Parameters that restrict a list without other filters to the first item of `own`."""

    def ids(self, exchange: Exchange) -> list[str]:
        """The ids of the items on one page."""
        items = [item for item in at(exchange.body, f"/{self.member}/*") if isinstance(item, dict)]
        return [self.id_of(item) for item in items]

    def id_of(self, item: Json) -> str:
        return str(item.get(self.identity)) if self.identity else str(sorted(item.items()))


@dataclass
class Walk:
    """Pages in their order; `ended` if the last page has no token."""

    exchanges: list[Exchange] = field(default_factory=list)
    pages: list[list[str]] = field(default_factory=list)
    ended: bool = False

    @property
    def found(self) -> list[str]:
        return [one for page in self.pages for one in page]


def whole_list(
    world: World,
    operation: str,
    params: Mapping[str, Any],
    member: str,
    *,
    role: Role = "owner",
    region: str | None = None,
) -> tuple[Exchange, list[Json]]:
    """All items that `operation` lists under `member`, over all pages, and the exchange of the last page.

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
    """The same list for a caller that may be refused, which counts as an empty list. Raises like `whole_list`
    otherwise."""
    first = world.api.call(operation, world.resolved(params), role=role, region=region)
    return (first, []) if first.refused else whole_list(world, operation, params, member, role=role, region=region)


def listed(
    world: World, handle: Handle, *, role: Role | None = None, region: str | None = None
) -> tuple[Exchange, Json | None]:
    """A resource in the unfiltered list: the exchange and the item (None if the list lacks it or is refused)."""
    describe = handle.resource.describe
    assert describe is not None, f"nothing lists a {handle.kind}"
    exchange, items = visible(world, describe.operation, {}, describe.list, role=role or handle.role, region=region)
    return exchange, next((item for item in items if item.get(handle.resource.id) == handle.id), None)


def listed_in_time(
    world: World, handle: Handle, enough: Callable[[Json | None], bool] = lambda item: item is not None
) -> tuple[Exchange, Json | None]:
    """The same once the item satisfies a condition (by default, it exists), or the last result at the time limit."""
    return confirm(lambda: listed(world, handle), lambda seen: enough(seen[1]))


def listed_when(
    world: World, kind: str, enough: Callable[[list[Json]], bool], role: Role = "owner"
) -> tuple[Exchange, list[Json]]:
    """The whole unfiltered list of a kind, once it satisfies a condition, or the last list at the time limit."""
    describe = world.spec.resources[kind].describe
    assert describe is not None, f"nothing lists a {kind}"
    return confirm(
        lambda: whole_list(world, describe.operation, {}, describe.list, role=role), lambda seen: enough(seen[1])
    )


def walk(world: World, what: Listing, size: int, params: Mapping[str, Any] | None = None) -> Walk:
    """Reads all pages with at most `size` items each.

    Raises:
        Indeterminate: a page was refused, or there are too many.
    """
    asked = {**world.resolved(what.params if params is None else params), "maxResults": size}
    walked = Walk()
    seen: set[str] = set()
    idle = 0
    while len(walked.pages) < MOST_WALKED:
        exchange = done(world.api.call(what.operation, asked, role=what.role))
        page = what.ids(exchange)
        walked.exchanges.append(exchange)
        walked.pages.append(page)
        token = exchange.body.get("nextToken")
        if not isinstance(token, str) or not token:
            walked.ended = True
            return walked
        idle = 0 if set(page) - seen else idle + 1
        if idle == IDLE_PAGES:
            return walked
        seen.update(page)
        asked = {**asked, "nextToken": token}
    raise Indeterminate(f"{what.operation} goes on for more than {MOST_WALKED} pages of {size}")
