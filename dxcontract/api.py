"""The one door: every call to the target, boto3's or raw, leaves through `Api` and comes back as an Exchange.

Signing, permission, recording and judging happen here and nowhere else.
"""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.parsers
import botocore.session

from dxcontract import death
from dxcontract.checks import CONTENT_TYPE
from dxcontract.exchange import ANY_OPERATION, Exchange, Request
from dxcontract.spec import Spec
from dxcontract.target import Account, Role, Target
from dxcontract.transport import Answer, Transport
from dxcontract.verdict import Indeterminate, TargetDied, Unsupported

ANSWER_SECONDS: Final = 10.0
THROTTLES: Final = frozenset({"ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException"})

Witness = Callable[[Exchange], None]
Carrier = Callable[[Request], Answer]


class Api:
    """Calls to one target. Safe for concurrent use.

    `witness` is told every exchange, in the thread that made it.
    """

    def __init__(self, target: Target, spec: Spec, witness: Witness, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.target = target
        self.spec = spec
        self.witness = witness
        self.unsupported: dict[str, str] = {}
        self._transport = Transport(answer_seconds)
        self._clients: dict[tuple[Role, str], Any] = {}
        self._session = botocore.session.Session()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._order = itertools.count(1)
        self._last: Exchange | None = None
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
        return account

    def permit(self, operation: str) -> None:
        """Refuse what the target lacks or what must not be sent to it.

        Raises:
            Unsupported: with the reason.
            TargetDied: it is dead, and nothing more is sent.
        """
        if self._death is not None:
            raise self._death
        if reason := self.unsupported.get(operation):
            raise Unsupported(reason)
        if (known := self.spec.operations.get(operation)) and (reason := self.target.refusal(known)):
            raise Unsupported(reason)

    def call(
        self,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        role: Role = "owner",
        region: str | None = None,
    ) -> Exchange:
        """One call through boto3, without its retries and its own validation of parameters.

        Raises:
            Unsupported: the target lacks the operation or the account, or it must not be sent there.
            Indeterminate: no answer came, or the target asked to slow down.
        """
        self.permit(operation)
        place = region or self.target.region
        client = self._client(role, place)
        self._local.sent = None
        client_error: str | None = None
        try:
            client._make_api_call(operation, dict(params or {}))
        except botocore.exceptions.ClientError:
            pass  # an error answer is an answer; the exchange has it
        except _NoAnswerError:
            pass  # the exchange has no response and says why
        except botocore.parsers.ResponseParserError as error:
            client_error = str(error)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if self._local.sent is None:
                raise
            client_error = f"{type(error).__name__}: {error}"
        request, answer = self._local.sent
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
        """One raw call: any bytes (or any JSON value), any headers (None removes one), signed unless told not to.

        `tamper` changes the headers after signing. `addressed=False` says that the request does not name the operation
        as Direct Connect asks for it (no target header, no signature): an endpoint of many services may take it for
        another's, so that the answer is no answer of that operation. Raises as `call` does.
        """
        self.permit(operation)
        place = region or self.target.region
        request = self.prepare(
            operation, body, role=role, region=place, headers=headers, sign=sign, method=method, tamper=tamper
        )
        named = operation if addressed else ANY_OPERATION
        return self._recorded(named, role, place, request, self._transport.send(request), raw=True)

    def deliver(
        self,
        operation: str,
        request: Request,
        carrier: Carrier | None = None,
        *,
        role: Role = "owner",
        region: str | None = None,
        addressed: bool = True,
    ) -> Exchange:
        """One call whose request was made by hand, carried as usual or by `carrier` (over a socket, say).

        Recorded and judged like any other. That nothing came back is in the exchange: what that means is the test's to
        say. Raises as `call` does, but for that.
        """
        self.permit(operation)
        answer = (carrier or self._transport.send)(request)
        named = operation if addressed else ANY_OPERATION
        return self._recorded(named, role, region or self.target.region, request, answer, raw=True, silence=True)

    def prepare(
        self,
        operation: str,
        body: Any,
        *,
        role: Role,
        region: str,
        headers: Mapping[str, str | None] | None = None,
        sign: bool = True,
        method: str = "POST",
        tamper: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] | None = None,
    ) -> Request:
        """The request that `send` would send."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        wanted: dict[str, str | None] = {
            "Content-Type": CONTENT_TYPE,
            "X-Amz-Target": f"{self.spec.target_prefix}.{operation}",
            **(headers or {}),
        }
        prepared = botocore.awsrequest.AWSRequest(
            method=method,
            url=self.target.endpoint,
            data=data,
            headers={name: value for name, value in wanted.items() if value is not None},
        )
        if sign:
            account = self.account(role)
            credentials = botocore.credentials.Credentials(account.access_key, account.secret_key, account.token)
            signer = botocore.auth.SigV4Auth(credentials, self.spec.index["signingName"], region)
            signer.add_auth(prepared)
        final = [(str(name), str(value)) for name, value in prepared.headers.items()]
        return Request(method, self.target.endpoint, tuple(tamper(final) if tamper else final), data)

    def survived(self, suspect: Exchange) -> None:
        """Make sure that the target still answers after `suspect`.

        Raises:
            TargetDied: it does not, then or ever after.
        """
        try:
            death.survived(self, suspect)
        except TargetDied as died:
            self._death = died
            raise

    def ask(self, operation: str, body: Any, answer_seconds: float) -> Exchange:
        """A raw call for probing: not judged, not refused, whatever comes back."""
        region = self.target.region
        request = self.prepare(operation, body, role="owner", region=region)
        answer = self._transport.send(request, answer_seconds)
        return self._exchange(operation, "owner", region, request, answer, raw=True)

    def close(self) -> None:
        self._transport.close()

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
        throttled = exchange.status in (429, 503) or exchange.error_type in THROTTLES
        if throttled or (exchange.response is None and not silence):
            what = "asked to slow down" if throttled else f"did not answer ({answer.failure}: {answer.detail})"
            raise Indeterminate(f"{operation}: the target {what} after {exchange.seconds:.1f} s")
        self.witness(exchange)
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
        return Exchange(
            operation=operation,
            account=role,
            region=region,
            request=request,
            response=answer.response,
            seconds=answer.seconds,
            failure=answer.failure,
            client_error=client_error,
            raw=raw,
            order=next(self._order),
        )

    def _client(self, role: Role, region: str) -> Any:
        with self._lock:
            if (role, region) not in self._clients:
                self._clients[role, region] = self._new_client(role, region)
            return self._clients[role, region]

    def _new_client(self, role: Role, region: str) -> Any:
        account = self.account(role)
        client = self._session.create_client(
            "directconnect",
            region_name=region,
            endpoint_url=self.target.endpoint,
            aws_access_key_id=account.access_key,
            aws_secret_access_key=account.secret_key,
            aws_session_token=account.token,
            config=botocore.config.Config(
                parameter_validation=False, retries={"total_max_attempts": 1, "mode": "standard"}
            ),
        )
        deliver: Any = self._deliver  # typed as returning None by the stubs; botocore uses what it returns
        client.meta.events.register("before-send.directconnect", deliver)
        return client

    def _deliver(self, request: botocore.awsrequest.AWSPreparedRequest, **_: Any) -> botocore.awsrequest.AWSResponse:
        """Carry boto3's request over our own transport, so that the bytes of both directions are seen."""
        body = request.body or b""
        sent = Request(
            str(request.method),
            str(request.url),
            tuple((str(name), _text(value)) for name, value in request.headers.items()),
            body if isinstance(body, bytes) else str(body).encode(),
        )
        answer = self._transport.send(sent)
        self._local.sent = (sent, answer)
        if answer.response is None:
            raise _NoAnswerError(answer.detail)
        headers: Any = answer.response.headers
        return botocore.awsrequest.AWSResponse(sent.url, answer.response.status, headers, _Body(answer.response.body))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _NoAnswerError(Exception):
    """Nothing came back; unwinds boto3."""


class _Body:
    """A body that botocore can stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._data
