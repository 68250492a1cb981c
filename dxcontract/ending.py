"""How a run ends, and how one that its user has had enough of."""

import contextlib
import signal
import threading
from collections.abc import Iterator

from dxcontract.outcome import Outcome


def stopped(outcome: Outcome, run: str, *, started: bool) -> None:
    """A second Ctrl-C: no more is deleted, and the report says so. `started`: the target ends with the run."""
    if not started:
        outcome.notes.append(f"stopped while tidying up; `dxcontract sweep {run}` deletes what is left")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """While the last files are written, Ctrl-C is ignored; after that it ends the process without another word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
