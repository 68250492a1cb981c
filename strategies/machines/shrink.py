"""Finds the shortest sequence for a violation by leaving out steps.

First it tries each of the last steps with the steps that created its resources, which is often enough. Then it leaves
out halves, quarters and so on down to single steps, from the end (delta debugging). A step keeps its meaning in the
remaining sequence, or is left out together with the steps that it depends on (`choices`), which the shrinker of
Hypothesis cannot know. Finally it leaves out the optional parts of steps, and the steps that only those needed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from strategies.machines.choices import Done

Shows = Callable[[Sequence[Done]], bool]

_LAST: Final = 6
"""The number of steps from the end that are tried alone."""


class OutOfTimeError(Exception):
    """The time for another attempt is over."""


def shortest(way: Sequence[Done], shows: Shows) -> tuple[Done, ...]:
    """The steps of `way` that are needed, as far as time allows; all of them if they no longer show the violation."""
    steps = list(way)
    try:
        alone = next((one for one in _alone(way) if shows(one)), None)
        if alone is None and not shows(steps):
            return tuple(way)
        steps = alone or steps
        size = max(1, len(steps) // 2)
        while True:
            fewer = _once(steps, size, shows)
            if size == 1 and len(fewer) == len(steps):
                break
            size = max(1, size // 2) if len(fewer) == len(steps) else min(size, max(1, len(fewer) // 2))
            steps = fewer
        before = list(steps)
        for place, step in enumerate(steps):
            for choice in [one for one in step.choices if one[1] is True]:
                plainer = replace(steps[place], choices=tuple(one for one in steps[place].choices if one is not choice))
                if shows([*steps[:place], plainer, *steps[place + 1 :]]):
                    steps[place] = plainer
        return tuple(steps if steps == before else _once(steps, 1, shows))
    except OutOfTimeError:
        return tuple(steps)


def _once(steps: list[Done], size: int, shows: Shows) -> list[Done]:
    """Tries to leave out each run of this many steps, from the end."""
    end = len(steps)
    while end > 0:
        start = max(0, end - size)
        without = [*steps[:start], *steps[end:]]
        if without and shows(without):
            steps = without
        end = start
    return steps


def _alone(way: Sequence[Done]) -> Iterator[list[Done]]:
    """Each of the last steps with the steps that made its resources, if these are fewer than all steps."""
    for last in reversed(way[-_LAST:]):
        needed = {last.number}
        for step in reversed(way):
            if step.number in needed:
                needed |= set(_makers(step.choices))
        if len(needed) < len(way):
            yield [one for one in way if one.number in needed]


def _makers(choices: Any) -> Iterator[int]:
    """The numbers of the steps that made the resources in these choices (`choosing.told`)."""
    if isinstance(choices, list | tuple):
        if len(choices) == 3 and choices[0] in ("thing", "arn"):
            yield choices[1]
        for one in choices:
            yield from _makers(one)
