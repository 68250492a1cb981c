"""Requests made by hand, over connections of their own, and what must hold for each of them whatever it says.

Real accounts get none of this: half a request or two at once are for servers that are made to be tested.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from dxcontract.client.client import Api
from dxcontract.client.liveness import SERVES_ON
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire import proxies
from dxcontract.wire.errors import Unsupported
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Answer, Request
from dxcontract.wire.raw_connection import Line, Pieces, written

ANSWERED: Final = "wire.always-answered"
ALWAYS: Final = (ANSWERED, SERVES_ON, "wire.no-server-error")
"""What every request of this module is judged by; to be claimed by the tests that send any."""

UNFINISHED_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Wire:
    """The way to a target for bytes of any kind."""

    api: Api
    contract: Contract

    def put(
        self,
        operation: str,
        body: Any,
        what: str,
        *,
        write: Callable[[Request], Pieces] | None = None,
        addressed: bool = True,
        region: str | None = None,
        **how: Any,
    ) -> Exchange:
        """Send one request over a new connection; `what` is odd about it, `write` puts it on the wire in another form.

        It must be answered or its connection closed, and the target must go on serving. `how` is as for `Api.prepare`.

        Raises:
            Unsupported: real accounts are not sent this.
            TargetDied: the target did not survive it.
        """
        self.permitted()
        place = region or self.api.target.region
        request = self.api.prepare(operation, body, role="owner", region=place, **how)
        exchange = self._carried(operation, request, write, addressed, place)
        if exchange.failure == "timeout":  # once may be bad luck
            exchange = self._carried(operation, request, write, addressed, place)
        self.judge(exchange, what)
        return exchange

    def permitted(self) -> None:
        """Make sure that the target may be sent such things.

        Raises:
            Unsupported: it may not.
        """
        if self.api.target.is_real:
            raise Unsupported(f"{self.api.target.name} is not sent requests that no client would send")
        endpoint = self.api.target.endpoint
        if endpoint.startswith("http:") and (proxy := proxies.of(endpoint)) is not None:
            raise Unsupported(f"the proxy of {proxy.variable} would answer requests that no client would send")

    def judge(self, exchange: Exchange, what: str) -> None:
        """What holds whatever was sent: an answer or an end of the connection, and a target that lives.

        Raises:
            TargetDied: it does not.
        """
        waited = exchange.failure == "timeout"
        told = f"{what}: no answer within {exchange.seconds:.0f} s, and the connection stays open"
        self.contract.check(ANSWERED, not waited, told, exchange, claim=expectations.STATUS)
        self.api.survived(exchange)
        self.contract.check(SERVES_ON, True, "", exchange)

    def _carried(
        self, operation: str, request: Request, write: Callable[[Request], Pieces] | None, addressed: bool, region: str
    ) -> Exchange:
        put = replace(request, written=tuple(write(request)) if write else (written(request),))

        def carry(sent: Request) -> Answer:
            with self.line() as line:
                return line.exchange(sent.written or (), method=sent.method)

        return self.api.deliver(operation, put, carry, addressed=addressed, region=region)

    @contextmanager
    def line(self, answer_seconds: float | None = None) -> Iterator[Line]:
        """A connection of its own to the target."""
        with Line(self.api.target.endpoint, answer_seconds or self.api.answer_seconds) as made:
            yield made

    def refused(self, rule: str, exchange: Exchange, what: str, *, closing: bool = False) -> None:
        """`rule` asks for a status of 4xx; with `closing`, a connection that is closed will do as well.

        Of what is never answered, `judge` says so; it says nothing of other rules, here and below.
        """
        if exchange.failure == "timeout":
            return
        ok = 400 <= exchange.status < 500 or (closing and exchange.failure == "reset")
        message = f"{what}: answered {exchange.told()}, not a status of 4xx"
        self.contract.check(rule, ok, message, exchange, claim=expectations.refused(closing=closing))

    def sound(self, rule: str, exchange: Exchange, what: str) -> None:
        """`rule` leaves it open whether the request succeeds, but an answer it must be."""
        if exchange.failure == "timeout":
            return
        ok = exchange.succeeded or 400 <= exchange.status < 500
        message = f"{what}: answered {exchange.told()}, neither success nor 4xx"
        self.contract.check(rule, ok, message, exchange, claim=expectations.STATUS)

    def same(self, rule: str, exchange: Exchange, plain: Exchange, what: str, member: str) -> None:
        """`rule` asks that the request is answered as `plain` was; lists under `member` are compared by being empty."""
        if "timeout" in (exchange.failure, plain.failure):
            return
        found, wanted = _gist(exchange, member), _gist(plain, member)
        message = f"{what}: answered {exchange.told()}{_listing(found)}; without, {plain.told()}{_listing(wanted)}"
        self.contract.check(rule, found == wanted, message, plain, exchange)


def _gist(exchange: Exchange, member: str) -> tuple[int, str | None, bool]:
    listed = exchange.succeeded and bool(at(exchange.body, f"/{member}/*"))
    return exchange.status, exchange.error_type, listed


def _listing(gist: tuple[int, str | None, bool]) -> str:
    return "" if gist[0] != 200 else " with items" if gist[2] else " with an empty list"
