"""Can every rule's test fail? Breaks the reference emulator's rules one at a time and runs the contract against each.

    python bench/faults.py                 every fault, with the tests of its subject
    python bench/faults.py --whole         every fault, with the whole contract (hours)
    python bench/faults.py --only 'lags.*' some

A fault that breaks rule R must make R violated, and beside it only rules that follow from R (bench/follows.json).
Prints a table, writes it as JSON, and exits 1 when a fault goes unseen or accuses others.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import botocore  # noqa: E402
import hypothesis  # noqa: E402

from dxcontract import spec as specs  # noqa: E402
from tests.unit.test_claims import claims  # noqa: E402

FOLLOWS = ROOT / "bench" / "follows.json"
ALWAYS = ("tests/contract/test_answers.py", "tests/contract/test_lifecycles.py")


@dataclass(frozen=True)
class Row:
    """What one fault came to: whether its rule was violated, which others were, how long the run took."""

    fault: str
    caught: bool
    follow: list[str]
    wrong: list[str]
    seconds: float
    problem: str = ""

    @property
    def fine(self) -> bool:
        return self.caught and not self.wrong and not self.problem


def listed() -> list[str]:
    """The ids of all faults that the emulator has."""
    command = [sys.executable, "-m", "dxcontract.reference", "--fault", "list"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in printed.splitlines() if line.strip()]


def tests_for(fault: str, claimed: dict[str, set[str]], whole: bool) -> list[str]:
    """The files with the tests to run: those that claim the rule, and those that look at everything."""
    if whole:
        return ["tests/contract"]
    own = {f"tests/contract/{test.partition('::')[0]}" for test in claimed.get(fault, ())}
    return sorted({*own, *ALWAYS})


def run(fault: str, tests: list[str], follows: dict[str, list[str]]) -> Row:
    """The contract against an emulator with this fault."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "--target=reference", "--fault", fault, f"--report={folder}"]
        done = subprocess.run([*command, *tests], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
        seconds = round(time.monotonic() - started, 1)
        report = Path(folder) / "report.json"
        if not report.exists():
            return Row(fault, False, [], [], seconds, (done.stdout + done.stderr)[-300:])
        document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    violated = {rule for rule, entry in document["rules"].items() if entry["verdict"] == "violates"}
    expected = follows.get(fault, [])
    allowed = {rule for rule in violated if any(fnmatch.fnmatchcase(rule, pattern) for pattern in expected)}
    caught = fault in violated if fault in document["rules"] else bool(allowed)
    problem = "; ".join(document["harness_errors"])
    return Row(fault, caught, sorted(allowed - {fault}), sorted(violated - allowed - {fault}), seconds, problem)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="*", help="a pattern for the ids of faults")
    parser.add_argument("--whole", action="store_true", help="run the whole contract for each fault")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the table as JSON")
    options = parser.parse_args()

    claimed = claims()
    follows = json.loads(FOLLOWS.read_text(encoding="utf-8"))
    faults = [one for one in listed() if fnmatch.fnmatchcase(one, options.only)]
    print(
        f"{platform.platform()}, Python {platform.python_version()}, botocore {botocore.__version__}, "
        f"hypothesis {hypothesis.__version__}, {len(faults)} faults, gate profile (derandomized)"
    )
    rows: list[Row] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(run, one, tests_for(one, claimed, options.whole), follows) for one in faults]
        for finished in concurrent.futures.as_completed(waiting):
            row = finished.result()
            rows.append(row)
            said = "ok" if row.fine else "MISSED" if not row.caught else "ACCUSES OTHERS"
            beside = f"  beside: {', '.join([*row.follow, *row.wrong])}" if row.follow or row.wrong else ""
            print(f"{said:15} {row.fault}  {row.seconds:.1f} s{beside} {row.problem}", flush=True)
    rows.sort(key=lambda row: row.fault)
    without = sorted(rule.id for rule in specs.load().rules.values() if rule.level == "must" and rule.id not in faults)
    caught = sum(row.caught for row in rows)
    print(f"{caught}/{len(rows)} faults caught, {sum(bool(row.wrong) for row in rows)} accuse others")
    if options.only == "*":
        musts = sum(rule.level == "must" for rule in specs.load().rules.values())
        print(f"{len(without)} of {musts} rules of level must have no fault: {', '.join(without)}")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.fine for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
