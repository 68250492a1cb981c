"""Whatever is sent, the answer is a 4xx in the right form or the connection is closed, and the next one is served."""

import json
import os
import socket
from urllib.parse import urlsplit

import pytest

from tests.unit.reference.emulator import Emulator
from tests.unit.reference.test_signatures import HEADERS, refused, send, signed

BAD_BODIES = {
    "no JSON": b"{",
    "trailing bytes": b"{} {}",
    "an array": b"[]",
    "a text": b'"x"',
    "not a number": b'{"maxResults": NaN}',
    "infinity": b'{"maxResults": 1e999}',
    "digits without end": b'{"maxResults": ' + b"9" * 10_000 + b"}",
    "invalid UTF-8": b'{"connectionId": "\xff\xfe"}',
    "half a surrogate pair": b'{"connectionId": "\\ud800"}',
    "deep lists": b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "unfinished depth": b"[" * 10_000,
    "10 MB": b'{"connectionId": "' + b"x" * 10_000_000 + b'"}',
    "wrong type": b'{"connectionId": 1}',
}


@pytest.fixture(autouse=True)
def _serves_on(emulator: Emulator) -> object:
    yield
    assert send(emulator, signed(emulator))[0] == 200


@pytest.mark.parametrize("name", BAD_BODIES)
def test_body_that_cannot_be_read(emulator: Emulator, name: str) -> None:
    body = BAD_BODIES[name]
    headers = _signed_for(emulator, "DescribeConnections", body)
    assert refused(emulator, headers, body) == "SerializationException"


def _signed_for(emulator: Emulator, operation: str, body: bytes) -> dict[str, str]:
    before = HEADERS["X-Amz-Target"]
    HEADERS["X-Amz-Target"] = f"OvertureService.{operation}"
    try:
        return signed(emulator, body=body)
    finally:
        HEADERS["X-Amz-Target"] = before


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateConnection", {}),
        ("UpdateConnectionsBillingMode", {"connectionIds": [], "billingMode": "PayAsYouGo"}),
        ("UpdateConnectionsBillingMode", {"connectionIds": ["dxcon-ffffffff"], "billingMode": "Free"}),
        ("CreateResiliencyGroup", {"resiliencyGroupName": "no blanks", "intendedResiliencyModel": "basic-resiliency"}),
        ("DescribeConnections", {"maxResults": 2**40}),
        ("DescribeConnections", {"nextToken": "made up"}),
        ("DescribeConnections", {"connectionId": "x" * 1_000_000}),
    ],
)
def test_request_that_breaks_the_model_or_a_rule(
    emulator: Emulator, operation: str, request_: dict[str, object]
) -> None:
    body = json.dumps(request_).encode()
    assert refused(emulator, _signed_for(emulator, operation, body), body) == "DirectConnectClientException"


@pytest.mark.parametrize("target", ["OvertureService.MakeCoffee", "Other.DescribeLocations", "", "."])
def test_unknown_operation(emulator: Emulator, target: str) -> None:
    before = HEADERS["X-Amz-Target"]
    HEADERS["X-Amz-Target"] = target
    try:
        headers = signed(emulator)
    finally:
        HEADERS["X-Amz-Target"] = before
    assert refused(emulator, headers) == "UnknownOperationException"


def test_client_that_stops_halfway(emulator: Emulator) -> None:
    address = urlsplit(emulator.url)
    assert address.hostname is not None
    for start in (b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"):
        with socket.create_connection((address.hostname, address.port or 0), timeout=5) as connection:
            connection.sendall(start)


def test_bytes_that_are_no_http(emulator: Emulator) -> None:
    address = urlsplit(emulator.url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 0), timeout=5) as connection:
        connection.sendall(os.urandom(64) + b"\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 400")


def test_null_and_unknown_members_are_ignored(emulator: Emulator) -> None:
    body = b'{"connectionId": null, "unheardOf": {"a": [1]}, "maxResults": 5.0}'
    assert send(emulator, _signed_for(emulator, "DescribeConnections", body), body)[0] == 200
