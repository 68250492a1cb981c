"""Every operation refuses a request that breaks one constraint of the model, and the request has no effect."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Operation
from dxcontract.wire.exchange import Exchange
from strategies import invalid_requests
from strategies.invalid_requests import NearMiss, Raw, may_be_empty, near_misses
from strategies.resources.lags import patient
from strategies.valid_requests import Scene, least, valid
from strategies.world import World

OPERATIONS = specs.load().where()
WITH_MEMBERS = [one for one in OPERATIONS if one.members]

REFUSALS = (
    invalid_requests.REQUIRED,
    invalid_requests.TYPES,
    invalid_requests.ENUMS,
    invalid_requests.LENGTHS,
    invalid_requests.PATTERNS,
    invalid_requests.MALFORMED_IDS,
    invalid_requests.MALFORMED_OTHER_IDS,
    invalid_requests.UNKNOWN_IDS_RULE,
)
ERRORS = ("wire.error-type", "wire.error-status", "wire.error-body")
ODDITIES = (invalid_requests.NULLS, invalid_requests.DUPLICATES, invalid_requests.SURPLUS)


@pytest.mark.rule("requests.valid-accepted")
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@given(data=st.data())
def test_all_valid_requests_are_accepted(
    api: Api, contract: Contract, run_id: str, operation: Operation, data: st.DataObject
) -> None:
    """All documented values must work, not only those of the usual example."""
    drawn = data.draw(valid(api.spec, operation))
    with World(api, run_id) as world:
        scene = Scene(world, operation)
        params = scene.filled(drawn)
        scene.before()
        exchange = patient(world, operation.name, params, role=scene.caller)
        world.keep(exchange)
        contract.accepted("requests.valid-accepted", exchange, "a valid request")


@pytest.mark.rule(*REFUSALS, invalid_requests.NULLS, "requests.refusal-has-no-effect", *ERRORS)
@pytest.mark.parametrize("operation", WITH_MEMBERS, ids=str)
def test_a_broken_constraint_is_refused_without_effect(contract: Contract, world: World, operation: Operation) -> None:
    """A misunderstood request can cause a physical order on AWS, so it must be refused."""
    scene, params = _arranged(world, operation)
    before = world.seen()
    for number in range(len(_misses(operation, params, refused=True))):
        miss = _misses(operation, params, refused=True)[number]
        exchange = _send(world, scene, miss)
        if _judge(contract, operation, miss, exchange):
            after = world.seen_again(before)
            contract.check(
                "requests.refusal-has-no-effect",
                after == before,
                f"{miss.what} was refused, and yet what is described has changed",
                exchange,
            )
            before = after
        else:
            world.close()
            scene, params = _arranged(world, operation)
            before = world.seen()


@pytest.mark.rule(*ODDITIES)
@pytest.mark.parametrize("operation", WITH_MEMBERS, ids=str)
def test_an_oddity_changes_nothing(contract: Contract, world: World, operation: Operation) -> None:
    """Clients in other languages send null for absent members, and members of newer models."""
    scene, params = _arranged(world, operation)
    for number in range(len(_misses(operation, params, refused=False))):
        miss = _misses(operation, params, refused=False)[number]
        exchange = _send(world, scene, miss)
        if miss.also != "refused" or exchange.succeeded:
            contract.accepted(miss.rule, exchange, miss.what, where=miss.pointer)
        else:
            contract.refused(miss.rule, exchange, miss.what, where=miss.pointer)
        if operation.traits.effect != "read":
            world.close()
            scene, params = _arranged(world, operation)


def _misses(operation: Operation, params: Json, *, refused: bool) -> list[NearMiss]:
    """The near misses of a request that must be refused, or those that must not. They depend only on the form of the
    request, so that they are the same for another resource."""
    return [miss for miss in near_misses(operation, params) if miss.refused is refused and miss.also != "accepted"]


def _arranged(world: World, operation: Operation) -> tuple[Scene, dict[str, Any]]:
    scene = Scene(world, operation)
    params = least(scene)
    scene.before()
    return scene, params


def _send(world: World, scene: Scene, miss: NearMiss) -> Exchange:
    def encode(tree: Any) -> str:
        return json.dumps(world.resolved(tree))

    text = miss.body.text(encode) if isinstance(miss.body, Raw) else encode(miss.body)
    exchange = world.api.send(scene.operation.name, text.encode(), role=scene.caller)
    world.keep(exchange)
    return exchange


def _judge(contract: Contract, operation: Operation, miss: NearMiss, exchange: Exchange) -> bool:
    """Checks that the near miss is refused, or returns an empty list where that is documented."""
    empty = may_be_empty(operation, miss.rule) if miss.also == "empty" else ""
    if empty and exchange.succeeded:
        nothing = not at(exchange.body, empty)
        return contract.check(miss.rule, nothing, f"{miss.what}: answered with resources", exchange, where=miss.pointer)
    return contract.refused(miss.rule, exchange, miss.what, where=miss.pointer, empty=empty)
