"""Real accounts get reads only: what arrives at an endpoint that is taken for AWS, across a whole run."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from dxcontract import spec as specs
from dxcontract.support import NONSENSE
from dxcontract.target import Target, is_aws
from tests.unit import servers

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://directconnect.us-east-1.amazonaws.com",
        "https://directconnect-fips.us-gov-west-1.amazonaws.com",
        "https://directconnect.cn-north-1.amazonaws.com.cn",
        "https://vpce-0a1b2c.directconnect.eu-west-1.vpce.amazonaws.com",
        "https://directconnect.eu-west-1.api.aws",
        "https://DirectConnect.US-EAST-1.AmazonAWS.com:443/",
    ],
)
def test_aws_is_recognised(endpoint: str) -> None:
    assert is_aws(endpoint)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "https://amazonaws.com.example.org", "http://localhost"])
def test_others_are_not(endpoint: str) -> None:
    assert not is_aws(endpoint)


def test_a_target_of_reads_refuses_all_else_with_the_way_out() -> None:
    target = Target("aws", "https://directconnect.us-east-1.amazonaws.com/", reads_only=True)
    for operation in specs.load().operations.values():
        refusal = target.refusal(operation)
        assert (refusal is None) == (operation.traits.effect == "read"), operation.name
        if refusal:
            assert "--allow=" in refusal


def test_only_reads_arrive_across_a_whole_run(tmp_path: Path) -> None:
    spec = specs.load()
    arrived: set[str] = set()

    def like_aws(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        operation = (handler.headers.get("X-Amz-Target") or "?.?").partition(".")[2]
        arrived.add(operation)
        if operation not in spec.operations:
            error = {"__type": "UnknownOperationException"}
            servers.answer(handler, 400, json.dumps(error).encode(), "application/x-amz-json-1.1")
        elif spec.operation(operation).required:
            error = {"__type": "DirectConnectClientException", "message": "no"}
            servers.answer(handler, 400, json.dumps(error).encode(), "application/x-amz-json-1.1")
        else:
            servers.answer(handler, 200, b"{}", "application/x-amz-json-1.1")

    with servers.http(like_aws) as url:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
        environment |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIDPLANTEDINTHISTEST",
            "AWS_SECRET_ACCESS_KEY": "planted-secret",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
        }
        command = [sys.executable, "-m", "pytest", "-q", "--target=aws", f"--report={tmp_path}"]
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    assert (tmp_path / "report.json").exists(), result.stdout + result.stderr
    reads = {operation.name for operation in spec.where("read")}
    assert arrived - {NONSENSE, "?", ""} <= reads
    assert "DescribeConnections" in arrived
    report = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "AKIDPLANTEDINTHISTEST" not in report
    document = json.loads(report)
    assert "real accounts get reads only" in document["operations"]["CreateConnection"]["reason"]
    assert document["harness_errors"] == []
