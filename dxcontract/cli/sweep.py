"""`dxcontract sweep`: deletes the resources that earlier runs left behind."""

import argparse
import datetime
import re
import sys
from pathlib import Path
from typing import Final

from dxcontract.client import cleanup, resource_journal
from dxcontract.client.client import Api
from dxcontract.client.resource_journal import JournalError, Record
from dxcontract.run import project_config
from dxcontract.run.session import unjudged
from dxcontract.spec import model
from dxcontract.targets import Choice
from dxcontract.targets.accounts import identity
from dxcontract.targets.target import TargetError
from dxcontract.wire.safe_text import one_line

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_STARTED: Final = frozenset({"moto", "reference"})


def age(text: str) -> datetime.timedelta:
    """Parse a time such as 90m, 12h or 7d.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if found is None:
        raise ValueError(f"{text!r} is not a valid time; use a form such as 90m, 12h or 7d")
    return datetime.timedelta(**{_UNITS[found[2]]: int(found[1])})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `dxcontract sweep` to a parser."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help="ids of the runs (default: all runs with a journal)")
    parser.add_argument("--older-than", metavar="TIME", help="only runs that started longer ago: 90m, 12h, 7d")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the resources that would be deleted; delete nothing"
    )
    parser.add_argument("--force", action="store_true", help="also sweep runs whose process is still active")
    parser.add_argument("--target", metavar="TARGET", help="target to sweep: aws or a URL (default: from the journal)")
    parser.add_argument("--accounts", metavar="LIST", help="credentials, as for a run; a journal contains none")
    parser.add_argument("--journal", metavar="DIR", type=Path, help="folder of the journals")
    parser.add_argument(
        "--seconds",
        type=float,
        default=cleanup.SWEEP_SECONDS,
        help="time limit for the deletions of one run (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Sweep; returns 0 if nothing is left, 1 if something is, 2 if the sweep was not possible.

    Raises:
        ValueError: --older-than is no time.
        ConfigurationError: the project's file cannot be used.
    """
    project = project_config.read(Path.cwd()).values
    options.accounts = options.accounts or project.get("accounts")
    older = age(options.older_than) if options.older_than else None
    noted = options.journal or project.get("journal")
    folder = Path(noted) if noted else resource_journal.default_folder()
    status = 0
    broken: list[JournalError] = []
    try:
        paths = resource_journal.chosen(folder, options.runs, older, broken.append)
    except JournalError as error:
        return _refuse(str(error))
    for unreadable in broken:  # it hides what that run left; the others are swept all the same
        status = _refuse(str(unreadable))
    waiting = [(path, record) for path in paths if (record := resource_journal.read(path)).entries and not record.swept]
    if not waiting and not broken:
        _say(f"nothing to sweep: no run in {folder} left anything" if not options.runs else "nothing to sweep")
    for path, record in waiting:
        try:
            status = max(status, _swept(path, record, options))
        except (TargetError, model.SpecError) as error:
            status = max(status, _refuse(f"run {record.run}: {error}"))
    return status


def _swept(path: Path, record: Record, options: argparse.Namespace) -> int:
    if (living := record.living()) and not options.force and not options.dry_run:
        raise TargetError(
            f"its process ({', '.join(map(str, living))}) is still running and uses these resources; wait until it "
            "ends, or pass --force"
        )
    where = options.target or (record.endpoint if record.target != "aws" else "aws")
    if record.target in _STARTED and not options.target:
        _say(f"run {record.run}: its target, {record.target}, ended with the run; nothing is left")
        resource_journal.mark_swept(path)
        return 0
    api = unjudged(Choice(where, record.region, options.accounts), model.load())

    def say(line: str) -> None:
        _say(str(api.vault.scrubbed(line)))

    try:
        _check_accounts(api, record)
        _say(f"run {record.run} of {record.started:%Y-%m-%d %H:%M} UTC on {api.target.endpoint}")
        if options.dry_run:
            found = cleanup.look(api, record)
            for one in found.left:
                say(f"  would delete {one}")
        else:
            found = cleanup.sweep(api, record, options.seconds, lambda line: say(f"  {line}"))
            for one in found.left:
                say(f"  left: {one}")
    finally:
        api.close()
    for one in found.unseen:
        say(f"  could not look: {one}")
    if found.clean:
        _say("  nothing is left")
        if not options.dry_run:
            resource_journal.mark_swept(path)
    return 0 if found.clean else 1


def _check_accounts(api: Api, record: Record) -> None:
    """A journal is of certain accounts; in others there is nothing to look for, let alone to delete."""
    endpoint = None if api.target.name == "aws" else api.target.endpoint
    for role, account in api.target.accounts.items():
        noted = record.accounts.get(role)
        found = account.account_id or (identity(account, endpoint, api.target.region) if noted else None)
        if noted and found and noted != found:
            raise TargetError(f"the run used account {noted} ({role}), but these credentials belong to {found}")


def _say(line: str) -> None:
    sys.stdout.write(f"{one_line(line)}\n")
    sys.stdout.flush()


def _refuse(line: str) -> int:
    sys.stderr.write(f"dxcontract: {one_line(line)}\n")
    return 2
