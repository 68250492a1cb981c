"""Fuzzes one operation: bodies by Schemathesis are sent in several forms to a target with existing resources."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import given, seed, settings

from dxcontract.client.client import Api
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.oracle.exploration_stats import Exploration
from dxcontract.spec.model import Json, Operation
from dxcontract.wire.cbor import Protocol
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.fuzz_requests import drawn, forms, mixed, names_existing
from strategies.schema_violations import JUDGED, departures
from strategies.valid_requests import Scene, least
from strategies.world import World

RULES: Final = (
    "wire.no-server-error",
    "wire.schema",
    "wire.error-type",
    "wire.error-status",
    "wire.error-body",
    *JUDGED,
)
"""The rules for every case; tests that fuzz claim them."""

LEAVING: Final = ("Create", "Allocate")
"""These operations leave the resources in their requests unchanged after their new resources are deleted."""


@dataclass
class Stage:
    """The resources of one test, which are created again after a request changes them."""

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
        """A valid request with existing resources; None if the target does not allow one."""
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
            before = len(self.world.handles)
            self.world.keep(exchange)
            made = self.world.handles[before:]
            if not made or not self.operation.name.startswith(LEAVING) or not self.world.close(before):
                self.clear()
        return exchange

    def clear(self) -> None:
        self.world.close()
        self.__post_init__()


def fuzz(
    api: Api,
    contract: Contract,
    run_id: str,
    operation: Operation,
    draws: int,
    protocols: Sequence[Protocol],
    number: int | None = None,
) -> Exploration:
    """Sends this many generated bodies, in all forms and over each protocol, and checks the responses.

    `number` seeds the draws, unless the run does.
    """
    stage = Stage(api, run_id, operation)
    figures = Exploration()

    def send(body: Any, valid: Json | None) -> None:
        exchange = stage.send(body)
        judge(contract, operation, exchange, body)
        figures.cases += 1
        figures.existing += names_existing(operation, body, valid)
        figures.accepted += exchange.succeeded

    @settings(max_examples=draws)
    @given(made=drawn(operation))
    def explore(made: Any) -> None:
        sent: set[str] = set()
        for form in forms(operation, made):
            for protocol in protocols:
                api.speak(protocol)
                valid = None if form == "as made" else stage.request()
                body = mixed(operation, made, form, valid, stage.world.name())
                if (case := f"{protocol} {body!r}") not in sent:
                    sent.add(case)
                    send(body, valid)

    try:
        (explore if number is None else seed(number)(explore))()
    finally:
        stage.world.close()
    return figures


def judge(contract: Contract, operation: Operation, exchange: Exchange, body: Any) -> None:
    """Checks the response: a request with one flaw must be refused under its rule, and one with several under any of
    them."""
    found = departures(operation, body)
    if found is None or exchange.status >= 500:
        return
    for one in found:
        if len(found) == 1:
            contract.refused(one.rule, exchange, one.what, where=one.pointer)
        elif exchange.succeeded:
            what = f"{one.what}: answered 200"
            contract.check(one.rule, False, what, exchange, where=one.pointer, claim=expectations.refused())
