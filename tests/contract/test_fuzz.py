"""Every operation gets generated requests of Schemathesis, some of which conform to the schemas.

The rules that apply to any request are checked. A violated constraint of the model that the target does not detect is
reported under its rule, as in a directed test.
"""

import pytest
from hypothesis import settings

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.model import Operation
from strategies.fuzz_requests import FORMS
from strategies.fuzzing import RULES, fuzz
from strategies.profiles import gate_seed

OPERATIONS = specs.load().where()
FEWEST = 20
"""The default number of examples. The first body that Hypothesis draws is the simplest with any seed."""


@pytest.mark.rule(*RULES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_whatever_is_sent(
    api: Api, contract: Contract, run_id: str, pytestconfig: pytest.Config, operation: Operation
) -> None:
    """Real requests may contain anything, not only near misses of documented requests."""
    examples = pytestconfig.getoption("--examples") or max(FEWEST, settings().max_examples)
    number = gate_seed(f"fuzz {operation}")
    figures = fuzz(api, contract, run_id, operation, max(1, examples // FORMS), [api.protocol], number)
    contract.current.exploration = figures
