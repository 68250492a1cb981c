"""Emulators that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.unit.reference.emulator import Emulator, running


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """An emulator in which states settle as soon as one looks."""
    with running() as one:
        yield one


@pytest.fixture(scope="session")
def stepwise() -> Iterator[Emulator]:
    """An emulator in which states change only when it is told."""
    with running("--advance", "manual") as one:
        yield one
