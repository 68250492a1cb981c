"""The ASGI application: receives HTTP requests and sends answers.

A request runs without interruption by another (there is no `await` between reading and writing records). Therefore
every request is atomic and all requests have one order, for any number of clients.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.routing import Route, Router

from dxcontract.reference.core import registry, transitions
from dxcontract.reference.core.context import Call, World
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Answer, Signed, encode
from dxcontract.reference.faults import hang_or_crash
from dxcontract.reference.faults.injector import Saboteur
from dxcontract.reference.faults.request_parsing import misread
from dxcontract.reference.http import admin, aws_json, cbor
from dxcontract.reference.http.signatures import Caller, verify
from dxcontract.reference.operations import ec2, virtual_gateways
from dxcontract.spec.model import Json
from dxcontract.wire.aws_json import CONTENT_TYPE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOG: Final = logging.getLogger("dxcontract.reference")
# A body that is too long is read to its end, so that the client hears why, but not kept; beyond this it is cut off.
_MAXIMUM_DRAINED: Final = 64 * aws_json.MAXIMUM_BODY


class Emulator:
    """Answers requests to one world."""

    def __init__(self, world: World, latency: float = 0.0) -> None:
        """`latency` is how many seconds each request waits before it is handled."""
        registry.load()
        aws_json.warm()
        self.world = world
        self._latency = latency
        self._faults = world.rules.faults
        self._saboteur = Saboteur(world.rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            return
        if self._latency:
            await asyncio.sleep(self._latency)
        path = scope["path"]
        if path.startswith(admin.PREFIX):
            status, document = admin.handle(self.world, scope, body)
            if self.world.rules.faults != self._faults:
                self._faults = self.world.rules.faults
                self._saboteur = Saboteur(self.world.rules)
            await _send(send, Answer(status, encode(document), "application/json"))
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        answer = self.answer(Signed(scope["method"], path, query, headers, body))
        await hang_or_crash.before(self.world.rules, body)
        await _send(send, answer)

    def answer(self, request: Signed) -> Answer:
        """The answer to one request. It raises nothing: what goes wrong inside becomes an InternalFailure."""
        request_id = str(uuid.uuid4())
        started = time.perf_counter()
        content_type = CONTENT_TYPE
        # Known as soon as the request is read, for the log and the faults.
        in_cbor = cbor.speaks(request)
        target = cbor.named(request) if in_cbor else request.headers.get("x-amz-target")
        operation = (target or "?").rpartition(".")[2][:100]
        try:
            if len(request.body) > aws_json.MAXIMUM_BODY:
                raise ServiceError("SerializationException", f"The body is longer than {aws_json.MAXIMUM_BODY} bytes.")
            caller = verify(request, self.world.accounts, time.time(), self.world.rules)
            request = misread(self.world.rules, request)
            if caller.service == "ec2":
                status, body = self._perform_ec2(caller, request.body, request_id)
                content_type = ec2.CONTENT_TYPE
            else:
                status, body = 200, encode(self._perform(caller, request))
        except ServiceError as error:
            status, body = error.status, aws_json.encode_error(error)
        except Exception:  # the emulator's own mistake must be seen, and must not end the connection
            LOG.exception("request %s failed", request_id)
            status, body = (
                500,
                aws_json.encode_error(ServiceError("InternalFailure", "The emulator failed; see its log.")),
            )
        LOG.info("%s %s %d %.1f ms", request_id, operation, status, (time.perf_counter() - started) * 1000)
        answer = Answer(status, body, content_type, request_id)
        if content_type == ec2.CONTENT_TYPE:
            return answer
        spoilt = self._saboteur.wire(operation, answer)
        return cbor.answer(operation, spoilt, self.world.rules) if in_cbor else spoilt

    def _perform(self, caller: Caller, request: Signed) -> Json:
        if caller.service != "directconnect":
            raise ServiceError(
                "InvalidSignatureException", "The credential must be scoped to the service directconnect."
            )
        posted = request.method == "POST" or not self.world.rules.holds("wire.get-refused")
        in_cbor = cbor.speaks(request)
        if not posted or (request.path != "/" and not in_cbor):
            raise ServiceError("UnknownOperationException", "Operations are sent as POST to /.")
        try:
            if in_cbor:
                operation = cbor.operation(request)
                body = cbor.as_json(request.body, duplicates=not self.world.rules.holds("requests.duplicate-members"))
            else:
                operation, body = aws_json.target_operation(request.headers), request.body
        except ServiceError as error:
            return self._unless_required(error)
        return self.perform_as(caller, operation, body)

    def perform_as(self, caller: Caller, operation: str, body: bytes) -> Json:
        """Perform one operation for a caller who was let in.

        Raises:
            ServiceError: the request is refused.
        """
        try:
            document = aws_json.parse(body, operation, self.world.rules)
        except ServiceError as error:
            return self._unless_required(error)
        self._begin(caller.account, caller.region)
        return self._perform_parsed(Call(operation, caller.account, caller.region, self.world), document)

    def _perform_parsed(self, call: Call, document: Json) -> Json:
        store, function = self.world.store, registry.PERFORM[call.operation]
        try:
            aws_json.validate(call.operation, document, self.world.rules)
            with store.transaction():
                return self._saboteur.answer(call, document, function(call, document))
        except ServiceError as error:
            with store.transaction():
                self._saboteur.refused(call, document, function)
            return self._unless_required(error)
        except (KeyError, TypeError, AttributeError, ValueError):
            # Only where a rule that keeps bad requests away from the operations is switched off.
            if not aws_json.CHECKS & self.world.rules.faults:
                raise
            return {}

    def _unless_required(self, error: ServiceError) -> Json:
        """An empty answer, where the rule that demands a refusal is switched off."""
        if all(self.world.rules.holds(one) for one in error.rules):
            raise error
        return {}

    def _perform_ec2(self, caller: Caller, body: bytes, request_id: str) -> tuple[int, bytes]:
        self._begin(caller.account, caller.region)
        with self.world.store.transaction():
            return ec2.perform(Call("ec2", caller.account, caller.region, self.world), body, request_id)

    def _begin(self, account: str, region: str) -> None:
        with self.world.store.transaction():
            transitions.settle(self.world)
            virtual_gateways.ensure(self.world, account, region)


def application(world: World, latency: float = 0.0) -> Router:
    """The emulator as an ASGI application: a bare router, since there is one endpoint and it lets no exception out."""
    return Router(routes=[Route("/{path:path}", Emulator(world, latency))])


async def _read(receive: Receive) -> bytes | None:
    """The body, at most one byte longer than allowed; None when the client went away."""
    parts: list[bytes] = []
    kept = total = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        total += len(part)
        if kept <= aws_json.MAXIMUM_BODY:
            parts.append(part)
            kept += len(part)
        if not message.get("more_body", False) or total > _MAXIMUM_DRAINED:
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            return body[: aws_json.MAXIMUM_BODY + 1]


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode("latin-1")),
    ]
    headers.append((b"x-dxcontract-emulator", b"reference"))  # or the suite would take this for AWS itself
    if answer.protocol:
        headers.append((b"smithy-protocol", answer.protocol.encode("latin-1")))
    if answer.request_id:
        headers.append((b"x-amzn-requestid", answer.request_id.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
