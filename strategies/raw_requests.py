"""Raw requests over separate connections, and the rules that apply to each of them.

They are never sent to real accounts, since partial or concurrent raw requests are only for test servers.
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
"""The rules for every request of this module; tests that send one claim them."""

UNFINISHED_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Wire:
    """Sends arbitrary bytes to a target."""

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
        """Sends one request over a new connection; `what` describes its flaw, and `write` sends it in another form.

        The target must respond or close the connection, and continue to serve. `how` is as for `Api.prepare`.

        Raises:
            Unsupported: the target is a real account.
            TargetDied: the target stopped serving.
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
        """Makes sure that raw requests may be sent to the target.

        Raises:
            Unsupported: raw requests may not be sent to the target.
        """
        if self.api.target.is_real:
            raise Unsupported(f"{self.api.target.name} is not sent requests that no client would send")
        endpoint = self.api.target.endpoint
        if endpoint.startswith("http:") and (proxy := proxies.of(endpoint)) is not None:
            raise Unsupported(f"the proxy of {proxy.variable} would answer requests that no client would send")

    def judge(self, exchange: Exchange, what: str) -> None:
        """Checks the rules for all requests: a response or a closed connection, and a target that continues to serve.

        Raises:
            TargetDied: the target stopped serving.
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
        """A new connection to the target."""
        with Line(self.api.target.endpoint, answer_seconds or self.api.answer_seconds) as made:
            yield made

    def refused(self, rule: str, exchange: Exchange, what: str, *, closing: bool = False) -> None:
        """Checks that `rule` holds with a status of 4xx; with `closing`, a closed connection is also allowed.

        `judge` reports a missing response; other rules are then not checked, here and below.
        """
        if exchange.failure == "timeout":
            return
        ok = 400 <= exchange.status < 500 or (closing and exchange.failure == "reset")
        message = f"{what}: answered {exchange.told()}, not a status of 4xx"
        self.contract.check(rule, ok, message, exchange, claim=expectations.refused(closing=closing))

    def sound(self, rule: str, exchange: Exchange, what: str) -> None:
        """Checks that there is a response; `rule` allows success and refusal."""
        if exchange.failure == "timeout":
            return
        ok = exchange.succeeded or 400 <= exchange.status < 500
        message = f"{what}: answered {exchange.told()}, neither success nor 4xx"
        self.contract.check(rule, ok, message, exchange, claim=expectations.STATUS)

    def same(self, rule: str, exchange: Exchange, plain: Exchange, what: str, member: str) -> None:
        """Checks that the response equals `plain`; of lists under `member` only emptiness is compared."""
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
