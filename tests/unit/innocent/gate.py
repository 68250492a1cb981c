"""Asks what the contract says of an innocent variant; `host` is the process that runs it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.unit.innocent.variant import Innocent

ROOT: Final = Path(__file__).parents[3]
CONTRACT: Final = "tests/contract"


@dataclass(frozen=True)
class Judged:
    """What the contract said of a variant, and how many answers and requests the variant changed."""

    status: int
    tests: int
    changed: int
    violations: list[dict[str, str]]
    harness_errors: list[str]
    seconds: float
    cpu: float
    output: str
    emulator: str

    def of(self, level: str) -> list[str]:
        """The violations of a level, a line each."""
        return sorted(
            f"{one['rule']} {one['operation']} {one['where']}: {one['message'][:300]} ({one['test']})"
            for one in self.violations
            if one["level"] == level
        )

    def unlisted(self, variant: Innocent) -> list[str]:
        """The violations of level should that the variant does not list."""
        return [one for one in self.of("should") if one.partition(" ")[0] not in variant.should]


class Gate:
    """A running host."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def judge(self, variant: Innocent, *, whole: bool = False, more: tuple[str, ...] = ()) -> Judged:
        """Run the tests that a variant can touch, or all of the contract."""
        arguments = [f"--settle-seconds={variant.settle:g}", *more]
        arguments += [f"{ROOT}/{CONTRACT}"] if whole else [f"{ROOT}/{CONTRACT}/{one}" for one in variant.tests]
        if variant.only and not whole:
            arguments += ["-k", variant.only]
        return self.run(variant.name, arguments)

    def run(self, name: str, arguments: list[str]) -> Judged:
        """Run pytest with these arguments against a variant."""
        with tempfile.TemporaryDirectory() as folder:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"variant": name, "arguments": arguments, "folder": folder}) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return Judged(
            answer["status"],
            answer.get("tests", 0),
            answer["changed"],
            answer["violations"],
            answer.get("harness_errors", []),
            answer["seconds"],
            answer["cpu"],
            answer["output"],
            answer["emulator"],
        )


@contextlib.contextmanager
def opened() -> Iterator[Gate]:
    """A host, ended when the context ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    command = [sys.executable, "-m", "tests.unit.innocent.host"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Gate(process)
        assert process.stdin is not None
        process.stdin.close()
