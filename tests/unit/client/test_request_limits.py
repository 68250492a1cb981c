"""How fast and how long a run asks, and how it ends before its time: by a deadline, by Ctrl-C, by a second one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dxcontract.client import resource_journal
from dxcontract.client.client import Api
from dxcontract.spec import model as specs
from dxcontract.targets import reference
from tests.unit import hostile
from tests.unit.client.test_sweep import ACCOUNTS, LIMIT, ROOT, environment, gateways, until

PYTEST = ("-m", "pytest", "-q", "-p", "no:schemathesis", "--color=no", ACCOUNTS)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with hostile.emulator() as url:
        yield url


def test_ctrl_c_reports_and_cleans_up(tmp_path: Path, emulator: str) -> None:
    command = [sys.executable, *PYTEST, f"--target={emulator}", f"--report={tmp_path / 'out'}"]
    process = subprocess.Popen(
        [*command, "tests/contract/test_gateways.py", "tests/contract/test_virtual_interfaces.py"],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + LIMIT
    noted = tmp_path / "dxcontract"
    while not any("dxvif-" in path.read_text() for path in noted.glob("*.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 2, said
    assert "KeyboardInterrupt" in said
    assert "Direct Connect contract" in said
    assert (tmp_path / "out" / "report.json").exists()
    (path,) = noted.glob("*.jsonl")
    assert resource_journal.read(path).swept
    run = resource_journal.read(path).run
    assert [name for name in gateways(emulator).values() if name.startswith(f"dxc-{run}-")] == []


def test_a_deadline_ends_the_run_and_cleans_up(tmp_path: Path, emulator: str) -> None:
    command = [sys.executable, *PYTEST, f"--target={emulator}", "--deadline=2", "-v"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "tests/contract"], cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=LIMIT
    )
    assert time.monotonic() - started < 60
    assert "--deadline" in done.stdout
    (path,) = (tmp_path / "dxcontract").glob("*.jsonl")
    assert resource_journal.read(path).swept


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, emulator: str) -> None:
    """The target says nothing to a deletion, for as long as an answer may take: nobody has to wait for that."""
    out = tmp_path / "out" / "report.json"
    with hostile.serve(hostile.only({"DeleteDirectConnectGateway": hostile.says_nothing}), emulator) as server:
        options = [f"--target={server.url}", f"--report={out.parent}", f"--answer-seconds={hostile.FOREVER}"]
        process = subprocess.Popen(
            [sys.executable, *PYTEST, *options, "tests/contract/test_gateways.py"],
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        asked = server.seen.get
        until(lambda: asked("DeleteDirectConnectGateway", 0) >= 2)  # the first is of the question what there is
        process.send_signal(signal.SIGINT)
        until(lambda: asked("DeleteDirectConnectGateway", 0) >= 3)  # tidying up
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    (path,) = (tmp_path / "dxcontract").glob("*.jsonl")
    record = resource_journal.read(path)
    assert not record.swept
    told = f"stopped while tidying up; `dxcontract sweep {record.run}` deletes what is left"
    assert told in said
    assert told in json.loads(out.read_text(encoding="utf-8"))["notes"]
    left = [name for name in gateways(emulator).values() if name.startswith(record.prefix)]
    assert left
    command = [sys.executable, "-m", "dxcontract", "sweep", ACCOUNTS, f"--target={emulator}", record.run]
    subprocess.run(command, cwd=ROOT, env=environment(tmp_path), timeout=LIMIT, check=True, capture_output=True)
    assert [name for name in gateways(emulator).values() if name.startswith(record.prefix)] == []


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
def test_no_account_is_asked_faster_than_the_rate(tmp_path: Path, emulator: str, workers: tuple[str, ...]) -> None:
    """All of a run together, its first questions included: so many calls take so long at least."""
    rate, arrived = 40, defaultdict(list)

    def watches(asked: hostile.Asked) -> None:
        who = str(asked.handler.headers.get("Authorization")).partition("Credential=")[2].partition("/")[0]
        arrived[who].append(time.monotonic())

    with hostile.serve(watches, emulator) as server:
        command = [sys.executable, *PYTEST, f"--target={server.url}", f"--rate={rate}", *workers]
        tests = ["tests/contract/test_gateways.py", "tests/contract/test_access.py"]
        done = subprocess.run(
            [*command, *tests], cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=LIMIT
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(arrived) == 3
    assert len(arrived["111111111111"]) > 3 * rate
    for who, times in arrived.items():
        times.sort()
        for first, last in ((0, len(times) - 1), *((one, one + 2 * rate) for one in range(len(times) - 2 * rate))):
            calls = last - first + 1
            assert times[last] - times[first] > calls / rate - 2, f"{calls} calls of {who}"


def test_a_refusal_that_quotes_the_name_of_a_throttle_is_no_throttle() -> None:
    """Hypothesis draws constants of the code that it runs: a fuzzed id was once the name of an error."""
    target = reference.open_target("us-east-1", "eu-west-1")
    try:
        api = Api(target, specs.load(), lambda _: None)
        refused = api.call("DeleteConnection", {"connectionId": "RequestLimitExceeded"})
        api.close()
    finally:
        target.stop()
    assert refused.status == 400
    assert "RequestLimitExceeded" in refused.error_message
    assert api.patience.slowed == 0


def test_pytest_main_leaves_ctrl_c_as_it_was(tmp_path: Path) -> None:
    script = (
        "import signal, sys, pytest\n"
        "before = signal.getsignal(signal.SIGINT)\n"
        "status = pytest.main(['-q', 'tests/contract/test_locations.py', f'--report={sys.argv[1]}'])\n"
        "assert signal.getsignal(signal.SIGINT) is before\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Pressed:
    """When Ctrl-C is pressed: after so many seconds, or calls to the target; and how often, in quick succession."""

    calls: int
    times: int
    workers: tuple[str, ...] = ()
    seconds: float = 0.0


PRESSED = {
    "while it is imported": Pressed(0, 2, seconds=0.3),
    "while it starts": Pressed(1, 2),
    "in a test, thrice": Pressed(200, 3),
    "in workers, thrice": Pressed(250, 3, ("-n2",)),
}


@pytest.mark.parametrize("name", list(PRESSED))
def test_ctrl_c_pressed_again_and_again_shows_no_traceback(name: str, tmp_path: Path, emulator: str) -> None:
    """As in a terminal: all processes of the run get it, at moments at which none of them expects it."""
    pressed, out = PRESSED[name], tmp_path / "out" / "report.json"
    with hostile.serve(lambda _: None, emulator) as server:
        tests = ["tests/contract/test_gateways.py", "tests/contract/test_virtual_interfaces.py"]
        command = [sys.executable, "-m", "dxcontract", "run", "-q", "--color=no", ACCOUNTS, f"--report={out.parent}"]
        process = subprocess.Popen(
            [*command, f"--target={server.url}", *pressed.workers, *tests],
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        time.sleep(pressed.seconds)
        while sum(server.seen.values()) < pressed.calls:
            assert process.poll() is None
            time.sleep(0.005)
        for _ in range(pressed.times):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.1)
        said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    if pressed.calls > 1:
        report = json.loads(out.read_text(encoding="utf-8"))
        assert (report["exit_status"], report["interrupted"], report["whole"]) == (2, True, False)
        assert "the run was interrupted: what it did not get to is untested" in report["notes"]
