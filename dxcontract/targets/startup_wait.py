"""`--wait`: waits for a target that starts at the same time as the run."""

import time
from typing import Final

from dxcontract.targets.target import TargetError
from dxcontract.wire.connection_pool import Transport
from dxcontract.wire.messages import Failure, Request

_ASK_SECONDS: Final = 5.0
_APART: Final = 0.1
_NOT_YET: Final[frozenset[Failure | None]] = frozenset({"refused", "reset", "timeout", "other"})
"""Also a host name that cannot be resolved yet, and a container's port that is open before anything listens in it."""


def check(seconds: float) -> None:
    """Check the value of `--wait`.

    Raises:
        TargetError: it is no time to wait.
    """
    if not 0 <= seconds < float("inf"):
        raise TargetError(f"--wait={seconds:g} is not valid; the minimum is 0")


def until_it_listens(endpoint: str, seconds: float) -> None:
    """Wait until `endpoint` answers a plain request in any way.

    Raises:
        TargetError: nothing did within that time.
    """
    if not seconds:
        return
    deadline = time.monotonic() + seconds
    transport = Transport(_ASK_SECONDS)
    try:
        while True:
            left = max(0.1, deadline - time.monotonic())
            answer = transport.send(Request("GET", endpoint, (), b""), min(_ASK_SECONDS, left))
            if answer.failure not in _NOT_YET:
                return
            if time.monotonic() + _APART > deadline:
                raise TargetError(
                    f"target {endpoint} did not answer within {seconds:g} s (--wait): {answer.detail or answer.failure}"
                )
            time.sleep(_APART)
    finally:
        transport.close()
