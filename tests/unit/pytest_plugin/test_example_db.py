"""One example database for several machines, through a real Redis: what one finds, the others replay first.

Skipped where there is no redis-server, unless DXCONTRACT_REDIS=required.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

ROOT = Path(__file__).parents[3]
FAULT = "lags.count-invariant"
MACHINE = "connections_and_lags"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis of our own, which keeps nothing."""
    server = shutil.which("redis-server")
    if server is None:
        if os.environ.get("DXCONTRACT_REDIS") == "required":
            pytest.fail("there is no redis-server; on Debian: apt-get install redis-server")
        pytest.skip("there is no redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    client = redis.Redis(port=port)
    for _ in range(100):
        try:
            client.ping()
            return
        except redis.exceptions.ConnectionError:
            time.sleep(0.1)
    pytest.fail("redis-server did not come up")


def _host(place: str, examples: int, folder: Path) -> "subprocess.Popen[str]":
    """A night on one machine: a process with a folder and an emulator of its own."""
    folder.mkdir()
    command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"]
    command += ["--hypothesis-profile=nightly", f"--examples={examples}", f"--fault={FAULT}", f"--example-db={place}"]
    command += [str(ROOT / "tests" / "contract" / "test_machines.py"), "-k", MACHINE]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def test_what_one_finds_the_others_replay(place: str, tmp_path: Path) -> None:
    """The first example of a machine is always the simplest, which finds nothing: only memory can have found it."""
    status, said = _ended(_host(place, 1, tmp_path / "forgetful"))
    assert status == 0, said
    status, said = _ended(_host(place, 15, tmp_path / "finder"))
    assert status == 1, said
    assert FAULT in said
    others = [_host(place, 1, tmp_path / name) for name in ("second", "third")]
    for status, said in map(_ended, others):
        assert status == 1, said
        assert f"must {FAULT}" in said


def test_a_redis_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """A night that remembers nothing is not begun."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        status, said = _ended(_host(f"redis://:hush@127.0.0.1:{taken.getsockname()[1]}/0", 1, tmp_path / "lonely"))
    assert status == 2, said
    assert "--example-db: redis://127.0.0.1:" in said
    assert "hush" not in said
    assert "Traceback" not in said
