"""Looks at a target until something is so, or the settle time (`--settle-seconds`) is over: the only way to wait.

The first look is at once, so a target that is consistent at once loses no time; the pauses between the next ones grow.
A look whose answer describes nothing (`UnusableAnswer`) decides nothing: the next look may.

What must come about is polled for. What must stay as it is, after a refusal say, is polled for as well: the first look
that shows it unchanged is enough, and a difference counts only if it is still there when the time is over.
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
    """How long a state may take to come, in seconds (`--settle-seconds`).

    What needs no time by itself, a new name for instance, is shown by some targets at once and by others, AWS among
    them, later. A target that showed the last so many such things at the first look, and none later, gets a seventh of
    the time for the next, but 1.5 s or half of the time if that is less. Otherwise each violation of a target that
    never lags would cost the whole.
    """

    seconds: float = 10.0
    is_prompt: bool = True
    prompt_looks: int = 0

    @property
    def moment(self) -> float:
        """How long what should be so at once may take."""
        prompt = self.is_prompt and self.prompt_looks >= _PROMPT_LOOKS
        return max(self.seconds * _MOMENT, min(self.seconds / 2, _MOMENT_SECONDS)) if prompt else self.seconds

    def note(self, *, at_once: bool) -> None:
        """Something was shown, at the first look or later."""
        self.is_prompt = self.is_prompt and at_once
        self.prompt_looks += 1


PATIENCE: Final = Patience()


def poll(look: Callable[[], T], enough: Callable[[T], bool], seconds: float | None = None) -> T:
    """Look again and again until it is enough or the time is over: what was seen last.

    Raises:
        UnusableAnswer: the last answer describes nothing.
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
    """Look until what should be so at once is so, or the moment that a target may take for it is over (`Patience.
    moment`): what was seen last. `first` is what the first look saw, where it is over. Raises as `poll` does."""
    looks = 0

    def counted() -> T:
        nonlocal looks
        looks += 1
        return first if looks == 1 and first is not None else look()

    seen = poll(counted, right, PATIENCE.moment)
    if right(seen):
        PATIENCE.note(at_once=looks == 1)
    return seen
