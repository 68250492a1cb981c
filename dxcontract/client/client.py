"""Sends every call to the target, of boto3 or raw, and returns it as an Exchange.

Signing, permissions, recording and judging happen only here.
"""

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import botocore.awsrequest

from dxcontract.client import liveness
from dxcontract.client.errors import TargetDied
from dxcontract.client.pacing import Patience
from dxcontract.client.resource_journal import Journal, new_run_id
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Operation, Spec
from dxcontract.targets.permissions import parsed
from dxcontract.targets.target import Target
from dxcontract.wire import cbor, redaction, sigv4
from dxcontract.wire.aws_json import CONTENT_TYPE
from dxcontract.wire.boto3_codec import Caller
from dxcontract.wire.common_errors import EXPIRED
from dxcontract.wire.connection_pool import Transport
from dxcontract.wire.credentials import Account, Role
from dxcontract.wire.errors import CredentialsExpired, Unsupported, UnusableAnswer
from dxcontract.wire.exchange import ANY_OPERATION, Exchange
from dxcontract.wire.messages import Answer, Request, Signed, error_type

ANSWER_SECONDS: Final = 10.0
AGAIN_AFTER: Final = (0.05, 0.1, 0.2)
"""Pauses in seconds after which a request that the server failed on is sent again, before that is held against it."""

THROTTLES: Final = frozenset(
    {"ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException", "EC2ThrottledException"}
)
_CODE: Final = re.compile(rb"<Response>\s*<Errors>\s*<Error>\s*<Code>(\w+)</Code>")
_HEAD: Final = 1024

Witness = Callable[[Exchange], None]
Carrier = Callable[[Request], Answer]


class Api:
    """A client for one target. Safe for concurrent use.

    `witness` is told every exchange, in the thread that made it. What is made is noted in `journal` before it is asked
    for; how fast and how long is asked is up to `patience`.
    """

    def __init__(
        self,
        target: Target,
        spec: Spec,
        witness: Witness,
        answer_seconds: float = ANSWER_SECONDS,
        journal: Journal | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.target = target
        self.journal = journal or Journal(new_run_id())
        self.patience = patience or Patience()
        self.spec = spec
        self.witness = witness
        self.unsupported: dict[str, str] = {}
        self.vault = redaction.Vault()
        self.answer_seconds = answer_seconds
        self.protocol: cbor.Protocol = "json"
        self.asking: Callable[[str], object] = str  # is told each operation before it is sent
        self.lacks: dict[cbor.Protocol, str] = {}
        self._transport = Transport(answer_seconds)
        self._callers: dict[tuple[Role, str, cbor.Protocol], Caller] = {}
        self._lock = threading.Lock()
        self._order = itertools.count(1)
        self._last: Exchange | None = None
        self._failing: set[str] = set()
        self._death: TargetDied | None = None

    def account(self, role: Role) -> Account:
        """The credentials of a role.

        Raises:
            Unsupported: the target has no such account.
        """
        account = self.target.accounts.get(role)
        if account is None:
            raise Unsupported(
                f"{self.target.name} has no {role} account; name one with --accounts=owner=…,{role}=… to test this"
            )
        self.vault.keep(redaction.of_accounts([account]))
        return account

    def speak(self, protocol: cbor.Protocol) -> None:
        """Use `protocol` for all further calls.

        Raises:
            Unsupported: the target does not speak it.
        """
        if reason := self.lacks.get(protocol):
            raise Unsupported(reason)
        self.protocol = protocol

    def permit(self, operation: str, document: Any = None) -> None:
        """Raise Unsupported if the target lacks an operation or if the request must not be sent.

        Raises:
            Unsupported: with the reason.
            TargetDied: it is dead, and nothing more is sent.
        """
        if self._death is not None:
            raise self._death
        if reason := self.unsupported.get(operation):
            raise Unsupported(reason)
        if (known := self.spec.operations.get(operation)) and (reason := self.target.refusal(known, document)):
            raise Unsupported(reason)

    def call(
        self,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        role: Role = "owner",
        region: str | None = None,
    ) -> Exchange:
        """Send one call as boto3 does, without its retries and its parameter validation.

        Raises:
            Unsupported: the target lacks the operation or the account, or it must not be sent there.
            UnusableAnswer: no answer came that can be judged, the target asked to slow down, or it is not known what a
                write did.
        """
        self.permit(operation, dict(params or {}))
        place = region or self.target.region
        caller = self._caller(role, place)
        request = caller.request(operation, params or {})
        answer = self._answered(operation, role, place, request, self._transport.send)
        client_error = caller.trouble(operation, answer.response) if answer.response is not None else None
        return self._recorded(operation, role, place, request, answer, client_error=client_error)

    def send(
        self,
        operation: str,
        body: Any,
        *,
        role: Role = "owner",
        region: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        sign: bool = True,
        method: str = "POST",
        tamper: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] | None = None,
        addressed: bool = True,
    ) -> Exchange:
        """Send one raw call with any bytes (or any JSON value) and any headers (None removes a header), signed by
        default.

        `tamper` changes the headers after signing. `addressed=False` says that the request does not name the operation
        as Direct Connect asks for it (no target header, no signature): an endpoint of many services may take it for
        another's, so that the answer is no answer of that operation. Raises as `call` does.
        """
        self.permit(operation, parsed(body) if isinstance(body, bytes) else body)
        place = region or self.target.region
        request = self.prepare(
            operation, body, role=role, region=place, headers=headers, sign=sign, method=method, tamper=tamper
        )
        named = operation if addressed else ANY_OPERATION
        answer = self._answered(operation, role, place, request, self._transport.send)
        return self._recorded(named, role, place, request, answer, raw=True)

    def deliver(
        self,
        operation: str,
        request: Request,
        carrier: Carrier | None = None,
        *,
        role: Role = "owner",
        region: str | None = None,
        addressed: bool = True,
        again: bool = True,
    ) -> Exchange:
        """Send one call with a prepared request, through the connection pool or by `carrier` (for example over a
        socket).

        Recorded and judged like any other; `again=False` says that the carrier cannot send it twice. That nothing came
        back is in the exchange: what that means is the test's to say. Raises as `call` does, but for that.
        """
        self.permit(operation, parsed(request.body))
        place = region or self.target.region
        # By hand many requests are made that an HTTP server, which speaks no JSON, refuses.
        ask = self._answered if again and addressed else self._carried
        answer = ask(operation, role, place, request, carrier or self._transport.send)
        named = operation if addressed else ANY_OPERATION
        return self._recorded(named, role, place, request, answer, raw=True, silence=True)

    def prepare(
        self,
        operation: str,
        body: Any,
        *,
        role: Role,
        region: str,
        headers: Mapping[str, str | None] | None = None,
        sign: bool | Literal["query"] = True,
        age: float = 0.0,
        method: str = "POST",
        tamper: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] | None = None,
    ) -> Request:
        """Build the request that `send` sends; optionally signed in the query or `age` seconds ago."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        wanted: dict[str, str | None]
        if self.protocol == "cbor":
            data, url = cbor.from_json(data), self.target.endpoint + cbor.path(self.spec.target_prefix, operation)
            wanted = {"Content-Type": cbor.CONTENT_TYPE, "Accept": cbor.CONTENT_TYPE, **dict([cbor.HEADER])}
        else:
            url = self.target.endpoint
            wanted = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{self.spec.target_prefix}.{operation}"}
        wanted |= headers or {}
        prepared = botocore.awsrequest.AWSRequest(
            method=method,
            url=url,
            data=data,
            headers={name: value for name, value in wanted.items() if value is not None},
        )
        if sign == "query":
            sigv4.presign(prepared, self.account(role), self.spec.index["signingName"], region)
        elif sign:
            sigv4.sign(prepared, self.account(role), self.spec.index["signingName"], region, age=age)
        final = [(str(name), str(value)) for name, value in prepared.headers.items()]
        signed = Signed(
            "query" if sign == "query" else "header" if sign else "none", age, prepared.headers.get("Authorization", "")
        )
        return Request(method, str(prepared.url), tuple(tamper(final) if tamper else final), data, signed)

    def survived(self, suspect: Exchange) -> None:
        """Check that the target still answers after `suspect`.

        Raises:
            TargetDied: it does not, then or ever after.
        """
        try:
            liveness.survived(self, suspect)
        except TargetDied as died:
            self._death = died
            raise

    def ask(self, operation: str, body: Any, answer_seconds: float, role: Role = "owner") -> Exchange:
        """Send a raw call for a probe, without judging the answer.

        Raises:
            Unsupported: it must not be sent there.
        """
        known = self.spec.operations.get(operation)
        if known and (reason := self.target.refusal(known, parsed(body) if isinstance(body, bytes) else body)):
            raise Unsupported(reason)
        region = self.target.region
        request = self.prepare(operation, body, role=role, region=region)

        def carrier(one: Request) -> Answer:
            return self._transport.send(one, answer_seconds)

        answer = self._carried(operation, role, region, request, carrier)
        return self._exchange(operation, role, region, request, answer, raw=True)

    def close(self) -> None:
        self._transport.close()

    def carry(self, request: Request) -> Answer:
        """Send a request for another service at the same endpoint, with the same limits and retries, without judging
        it.
        """
        self.asking("another service")
        return self._patiently(request, self._transport.send)

    def _answered(self, operation: str, role: Role, region: str, request: Request, by: Carrier) -> Answer:
        """Send a request, and again while the server fails on it: only a failure that repeats is its answer.

        Of a write that is answered otherwise the second time, nobody knows what the first time did, unless it was
        refused both times. A write that succeeded, in words that cannot be read, is not repeated; nor is any write on a
        real account.

        Raises:
            UnusableAnswer: it is not known what a write did.
        """
        first = self._carried(operation, role, region, request, by)
        if not _failed(first):
            return first
        known = self.spec.operations.get(operation)
        writes = known is not None and known.traits.effect != "read"
        if writes and (_told(first) == "200" or self.target.is_real):
            if _told(first) == "200":
                return first
            raise UnusableAnswer(f"{operation} was answered {_told(first)}; a write on a real account is not repeated")
        last = first
        for pause in (0.0,) if operation in self._failing else AGAIN_AFTER:
            time.sleep(pause)
            last = self._carried(operation, role, region, request, by)
            if not _failed(last):
                self._failing.discard(operation)
                if writes and not (_is_refusal(first) and _is_refusal(last)):
                    what = f"{operation} was answered {_told(first)}, and the same request again {_told(last)}"
                    raise UnusableAnswer(f"{what}: what the first one did is not known")
                return last
        self._failing.add(operation)
        return last

    def _carried(self, operation: str, role: Role, region: str, request: Request, by: Carrier) -> Answer:
        """Send a request that is permitted: in its turn, counted, noted in the journal before and after."""
        self.vault.learn(request.body)
        self.patience.turn(role)
        self.asking(operation)
        known = self.spec.operations.get(operation)
        if known is not None:
            self.target.passed(known, request.body)
        if known is None or known.traits.effect != "create":
            return self._patiently(request, by)
        entry = self.journal.will(known, role, region, request.body)
        answer = self._patiently(request, by)
        body = answer.response.body if answer.response else b""
        self.vault.learn(body)
        self.journal.answered(entry, *_made(known, answer, self.vault), body)
        return answer

    def _patiently(self, request: Request, by: Carrier) -> Answer:
        """Send a request; again after a pause while the target asks to slow down, which did nothing yet."""
        while _throttled(answer := by(request)):
            if not self.patience.slow_down():
                return answer
        self.patience.relax()
        return answer

    def _recorded(
        self,
        operation: str,
        role: Role,
        region: str,
        request: Request,
        answer: Answer,
        *,
        client_error: str | None = None,
        raw: bool = False,
        silence: bool = False,
    ) -> Exchange:
        exchange = self._exchange(operation, role, region, request, answer, client_error=client_error, raw=raw)
        before, self._last = self._last, exchange
        if exchange.response is None:
            # What refuses the connection was ended by what came before.
            self.survived(before if before is not None and exchange.failure == "refused" else exchange)
        if exchange.error_type in EXPIRED and _carries(request, self.account(role).token):
            raise CredentialsExpired(f"the credentials of {role} have expired ({exchange.told()}); renew them")
        throttled = exchange.status in (429, 503) or exchange.error_type in THROTTLES
        if throttled or (exchange.response is None and not silence):
            what = "asked to slow down" if throttled else f"did not answer ({answer.failure}: {answer.detail})"
            raise UnusableAnswer(f"{operation}: the target {what} after {exchange.seconds:.1f} s")
        self.witness(exchange)
        if exchange.unreadable and operation != ANY_OPERATION and not silence:
            raise UnusableAnswer(f"{operation} was answered {exchange.told()}", exchange)
        return exchange

    def _exchange(
        self,
        operation: str,
        role: Role,
        region: str,
        request: Request,
        answer: Answer,
        *,
        client_error: str | None = None,
        raw: bool = False,
    ) -> Exchange:
        exchange = Exchange(
            operation=operation,
            account=role,
            region=region,
            request=request,
            response=answer.response,
            seconds=answer.seconds,
            failure=answer.failure,
            detail=answer.detail,
            client_error=client_error,
            raw=raw,
            order=next(self._order),
            cut=self.vault.cut,
        )
        if answer.response is not None:
            self.vault.learn(answer.response.body, lambda: exchange.json)
        return exchange

    def _caller(self, role: Role, region: str) -> Caller:
        with self._lock:
            key = (role, region, self.protocol)
            if key not in self._callers:
                account, service = self.account(role), str(self.spec.index["signingName"])
                self._callers[key] = Caller(self.protocol, account, service, region, self.target.endpoint)
            return self._callers[key]


def _failed(answer: Answer) -> bool:
    """Whether the server failed on a request: a status of 5xx (but the one that asks to slow down), or a body that is
    no JSON object."""
    response = answer.response
    if response is None or response.status in (429, 503):
        return False
    return response.status >= 500 or not isinstance(response.json, dict)


def _is_refusal(answer: Answer) -> bool:
    return answer.response is not None and 400 <= answer.response.status < 500


def _told(answer: Answer) -> str:
    """An answer in a word."""
    return str(answer.response.status) if answer.response is not None else f"with nothing ({answer.failure})"


def _carries(request: Request, token: str | None) -> bool:
    """Whether a request was sent with this session token, and not with another one or none."""
    return token is not None and ("x-amz-security-token", token) in ((k.lower(), v) for k, v in request.headers)


def _throttled(answer: Answer) -> bool:
    """Whether the target asks to slow down. Source: awscli/botocore `throttling` retry definitions.

    The error's type says so, not a text that quotes what was sent.
    """
    response = answer.response
    if response is None or response.status in (429, 503):
        return response is not None
    if not 400 <= response.status < 500:
        return False
    in_xml = _CODE.search(response.body[:_HEAD])  # EC2's errors
    return (in_xml[1].decode() if in_xml else error_type(response, cbor.answer(response.body))) in THROTTLES


def _made(operation: Operation, answer: Answer, vault: redaction.Vault) -> tuple[str, dict[str, list[str]]]:
    """What came of a creating call, in a word, and the ids of what it made, but for secrets given as ids."""
    if answer.response is None:
        return f"nothing ({answer.failure})", {}
    if answer.response.status != 200:
        return str(answer.response.status), {}
    document = cbor.answer(answer.response.body)
    ids = {
        kind: [one for one in at(document, pointer) if isinstance(one, str) and one and one not in vault]
        for kind, pointer in operation.traits.gives.items()
    }
    return "200", ids
