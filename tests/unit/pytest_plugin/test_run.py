"""The run as a user sees it: pytest in a process of its own, against real and against misbehaving targets."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import jsonschema
import pytest

from dxcontract.spec import model as specs
from tests.unit import servers

ROOT = Path(__file__).parents[3]
PROTOCOL = "tests/contract/test_protocol.py"
LOCATIONS = "tests/contract/test_locations.py"


def pytest_run(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def fingerprints(folder: Path) -> set[str]:
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, specs.read(specs.root() / "schemas" / "report.json"))
    return {violation["fingerprint"] for violation in document["violations"]}


def silent(connection: socket.socket) -> None:
    time.sleep(30)
    connection.close()


def garbage(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x00\x01\x02 this is no HTTP at all\r\n\r\n")
    connection.close()


def hangs_up(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.close()


def web_page(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    servers.answer(handler, 200, b"<html><body>It works!</body></html>", "text/html")


UNUSABLE = {
    "answers nothing": (servers.tcp(silent), "did not answer within"),
    "answers garbage": (servers.tcp(garbage), "something other than HTTP"),
    "hangs up": (servers.tcp(hangs_up), "closed the connection without an answer"),
    "serves a web page": (servers.http(web_page), "does not speak Direct Connect"),
}


@pytest.fixture(params=list(UNUSABLE))
def unusable(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    server, words = UNUSABLE[request.param]
    with server as url:
        yield url, words


@contextmanager
def soon() -> Iterator[None]:
    """Within ten seconds of processor time, and a minute on a machine that has other things to do."""
    started, used = time.monotonic(), _processor_seconds()
    yield
    assert _processor_seconds() - used < 10
    assert time.monotonic() - started < 60


def _processor_seconds() -> float:
    """Of processes that this one started and that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def test_an_unusable_target_is_one_clear_line_soon(unusable: tuple[str, str]) -> None:
    url, words = unusable
    with soon():
        result = pytest_run(f"--target={url}", PROTOCOL)
    assert result.returncode == 2
    _one_line(result, words)


def test_a_target_that_does_not_listen_is_one_clear_line(tmp_path: Path) -> None:
    with soon():
        result = pytest_run(f"--target=http://127.0.0.1:{servers.closed_port()}", f"--report={tmp_path}", PROTOCOL)
    assert result.returncode == 2
    _one_line(result, "refuses connections; is it running?")


def test_the_same_with_workers() -> None:
    result = pytest_run(f"--target=http://127.0.0.1:{servers.closed_port()}", "-n2", PROTOCOL)
    assert result.returncode == 2
    _one_line(result, "refuses connections; is it running?")


def _one_line(result: subprocess.CompletedProcess[str], words: str) -> None:
    said = [line for line in (result.stdout + result.stderr).splitlines() if "dxcontract:" in line]
    assert len(said) == 1, result.stdout + result.stderr
    assert words in said[0]
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target=ftp://127.0.0.1"], "use reference, moto, aws or a URL"),
        (["--target=http://127.0.0.1:1", "--accounts=owner"], "is not ROLE=WHO"),
        (["--target=http://127.0.0.1:1", "--accounts=other=222222222222"], "at least owner="),
        (["--target=http://127.0.0.1:1", "--accounts=owner=nobody"], "neither 12 digits"),
        (["--target=moto", "--known-gaps=no-such-file.toml"], "no-such-file.toml"),
    ],
)
def test_a_wrong_option_is_one_clear_line(arguments: list[str], words: str) -> None:
    result = pytest_run(*arguments, PROTOCOL)
    assert result.returncode in (2, 4)
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_two_runs_and_two_workers_find_the_same(tmp_path: Path) -> None:
    found = []
    for name, more in (("first", []), ("second", []), ("workers", ["-n2"])):
        result = pytest_run("--target=moto", f"--report={tmp_path / name}", *more, PROTOCOL, LOCATIONS)
        assert result.returncode == 1, result.stdout + result.stderr
        found.append(fingerprints(tmp_path / name))
    assert found[0] == found[1] == found[2]
    assert "wire.unknown-operation:*::server-error" in found[0]


def test_a_known_gap_does_not_fail_the_run_and_a_new_violation_does(tmp_path: Path) -> None:
    listed = tmp_path / "gaps.toml"
    first = pytest_run("--target=moto", f"--write-known-gaps={listed}", PROTOCOL)
    assert first.returncode == 1
    assert " advised" in first.stdout  # a violation of level should is not called a known gap
    assert " known" not in first.stdout.splitlines()[-1]
    second = pytest_run("--target=moto", f"--known-gaps={listed}", PROTOCOL)
    assert second.returncode == 0, second.stdout
    assert " known" in second.stdout.splitlines()[-1]
    entries = listed.read_text(encoding="utf-8").split("[[gap]]")
    kept = [entry for entry in entries if "wire.unknown-operation" not in entry]
    assert len(kept) == len(entries) - 1
    listed.write_text("[[gap]]".join(kept), encoding="utf-8")
    third = pytest_run("--target=moto", f"--known-gaps={listed}", f"--report={tmp_path}", PROTOCOL)
    assert third.returncode == 1
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    new = [one["fingerprint"] for one in document["violations"] if not one["known"]]
    assert new == ["wire.unknown-operation:*::server-error"]


def test_the_report_says_what_moto_has(tmp_path: Path) -> None:
    pytest_run("--target=moto", f"--report={tmp_path}", PROTOCOL)
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["coverage"] == {"implemented": 11, "all": 73}
    assert sum(operation["supported"] for operation in document["operations"].values()) == 11
    assert document["operations"]["CreateLag"]["supported"]
    assert "not implemented" in document["operations"]["DeleteLag"]["reason"]
