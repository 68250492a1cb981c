"""The tutorial, as a new user would go through it: its commands in an empty folder, with a wheel built for this.

    python bench/tutorial.py             times of all commands, then: an entry removed, and a false one added

tests/unit/cli/test_tutorial.py does the same with a part of the contract.
"""

import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "tutorial.md"
STATUSES: Final = (0, 0, 1, 0)
"""Of the commands: the first run finds violations, the gate is green."""

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language in a page."""
    return [text for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands(page: Path) -> list[str]:
    """What the page asks to type: the lines after a prompt."""
    return [line[2:] for text in blocks(page, "console") for line in text.splitlines() if line.startswith("$ ")]


@dataclass(frozen=True)
class Done:
    """One command that was run."""

    command: str
    status: int
    output: str
    seconds: float
    cpu: float


@dataclass(frozen=True)
class Tutorial:
    """An empty folder in which the tutorial is gone through; `extra` goes to every run, for a part of the contract."""

    folder: Path
    wheels: Path
    extra: str = ""

    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON", "AWS_"))}
        links = f"{self.wheels} {os.environ.get('PIP_FIND_LINKS', '')}".strip()
        more = {"PIP_FIND_LINKS": links, "PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PYTEST_ADDOPTS": self.extra}
        return {**kept, **more, "XDG_STATE_HOME": str(self.folder / "state")}

    def run(self, command: str) -> Done:
        """Run a command as typed in the folder."""
        started, before = time.monotonic(), os.times()
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return Done(command, done.returncode, done.stdout + done.stderr, time.monotonic() - started, cpu)

    def all(self) -> list[Done]:
        """Write the tutorial's file and run its commands, in the order of the page."""
        (configuration,) = blocks(PAGE, "toml")
        (self.folder / "dxcontract.toml").write_text(configuration, encoding="utf-8")
        return [self.run(command) for command in commands(PAGE)]

    def gate(self) -> Done:
        return self.run(commands(PAGE)[-1])

    def report(self) -> Any:
        return json.loads((self.folder / "out" / "report.json").read_text(encoding="utf-8"))

    def without_one(self) -> tuple[str, Done, list[str]]:
        """The gate with an entry of level must removed: its fingerprint, the run, what failed it."""
        listed = self.folder / "gaps.toml"
        text = listed.read_text(encoding="utf-8")
        known = {gap["fingerprint"] for gap in tomllib.loads(text)["gap"]}
        musts = [one["fingerprint"] for one in self.report()["violations"] if one["level"] == "must"]
        removed = next(one for one in musts if one in known)
        entries = text.split("[[gap]]")
        quoted = f"fingerprint = {json.dumps(removed, ensure_ascii=False)}\n"
        listed.write_text("[[gap]]".join(entry for entry in entries if quoted not in entry), encoding="utf-8")
        done = self.gate()
        listed.write_text(text, encoding="utf-8")
        found = [one for one in self.report()["violations"] if not one["known"]]
        return removed, done, [one["fingerprint"] for one in found]

    def _is_put_in_full(self, rule: str, found: Mapping[str, Any]) -> bool:
        """Whether a run of a part of the contract can tell that something no longer occurs."""
        every = found["claimants"] == len(found["tests"]) and not found["undecided"]
        return every and not rule.startswith(("wire.", "lifecycles."))

    def with_a_false_one(self) -> tuple[str, Done]:
        """The gate with an entry for something that the target does right: its fingerprint and the run."""
        listed = self.folder / "gaps.toml"
        text = listed.read_text(encoding="utf-8")
        kept = {
            f"{rule}:{operation}"
            for rule, found in self.report()["rules"].items()
            for operation, verdict in found["operations"].items()
            if verdict == "conforms" and operation != "*" and self._is_put_in_full(rule, found)
        }
        false = min(kept)
        listed.write_text(f'{text}\n[[gap]]\nfingerprint = "{false}"\nreason = "nobody knows"\n', encoding="utf-8")
        done = self.gate()
        listed.write_text(text, encoding="utf-8")
        return false, done


def build(wheels: Path) -> None:
    """A wheel of this checkout."""
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--quiet", "--out-dir", str(wheels), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)


def main() -> int:
    """Print what each command took; 1 when one did not end as it should."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, wheels = Path(scratch, "empty"), Path(scratch, "wheels")
        folder.mkdir()
        build(wheels)
        tutorial = Tutorial(folder, wheels)
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
        done = tutorial.all()
        for one in done:
            print(f"{one.seconds:6.1f} s {one.cpu:6.1f} s CPU  exit {one.status}  {one.command}")
        print(f"{sum(one.seconds for one in done):6.1f} s {sum(one.cpu for one in done):6.1f} s CPU  in all")
        for one, status in zip(done, STATUSES, strict=True):
            if one.status != status:
                print(one.output[-3000:])
        good = tuple(one.status for one in done) == STATUSES
        removed, red, failed = tutorial.without_one()
        print(f"removed {removed}: exit {red.status}, new violations: {failed}")
        false, gone = tutorial.with_a_false_one()
        told = f"no longer occurs, remove it from the known gaps: {false}"
        print(f"added {false}: exit {gone.status}, {'told' if told in gone.output else 'NOT told'}")
        return 0 if good and red.status == gone.status == 1 and failed == [removed] and told in gone.output else 1


if __name__ == "__main__":
    sys.exit(main())
