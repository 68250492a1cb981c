"""How much the rule machines find by themselves: one fault of the reference emulator at a time, no directed tests.

    python bench/machines.py                        every fault that concerns state (takes long)
    python bench/machines.py --sample 40            40 of them, evenly spread
    python bench/machines.py lags.count-invariant   these

For each fault only tests/contract/test_machines.py runs, derandomized as the gate is, until something is found or 60 s
are over. A fault concerns state unless it is about the form of one request or answer (`FORM`), or about what has no
state of its own (`STATELESS`).
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SECONDS: Final = 60.0
EXAMPLES: Final = 16
STATELESS: Final = frozenset(
    {"agreements", "billing", "client", "loa", "locations", "pagination", "requests", "routers", "routes", "wire"}
)
FORM: Final = re.compile(
    r"\.(answer-members|id|id-form|type|device|legacy-members|either-name|.*-(answer|answer-members|bounds|default|"
    r"echo|facts|form|known|length|malformed|maximum|members|minimum|needed|range|values|where)|"
    r"(addresses|asn|auth-key|key|mtu|name|prefix|prefixes|rate-limit|family|cak|secret)-.*|echo|location-.*|"
    r"bandwidth-.*|router-config|unicode|longest-accepted|empty-value|case-sensitive|empty-create)$"
)
STATE_FAULTS: Final = frozenset({"fault.lost-update", "fault.stale-answer", "fault.wrong-id"})


@dataclass(frozen=True)
class Outcome:
    """What became of one fault: how many steps the shortest way to it has (0: not caught), and how long it took."""

    fault: str
    caught: str
    steps: int
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Print the table; 0 when at least 80 in 100 faults were caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faults", nargs="*", help="ids of faults; all that concern state when none is given")
    parser.add_argument("--sample", type=int, help="only so many of them, evenly spread")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each fault (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON, too")
    asked = parser.parse_args(arguments)
    faults = asked.faults or _state_faults()
    if asked.sample:
        faults = faults[:: max(1, len(faults) // asked.sample)][: asked.sample]
    found: list[Outcome] = []
    print(f"{'fault':55} {'caught as':70} {'steps':>5} {'seconds':>7}")
    for fault in faults:
        one = _tried(fault, asked.seconds)
        found.append(one)
        print(f"{one.fault:55} {one.caught or '-':70.70} {one.steps or '-':>5} {one.seconds:7.1f}", flush=True)
    caught = sum(bool(one.caught) for one in found)
    print(f"\n{caught} of {len(found)} faults caught by the machines alone")
    if asked.json:
        asked.json.write_text(json.dumps([vars(one) for one in found], indent=2) + "\n", encoding="utf-8")
    return 0 if caught >= 0.8 * len(found) else 1


def _state_faults() -> list[str]:
    listed = subprocess.run(
        [sys.executable, "-m", "dxcontract.reference", "--fault", "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    ids = [line.split()[0] for line in listed if line.strip()]
    return [one for one in ids if one in STATE_FAULTS or (_concerns_state(one) and not one.startswith("fault."))]


def _concerns_state(fault: str) -> bool:
    return fault.partition(".")[0] not in STATELESS and not FORM.search(fault)


def _tried(fault: str, seconds: float) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "pytest", "tests/contract/test_machines.py", "-q", "-x", "--no-header"),
            *("--target=reference", "--fault", fault, "--report", folder, "--examples", str(EXAMPLES)),
        ]
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        taken = time.monotonic() - start
        report = Path(folder) / "report.json"
        violations = json.loads(report.read_text("utf-8"))["violations"] if report.exists() else []
    own = [one for one in violations if one["rule"] == fault] or violations
    best = min(own, key=lambda one: len(one["steps"]) or 1, default=None)
    if best is None:
        return Outcome(fault, "", 0, taken)
    return Outcome(fault, best["fingerprint"], len(best["steps"]) or 1, taken)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
