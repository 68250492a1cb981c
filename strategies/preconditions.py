"""Preconditions of a test, which must hold before the check of the test is possible."""

from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.polling import poll
from strategies.world import Handle, World


def refusal(exchange: Exchange) -> Exchange:
    """The exchange of a request that had to be refused.

    Raises:
        Indeterminate: the request was not refused.
    """
    if not 400 <= exchange.status < 500:
        raise Indeterminate(
            f"{exchange.operation}, which had to be refused for this test, was answered {exchange.told()}"
        )
    return exchange


def gone(world: World, handle: Handle) -> Exchange:
    """The observation that a deleted resource is no longer described or is in a final state.

    Raises:
        Indeterminate: the resource was still described at the time limit.
    """
    seen = poll(lambda: world.observe(handle), lambda one: one.is_gone)
    if not seen.is_gone:
        raise Indeterminate(f"{handle.kind} did not go in time; it is {seen.state}")
    return seen.exchange
