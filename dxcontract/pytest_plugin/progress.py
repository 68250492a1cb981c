"""A progress line that shows the longest running test. Silent with -q and while tests end often.

A pytest plugin, registered by `options`; with workers, it runs in the main process.
"""

import os
import sys
import threading
import time
from typing import Final

import pytest

SILENCE: Final = 20.0
"""So long nothing is said."""


class Live:
    """Prints the longest running test every `silence` seconds without an end of a test."""

    def __init__(self, out: int, silence: float | None = None) -> None:
        """`out`: where to write, a descriptor that pytest does not capture while tests run."""
        self._out = out
        self._silence = SILENCE if silence is None else silence
        self._running: dict[str, float] = {}
        self._done = 0
        self._total = 0
        self._heard = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dxcontract-live", daemon=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Start with the tests; with workers, their number is not known here."""
        self._total = len(getattr(session, "items", ()))
        self._thread.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        with self._lock:
            self._running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        with self._lock:
            self._running.pop(nodeid, None)
            self._done += 1
            self._heard = time.monotonic()

    def pytest_sessionfinish(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._out)

    def _watch(self) -> None:
        while not self._ended.wait(self._silence / 10):
            if line := self._line():
                os.write(self._out, f"\n{line}\n".encode())

    def _line(self) -> str:
        now = time.monotonic()
        with self._lock:
            if not self._running or now - self._heard < self._silence:
                return ""
            self._heard = now
            name, since = min(self._running.items(), key=lambda item: item[1])
            of = f" of {self._total}" if self._total else ""
            return f"{self._done}{of} tests done; {name.rpartition('/')[2]} has been running for {now - since:.0f} s"


def register(config: pytest.Config) -> None:
    """Register the plugin in the main process, unless the output is quiet."""
    if (
        not hasattr(config.option, "verbose")
        or config.option.verbose < 0
        or config.option.collectonly
        or hasattr(config, "workerinput")
    ):
        return
    if sys.__stdout__ is not None:
        # pytest captures what is written while tests run, but not yet: this copy stays what stdout is now.
        config.pluginmanager.register(Live(os.dup(sys.__stdout__.fileno())), "dxcontract-live")
