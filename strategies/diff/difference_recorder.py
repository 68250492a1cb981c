"""A contract that checks no rules, only whether two targets respond alike. Machines explore with it as usual."""

from collections.abc import Mapping
from typing import Any, Final

from dxcontract.oracle.assertions import Contract
from dxcontract.oracle.verdict import Violation
from dxcontract.spec.model import Spec
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.safe_text import one_line
from strategies.diff.answer_differences import Difference

RULE: Final = "diff"
"""The rule id of differences, which are stored like violations, so that the machines minimize them."""


def fingerprint(operation: str, where: str) -> str:
    """The identity of a difference: operation and member."""
    return f"{operation}:{where}" if where else operation


class Comparison(Contract):
    """Records the responses of two targets instead of checking rules."""

    counts = False

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)

    def witness(self, exchange: Exchange) -> None:
        """Does nothing."""

    def check(
        self,
        rule: str,
        ok: bool,
        message: str,
        *exchanges: Exchange,
        where: str = "",
        operation: str | None = None,
        claim: Mapping[str, Any] | None = None,
        basis: object = True,
    ) -> bool:
        """Returns the result of a machine's check without recording it."""
        return ok

    def heard(self, one: Exchange, other: Exchange, found: list[Difference]) -> None:
        """Records the places where two responses differ."""
        for difference in found:
            where = one_line(difference.where)
            self.current.tally.violate(
                Violation(
                    fingerprint(one.operation, where),
                    RULE,
                    one.operation,
                    where,
                    "must",
                    one_line(f"{difference.first} there, {difference.second} here"),
                    "",
                    (one.to_report(),),
                    judged=(1,),
                    claim={"first": difference.first, "second": difference.second, "answer": other.to_report()},
                )
            )
