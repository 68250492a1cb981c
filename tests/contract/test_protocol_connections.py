"""Requests in valid HTTP forms that no SDK uses, and signatures for another time or place."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Answer, Request
from dxcontract.wire.raw_connection import Pieces, chunked, written
from strategies.invalid_requests import UNKNOWN_IDS
from strategies.raw_requests import ALWAYS, UNFINISHED_SECONDS, Wire
from strategies.valid_requests import arrange
from strategies.world import World

pytestmark = pytest.mark.over("json")

PROBE, MEMBER = "DescribeConnections", "connections"
OTHER_PROBE, OTHER_MEMBER = "DescribeLocations", "locations"
UNKNOWN = {"connectionId": UNKNOWN_IDS["connection"]}


@pytest.fixture
def wire(api: Api, contract: Contract) -> Wire:
    """Sends arbitrary bytes to the target."""
    return Wire(api, contract)


def in_chunks(size: int) -> Callable[[Request], Pieces]:
    def write(request: Request) -> Pieces:
        framing = [("Transfer-Encoding", "chunked")]
        return [written(request, framing=framing, body=chunked(request.body, size))]

    return write


def slowly(request: Request) -> Pieces:
    data = written(request)
    cuts = [0, 3, len(data) // 3, len(data) - len(request.body) - 1, len(data) - 2, len(data)]
    pieces: list[bytes | float] = []
    for start, end in itertools.pairwise(cuts):
        pieces += [data[start:end], 0.1]
    return pieces[:-1]


def with_names(change: Callable[[str], str]) -> Callable[[Request], Pieces]:
    def write(request: Request) -> Pieces:
        headers = tuple((change(name), value) for name, value in request.headers)
        return [written(Request(request.method, request.url, headers, request.body))]

    return write


def in_http_1_0(request: Request) -> Pieces:
    return [written(request, version="1.0")]


FORMS: dict[str, tuple[str, Callable[[Request], Pieces]]] = {
    "in one chunk": ("wire.chunked-body", in_chunks(4096)),
    "in chunks of one byte": ("wire.chunked-body", in_chunks(1)),
    "in pieces": ("wire.slow-body", slowly),
    "header names in lower case": ("wire.header-case", with_names(str.lower)),
    "header names in capitals": ("wire.header-case", with_names(str.upper)),
    "header names in mixed case": ("wire.header-case", with_names(str.swapcase)),
    "in HTTP/1.0": ("wire.http-1-0", in_http_1_0),
}


@pytest.mark.parametrize(
    ("what", "rule", "write"),
    [
        pytest.param(what, rule, write, id=what, marks=pytest.mark.rule(rule, *ALWAYS))
        for what, (rule, write) in FORMS.items()
    ],
)
def test_the_same_request_in_another_form(
    wire: Wire, world: World, what: str, rule: str, write: Callable[[Request], Pieces]
) -> None:
    """Proxies and clients in other languages use each of these forms."""
    arrange(world, "connection")
    plain = wire.put(PROBE, UNKNOWN, "a plain request")
    exchange = wire.put(PROBE, UNKNOWN, what, write=write)
    wire.same(rule, exchange, plain, what, MEMBER)
    if rule == "wire.http-1-0" and exchange.response is not None:
        coded = exchange.response.headers.get("transfer-encoding", "")
        wire.contract.check(rule, not coded, f"the answer to HTTP/1.0 is {coded}", exchange)


@pytest.mark.rule("wire.unfinished-body", "wire.serves-on")
def test_a_request_that_ends_too_early_is_not_performed(wire: Wire) -> None:
    """If a client stops in the middle of a request, it has not completed the request."""
    wire.permitted()
    request = wire.api.prepare(PROBE, b"{}", role="owner", region=wire.api.target.region)

    request = replace(request, written=(written(request, framing=[("Content-Length", "100")]),), ends=True)

    def carry(sent: Request) -> Answer:
        with wire.line(UNFINISHED_SECONDS) as line:
            return line.exchange(sent.written or (), ends=True)

    exchange = wire.api.deliver(PROBE, request, carry, addressed=False)
    message = f"2 of 100 bytes, then the end: answered {exchange.told()}"
    wire.contract.check("wire.unfinished-body", not exchange.succeeded, message, exchange)
    wire.api.survived(exchange)
    wire.contract.check("wire.serves-on", True, "", exchange)


@pytest.mark.rule("wire.other-methods", *ALWAYS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_not_executed(wire: Wire, method: str) -> None:
    """Caches, proxies and firewalls decide by the method what a request may do."""
    exchange = wire.put(PROBE, {}, method, method=method, addressed=False)
    called = exchange.succeeded and MEMBER in exchange.body
    wire.contract.check("wire.other-methods", not called, f"a {method} was answered as the operation", exchange)


@pytest.mark.rule("wire.content-length-twice", *ALWAYS)
@pytest.mark.parametrize("lengths", [("10", "2"), ("2", "10")], ids="-".join)
def test_two_lengths_are_refused(wire: Wire, lengths: tuple[str, str]) -> None:
    """If a proxy and the service use different lengths, the rest of the body is a smuggled request."""

    def write(request: Request) -> Pieces:
        return [written(request, framing=[("Content-Length", one) for one in lengths])]

    what = f"Content-Length {' and '.join(lengths)}"
    exchange = wire.put(PROBE, b"{}        ", what, write=write, addressed=False)
    wire.refused("wire.content-length-twice", exchange, what, closing=True)


def _two(wire: Wire, together: bool) -> tuple[Exchange, Exchange | None]:
    """Two requests over one connection, in sequence or at once; no second request if the first response closes it."""
    wire.permitted()
    region = wire.api.target.region
    requests = [wire.api.prepare(one, {}, role="owner", region=region) for one in (OTHER_PROBE, PROBE)]
    first, second = (written(one) for one in requests)
    pieces = [(first + second,), ()] if together else [(first,), (second,)]
    sent = [replace(request, written=put, line=id(requests)) for request, put in zip(requests, pieces, strict=True)]
    with wire.line() as line:
        one = wire.api.deliver(OTHER_PROBE, sent[0], lambda _: line.exchange(pieces[0]), again=False)
        if one.response is None or one.response.headers.get("connection", "").lower() == "close":
            return one, None
        return one, wire.api.deliver(PROBE, sent[1], lambda _: line.exchange(pieces[1]), again=False)


@pytest.mark.rule("wire.keep-alive", *ALWAYS)
def test_a_connection_serves_another_request(wire: Wire) -> None:
    """A client reuses the connection unless the response says otherwise."""
    one, other = _two(wire, together=False)
    if other is not None:
        message = f"the second request over a connection: answered {other.told()}"
        wire.contract.check("wire.keep-alive", other.response is not None, message, one, other)
    else:
        message = f"a plain request: answered {one.told()}"
        wire.contract.check("wire.keep-alive", one.response is not None, message, one)
    wire.judge(other or one, "a second request over a connection")


@pytest.mark.rule("wire.pipelining", *ALWAYS)
def test_requests_sent_at_once_are_answered_in_order(wire: Wire) -> None:
    """If responses are reordered, a caller gets the response to another request."""
    one, other = _two(wire, together=True)
    for exchange, member in ((one, MEMBER), *([(other, OTHER_MEMBER)] if other is not None else [])):
        swapped = exchange.succeeded and member in exchange.body
        message = f"the answer to {exchange.operation} holds `{member}`, which belongs to the other request"
        wire.contract.check("wire.pipelining", not swapped, message, one, *([other] if other else []))
    wire.judge(other or one, "two requests at once")


@pytest.mark.rule("wire.clock-skew", *ALWAYS)
@pytest.mark.parametrize("age", [3600.0, -3600.0], ids=["an hour ago", "in an hour"])
def test_a_signature_of_another_time_is_refused(wire: Wire, age: float) -> None:
    """A recorded request must not be valid for ever, and a wrong clock must cause an error."""
    what = f"signed {'an hour ago' if age > 0 else 'for an hour from now'}"
    wire.refused("wire.clock-skew", wire.put(PROBE, {}, what, age=age), what)


@pytest.mark.rule("wire.other-region-signature", *ALWAYS)
def test_a_signature_for_another_region(wire: Wire, world: World) -> None:
    """A Region must not give access to the resources of another Region."""
    handle = arrange(world, "connection")
    what = "a signature for another Region"
    exchange = wire.put(PROBE, {}, what, region=wire.api.target.other_region)
    shown = exchange.succeeded and handle.id in at(exchange.body, f"/{MEMBER}/*/connectionId")
    ok = 400 <= exchange.status < 500 or (exchange.succeeded and not shown)
    message = f"{what}: answered {exchange.told()}{', with what is in this one' if shown else ''}"
    wire.contract.check("wire.other-region-signature", ok, message, exchange)


@pytest.mark.rule("wire.presigned-query", *ALWAYS)
def test_a_wrong_signature_in_the_query_is_refused(wire: Wire) -> None:
    """A signature that is not checked gives no protection."""

    def write(request: Request) -> Pieces:
        url = request.url[:-8] + "00000000"
        return [written(Request(request.method, url, request.headers, request.body))]

    what = "a signature in the query that does not fit"
    exchange = wire.put(PROBE, {}, what, write=write, sign="query", addressed=False)
    wire.refused("wire.presigned-query", exchange, what)


@pytest.mark.rule("wire.session-token", *ALWAYS)
def test_a_token_of_no_session_is_refused(wire: Wire) -> None:
    """Expired credentials have such a token."""
    what = "a security token that belongs to no session"
    headers: dict[str, Any] = {"X-Amz-Security-Token": "dxcontract-belongs-to-no-session"}
    wire.refused("wire.session-token", wire.put(PROBE, {}, what, headers=headers), what)
