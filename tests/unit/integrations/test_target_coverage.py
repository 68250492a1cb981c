"""`--target-coverage`: the lines of the target's code that a run reaches, by operation, from all of its processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dxcontract.integrations.target_coverage import table

ROOT = Path(__file__).parents[3]


def _run(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-q", "--target-coverage", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def _missed(report: dict[str, Any], operation: str) -> set[str]:
    return {one["function"] for one in report["operations"][operation]["missed"]}


@pytest.mark.parametrize(
    ("target", "operation", "idle"),
    [
        ("moto", "DisassociateMacSecKey", "DirectConnectResponse.disassociate_mac_sec_key"),
        ("reference", "CreateLag", "create_lag"),
    ],
)
def test_what_two_workers_reach_is_told_by_operation(target: str, operation: str, idle: str, tmp_path: Path) -> None:
    """A test of tags reaches the code for tags, and not that for what it never asks."""
    test = "tests/contract/test_tags.py::test_a_change_of_tags_touches_only_its_keys"
    done = _run(f"--target={target}", "-n2", f"--report={tmp_path}", test)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads((tmp_path / "target-coverage.json").read_text())
    own = report["operations"]["TagResource"]
    assert own["lines"] > sum(len(one["lines"]) for one in own["missed"])
    assert idle in _missed(report, operation)
    assert "target's code: " in done.stdout
    assert (tmp_path / "target-coverage.txt").read_text().splitlines()[0] in done.stdout


def test_a_target_elsewhere_has_no_code_to_look_at() -> None:
    done = _run("--target=http://127.0.0.1:9", "tests/contract/test_tags.py")
    assert done.returncode == 2
    assert "--target-coverage is for targets that run here" in done.stdout + done.stderr


def test_functions_are_named_after_operations() -> None:
    assert table.snake("CreateBGPPeer") == "create_bgp_peer"
    assert table.snake("AssociateMacSecKey") == "associate_mac_sec_key"


def test_lines_are_told_as_ranges() -> None:
    assert table.spans([9, 3, 4, 5]) == "3-5, 9"
    assert table.spans([]) == ""
