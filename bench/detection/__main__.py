"""What finds a fault, and how soon? The contract's gate, its machines alone, Schemathesis, and a smoke test by boto3.

    python -m bench.detection                  compare on a sample of faults, 28 minutes; again to go on
    python -m bench.detection --table          only the table of what is known so far
    python bench/faults.py --first             every fault, with the tests that claim its rule (what CI runs)

One emulator serves all; before each measurement it forgets everything and is told which rule to break. The sample is
drawn from all faults, evenly over the subjects, and put in a random order, so that wherever the time ends, what was
measured is a fair sample. The gate runs its tests in the order of pytest, from the first on, so no test has a head
start because it was written for the fault. A fault is caught when a violation is stated; one of a rule of level should
is told and does not fail the gate, so the table says how many of level must there were. Schemathesis gets as many
requests as the whole gate sends; since that takes minutes a fault, each is tried with few of them first, and those that
are not found then are switched on together, for all requests: where nothing is found, none of them is found, and where
something is, halves of them are tried. Seconds do not count start-up, for nobody.
"""

import argparse
import datetime
import json
import os
import platform
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
import urllib3

from bench.detection import peer, table
from bench.detection.smoke import Smoke
from bench.detection.watch import Watch, first_catch
from dxcontract.pytest_plugin.options import RUN
from dxcontract.reference.faults.catalogue import catalogue
from dxcontract.spec import model as specs

ROOT: Final = Path(__file__).resolve().parents[2]
LEFT_OUT: Final = {"wire.serves-on": "ends the emulator, which all others need"}
METHODS: Final = ("gate", "machines", "schemathesis", "smoke")
FEW: Final = 1500
"""With so many requests Schemathesis is put to each fault by itself; that takes it a quarter of a minute."""
OPERATIONS: Final = 73
FAULTLESS: Final = ""


@dataclass(frozen=True)
class Row:
    """What one method made of one fault (none: the faultless emulator). Not caught: all that was spent."""

    fault: str
    method: str
    caught: str
    requests: int
    seconds: float


class Job:
    """A pytest plugin in place of pytest's own loop: all methods, on the target that pytest opened."""

    def __init__(self, asked: argparse.Namespace, drawn: list[str], rows: list[Row], results: Path) -> None:
        self.asked, self.rows, self.results = asked, rows, results
        self.until = time.monotonic() + asked.minutes * 60
        self.sample = drawn

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        self.run = run
        self.endpoint = self.run.opened.target.endpoint
        self.watch = Watch(self.run.opened)
        self.items = session.items
        self.machines = [item for item in session.items if item.path.name == "test_machines.py"]
        for fault in (FAULTLESS, *self.sample):
            for method, measured in (("smoke", self.smoke), ("gate", self.gate), ("machines", self.alone)):
                if method in self.asked.methods and not self.knows(fault, method) and time.monotonic() < self.until:
                    self.tell(Row(fault, method, *measured(fault)))
        if "schemathesis" in self.asked.methods:
            self.peer()
        self.broken([])
        return True

    def gate(self, fault: str) -> tuple[str, int, float]:
        self.broken([fault])
        return first_catch(self.run, self.watch, self.items)

    def alone(self, fault: str) -> tuple[str, int, float]:
        self.broken([fault])
        return first_catch(self.run, self.watch, self.machines)

    def smoke(self, fault: str) -> tuple[str, int, float]:
        self.broken([fault])
        calls = Smoke(self.endpoint)
        started = time.monotonic()
        caught = ""
        try:
            calls.run()
        except Exception as error:  # noqa: BLE001 - whatever boto3 raises is a catch
            caught = f"{type(error).__name__}: {error}"[:150]
        return caught, calls.requests, time.monotonic() - started

    def peer(self) -> None:
        """Schemathesis, on several faults at once, in the order of the sample."""
        budget = next((row.requests for row in self.rows if (row.fault, row.method) == (FAULTLESS, "gate")), 0)
        kept = self.results.with_name("complaints.json")
        if not kept.exists():
            self.broken([])
            found = peer.run(self.endpoint, budget, self.asked.seed, None, examples=budget // OPERATIONS)
            kept.write_text(json.dumps(found["complaints"]), encoding="utf-8")
            self.tell(Row(FAULTLESS, "schemathesis", "", found["requests"], found["seconds"]))
        known = json.loads(kept.read_text(encoding="utf-8"))
        for fault in self.sample:
            if not self.knows(fault, "schemathesis") and time.monotonic() < self.until:
                found = self.peered([fault], FEW, budget, known)
                if found["caught"]:
                    self.tell(Row(fault, "schemathesis", found["caught"], found["requests"], found["seconds"]))
        self.together([one for one in self.sample if not self.knows(one, "schemathesis")], budget, known)

    def together(self, faults: list[str], budget: int, known: list[list[str]]) -> None:
        """Faults that few requests do not find, all at once with all requests; where something is found, in halves."""
        if not faults or time.monotonic() > self.until:
            return
        found = self.peered(faults, budget, budget, known)
        if found["caught"] and len(faults) > 1:
            half = len(faults) // 2
            self.together(faults[:half], budget, known)
            self.together(faults[half:], budget, known)
            return
        for fault in faults:
            self.tell(Row(fault, "schemathesis", found["caught"], found["requests"], found["seconds"]))

    def peered(self, faults: list[str], most: int, budget: int, known: list[list[str]]) -> dict[str, Any]:
        """Schemathesis as it would run for the whole budget, until it finds something or has sent `most` requests."""
        self.broken(faults)
        return peer.run(self.endpoint, min(most, budget), self.asked.seed, known, examples=budget // OPERATIONS)

    def broken(self, faults: list[str]) -> None:
        """From now on the emulator breaks these rules, and has forgotten everything."""
        for action, body in (("reset", {}), ("faults", {"faults": [one for one in faults if one]})):
            answer = urllib3.request("POST", f"{self.endpoint}_dxcontract/{action}", json=body, timeout=10)
            assert answer.status == 200, answer.data

    def knows(self, fault: str, method: str) -> bool:
        return any((row.fault, row.method) == (fault, method) for row in self.rows)

    def tell(self, row: Row) -> None:
        self.rows.append(row)
        with self.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
        said = f"{row.method:13} {row.fault or '(no fault)':50} {row.requests:6} requests {row.seconds:7.2f} s"
        print(f"{said}  {row.caught or '-':.90}", flush=True)


def sample(count: int, seed: int) -> list[str]:
    """So many faults, evenly over the catalogue (which is sorted by subject), in a random order."""
    chance = random.Random(seed)
    faults = [one for one in catalogue() if one not in LEFT_OUT]
    step, start = len(faults) / count, chance.random()
    drawn = [faults[int((start + number) * step)] for number in range(count)]
    chance.shuffle(drawn)
    return drawn


def kept(folder: Path, count: int, seed: int) -> list[str]:
    """The sample that was drawn when a comparison began: with a new rule the catalogue has another one."""
    path = folder / f"sample-{seed}-{count}.json"
    if not path.exists():
        path.write_text(json.dumps(sample(count, seed)), encoding="utf-8")
    return [one for one in json.loads(path.read_text(encoding="utf-8")) if one in catalogue()]


def main(arguments: Sequence[str]) -> int:
    """Measure what was not measured yet, and print the table; 1 when the contract accuses a faultless emulator."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=40, help="how many faults (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20261124, help="for drawing, and for Schemathesis")
    parser.add_argument(
        "--minutes", type=float, default=28.0, help="then go on with another run (default: %(default)s)"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="only these")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "detection", help="what is kept between runs")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--out", type=Path, help="write the table as JSON (bench.detection.plot draws it)")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    results = asked.folder / f"results-{asked.seed}-{asked.sample}.jsonl"
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    drawn = kept(asked.folder, asked.sample, asked.seed)
    rows = [row for row in (Row(**json.loads(line)) for line in lines) if row.fault in (FAULTLESS, *drawn)]
    if not asked.table:
        quiet = ["-p", "no:terminal", f"--rootdir={ROOT}", f"--config-file={ROOT}/pyproject.toml"]
        quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-W", "ignore::pytest.PytestWarning"]
        quiet += ["--target=reference", "--settle-seconds=0.3", str(ROOT / "tests" / "contract")]
        pytest.main(quiet, plugins=[Job(asked, drawn, rows, results)])
    facts = {
        "date": str(datetime.date.today()),
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("botocore", "hypothesis", "schemathesis", "pytest")},
        "seed": asked.seed,
        "sample": asked.sample,
        "faults": len(catalogue()) - len(LEFT_OUT),
        "left out": LEFT_OUT,
    }
    rules = specs.load().rules
    told = {fault for fault in catalogue() if fault in rules and rules[fault].level != "must"}
    found = table.summary([asdict(row) for row in rows], told)
    print("\n".join(table.lines(facts, found)))
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        document = {**facts, "methods": found, "rows": [asdict(row) for row in rows]}
        asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if any(found[one]["false alarms"] for one in ("gate", "machines") if one in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
