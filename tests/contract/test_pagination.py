"""Pagination: the list is the same with any page size."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.wire.errors import Indeterminate
from strategies.pagination import Listing, Walk, walk
from strategies.polling import confirm
from strategies.resources.listed_items import listing
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import World

SPEC: Final = specs.load()
MOST: Final = 100
PAGED: Final = SPEC.rule("pagination.page-size").operations
FILTERED: Final = SPEC.rule("pagination.filter-kept").operations

WALKS: Final = (
    "pagination.page-size",
    "pagination.complete",
    "pagination.no-repeats",
    "pagination.ends",
    "pagination.token-continues",
)


@pytest.mark.rule(*WALKS, "pagination.size-not-positive")
@pytest.mark.parametrize("operation", PAGED)
def test_pages_of_any_size_make_up_the_list(contract: Contract, world: World, operation: str) -> None:
    """An item that is lost or repeated between two pages makes an inventory wrong."""
    what = listing(world, operation, 3)
    for size in (1, 2, 3) if what.params else (2, 7):
        _walked(contract, world, what, size)
    for size in (0, -1):
        exchange = world.api.call(operation, {**world.resolved(what.params), "maxResults": size}, role=what.role)
        page = [] if exchange.refused else what.ids(exchange)
        usable = exchange.refused or set(what.own) <= set(page) or bool(page and exchange.body.get("nextToken"))
        message = (
            f"a maxResults of {size} was answered {exchange.told()} with {len(page)} items, not all that there are"
        )
        contract.check("pagination.size-not-positive", usable, message, exchange)


@pytest.mark.rule(*WALKS)
@given(size=st.integers(1, MOST))
def test_gateways_are_paged_by_any_size(api: Api, contract: Contract, run_id: str, size: int) -> None:
    """Tools use different page sizes."""
    with World(api, run_id) as world:
        _walked(contract, world, listing(world, "DescribeDirectConnectGateways", 3), size)


@pytest.mark.rule("pagination.clamped")
@pytest.mark.parametrize("operation", PAGED)
def test_a_size_beyond_the_maximum_is_accepted(contract: Contract, world: World, operation: str) -> None:
    """Callers who want all items request a very large page."""
    scene = Scene(world, SPEC.operation(operation))
    params = {**least(scene), "maxResults": 1000}
    exchange = world.call(operation, params, role=scene.caller)
    contract.accepted("pagination.clamped", exchange, "a maxResults of 1000")


@pytest.mark.rule("pagination.clamped")
def test_no_page_has_more_items_than_the_maximum(contract: Contract, world: World) -> None:
    """A caller who requests a very large page must see that more items follow."""
    for _ in range(MOST + 1):
        arrange(world, "direct-connect-gateway", settle=False)
    exchange = done(world.call("DescribeDirectConnectGateways", {"maxResults": MOST + 1}))
    items = exchange.body.get("directConnectGateways", [])
    message = f"{len(items)} items are on one page"
    contract.check("pagination.clamped", len(items) <= MOST, message, exchange, basis=items)


@pytest.mark.rule("pagination.filter-kept")
@pytest.mark.parametrize("operation", FILTERED)
def test_a_filter_holds_for_every_page(contract: Contract, world: World, operation: str) -> None:
    """A clean-up of one parent must not get the items of another parent."""
    what = listing(world, operation, 2)
    if what.one is None:
        wanted, params = set(what.own), what.params
        listing(world, operation, 1)
    else:
        wanted, params = set(what.own[:1]), what.one
    walked = walk(world, what, 1, params)
    foreign = [one for one in walked.found if one not in wanted]
    message = f"{len(foreign)} items are listed that the filter excludes"
    ends, basis = (walked.exchanges[0], walked.exchanges[-1]), walked.found
    contract.check("pagination.filter-kept", not foreign, message, *ends, basis=basis)


@pytest.mark.rule("pagination.token-unknown")
@pytest.mark.parametrize("operation", PAGED)
def test_a_made_up_token_is_refused(contract: Contract, world: World, operation: str) -> None:
    """If the list started again at the first page, a client could loop for ever."""
    scene = Scene(world, SPEC.operation(operation))
    params = {**least(scene), "nextToken": "dxcontract-was-never-given-this"}
    exchange = world.call(operation, params, role=scene.caller)
    contract.refused("pagination.token-unknown", exchange, "a token that the target did not give")


@pytest.mark.rule("pagination.token-unknown")
def test_a_token_that_was_changed_is_refused(contract: Contract, world: World) -> None:
    """A damaged token must not be treated as a valid one."""
    for _ in range(2):
        arrange(world, "direct-connect-gateway", settle=False)
    first = done(world.call("DescribeDirectConnectGateways", {"maxResults": 1}))
    token = first.body.get("nextToken")
    if not isinstance(token, str) or not token:
        raise Indeterminate(f"of two gateways one was asked for, and no token came: {first.told()}")
    exchange = world.call("DescribeDirectConnectGateways", {"maxResults": 1, "nextToken": f"{token[:4]}!{token[4:]}"})
    contract.refused("pagination.token-unknown", exchange, "a token with a character more than was given", first)


def _walked(contract: Contract, world: World, what: Listing, size: int) -> None:

    def good(one: Walk) -> bool:
        return one.ended and all(one.found.count(item) == 1 for item in what.own)

    walked = confirm(lambda: walk(world, what, size), good)  # others make and delete what is in lists without a filter
    first, last = walked.exchanges[0], walked.exchanges[-1]
    longest = max(range(len(walked.pages)), key=lambda index: len(walked.pages[index]))
    contract.check(
        "pagination.page-size",
        len(walked.pages[longest]) <= size,
        f"maxResults was {size}, and a page has {len(walked.pages[longest])} items",
        walked.exchanges[longest],
        basis=walked.found,
    )
    message = f"{len(walked.pages)} pages of {size} came, the last ones with nothing new, and yet there is a token"
    if not contract.check("pagination.ends", walked.ended, message, first, last):
        return
    missing = set(what.own) - set(walked.found)
    stopped = missing and len(walked.pages) == 1
    message = f"the first page of {size} lacks {len(missing)} items of this test and has no token"
    if contract.check("pagination.token-continues", not stopped, message, first):
        message = f"{len(missing)} of {len(what.own)} items are on no page of {size}"
        contract.check("pagination.complete", not missing, message, first, last)
    twice = [one for one in what.own if walked.found.count(one) > 1]
    message = f"{len(twice)} of {len(what.own)} items are on more than one page of {size}"
    contract.check("pagination.no-repeats", not twice, message, first, last)
