"""Processes that a run starts end with it, however it ends."""

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.unit.client.test_sweep import LIMIT, environment, until

ROOT = Path(__file__).parents[3]

HOLDS = """
import atexit, sys
from dxcontract.targets import reference
targets = [reference.open_target("us-east-1", "eu-west-1") for _ in range(2)]
print(*(one.endpoint for one in targets), flush=True)
if sys.argv[1] == "stops-one":
    targets[0].stop()
    atexit._run_exitfuncs()
    print("ended", targets[1].process.poll() is not None, flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def holder(folder: Path, what: str) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """A process that has started two emulators, and their endpoints."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, what],
        cwd=ROOT,
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


def answers(endpoint: str) -> bool:
    place = urlsplit(endpoint)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_killed_parent_takes_its_emulators_along(tmp_path: Path) -> None:
    with holder(tmp_path, "waits") as (process, endpoints):
        assert all(map(answers, endpoints))
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT)
        until(lambda: not any(map(answers, endpoints)))


def test_the_other_of_two_emulators_is_not_forgotten(tmp_path: Path) -> None:
    """One is stopped; the other is ended by what runs when the process exits."""
    with holder(tmp_path, "stops-one") as (process, (first, second)):
        assert process.stdout is not None
        assert process.stdout.readline() == "ended True\n"
        assert not answers(first)
        assert not answers(second)
