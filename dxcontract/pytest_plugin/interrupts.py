"""Handles the end of a run and Ctrl-C.

The first Ctrl-C interrupts the run as pytest does: resources are deleted and findings are reported. A second one ends
the deletion. At any other time, Ctrl-C raises nothing, because no code is prepared for it.
"""

import atexit
import signal
import sys
import threading
import warnings
from collections.abc import Generator
from types import FrameType
from typing import Final

import pytest

from dxcontract.run.result import Outcome

_SWALLOWING: Final = frozenset({"__del__", "gc_callback"})
_SOON: Final = 0.01


def stopped(outcome: Outcome, run: str, *, started: bool) -> None:
    """Handle a second Ctrl-C: delete nothing further, and say so in the report. `started`: the target ends with the
    run.
    """
    if not started:
        outcome.notes.append(f"stopped while tidying up; `dxcontract sweep {run}` deletes what is left")


class Interrupts:
    """The behavior of SIGINT during a run of pytest.

    `stoppable` is set while a second Ctrl-C may raise KeyboardInterrupt: in tests, and in `last_call` once.
    """

    def __init__(self) -> None:
        self.received = 0
        self.stoppable = False
        self._once = False
        self._over = False
        self._installed = False

    def install(self) -> None:
        """Replace Python's own handler; a handler of an application around pytest stays in charge."""
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._receive)
            self._installed = True
            _block(False)  # a worker was started with it blocked

    def restore(self) -> None:
        """Restore Python's own handler for the caller of pytest.main()."""
        if self._installed:
            self._installed = False
            atexit.register(_ignored)
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def last_call(self) -> None:
        """From now on until `over`, one more Ctrl-C raises KeyboardInterrupt; an earlier one is `due`."""
        self.stoppable = self._once = True

    def due(self) -> None:
        """Raise KeyboardInterrupt if a second Ctrl-C came too early."""
        if self.received > 1 and not self._over:
            self._raise()

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self) -> Generator[None, object, object]:
        """Workers are started with SIGINT blocked until they are set up: Python's own start would show a traceback."""
        _block(True)
        try:
            return (yield)
        finally:
            _block(False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """What an interrupt left half done, pytest finds when it is disposed of; that is nobody's mistake."""
        if self.received:
            warnings.simplefilter("ignore", pytest.PytestUnraisableExceptionWarning)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Within `Run`'s wrapper: the fixtures of a session need not be taken down. Workers must be, in any case."""
        if not getattr(session.config.option, "tx", None):
            self.due()

    def over(self) -> None:
        """Ignore Ctrl-C from now on: the report is written, which takes little time."""
        self.stoppable, self._over = False, True

    def _receive(self, signum: int, frame: FrameType | None) -> None:
        if self._over:
            return
        if _swallows(frame):
            again = threading.Timer(_SOON, _send_again)
            again.daemon = True
            again.start()
            return
        self.received += 1
        if self.received == 1 or self.stoppable:
            self._raise()

    def _raise(self) -> None:
        if self._once:  # whoever handles this one is not interrupted by another
            self.over()
        raise KeyboardInterrupt


def _swallows(frame: FrameType | None) -> bool:
    """Whether Python drops what is raised here, with a warning: in a finaliser, or a callback of the collector."""
    while frame is not None:
        if frame.f_code.co_name in _SWALLOWING or frame.f_code.co_filename.endswith("weakref.py"):
            return True
        frame = frame.f_back
    return False


def _block(blocked: bool) -> None:
    """Have SIGINT wait, or no longer; nothing where there are no masks of signals."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK if blocked else signal.SIG_UNBLOCK, {signal.SIGINT})


def _send_again() -> None:
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # ends what the main thread waits for


def _ignored() -> None:
    """While the process exits, Ctrl-C has nothing to end, and would only show a traceback."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
