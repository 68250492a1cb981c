"""A target whose LAGs are as AWS was recorded to show new ones: their connections stay requested."""

import json
from pathlib import Path

from dxcontract.reference.core.context import Call
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from tests.unit import proxy
from tests.unit.pytest_plugin.test_run import pytest_run

TESTS = (
    "tests/contract/test_lags_changes.py::test_a_lag_is_renamed_and_nothing_else",
    "tests/contract/test_lags_changes.py::test_the_connections_of_a_deleted_lag_remain",
    "tests/contract/test_lags_membership.py::test_a_connection_that_leaves_a_lag_stands_alone",
)


class Requested(proxy.Proxy):
    """The connections that were ordered with a LAG are requested, and the LAG is pending, for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.ordered: set[str] = set()

    def perform(self, call: Call, request: Json) -> Json:
        answer = super().perform(call, request)
        if call.operation == "CreateLag":
            self.ordered.update(at(answer, "/connections/*/connectionId"))
        for one in [
            answer,
            *at(answer, "/lags/*"),
            *at(answer, "/connections/*"),
            *at(answer, "/lags/*/connections/*"),
        ]:
            if one.get("lagState") == "available":
                one["lagState"] = "pending"
            if one.get("connectionId") in self.ordered and one.get("connectionState") in ("pending", "available"):
                one["connectionState"] = "requested"
        return answer


def test_their_rules_are_judged(tmp_path: Path) -> None:
    """As such LAGs were renamed, taken apart and deleted on AWS, the rules about that are put to them."""
    with proxy.in_thread(Requested()) as endpoint:
        given = f"--target={endpoint}", f"--accounts={proxy.ACCOUNTS}", "--settle-seconds=0.5", f"--report={tmp_path}"
        done = pytest_run(*given, *TESTS)
    assert done.returncode == 0, done.stdout
    rules = json.loads((tmp_path / "report.json").read_text())["rules"]
    for rule in ("lags.update-name", "lags.delete-keeps-connections", "lags.disassociate-answer"):
        assert rules[rule]["verdict"] == "conforms", (rule, rules[rule]["reasons"])
