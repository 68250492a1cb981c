"""How much the rule machines find by themselves: one fault of the reference emulator at a time, no directed tests.

    python bench/machines.py --out machines.json              every fault that concerns state; goes on where it ended
    python bench/machines.py --out b.json --part 2/2          every second one, for a second core
    python bench/machines.py --table machines.json b.json     what is known so far, of all that concern state
    python bench/machines.py lags.count-invariant             these

One emulator and one process serve all: before each fault the emulator forgets everything and is told which rule to
break. Then the machines explore as the gate does, those first that put the broken rule to a target: the directed
sequences of each, then random examples of each (`passes`), until something is violated or 60 seconds are over. Finding
the shortest way has some seconds more.

A fault concerns state unless it is about the form of one request or answer (`FORM`), or about what has no state of its
own (`STATELESS`). How many steps a fault needs at least follows from specs/traits.json: the last request of the
sequence, and those that make what it must name (`needed`); where more are needed, bench/needed.json says why.

The tables of several parts are summed up together with --table, and published with --results (bench/results).

Exits 1 when fewer than 80 in 100 were caught, or one was shown with more than two steps more than needed.
"""

import argparse
import json
import os
import platform
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402

from dxcontract.oracle.verdict import Tally, Violation  # noqa: E402
from dxcontract.pytest_plugin.options import RUN  # noqa: E402
from dxcontract.reference.faults.catalogue import catalogue  # noqa: E402
from dxcontract.run.session import Session  # noqa: E402
from dxcontract.spec import model as specs  # noqa: E402
from dxcontract.spec.model import Spec  # noqa: E402
from strategies.machines.budgets import GATE, GATE_SEEDS, facts  # noqa: E402
from strategies.machines.catalogue import ENTRIES, Entry  # noqa: E402
from strategies.machines.driver import Budget, Explorer  # noqa: E402
from strategies.valid_requests import required  # noqa: E402

SECONDS: Final = 60.0
MINIMISE: Final = 20.0
EXAMPLES: Final = 20
EXAMPLES_OTHERS: Final = 8
EVERYTHING: Final = "everything"
ENOUGH: Final = 0.8
MORE: Final = 2
"""So many steps more than needed are few enough."""
STATELESS: Final = frozenset(
    {"agreements", "billing", "client", "loa", "locations", "pagination", "requests", "routers", "routes", "wire"}
)
FORM: Final = re.compile(
    r"\.(answer-members|id|id-form|type|device|legacy-members|either-name|.*-(answer|answer-members|bounds|default|"
    r"echo|facts|form|known|length|malformed|maximum|members|minimum|need|needed|range|values|where)|"
    r"(addresses|asn|auth-key|key|mtu|name|prefix|prefixes|rate-limit|family|cak|secret)-.*|echo|location-.*|"
    r"bandwidth-.*|router-config|unicode|longest-accepted|empty-value|case-sensitive|empty-create)$"
)
STATE_FAULTS: Final = frozenset({"fault.lost-update", "fault.stale-answer", "fault.wrong-id"})
_OPERATION: Final = re.compile(r"\w+: ([A-Z]\w+)")
NEEDED: Final = ROOT / "bench" / "needed.json"


@dataclass(frozen=True)
class Row:
    """What became of one fault: what was violated (empty: nothing), by which machine, with how many steps, when.

    `broken`: the suite itself failed.
    """

    fault: str
    caught: str = ""
    machine: str = ""
    steps: int = 0
    found_after: float = 0.0
    seconds: float = 0.0
    way: tuple[str, ...] = ()
    broken: str = ""


def kept(file: Path) -> list[Row]:
    """The rows of a table that an earlier run wrote."""
    return [Row(**one) for one in json.loads(file.read_text(encoding="utf-8"))]


def concerns_state(fault: str) -> bool:
    """Whether a fault concerns state: what it breaks shows only in what requests before have made."""
    if fault.startswith("fault."):
        return fault in STATE_FAULTS
    return fault.partition(".")[0] not in STATELESS and not FORM.search(fault)


class Sweep:
    """A pytest plugin that lets the machines loose on each fault, in place of tests."""

    def __init__(self, faults: list[str], seconds: float, out: Path | None) -> None:
        self.faults, self.seconds, self.out = faults, seconds, out
        self.spec = specs.load()
        self.needed: dict[str, Any] = json.loads(NEEDED.read_text(encoding="utf-8"))
        self.rows: list[Row] = []
        if out is not None and out.exists():
            self.rows = kept(out)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        opened: Session = run.opened
        done = {row.fault for row in self.rows}
        for fault in self.faults:
            if fault not in done:
                self.rows.append(self._tried(opened, fault))
                told(self.rows[-1], self.least(self.rows[-1]))
                self._write()
        return True

    def least(self, row: Row) -> int:
        """How many requests its sequence must have."""
        return needed(self.spec, row, self.needed)

    def _write(self) -> None:
        if self.out is not None:
            self.out.write_text(json.dumps([asdict(row) for row in self.rows], indent=1) + "\n", encoding="utf-8")

    def _tried(self, dx: Session, fault: str) -> Row:
        events = dx.target.events
        assert events is not None
        run_id = f"{len(self.rows):08x}"
        events.reset()
        events.break_rules([])
        with dx.contract.scope("bench", ()):
            known = facts(dx.api, run_id)
        events.break_rules([fault])
        began = time.monotonic()
        for entry, examples in passes(fault):
            started = time.monotonic()
            left = began + self.seconds - started
            if left <= 0:
                break
            explorer = Explorer(
                dx.api,
                dx.contract,
                run_id,
                entry.machine,
                known,
                Budget(examples, GATE.steps, left, MINIMISE, MINIMISE, target=False, directed=not examples),
                seeded=GATE_SEEDS[entry.title],
                until_found=True,
            )
            try:
                with dx.contract.scope(f"bench[{entry}]", entry.rules) as scope:
                    explorer.run()
            except Exception as error:  # noqa: BLE001 - told in the table, and the next fault has its turn
                return Row(fault, broken=f"{type(error).__name__}: {error}"[:200], machine=entry.title)
            finally:
                events.hold(False)
                events.follow_documents(False)
            if best := _best(scope.tally, fault):
                steps = explorer.steps(best.fingerprint)
                found_after = started - began + explorer.found_after
                return Row(
                    *(fault, best.fingerprint, entry.title, steps),
                    *(round(found_after, 1), round(time.monotonic() - began, 1), tuple(best.steps)),
                )
        return Row(fault, seconds=round(time.monotonic() - began, 1))


def passes(fault: str) -> list[tuple[Entry, int]]:
    """Which machine explores when, with how many random examples; with none it goes through its directed sequences.

    The machines that claim the rule come first, and have more examples; so has the one of everything, which is last.
    Then come those that claim most of the subject.
    """
    subject = f"{fault.partition('.')[0]}."

    def last(one: Entry) -> tuple[bool, int, int]:
        alike = sum(rule.startswith(subject) for rule in one.rules)
        return fault not in one.rules, -alike, len(one.families)

    order = sorted(ENTRIES, key=last)
    many = [one for one in order if fault in one.rules or one.title == EVERYTHING]
    directed = [(one, 0) for one in order if one.title != EVERYTHING]
    claiming = [(one, EXAMPLES) for one in many if one.title != EVERYTHING]
    others = [(one, EXAMPLES_OTHERS) for one in order if one not in many]
    return [*directed, *claiming, *others, *((one, EXAMPLES) for one in many if one.title == EVERYTHING)]


def _best(tally: Tally, fault: str) -> Violation | None:
    own = [one for one in tally.violations.values() if one.rule == fault]
    return min(own or tally.violations.values(), key=lambda one: len(one.steps), default=None)


def needed(spec: Spec, row: Row, known: Mapping[str, Any]) -> int:
    """How many requests must be sent at least: the last one that was, and those that make what it names.

    What an operation may leave out counts where it needs none of what it takes and was sent with it: a BGP peer is
    deleted by its id or by its addresses, but always of a virtual interface.
    """
    if row.fault in known:
        return int(known[row.fault]["steps"])
    lines = [(line, found[1]) for line in row.way if (found := _OPERATION.match(line))]
    sent = [(line, operation) for line, operation in lines if operation in spec.operations]  # some are EC2's
    if not sent:
        return 1
    line, last = sent[-1]
    kinds = _must(spec, last)
    traits = spec.operation(last).traits
    if not kinds and traits.effect != "create":
        kinds = [kind for pointer, kind in traits.takes.items() if f"{pointer.split('/')[1]}=" in line]
    return 1 + len(_makers(spec, kinds, (last,)))


def _must(spec: Spec, operation: str) -> list[str]:
    """The kinds of things that a request for this operation must name."""
    one = spec.operation(operation)
    must = required(one)
    return [kind for pointer, kind in one.traits.takes.items() if pointer in must]


def _makers(spec: Spec, kinds: list[str], above: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for kind in ["connection" if kind == "arn" else kind for kind in kinds]:
        made_by = spec.resources[kind].made_by if kind in spec.resources else None
        if made_by is None or made_by in above or any(kind in spec.operation(two).traits.gives for two in found):
            continue
        found |= {made_by, *_makers(spec, _must(spec, made_by), (*above, made_by))}
    return frozenset(found)


def told(row: Row, least: int) -> None:
    """One line of the table."""
    what = row.broken or row.caught or "-"
    steps = f"{row.steps}/{least}" if row.caught else "-"
    times = f"{row.found_after:6.1f} {row.seconds:6.1f}"
    print(f"{row.fault:52} {what:72.72} {steps:>5} {times}  {row.machine}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("faults", nargs="*", help="ids of faults; all that concern state when none is given")
    parser.add_argument("--sample", type=int, help="only so many of them, evenly spread")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="only every Nth, from the Kth")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each fault (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the table is kept, as JSON, and gone on with")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="try nothing: sum up what these say")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the table without the ways")
    asked = parser.parse_args()
    faults = asked.faults or [one for one in catalogue() if concerns_state(one)]
    if asked.sample:
        faults = faults[:: max(1, len(faults) // asked.sample)][: asked.sample]
    part, parts = map(int, asked.part.split("/"))
    faults = faults[part - 1 :: parts]
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {one: version(one) for one in ("botocore", "hypothesis", "pytest")},
        "seeds": GATE_SEEDS,
        "examples": f"{EXAMPLES}, {EXAMPLES_OTHERS} of machines that do not claim the rule, of {GATE.steps} steps",
    }
    print(f"{json.dumps(about)}\n{'fault':52} {'caught as':72} {'steps':>5} {'found':>6} {'all':>6}  machine")
    sweep = Sweep(faults, asked.seconds, asked.out)
    if asked.table:
        sweep.rows = [row for file in asked.table for row in kept(file)]
        for row in sweep.rows:
            told(row, sweep.least(row))
    else:
        run(sweep)
    rows = [row for row in sweep.rows if row.fault in faults]
    if asked.results:
        table = ",\n  ".join(json.dumps(short(one, sweep)) for one in rows)
        head = json.dumps(about, indent=1).removesuffix("\n}")
        asked.results.write_text(f'{head},\n "rows": [\n  {table}\n ]\n}}\n', encoding="utf-8")
    return summed_up(sweep, rows)


def run(sweep: Sweep) -> None:
    """Let the machines loose, within pytest, which opens the target."""
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={ROOT}", f"--config-file={ROOT}/pyproject.toml"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # dxcontract is imported here already
    pytest.main([*quiet, "--target=reference", str(ROOT / "tests" / "contract" / "test_machines.py")], plugins=[sweep])


def short(row: Row, sweep: Sweep) -> dict[str, Any]:
    """A row as it is published: without its way, which is long, and with how many steps it needs."""
    told = {name: value for name, value in asdict(row).items() if name != "way" and value != ""}
    return {**told, "needed": sweep.least(row)} if row.caught else told


def summed_up(sweep: Sweep, rows: list[Row]) -> int:
    """Print the figures; the exit code."""
    if len(rows) < len(sweep.faults):
        print(f"only {len(rows)} of {len(sweep.faults)} faults were tried")
    caught = [row for row in rows if row.caught]
    long = [row for row in caught if row.steps > sweep.least(row) + MORE]
    print(
        f"\n{len(caught)} of {len(rows)} faults caught by the machines alone ({len(caught) / max(1, len(rows)):.0%}), "
        f"the last after {max((row.found_after for row in caught), default=0):.0f} s; "
        f"{len(caught) - len(long)} with at most {MORE} steps more than needed"
    )
    print(f"missed: {', '.join(row.fault for row in rows if not row.caught) or 'none'}")
    print(f"longer: {', '.join(f'{row.fault} {row.steps}/{sweep.least(row)}' for row in long) or 'none'}")
    if len(rows) < len(sweep.faults):
        return 2
    return 0 if len(caught) >= ENOUGH * len(rows) and not long else 1


if __name__ == "__main__":
    sys.exit(main())
