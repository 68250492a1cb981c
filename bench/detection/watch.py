"""Runs contract tests on a fault until one states a violation, and says when, to the request, that was."""

import time
from collections.abc import Iterable
from typing import Any

import pytest

from dxcontract.oracle.verdict import Tally
from dxcontract.run.session import Session


class Watch:
    """Counts what a session sends, and notes when each violation was stated for the first time."""

    def __init__(self, session: Session) -> None:
        self.requests = 0
        self.stated: dict[str, tuple[int, float]] = {}
        self.started = time.monotonic()
        contract: Any = session.contract
        self._witness, self._record = session.api.witness, contract.record
        session.api.witness = self._counted
        contract.record = self._noted

    def begin(self) -> None:
        """From here on it is counted."""
        self.requests, self.stated, self.started = 0, {}, time.monotonic()

    def _counted(self, exchange: Any) -> None:
        self.requests += 1
        self._witness(exchange)

    def _noted(self, rule: str, operation: str, ok: bool, *more: Any) -> None:
        if not ok:
            self.stated.setdefault(f"{rule}:{operation}", (self.requests, time.monotonic() - self.started))
        self._record(rule, operation, ok, *more)


def first_catch(run: Any, watch: Watch, items: Iterable[pytest.Item]) -> tuple[str, int, float]:
    """Run tests in the order given until one finds a violation, of whatever level, or the target dies.

    Returns what was found (an empty text for nothing), after how many requests and seconds it was stated; for nothing,
    how many there were in all. Minimising and tidying come after that, and do not count.
    """
    run.outcome.tally = Tally()
    run.outcome.harness_errors.clear()
    run.suspects.clear()
    watch.begin()
    for item in items:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        if run.suspects:
            run.suspects.clear()
            return "the target died", watch.requests, time.monotonic() - watch.started
        found = run.outcome.tally.violations.values()
        if found:
            stated = {one.fingerprint: watch.stated[f"{one.rule}:{one.operation}"] for one in found}
            first = min(stated, key=lambda one: stated[one])
            return first, *stated[first]
    return "", watch.requests, time.monotonic() - watch.started
