"""Looking more than once: at all pages of a list, and until something is so."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from dxcontract.exchange import Exchange
from dxcontract.spec import Json
from dxcontract.target import Role
from strategies.listing import everything
from strategies.requests import done
from strategies.world import PATIENCE, World

T = TypeVar("T")

_FIRST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 1.0


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
        Indeterminate: a page was refused.
    """
    exchange, found = everything(world, operation, params, member, role=role, region=region)
    return done(exchange), found


def until(look: Callable[[], T], enough: Callable[[T], bool], seconds: float | None = None) -> T:
    """Look again and again until it is enough or the time is over: what was seen last."""
    deadline = time.monotonic() + (PATIENCE.seconds if seconds is None else seconds)
    wait = _FIRST_WAIT
    while not enough(seen := look()) and time.monotonic() + wait < deadline:
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)
    return seen
