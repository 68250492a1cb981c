"""Limits the rate of calls and the time of every wait.

There is a token bucket for each account and a deadline for the run and for each test. If the target asks to slow
down, the pauses become longer, up to a total number of seconds, until it answers normally again.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pyrate_limiter import Duration, Limiter, Rate

from dxcontract.wire.errors import Indeterminate

TEST_SECONDS: Final = 600.0
SLOW_DOWN_SECONDS: Final = 90.0
"""So long a run waits for a target that asks to slow down, until it answers as usual again."""

TIDYING_SECONDS: Final = 120.0
"""So long a test may go on tidying up after its time, or the run's, is over."""

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 8.0
_LONGEST_TURN: Final = 60.0


class Patience:
    """The limits of one process of a run. Safe for concurrent use.

    `rate`: calls per second and account (None: no limit). `deadline`: seconds from now for the whole run.
    """

    def __init__(
        self,
        rate: float | None = None,
        deadline: float | None = None,
        test_seconds: float = TEST_SECONDS,
        slow_down_seconds: float = SLOW_DOWN_SECONDS,
    ) -> None:
        self.slowed = 0
        self._limits: dict[str, Limiter] = {}
        self._rate = rate
        self._run_seconds = deadline
        self._run_ends = time.monotonic() + deadline if deadline is not None else None
        self._test_seconds = test_seconds
        self._test_ends: float | None = None
        self._tidying_ends: float | None = None
        self._slow_down_seconds = self._to_give = slow_down_seconds
        self._pause = _FIRST_PAUSE
        self._lock = threading.Lock()

    @contextmanager
    def test(self) -> Iterator[None]:
        """Set the deadline of one test."""
        self._test_ends = time.monotonic() + self._test_seconds
        try:
            yield
        finally:
            self._test_ends = self._tidying_ends = None

    def tidy(self) -> None:
        """Allow extra time, because the test or the run now deletes its resources."""
        self._tidying_ends = time.monotonic() + TIDYING_SECONDS

    @property
    def run_is_over(self) -> bool:
        return self._run_ends is not None and time.monotonic() > self._run_ends

    def turn(self, account: str) -> None:
        """Wait until this account may send a call.

        Raises:
            Indeterminate: the run's time or the test's is over.
        """
        now = time.monotonic()
        if self._tidying_ends is not None:
            if now > self._tidying_ends:
                raise Indeterminate(f"tidying up was not done within {TIDYING_SECONDS:.0f} s")
        elif self.run_is_over:
            raise Indeterminate(f"the run's {self._run_seconds:g} s (--deadline) are over")
        elif self._test_ends is not None and now > self._test_ends:
            raise Indeterminate(f"the test's {self._test_seconds:g} s (--test-seconds) are over")
        if self._rate is not None and not self._limit(account).try_acquire(account, timeout=_LONGEST_TURN):
            raise Indeterminate(f"no turn within {_LONGEST_TURN:.0f} s at {self._rate:g} calls per second (--rate)")

    def _limit(self, account: str) -> Limiter:
        assert self._rate is not None
        with self._lock:
            if account not in self._limits:
                # So many calls at once at most as a second has; fewer than one a second are one in several.
                calls = max(1, int(self._rate))
                self._limits[account] = Limiter(Rate(calls, int(Duration.SECOND * calls / self._rate)))
            return self._limits[account]

    def slow_down(self) -> bool:
        """Pause because the target asked to slow down; returns whether to retry, or False if the limit is reached."""
        with self._lock:
            self.slowed += 1
            pause = min(self._pause, self._to_give)
            if pause <= 0:
                return False
            self._to_give -= pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        time.sleep(pause)
        return True

    def relax(self) -> None:
        """Reset the pause, because the target answered normally."""
        self._pause, self._to_give = _FIRST_PAUSE, self._slow_down_seconds
