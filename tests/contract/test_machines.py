"""Rule machines: any order of operations, by all accounts, against an independent model.

What is explored, and how long, the profile says: `gate` goes the same way on every run, `nightly` another each time.
A violation is reported with the shortest steps to it that were found.
"""

import pytest

from dxcontract.run.session import Session
from strategies.machines.budgets import explorer
from strategies.machines.catalogue import ENTRIES, Entry


@pytest.mark.parametrize(
    "machine", [pytest.param(one, marks=pytest.mark.rule(*one.rules), id=str(one)) for one in ENTRIES]
)
def test_any_order_of_operations(dx: Session, run_id: str, pytestconfig: pytest.Config, machine: Entry) -> None:
    """Users send sequences of requests in production for which no test was written."""
    explorer(dx, run_id, pytestconfig, machine).run()
