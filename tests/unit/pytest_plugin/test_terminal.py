"""In the terminal: quick to collect, quiet when all is well, alive when it takes long, no colours where none belong."""

import os
import pty
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCATIONS = "tests/contract/test_locations.py"
COLOUR = "\x1b["


def environment(**more: str) -> dict[str, str]:
    without = ("PYTEST_", "AWS_", "PYTHONDONTWRITEBYTECODE", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CI")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(without)}, **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def on_a_terminal(*arguments: str, **more: str) -> str:
    """What a run writes where its output is a terminal."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=environment(TERM="xterm-256color", **more),
        stdin=subprocess.DEVNULL,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    said = b""
    try:
        while chunk := os.read(main, 4096):
            said += chunk
    except OSError:
        assert said  # a terminal whose other end is closed says so in this way
    finally:
        process.wait(120)
        os.close(main)
    return said.decode()


def test_the_contract_is_collected_in_under_two_seconds(tmp_path: Path) -> None:
    """Of CPU time, which is what it takes on a machine that is not busy otherwise."""
    cache = {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    run("--collect-only", "-q", **cache)
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run("--collect-only", "-q", **cache)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stdout
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < 2, taken


def test_all_is_well_in_few_lines() -> None:
    done = run("-q", LOCATIONS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert len(lines) <= 6, done.stdout
    assert "no violation at level must" in lines
    assert "divergence 0/" in done.stdout


def test_verbose_names_each_test_and_its_verdict() -> None:
    done = run("-v", LOCATIONS)
    assert (
        len(re.findall(r"^tests/contract/test_locations\.py::\S+ (?:CONFORMS|PASSED)", done.stdout, re.MULTILINE)) >= 10
    )


def test_quiet_shows_no_known_gap_and_verbose_does(tmp_path: Path) -> None:
    gaps = str(tmp_path / "gaps.toml")
    part = ("--target=moto", "--operation=DescribeTags", "tests/contract/test_tags.py")
    run("-q", *part, f"--write-known-gaps={gaps}")
    quiet, verbose = (run(how, *part, f"--known-gaps={gaps}") for how in ("-q", "-v"))
    assert quiet.returncode == verbose.returncode == 0, quiet.stdout
    assert "known must" not in quiet.stdout
    assert "known must" in verbose.stdout


def test_colours_are_for_terminals_that_want_them() -> None:
    assert COLOUR in on_a_terminal("-q", LOCATIONS)
    assert COLOUR not in on_a_terminal("-q", LOCATIONS, NO_COLOR="1")
    assert COLOUR not in on_a_terminal("-q", "--color=no", LOCATIONS)
    assert COLOUR not in run("-q", LOCATIONS).stdout


SLOW = """
import time
def test_quick(): pass
def test_slow(): time.sleep(6)
"""
PLUGIN = """
from dxcontract.pytest_plugin import progress

progress.SILENCE = 2

def pytest_configure(config):
    progress.register(config)
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_long_test_is_told_while_it_runs(tmp_path: Path, workers: list[str]) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW)
    (tmp_path / "conftest.py").write_text(PLUGIN)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    arguments = (f"--rootdir={tmp_path}", f"--config-file={tmp_path / 'pytest.ini'}", *workers, str(tmp_path))
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r"^(\d)(?: of 2)? tests done; test_slow\.py::test_slow has been running for", done.stdout, re.M)
    assert told, done.stdout
    assert "test_quick has been" not in done.stdout
    assert "has been running" not in run("-q", *arguments).stdout
