"""The proxy changes requests and answers as its hooks say, and nothing else."""

from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.messages import Answer
from dxcontract.reference.http.server import Scope, Send
from dxcontract.spec.model import Json
from tests.unit import proxy


class Renaming(proxy.Proxy):
    """Renames what is made, and drops the answer to every deletion."""

    def perform(self, call: Call, request: Json) -> Json:
        if call.operation == "CreateLag":
            request = {**request, "lagName": "renamed"}
        answer = super().perform(call, request)
        return {**answer, "location": "elsewhere"} if call.operation == "CreateLag" else answer

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        if b"dxcon" in body:
            return proxy.drop(send)
        named = [*proxy.headers(answer), (b"x-hook", b"seen")]
        return await proxy.respond(send, answer.status, named, answer.body)


def _client(url: str) -> Any:
    return botocore.session.Session().create_client(
        "directconnect",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="111111111111",
        aws_secret_access_key="dxcontract",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_hooks_see_requests_and_answers() -> None:
    with proxy.in_thread(Renaming()) as url:
        client = _client(url)
        location = client.describe_locations()["locations"][0]["locationCode"]
        made = client.create_lag(
            numberOfConnections=1, location=location, connectionsBandwidth="1Gbps", lagName="asked"
        )
        assert (made["lagName"], made["location"]) == ("renamed", "elsewhere")
        assert made["ResponseMetadata"]["HTTPHeaders"]["x-hook"] == "seen"
        with pytest.raises(ConnectionClosedError):
            client.delete_connection(connectionId="dxcon-00000000")
        assert client.describe_lags()["lags"][0]["location"] == location
