"""A reference emulator whose requests and answers a test can change on their way.

`Proxy` is the emulator itself, so that this costs no second hop. A test overrides what it needs:

- `perform` sees one operation: the caller, the request and the answer as JSON documents, whatever protocol is spoken.
- `respond` sees the answer as bytes, and may delay it, send it otherwise, or `drop` the connection.

`in_thread` serves a proxy from the test's own process; `serve` is for a process of its own.
"""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final

import uvicorn

from dxcontract.reference.core.accounts import DEFAULT_PARTNERS, DEFAULT_SECRET, Accounts
from dxcontract.reference.core.clock import Clock, Pace
from dxcontract.reference.core.context import Call, Reading, World
from dxcontract.reference.core.messages import Answer
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.reference.core.store import Store
from dxcontract.reference.http.server import Emulator, Receive, Scope, Send
from dxcontract.spec.model import Json

ACCOUNTS: Final = "owner=111111111111,other=222222222222,partner=333333333333"
"""What `--accounts` says of a proxy: it has no STS."""


class Proxy(Emulator):
    """The reference emulator with hooks. `changed` counts what a hook altered; hooks count it themselves."""

    def __init__(self, advance: str = "instant", documented: bool = False) -> None:
        """`advance` and `documented` are `--advance` and `--states` of the emulator."""
        clock = Clock(Pace.parse(advance))
        known = Accounts([], list(DEFAULT_PARTNERS), DEFAULT_SECRET)
        super().__init__(World(known, clock, Rules(), Store(clock), Reading(documented)))
        self.changed = 0

    def perform(self, call: Call, request: Json) -> Json:
        """Perform one operation; a subclass changes the request before, or the answer after `super().perform`.

        Raises:
            ServiceError: the request is refused.
        """
        return super()._perform_parsed(call, request)

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        """Send one answer; `body` is the request's."""
        await respond(send, answer.status, headers(answer), answer.body)

    def _perform_parsed(self, call: Call, document: Json) -> Json:
        return self.perform(call, document)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read: list[bytes] = []
        sent: list[Any] = []

        async def reading() -> Any:
            message = await receive()
            read.append(message.get("body", b""))
            return message

        async def keeping(message: Any) -> None:
            sent.append(message)

        await super().__call__(scope, reading, keeping)
        if len(sent) != 2:  # the client went away
            return
        start, end = sent
        if scope["path"].startswith("/_dxcontract/"):
            await send(start)
            await send(end)
            return
        found = {name: value.decode("latin-1") for name, value in start["headers"]}
        answer = Answer(
            start["status"],
            end["body"],
            found[b"content-type"],
            found.get(b"x-amzn-requestid", ""),
            found.get(b"smithy-protocol", ""),
        )
        await self.respond(scope, b"".join(read), answer, send)


def headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """The headers of an answer as the emulator sends them; a hook may change the list."""
    named = [
        ("content-type", answer.content_type),
        ("content-length", str(len(answer.body))),
        ("x-dxcontract-emulator", "reference"),
        ("smithy-protocol", answer.protocol),
        ("x-amzn-requestid", answer.request_id),
    ]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named if value]


async def respond(send: Send, status: int, named: list[tuple[bytes, bytes]], *parts: bytes) -> None:
    """Send an answer whose body has these parts; without a content-length they are chunks."""
    await send({"type": "http.response.start", "status": status, "headers": named})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def drop(send: Send) -> None:
    """End the connection without an answer, or in the middle of one."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own; ASGI has no word for it


def end(send: Send) -> None:
    """End the connection once what was sent is on its way."""
    send.__self__.transport.close()  # type: ignore[attr-defined]


def serve(proxy: Proxy, listener: socket.socket, end: int) -> None:
    """Answer requests on a listening socket until the file descriptor `end` can be read or its far end is closed."""
    asyncio.run(_until(_server(proxy), listener, end))


async def _until(server: uvicorn.Server, listener: socket.socket, end: int) -> None:
    asyncio.get_running_loop().add_reader(end, server.handle_exit, signal.SIGTERM, None)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]  # or it sends itself SIGTERM
    await server.serve(sockets=[listener])


@contextlib.contextmanager
def in_thread(proxy: Proxy) -> Iterator[str]:
    """Serve a proxy in a thread of this process; answers its URL."""
    server = _server(proxy)
    with listening() as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        try:
            yield url(listener)
        finally:
            server.should_exit = True
            thread.join(10)


def listening() -> socket.socket:
    """A socket that listens on a free port of loopback, and sends small answers without delay."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    return listener


def url(listener: socket.socket) -> str:
    """Where a listening socket is reached."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _server(proxy: Proxy) -> uvicorn.Server:
    # The suite sends malformed HTTP on purpose: the server's warnings about it would tell nobody anything.
    return uvicorn.Server(
        uvicorn.Config(
            proxy,
            log_config=None,
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )
