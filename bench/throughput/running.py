"""Runs of the suite in processes of their own: how long, how much processor time, which calls when."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.throughput.recording import VARIABLE, read

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """One run: seconds and processor seconds (what it started included), its calls, the memory of its processes."""

    seconds: float
    cpu: float
    calls: list[dict[str, Any]]
    megabytes: list[float]
    said: str

    @property
    def calling(self) -> float:
        """Seconds from the first call to the last."""
        return float(self.calls[-1]["at"]) - float(self.calls[0]["at"])


def pytest(*options: str, under: tuple[str, ...] = (), record: bool = True) -> Ran:
    """A run of the suite with these options, `under` a command.

    Raises:
        RuntimeError: it could not be run; says what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        plugin = ("-p", "bench.throughput.recording") if record else ()
        # A user's Python keeps what it has compiled.
        environment = {**os.environ, VARIABLE: folder, "PYTHONDONTWRITEBYTECODE": ""}
        before, began = _cpu(), time.perf_counter()
        done = subprocess.run(
            [*under, sys.executable, "-m", "pytest", "-q", *plugin, *options],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        calls, megabytes = read(Path(folder)) if record else ([], [])
        if (
            done.returncode not in (0, 1) and not calls
        ):  # 2, with calls: its time was over, or a test of the suite failed
            raise RuntimeError(f"pytest {' '.join(options)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return Ran(seconds, _cpu() - before, calls, megabytes, done.stdout)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """A reference emulator of its own; its URL."""
    command = [sys.executable, "-m", "dxcontract.reference", "--host", "127.0.0.1", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
