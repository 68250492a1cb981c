"""Steps of a test that are not its question: what must have happened before it can be put."""

from dxcontract.exchange import Exchange
from dxcontract.spec import Json
from dxcontract.verdict import Indeterminate
from strategies.looking import until
from strategies.world import Handle, World


def refusal(exchange: Exchange) -> Exchange:
    """The exchange of a request that had to be refused.

    Raises:
        Indeterminate: it was not.
    """
    if not 400 <= exchange.status < 500:
        raise Indeterminate(
            f"{exchange.operation}, which had to be refused for this test, was answered {exchange.told()}"
        )
    return exchange


def gone(world: World, handle: Handle) -> Exchange:
    """The observation that a deleted resource is not described any more, or in a state that its life ends with.

    Raises:
        Indeterminate: that did not come about in time.
    """

    def over(seen: tuple[Exchange, Json | None]) -> bool:
        return seen[1] is None or seen[1].get(handle.resource.state) in handle.resource.gone

    exchange, item = seen = until(lambda: world.observe(handle), over)
    if not over(seen):
        raise Indeterminate(f"{handle.kind} did not go in time; it is {(item or {}).get(handle.resource.state)}")
    return exchange
