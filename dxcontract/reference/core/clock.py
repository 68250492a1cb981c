"""The clock: when a state ends, and how `--advance` and the administrative endpoint move it.

A state that changes by itself has a due time. Nothing happens at that time. The next request applies the changes that
are due, so an answer shows the state at the time of the request. With `instant`, every change is due at once: the
answer that causes a change shows the documented first state, the next one the final state.
"""

import heapq
import math
import time
from dataclasses import dataclass
from typing import Final

MINUTE: Final = 60.0
DAY: Final = 86400.0
NEVER: Final = math.inf
_SPARE: Final = 100
"""So many entries may be out of date, before they are cleared away."""


@dataclass(frozen=True)
class Pace:
    """How states advance: after so many seconds, or (`seconds` infinite) only when told."""

    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Pace":
        """Read `instant`, `manual` or a number of seconds.

        Raises:
            ValueError: it is none of these.
        """
        if text == "instant":
            return cls(0.0)
        if text == "manual":
            return cls(NEVER)
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < NEVER:
            raise ValueError(f"{text!r} is no pace; say instant, manual or a number of seconds")
        return cls(seconds)


class Clock:
    """The emulator's time (seconds since 1970), and what is due."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._offset = 0.0
        self._due: list[tuple[float, str]] = []
        self._times: dict[str, float] = {}
        self.held = False
        """While it is, nothing goes on of its own accord; what became due does when it is let go."""

    def now(self) -> float:
        """The time on this clock; real time plus what `move` added."""
        return time.time() + self._offset

    def move(self, seconds: float) -> None:
        """Put the clock forward."""
        self._offset += seconds

    def next_step(self) -> float:
        """When a state entered now is left of its own accord."""
        return NEVER if self._pace.seconds == NEVER else self.now() + self._pace.seconds

    def watch(self, due: float, resource_id: str) -> None:
        """Remember that a resource has to be looked at when `due` has come, and at no other time (NEVER: at none)."""
        if due == NEVER:
            self._times.pop(resource_id, None)
            return
        if self._times.get(resource_id) == due:
            return
        self._times[resource_id] = due
        heapq.heappush(self._due, (due, resource_id))
        if len(self._due) > 2 * len(self._times) + _SPARE:
            self._due = [(due, one) for one, due in self._times.items()]
            heapq.heapify(self._due)

    def take_due(self) -> str | None:
        """The id of a resource whose time has come, once; None when there is none."""
        while not self.held and self._due and self._due[0][0] <= self.now():
            due, resource_id = heapq.heappop(self._due)
            if self._times.get(resource_id) == due:
                del self._times[resource_id]
                return resource_id
        return None

    def reset(self) -> None:
        """Forget everything, as in a new process."""
        self._offset, self.held = 0.0, False
        self._due.clear()
        self._times.clear()
