"""EC2, STS and lists whose answers are odd: what is left of a run is still looked for, and nobody sees a traceback."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from dxcontract.client import cleanup, ec2_resources
from dxcontract.client.client import Api
from dxcontract.client.resource_journal import Journal
from dxcontract.reference.core.context import Call
from dxcontract.reference.http.signatures import Caller
from dxcontract.spec import model
from dxcontract.spec.model import Json
from dxcontract.targets import Choice, open_target
from dxcontract.targets.accounts import assume, twelve_digits
from dxcontract.wire.errors import Indeterminate
from strategies.ec2 import transit_gateway, virtual_private_gateway
from strategies.world import World
from tests.unit import proxy
from tests.unit.odd_values import mutated, whole

SPEC = model.load()
RUN = "0123abcd"
MEMBERS: tuple[Any, ...] = (None, 7, "a", {}, [None], [{"connectionId": []}], [{"connectionId": {}}], [{}])
_GATEWAY = "<vpnGateway><vpnGatewayId>vgw-1</vpnGatewayId></vpnGateway>"


class OddEc2(proxy.Proxy):
    """Answers each action of EC2 with `answers`' text for it, and else with nothing in it."""

    answers: dict[str, str]

    def _perform_ec2(self, caller: Caller, body: bytes, request_id: str) -> tuple[int, bytes]:
        self.changed += 1
        action = body.partition(b"Action=")[2].partition(b"&")[0].decode()
        text = self.answers.get(action, "").replace("NUMBER", str(self.changed))
        return 200, f"<{action}Response><requestId>r</requestId>{text}</{action}Response>".encode()


class OddLists(proxy.Proxy):
    """Lists what a run made, with all members of the model, of which a share is odd."""

    def __init__(self) -> None:
        super().__init__()
        self.draw = random.Random(14)

    def perform(self, call: Call, request: Json) -> Json:
        self.changed += 1
        found: Json = json.loads(json.dumps(whole(SPEC.operation(call.operation))).replace("-0123abcd", ""))
        for pointer in list(found):
            for item in found[pointer] if isinstance(found[pointer], list) else ():
                if isinstance(item, dict):
                    item |= {name: f"dxc-{RUN}-1" for name in item if name.endswith("Name")}
                    item |= {"connections": self.draw.choice(MEMBERS)} if "connections" in item else {}
        found.pop("nextToken", None)
        changed = mutated(found, self.draw, 0.02)
        return changed if isinstance(changed, dict) else found


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[tuple[proxy.Proxy, Api]]:
    made: proxy.Proxy = request.param()
    with proxy.in_thread(made) as url:
        api = Api(open_target(Choice(url)), SPEC, lambda _: None, journal=Journal(RUN))
        api.journal.begin(api.target)
        yield made, api
        api.close()


@pytest.mark.parametrize("served", [OddEc2], indirect=True)
def test_ec2_that_makes_things_without_ids_decides_nothing(served: tuple[OddEc2, Api]) -> None:
    """A gateway without an id, and states that are missing, are no failure of the suite."""
    odd, api = served
    odd.answers = {}
    with World(api, "test") as world:
        for make in (virtual_private_gateway, transit_gateway):
            with pytest.raises(Indeterminate, match="KeyError"):
                make(world)
        odd.answers = {
            "CreateVpc": "<vpc><vpcId>vpc-1</vpcId></vpc>",
            "CreateVpnGateway": _GATEWAY,
            "DescribeVpnGateways": f"<vpnGatewaySet><item><attachments><item/></attachments>{_GATEWAY}</item>"
            "</vpnGatewaySet>",
            "CreateTransitGateway": "<transitGateway><creationTime>soon</creationTime></transitGateway>",
        }
        for make in (virtual_private_gateway, transit_gateway):
            with pytest.raises(Indeterminate, match="no usable answer"):
                make(world)


@pytest.mark.parametrize("served", [OddEc2], indirect=True)
def test_a_list_of_ec2_that_cannot_be_read_or_has_no_end_is_told(
    served: tuple[OddEc2, Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep says that it could not look there."""
    odd, api = served
    odd.answers = {
        "DescribeVpcs": "<vpcSet/><nextToken>NUMBER</nextToken>",
        "DescribeVpnGateways": "<vpnGatewaySet><item><amazonSideAsn>many</amazonSideAsn></item></vpnGatewaySet>",
    }
    monkeypatch.setattr(ec2_resources, "MOST_PAGES", 5)
    for kind in (ec2_resources.VPC, ec2_resources.VPN_GATEWAY):
        api.journal.will_make(kind.action, "owner", "us-east-1", f"dxc-{RUN}-1")
    unseen = cleanup.look(api, api.journal.record()).unseen
    assert [one for one in unseen if "PaginationError" in one and "vpc" in one]
    assert [one for one in unseen if "ValueError" in one and "vpn-gateway" in one]


@pytest.mark.parametrize("served", [OddLists], indirect=True)
def test_a_sweep_survives_odd_values(served: tuple[OddLists, Api]) -> None:
    """Ids, states and connections of LAGs that are no text, no list or not there."""
    odd, api = served
    for operation in ("CreateLag", "CreateConnection", "CreateDirectConnectGateway", "CreatePrivateVirtualInterface"):
        known = SPEC.operation(operation)
        api.journal.will(known, "owner", "us-east-1", json.dumps({"lagName": f"dxc-{RUN}-1"}).encode())
    record = api.journal.record()
    for _ in range(8):
        assert not cleanup.sweep(api, record, 0.15).clean
    assert odd.changed > 8 * 4


def test_a_role_that_is_given_half_the_credentials_is_not_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An STS that leaves members out gives no account."""

    class OddSts(proxy.Proxy):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            inner = "<Credentials><AccessKeyId>key</AccessKeyId></Credentials>"
            body = f"<AssumeRoleResponse><AssumeRoleResult>{inner}</AssumeRoleResult></AssumeRoleResponse>".encode()
            await proxy.respond(send, 200, [(b"content-type", b"text/xml")], body)

    with proxy.in_thread(OddSts()) as url:
        assert assume("other", "arn:aws:iam::222222222222:role/x", twelve_digits("owner"), url, "us-east-1") is None
