"""Every operation accepts a valid request, and its response conforms to AWS JSON 1.1 and to the model."""

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.model import Operation
from strategies.resources.lags import patient
from strategies.valid_requests import Scene, least
from strategies.world import World

OPERATIONS = specs.load().where()

WIRE = (
    "wire.status",
    "wire.content-type",
    "wire.request-id",
    "wire.request-id-form",
    "wire.body-json",
    "wire.schema",
    "wire.enum-values",
    "wire.timestamps",
    "wire.no-null",
    "wire.unmodelled-member",
    "wire.no-server-error",
    "wire.boto3-parses",
)


@pytest.mark.rule("requests.valid-accepted", *WIRE)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_valid_request_is_accepted_and_well_answered(contract: Contract, world: World, operation: Operation) -> None:
    """Clients are generated from the model, so a response that does not conform breaks them."""
    scene = Scene(world, operation)
    params = least(scene)
    scene.before()
    exchange = patient(world, operation.name, params, role=scene.caller)
    world.keep(exchange)
    contract.accepted("requests.valid-accepted", exchange, "the smallest valid request")


@pytest.mark.rule("wire.request-id")
def test_no_two_answers_carry_the_same_request_id(contract: Contract, world: World) -> None:
    """Support cases and traces identify a request by this id."""
    answers = [world.call("DescribeConnections") for _ in range(5)]
    given = [one.response.headers.get("x-amzn-requestid") for one in answers if one.response]
    found = [one for one in given if one]
    message = f"request ids repeat: {found}"
    contract.check("wire.request-id", len(set(found)) == len(found), message, answers[-1], basis=found)
