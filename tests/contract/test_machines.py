"""Rule machines: random sequences of operations by all accounts, compared with an independent model.

The profile sets the kind and duration of exploration: `gate` is the same in every run, and `nightly` differs in each. A
violation is reported with the shortest known sequence of steps.
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
