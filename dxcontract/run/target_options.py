"""Options for the target and its limits, for commands other than `run`."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dxcontract.client.client import ANSWER_SECONDS
from dxcontract.client.resource_journal import new_run_id
from dxcontract.run import project_config, safety_options
from dxcontract.run.result import Outcome
from dxcontract.run.safety_options import Safety
from dxcontract.run.session import Session, open_session
from dxcontract.spec.model import Spec
from dxcontract.targets import Choice

DEFAULT_TARGET: Final = "reference"
_NOT_FOR_COMMANDS: Final = frozenset({"--dry-run", "--redact-accounts", "--test-seconds"})


def add_options(group: Any) -> None:
    """Add the target options to an option group of pytest."""
    group.addoption("--target", metavar="TARGET", help="what to test: reference (the default), moto, aws or a URL")
    group.addoption(
        "--region", metavar="REGION", help="Region to call (default: us-east-1; aws: the Region of the profile)"
    )
    group.addoption(
        "--accounts",
        metavar="LIST",
        help="credentials as ROLE=WHO,…; roles are owner, other, partner; WHO is 12 digits, KEY:SECRET[:TOKEN], "
        "profile/NAME or a role ARN (default: from the endpoint's STS)",
    )
    group.addoption(
        "--locations",
        metavar="LIST",
        help="comma-separated codes of the locations at which to order (default: all that the target lists)",
    )
    group.addoption(
        "--fault",
        metavar="RULE",
        action="append",
        default=[],
        help="make the reference emulator break this rule (repeatable; `dxcontract serve --fault list` prints all)",
    )
    group.addoption(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="time to wait for an endpoint that does not listen yet (default: %(default)s)",
    )
    group.addoption(
        "--answer-seconds",
        metavar="SECONDS",
        type=float,
        default=ANSWER_SECONDS,
        help="time limit of one answer (default: %(default)s)",
    )


def add_arguments(parser: argparse.ArgumentParser, *, but: Iterable[str] = ()) -> None:
    """Add the target and safety options to the parser of a command, with the defaults of the project."""
    group = project_config.with_defaults(_Group(parser, _NOT_FOR_COMMANDS | set(but)))
    add_options(group)
    safety_options.add_options(group)


class _Group:
    """A parser as pytest's groups are used."""

    def __init__(self, parser: argparse.ArgumentParser, but: Iterable[str]) -> None:
        self._parser = parser
        self._but = frozenset(but)

    def addoption(self, name: str, **attributes: Any) -> None:
        if name not in self._but:
            self._parser.add_argument(name, **attributes)


@dataclass(frozen=True)
class _Given:
    """Parsed options as pytest's config is asked for them."""

    options: argparse.Namespace

    def getoption(self, name: str) -> Any:
        return getattr(self.options, name.removeprefix("--").replace("-", "_"), None)


def choice(options: argparse.Namespace, default: str = DEFAULT_TARGET) -> Choice:
    """The selected target, by default `default`.

    Raises:
        ConfigurationError: the project's file, which might name another, cannot be used.
    """
    project_config.read(Path.cwd())
    locations = tuple(filter(None, (options.locations or "").split(",")))
    return Choice(
        options.target or default,
        options.region,
        options.accounts,
        tuple(options.fault),
        locations=locations,
        wait=options.wait,
    )


def careful(options: argparse.Namespace) -> Safety:
    """The safety settings.

    Raises:
        TargetError: the options make no sense; says what to change.
    """
    # A project's file may name the folder of the journal as text, as pytest's options have it.
    made = safety_options.chosen(_Given(options), new_run_id())
    return replace(made, journal=str(Path(made.journal)) if made.journal else None)


def opened(spec: Spec, chosen: Choice, careful: Safety, answer_seconds: float) -> tuple[Session, Outcome]:
    """Open the target; returns the session and the result of the probe.

    Raises:
        TargetError: it is not there, or is no Direct Connect.
    """
    outcome = Outcome(spec, chosen.target)
    return open_session(chosen, outcome, answer_seconds, careful), outcome
