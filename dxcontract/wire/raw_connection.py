"""Sends raw bytes over a separate connection, for requests that an HTTP client cannot send: pieces, pauses,
pipelining.

A `Line` sends requests unchanged and reads answers as HTTP. It raises nothing: a failure is returned in the answer.
Every wait has a time limit.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from dxcontract.wire import proxies
from dxcontract.wire.connection_pool import CONNECT_SECONDS, LARGEST_ANSWER
from dxcontract.wire.messages import Answer, Failure, Request, Response

Pieces = Iterable[bytes | float]
"""Bytes to send, and pauses in seconds between them."""


def written(
    request: Request,
    *,
    version: str = "1.1",
    framing: Sequence[tuple[str, str]] | None = None,
    body: bytes | None = None,
) -> bytes:
    """A request as bytes: its own headers in their order and case, Host, and Content-Length.

    `framing` replaces Content-Length by other headers; `body` is what stands on the wire instead of the plain body.
    """
    place = urlsplit(request.url)
    asked = (place.path or "/") + (f"?{place.query}" if place.query else "")
    content = request.body if body is None else body
    headers = [*request.headers]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", place.netloc))
    headers += [("Content-Length", str(len(content)))] if framing is None else framing
    lines = [f"{request.method} {asked} HTTP/{version}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + content


def chunked(body: bytes, size: int) -> bytes:
    """A body in the chunked transfer coding, in chunks of `size` bytes."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class Line:
    """One connection to an endpoint, closed when its context ends."""

    def __init__(self, endpoint: str, answer_seconds: float) -> None:
        self._address = urlsplit(endpoint)
        self._seconds = answer_seconds
        self._socket: socket.socket | None = None
        self._stream: _Stream | None = None
        self._deadline = time.monotonic() + answer_seconds
        self._watch: threading.Timer | None = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._stream is not None:
            self._stream.really_close()
        if self._socket is not None:
            self._socket.close()

    def exchange(self, pieces: Pieces, *, method: str = "POST", ends: bool = False) -> Answer:
        """Send pieces and read one answer; `ends`: say that nothing more is sent, before reading."""
        started = time.perf_counter()
        try:
            self._opened()
            sending = self._send(pieces)
            if ends and sending is None and self._socket is not None:
                self._socket.shutdown(socket.SHUT_WR)
            response = self._read(method)
        except (OSError, http.client.HTTPException) as error:
            failure = _failure(error, time.monotonic() >= self._deadline)
            return Answer(None, failure, f"{type(error).__name__}: {error}", time.perf_counter() - started)
        return Answer(response, None, "", time.perf_counter() - started)

    def _opened(self) -> None:
        self._deadline = time.monotonic() + self._seconds
        if self._watch is not None:
            self._watch.cancel()
        if self._socket is None:
            secure = self._address.scheme == "https"
            place = (self._address.hostname or "", self._address.port or (443 if secure else 80))
            plain = _connected(self._address.geturl(), place, min(CONNECT_SECONDS, self._seconds))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = self._context().wrap_socket(plain, server_hostname=place[0]) if secure else plain
            self._stream = _Stream(self._socket.makefile("rb", buffering=0))
        self._socket.settimeout(self._seconds)
        # A timeout on the socket is for each piece; an answer may come in many.
        self._watch = threading.Timer(self._seconds, _cut, (self._socket,))
        self._watch.daemon = True
        self._watch.start()

    def _context(self) -> ssl.SSLContext:
        trusted = proxies.bundle(self._address.geturl())
        return ssl.create_default_context(cafile=trusted.get("ca_certs"), capath=trusted.get("ca_cert_dir"))

    def _send(self, pieces: Pieces) -> OSError | None:
        """Send all; a target that closes early may have answered already, so an error here is none yet."""
        assert self._socket is not None
        try:
            for piece in pieces:
                if isinstance(piece, bytes):
                    self._socket.sendall(piece)
                else:
                    time.sleep(piece)
        except TimeoutError:
            raise
        except OSError as error:
            return error
        return None

    def _read(self, method: str) -> Response:
        stand_in: Any = self._stream
        found = http.client.HTTPResponse(stand_in, method=method)
        found.begin()
        body = found.read(LARGEST_ANSWER)
        if found.length and len(body) < LARGEST_ANSWER:
            raise http.client.IncompleteRead(body, found.length)
        return Response(found.status, {name.lower(): value for name, value in found.headers.items()}, body)


def _connected(url: str, place: tuple[str, int], seconds: float) -> socket.socket:
    """A connection to `place`, or to the same through the tunnel of a proxy."""
    proxy = proxies.of(url)
    if proxy is None:
        return socket.create_connection(place, timeout=seconds)
    at = urlsplit(proxy.url)
    tunnel = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=seconds)
    tunnel.set_tunnel(*place, headers=dict(proxy.headers))
    tunnel.connect()
    assert tunnel.sock is not None
    return tunnel.sock


class _Stream(io.BufferedReader):
    """What was received and not read yet; stays open from one answer to the next on its connection."""

    def makefile(self, *_: Any) -> "_Stream":
        """What http.client asks a socket for."""
        return self

    def close(self) -> None:
        """Nothing: http.client closes what it read an answer from."""

    def really_close(self) -> None:
        super().close()


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already


_FAILURES: Final[tuple[tuple[type[Exception], Failure], ...]] = (
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "timeout"),
    (ConnectionError, "reset"),
    (http.client.IncompleteRead, "reset"),
    (http.client.HTTPException, "not-http"),
)


def _failure(error: Exception, late: bool) -> Failure:
    if late and not isinstance(error, ConnectionRefusedError):
        return "timeout"
    return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), "other")
