"""Several processes on one endpoint without EC2 use the virtual private gateways that it lists, one at a time."""

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from dxcontract.run.session import unjudged
from dxcontract.spec import model as specs
from dxcontract.targets import Choice
from dxcontract.wire.errors import Indeterminate, Unsupported
from strategies import ec2
from strategies.polling import PATIENCE
from strategies.world import World
from tests.unit import hostile
from tests.unit.client.test_sweep import ACCOUNTS, ROOT

TAKES = """
import sys
from tests.unit.client.test_shared_gateways import world
from strategies.ec2 import some_virtual_private_gateway
with world(sys.argv[1]) as one:
    print(some_virtual_private_gateway(one), flush=True)
    sys.stdin.readline()
"""
"""Another process, which uses a gateway until it is told a line."""


def without_ec2(asked: hostile.Asked) -> bool | None:
    """Requests of EC2 have no target header."""
    if asked.operation:
        return None
    asked.answer(400, b"<Response><Errors><Error><Code>InvalidAction</Code></Error></Errors></Response>")
    return True


def world(url: str) -> World:
    """What a test has on this endpoint."""
    api = unjudged(Choice(url, accounts=ACCOUNTS.partition("=")[2]), specs.load())
    return World(api, "0123abcd")


def every(url: str) -> tuple[list[str], str]:
    """The gateways that one test can use together, and why there are no more."""
    found: list[str] = []
    with world(url) as here:
        while True:
            try:
                found.append(ec2.some_virtual_private_gateway(here, but=tuple(found)))
            except (Indeterminate, Unsupported) as reason:
                return found, str(reason)


def test_no_process_takes_the_gateway_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be refused, as it should be, and the target be blamed for that."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(PATIENCE, "seconds", 0.3)
    with hostile.emulator() as url, hostile.serve(without_ec2, url) as server:
        command = [sys.executable, "-c", TAKES, server.url]
        with subprocess.Popen(command, cwd=ROOT, text=True, stdin=PIPE, stdout=PIPE) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            taken = other.stdout.readline().strip()
            assert taken.startswith("vgw-")
            found, why = every(server.url)
            assert taken not in found
            assert "other tests use every" in why
            other.stdin.write("enough\n")
        again, why = every(server.url)
        assert sorted(again) == sorted([taken, *found])
        assert "none is listed and free" in why
