"""Determines how much of the contract a run covers: the selected tests, the completed tests, the fully tested rules.

Known gaps depend on this: a violation that was not found is gone only if the run tested it.
"""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.pytest_plugin.items import claims_of, is_contract_test

_SELECTING: Final = ("keyword", "markexpr", "deselect", "rule", "operation")
"""Options that deselect tests after all are collected."""
_OMITTING: Final = ("ignore", "ignore_glob", "lf", "stepwise")
"""Options by which tests are not even collected."""


class Extent:
    """A plugin that counts the contract tests in each process, before any is deselected.

    It is registered before the plugins that leave out what no run of this kind has, so that it comes after them.
    `claimants` is the number of tests that claim each rule; empty where not all tests were collected.
    """

    def __init__(self, config: pytest.Config) -> None:
        given = {name for name in (*_SELECTING, *_OMITTING) if getattr(config.option, name, None)}
        self.is_all_collected = given.isdisjoint(_OMITTING) and _is_all(config)
        self.is_narrowed = bool(given) or not self.is_all_collected
        self.claimants: dict[str, int] = {}
        self.collected = 0
        self.selected = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        tests = [item for item in items if is_contract_test(item)]
        self.collected = len(tests)
        if self.is_all_collected:
            self.claimants = dict(Counter(rule for item in tests for rule in claims_of(item)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.selected = sum(map(is_contract_test, session.items))

    def is_whole(self, ended: int, *, shard: bool) -> bool:
        """Whether this is a complete run of the contract, or of one shard of it, of which so many tests have
        ended.
        """
        is_selected = self.selected > 0 and (shard or self.selected == self.collected)
        return not self.is_narrowed and is_selected and ended == self.selected

    def to_json(self) -> dict[str, Any]:
        return {"claimants": self.claimants, "collected": self.collected, "selected": self.selected}

    def learn(self, data: dict[str, Any]) -> None:
        """Read the count of a worker; all workers count the same."""
        self.claimants, self.collected, self.selected = data["claimants"], data["collected"], data["selected"]


def _is_all(config: pytest.Config) -> bool:
    return all(Path(argument).name in ("contract", "tests") for argument in config.args)
