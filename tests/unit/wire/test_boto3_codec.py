"""What the door sends and understands is what a client of boto3 sends and understands."""

import json
import time
from collections.abc import Mapping
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.parsers
import pytest

from dxcontract.client.capability_probe import typical
from dxcontract.reference.core.accounts import Accounts
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Signed
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.reference.http.signatures import verify
from dxcontract.spec import model
from dxcontract.spec.model import Operation
from dxcontract.wire import botocore_session, cbor
from dxcontract.wire.boto3_codec import Caller
from dxcontract.wire.botocore_adapter import carry
from dxcontract.wire.credentials import Account
from dxcontract.wire.messages import Answer, Request, Response

ENDPOINT = "http://127.0.0.1:4566/"
OWNER = Account("owner", "111111111111", "dxcontract")
ACCOUNT = Account("owner", "111111111111", "dxcontract", "a token")
OPERATIONS = model.load().where()
ITEM = {"connectionId": "dxcon-1", "bandwidth": "1Gbps", "loaIssueTime": 1.5, "tags": [{"key": "a"}]}


def _boto3(protocol: cbor.Protocol, operation: str, params: Mapping[str, Any], answer: Response) -> tuple[Request, str]:
    """What a client of boto3 sends, and how it fails on the answer (an error answer is no failure)."""
    client: Any = botocore_session.session(protocol).create_client(
        "directconnect",
        region_name="us-east-1",
        endpoint_url=ENDPOINT,
        aws_access_key_id=ACCOUNT.access_key,
        aws_secret_access_key=ACCOUNT.secret_key,
        aws_session_token=ACCOUNT.token,
        config=botocore.config.Config(
            parameter_validation=False, retries={"total_max_attempts": 1, "mode": "standard"}
        ),
    )
    sent: list[Request] = []

    def by(request: Request) -> Answer:
        sent.append(request)
        return Answer(answer, None, "", 0.0)

    carry(client, by)
    failure = ""
    try:
        client._make_api_call(operation, dict(params))
    except botocore.exceptions.ClientError:
        pass
    except botocore.parsers.ResponseParserError as error:
        failure = str(error)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        failure = f"{type(error).__name__}: {error}"
    return sent[0], failure


def _caller(protocol: cbor.Protocol) -> Caller:
    return Caller(protocol, ACCOUNT, "directconnect", "us-east-1", ENDPOINT)


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers}


@pytest.mark.parametrize("protocol", cbor.PROTOCOLS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_call_is_sent_as_boto3_sends_it(protocol: cbor.Protocol, operation: Operation) -> None:
    """The same method, URL, body and headers, but for those that name the time or the one call."""
    params = typical(operation, "a name")
    theirs, _ = _boto3(protocol, operation.name, params, Response(200, {}, b"{}"))
    ours = _caller(protocol).request(operation.name, params)
    assert (ours.method, ours.url, ours.body) == (theirs.method, theirs.url, theirs.body)
    own, other = _headers(ours), _headers(theirs)
    assert own.keys() == other.keys()
    varying = {"x-amz-date", "amz-sdk-invocation-id", "authorization", "user-agent"}
    assert {name: own[name] for name in own.keys() - varying} == {name: other[name] for name in own.keys() - varying}
    assert own["user-agent"].split(" m/")[0] == other["user-agent"].split(" m/")[0]  # then: which features are in use
    covered = [one["authorization"].partition("SignedHeaders=")[2].partition(",")[0] for one in (own, other)]
    assert covered[0] == covered[1] != ""


def test_the_signature_is_right() -> None:
    """The emulator's verifier was written from the published algorithm, not from botocore's signer."""
    request = Caller("json", OWNER, "directconnect", "us-east-1", ENDPOINT).request(
        "DescribeLags", {"lagId": "dxlag-1"}
    )
    signed = Signed("POST", "/", "", {**_headers(request), "host": "127.0.0.1:4566"}, request.body)
    assert verify(signed, Accounts(), time.time(), Rules()).account == OWNER.access_key
    with pytest.raises(ServiceError):
        verify(Signed("POST", "/", "", signed.headers, b'{"lagId":"dxlag-2"}'), Accounts(), time.time(), Rules())


ANSWERS = {
    "well formed": (200, json.dumps({"connections": [ITEM]}).encode()),
    "no body": (200, b""),
    "no JSON": (200, b"<html>"),
    "an array": (200, b"[]"),
    "a member of another type": (200, b'{"connections": 1}'),
    "an item of another type": (200, b'{"connections": ["dxcon-1"]}'),
    "a time that is none": (200, b'{"connections": [{"loaIssueTime": "yesterday"}]}'),
    "half a surrogate": (200, b'{"connections": [{"connectionName": "\\ud800"}]}'),
    "bytes that are no UTF-8": (200, b'{"connections": [{"connectionName": "\xff"}]}'),
    "an error": (400, b'{"__type": "DirectConnectClientException", "message": "no"}'),
    "an error of no type": (400, b"{}"),
    "an error that is no object": (400, b"[]"),
    "an error page": (502, b"<html>"),
}


@pytest.mark.parametrize("status_and_body", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_understood_as_boto3_understands_it(status_and_body: tuple[int, bytes]) -> None:
    """What boto3 fails on, and how, is a finding; so is nothing else."""
    status, body = status_and_body
    answer = Response(status, {"content-type": "application/x-amz-json-1.1"}, body)
    _, failure = _boto3("json", "DescribeConnections", {}, answer)
    assert (_caller("json").trouble("DescribeConnections", answer) or "") == failure


def test_some_answers_are_not_understood() -> None:
    """Else the comparison above would compare nothing."""
    answer = Response(200, {}, b'{"connections": [{"loaIssueTime": "yesterday"}]}')
    assert "yesterday" in (_caller("json").trouble("DescribeConnections", answer) or "")
