"""One bad answer in twenty leads to questions that stay open, never to an accusation of what the target never did."""

import pytest

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.spec.model import Json
from tests.unit import faulty, proxy

FILES = [f"tests/contract/test_{name}.py" for name in ("connections_changes", "lags_changes", "gateways")]


@pytest.mark.parametrize("kind", ["500", "504", "truncated", "reset", "throttled"])
def test_bad_answers_accuse_nobody(kind: str) -> None:
    target = faulty.Faulty(kind)
    report, said = faulty.judged(target, [*FILES, "--settle-seconds=2"])
    assert target.changed >= 20, said
    assert faulty.accusations(report) == []
    assert report["harness_errors"] == []
    assert report["verdicts"]["conforms"] >= 30, report["verdicts"]


class Failing(proxy.Proxy):
    """Fails on one operation, each time."""

    def perform(self, call: Call, request: Json) -> Json:
        if call.operation == "DescribeLocations":
            raise ServiceError("DirectConnectServerException", "an internal error", 500)
        return super().perform(call, request)


def test_a_server_that_always_fails_is_found() -> None:
    report, said = faulty.judged(Failing(), ["tests/contract/test_locations.py", "--settle-seconds=1"])
    found = {(one["rule"], one["operation"]) for one in report["violations"]}
    assert ("wire.no-server-error", "DescribeLocations") in found, said
