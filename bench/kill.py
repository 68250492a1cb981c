"""Kill a run with SIGKILL at random moments, sweep, and see that nothing of it is left and nothing else was touched.

One reference emulator serves all rounds; before each, somebody else makes things beside the run. Run it from the
checkout: `python bench/kill.py --moments 100`.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session

ROOT = Path(__file__).resolve().parent.parent
TESTS = (
    "tests/contract/test_connections.py",
    "tests/contract/test_lags.py",
    "tests/contract/test_lags_hosting.py",
    "tests/contract/test_virtual_interfaces.py",
    "tests/contract/test_virtual_interfaces_gateways.py",
    "tests/contract/test_associations.py",
    "tests/contract/test_proposals.py",
    "tests/contract/test_resiliency_groups.py",
    "tests/contract/test_hosted_connections.py",
    "tests/contract/test_interconnects.py",
    "tests/contract/test_requests.py",
)
ACCOUNTS = "owner=111111111111,other=222222222222,partner=333333333333"
GONE = {"deleted", "rejected", "disassociated", "done"}


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """A reference emulator of its own; answers its URL."""
    command = [sys.executable, "-m", "dxcontract.reference"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def client(url: str, service: str, account: str, region: str = "us-east-1") -> Any:
    """A plain client of boto3 for the emulator."""
    return botocore.session.Session().create_client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=account,
        aws_secret_access_key="dxcontract",  # noqa: S106
    )


def others(url: str) -> None:
    """What somebody else makes beside the run, in the same accounts, some of it with names much like the run's."""
    direct, ec2 = client(url, "directconnect", "111111111111"), client(url, "ec2", "111111111111")
    here = direct.describe_locations()["locations"][0]["locationCode"]
    connection = direct.create_connection(location=here, bandwidth="1Gbps", connectionName="dxc-production")
    direct.create_lag(
        numberOfConnections=2, location=here, connectionsBandwidth="10Gbps", lagName="dxc-0badcafe-production"
    )
    direct.create_direct_connect_gateway(directConnectGatewayName="dxc-11111111-1")
    direct.tag_resource(
        resourceArn=f"arn:aws:directconnect:us-east-1:111111111111:dxcon/{connection['connectionId']}",
        tags=[{"key": "team", "value": "network"}],
    )
    for account in ACCOUNTS.replace("=", ",").split(",")[1::2]:  # every account has a few things from the first call on
        for region in ("us-east-1", "eu-west-1"):
            client(url, "directconnect", account, region).describe_customer_metadata()
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    ec2.create_vpn_gateway(Type="ipsec.1")


def living(url: str) -> dict[str, Any]:
    """All that exists in the emulator, by id."""
    request = urllib.request.Request(f"{url}/_dxcontract/state", data=b"{}", method="POST")  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        records = json.load(answer)["records"]
    found = {one["id"]: one for one in records if one.get("state") not in GONE}
    interfaces = {None, *found}
    return {key: one for key, one in found.items() if one.get("virtual_interface_id") in interfaces and _counts(one)}


def _counts(record: dict[str, Any]) -> bool:
    """Answers that are remembered and signatures are no things; accepted proposals go by themselves."""
    accepted = record["record"] == "Proposal" and record["state"] == "accepted"
    return record["record"] not in ("IdempotentAnswer", "FailoverTest", "Agreement", "_Seeded") and not accepted


def environment(state: Path) -> dict[str, str]:
    """An environment with a place of its own for journals."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    return {**kept, "XDG_STATE_HOME": str(state)}


def killed(url: str, state: Path, after: float, tests: tuple[str, ...]) -> str:
    """Run some tests and kill the run `after` seconds from when its journal began; says how far it came."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:schemathesis",
        f"--target={url}",
        f"--accounts={ACCOUNTS}",
    ]
    process = subprocess.Popen(
        [*command, *tests], cwd=ROOT, env=environment(state), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not list((state / "dxcontract").glob("*.jsonl")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if not list((state / "dxcontract").glob("*.jsonl")):
        process.kill()
        raise SystemExit(f"the run ended with status {process.wait()} before it made anything")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
        return "ended by itself"
    process.send_signal(signal.SIGKILL)
    process.wait()
    return "killed"


def swept(state: Path) -> tuple[int, str]:
    """`dxcontract sweep`, once; its exit status and what it said."""
    command = [sys.executable, "-m", "dxcontract", "sweep", f"--accounts={ACCOUNTS}"]
    done = subprocess.run(command, cwd=ROOT, env=environment(state), capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def moment(url: str, number: int, after: float, tests: tuple[str, ...]) -> str | None:
    """One round; None when nothing is left and nothing else was touched, else what is wrong."""
    before = living(url)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        how = killed(url, state, after, tests)
        made = len(living(url)) - len(before)
        status, told = swept(state)
    now = living(url)
    left = [f"{one['record']} {key} {one.get('name', '')}" for key, one in now.items() if key not in before]
    touched = [key for key, one in before.items() if now.get(key) != one]
    deleted = told.count("  deleted ")
    sys.stdout.write(f"{number:4} {how} after {after:5.2f} s: {made:3} alive, {deleted:3} swept, status {status}\n")
    sys.stdout.flush()
    if left or touched or status:
        return f"moment {number}: left {left}, touched {touched}\n{told}"
    return None


def main() -> int:
    """Run the rounds; 1 when any of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds after the first creation")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    failed = []
    with emulator() as url:
        others(url)
        for number in range(1, options.moments + 1):
            tests = tuple(chance.sample(TESTS, 4))
            if (wrong := moment(url, number, chance.uniform(0, options.longest), tests)) is not None:
                failed.append(wrong)
                sys.stdout.write(wrong + "\n")
    sys.stdout.write(f"{options.moments - len(failed)} of {options.moments} moments: swept clean, others untouched\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
