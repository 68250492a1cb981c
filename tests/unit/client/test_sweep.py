"""The journal is on disk before anything is asked for, and a sweep deletes what it tells of and nothing else."""

import datetime
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from dxcontract.cli import sweep as sweep_command
from dxcontract.client import processes, resource_journal
from dxcontract.client.cleanup import DELETIONS_AT_ONCE
from dxcontract.client.resource_journal import Journal, JournalError
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.targets.target import Target
from dxcontract.wire.credentials import Account
from tests.unit import hostile

ROOT = Path(__file__).parents[3]
ACCOUNTS = "--accounts=owner=111111111111,other=222222222222,partner=333333333333"
SPEC = specs.load()
LIMIT = 300.0
"""Seconds that bound a hang, and nothing else: machines may be crowded."""


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    return {**kept, "XDG_STATE_HOME": str(folder)}


def sweep(folder: Path, *arguments: str, force: bool = True) -> "subprocess.CompletedProcess[str]":
    """The command; with --force, as the process that wrote the journals is this one, which lives."""
    command = [sys.executable, "-m", "dxcontract", "sweep", ACCOUNTS, *(["--force"] if force else []), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=LIMIT, check=False
    )


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with hostile.emulator() as url:
        yield url


def direct_connect(url: str) -> Any:
    return botocore.session.Session().create_client(
        "directconnect",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="111111111111",
        aws_secret_access_key="dxcontract",
    )


def gateways(url: str) -> dict[str, str]:
    """The names of the gateways that live, by id."""
    listed = direct_connect(url).describe_direct_connect_gateways()["directConnectGateways"]
    return {one["directConnectGatewayId"]: one["directConnectGatewayName"] for one in listed}


def begun(folder: Path, url: str, run: str = "0123abcd") -> Journal:
    made = Journal(run, folder / "dxcontract")
    accounts = {"owner": Account("owner", "111111111111", "dxcontract", account_id="111111111111")}
    made.begin(Target(url, f"{url}/", accounts=accounts))  # type: ignore[arg-type]
    return made


def announced(made: Journal, name: str) -> resource_journal.Entry:
    body = json.dumps({"directConnectGatewayName": name, "authKey": "hush-hush"}).encode()
    return made.will(SPEC.operation("CreateDirectConnectGateway"), "owner", "us-east-1", body)


def create(url: str, name: str) -> str:
    made = direct_connect(url).create_direct_connect_gateway(directConnectGatewayName=name)
    return str(made["directConnectGateway"]["directConnectGatewayId"])


def test_what_is_announced_is_on_disk_at_once_and_for_the_user_only(tmp_path: Path) -> None:
    made = begun(tmp_path, "http://127.0.0.1:1")
    entry = announced(made, "dxc-0123abcd-1")
    assert made.path is not None
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    text = made.path.read_text(encoding="utf-8")
    assert "hush-hush" not in text
    record = resource_journal.read(made.path)
    assert [(one.name, one.ids) for one in record.entries] == [("dxc-0123abcd-1", {})]
    made.answered(entry, "200", {"direct-connect-gateway": ["an-id"]}, b'{"name":"dxc-0123abcd-1"}')
    (read,) = resource_journal.read(made.path).entries
    assert read.ids == {"direct-connect-gateway": ["an-id"]}
    assert read.echoed


def test_a_line_that_was_cut_off_was_never_sent(tmp_path: Path) -> None:
    made = begun(tmp_path, "http://127.0.0.1:1")
    announced(made, "dxc-0123abcd-1")
    assert made.path is not None
    whole = made.path.read_bytes()
    made.path.write_bytes(whole + whole.splitlines()[-1][:30])
    assert len(resource_journal.read(made.path).entries) == 1
    made.path.write_bytes(whole[:20])
    assert resource_journal.read(made.path).entries == []
    made.path.write_bytes(b"this is no journal\n")
    with pytest.raises(JournalError, match="line 1"):
        resource_journal.read(made.path)


def test_the_request_is_in_the_journal_before_it_arrives(tmp_path: Path, emulator: str) -> None:
    folder, unannounced = tmp_path / "dxcontract", []

    def watches(asked: hostile.Asked) -> None:
        name = json.loads(asked.body or b"{}").get("directConnectGatewayName") if asked.body[:1] == b"{" else None
        if asked.operation == "CreateDirectConnectGateway" and isinstance(name, str) and name.startswith("dxc-"):
            noted = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl"))
            unannounced.extend([name] if f'"name":"{name}"' not in noted else [])

    with hostile.serve(watches, emulator) as server:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", ACCOUNTS, f"--target={server.url}"]
        done = subprocess.run(
            [*command, "tests/contract/test_gateways.py", "-n2"], cwd=ROOT, env=environment(tmp_path), timeout=LIMIT
        )
        assert done.returncode == 0
        assert server.seen["CreateDirectConnectGateway"] > 5
    assert unannounced == []
    (path,) = folder.glob("*.jsonl")
    assert resource_journal.read(path).swept, "both workers are of one run, which left nothing"


def test_a_sweep_deletes_what_the_journal_tells_of_even_where_the_answer_was_lost(
    tmp_path: Path, emulator: str
) -> None:
    made = begun(tmp_path, emulator)
    answered = announced(made, "dxc-0123abcd-1")
    first = create(emulator, "dxc-0123abcd-1")
    made.answered(answered, "200", {"direct-connect-gateway": [first]})
    announced(made, "dxc-0123abcd-2")
    lost = create(emulator, "dxc-0123abcd-2")
    tried = sweep(tmp_path, "--dry-run")
    assert tried.returncode == 1
    assert tried.stdout.count("would delete direct-connect-gateway") == 2
    assert {first, lost} <= set(gateways(emulator))
    done = sweep(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is left" in done.stdout
    assert not {first, lost} & set(gateways(emulator))
    assert "nothing to sweep" in sweep(tmp_path).stdout


def test_a_sweep_leaves_alone_what_is_in_no_journal_or_has_another_name(tmp_path: Path, emulator: str) -> None:
    made = begun(tmp_path, emulator)
    renamed = create(emulator, "production")
    made.answered(announced(made, "dxc-0123abcd-1"), "200", {"direct-connect-gateway": [renamed]})  # an answer mixed up
    unknown = create(emulator, "dxc-0123abcd-9")
    other_run = create(emulator, "dxc-ffffffff-1")
    done = sweep(tmp_path, "0123abcd")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {renamed, unknown, other_run} <= set(gateways(emulator))


def test_a_lag_takes_its_own_connections_along_and_nobody_elses(tmp_path: Path, emulator: str) -> None:
    """Those that were ordered with it go; what only has its id in a name, or was put into it, stays."""
    door, made = direct_connect(emulator), begun(tmp_path, emulator, "5678abcd")
    where = door.describe_locations()["locations"][0]["locationCode"]
    port = {"location": where, "connectionsBandwidth": "1Gbps"}
    lags = []
    for name in ("dxc-5678abcd-1", "dxc-5678abcd-2", "dxc-5678abcd-3"):
        body = json.dumps({"lagName": name}).encode()
        entry = made.will(SPEC.operation("CreateLag"), "owner", "us-east-1", body)
        lag = door.create_lag(numberOfConnections=2, lagName=name, **port)
        lags.append(lag)
        if name != "dxc-5678abcd-2":  # its answer was lost
            ids = {"lag": [lag["lagId"]], "connection": [one["connectionId"] for one in lag["connections"]]}
            made.answered(entry, "200", ids, body)
    members = {one["connectionId"] for lag in lags for one in lag["connections"]}
    foreign = {
        door.create_connection(location=where, bandwidth="1Gbps", connectionName=name)["connectionId"]
        for lag in lags
        for name in (f"backup of {lag['lagId']}", f"Requested Connection 1 for Lag {lag['lagId']}")
    }
    guest = door.create_connection(location=where, bandwidth="1Gbps", connectionName="production")["connectionId"]
    door.associate_connection_with_lag(connectionId=guest, lagId=lags[2]["lagId"])
    done = sweep(tmp_path, "5678abcd")
    connections = {one["connectionId"]: one for one in door.describe_connections()["connections"]}
    living = {one for one, connection in connections.items() if connection["connectionState"] != "deleted"}
    assert foreign | {guest} <= living, done.stdout
    assert not members & living, done.stdout
    assert done.returncode == 0, done.stdout


def test_a_run_whose_process_lives_is_not_swept_without_force(tmp_path: Path, emulator: str) -> None:
    announced(begun(tmp_path, emulator, "6789abcd"), "dxc-6789abcd-1")
    here = create(emulator, "dxc-6789abcd-1")
    refused = sweep(tmp_path, force=False)
    assert refused.returncode == 2
    assert f"run 6789abcd: its process ({os.getpid()}) is still running" in refused.stderr
    assert "--force" in refused.stderr
    assert "would delete direct-connect-gateway" in sweep(tmp_path, "--dry-run", force=False).stdout
    assert here in gateways(emulator)
    path = tmp_path / "dxcontract" / "6789abcd.jsonl"
    began = processes.own()["began"]
    path.write_text(path.read_text(encoding="utf-8").replace(began, f"{began}9"), encoding="utf-8")
    done = sweep(tmp_path, force=False)
    assert done.returncode == 0, "the number is that of another process now"
    assert here not in gateways(emulator)


def test_a_process_lives_until_it_ends() -> None:
    assert processes.lives(processes.own())
    assert not processes.lives({**processes.own(), "host": "another"})
    for unreadable in (None, {}, {"pid": "1"}, {**processes.own(), "pid": -1}, {"host": processes.own()["host"]}):
        assert not processes.lives(unreadable)
    told = "import json, dxcontract.client.processes as of; print(json.dumps(of.own()), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        its_own = json.loads(child.stdout.readline())
        assert (its_own["pid"], processes.lives(its_own)) == (child.pid, True)
        child.kill()
        until(lambda: not processes.lives(its_own))  # it has ended, though nobody waited for it yet
        assert child.returncode is None


def test_a_journal_of_another_account_is_not_swept(tmp_path: Path, emulator: str) -> None:
    made = Journal("0123abcd", tmp_path / "dxcontract")
    accounts = {"owner": Account("owner", "999999999999", "dxcontract", account_id="999999999999")}
    made.begin(Target(emulator, f"{emulator}/", accounts=accounts))  # type: ignore[arg-type]
    announced(made, "dxc-0123abcd-1")
    here = create(emulator, "dxc-0123abcd-1")
    done = sweep(tmp_path)
    assert done.returncode == 2
    assert "the run used account 999999999999" in done.stderr
    assert here in gateways(emulator)


def test_only_runs_of_an_age_and_those_named_are_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "dxcontract"
    for run in ("0123abcd", "4567abcd"):
        announced(begun(tmp_path, "http://127.0.0.1:1", run), f"dxc-{run}-1")
    assert len(resource_journal.chosen(folder, [])) == 2
    assert resource_journal.chosen(folder, [], datetime.timedelta(hours=1)) == []
    assert [path.stem for path in resource_journal.chosen(folder, ["4567abcd"])] == ["4567abcd"]
    with pytest.raises(JournalError, match="no journal of a run"):
        resource_journal.chosen(folder, ["../../etc/passwd"])
    assert sweep_command.age("90m") == datetime.timedelta(minutes=90)
    with pytest.raises(ValueError, match="is not a valid time"):
        sweep_command.age("soon")


def test_a_sweep_of_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    announced(begun(tmp_path, "http://127.0.0.1:1"), "dxc-0123abcd-1")
    done = sweep(tmp_path)
    assert done.returncode == 2
    assert "refuses connections" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sweep_waits_for_deletions_that_take_their_time(tmp_path: Path) -> None:
    """A virtual interface goes before its gateway and its connection, one of which has to wait for that."""
    with hostile.emulator("--advance", "1") as url:
        door = direct_connect(url)
        made = begun(tmp_path, url)

        def make(operation: str, **params: Any) -> dict[str, Any]:
            entry = made.will(SPEC.operation(operation), "owner", "us-east-1", json.dumps(params).encode())
            answer: dict[str, Any] = door._make_api_call(operation, params)
            found = {kind: at(answer, pointer) for kind, pointer in SPEC.operation(operation).traits.gives.items()}
            made.answered(
                entry, "200", {kind: list(ids) for kind, ids in found.items()}, json.dumps(answer, default=str).encode()
            )
            return answer

        where = door.describe_locations()["locations"][0]["locationCode"]
        port = make("CreateConnection", connectionName="dxc-0123abcd-1", location=where, bandwidth="1Gbps")
        until(lambda: door.describe_connections()["connections"][0]["connectionState"] == "available")
        gateway = make("CreateDirectConnectGateway", directConnectGatewayName="dxc-0123abcd-2")["directConnectGateway"]
        until(
            lambda: (
                door.describe_direct_connect_gateways()["directConnectGateways"][0]["directConnectGatewayState"]
                == "available"
            )
        )
        make(
            "CreatePrivateVirtualInterface",
            connectionId=port["connectionId"],
            newPrivateVirtualInterface={
                "virtualInterfaceName": "dxc-0123abcd-3",
                "vlan": 101,
                "asn": 65000,
                "directConnectGatewayId": gateway["directConnectGatewayId"],
            },
        )
        hasty = sweep(tmp_path, "--seconds=0.1")
        assert hasty.returncode == 1, hasty.stdout + hasty.stderr
        assert "left: " in hasty.stdout
        done = sweep(tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nothing is left" in done.stdout
        told = hasty.stdout + done.stdout
        order = [
            told.index(f"deleted {kind}") for kind in ("virtual-interface", "connection", "direct-connect-gateway")
        ]
        assert order[0] < min(order[1:])
        for listed, state in (
            (door.describe_virtual_interfaces()["virtualInterfaces"], "virtualInterfaceState"),
            (door.describe_connections()["connections"], "connectionState"),
            (door.describe_direct_connect_gateways()["directConnectGateways"], "directConnectGatewayState"),
        ):
            assert [one for one in listed if one[state] != "deleted"] == []


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is bound to come."""
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_deletions_wait_for_their_answers_together(tmp_path: Path, emulator: str) -> None:
    under_way: list[str] = []
    most: list[int] = []

    def slow(asked: hostile.Asked) -> None:
        if asked.operation == "DeleteDirectConnectGateway":
            under_way.append(asked.operation)
            most.append(len(under_way))
            time.sleep(0.5)
            under_way.pop()

    with hostile.serve(slow, emulator) as server:
        made = begun(tmp_path, server.url, "4567abcd")
        names = [f"dxc-4567abcd-{number}" for number in range(12)]
        for name in names:
            entry = announced(made, name)
            made.answered(entry, "200", {"direct-connect-gateway": [create(server.url, name)]})
        done = sweep(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("deleted direct-connect-gateway") == 12
    assert 2 <= max(most) <= DELETIONS_AT_ONCE
    assert not set(names) & set(gateways(emulator).values())


def test_no_deletion_is_asked_for_when_the_time_is_over(tmp_path: Path, emulator: str) -> None:
    made = begun(tmp_path, emulator, "89abcdef")
    announced(made, "dxc-89abcdef-1")
    here = create(emulator, "dxc-89abcdef-1")
    done = sweep(tmp_path, "--seconds=0.001")
    assert done.returncode == 1
    assert "the time was over before its deletion could be asked for" in done.stdout
    assert here in gateways(emulator)


def test_runs_that_are_killed_leave_nothing_after_one_sweep() -> None:
    command = [sys.executable, "bench/kill.py", "--moments", "3", "--longest", "2", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=2 * LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 moments" in done.stdout


def test_a_journal_that_cannot_be_read_hides_no_other(emulator: str, tmp_path: Path) -> None:
    """One line for each, exit status 2, and what the other runs left is deleted."""
    made = begun(tmp_path, emulator, "5a5a5a5a")
    name = f"{made.prefix}1"
    entry = announced(made, name)
    client = direct_connect(emulator)
    gateway = client.create_direct_connect_gateway(directConnectGatewayName=name)["directConnectGateway"]
    made.answered(entry, "200", {"direct-connect-gateway": [gateway["directConnectGatewayId"]]})
    made.close()
    folder = tmp_path / "dxcontract"
    lines = (folder / "5a5a5a5a.jsonl").read_text().replace("5a5a5a5a", "00000000").splitlines()
    opening, will, did = map(json.loads, lines)
    changed = {
        "00000001": [opening, 5],
        "00000002": [opening, will, {**did, "ids": {"lag": [[1]]}}],
        "00000003": [opening, will, {**did, "ids": 7}],
        "00000004": [{**opening, "accounts": [1]}, will],
        "00000005": [{**opening, "started": "2026-11-30T00:00:00"}, will],
        "00000006": [opening, {**will, "operation": "CreateNothing"}],
    }
    for run, odd in changed.items():
        (folder / f"{run}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in odd))
    done = sweep(tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == len(changed), done.stderr
    assert gateway["directConnectGatewayId"] not in gateways(emulator)
