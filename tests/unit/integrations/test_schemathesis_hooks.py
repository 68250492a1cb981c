"""`schemathesis run` with our hooks: it speaks, signs, finds faults, accuses nobody else, and leaves AWS alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.hostile import emulator

PROGRAM = Path(sys.executable).parent


def schemathesis(folder: Path, url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    document = subprocess.run([PROGRAM / "dxcontract", "openapi"], capture_output=True, check=True).stdout
    (folder / "openapi.json").write_bytes(document)
    command: list[str | Path] = [
        PROGRAM / "schemathesis",
        "run",
        "openapi.json",
        f"--url={url}",
        *options,
        "--max-examples=5",
        "--seed=1",
    ]
    command += ["--include-operation-id=DescribeTags", "--exclude-checks=positive_data_acceptance,unsupported_method"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["SCHEMATHESIS_HOOKS"] = "dxcontract.schemathesis_hooks"
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("fault", "status"), [("", 0), ("requests.member-types", 1)])
def test_a_fault_is_found_and_nothing_else(tmp_path: Path, fault: str, status: int) -> None:
    with emulator(*(["--fault", fault] if fault else [])) as url:
        done = schemathesis(tmp_path, url)
    assert done.returncode == status, done.stdout
    assert "InvalidSignature" not in done.stdout
    assert ("ST201" in done.stdout) == bool(fault)


BY_THEMSELVES = """
from types import SimpleNamespace as Some
from dxcontract.schemathesis_hooks import before_call, caller

assert caller({}).access_key == "111111111111"
named = caller({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"})
assert (named.access_key, named.secret_key, named.token) == ("a", "b", "c")
case = Some(operation=Some(base_url="http://127.0.0.1:1"), body={"numberOfConnections": 10**9})
before_call(None, case, {})
assert case.body == {"numberOfConnections": 8}
case.operation.base_url = "https://directconnect.eu-west-1.amazonaws.com"
try:
    before_call(None, case, {})
except PermissionError:
    print("refused")
"""


def test_the_environment_says_who_calls_and_aws_is_not_called() -> None:
    """In a process of its own: hooks hold for all that Schemathesis does in one."""
    done = subprocess.run([sys.executable, "-c", BY_THEMSELVES], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", done.stderr
