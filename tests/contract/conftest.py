"""Fixtures of the contract tests: the specification, and a world for each test that is deleted when the test ends."""

from collections.abc import Iterator

import pytest

from dxcontract.client.client import Api
from dxcontract.spec.model import Spec
from strategies.world import World


@pytest.fixture(scope="session")
def spec(api: Api) -> Spec:
    """The whole specification of `specs/`."""
    return api.spec


@pytest.fixture
def world(api: Api, run_id: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world for one test; the resources that the test creates are deleted afterwards.

    On a real account they have the tags of the run, unless the test is about tags.
    """
    about_tags = any("tag" in rule for mark in request.node.iter_markers("rule") for rule in mark.args)
    tags = api.journal.tags() if api.target.is_real and not about_tags else ()
    with World(api, run_id, tags) as made:
        yield made
