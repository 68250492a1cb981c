"""Runs contract tests against one mutant after another, in one pytest session, until a test finds something.

Tests of the rules that are named near the change come first, then the shortest, machines and fuzzing last: that saves
time, and decides nothing. Tests that are newer than what is known of lines are put to every mutant.

Every mutant gets a process of its own and a door of its own. It is killed when the gate would fail: a violation of
level must, or a target that dies. Less than that is noted too. What is dormant (runs only while a fault is on) is not
attacked.
"""

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from bench.mutation.mutants import ROOT, Mutant, dormant, rules_near
from bench.mutation.reached import Reached
from dxcontract.client.client import Api
from dxcontract.oracle.verdict import Tally
from dxcontract.pytest_plugin.options import RUN
from dxcontract.run.session import Session
from dxcontract.targets.emulator_control import Events
from dxcontract.targets.target import Target

START_SECONDS: Final = 20.0
LONG: Final = frozenset({"test_machines.py", "test_fuzz.py"})
"""Tests that are about everything: they come last."""
Word = Literal["killed", "survived", "no start", "out of time", "dormant"]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant. `level` is that of the heaviest violation, or "died"; `by` is what was said."""

    id: str
    verdict: Word
    level: str
    by: str
    test: str
    tests: int
    requests: int
    seconds: float


class Killer:
    """A pytest plugin in place of pytest's own loop."""

    def __init__(
        self, mutants: list[Mutant], reached: Reached, seconds: float, until: float, tell: Callable[[Verdict], None]
    ) -> None:
        self.mutants, self.reached, self.seconds, self.until, self.tell = mutants, reached, seconds, until, tell

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        items = {item.nodeid: item for item in session.items}
        first: Session = run.opened
        for mutant in self.mutants:
            if time.monotonic() > self.until:
                break
            if dormant(mutant):
                self.tell(Verdict(mutant.id, "dormant", "", "", "", 0, 0, 0.0))
                continue
            tests = [item for name, item in items.items() if name not in self.reached.tests]
            tests += [items[name] for name in self.reached.tests_for(mutant) if name in items]
            near = rules_near(mutant)
            tests.sort(key=lambda item: (item.path.name in LONG, not near & _claims(item)))
            with _served(mutant) as url:
                self.tell(self._attacked(run, first, mutant, url, tests))
        run.session, run.outcome.tally = first, Tally()
        return True

    def _attacked(self, run: Any, first: Session, mutant: Mutant, url: str, tests: list[pytest.Item]) -> Verdict:
        started, done = time.monotonic(), 0
        if not url:
            return Verdict(mutant.id, "no start", "", "", "", 0, 0, round(time.monotonic() - started, 1))
        old = first.target
        # What happens without a request happens on the mutant, too.
        target = Target(old.name, f"{url}/", old.region, old.other_region, old.accounts, events=Events(url))
        api = Api(target, first.api.spec, first.contract.witness, 3.0, first.api.journal, first.api.patience)
        run.session = Session(target, api, first.contract)
        run.outcome.tally = Tally()
        run.outcome.calls.clear()
        run.suspects.clear()
        word: Word = "survived"
        last = ""
        for item in tests:
            if time.monotonic() - started > self.seconds:
                word = "out of time"
                break
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            done, last = done + 1, item.nodeid
            if run.suspects or any(one.level == "must" for one in run.outcome.tally.violations.values()):
                word = "killed"
                break
        api.close()
        level, by = _heaviest(run)
        if word != "killed" and run.outcome.harness_errors:
            by = f"harness error in {run.outcome.harness_errors[0]}; {by}"
        requests = sum(run.outcome.calls.values())
        run.suspects.clear()
        run.outcome.harness_errors.clear()
        test = last if word == "killed" else ""
        return Verdict(mutant.id, word, level, by, test, done, requests, round(time.monotonic() - started, 1))


def _claims(item: pytest.Item) -> set[str]:
    return {rule for mark in item.iter_markers("rule") for rule in mark.args}


def _heaviest(run: Any) -> tuple[str, str]:
    if run.suspects:
        return "died", f"died after {run.suspects[0].operation}"
    found = run.outcome.tally.violations.values()
    for level in ("must", "should", "info"):
        for one in found:
            if one.level == level:
                return level, f"{one.fingerprint}: {one.message:.150}"
    return "", ""


@contextlib.contextmanager
def _served(mutant: Mutant) -> Iterator[str]:
    """A process that serves the mutant: its URL, or an empty text where it does not come up."""
    with tempfile.NamedTemporaryFile("w", suffix=f"-{mutant.file}", encoding="utf-8") as source:
        source.write(mutant.source)
        source.flush()
        module = Path(mutant.file).stem
        command = [sys.executable, "-m", "bench.mutation.served", "--module", module, "--source", source.name]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
        )
        killer = threading.Timer(START_SECONDS, process.kill)
        killer.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            killer.cancel()
            yield line if line.startswith("http") else ""
        finally:
            killer.cancel()
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
