"""Enforces a deadline on a whole response, because a read timeout restarts with every byte."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from typing import Final

_TICK: Final = 0.1


class Watchdog:
    """Shuts down the sockets of requests that exceed their deadline. Safe for concurrent use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[int, tuple[float, socket.socket]] = {}
        self._numbers = itertools.count()
        self._local = threading.local()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Apply `deadline` (perf_counter) to the sockets that this thread registers with `see`."""
        self._local.deadline, self._local.numbers = deadline, []
        try:
            yield
        finally:
            with self._lock:
                for number in self._local.numbers:
                    self._watched.pop(number, None)
            self._local.deadline = None

    def see(self, connected: socket.socket) -> None:
        """Register `connected`, from which this thread is about to read an answer."""
        deadline = getattr(self._local, "deadline", None)
        if deadline is None:
            return
        number = next(self._numbers)
        self._local.numbers.append(number)
        with self._lock:
            self._watched[number] = (deadline, connected)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="dxcontract-watchdog", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(_TICK)
            now = time.perf_counter()
            with self._lock:
                late = [number for number, (deadline, _) in self._watched.items() if deadline < now]
                for number in late:  # while locked: afterwards the socket may serve another request
                    with contextlib.suppress(OSError):  # closed by the other side
                        self._watched.pop(number)[1].shutdown(socket.SHUT_RDWR)
