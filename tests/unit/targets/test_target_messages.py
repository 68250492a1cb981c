"""What a target says of itself before, or instead of, answering is told as what it is, with what to do."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxcontract.client.capability_probe import NONSENSE
from dxcontract.client.client import Api
from dxcontract.client.pacing import Patience
from dxcontract.run.result import Outcome
from dxcontract.run.safety_options import Safety
from dxcontract.run.session import open_session
from dxcontract.spec import model as specs
from dxcontract.targets import Choice
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire.credentials import Account
from dxcontract.wire.errors import Indeterminate
from strategies import ec2
from tests.unit import hostile, servers
from tests.unit.client.test_sweep import LIMIT, ROOT, environment

SPEC = specs.load()
OWNER = "owner=111111111111"
RUN = (sys.executable, "-m", "dxcontract", "run", "-q", "--color=no")
TESTS = ("tests/contract/test_gateways.py", "tests/contract/test_virtual_interfaces.py")
SLOW_DOWN = (
    b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Slow</Message></Error></Errors></Response>"
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with hostile.emulator() as url:
        yield url


def answers(status: int, error: str) -> hostile.Script:
    def script(asked: hostile.Asked) -> bool:
        asked.answer(status, json.dumps({"__type": error, "message": "No."}).encode())
        return True

    return script


def refusal(url: str, folder: Path, accounts: str = OWNER, wait: float = 0.0) -> str:
    """Why a session with the target at `url` cannot be opened."""
    careful = Safety("0123abcd", journal=str(folder), slow_down_seconds=0.3)
    with pytest.raises(TargetError) as raised:
        open_session(Choice(url, accounts=accounts, wait=wait), Outcome(SPEC, url), 5.0, careful)
    return str(raised.value)


@pytest.mark.parametrize(("status", "error"), [(400, "ThrottlingException"), (429, "TooManyRequestsException")])
def test_a_target_that_throttles_everything(tmp_path: Path, status: int, error: str) -> None:
    with hostile.serve(answers(status, error)) as server:
        said = refusal(server.url, tmp_path)
    assert f"throttles requests ({status} {error} to {NONSENSE})" in said
    assert "--rate=1" in said
    assert "does not speak" not in said


def test_a_target_that_throttles_every_operation_that_it_has(tmp_path: Path, emulator: str) -> None:
    throttle = answers(400, "ThrottlingException")
    with hostile.serve(lambda asked: None if asked.operation == NONSENSE else throttle(asked), emulator) as server:
        assert "throttles requests (400 ThrottlingException to " in refusal(server.url, tmp_path)


@pytest.mark.parametrize(
    ("accounts", "role"),
    [("owner=AKIAIOSFODNN7EXAMPLE:no", "owner"), (f"{OWNER},partner=333333333333:no", "partner")],
    ids=["owner", "partner"],
)
def test_credentials_that_are_refused(tmp_path: Path, emulator: str, accounts: str, role: str) -> None:
    said = refusal(emulator, tmp_path, accounts)
    assert f"the endpoint refuses the credentials of {role}: they are not accepted; use others" in said
    assert f"--accounts={role}=" in said


def test_credentials_that_have_expired(tmp_path: Path) -> None:
    with hostile.serve(answers(400, "ExpiredTokenException")) as server:
        assert "the endpoint refuses the credentials of owner: they have expired; renew them" in refusal(
            server.url, tmp_path
        )


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*RUN, *arguments, *TESTS],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_credentials_that_expire_in_the_middle_are_a_headline(tmp_path: Path) -> None:
    expired, out = answers(400, "ExpiredTokenException"), tmp_path / "out"
    with (
        hostile.emulator("--fault", "wire.session-token") as lenient,
        hostile.serve(lambda asked: expired(asked) if asked.number > 300 else None, lenient) as server,
    ):
        accounts = "--accounts=owner=111111111111:dxcontract:session-token"
        done = run(tmp_path, f"--target={server.url}", f"--report={out}", accounts, "--emulator")
    headline = "the credentials of owner have expired (400 ExpiredTokenException); renew them"
    assert done.returncode == 2, done.stdout
    assert f"dxcontract: {headline} !" in done.stdout
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert headline in report["notes"]
    assert report["interrupted"]
    assert report["violations"] == []


def test_a_target_that_goes_away_before_the_workers_ask(tmp_path: Path, emulator: str) -> None:
    def script(asked: hostile.Asked) -> bool | None:
        if asked.operation == NONSENSE and asked.server.seen[NONSENSE] > 2:  # two are of the check
            asked.server.dead.set()
            asked.drop()
            return True
        return None

    with hostile.serve(script, emulator) as server:
        done = run(tmp_path, f"--target={server.url}", "--accounts=owner=111111111111", "-n2")
    assert done.returncode == 2, done.stdout
    assert f"dxcontract: target {server.url}/ " in done.stdout
    assert "crashed" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_a_run_that_is_over_before_its_first_test(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """A slow machine may need the time of a run to find out what the target has."""
    done = run(tmp_path, "--target=reference", "--deadline=0.001", *workers)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "dxcontract: " in line]
    assert done.returncode == 2, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr
    (line,) = said
    assert "dxcontract: the run's 0.001 s (--deadline) are over, before the first test" in line


def door(url: str) -> Api:
    account = Account("owner", "111111111111", "dxcontract", account_id="111111111111")
    target = Target(url, f"{url}/", accounts={"owner": account})
    return Api(target, SPEC, lambda _: None, 5.0, patience=Patience(slow_down_seconds=1.0))


@pytest.mark.parametrize(
    ("times", "status"), [(2, 503), (2, 400), (2, 500), (10**9, 503), (10**9, 400)], ids=lambda one: str(min(one, 999))
)
def test_a_throttled_probe_of_ec2_says_nothing_about_ec2(emulator: str, times: int, status: int) -> None:
    """Asked again, it is answered; if it never is, nobody knows whether there is EC2."""

    def script(asked: hostile.Asked) -> bool | None:
        if asked.server.seen.get("", 0) > times or asked.operation:
            return None
        asked.answer(status, SLOW_DOWN if status != 500 else b"<html>Oops</html>")
        return True

    with hostile.serve(script, emulator) as server:
        api = door(server.url)
        if times == 2:
            assert ec2._opened(api, "owner").refusal is None
        else:
            with pytest.raises(Indeterminate, match="whether the target offers EC2 is not known: it asked to slow"):
                ec2._opened(api, "owner")
        api.close()


def test_a_target_without_ec2_has_none() -> None:
    with hostile.serve(answers(400, "UnknownOperationException")) as server:
        api = door(server.url)
        assert "offers no EC2" in (ec2._opened(api, "owner").refusal or "")
        api.close()


def test_a_target_that_does_not_listen_yet_is_waited_for(tmp_path: Path) -> None:
    """The dry run waits as the run does; the words of a target that never listens say how long that was."""
    port = servers.closed_port()
    command = [*RUN, f"--target=http://127.0.0.1:{port}", "--wait=60", "--dry-run", f"--accounts={OWNER}"]
    with subprocess.Popen(command, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        time.sleep(1.0)
        with hostile.emulator("--port", str(port)):
            said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    assert "the run waits up to 60 s for it to listen (--wait)" in said
    assert f"target http://127.0.0.1:{port} did not answer within 0.3 s (--wait)" in refusal(
        f"http://127.0.0.1:{port}", tmp_path, wait=0.3
    )
    assert "--wait=-1 is not valid" in refusal(f"http://127.0.0.1:{port}", tmp_path, wait=-1)
