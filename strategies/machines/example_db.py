"""Stores the shortest sequence of each violation in the example database of Hypothesis, for the next run.

Hypothesis stores no example that was drawn from a given seed, and every change of a draw invalidates its stored
examples. A stored sequence contains the steps and their choices (`choices`), and is repeated as far as it is still
valid.
"""

import json
from collections.abc import Iterable, Iterator

from hypothesis.database import ExampleDatabase

from strategies.machines.choices import Done


class Memory:
    """The stored sequences that a machine runs first."""

    def __init__(self, database: ExampleDatabase, machine: str) -> None:
        self._database = database
        self._key = f"dxcontract way {machine}".encode()
        self._read: set[bytes] = set()

    def ways(self) -> Iterator[list[Done]]:
        """All stored sequences; entries of another version that cannot be read are skipped."""
        for value in sorted(self._database.fetch(self._key)):
            self._read.add(value)
            try:
                steps = json.loads(value)
                yield [Done(action, number, tuple(map(tuple, choices))) for action, number, choices in steps]
            except (ValueError, TypeError):
                continue

    def keep(self, ways: Iterable[Iterable[Done]]) -> None:
        """Stores these sequences, and removes stored ones that are longer or no longer show a violation."""
        kept = {_written(one) for one in ways}
        for value in self._read - kept:
            self._database.delete(self._key, value)
        for value in kept:
            self._database.save(self._key, value)


def _written(way: Iterable[Done]) -> bytes:
    return json.dumps([[one.action, one.number, one.choices] for one in way]).encode()
