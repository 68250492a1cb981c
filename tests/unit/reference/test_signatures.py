"""The front door: who is let in, and what the others are told."""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dxcontract.reference.core.accounts import DEFAULT_SECRET
from tests.unit.reference.emulator import OWNER, REGION, Emulator, running

HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "OvertureService.DescribeLocations",
}
SCOPE = f"Credential={OWNER}/20250101/{REGION}/directconnect/aws4_request"


def signed(
    emulator: Emulator,
    key: str = OWNER,
    secret: str = DEFAULT_SECRET,
    service: str = "directconnect",
    body: bytes = b"{}",
) -> dict[str, str]:
    """The headers of a request, signed by botocore."""
    request = AWSRequest("POST", emulator.url + "/", headers=dict(HEADERS), data=body)
    SigV4Auth(Credentials(key, secret), service, REGION).add_auth(request)
    return dict(request.headers.items())


def send(emulator: Emulator, headers: dict[str, str], body: bytes = b"{}", method: str = "POST") -> tuple[int, Any]:
    """Send bytes as they are; the status and the parsed body."""
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=30)
    try:
        connection.request(method, "/", body, headers)
        response = connection.getresponse()
        assert response.headers["content-type"] == "application/x-amz-json-1.1"
        assert len(response.headers["x-amzn-requestid"]) == 36
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def refused(emulator: Emulator, headers: dict[str, str], body: bytes = b"{}") -> str:
    """The error type of a refusal; its status is always 400."""
    status, document = send(emulator, headers, body)
    assert status == 400
    return str(document["__type"])


def test_botocores_signature_is_accepted(emulator: Emulator) -> None:
    status, document = send(emulator, signed(emulator))
    assert status == 200
    assert document["locations"]


def test_without_signature(emulator: Emulator) -> None:
    assert refused(emulator, HEADERS) == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=111111111111, SignedHeaders=host, Signature=0",
        f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host",
        f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=x-no, Signature=0",
    ],
)
def test_malformed_signature(emulator: Emulator, authorization: str) -> None:
    headers = {**signed(emulator), "Authorization": authorization}
    assert refused(emulator, headers) == "IncompleteSignatureException"


def test_malformed_date(emulator: Emulator) -> None:
    assert refused(emulator, {**signed(emulator), "X-Amz-Date": "yesterday"}) == "IncompleteSignatureException"


def test_unknown_access_key(emulator: Emulator) -> None:
    assert refused(emulator, signed(emulator, key="AKIDEXAMPLE")) == "UnrecognizedClientException"


@pytest.mark.parametrize("what", ["secret", "body", "target", "service"])
def test_signature_that_does_not_fit(emulator: Emulator, what: str) -> None:
    headers, body = signed(emulator), b"{}"
    if what == "secret":
        headers = signed(emulator, secret="another")
    elif what == "body":
        body = b'{"a":1}'
    elif what == "target":
        headers["X-Amz-Target"] = "OvertureService.DescribeConnections"
    else:
        headers = signed(emulator, service="s3")
    assert refused(emulator, headers, body) == "InvalidSignatureException"


def test_expired_signature(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    then = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=6)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: then)
    status, document = send(emulator, signed(emulator))
    assert (status, document["__type"]) == (400, "InvalidSignatureException")
    assert "expired" in document["message"]


def test_query_and_blanks_are_part_of_the_signature(emulator: Emulator) -> None:
    request = AWSRequest("POST", emulator.url + "/?b=2&a=%20x", headers={**HEADERS, "X-Two": "a   b"}, data=b"{}")
    SigV4Auth(Credentials(OWNER, "dxcontract"), "directconnect", REGION).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=30)
    connection.request("POST", "/?b=2&a=%20x", b"{}", dict(request.headers.items()))
    assert connection.getresponse().status == 200
    connection.close()


def test_named_accounts_and_secret() -> None:
    with running("--accounts", "AKID:geheim=444444444444", "--secret", "other", "--partners", "444444444444") as one:
        status, document = send(one, signed(one, key="AKID", secret="geheim"))
        assert status == 200
        assert refused(one, signed(one)) == "InvalidSignatureException"
        assert send(one, signed(one, secret="other"))[0] == 200
        headers = signed(one, key="AKID", secret="geheim")
        assert document["locations"]
        assert headers["X-Amz-Target"].endswith("DescribeLocations")


@pytest.mark.parametrize("arguments", [("--accounts", "nonsense"), ("--advance", "soon"), ("--fault", "no.such-fault")])
def test_wrong_options_end_with_a_message(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    from dxcontract.reference.http.serve import add_arguments, run

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(arguments)) == 2
    assert arguments[1] in capsys.readouterr().err
