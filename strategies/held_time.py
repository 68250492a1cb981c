"""Time that stands still, on a target that lets a test decide that."""

from collections.abc import Iterator
from contextlib import contextmanager

from strategies.world import World


@contextmanager
def held_time(world: World) -> Iterator[None]:
    """While this lasts, nothing on the target changes of its own accord; on other targets time goes on as always."""
    events = world.api.target.events
    if events is not None:
        events.hold(True)
    try:
        yield
    finally:
        if events is not None:
            events.hold(False)
