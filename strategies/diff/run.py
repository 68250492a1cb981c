"""`dxcontract diff`: compares two targets with a machine, or a target with a recording."""

import argparse
import functools
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hypothesis import settings

from dxcontract.client import resource_journal
from dxcontract.run import target_options
from dxcontract.run.result import OK, UNUSABLE, VIOLATED
from dxcontract.run.result import Outcome as RunOutcome
from dxcontract.run.session import Session, open_session
from dxcontract.spec import model
from dxcontract.spec.model import Spec
from dxcontract.targets import Choice
from dxcontract.targets.target import TargetError
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import CannotWriteError
from dxcontract.wire.safe_text import one_line, printable
from strategies import ec2, profiles
from strategies.diff.difference_recorder import Comparison
from strategies.diff.paired_client import Pair
from strategies.diff.recording import compare
from strategies.diff.result import Divergence, Outcome, document
from strategies.machines.budgets import facts
from strategies.machines.catalogue import ENTRIES, Entry
from strategies.machines.choices import Done
from strategies.machines.context import Facts
from strategies.machines.driver import Budget, Explorer, new_seed
from strategies.machines.machine import Machine
from strategies.machines.model import Thing
from strategies.machines.shrink import OutOfTimeError

CLEAN_SECONDS: Final = 120.0
_MINIMISE: Final = 20.0


def run(options: argparse.Namespace) -> int:
    """Compares; returns 0 without a divergence, 1 with divergences, and 2 if the comparison was not possible.

    Raises:
        ValueError: an option is invalid.
    """
    loaded = model.load()
    try:
        outcome = _compared(options, loaded)
    except (TargetError, CannotWriteError) as error:
        sys.stderr.write(f"dxcontract: {one_line(str(error))}\n")
        return UNUSABLE
    said = document(outcome, loaded) if options.json else "\n".join(outcome.lines(loaded))
    sys.stdout.write(f"{printable(said)}\n")
    return VIOLATED if outcome.divergences else OK


def _compared(options: argparse.Namespace, loaded: Spec) -> Outcome:
    against = options.against
    is_target = against in ("reference", "moto", "aws") or urlsplit(against).scheme in ("http", "https")
    if not is_target and not Path(against).is_file():
        raise TargetError(f"--against={against}: neither a target (reference, moto, aws, a URL) nor a file")
    with ExitStack() as stack:
        first = _open(stack, options, target_options.choice(options), loaded)
        if not is_target:
            return compare(first, Path(against), loaded, options.seconds)
        locations = tuple(filter(None, (options.against_locations or "").split(",")))
        faults, wait = tuple(options.against_fault), options.wait
        chosen = Choice(against, options.region, options.against_accounts, faults, locations=locations, wait=wait)
        second = _open(stack, options, chosen, loaded)
        return _explored(first, second, options, loaded)


def _open(stack: ExitStack, options: argparse.Namespace, chosen: Choice, loaded: Spec) -> Session:
    """Opens a target with its own journal and run; its resources are always deleted at the end."""
    careful = replace(target_options.careful(options), run=resource_journal.new_run_id())
    session = open_session(chosen, RunOutcome(loaded, chosen.target), options.answer_seconds, careful)
    stack.callback(session.close)
    stack.callback(lambda: session.sweep(CLEAN_SECONDS))
    session.api.witness = lambda _: None
    return session


@dataclass
class _Explorer(Explorer):
    """An explorer that tells its pair of clients when an example begins and ends."""

    pair: Pair | None = None
    confirmed: set[str] = field(default_factory=set)

    def _shows(self, way: Sequence[Done]) -> bool:
        shown = super()._shows(way)
        if shown:
            self.confirmed.add(self._only)
        return shown

    def _minimise(self) -> None:
        """Shortens each divergence and repeats it; a divergence that does not recur is dropped."""
        super()._minimise()
        for fingerprint in self.found.keys() - self.confirmed:
            self._only, self._end = fingerprint, time.monotonic() + _MINIMISE
            with suppress(OutOfTimeError):
                self._shows(self.found[fingerprint].way)
        self._only = ""

    def begin(self) -> None:
        if self.pair is not None:
            self.pair.begin()
        super().begin()

    def finished(self) -> None:
        super().finished()
        if self.pair is not None:
            self.pair.end()


def _explored(first: Session, second: Session, options: argparse.Namespace, loaded: Spec) -> Outcome:
    entry = _entry(options.machine)
    here, there = (facts(one.api, one.api.journal.label) for one in (first, second))
    known = _common(here, there)
    places = {a: b for a, b in zip(_places(here), _places(there), strict=True) if a and b and a != b}
    contract = Comparison(loaded)
    pair = Pair(first.api, second.api, places, contract.heard)
    lacking = [one for one in entry.needs if one in pair.unsupported]
    if len(lacking) == len(entry.needs):
        raise TargetError(f"the machine {entry.title} needs one of {', '.join(entry.needs)}, which both have to have")
    seed = options.seed if options.seed is not None else new_seed()
    budget = Budget(options.examples, options.steps, options.seconds, _MINIMISE, options.seconds, target=False)
    settings.load_profile(profiles.GATE)
    run_id = first.api.journal.label
    explorer = _Explorer(pair.as_api, contract, run_id, _on_both(entry, pair), known, budget, seeded=seed, pair=pair)
    with contract.scope("diff", ()) as scope:
        explorer.run()
    found = [Divergence.of(one) for name, one in scope.tally.violations.items() if name in explorer.confirmed]
    once = sorted(scope.tally.violations.keys() - explorer.confirmed)
    outcome = Outcome(
        _title(first),
        _title(second),
        first.target.region,
        found,
        explorer.figures.calls,
        sorted(second.api.unsupported.keys() - first.api.unsupported.keys()),
        sorted(first.api.unsupported.keys() - second.api.unsupported.keys()),
        explorer.figures.examples,
        seed,
        [f"seen once and not again, so not counted: {', '.join(once)}"] if once else [],
    )
    outcome.sort()
    return outcome


def _on_both(entry: Entry, pair: Pair) -> type[Machine]:
    """The machine, which has EC2 create gateways for both targets."""
    base = entry.machine

    def ec2_gateway(self: Machine, thing: Thing) -> None:
        base.ec2_gateway(self, thing)
        if thing.id:
            pair.gateway(thing.id, functools.partial(ec2.virtual_private_gateway, role=thing.owner))

    def ec2_transit_gateway(self: Machine, owner: Role, asn: int) -> str:
        made = base.ec2_transit_gateway(self, owner, asn)
        if made:
            pair.gateway(made, functools.partial(ec2.transit_gateway, role=owner, asn=asn))
        return made

    body = {"ec2_gateway": ec2_gateway, "ec2_transit_gateway": ec2_transit_gateway, "__module__": __name__}
    return type(base.__name__, (base,), body)


def _entry(name: str) -> Entry:
    found = next((one for one in ENTRIES if one.title == name), None)
    if found is None:
        raise ValueError(f"--machine={name}: there are {', '.join(one.title for one in ENTRIES)}")
    return found


def _common(here: Facts, there: Facts) -> Facts:
    """The facts that hold for both targets."""
    return replace(
        here,
        roles=here.roles & there.roles,
        second=here.second if there.second else "",
        macsec=here.macsec if there.macsec else "",
        ec2=here.ec2 and there.ec2,
        events=False,
    )


def _places(one: Facts) -> tuple[str, str, str]:
    return one.home, one.second, one.macsec


def _title(session: Session) -> str:
    name, endpoint = session.target.name, session.target.endpoint
    return name if name.startswith(("http://", "https://")) else f"{name} ({endpoint})"
