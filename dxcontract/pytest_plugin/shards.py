"""Shards: the part of the tests that pytest-split selects for this run, and what is said where it is not installed."""

import argparse
import importlib.util
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.run.result import Shard
from dxcontract.targets.target import TargetError

_OPTIONS: Final = {
    "--splits": "store",
    "--group": "store",
    "--durations-path": "store",
    "--splitting-algorithm": "store",
    "--store-durations": "store_true",
    "--clean-durations": "store_true",
}
"""Of pytest-split, with what argparse does."""


def add_options(group: Any) -> None:
    """Accept the options of pytest-split where it is missing, so that `check_installed` can say how to get it."""
    if not _is_installed():
        for name, action in _OPTIONS.items():
            group.addoption(name, action=action, help=argparse.SUPPRESS)


def check_installed(config: pytest.Config) -> None:
    """Whether the options of pytest-split can be followed.

    Raises:
        TargetError: one is given, and pytest-split is not installed.
    """
    given = [name for name in _OPTIONS if config.getoption(name, None)]
    if given and not _is_installed():
        how = "pip install 'dxcontract[shards]' (in a checkout: pip install -e '.[shards]')"
        raise TargetError(f"{given[0]} needs pytest-split: {how}")


def shard(config: pytest.Config) -> Shard | None:
    """The part of the tests that pytest-split was asked to select. Without known durations, it deals tests out in turn:
    in one piece, all machines would be in the same part."""
    group, of = config.getoption("group", None), config.getoption("splits", None)
    if not group or not of:
        return None
    if not Path(config.getoption("durations_path")).is_file():
        config.option.splitting_algorithm = "least_duration"
    return Shard(group, of)


def _is_installed() -> bool:
    return importlib.util.find_spec("pytest_split") is not None
