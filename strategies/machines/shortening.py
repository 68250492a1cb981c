"""The shortest way to a violation: the steps of an example, without those that it does not need.

First all are left out that the last step does not hang on, which is often enough where a target is slow. Then steps are
left out in halves, quarters and so on, down to single ones, from the end (delta debugging). A step means the same in
what is left, or is left out with what it hung on (`choosing`), which Hypothesis's own shrinking cannot know.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from strategies.machines.choosing import Done

Shows = Callable[[Sequence[Done]], bool]


class OutOfTimeError(Exception):
    """There is no time for another attempt."""


def shortest(way: Sequence[Done], shows: Shows) -> tuple[Done, ...]:
    """The steps of `way` that are needed, as far as there is time to find out; all of them if it shows nothing now."""
    steps = list(way)
    try:
        few = hung_on(way)
        if len(few) < len(way) and shows(few):
            steps = few
        elif not shows(steps):
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


def hung_on(way: Sequence[Done]) -> list[Done]:
    """The last step, those that made the things that it is about, and those that made what these are about in turn."""
    by_number = {one.number: one for one in way}
    found: dict[int, Done] = {}
    waiting = [way[-1].number]
    while waiting:
        number = waiting.pop()
        if number in by_number and number not in found:
            found[number] = by_number[number]
            waiting += (made_by for _, value in by_number[number].choices for made_by in _makers(value))
    return [one for one in way if one.number in found]


def _makers(value: Any) -> Iterator[int]:
    """The steps that made the things in what was chosen."""
    if isinstance(value, list) and value[:1] in (["thing"], ["arn"]):
        yield value[1]
    elif isinstance(value, list):
        for inner in value:
            yield from _makers(inner)


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
