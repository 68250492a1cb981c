"""`dxcontract replay`: repeats findings on a target, reports which still occur, and deletes what they create."""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dxcontract.client.errors import TargetDied
from dxcontract.report import load_findings
from dxcontract.report.compare import read as read_report
from dxcontract.report.load_findings import FindingError
from dxcontract.reproduce import judge
from dxcontract.reproduce.describe_steps import words
from dxcontract.reproduce.executor import Performer, Shown
from dxcontract.run import suite, target_options
from dxcontract.run.session import Session
from dxcontract.spec import model
from dxcontract.spec.model import Json
from dxcontract.targets.target import TargetError
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import CannotWriteError, Indeterminate, Unsupported
from dxcontract.wire.safe_text import one_line, printable
from strategies import ec2
from strategies.world import World, locations

CLEAN_SECONDS: Final = 120.0


STATUS: Final = {judge.GONE: 0, judge.STILL: 1, judge.UNCLEAR: 2}
_NOT_ALONE: Final = ("test_machines.py", "test_fuzz.py", "test_pins.py")
_PASSED_ON: Final = (
    "region",
    "accounts",
    "locations",
    "allow",
    "account",
    "budget",
    "journal",
    "rate",
    "deadline",
    "answer_seconds",
    "slow_down_seconds",
)


@dataclass(frozen=True)
class Replayed:
    """One finding and its result; `shown.verdict` is a verdict of `reproduce.judge`."""

    finding: Json
    shown: Shown


def run(options: argparse.Namespace) -> int:
    """Replays; returns 0 if no finding occurs, 1 if one still occurs, and 2 if that cannot be decided.

    Raises:
        ValueError: an option is invalid.
    """
    if options.attempts < 1:
        raise ValueError(f"--attempts={options.attempts}: give 1 or more")
    try:
        found = load_findings.findings(options.file, options.fingerprint)
        if not found:
            raise FindingError(f"{options.file} has no finding that can be replayed")
        named = {target for _, target in found if target}
        default = named.pop() if len(named) == 1 else target_options.DEFAULT_TARGET
        with opened(options, default) as session:
            done = [_replay(session, one, options, default) for one, _ in found]
            left = _clean(session)
    except (FindingError, TargetError, CannotWriteError) as error:
        sys.stderr.write(f"dxcontract: {one_line(str(error))}\n")
        return STATUS[judge.UNCLEAR]
    _tell(done, left, session, as_json=options.json)
    return max((STATUS[one.shown.verdict] for one in done), key=(STATUS[judge.GONE], 2, 1).index) if done else 0


@contextmanager
def opened(options: argparse.Namespace, default: str) -> Iterator[Session]:
    """The target according to the options; created resources are deleted even after an interrupt.

    Raises:
        TargetError: the target does not respond, or is not a Direct Connect endpoint.
    """
    loaded = model.load()
    session, _ = target_options.opened(
        loaded, target_options.choice(options, default), target_options.careful(options), options.answer_seconds
    )
    try:
        yield session
    except BaseException:
        _clean(session)
        raise
    finally:
        session.close()


def _clean(session: Session) -> list[str]:
    """Deletes created resources; returns those that are left."""
    swept = session.sweep(CLEAN_SECONDS)
    beyond = [f"perhaps more, where one cannot look: {'; '.join(swept.unseen)[:300]}"] if swept.unseen else []
    return [*swept.left, *beyond]


def _replay(session: Session, finding: Json, options: argparse.Namespace, default: str) -> Replayed:
    shown = Shown(judge.UNCLEAR, "it was not tried")
    for _ in range(options.attempts):
        shown = perform(session, finding)
        if shown.verdict != judge.GONE:
            break
    if shown.verdict == judge.STILL or len(shown.exchanges) < len(finding["steps"]):
        return Replayed(finding, shown)
    claim, test = finding["claim"], finding["test"]
    plain = "asks" not in claim and "by" not in claim
    if plain and not options.no_test and "::" in test and not any(one in test for one in _NOT_ALONE):
        verdict, why = _by_test(finding, options, default)
        shown = Shown(verdict, why, shown.exchanges)
    return Replayed(finding, shown)


def perform(session: Session, finding: Json) -> Shown:
    """Repeats a finding once, in its own scope and world."""
    with session.contract.scope("replay", [finding["rule"]]):
        try:
            return performed(session, World(session.api, session.api.journal.label), finding)
        except (TargetDied, Unsupported, Indeterminate) as reason:
            return Shown(judge.UNCLEAR, str(reason))


def performed(session: Session, world: World, finding: Json) -> Shown:
    """Repeats a finding once in the current scope; `world` deletes the resources of EC2."""

    def gateway(kind: str, role: Role) -> str:
        make = ec2.virtual_private_gateway if kind == "vgw" else ec2.transit_gateway
        return make(world, role)

    with world:
        performer = Performer(session.api, session.contract, world.name, locations(session.api), gateway)
        shown = performer.show(finding)
        world.keep(*shown.exchanges)
    return shown


def _by_test(finding: Json, options: argparse.Namespace, default: str) -> tuple[str, str]:
    """Runs the test that found the violation, since responses that differ from the recording may mean nothing."""
    test = finding["test"]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "pytest", f"--rootdir={suite.folder()}", "-q", "-p", "no:terminalreporter"),
            f"--config-file={suite.folder() / 'pyproject.toml'}",
            f"--confcutdir={suite.folder()}",
            f"--report={folder}",
            f"--target={options.target or default}",
            *(f"--fault={one}" for one in options.fault),
            *(["--emulator"] if options.emulator else []),
            *(
                f"--{name.replace('_', '-')}={value}"
                for name in _PASSED_ON
                if (value := getattr(options, name)) is not None
            ),
            str(suite.folder() / test),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (Path(folder) / "report.json").exists():
            last = next((line for line in reversed((done.stdout + done.stderr).splitlines()) if line.strip()), "")
            return judge.UNCLEAR, f"{test} could not be run again: {last:.200}"
        document = read_report(Path(folder))
    for violation in document["violations"]:
        if violation["fingerprint"] == finding["fingerprint"]:
            return judge.STILL, f"{test}, run again, finds: {violation['message']}"
    verdict = document["rules"][finding["rule"]]["operations"].get(finding["operation"], "untested")
    if verdict in ("conforms", "violates"):
        return judge.GONE, f"{test}, run again, does not find it any more"
    return judge.UNCLEAR, f"{test}, run again: {verdict}"


def _tell(done: Sequence[Replayed], left: Sequence[str], session: Session, *, as_json: bool) -> None:
    text = "\n".join(itertools.chain(_json(done, left) if as_json else _lines(done, left, session)))
    sys.stdout.write(f"{printable(session.api.vault.scrubbed(text))}\n")


def _json(done: Sequence[Replayed], left: Sequence[str]) -> Iterator[str]:
    findings = [
        {
            "fingerprint": one.finding["fingerprint"],
            "verdict": one.shown.verdict,
            "why": one.shown.why,
            "exchanges": [exchange.to_report() for exchange in one.shown.exchanges],
        }
        for one in done
    ]
    yield json.dumps({"findings": findings, "left": list(left)}, indent=2, ensure_ascii=False)


def _lines(done: Sequence[Replayed], left: Sequence[str], session: Session) -> Iterator[str]:
    yield f"on {session.target.name} ({session.target.endpoint}, {session.target.region})"
    for one in done:
        yield f"\n{one.finding['fingerprint']}  ({one.finding['level']})"
        yield f"  {one.finding['message']}"
        for number, (line, step) in enumerate(zip(words(one.finding["steps"]), one.finding["steps"], strict=True), 1):
            was = judge.said(step["answer"])
            now = one.shown.exchanges[number - 1].told() if number <= len(one.shown.exchanges) else "not sent"
            told = line.removesuffix(f"; answered {was}")
            yield f"    {number}. {told}; answered {now}" + ("" if now == was else f" (recorded: {was})")
        yield f"  {one.shown.verdict}: {one.shown.why}"
    if len(done) > 1:
        counts = Counter(one.shown.verdict for one in done)
        yield "\n" + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    for one_left in left:
        yield f"left behind: {one_left}"
