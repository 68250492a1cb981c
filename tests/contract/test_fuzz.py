"""Every operation: requests by Schemathesis, some that conform to the schemas and some that do not.

What is looked for is what the rules say of any request; a constraint of the model that was broken unnoticed is reported
by the rule that states it, just as if a test had been written for it.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dxcontract import spec as specs
from dxcontract.api import Api
from dxcontract.contract import Contract
from dxcontract.exchange import Exchange
from dxcontract.spec import Json, Operation
from dxcontract.verdict import Indeterminate, Unsupported
from strategies.departures import JUDGED, departures
from strategies.fuzz import Drawn, drawn, mixed
from strategies.lags import adopted
from strategies.requests import Scene, least
from strategies.world import World

OPERATIONS = specs.load().where()
WIRE = ("wire.no-server-error", "wire.schema", "wire.error-type", "wire.error-status", "wire.error-body")


@dataclass
class Stage:
    """What one test has at hand: resources that exist, made anew when a request has changed them."""

    api: Api
    run_id: str
    operation: Operation
    world: World = field(init=False)
    valid: Json | None = None

    def __post_init__(self) -> None:
        self.world = World(self.api, self.run_id)
        self.scene = Scene(self.world, self.operation)
        self.set = False

    def request(self) -> Json | None:
        """A valid request that names what exists; None where that cannot be had on this target."""
        if not self.set:
            self.set = True
            try:
                self.valid = self.world.resolved(least(self.scene))
                self.scene.before()
            except (Unsupported, Indeterminate):
                self.valid = None
        return self.valid

    def send(self, body: Any) -> Exchange:
        exchange = self.api.send(self.operation.name, body, role=self.scene.caller)
        if exchange.succeeded and self.operation.traits.effect != "read":
            self.keep(exchange, body)
            self.clear()
        return exchange

    def keep(self, exchange: Exchange, body: Any) -> None:
        """Remember what was made, so that it is deleted."""
        kind = next(iter(self.operation.traits.gives), None)
        if kind is not None:
            params = body if isinstance(body, dict) else {}
            made = self.world.adopt(kind, self.operation.name, exchange, params, self.scene.caller)
            if made is not None and kind == "lag":
                adopted(self.world, made)

    def clear(self) -> None:
        self.world.close()
        self.__post_init__()


@pytest.mark.rule(*WIRE, *JUDGED)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_whatever_is_sent(
    api: Api, contract: Contract, run_id: str, pytestconfig: pytest.Config, operation: Operation
) -> None:
    """What people send is no near miss of what is documented: it is anything."""
    stage = Stage(api, run_id, operation)
    examples = pytestconfig.getoption("--examples") or settings().max_examples

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(one=drawn(operation))
    def explore(one: Drawn) -> None:
        body = mixed(operation, one, stage.request() if one.mix != "as made" else None)
        judge(contract, operation, stage.send(body), body)

    try:
        explore()
    finally:
        stage.world.close()


def judge(contract: Contract, operation: Operation, exchange: Exchange, body: Any) -> None:
    """A request with one flaw must be refused for it; one with many must be refused, for whichever."""
    found = departures(operation, body)
    if found is None or exchange.status >= 500:
        return
    for one in found:
        if len(found) == 1:
            contract.refused(one.rule, exchange, one.what, where=one.pointer)
        elif exchange.succeeded:
            contract.check(one.rule, False, f"{one.what}: answered 200", exchange, where=one.pointer)
