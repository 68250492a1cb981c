"""Virtual private and transit gateways of a target that offers no EC2."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dxcontract.client.client import Api
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.http.signatures import Caller
from dxcontract.reference.operations.virtual_gateways import TRANSIT, VIRTUAL_PRIVATE, create
from dxcontract.spec import model
from dxcontract.spec.model import Json
from dxcontract.targets import Choice, open_target
from dxcontract.wire.errors import Unsupported
from strategies.ec2 import some_virtual_private_gateway, transit_gateway
from strategies.world import World
from tests.unit import proxy


class NoEc2(proxy.Proxy):
    """Offers no EC2, and lists no virtual private gateway."""

    def _perform_ec2(self, caller: Caller, body: bytes, request_id: str) -> tuple[int, bytes]:
        raise ServiceError("UnknownOperationException", "There is no EC2 here.", 404)

    def perform(self, call: Call, request: Json) -> Json:
        if call.operation == "DescribeVirtualGateways":
            return {"virtualGateways": []}
        return super().perform(call, request)


class TakesAny(NoEc2):
    """Associates any gateway, as an emulator does that has no EC2 to ask."""

    associated = 0

    def perform(self, call: Call, request: Json) -> Json:
        if call.operation == "CreateDirectConnectGatewayAssociation":
            self.associated += 1
            made = create(call, VIRTUAL_PRIVATE if request["gatewayId"].startswith("vgw") else TRANSIT, 64555)
            call.store.put(replace(made, vpc_id="vpc-0"))
            request = {**request, "gatewayId": made.id}
        return super().perform(call, request)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[tuple[proxy.Proxy, World]]:
    served: proxy.Proxy = request.param()
    with proxy.in_thread(served) as url:
        target = open_target(Choice(url))
        api = Api(target, model.load(), lambda _: None)
        with World(api, "test") as made:
            yield served, made
        api.close()


@pytest.mark.parametrize("world", [TakesAny], indirect=True, ids=["takes-any"])
def test_an_id_that_nobody_made_serves_where_any_does(world: tuple[TakesAny, World]) -> None:
    """Half of the contract is about associations; a target without EC2 should not lose it."""
    served, here = world
    found = [some_virtual_private_gateway(here), some_virtual_private_gateway(here), transit_gateway(here)]
    assert [one.partition("-")[0] for one in found] == ["vgw", "vgw", "tgw"]
    assert len(set(found)) == 3
    assert served.associated == 2, "it is tried once for each kind"
    assert all(one.deleted for one in here.handles if one.kind == "gateway-association")


@pytest.mark.parametrize("world", [NoEc2], indirect=True, ids=["refuses"])
def test_a_target_that_refuses_it_lacks_gateways(world: tuple[NoEc2, World]) -> None:
    """It is then unsupported, and no violation."""
    with pytest.raises(Unsupported, match="no virtual private gateway can be had"):
        some_virtual_private_gateway(world[1])
    with pytest.raises(Unsupported, match="offers no EC2"):
        transit_gateway(world[1])
