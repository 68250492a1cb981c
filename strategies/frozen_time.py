"""Held time, on a target that lets a test control it."""

from collections.abc import Iterator
from contextlib import contextmanager

from strategies.world import World


@contextmanager
def held_time(world: World) -> Iterator[None]:
    """Holds the time of the target in this context, so that it changes no state by itself; other targets are
    unaffected."""
    events = world.api.target.events
    if events is not None:
        events.hold(True)
    try:
        yield
    finally:
        if events is not None:
            events.hold(False)
