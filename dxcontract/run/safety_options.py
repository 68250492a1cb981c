"""Options for permissions, limits and the journal, and the settings made from them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from dxcontract.client import resource_journal
from dxcontract.client.capability_probe import UNKNOWN_IDS
from dxcontract.client.pacing import SLOW_DOWN_SECONDS, TEST_SECONDS, Patience
from dxcontract.client.resource_journal import Journal
from dxcontract.targets.accounts import identity
from dxcontract.targets.aws_detection import OWN_HOST, why_real
from dxcontract.targets.permissions import LEVELS, PRICED, Guard, Level
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire.exchange import Exchange

ALLOWED: Final = LEVELS[1:]
REAL_RATE: Final = 5.0
"""Calls per second and account that a real account gets unless told otherwise."""


@dataclass(frozen=True)
class Safety:
    """The options of the user. `run` is the id of the run, `process` the worker of xdist."""

    run: str
    process: str = ""
    journal: str | None = None
    allow: Level = "reads"
    account: str | None = None
    budget: float | None = None
    emulator: bool = False
    rate: float | None = None
    deadline: float | None = None
    test_seconds: float = TEST_SECONDS
    slow_down_seconds: float = SLOW_DOWN_SECONDS

    def check(self) -> None:
        """Check the options.

        Raises:
            TargetError: says what to change.
        """
        if self.allow in PRICED and (self.account is None or self.budget is None):
            raise TargetError(f"--allow={self.allow} can cost money; also set --account=ID and --budget=USD")
        for name in ("budget", "rate", "deadline", "test_seconds", "slow_down_seconds"):
            value = getattr(self, name)
            least = 0.0 if name in ("budget", "slow_down_seconds") else 0.001
            if value is not None and not least <= value < float("inf"):
                raise TargetError(f"--{name.replace('_', '-')}={value:g} is not valid; the minimum is {least:g}")

    def patience(self, target: Target) -> Patience:
        rate = self.rate if self.rate is not None or not target.is_real else REAL_RATE
        return Patience(rate, self.deadline, self.test_seconds, self.slow_down_seconds)

    def new_journal(self, target: Target) -> Journal:
        """Create the journal for this target; in memory only if this run started the target, unless a folder is
        given.

        Raises:
            TargetError: there is no place for it.
        """
        asked = Path(self.journal) if self.journal is not None else None
        folder = asked if asked is not None or target.ours else resource_journal.default_folder()
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise TargetError(f"cannot write the journal to {folder}: {error}; set --journal=DIR") from error
            if not os.access(folder, os.W_OK | os.X_OK):
                raise TargetError(f"cannot write the journal to {folder}: not writable; set --journal=DIR")
        return Journal(self.run, folder, self.process)

    def journal_path(self) -> Path:
        """The path of the journal of this run."""
        return resource_journal.path_of(
            Path(self.journal) if self.journal else resource_journal.default_folder(), self.run
        )

    def protect(self, target: Target, made: set[str], answer: Exchange | None = None) -> None:
        """Set the guard of a target with the permissions of this run, unless it is shown to be an emulator.

        `answer` is that to an operation that cannot exist; without it (None) the address and the keys alone decide.
        """
        why = why_real(target, answer, emulator=self.emulator)
        if why is None:
            target.guard = None
            return
        guard = target.guard or Guard(target.name)
        guard.why = "" if why == OWN_HOST else why
        guard.level, guard.budget, guard.made = self.allow, self.budget or 0.0, made
        guard.known = frozenset(UNKNOWN_IDS.values()) | frozenset(
            one.rpartition("/")[2] for one in UNKNOWN_IDS.values() if one.startswith("arn:")
        )
        target.guard = guard

    def check_account(self, target: Target) -> None:
        """Check that the caller of a real account is the account that the user named.

        Raises:
            TargetError: it is somebody else.
        """
        if self.account is None or target.guard is None:
            return
        endpoint = None if target.name == "aws" else target.endpoint
        found = identity(target.accounts["owner"], endpoint, target.region)
        if found != self.account:
            raise TargetError(
                f"--account={self.account} is not the account of the caller: the credentials belong to "
                f"{found or 'an account that STS does not know'}; nothing was written"
            )


def add_options(group: Any) -> None:
    """Add the options to pytest's."""
    add = group.addoption
    add(
        "--allow", choices=ALLOWED, help="operations to allow on a real account besides reads (the last two cost money)"
    )
    add("--account", metavar="ID", help="id of the real account that may be charged; must be the account of the caller")
    add("--budget", metavar="USD", type=float, help="maximum cost of the run in the worst case")
    add("--emulator", action="store_true", help="the URL is an emulator: send write operations without further proof")
    add(
        "--dry-run",
        action="store_true",
        help="print the operations, the maximum number of requests and the accounts; send none of the operations",
    )
    add(
        "--journal",
        metavar="DIR",
        help="folder for the list of created resources (default: $XDG_STATE_HOME/dxcontract)",
    )
    add(
        "--rate",
        metavar="N",
        type=float,
        help="maximum calls per second and account (default: no limit; real accounts: 5)",
    )
    add("--deadline", metavar="SECONDS", type=float, help="time limit of the run")
    add("--test-seconds", metavar="SECONDS", type=float, default=TEST_SECONDS, help="time limit of one test")
    add(
        "--slow-down-seconds",
        metavar="SECONDS",
        type=float,
        default=SLOW_DOWN_SECONDS,
        help="time to wait for a target that asks to slow down (default: %(default)s)",
    )
    add("--redact-accounts", action="store_true", help="replace account ids and names in reports and on the terminal")


def chosen(config: Any, run: str, process: str = "") -> Safety:
    """Read the options.

    Raises:
        TargetError: they make no sense; says what to change.
    """
    option = config.getoption
    allow: Level | Literal[None] = option("--allow")
    workers = len(getattr(getattr(config, "option", None), "tx", None) or ()) or int(
        getattr(config, "workerinput", {}).get("workercount", 1)
    )
    if workers > 1 and allow in PRICED:
        raise TargetError(f"--allow={allow} needs a single process, which keeps the total cost; remove -n")
    rate = option("--rate")
    seconds = option("--test-seconds")
    made = Safety(
        run,
        process,
        option("--journal"),
        allow or "reads",
        option("--account"),
        option("--budget"),
        option("--emulator"),
        rate / workers if rate is not None else None,
        option("--deadline"),
        TEST_SECONDS if seconds is None else seconds,
        option("--slow-down-seconds"),
    )
    made.check()
    return made
