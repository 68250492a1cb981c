"""The protocol below the operations: malformed bodies, wrong headers and wrong signatures."""

from collections.abc import Callable, Mapping

import pytest

from dxcontract.client.capability_probe import NONSENSE
from dxcontract.client.client import Api
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.model import Operation
from dxcontract.wire.exchange import Exchange

pytestmark = pytest.mark.over("json")

PROBE = "DescribeConnections"
WITH_REQUIRED = [one for one in specs.load().where() if one.required and one.traits.effect in ("read", "update")]


def refused_by_status(contract: Contract, rule: str, exchange: Exchange, what: str) -> None:
    """Checks for a client error by its status, since no source documents the error type."""
    ok = 400 <= exchange.status < 500
    message = f"{what}: answered {exchange.told()}, not a status of 4xx"
    contract.check(rule, ok, message, exchange, claim=expectations.refused())


MALFORMED = {
    "open brace": b"{",
    "cut off in a name": b'{"connectionId',
    "cut off in a value": b'{"connectionId": "dxcon',
    "single quotes": b"{'connectionId': 'dxcon-aaaaaaaa'}",
    "trailing comma": b'{"connectionId": "dxcon-aaaaaaaa",}',
    "bare word": b"connections",
    "XML": b"<DescribeConnectionsRequest/>",
    "invalid UTF-8": b'{"connectionId": "\xff\xfe"}',
}


@pytest.mark.rule("wire.malformed-json")
@pytest.mark.parametrize("body", MALFORMED.values(), ids=list(MALFORMED))
def test_a_body_that_is_no_json_is_refused(api: Api, contract: Contract, body: bytes) -> None:
    """A request that a proxy truncates must not become another request."""
    refused_by_status(contract, "wire.malformed-json", api.send(PROBE, body), "a body that is no JSON")


@pytest.mark.parametrize("operation", WITH_REQUIRED, ids=str)
@pytest.mark.rule("wire.empty-body", "wire.array-body", "wire.null-body")
def test_a_body_that_is_no_object_is_refused(api: Api, contract: Contract, operation: Operation) -> None:
    """An operation with required members cannot succeed without them."""
    for rule, body, what in (
        ("wire.empty-body", b"", "an empty body"),
        ("wire.array-body", b"[]", "an array as body"),
        ("wire.null-body", b"null", "null as body"),
    ):
        refused_by_status(contract, rule, api.send(operation.name, body), what)


@pytest.mark.rule("wire.trailing-bytes")
def test_bytes_after_the_object_are_refused(api: Api, contract: Contract) -> None:
    """The additional bytes may be part of a smuggled request."""
    refused_by_status(contract, "wire.trailing-bytes", api.send(PROBE, b"{} {}"), "bytes after the object")


@pytest.mark.rule("wire.target-missing")
def test_no_target_header_is_refused(api: Api, contract: Contract) -> None:
    """Only this header identifies the operation."""
    exchange = api.send(PROBE, b"{}", headers={"X-Amz-Target": None}, addressed=False)
    refused_by_status(contract, "wire.target-missing", exchange, "no X-Amz-Target header")


@pytest.mark.rule("wire.target-prefix")
@pytest.mark.parametrize("target", [f"DirectConnect_20121025.{PROBE}", f"ovcservice.{PROBE}", PROBE])
def test_another_services_target_is_refused(api: Api, contract: Contract, target: str) -> None:
    """This service must not execute a request for another service."""
    exchange = api.send(PROBE, b"{}", headers={"X-Amz-Target": target}, addressed=False)
    refused_by_status(contract, "wire.target-prefix", exchange, f"X-Amz-Target {target}")


@pytest.mark.rule("wire.unknown-operation")
def test_an_unknown_operation_is_refused(api: Api, contract: Contract) -> None:
    """An SDK may be newer than the service, and a 5xx status would make it retry."""
    exchange = api.send(PROBE, b"{}", headers={"X-Amz-Target": f"{api.spec.target_prefix}.{NONSENSE}"}, addressed=False)
    refused_by_status(contract, "wire.unknown-operation", exchange, f"operation {NONSENSE}")


@pytest.mark.rule("wire.wrong-content-type")
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(api: Api, contract: Contract, content_type: str) -> None:
    """The same bytes may have another meaning with another content type."""
    exchange = api.send(PROBE, b"{}", headers={"Content-Type": content_type}, addressed=False)
    refused_by_status(contract, "wire.wrong-content-type", exchange, f"content type {content_type}")


@pytest.mark.rule("wire.get-refused")
def test_a_get_is_not_executed(api: Api, contract: Contract) -> None:
    """Crawlers and prefetchers send GET requests."""
    exchange = api.send(PROBE, b"", method="GET", addressed=False)
    called = exchange.succeeded and "connections" in exchange.body
    contract.check("wire.get-refused", not called, "a GET was answered as the operation", exchange)


@pytest.mark.rule("wire.unsigned")
def test_an_unsigned_request_is_refused(api: Api, contract: Contract) -> None:
    """Otherwise a client that forgets to sign fails only in production on AWS."""
    refused_by_status(contract, "wire.unsigned", api.send(PROBE, b"{}", sign=False, addressed=False), "no signature")


def _changed(header: str, change: Callable[[str], str]) -> Callable[[list[tuple[str, str]]], list[tuple[str, str]]]:
    def tamper(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, change(value) if name.lower() == header else value) for name, value in headers]

    return tamper


TAMPERED: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "signature of zeros": ("authorization", lambda value: value[:-64] + "0" * 64),
    "signature cut off": ("authorization", lambda value: value[:-10]),
    "no signature in the header": ("authorization", lambda value: value.partition(", Signature=")[0]),
    "scheme unknown": ("authorization", lambda value: value.replace("AWS4-HMAC-SHA256", "AWS9-HMAC-SHA999")),
    "scope cut off": ("authorization", lambda value: value.replace("/aws4_request", "")),
    "header that is not there signed": (
        "authorization",
        lambda value: value.replace("SignedHeaders=", "SignedHeaders=absent;"),
    ),
    "date that is none": ("x-amz-date", lambda _: "yesterday"),
    "date of another year": ("x-amz-date", lambda value: f"2020{value[4:]}"),
}


@pytest.mark.rule("wire.wrongly-signed")
@pytest.mark.parametrize("change", TAMPERED.values(), ids=list(TAMPERED))
def test_a_wrong_signature_is_refused(api: Api, contract: Contract, change: tuple[str, Callable[[str], str]]) -> None:
    """The signature of a modified request does not match."""
    exchange = api.send(PROBE, b"{}", tamper=_changed(*change), addressed=False)
    refused_by_status(contract, "wire.wrongly-signed", exchange, "a signature that does not fit")
