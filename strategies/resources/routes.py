"""The routes of a virtual interface, over all pages, once the target has any."""

from collections.abc import Callable, Mapping
from typing import Any

from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.pagination import whole_list
from strategies.polling import poll
from strategies.world import Handle, World


def routes(world: World, interface: Handle, filters: Mapping[str, Any] | None = None) -> tuple[Exchange, list[Json]]:
    """The last exchange and the routes of all pages, with these filters.

    Raises:
        Indeterminate: the request was refused.
    """
    params = {"virtualInterfaceId": interface, **({"filters": filters} if filters else {})}
    return whole_list(world, "ListVirtualInterfaceRoutes", params, "routes", role=interface.role)


def learned(
    world: World,
    interface: Handle,
    enough: Callable[[list[Json]], bool],
    what: str,
    filters: Mapping[str, Any] | None = None,
) -> tuple[Exchange, list[Json]]:
    """The routes with these filters, once they are `enough`, since BGP takes a while.

    Raises:
        Indeterminate: the routes did not appear in time.
    """
    exchange, found = poll(lambda: routes(world, interface, filters), lambda answer: enough(answer[1]))
    if not enough(found):
        raise Indeterminate(f"the virtual interface shows no {what} in time")
    return exchange, found
