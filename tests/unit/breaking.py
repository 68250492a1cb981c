"""A pytest plugin that breaks a run where BREAKS says, for tests of how that is told."""

import os
import signal
from pathlib import Path
from typing import Final

import pytest

HOW: Final = os.environ.get("BREAKS", "")


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if HOW == "fixture":
        raise RuntimeError("a fixture fails")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if HOW == "all killed":
        _killed()
    if HOW == "one killed":
        try:
            Path(os.environ["ONCE"]).touch(exist_ok=False)
        except FileExistsError:
            return
        _killed()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if HOW == "collection" and _is_worker(metafunc.config):
        raise RuntimeError("cannot be collected")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if HOW == "inside" and os.environ.get("PYTEST_XDIST_WORKER"):
        raise RuntimeError("a plugin fails")
