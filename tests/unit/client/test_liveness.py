"""A target that dies: found, named, made as small as possible, and the end of the run."""

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dxcontract.client.liveness import reduced
from tests.unit.mortal import DEADLY, mortal
from tests.unit.pytest_plugin.test_run import fingerprints, pytest_run

BYTES = ("tests/contract/test_protocol_bytes.py", "-k", "kept_or_refused or range")


def wait_for(url: str) -> None:
    address = urlsplit(url)
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((address.hostname or "", address.port or 0), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_what_kills_a_target_is_found_named_and_minimised(tmp_path: Path, workers: tuple[str, ...]) -> None:
    with mortal(restarted=True) as url:
        wait_for(url)
        result = pytest_run(f"--target={url}", f"--report={tmp_path}", *workers, *BYTES)
    said = result.stdout + result.stderr
    assert result.returncode == 2, said
    (line,) = {one for one in said.splitlines() if one.startswith("target ")}
    assert line.startswith(f"target {url}/ died after CreateConnection")
    assert r'smallest form that kills it: CreateConnection {"connectionName":"\u202e"}' in line
    assert DEADLY not in said
    assert "Traceback" not in said
    assert "wire.serves-on:CreateConnection" in fingerprints(tmp_path)


def test_a_target_that_stays_dead_stops_the_run(tmp_path: Path) -> None:
    with mortal(restarted=False) as url:
        wait_for(url)
        result = pytest_run(f"--target={url}", f"--report={tmp_path}", *BYTES)
    said = result.stdout + result.stderr
    assert result.returncode == 2, said
    (line,) = {one for one in said.splitlines() if one.startswith("target ")}
    assert "did not come back within" in line
    assert DEADLY in line or r"\u202e" in line
    assert "Traceback" not in said
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["exit_status"] != 0


@pytest.mark.parametrize(
    ("body", "deadly", "smallest"),
    [
        (b'{"a":{"b":[1,2,{"c":"xyzzy"}]},"d":null}', b"zz", b'{"a":{"b":[{"c":"zz"}]}}'),
        (b'{"a":4000000000}', b"4", b'{"a":4000000000}'),
        (b"\xff{no json at all\x00}", b"\x00", b"\x00"),
    ],
)
def test_a_body_is_made_as_small_as_it_gets(body: bytes, deadly: bytes, smallest: bytes) -> None:
    assert reduced(body, lambda candidate: deadly in candidate) == smallest
