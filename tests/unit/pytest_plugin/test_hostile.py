"""Whatever a target does, the run ends in bounded time and memory and says in one sentence what is wrong.

What can still be judged is judged; nothing is left behind where the target allows.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.unit import hostile, servers

ROOT = Path(__file__).parents[3]
MEGABYTES = 500
LIMIT = 300.0
"""Seconds in which any run here ends, however crowded the machine is. Nothing else ends a run: no script gives up."""
GATEWAYS = "tests/contract/test_resiliency_groups.py"
UNAVAILABLE = float(os.environ.get("UNAVAILABLE_SECONDS", "8"))
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


def run(folder: Path, url: str, *arguments: str) -> Ended:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    environment["XDG_STATE_HOME"] = str(folder / "state")
    output, report = folder / "output.txt", folder / "report"
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "--color=no", f"--target={url}", f"--report={report}"]
    command += ["-p", "no:schemathesis"]  # a second less for each of these runs
    started = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--accounts=owner=111111111111,other=222222222222,partner=333333333333", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        peak = _waited(process, started + LIMIT)
    said = output.read_text(encoding="utf-8")
    assert "Traceback" not in said, said
    return Ended(process.returncode, said, time.monotonic() - started, peak / 1024, report)


def _waited(process: "subprocess.Popen[bytes]", deadline: float) -> int:
    """The peak of a process's memory in KB, once it has ended.

    Looked at while it runs: what the system tells of an ended process counts the memory of the one that started it.
    """
    peak = 0
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AssertionError("the run did not end in time")
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8"))
        peak = int(found[1]) if found else peak  # none between its end and our taking note of it
        time.sleep(0.02)
    assert peak > 0
    return peak


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
    "garbage": (hostile.garbage, "something other than HTTP"),
    "gzip bomb": (hostile.gzip_bomb, "does not speak Direct Connect"),
    "endless body": (hostile.endless, "the answer is larger than"),
    "503 for ever": (hostile.unavailable(1e9), "--slow-down-seconds"),
}


@pytest.mark.parametrize("case", list(UNUSABLE))
def test_a_target_that_always_misbehaves_is_one_clear_line(tmp_path: Path, case: str) -> None:
    script, words = UNUSABLE[case]
    with hostile.serve(script) as server:
        ended = run(tmp_path, server.url, "--slow-down-seconds=2", *LAGS)
        assert server.seen, "it was asked"
    _one_line(ended, words)


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


SOME_OPERATIONS: dict[str, dict[str, tuple[hostile.Script, str]]] = {
    "at once": {
        "DescribeLags": (hostile.resets, "did not answer (reset"),
        "DescribeInterconnects": (hostile.half_a_body, "did not answer (reset"),
        "DescribeVirtualGateways": (hostile.garbage, "did not answer (not-http"),
    },
    "by and by": {
        "DescribeLags": (hostile.says_nothing, "did not answer (timeout"),
        "DescribeInterconnects": (hostile.dribbles, "did not answer (timeout"),
        "DescribeVirtualGateways": (hostile.endless, "larger than"),
    },
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with hostile.emulator() as url:
        yield url


@pytest.mark.parametrize("case", list(SOME_OPERATIONS))
def test_what_still_answers_is_judged(tmp_path: Path, emulator: str, case: str) -> None:
    scripts = {operation: script for operation, (script, _) in SOME_OPERATIONS[case].items()}
    asked = [f"--operation={operation}" for operation in (*scripts, "DescribeLocations")]
    with hostile.serve(hostile.only(scripts), emulator) as server:
        ended = run(tmp_path, server.url, "--answer-seconds=4", "tests/contract/test_answers.py", *asked)
    assert ended.status in (0, 1), ended.said
    assert ended.megabytes < MEGABYTES
    document: Any = ended.document
    verdicts = {name: one["verdicts"] for name, one in document["operations"].items()}
    assert verdicts["DescribeLocations"]["requests.valid-accepted"] == "conforms"
    reasons = " ".join(one for rule in document["rules"].values() for one in rule["reasons"])
    for operation, (_, words) in SOME_OPERATIONS[case].items():
        assert verdicts[operation]["requests.valid-accepted"] == "indeterminate"
        assert re.search(rf"{operation}: the target [^;]*{re.escape(words)}", reasons), reasons


def test_unavailable_for_a_while_and_then_well_is_judged_whole(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.unavailable(UNAVAILABLE), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
        assert server.misbehaved > 2
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


def test_answers_of_other_requests_are_violations(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.mixes_up(7), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
    assert ended.status == 1, ended.said
    assert ended.document["harness_errors"] == []


def test_what_an_answer_passes_off_as_ours_is_not_changed(tmp_path: Path, emulator: str) -> None:
    """And what was made instead, of which no answer told, is found by its name and deleted."""
    door: Any = botocore.session.Session().create_client(
        "directconnect",
        region_name="us-east-1",
        endpoint_url=emulator,
        aws_access_key_id="111111111111",
        aws_secret_access_key="dxcontract",
    )
    asked = {"resiliencyGroupName": "production", "intendedResiliencyModel": "basic-resiliency"}
    theirs = door.create_resiliency_group(**asked)["resiliencyGroup"]
    before = [one["resiliencyGroupId"] for one in door.list_resiliency_groups()["items"]]  # of other tests' runs
    body = json.dumps({"resiliencyGroup": theirs}).encode()
    with hostile.serve(hostile.swaps("CreateResiliencyGroup", 3, body), emulator) as server:
        ended = run(tmp_path, server.url, GATEWAYS)
        assert server.misbehaved > 2
    assert ended.document["harness_errors"] == []
    assert "may be somebody else's" in ended.said + json.dumps(ended.document)
    after = door.get_resiliency_group(resiliencyGroupId=theirs["resiliencyGroupId"])["resiliencyGroup"]
    assert (after["resiliencyGroupName"], after["state"]) == ("production", "available")
    made = [one for one in door.list_resiliency_groups()["items"] if one["resiliencyGroupId"] not in before]
    assert [one for one in made if one["state"] != "deleted"] == []


def test_ten_thousand_things_of_others_change_nothing(tmp_path: Path, emulator: str) -> None:
    with hostile.serve(hostile.lists_ten_thousand, emulator) as server:
        ended = run(tmp_path, server.url, "tests/contract/test_answers.py", "--operation=DescribeConnections")
    assert ended.status == 0, ended.said
    assert ended.megabytes < MEGABYTES


ODD: dict[str, hostile.Script] = {
    "odd values": hostile.odd_values_anywhere(1, 0.03),
    "more odd values": hostile.odd_values_anywhere(2, 0.15),
    "20,000 members": hostile.changes(hostile.many_members),
    "a megabyte in each text": hostile.changes(hostile.long_texts),
}


@pytest.mark.parametrize("case", list(ODD))
def test_whatever_is_answered_there_is_a_report_of_bounded_size(tmp_path: Path, emulator: str, case: str) -> None:
    """No traceback, no failure of the suite itself, nothing that a terminal or a CI system acts on."""
    tests: tuple[str, ...] = LAGS  # of a megabyte each, answers take their time
    if "odd" in case:
        files = ("tests/contract/test_answers.py", "tests/contract/test_lags.py", "tests/contract/test_tags.py")
        tests = (*files, "--operation=DescribeLags", "--operation=CreateLag", "--operation=TagResource")
    with hostile.serve(ODD[case], emulator) as server:
        ended = run(tmp_path, server.url, "--slow-down-seconds=2", *tests)
        assert server.misbehaved > 20
    assert ended.status in (0, 1), ended.said
    document: Any = ended.document
    assert document["harness_errors"] == []
    assert document["violations"] or case == "a megabyte in each text"
    assert not [note for note in document["notes"] if "fault of dxcontract" in note]
    assert ended.megabytes < MEGABYTES
    assert sum(file.stat().st_size for file in ended.report.rglob("*")) < 20_000_000
    assert not re.search(r"[\0-\x08\x0b-\x1f\x7f]|^::", ended.said, re.MULTILINE)
