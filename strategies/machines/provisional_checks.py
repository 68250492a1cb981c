"""Provisional checks: a description may not have reached its final value yet."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec

from dxcontract.oracle.assertions import Contract, Scope
from dxcontract.wire.exchange import Exchange
from strategies.machines.context import Failed, MachineContext

P = ParamSpec("P")


class DiffersError(Exception):
    """A provisional check failed."""


class Trial(Contract):
    """Replaces a contract during a provisional check: it stores passes and stops at the first failure."""

    counts = False

    def __init__(self, contract: Contract) -> None:
        self.spec = contract.spec
        self.failed: Failed | None = None
        self._contract = contract
        self._passed: list[tuple[Any, ...]] = []

    @property
    def current(self) -> Scope:
        return self._contract.current

    def commit(self) -> None:
        """Records the checks that passed."""
        for passed in self._passed:
            self._contract.record(*passed)

    def put_to_nothing(self, rule: str, operation: str, why: str) -> None:
        self._contract.put_to_nothing(rule, operation, why)

    def record(
        self,
        rule: str,
        operation: str,
        ok: bool,
        where: str,
        message: str,
        exchanges: tuple[Exchange, ...],
        claim: Mapping[str, Any],
        symptom: str,
    ) -> None:
        """Stores a check that passed.

        Raises:
            DiffersError: the check failed.
        """
        if not ok:
            self.failed = rule, operation, where
            raise DiffersError
        self._passed.append((rule, operation, ok, where, message, exchanges, claim, symptom))


def judged(judge: Callable[Concatenate[MachineContext, P], None]) -> Callable[Concatenate[MachineContext, P], None]:
    """Decorates a function that reads and checks, so that a difference needs a second read (`Machine.judged`)."""

    def judging(m: MachineContext, /, *args: P.args, **kwargs: P.kwargs) -> None:
        m.judged(functools.partial(judge, m, *args, **kwargs))

    functools.update_wrapper(judging, judge)
    return judging
