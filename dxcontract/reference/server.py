"""The ASGI application: one HTTP request in, one answer out.

A request is handled from beginning to end without giving way to another (there is no `await` between reading and
writing what exists), so every request is atomic and all of them have one order, however many clients there are.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Route

from dxcontract.reference import admin, ec2, lifecycle, protocol, registry, virtual_gateways
from dxcontract.reference.errors import ServiceError
from dxcontract.reference.faults import Saboteur
from dxcontract.reference.signature import Caller, Signed, verify
from dxcontract.reference.world import Call, World
from dxcontract.spec import Json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOG: Final = logging.getLogger("dxcontract.reference")
# A body that is too long is read to its end, so that the client hears why, but not kept; beyond this it is cut off.
_MAXIMUM_DRAINED: Final = 64 * protocol.MAXIMUM_BODY
_SERVICES: Final = frozenset({"directconnect", "ec2"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = protocol.CONTENT_TYPE
    request_id: str = ""


class Emulator:
    """Answers requests to one world."""

    def __init__(self, world: World, latency: float = 0.0) -> None:
        """`latency` is how many seconds each request waits before it is handled."""
        registry.load()
        protocol.warm()
        self.world = world
        self._latency = latency
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
            await _send(send, Answer(status, protocol.encode(document), "application/json"))
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        await _send(send, self.answer(Signed(scope["method"], path, query, headers, body)))

    def answer(self, request: Signed) -> Answer:
        """The answer to one request. It raises nothing: what goes wrong inside becomes an InternalFailure."""
        request_id = str(uuid.uuid4())
        started = time.perf_counter()
        content_type = protocol.CONTENT_TYPE
        name = "?"
        try:
            if len(request.body) > protocol.MAXIMUM_BODY:
                raise ServiceError("SerializationException", f"The body is longer than {protocol.MAXIMUM_BODY} bytes.")
            caller = verify(request, self.world.accounts, time.time())
            if caller.service == "ec2":
                name, content_type = "ec2", ec2.CONTENT_TYPE
                status, body = self._perform_ec2(caller, request.body, request_id)
            else:
                name, body = self._perform(caller, request)
                status = 200
        except ServiceError as error:
            content_type = protocol.CONTENT_TYPE
            status, body = error.status, protocol.encode_error(error)
        except Exception:  # the emulator's own mistake must be seen, and must not end the connection
            LOG.exception("request %s failed", request_id)
            content_type = protocol.CONTENT_TYPE
            failure = ServiceError("InternalFailure", "The emulator failed; see its log.", 500)
            status, body = failure.status, protocol.encode_error(failure)
        LOG.info("%s %s %d %.1f ms", request_id, name, status, (time.perf_counter() - started) * 1000)
        return self._saboteur.wire(Answer(status, body, content_type, request_id))

    def _perform(self, caller: Caller, request: Signed) -> tuple[str, bytes]:
        if caller.service not in _SERVICES:
            raise ServiceError(
                "InvalidSignatureException", "The credential must be scoped to the service directconnect."
            )
        if request.method != "POST" or request.path != "/":
            raise ServiceError("UnknownOperationException", "Operations are sent as POST to /.")
        operation = protocol.target_operation(request.headers.get("x-amz-target"))
        document = protocol.parse(request.body)
        call = Call(operation, caller.account, caller.region, self.world)
        self._begin(call.account, call.region)
        answer = self.perform(call, document)
        return operation, protocol.encode(answer)

    def perform(self, call: Call, document: Json) -> Json:
        """Validate and perform one operation; all of it or nothing."""
        document = self._saboteur.request(call, document)
        protocol.validate(call.operation, document, self.world.rules)
        function = registry.PERFORM.get(call.operation)
        if function is None:
            raise ServiceError("UnknownOperationException", f"{call.operation} is not implemented.")
        with self.world.store.transaction():
            answer = function(call, document)
            return self._saboteur.answer(call, document, answer)

    def _perform_ec2(self, caller: Caller, body: bytes, request_id: str) -> tuple[int, bytes]:
        self._begin(caller.account, caller.region)
        with self.world.store.transaction():
            return ec2.perform(Call("ec2", caller.account, caller.region, self.world), body, request_id)

    def _begin(self, account: str, region: str) -> None:
        with self.world.store.transaction():
            lifecycle.settle(self.world)
            virtual_gateways.ensure(self.world, account, region)


def application(world: World, latency: float = 0.0) -> Starlette:
    """The emulator as an ASGI application."""
    emulator = Emulator(world, latency)
    return Starlette(routes=[Route("/{path:path}", emulator)])


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
        if kept <= protocol.MAXIMUM_BODY:
            parts.append(part)
            kept += len(part)
        if not message.get("more_body", False) or total > _MAXIMUM_DRAINED:
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            return body[: protocol.MAXIMUM_BODY + 1]


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode("latin-1")),
    ]
    if answer.request_id:
        headers.append((b"x-amzn-requestid", answer.request_id.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
