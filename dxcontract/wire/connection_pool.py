"""Sends bytes to the target and reads the answer: one keep-alive pool, no retries, no redirects, time limits."""

import functools
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
import urllib3.util

from dxcontract.wire import proxies
from dxcontract.wire.messages import Answer, Failure, Request, Response
from dxcontract.wire.proxies import Proxy
from dxcontract.wire.read_deadline import Watchdog
from dxcontract.wire.safe_text import one_line

CONNECT_SECONDS: Final = 5.0
IDLE_CONNECTIONS: Final = 16
LARGEST_ANSWER: Final = 16 * 1024 * 1024
_WATCHDOG: Final = Watchdog()
_OBJECT: Final = re.compile(r"<[^>]* object at 0x[0-9a-f]+>:? ?|_?HTTPS?Connection(Pool)?\([^)]*\): ?")
_CHUNK: Final = 256 * 1024
_FAILURES: Final[tuple[tuple[type[Exception], Failure], ...]] = (
    (urllib3.exceptions.NewConnectionError, "refused"),
    (urllib3.exceptions.TimeoutError, "timeout"),
    (urllib3.exceptions.ProtocolError, "reset"),
    (urllib3.exceptions.HTTPError, "other"),
    (OSError, "other"),
)


class Transport:
    """Sends requests unchanged. Safe for concurrent use."""

    def __init__(self, answer_seconds: float) -> None:
        self.answer_seconds = answer_seconds
        self._managers: dict[tuple[Proxy | None, tuple[tuple[str, str], ...]], urllib3.PoolManager] = {}
        # Looked up by URL, of which a run has few: finding the pool costs as much as sending otherwise.
        self._place = functools.lru_cache(maxsize=256)(self._found)

    def send(self, request: Request, answer_seconds: float | None = None) -> Answer:
        """Send `request`; a failure is returned in the answer, never raised."""
        limit = answer_seconds if answer_seconds is not None else self.answer_seconds
        started = time.perf_counter()
        try:
            with _WATCHDOG.until(started + limit):
                response = self._exchange(request, started, limit)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            seconds = time.perf_counter() - started
            if seconds > limit and not isinstance(error, urllib3.exceptions.TimeoutError):
                return Answer(None, "timeout", f"the answer did not end within {limit:g} s", seconds)
            return Answer(None, _failure(error), _detail(error), seconds)
        return Answer(response, None, "", time.perf_counter() - started)

    def _exchange(self, request: Request, started: float, limit: float) -> Response:
        pool, path = self._place(request.url)
        found = pool.urlopen(
            request.method,
            path,
            body=request.body,
            headers=urllib3.HTTPHeaderDict(request.headers),
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, limit), read=limit),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            body = b"".join(_bounded(found.stream(_CHUNK, decode_content=False), started + limit))
        except BaseException:
            found.close()
            raise
        finally:
            found.release_conn()
        return Response(found.status, {name.lower(): value for name, value in found.headers.items()}, body)

    def _found(self, url: str) -> tuple[urllib3.HTTPConnectionPool, str]:
        """The connections to the place of `url`, and what to ask for there."""
        parsed = urllib3.util.parse_url(url)
        proxy = proxies.of(url)
        pool = self._manager(proxy, proxies.bundle(url)).connection_from_host(parsed.host, parsed.port, parsed.scheme)
        # A proxy is asked for a whole URL, unless it passes on what it cannot read.
        return pool, parsed.url if proxy is not None and parsed.scheme == "http" else parsed.request_uri

    def _manager(self, proxy: Proxy | None, bundle: Mapping[str, str]) -> urllib3.PoolManager:
        """The connections that the environment asks for."""
        key = (proxy, tuple(bundle.items()))
        if key not in self._managers:
            options: Any = {"maxsize": IDLE_CONNECTIONS, "retries": False, **bundle}
            made = (
                urllib3.PoolManager(**options)
                if proxy is None
                else urllib3.ProxyManager(proxy.url, proxy_headers=dict(proxy.headers), **options)
            )
            made.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
            self._managers[key] = made
        return self._managers[key]

    def close(self) -> None:
        self._place.cache_clear()
        for manager in self._managers.values():
            manager.clear()


class _Whole(urllib3.connection.HTTPConnection):
    """Sends a request in one piece: in two, each wakes the other side, and it waits for the second."""

    _pieces: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        pieces: list[bytes] = []
        self._pieces = pieces
        try:
            super().request(*args, **kwargs)
        finally:
            self._pieces = None
        self.send(b"".join(pieces))

    def send(self, data: Any) -> None:
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)


class _HTTPConnection(_Whole):
    """A connection whose answers have a deadline as a whole."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        _WATCHDOG.see(self.sock)
        return super().getresponse()


class _HTTPSConnection(_Whole, urllib3.connection.HTTPSConnection):
    """A connection whose answers have a deadline as a whole."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        _WATCHDOG.see(self.sock)
        return super().getresponse()


class _HTTPPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def _bounded(chunks: Iterable[bytes], deadline: float) -> Iterable[bytes]:
    """`chunks`, unless they grow beyond `LARGEST_ANSWER` or dribble on past `deadline` (of perf_counter)."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise urllib3.exceptions.HTTPError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        if time.perf_counter() > deadline:
            raise urllib3.exceptions.TimeoutError("the answer did not end in time")
        yield chunk


def _detail(error: Exception) -> str:
    """What went wrong, without the addresses of objects that urllib3 puts before it."""
    return one_line(_OBJECT.sub("", str(error)).strip())


def _failure(error: Exception) -> Failure:
    if isinstance(error, urllib3.exceptions.SSLError):
        return "tls"
    if isinstance(error, urllib3.exceptions.ProtocolError) and "BadStatusLine" in repr(error):
        return "not-http"
    return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), "other")
