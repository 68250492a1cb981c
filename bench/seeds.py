"""Does the machine of everything accuse the reference emulator of anything, whatever the seed?

    python bench/seeds.py                      1,000 random seeds
    python bench/seeds.py --seeds 100 --examples 10 --steps 50 --first 7

Each seed explores as a night does (profile nightly: random, striving for new transitions and pairs), with few examples.
The emulator conforms, so each violation is a false accusation or a fault of the emulator; draws that depend on answers
would show as flaky. Prints how far they got, and exits 1 on any of these.
"""

import argparse
import platform
import random
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402

from dxcontract.oracle.exploration_stats import Exploration, explored  # noqa: E402
from dxcontract.oracle.verdict import Violation  # noqa: E402
from dxcontract.pytest_plugin.options import RUN  # noqa: E402
from dxcontract.run.session import Session  # noqa: E402
from dxcontract.spec import model as specs  # noqa: E402
from dxcontract.wire.errors import HarnessError  # noqa: E402
from strategies.machines.budgets import facts  # noqa: E402
from strategies.machines.catalogue import ENTRIES  # noqa: E402
from strategies.machines.driver import Budget, Explorer  # noqa: E402

SEEDS: Final = 1000
EXAMPLES: Final = 3
STEPS: Final = 25
MINUTES: Final = 29.0
TELL: Final = 50


class Nights:
    """A pytest plugin that lets the machine of everything loose once for each seed, in place of tests."""

    def __init__(self, seeds: list[int], examples: int, steps: int, minutes: float) -> None:
        self.seeds, self.end = seeds, time.monotonic() + 60 * minutes
        self.budget = Budget(examples, steps, 60.0, 20.0, 60.0, target=True)
        self.done = 0
        self.figures = Exploration()
        self.found: dict[str, tuple[int, Violation]] = {}
        self.flaky: list[int] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        dx: Session = run.opened
        entry = next(one for one in ENTRIES if one.title == "everything")
        assert dx.target.events is not None
        with dx.contract.scope("bench", ()):
            known = facts(dx.api, "seeds")
        for number, seed in enumerate(self.seeds):
            if time.monotonic() > self.end:
                break
            dx.target.events.reset()
            run_id = f"{number:08x}"
            explorer = Explorer(dx.api, dx.contract, run_id, entry.machine, known, self.budget, seeded=seed)
            with dx.contract.scope(f"bench[{seed}]", entry.rules) as scope:
                try:
                    explorer.run()
                except HarnessError:
                    if not explorer.flaky:
                        raise
                    self.flaky.append(seed)
            self.done += 1
            self.figures.add(explorer.figures)
            for fingerprint, violation in scope.tally.violations.items():
                if fingerprint not in self.found:
                    self.found[fingerprint] = seed, violation
                    print(
                        "\n    ".join([f"seed {seed}: {fingerprint}: {violation.message}", *violation.steps]),
                        flush=True,
                    )
            if self.done % TELL == 0:
                print(f"{self.done} seeds, {self.figures.examples} examples, {self.figures.calls} calls", flush=True)
        return True


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, help="what the seeds are derived from; random unless given")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="for each seed (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each example, at most (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="end after so long (default: %(default)s)")
    asked = parser.parse_args()
    first = asked.first if asked.first is not None else random.SystemRandom().getrandbits(32)
    source = random.Random(first)
    nights = Nights([source.getrandbits(64) for _ in range(asked.seeds)], asked.examples, asked.steps, asked.minutes)
    print(
        f"{platform.platform()}, Python {platform.python_version()}, hypothesis {version('hypothesis')}, "
        f"{asked.seeds} seeds derived from {first}, each {asked.examples} examples of at most {asked.steps} steps"
    )
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={ROOT}", f"--config-file={ROOT}/pyproject.toml"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # dxcontract is imported here already
    test = str(ROOT / "tests" / "contract" / "test_machines.py")
    began = time.monotonic()
    pytest.main([*quiet, "--target=reference", "--hypothesis-profile=nightly", test], plugins=[nights])
    print("\n".join(explored(nights.figures, specs.load())))
    print(
        f"{nights.done} of {asked.seeds} seeds in {time.monotonic() - began:.0f} s: {len(nights.found)} violations, "
        f"{len(nights.flaky)} flaky{''.join(f', seed {one}' for one in nights.flaky)}"
    )
    return 0 if nights.done == asked.seeds and not nights.found and not nights.flaky else 1


if __name__ == "__main__":
    sys.exit(main())
