"""The shortest way to a violation: the steps of an example, without those that it does not need.

Steps are left out in halves, quarters and so on, down to single ones, from the end (delta debugging). A step means the
same in what is left, or is left out with what it hung on (`choosing`), which Hypothesis's own shrinking cannot know.
"""

from collections.abc import Callable, Sequence

from strategies.machines.choosing import Done

Shows = Callable[[Sequence[Done]], bool]


class OutOfTimeError(Exception):
    """There is no time for another attempt."""


def shortest(way: Sequence[Done], shows: Shows) -> tuple[Done, ...]:
    """The steps of `way` that are needed, as far as there is time to find out; all of them if it shows nothing now."""
    steps = list(way)
    try:
        if not shows(steps):
            return tuple(way)
        size = max(1, len(steps) // 2)
        while True:
            fewer = _once(steps, size, shows)
            if size == 1 and len(fewer) == len(steps):
                return tuple(fewer)
            size = max(1, size // 2) if len(fewer) == len(steps) else min(size, max(1, len(fewer) // 2))
            steps = fewer
    except OutOfTimeError:
        return tuple(steps)


def _once(steps: list[Done], size: int, shows: Shows) -> list[Done]:
    """Try to leave out each run of so many steps, from the end."""
    end = len(steps)
    while end > 0:
        start = max(0, end - size)
        without = [*steps[:start], *steps[end:]]
        if without and shows(without):
            steps = without
        end = start
    return steps
