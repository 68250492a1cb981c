"""Findings shown again: by scripts that know boto3 only, by `dxcontract replay`, by pins; and targets compared."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dxcontract.report import load_findings
from dxcontract.spec import model as specs
from dxcontract.targets import reference
from dxcontract.targets.target import Target
from tests.unit import servers
from tests.unit.targets.test_aws import Arrived, like_aws

FAULTS = (
    "lags.count-invariant",
    "wire.malformed-json",
    "wire.wrongly-signed",
    "lifecycles.ids-unique",
    "lags.owner-and-region",
)
TESTS = ("test_lags.py", "test_protocol.py", "test_protocol_connections.py", "test_lifecycles.py")
SECONDS = 300


def command(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDPLANTEDINTHISTEST", "AWS_SECRET_ACCESS_KEY": "PLANTED-secret"}
    environment = {**os.environ, "XDG_STATE_HOME": str(cwd), "AWS_CONFIG_FILE": str(cwd / "none"), **keys, **variables}
    return subprocess.run(
        [sys.executable, "-m", "dxcontract", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def faulty() -> Iterator[Target]:
    """The reference emulator with faults of different kinds."""
    target = reference.open_target("us-east-1", "eu-west-1", FAULTS)
    yield target
    target.stop()


@pytest.fixture(scope="module")
def report(faulty: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run finds there, on these rules."""
    folder = tmp_path_factory.mktemp("run")
    tests = [str(Path(__file__).parents[2] / "contract" / name) for name in TESTS]
    rules = [f"--rule={rule}" for rule in FAULTS]
    done = command("run", "-q", f"--target={faulty.endpoint}", "--report=out", *rules, *tests, cwd=folder)
    assert done.returncode == 1, done.stdout
    return folder / "out"


@pytest.fixture(scope="module")
def violations(report: Path) -> list[Any]:
    document = json.loads((report / "report.json").read_text())
    found = [one for one in document["violations"] if one["rule"] in FAULTS]
    assert {one["rule"] for one in found} == set(FAULTS)
    return list({one["rule"]: one for one in found}.values())


def file_of(report: Path, violation: Any, ending: str) -> Path:
    from dxcontract.reproduce.reproducer_files import file_name

    return report / "reproducers" / f"{file_name(violation['fingerprint'])}.{ending}"


def test_scripts_show_what_they_claim_and_that_it_is_gone(report: Path, violations: Any, faulty: Target) -> None:
    sound = reference.open_target("us-east-1", "eu-west-1")
    try:
        for violation in violations:
            script = file_of(report, violation, "py")
            for target, status, said in ((faulty, 1, "still happens"), (sound, 0, "no longer happens")):
                done = subprocess.run(
                    [sys.executable, script, target.endpoint], capture_output=True, text=True, timeout=SECONDS
                )
                assert (done.returncode, done.stderr) == (status, ""), done.stdout
                assert done.stdout.splitlines()[-1].startswith(f"{said}: ")
    finally:
        sound.stop()


def test_a_script_does_not_run_against_aws(report: Path, violations: Any) -> None:
    for endpoint in ("https://directconnect.us-east-1.amazonaws.com", "https://directconnect.us-east-1.api.aws"):
        for runner, ending in ((sys.executable, "py"), ("sh", "sh")):
            script = file_of(report, violations[0], ending)
            done = subprocess.run([runner, script, endpoint], capture_output=True, text=True, timeout=SECONDS)
            assert done.returncode == 2
            assert "not against AWS itself" in done.stderr
            assert done.stdout == ""


@pytest.fixture(scope="module")
def pins(report: Path, violations: Any) -> Path:
    """One violation pinned by the command, the others as it does it."""
    folder = report.parent
    done = command("pin", str(report), violations[0]["fingerprint"], "--pins=pins", cwd=folder)
    assert done.returncode == 0, done.stderr
    for violation in violations[1:]:
        (found,) = load_findings.findings(report, violation["fingerprint"])
        load_findings.pin(found[0], folder / "pins")
    return folder / "pins"


def test_replay_says_what_still_happens_and_leaves_nothing(pins: Path, violations: Any, faulty: Target) -> None:
    done = command("replay", str(pins), f"--target={faulty.endpoint}", cwd=pins)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{len(violations)} still happens" in done.stdout
    assert "left behind" not in done.stdout
    done = command("replay", str(pins), "--target=reference", "--no-test", "--json", cwd=pins)
    outcome = json.loads(done.stdout)
    assert {one["verdict"] for one in outcome["findings"]} == {"no longer happens"}, done.stdout
    assert (done.returncode, outcome["left"]) == (0, [])


def test_pinned_violations_are_looked_for_first(pins: Path, violations: Any, faulty: Target) -> None:
    folder = pins.parent
    tests = str(Path(__file__).parents[2] / "contract")
    chosen = ("run", "-q", "--pins=pins", str(Path(tests) / "test_pins.py"))
    done = command(*chosen, f"--target={faulty.endpoint}", "--report=pinned", cwd=folder)
    assert done.returncode == 1, done.stdout
    document = json.loads((folder / "pinned" / "report.json").read_text())
    assert {one["fingerprint"] for one in violations} <= {one["fingerprint"] for one in document["violations"]}
    assert command(*chosen, "--target=reference", cwd=folder).returncode == 0
    some = str(Path(tests) / "test_lags.py")
    first = command("run", "--collect-only", "-q", some, *chosen[2:], cwd=folder).stdout.splitlines()
    assert all("test_a_pinned_violation" in line for line in first[: len(violations)])
    assert any("test_lags.py" in line for line in first)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay", "none.py"), "No such file"),
        (("replay", "report.json", "x:y"), "has no finding"),
        (("pin", "report.json"), "give the fingerprint of the violation to pin"),
        (("diff", "--against=nowhere"), "neither a target"),
        (("run", "--pins=none", "-q"), "is not a folder with pins"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(report: Path, arguments: tuple[str, ...], said: str) -> None:
    done = command(*arguments, cwd=report)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_two_targets_differ_in_a_fault_and_in_nothing_else(tmp_path: Path) -> None:
    same = ("diff", "--target=reference", "--against=reference", "--examples=3", "--steps=15", "--seed=1", "--json")
    alike = command(*same, cwd=tmp_path)
    assert alike.returncode == 0, alike.stdout
    assert json.loads(alike.stdout)["calls"] > 30
    broken = ("--examples=6", "--against-fault=lags.count-invariant", "--machine=connections_and_lags")
    unlike = command(*same, *broken, cwd=tmp_path)
    assert unlike.returncode == 1, unlike.stdout
    found = {one["fingerprint"]: one for one in json.loads(unlike.stdout)["divergences"]}
    assert set(found) <= {f"{one}:/{two}numberOfConnections" for one in ("CreateLag", "UpdateLag") for two in ("",)} | {
        "DescribeLags:/lags/*/numberOfConnections"
    }
    assert len(found["CreateLag:/numberOfConnections"]["steps"]) == 1


def test_a_recording_stands_for_a_target(tmp_path: Path) -> None:
    test = str(Path(__file__).parents[2] / "contract" / "test_lags.py")
    done = command("run", "-q", "--target=reference", "--record=run.jsonl", test, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "run.jsonl").stat().st_mode & 0o077 == 0
    alike = command("diff", "--target=reference", "--against=run.jsonl", cwd=tmp_path)
    assert alike.returncode == 0, alike.stdout
    unlike = command("diff", "--target=reference", "--fault=lags.count-invariant", "--against=run.jsonl", cwd=tmp_path)
    assert unlike.returncode == 1, unlike.stdout
    assert "/lags/*/numberOfConnections" in unlike.stdout


GATEWAY: Any = {
    "finding": 1,
    "fingerprint": "gateways.listed:DescribeDirectConnectGateways",
    "rule": "gateways.listed",
    "operation": "DescribeDirectConnectGateways",
    "where": "",
    "level": "must",
    "message": "it is listed under another name",
    "test": "",
    "region": "us-east-1",
    "steps": [
        {
            "operation": "CreateDirectConnectGateway",
            "account": "owner",
            "params": {"directConnectGatewayName": "${name-1}"},
            "answer": {"status": 200, "error": None, "headers": {}, "body": {}, "failure": None},
        },
        {
            "operation": "DescribeDirectConnectGateways",
            "account": "owner",
            "params": {"directConnectGatewayId": "${1/directConnectGateway/directConnectGatewayId}"},
            "answer": {"status": 400, "error": "X", "headers": {}, "body": {}, "failure": None},
        },
    ],
    "judged": [2],
    "claim": {"asks": "accepted"},
}


@pytest.mark.parametrize(
    ("more", "status", "said", "written"),
    [
        ((), 2, "a real account gets reads only", set()),
        (
            ("--allow=free-writes",),
            0,
            "no longer happens: answered 200",
            {"CreateDirectConnectGateway", "DeleteDirectConnectGateway"},
        ),
    ],
)
def test_a_real_account_is_sent_what_is_allowed_and_gets_rid_of_it(
    tmp_path: Path, more: tuple[str, ...], status: int, said: str, written: set[str]
) -> None:
    (tmp_path / "pin.json").write_text(json.dumps(GATEWAY))
    arrived = Arrived()
    with servers.http(like_aws(arrived)) as url:
        done = command("replay", "pin.json", "--target=aws", "--rate=1000", *more, cwd=tmp_path, AWS_ENDPOINT_URL=url)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout
    reads = {operation.name for operation in specs.load().where("read")}
    assert arrived.operations & specs.load().operations.keys() - reads == written
    assert arrived.gateways == {}
    assert "PLANTED" not in done.stdout + done.stderr
    journals = list((tmp_path / "dxcontract").glob("*.jsonl"))
    assert len(journals) == bool(written)
