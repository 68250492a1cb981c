"""What is remembered from one night to the next: the shortest way to each violation, in Hypothesis's example database.

Hypothesis itself keeps nothing of an example that was drawn from a given seed, and what it keeps is lost with every
change of a draw. A way says what was done and chosen (`choosing`), and is done again as far as it still makes sense.
"""

import json
from collections.abc import Iterable, Iterator

from hypothesis.database import ExampleDatabase

from strategies.machines.choices import Done


class Memory:
    """The ways that one machine is to go first."""

    def __init__(self, database: ExampleDatabase, machine: str) -> None:
        self._database = database
        self._key = f"dxcontract way {machine}".encode()
        self._read: set[bytes] = set()

    def ways(self) -> Iterator[list[Done]]:
        """All that is remembered; what another version wrote and this one cannot read is passed over."""
        for value in sorted(self._database.fetch(self._key)):
            self._read.add(value)
            try:
                steps = json.loads(value)
                yield [Done(action, number, tuple(map(tuple, choices))) for action, number, choices in steps]
            except (ValueError, TypeError):
                continue

    def keep(self, ways: Iterable[Iterable[Done]]) -> None:
        """From now on remember these; what was read and shows nothing any more, or is longer, is forgotten."""
        kept = {_written(one) for one in ways}
        for value in self._read - kept:
            self._database.delete(self._key, value)
        for value in kept:
            self._database.save(self._key, value)


def _written(way: Iterable[Done]) -> bytes:
    return json.dumps([[one.action, one.number, one.choices] for one in way]).encode()
