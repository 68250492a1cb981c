"""Polls a target until a condition holds or the settle time (`--settle-seconds`) is over. All waiting uses this module.

The first read is immediate, so that a consistent target costs no time, and the pauses between reads grow. A read whose
response describes nothing (`UnusableAnswer`) decides nothing.

The same applies to a value that must stay unchanged, for example after a refusal: the first read that shows it
unchanged is enough, and a difference counts only if it remains at the time limit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from dxcontract.wire.errors import UnusableAnswer

T = TypeVar("T")

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0


_PROMPT_LOOKS: Final = 20
_MOMENT: Final = 0.15
_MOMENT_SECONDS: Final = 1.5
"""Tags and deletions may be unknown to a read for more than a second."""


@dataclass
class Patience:
    """The time limit for a state, in seconds (`--settle-seconds`).

    Some targets show a simple change, such as a new name, at once, and others, like AWS, after a delay. If a target
    showed the last several such changes at the first read, and none later, the next has a shorter limit: a seventh of
    the time, but at least 1.5 s or half of the time, whichever is less. Otherwise each violation on a consistent target
    would take the whole time.
    """

    seconds: float = 10.0
    is_prompt: bool = True
    prompt_looks: int = 0

    @property
    def moment(self) -> float:
        """The time limit for an immediate effect."""
        prompt = self.is_prompt and self.prompt_looks >= _PROMPT_LOOKS
        return max(self.seconds * _MOMENT, min(self.seconds / 2, _MOMENT_SECONDS)) if prompt else self.seconds

    def note(self, *, at_once: bool) -> None:
        """Records whether an effect was visible at the first read or later."""
        self.is_prompt = self.is_prompt and at_once
        self.prompt_looks += 1


PATIENCE: Final = Patience()


def poll(look: Callable[[], T], enough: Callable[[T], bool], seconds: float | None = None) -> T:
    """Reads until a condition holds or the time is over; returns the last read.

    Raises:
        UnusableAnswer: the last response describes nothing.
    """
    ends = time.monotonic() + (PATIENCE.seconds if seconds is None else seconds)
    pause = _FIRST_PAUSE
    while True:
        try:
            seen = look()
        except UnusableAnswer:
            if time.monotonic() + pause >= ends:
                raise
        else:
            if enough(seen) or time.monotonic() + pause >= ends:
                return seen
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def confirm(look: Callable[[], T], right: Callable[[T], bool], first: T | None = None) -> T:
    """Reads until an immediate effect is visible or its time limit is over (`Patience.moment`); returns the last read.
    `first` is an earlier first read. Raises like `poll`."""
    looks = 0

    def counted() -> T:
        nonlocal looks
        looks += 1
        return first if looks == 1 and first is not None else look()

    seen = poll(counted, right, PATIENCE.moment)
    if right(seen):
        PATIENCE.note(at_once=looks == 1)
    return seen
