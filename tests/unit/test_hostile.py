"""Whatever a target does, the run ends in bounded time and memory and says in one sentence what is wrong.

What can still be judged is judged; nothing is left behind where the target allows.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit import hostile, servers

ROOT = Path(__file__).parent.parent.parent
MEGABYTES = 500
GATEWAYS = "tests/contract/test_resiliency_groups.py"
LAGS = ("tests/contract/test_answers.py", "--operation=DescribeLags", "--operation=DescribeLocations")


@dataclass(frozen=True)
class Ended:
    """A run that has ended: how, with what output, after how long, with how much memory at its peak."""

    status: int
    said: str
    seconds: float
    megabytes: float
    report: Path

    @property
    def document(self) -> dict[str, object]:
        found = json.loads((self.report / "report.json").read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found


def run(folder: Path, url: str, *arguments: str, limit: float = 90) -> Ended:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    environment["XDG_STATE_HOME"] = str(folder / "state")
    output, report = folder / "output.txt", folder / "report"
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "--color=no", f"--target={url}", f"--report={report}"]
    started = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--accounts=owner=111111111111,other=222222222222,partner=333333333333", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        usage = _waited(process, started + limit)
    said = output.read_text(encoding="utf-8")
    assert "Traceback" not in said, said
    return Ended(process.returncode, said, time.monotonic() - started, usage.ru_maxrss / 1024, report)


def _waited(process: "subprocess.Popen[bytes]", deadline: float) -> resource.struct_rusage:
    while time.monotonic() < deadline:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise AssertionError("the run did not end in time")


def _one_line(ended: Ended, words: str) -> None:
    """One sentence, with these words; with none given, what is wrong depends on when the client sees it."""
    said = [line for line in ended.said.splitlines() if "dxcontract:" in line]
    assert len(said) == 1, ended.said
    assert words in said[0]
    assert ended.status == 2
    assert ended.megabytes < MEGABYTES


UNUSABLE: dict[str, tuple[hostile.Script, str]] = {
    "resets": (hostile.resets, "closed the connection without an answer"),
    "accepts and says nothing": (hostile.says_nothing, "did not answer within 4 seconds"),
    "answers after 20 seconds": (hostile.answers_late, "did not answer within 4 seconds"),
    "one byte a second": (hostile.dribbles, "did not answer within 4 seconds"),
    "one byte of a header a second": (hostile.dribbles_headers, "did not answer within 4 seconds"),
    "half a body": (hostile.half_a_body, "closed the connection without an answer"),
    "wrong length": (hostile.too_short_a_length, ""),
    "garbage": (hostile.garbage, "no HTTP"),
    "gzip bomb": (hostile.gzip_bomb, "does not speak Direct Connect"),
    "endless body": (hostile.endless, "the answer is larger than"),
    "503 for ever": (hostile.unavailable(1e9), "--slow-down-seconds"),
}


@pytest.mark.parametrize("case", list(UNUSABLE))
def test_a_target_that_always_misbehaves_is_one_clear_line(tmp_path: Path, case: str) -> None:
    script, words = UNUSABLE[case]
    with hostile.serve(script) as server:
        ended = run(tmp_path, server.url, "--slow-down-seconds=2", *LAGS, limit=60)
    _one_line(ended, words)
    assert ended.seconds < 30  # a few of which are the time that a run takes to begin


def test_a_redirect_is_never_followed(tmp_path: Path) -> None:
    arrived: list[str] = []

    def elsewhere(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        arrived.append(handler.path)
        servers.answer(handler, 200, b"{}", hostile.JSON)

    with servers.http(elsewhere) as other, hostile.serve(hostile.redirects(other)) as server:
        ended = run(tmp_path, server.url, *LAGS)
    _one_line(ended, "does not speak Direct Connect")
    assert arrived == []


def test_a_wrong_certificate_is_one_clear_line_and_nothing_is_sent(tmp_path: Path) -> None:
    with hostile.serve(hostile.garbage, tls=hostile.certificate(tmp_path)) as server:
        ended = run(tmp_path, server.url, *LAGS)
        assert server.seen == {}
    _one_line(ended, "certificate")


ONE_OPERATION: dict[str, tuple[hostile.Script, str]] = {
    "resets": (hostile.resets, "did not answer"),
    "says nothing": (hostile.says_nothing, "did not answer"),
    "one byte a second": (hostile.dribbles, "did not answer"),
    "half a body": (hostile.half_a_body, "did not answer"),
    "garbage": (hostile.garbage, "did not answer"),
    "endless body": (hostile.endless, "larger than"),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with hostile.emulator() as url:
        yield url


@pytest.mark.parametrize("case", list(ONE_OPERATION))
def test_what_still_answers_is_judged(tmp_path: Path, emulator: str, case: str) -> None:
    script, words = ONE_OPERATION[case]
    with hostile.serve(hostile.only("DescribeLags", script), emulator) as server:
        ended = run(tmp_path, server.url, "--answer-seconds=1", *LAGS)
    assert ended.status in (0, 1), ended.said
    assert words in ended.said
    assert ended.megabytes < MEGABYTES
    verdicts = {name: one["verdicts"] for name, one in ended.document["operations"].items()}  # type: ignore[attr-defined]
    assert verdicts["DescribeLocations"]["requests.valid-accepted"] == "conforms"
    assert verdicts["DescribeLags"].get("requests.valid-accepted", "indeterminate") == "indeterminate"


def test_unavailable_for_a_while_and_then_well_is_judged_whole(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.unavailable(5), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
    assert ended.status == 0, ended.said
    assert "0 indeterminate" in ended.said


def test_throttling_of_every_third_call_is_waited_for_and_nobody_is_blamed(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.throttles(3), emulator) as server:
        ended = run(tmp_path, server.url, *LAGS)
    assert ended.status == 0, ended.said
    assert "0 violates" in ended.said
    assert "asked to slow down" in ended.said


def test_a_target_that_dies_in_the_middle_ends_the_run(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.dies(100), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
    assert ended.status in (1, 2), ended.said
    assert "died" in ended.said
    assert "dxcontract sweep" in ended.said


def test_a_target_that_forgets_everything_in_the_middle_is_tested_to_the_end(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.forgets(150), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
    assert ended.status in (0, 1), ended.said
    assert ended.document["harness_errors"] == []


def test_answers_of_other_requests_are_violations_and_nobody_elses_is_deleted(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.mixes_up(7), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
    assert ended.status == 1, ended.said
    assert ended.document["harness_errors"] == []


def test_ten_thousand_things_of_others_change_nothing(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.lists_ten_thousand, emulator) as server:
        ended = run(tmp_path, server.url, "tests/contract/test_answers.py", "--operation=DescribeConnections")
    assert ended.status == 0, ended.said
    assert ended.megabytes < MEGABYTES
