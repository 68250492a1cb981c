"""Generated requests without end to one reference emulator: no 5xx, no hang, no growth of its memory.

    python bench/endure.py [--cases 200000] [--warm 20000] [--seed 1]

Cases are the requests of `strategies/fuzzing.py`, those of tests/contract/test_fuzz.py, each sent in AWS JSON and in
CBOR; what has to be made first, so that a case can name it, is not counted. One round fuzzes every operation from a
new Hypothesis seed. Prints the emulator's resident memory after the warm-up and after each round; exits 1 on a
violation of level `must`, on a request that was not answered in time, and when the memory grew by more than 10 percent
after the warm-up. 200,000 cases take about 15 minutes of one core.
"""

import argparse
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from hypothesis import settings  # noqa: E402

from dxcontract.client.errors import TargetDied  # noqa: E402
from dxcontract.client.resource_journal import new_run_id  # noqa: E402
from dxcontract.oracle.exploration_stats import Exploration  # noqa: E402
from dxcontract.run.result import Outcome  # noqa: E402
from dxcontract.run.safety_options import Safety  # noqa: E402
from dxcontract.run.session import Session, open_session  # noqa: E402
from dxcontract.spec import model as specs  # noqa: E402
from dxcontract.spec.model import Operation, Spec  # noqa: E402
from dxcontract.targets import Choice  # noqa: E402
from dxcontract.wire.cbor import PROTOCOLS  # noqa: E402
from dxcontract.wire.errors import Indeterminate  # noqa: E402
from strategies import profiles  # noqa: E402
from strategies.fuzzing import RULES, fuzz  # noqa: E402

ACCOUNTS: Final = "owner=111111111111,other=222222222222,partner=333333333333"
DRAWS: Final = 20
"""Drawn bodies an operation and round."""
ANSWER_SECONDS: Final = 10.0
MOST_GROWTH: Final = 0.10


@dataclass
class Sum:
    """What was sent so far, and what went wrong."""

    figures: Exploration = field(default_factory=Exploration)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)


def one(session: Session, run: str, operation: Operation, number: int, total: Sum) -> None:
    """Fuzz an operation from one seed."""
    with session.contract.scope(f"endure {operation}", RULES, operation.name) as scope:
        try:
            total.figures.add(fuzz(session.api, session.contract, run, operation, DRAWS, PROTOCOLS, number))
        except Indeterminate as silence:
            total.wrong.append(f"{operation}: {silence}")
    total.requests += sum(scope.calls.values())
    levels = session.contract.spec.rules
    found = scope.tally.violations
    total.wrong += [print_ for print_, violation in found.items() if levels[violation.rule].level == "must"]


def endure(spec: Spec, url: str, process: "subprocess.Popen[str]", cases: int, warm: int, number: int) -> int:
    """Fuzz in rounds until so many cases were sent; the exit status."""
    run = new_run_id()
    outcome = Outcome(spec, url)
    session = open_session(Choice(url, accounts=ACCOUNTS, protocol="both"), outcome, ANSWER_SECONDS, Safety(run))
    total, started, after_warm, memory = Sum(), time.monotonic(), 0, 0
    total.wrong += [f"{name}: {why}" for name, why in outcome.unsupported.items()]
    try:
        while total.figures.cases < cases and process.poll() is None:
            for operation in spec.where():
                one(session, run, operation, number, total)
            memory = resident(process.pid)
            after_warm = after_warm or (memory if total.figures.cases >= warm else 0)
            seconds = time.monotonic() - started
            said = f"seed {number}: {total.figures.cases} cases, {seconds:.0f} s, {memory} KiB"
            print(f"{said}, {len(total.wrong)} wrong", flush=True)
            number += 1
    except TargetDied as died:
        total.wrong.append(str(died))
    session.close()
    figures = total.figures
    growth = memory / after_warm - 1 if after_warm else 1.0
    print(
        f"{figures.cases} cases, {figures.existing} of them naming what exists, {figures.accepted} accepted;", end=" "
    )
    print(f"{total.requests} requests in all, {time.process_time():.0f} s of processor time here")
    print(f"memory: {after_warm} KiB after the warm-up, {memory} KiB at the end: {growth:+.1%}")
    print(f"5xx, hangs, other violations of level must: {'; '.join(total.wrong) or 'none'}")
    return 1 if total.wrong or growth > MOST_GROWTH else 0


def resident(process: int) -> int:
    """The memory of a process, in KiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=200_000, help="how many to send (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=20_000, help="from where memory is compared (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each further one has the next")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, seed {options.seed}", end="")
    print("".join(f", {name} {version(name)}" for name in ("hypothesis", "schemathesis", "botocore")), flush=True)
    settings.load_profile(profiles.NIGHTLY)
    command = [sys.executable, "-m", "dxcontract.reference"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        return endure(specs.load(), url, process, options.cases, options.warm, options.seed)
    finally:
        process.terminate()
        process.wait(timeout=20)


if __name__ == "__main__":
    sys.exit(main())
