"""Which tests reach which line of the emulator, and how long each takes: asked once, by one run of the gate.

A test that does not run a changed line cannot notice the change. What runs on import is reached by every test.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import coverage
import pytest
import urllib3

from bench.mutation.mutants import ROOT, SOURCES, Mutant, lines_of


@dataclass(frozen=True)
class Reached:
    """Tests in the order of the gate, the seconds each takes, and by file and line the numbers of those that run it.

    `start` are the lines, by file, that run before any test does.
    """

    tests: list[str]
    seconds: list[float]
    lines: dict[str, dict[str, list[int]]]
    start: dict[str, list[int]]

    def tests_for(self, mutant: Mutant) -> list[str]:
        """The tests that can notice a mutant, the shortest first."""
        lines = lines_of(mutant.file, mutant.line)
        numbers = {one for file, line in lines or () for one in self.lines.get(file, {}).get(str(line), [])}
        if lines is None or (not numbers and any(line in self.start.get(file, ()) for file, line in lines)):
            numbers = set(range(len(self.tests)))
        return [self.tests[one] for one in sorted(numbers, key=lambda one: self.seconds[one])]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def load(path: Path) -> Reached:
    return Reached(**json.loads(path.read_text(encoding="utf-8")))


class _Timekeeper:
    """A pytest plugin: says before each test which it is, and notes how long it took."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tests: list[str] = []
        self.seconds: list[float] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        answer = urllib3.request("POST", f"{self.url}/_dxcontract/context", json={"test": item.nodeid}, timeout=10)
        assert answer.status == 200, answer.data
        started = time.monotonic()
        try:
            return (yield)
        finally:
            self.tests.append(item.nodeid)
            self.seconds.append(round(time.monotonic() - started, 3))


def measure(folder: Path, options: list[str]) -> Reached:
    """Run the gate once against an emulator that notes what it runs."""
    data = folder / "coverage.sqlite"
    command = [sys.executable, "-m", "bench.mutation.served", "--cover", str(data)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        keeper = _Timekeeper(url)
        try:
            pytest.main([*options, f"--target={url}"], plugins=[keeper])
        finally:
            process.terminate()
            process.wait(60)
    return read(data, keeper.tests, keeper.seconds)


def read(data: Path, tests: list[str], seconds: list[float]) -> Reached:
    """What coverage.py noted, with the context of each line turned round."""
    found = coverage.CoverageData(str(data))
    found.read()
    numbers = {test: number for number, test in enumerate(tests)}
    lines: dict[str, dict[str, list[int]]] = {}
    start: dict[str, list[int]] = {}
    for path in SOURCES.glob("*.py"):
        contexts = found.contexts_by_lineno(str(path))
        lines[path.name] = {
            str(line): sorted(numbers[one] for one in names if one in numbers) for line, names in contexts.items()
        }
        start[path.name] = [line for line, names in contexts.items() if "" in names]
    return Reached(tests, seconds, lines, start)
