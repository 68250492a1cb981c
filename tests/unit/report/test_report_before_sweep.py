"""The report is on disk before the run looks after what it left: a sweep may take long, hang, or be interrupted."""

from pathlib import Path

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.spec.model import Json
from tests.unit import proxy
from tests.unit.pytest_plugin.test_run import pytest_run

TEST = "tests/contract/test_answers.py::test_a_valid_request_is_accepted_and_well_answered[CreateConnection]"


class RefusesTheFirstDeletion(proxy.Proxy):
    """Refuses to delete a connection once, so that the sweep at the end of the run has to do it.

    `written` says of each deletion that the sweep requests whether the report was there.
    """

    def __init__(self, report: Path) -> None:
        super().__init__()
        self.report = report
        self.refused: set[str] = set()
        self.written: list[bool] = []

    def perform(self, call: Call, request: Json) -> Json:
        connection = str(request.get("connectionId"))
        if call.operation == "DeleteConnection" and self.world.store.any_kind(connection):
            if connection not in self.refused:
                self.refused.add(connection)
                raise ServiceError("DirectConnectClientException", "Not now.")
            self.written.append(self.report.is_file())
        return super().perform(call, request)


def test_the_report_is_written_before_the_sweep(tmp_path: Path) -> None:
    """Whatever the sweep comes to, what was found is not lost."""
    target = RefusesTheFirstDeletion(tmp_path / "report.json")
    with proxy.in_thread(target) as endpoint:
        done = pytest_run(f"--target={endpoint}", f"--accounts={proxy.ACCOUNTS}", f"--report={tmp_path}", TEST)
    assert done.returncode == 0, done.stdout
    assert target.written == [True]
