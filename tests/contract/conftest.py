"""What contract tests stand on: a world of their own, deleted when the test ends."""

from collections.abc import Iterator

import pytest

from dxcontract.api import Api
from dxcontract.spec import Spec
from strategies.world import World


@pytest.fixture(scope="session")
def spec(api: Api) -> Spec:
    """All of specs/."""
    return api.spec


@pytest.fixture
def world(api: Api, run_id: str) -> Iterator[World]:
    """What this test believes to exist; what it made is deleted afterwards."""
    with World(api, run_id) as made:
        yield made
