"""Tests delete what they made, each by itself: on a real account a port costs money from the minute it is there."""

import subprocess
import sys
from pathlib import Path

from tests.unit import hostile
from tests.unit.client.test_sweep import ACCOUNTS, LIMIT, ROOT, environment

TESTS = (
    "tests/contract/test_answers.py",
    "tests/contract/test_requests.py",
    "tests/contract/test_lags_hosting.py",
)
CREATING = "lags_hosting or (accepted and (CreateLag or AllocateTransit))"


def test_no_test_leaves_anything(tmp_path: Path) -> None:
    left = tmp_path / "left.txt"
    with hostile.emulator() as url:
        command = [sys.executable, "-m", "pytest", "-q", "-n2", "-p", "tests.unit.leaving", ACCOUNTS, f"--target={url}"]
        done = subprocess.run(
            [*command, "-k", CREATING, *TESTS],
            cwd=ROOT,
            env={**environment(tmp_path), "LEAVING": str(left)},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert left.read_text(encoding="utf-8") == ""
