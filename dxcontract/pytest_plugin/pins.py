"""`--pins`: a pytest plugin that turns pinned violations into tests that run first."""

from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.report import load_findings
from dxcontract.run.result import UNUSABLE
from dxcontract.spec.model import Json

FIXTURE: Final = "pin"
_PINS: Final = pytest.StashKey[list[Json]]()


def add_options(group: Any) -> None:
    """Add `--pins`."""
    group.addoption("--pins", metavar="DIR", help="folder of pinned violations (`dxcontract pin`) to run first")


def pytest_configure(config: pytest.Config) -> None:
    """Read the pins, or end the run with one line that states the error."""
    folder = config.getoption("--pins")
    try:
        found = (
            [one for path in load_findings.pin_files(Path(folder)) for one in load_findings.findings(path)]
            if folder
            else []
        )
    except load_findings.FindingError as error:
        pytest.exit(f"dxcontract: --pins: {error}", returncode=UNUSABLE)
    config.stash[_PINS] = [one for one, _ in found]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Create one test for each pin, which claims the pinned rule."""
    if FIXTURE in metafunc.fixturenames:
        pinned = [
            pytest.param(one, marks=pytest.mark.rule(one["rule"]), id=one["fingerprint"])
            for one in metafunc.config.stash[_PINS]
        ]
        metafunc.parametrize(FIXTURE, pinned)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move pins to the front; without any, remove their test."""
    kept = [one for one in items if not _is_empty(one)]
    items[:] = sorted(kept, key=lambda one: FIXTURE not in getattr(one, "fixturenames", ()))


def _is_empty(item: pytest.Item) -> bool:
    """Whether this stands for a test that has no parameters: pytest would skip it, and tell so."""
    given = getattr(getattr(item, "callspec", None), "params", {})
    return FIXTURE in getattr(item, "fixturenames", ()) and not isinstance(given.get(FIXTURE), dict)
