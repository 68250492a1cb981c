"""Whether a finding still happens, judged alike by scripts and by `dxcontract replay`: one table of cases for both.

What an endpoint that is gone, refuses everything or is another service answers is never a verdict.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.client.client import Api
from dxcontract.client.pacing import Patience
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.reproduce import aws_cli, judge, python_script, script_executor
from dxcontract.run.session import Session
from dxcontract.spec import model as specs
from dxcontract.targets.target import Target
from dxcontract.wire.credentials import Account
from strategies.replay import STATUS, perform
from tests.unit import servers

SPEC: Final = specs.load()
JSON: Final = "application/x-amz-json-1.1"
MUST: Final = "DirectConnectClientException"
OPERATION: Final = "UpdateLag"

Said = tuple[int, bytes, str]
"""Status, body, content type."""


def said(status: int, document: Any) -> Said:
    return status, json.dumps(document).encode(), JSON


def error(status: int, kind: str) -> Said:
    return said(status, {"__type": kind, "message": "no"})


def recorded(status: int, document: Any = None) -> dict[str, Any]:
    return judge.answer(status, {"content-type": JSON}, json.dumps(document or {}).encode())


LAG: Final = {"lagId": "dxlag-x1234567", "lagName": "a", "numberOfConnections": 1}


def finding(claim: Mapping[str, Any], answer: Mapping[str, Any], **request: Any) -> Any:
    """A LAG is made; the answer to its change is judged."""
    made = {"location": "EqDC2", "connectionsBandwidth": "1Gbps", "lagName": "${name-1}", "numberOfConnections": 1}
    asked = request or {"params": {"lagId": "${1/lagId}", "lagName": "b"}}
    return {
        "finding": 1,
        "fingerprint": "lags.x:UpdateLag",
        "rule": "lags.id-form",
        "operation": OPERATION,
        "where": "",
        "level": "must",
        "message": "it is wrong",
        "test": "",
        "region": "us-east-1",
        "steps": [
            {"operation": "CreateLag", "account": "owner", "params": made, "answer": recorded(200, LAG)},
            {"operation": OPERATION, "account": "owner", **asked, "answer": answer},
        ],
        "judged": [2],
        "claim": dict(claim),
        "varying": [],
    }


BY_HAND: Final = {
    "request": {
        "method": "POST",
        "headers": {"Content-Type": JSON, "X-Amz-Target": f"OvertureService.{OPERATION}"},
        "body": {"text": "{"},
    }
}
LONG: Final = {name: value for name, value in recorded(200, LAG).items() if name != "body"}
FINDINGS: Final = {
    "accepted": finding(expectations.ACCEPTED, recorded(400, {"__type": MUST})),
    "refused": finding(expectations.refused(MUST), recorded(200, LAG)),
    "refused somehow": finding(expectations.refused(), recorded(200, LAG), **BY_HAND),
    "as recorded": finding(expectations.as_recorded("/lagName"), recorded(200, LAG)),
    "equal": finding(expectations.equal("/lagName", "b"), recorded(200, LAG)),
    "matches": finding(expectations.matches("/lagName", "b+"), recorded(200, LAG)),
    "server error": finding(expectations.STATUS, recorded(500, {"__type": "InternalFailure"})),
    "too long": finding({"look": "kinds", "where": "/lagName"}, LONG),
}

NO_JSON: Final = (200, b"<html>It works!</html>", "text/html")
BAD: Final[dict[str, Said | None]] = {
    "403 to all": error(403, "AccessDeniedException"),
    "500 to all": (500, b"Internal Server Error", "text/plain"),
    "cut in the middle": (200, b'{"lagId":"dxlag-x12345', JSON),
    "closes before the end": (-200, b'{"lagId":"dxlag-x12345', JSON),
    "a web page": NO_JSON,
    "another service": error(400, "UnknownOperationException"),
    "an empty object to all": said(200, {}),
    "throttles": error(400, "ThrottlingException"),
    "hangs up": None,
}

ALWAYS: Final = ("refused", "refused somehow")
MIDWAY: Final = ("accepted", "refused somehow", "as recorded")
FOR_ALL: Final = ("403 to all", "cut in the middle")
"""What is tried with which findings: each costs a tenth of a second."""

GOOD: Final = [
    ("accepted", error(400, MUST), judge.STILL),
    ("accepted", said(200, LAG), judge.GONE),
    ("accepted", error(400, "TooManyTagsException"), judge.UNCLEAR),
    ("refused", said(200, LAG), judge.STILL),
    ("refused", error(400, MUST), judge.GONE),
    ("refused", error(400, "TooManyTagsException"), judge.UNCLEAR),
    ("refused somehow", said(200, LAG), judge.STILL),
    ("refused somehow", error(400, "SerializationException"), judge.GONE),
    ("as recorded", said(200, LAG), judge.STILL),
    ("as recorded", said(200, {**LAG, "lagName": "b"}), judge.GONE),
    ("as recorded", error(400, MUST), judge.UNCLEAR),
    ("equal", said(200, LAG), judge.STILL),
    ("equal", said(200, {**LAG, "lagName": "b"}), judge.GONE),
    ("matches", said(200, LAG), judge.STILL),
    ("matches", said(200, {**LAG, "lagName": "bb"}), judge.GONE),
    ("server error", error(500, "InternalFailure"), judge.STILL),
    ("server error", said(200, LAG), judge.GONE),
    ("too long", said(200, LAG), judge.UNCLEAR),
]


class Endpoint:
    """A server whose answers are chosen: all of them by `always`, else those to the second step by `last`."""

    def __init__(self) -> None:
        self.always: Said | None = said(200, {})
        self.last: Said | None = None
        self.is_sound = True

    def __call__(self, handler: BaseHTTPRequestHandler, _: bytes) -> None:
        operation = (handler.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        chosen: Said | None = said(200, LAG)
        if not self.is_sound:
            chosen = self.always
        elif operation in judge.CONTROLS:
            chosen = said(200, {judge.CONTROLS[operation]: []})
        elif operation == OPERATION:
            chosen = self.last
        if chosen is None:
            handler.close_connection = True
            return
        status, body, kind = chosen
        handler.send_response(abs(status))
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body) + (1000 if status < 0 else 0)))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = status < 0


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[Endpoint, str]]:
    served = Endpoint()
    with servers.http(served) as url:
        yield served, url


def by_script(found: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["x.py", url])
    return script_executor.main(found, "", "eu-west-1", ())


def by_replay(found: Any, url: str, _: pytest.MonkeyPatch) -> int:
    account = Account("owner", "111111111111", "dxcontract", None, "111111111111")
    target = Target("url", url + "/", accounts={"owner": account}, locations=("EqDC2",))
    contract = Contract(SPEC)
    session = Session(
        target, Api(target, SPEC, contract.witness, 2.0, patience=Patience(slow_down_seconds=0)), contract
    )
    try:
        return STATUS[perform(session, found).verdict]
    finally:
        session.close()


BOTH: Final = pytest.mark.parametrize("judged_by", [by_script, by_replay])
Judge = Callable[[Any, str, pytest.MonkeyPatch], int]


@BOTH
def test_what_an_endpoint_answers_is_judged_alike(
    judged_by: Judge, endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = endpoint
    served.is_sound = True
    wrong = {}
    for name, answer, verdict in GOOD:
        served.last = answer
        if (status := judged_by(FINDINGS[name], url, monkeypatch)) != STATUS[verdict]:
            wrong[name, str(answer)] = status
    assert wrong == {}


@BOTH
@pytest.mark.parametrize("owner", ["111111111111", "444455556666"], ids=["known", "not known"])
def test_an_account_is_the_same_whether_its_id_is_known_or_not(
    judged_by: Judge, owner: str, endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded answers name accounts that no request names, by ids that another target does not have."""
    served, url = endpoint
    served.is_sound = True
    named = {**LAG, "lagId": "${1/lagId}", "ownerAccount": "${account-owner}"}
    found = finding(expectations.as_recorded(""), recorded(200, named))
    for changed, verdict in (({}, judge.STILL), ({"numberOfConnections": 2}, judge.GONE)):
        served.last = said(200, {**LAG, "ownerAccount": owner, **changed})
        assert judged_by(found, url, monkeypatch) == STATUS[verdict]


@BOTH
@pytest.mark.parametrize("when", ["from the beginning", "at the judged step"])
def test_an_endpoint_that_is_broken_tells_nothing(
    judged_by: Judge, when: str, endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = endpoint
    served.is_sound = when != "from the beginning"
    told = {}
    for bad, answer in BAD.items():
        if bad == "an empty object to all" and served.is_sound:
            continue  # a plain success, where the rest is sound
        served.always = served.last = answer
        for name in ALWAYS if not served.is_sound else FINDINGS if bad in FOR_ALL else MIDWAY:
            found = FINDINGS[name]
            if (name, bad, when) == ("refused somehow", "another service", "at the judged step"):
                continue  # a refusal like others
            if (status := judged_by(found, url, monkeypatch)) != STATUS[judge.UNCLEAR]:
                told[name, bad] = status
    assert told == {}


@BOTH
def test_a_port_where_nothing_listens_tells_nothing(judged_by: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{servers.closed_port()}"
    reset = {**recorded(0), "status": 0, "failure": "reset"}
    for found in (
        *FINDINGS.values(),
        finding(expectations.STATUS, reset),
        finding(expectations.refused(closing=True), reset),
    ):
        assert judged_by(found, url, monkeypatch) == STATUS[judge.UNCLEAR]


@BOTH
def test_a_connection_that_is_closed_at_the_recorded_place_still_is(
    judged_by: Judge, endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = endpoint
    served.is_sound, served.last = True, None
    reset = {**recorded(0), "status": 0, "failure": "reset"}
    for claim, verdict in ((expectations.STATUS, judge.STILL), (expectations.refused(closing=True), judge.GONE)):
        assert judged_by(finding(claim, reset), url, monkeypatch) == STATUS[verdict]


# -- whole commands


RULE: Final = {"evidence": "documented", "statement": "a rule", "sources": []}


def written(folder: Path, found: Any, endpoint: str = "") -> None:
    (folder / "x.py").write_text(python_script.script(found, RULE, endpoint, "x.py", "eu-west-1"))
    (folder / "x.sh").write_text(aws_cli.script(found, "a rule", endpoint, "x.sh", "eu-west-1"))
    (folder / "x.json").write_text(json.dumps({**found, "rule": "lags.id-form"}))


def command(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "AWS_EC2_METADATA_DISABLED": "true", **variables}
    return subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("runner_of", [(sys.executable, "x.py"), ("sh", "x.sh")])
def test_scripts_ask_for_the_endpoint_of_a_target_that_has_ended(runner_of: tuple[str, str], tmp_path: Path) -> None:
    written(tmp_path, FINDINGS["refused"])
    for more in ((), ("127.0.0.1:1",), ("--help",)):
        done = command(tmp_path, *runner_of, *more)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("usage: ")
        assert len(done.stderr.splitlines()) == 1


def test_a_script_without_boto3_says_so(tmp_path: Path) -> None:
    written(tmp_path, FINDINGS["refused"])
    done = command(tmp_path, sys.executable, "-S", "x.py", "http://127.0.0.1:1", PYTHONPATH="")
    assert done.returncode == 2
    assert done.stderr.startswith("this needs boto3: ")


def test_whole_commands_on_a_port_where_nothing_listens(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{servers.closed_port()}"
    written(tmp_path, FINDINGS["refused"], url)
    replay = (sys.executable, "-m", "dxcontract", "replay", "x.json", f"--target={url}")
    for arguments in ((sys.executable, "x.py"), ("sh", "x.sh"), replay):
        done = command(tmp_path, *arguments)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_the_shell_script_judges_what_the_cli_shows(endpoint: tuple[Endpoint, str], tmp_path: Path) -> None:
    served, url = endpoint
    for name, sound, answer, verdict in (
        ("refused", True, said(200, LAG), judge.STILL),
        ("refused", True, error(400, MUST), judge.GONE),
        ("refused", False, error(400, MUST), judge.UNCLEAR),
    ):
        served.is_sound, served.always, served.last = sound, answer, answer
        written(tmp_path, FINDINGS[name])
        done = command(tmp_path, "sh", "x.sh", url)
        assert done.returncode == STATUS[verdict], done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].startswith(f"{verdict}: ")
