"""Starts the reference emulator as a process on a free loopback port, and ends it in any case.

The emulator ends when its standard input closes, which happens even if this process is killed. It runs in its own
session: Ctrl-C in the terminal stops this process, which still needs the emulator to delete its resources.
"""

import atexit
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Final

from dxcontract.targets import accounts as who
from dxcontract.targets.emulator_control import Events
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire.credentials import ROLES

FOLDER: Final = "DXCONTRACT_TARGET_COVERAGE"
"""The variable that tells processes of a run where to leave what they measured."""


START_SECONDS: Final = 20.0
_END_SECONDS: Final = 5.0
_OWN_GROUP: Final[int] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""On Windows, what a session of its own is elsewhere."""

_RUNNING: Final[list["subprocess.Popen[str]"]] = []


@dataclass
class ReferenceTarget(Target):
    """A target that owns its process."""

    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    def stop(self) -> None:
        if self.process is not None:
            _end(self.process)


def open_target(region: str, other_region: str, faults: tuple[str, ...] = ()) -> Target:
    """Start the emulator; it breaks the rules in `faults`.

    Raises:
        TargetError: it did not come up in time.
    """
    module = "dxcontract.integrations.target_coverage.emulator" if os.environ.get(FOLDER) else "dxcontract.reference"
    # The suite sends malformed HTTP on purpose: of it the server's warnings would tell nobody anything.
    command = [sys.executable, "-m", module, "--host", "127.0.0.1", "--port", "0", "--log", "error"]
    command += ["--end-with-input"]
    for fault in faults:
        command += ["--fault", fault]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        creationflags=_OWN_GROUP,
    )
    _RUNNING.append(process)
    killer = threading.Timer(START_SECONDS, process.kill)
    killer.start()
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    killer.cancel()
    if not line.startswith("http"):
        _end(process)
        raise TargetError(
            f"the reference emulator did not come up within {START_SECONDS:.0f} s (exit status {process.returncode}); "
            "run `dxcontract serve` to see why"
        )
    return ReferenceTarget(
        name="reference",
        endpoint=line.rstrip("/") + "/",
        region=region,
        other_region=other_region,
        accounts={role: who.twelve_digits(role) for role in ROLES},
        ours=True,
        events=Events(line),
        process=process,
    )


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in filter(None, (process.stdin, process.stdout)):
        stream.close()
    if process in _RUNNING:
        _RUNNING.remove(process)


@atexit.register
def _end_all() -> None:
    """End every emulator that nobody stopped."""
    for process in list(_RUNNING):
        _end(process)
