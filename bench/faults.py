"""Can every rule's test fail? Breaks the reference emulator's rules one at a time and runs the contract against each.

    python bench/faults.py                    every fault, with the tests that claim its rule
    python bench/faults.py --beside           with all tests of the same files too: whom else does it accuse?
    python bench/faults.py --only 'lags.*'    some; --skip leaves some out
    python bench/faults.py --first            each only until it is caught; fails when one that bench/caught.json names
                                              is not caught any more (what CI runs)

One emulator and one pytest session serve all faults: before each, the emulator forgets everything and is told which
rule to break. A fault that breaks rule R must make R violated, and beside it only rules that follow from R
(bench/follows.json). Prints a table, writes it as JSON with --out, and exits 1 when a fault goes unseen or accuses
others.
"""

import argparse
import fnmatch
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402
import urllib3  # noqa: E402

from dxcontract.oracle.verdict import Tally  # noqa: E402
from dxcontract.pytest_plugin.options import RUN  # noqa: E402
from dxcontract.reference.faults.catalogue import catalogue  # noqa: E402
from dxcontract.spec import model as specs  # noqa: E402

FOLLOWS: Final = ROOT / "bench" / "follows.json"
CAUGHT: Final = ROOT / "bench" / "caught.json"
"""The faults that are caught: one that no longer is fails `--first`."""
DEADLY: Final = "wire.serves-on"
"""Ends the emulator, and the run with it; tests/unit/client/test_liveness.py is about that."""
EVERYTHING: Final = (
    "test_answers.py",
    "test_lifecycles.py",
    "test_connections.py",
    "test_connections_changes.py",
    "test_pagination.py",
    "test_protocol.py",
)
"""Where faults of shape, which break no one rule, are looked for."""
MACHINES: Final = "test_machines.py"
"""Claims most rules; run only for those that nothing else claims (bench/machines.py runs it for all)."""


@dataclass(frozen=True)
class Row:
    """What one fault came to: whether its rule was violated, which others were, how long the tests took."""

    fault: str
    caught: bool
    follow: list[str]
    wrong: list[str]
    seconds: float
    tests: int

    @property
    def fine(self) -> bool:
        return self.caught and not self.wrong


class Sweep:
    """A pytest plugin that runs, for each fault, the tests that must notice it."""

    def __init__(self, only: list[str], skip: list[str], beside: bool, first: bool) -> None:
        self.faults = [fault for fault in catalogue() if _matches(fault, only) and not _matches(fault, skip)]
        self.beside, self.first = beside, first
        self.follows: dict[str, list[str]] = json.loads(FOLLOWS.read_text(encoding="utf-8"))
        self.rows: list[Row] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        endpoint = run.opened.target.endpoint
        for fault in self.faults:
            _admin(endpoint, "reset", {})
            _admin(endpoint, "faults", {"faults": [fault]})
            items = self._tests(fault, session.items)
            run.outcome.tally = Tally()
            started = time.monotonic()
            violated: set[str] = set()
            count = 0
            for item in items:
                item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
                violated, count = {one.rule for one in run.outcome.tally.violations.values()}, count + 1
                if self.first and _caught(fault, violated):
                    break
            self._conclude(fault, violated, time.monotonic() - started, count)
        return True

    def _tests(self, fault: str, items: list[pytest.Item]) -> list[pytest.Item]:
        claiming = [item for item in items if any(fault in mark.args for mark in item.iter_markers("rule"))]
        directed = [item for item in claiming if item.path.name != MACHINES]
        own = directed or claiming
        files = {item.path for item in own}
        if not own:
            return [item for item in items if item.path.name in EVERYTHING]
        return [item for item in items if item.path in files] if self.beside else own

    def _conclude(self, fault: str, violated: set[str], seconds: float, tests: int) -> None:
        patterns = self.follows.get(fault, [])
        follow = {rule for rule in violated if any(fnmatch.fnmatchcase(rule, pattern) for pattern in patterns)}
        wrong = violated - follow - {fault} if fault in specs.load().rules else set()
        row = Row(fault, _caught(fault, violated), sorted(follow - {fault}), sorted(wrong), round(seconds, 1), tests)
        self.rows.append(row)
        word = "ok" if row.fine else "ACCUSES OTHERS" if row.caught else "MISSED"
        beside = f"  beside: {', '.join([*row.follow, *row.wrong])}" if row.follow or row.wrong else ""
        print(f"{word:15} {row.fault}  {row.tests} tests, {row.seconds:.1f} s{beside}", flush=True)


def _caught(fault: str, violated: set[str]) -> bool:
    """A fault that breaks a rule is caught as that rule; one of shape, as any."""
    return fault in violated if fault in specs.load().rules else bool(violated)


def _lost(rows: list[Row], baseline: list[str]) -> list[str]:
    """Faults that were caught once and are not any more, or that the emulator does not know any more."""
    missed = {row.fault for row in rows if not row.caught}
    return sorted(one for one in baseline if one in missed or one not in catalogue())


def _matches(fault: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(fault, pattern) for pattern in patterns)


def _admin(endpoint: str, action: str, body: dict[str, Any]) -> None:
    answer = urllib3.request("POST", f"{endpoint}_dxcontract/{action}", json=body, timeout=10)
    assert answer.status == 200, answer.data


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=["*"], help="patterns for the ids of faults")
    parser.add_argument("--skip", nargs="+", default=[], help="patterns for the ids of faults to leave out")
    parser.add_argument("--beside", action="store_true", help="run all tests of the files that claim the rule")
    parser.add_argument("--first", action="store_true", help="no further test of a fault that is caught")
    parser.add_argument("--write-caught", action="store_true", help=f"list what is caught in {CAUGHT.name}")
    parser.add_argument("--out", type=Path, help="write the table as JSON")
    options = parser.parse_args()

    skip = [*options.skip, *([DEADLY] if options.first else [])]
    sweep = Sweep(options.only, skip, options.beside, options.first)
    print(
        f"{platform.platform()}, Python {platform.python_version()}, botocore {version('botocore')}, "
        f"hypothesis {version('hypothesis')}, {len(sweep.faults)} faults, gate profile (derandomized)"
    )
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={ROOT}", f"--config-file={ROOT}/pyproject.toml"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # dxcontract is imported here already
    status = pytest.main(
        [*quiet, "--target=reference", "--settle-seconds=0.3", str(ROOT / "tests" / "contract")], plugins=[sweep]
    )
    if not sweep.rows:
        print(f"nothing was run (pytest ended with {status})")
        return 2
    rules = specs.load().rules.values()
    without = sorted(rule.id for rule in rules if rule.level == "must" and rule.id not in catalogue())
    wrong = [row for row in sweep.rows if row.wrong]
    print(f"{sum(row.caught for row in sweep.rows)}/{len(sweep.rows)} faults caught, {len(wrong)} accuse others")
    musts = sum(rule.level == "must" for rule in rules)
    print(f"{len(without)} of {musts} rules of level must have no fault: {', '.join(without) or 'none'}")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps([asdict(row) for row in sweep.rows], indent=2) + "\n", encoding="utf-8")
    caught = sorted(row.fault for row in sweep.rows if row.caught)
    if options.write_caught:
        CAUGHT.write_text(json.dumps(caught, indent=1) + "\n", encoding="utf-8")
    if options.first:
        lost = _lost(sweep.rows, json.loads(CAUGHT.read_text(encoding="utf-8")) if CAUGHT.exists() else [])
        print(f"caught before and not now: {', '.join(lost) or 'none'}")
        return 1 if lost else 0  # whom it accuses is not known of a test that did not run: --beside is for that
    return 0 if all(row.fine for row in sweep.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
