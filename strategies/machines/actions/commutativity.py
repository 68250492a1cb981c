"""Equal requests in two orders; the descriptions of the resources must not depend on the order."""

from typing import Any

from dxcontract.spec.model import Json
from strategies.machines.actions.registry import action
from strategies.machines.compare.normalization import first_difference, normal
from strategies.machines.context import MachineContext
from strategies.machines.model import Thing
from strategies.machines.steps import Step

RULES = ("machines.order-independent",)
_OWN = ("connectionId", "lagId", "lagName", "connectionName", "connections", "directConnectGatewayId")
_OWN_NAME = "directConnectGatewayName"


@action("CreateConnection", "CreateLag", ready=lambda model: not model.counters.get("orders"))
def make_both_ways(m: MachineContext) -> None:
    """Creates a connection and a LAG, then a LAG and a connection, with otherwise equal requests."""
    m.model.count("orders")
    bandwidth = m.one_of(m.facts.bandwidths)
    requests = (
        Step("CreateConnection", {"location": m.facts.home, "bandwidth": bandwidth, "connectionName": m.name()}),
        Step(
            "CreateLag",
            {
                "numberOfConnections": 1,
                "location": m.facts.home,
                "connectionsBandwidth": bandwidth,
                "lagName": m.name(),
            },
        ),
    )
    first = [_made(m, step) for step in requests]
    second = [_made(m, step) for step in reversed(requests)][::-1]
    for step, one, other in zip(requests, first, second, strict=True):
        if one is None or other is None:
            continue
        where = first_difference(_without_names(one), _without_names(other))
        what = f"two resources made alike in another order are described differently, at {where}"
        m.contract.check("machines.order-independent", not where, what, operation=step.operation, where=where)


def _made(m: MachineContext, step: Step) -> Any:
    """The response to a request whose resource is not in the model; the resource is deleted at the end."""
    exchange = m.send(step)
    if exchange is None or not exchange.succeeded:
        return None
    kind = "lag" if step.operation == "CreateLag" else "connection"
    handle = m.world.adopt(kind, step.operation, exchange, step.params, step.role)
    if handle is None:
        return None
    thing = Thing(kind, 0, "owner", life="gone")
    m.known(thing, handle, exchange)
    sight = m.read_raw(thing)
    return None if sight is None else normal(sight)


def _without_names(item: Json) -> Json:
    return {name: value for name, value in item.items() if name not in (*_OWN, _OWN_NAME)}
