"""Runs a machine: explores and collects violations, then finds the shortest sequence for each new violation.

If an example raised an exception for each violation, Hypothesis would stop at a violation that every example shows.
Exploration therefore raises nothing. Afterwards the steps that showed a violation are repeated with fewer and fewer
steps until all are needed (`shrink`). The result is stored for the next run.
"""

import functools
import random
import time
import unittest
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import Phase, Verbosity, seed, settings, target
from hypothesis.database import ExampleDatabase
from hypothesis.errors import Flaky
from hypothesis.stateful import get_state_machine_test

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.oracle.exploration_stats import Exploration, certain
from dxcontract.oracle.state_observer import Observer
from dxcontract.oracle.verdict import MOST_DISTINCT, Tally, Violation
from dxcontract.spec.model import LEVELS
from dxcontract.wire.errors import HarnessError
from dxcontract.wire.exchange import Exchange
from strategies.machines import negative_steps
from strategies.machines.choices import Done
from strategies.machines.context import Facts, Failed, MachineContext
from strategies.machines.example_db import Memory
from strategies.machines.machine import Machine
from strategies.machines.model import Thing
from strategies.machines.seed_sequences import directed
from strategies.machines.shrink import OutOfTimeError, shortest
from strategies.machines.steps import Step

_LONGEST = 500


@dataclass
class Budget:
    """The number of random examples, of steps in each, and of seconds, which also limit the minimization of one
    violation and of all. `target` lets Hypothesis maximize new transitions and pairs. `directed` runs directed
    sequences first. `repeatable` makes the results independent of the time of day and of the available time."""

    examples: int
    steps: int
    seconds: float
    minimise: float
    minimise_all: float
    target: bool
    directed: bool = False
    repeatable: bool = False


class _StopError(BaseException):
    """Ends an example and the exploration. It is no Exception, so that Hypothesis does not treat it as a failure."""


def _unknown(_: Violation) -> bool:
    return False


@dataclass
class _Finding:
    """A violation with its shortest known steps and their length (`Machine.length`)."""

    violation: Violation
    length: tuple[int, int]
    way: tuple[Done, ...]


@dataclass
class Explorer:
    """One machine on one target. Violations in `known` are not minimized, and `told` receives the progress. With
    `until_found`, exploration ends at the first violation, which occurred `found_after` that many seconds. `flaky`
    states how exploration ended early because draws depended on responses, which is a defect of the suite.
    """

    api: Api
    contract: Contract
    run_id: str
    machine: type[Machine]
    facts: Facts
    budget: Budget
    known: Callable[[Violation], bool] = _unknown
    database: ExampleDatabase | None = None
    seeded: int = 0
    told: Callable[["Explorer"], None] | None = None
    until_found: bool = False
    found_after: float = 0.0
    flaky: str = ""
    figures: Exploration = field(default_factory=Exploration)
    found: dict[str, _Finding] = field(default_factory=dict)
    judging: bool = True
    persistent: set[Failed] = field(default_factory=set)
    _collected: Tally = field(default_factory=Tally, init=False)
    _reached: set[tuple[str, str, str]] = field(default_factory=set, init=False)
    _given: set[str] = field(default_factory=set, init=False)
    _example: Exploration = field(default_factory=Exploration, init=False)
    _distinct: Counter[tuple[str, str]] = field(default_factory=Counter, init=False)
    _only: str = field(default="", init=False)
    _shown: bool = field(default=False, init=False)
    _is_drawn: bool = field(default=False, init=False)
    _end: float = field(default=0.0, init=False)
    _began: float = field(default_factory=time.monotonic, init=False)

    def run(self) -> None:
        """Explores, starting with stored sequences, then minimizes and stores new violations.

        Violations go to the tally of the current scope, and figures to its exploration.

        Raises:
            HarnessError: the suite itself has a defect, for example draws that depend on responses.
        """
        scope = self.contract.current
        total, observer = scope.tally, scope.observer
        self._class = type(self.machine.__name__, (self.machine,), {"explorer": self, "__module__": __name__})
        memory = Memory(self.database, self.machine.title) if self.database is not None else None
        try:
            self._end = time.monotonic() + self.budget.seconds
            for way in memory.ways() if memory is not None else ():
                self._directly(functools.partial(Machine.again, steps=way))
            for sequence in directed(self.machine.title, journeys=self.facts.events).values():
                if self.budget.directed and not self._is_enough:
                    self._directly(functools.partial(Machine.direct, opening=sequence))
            if self.budget.examples and not self._is_enough:
                self._explore()
            self._minimise()
            if memory is not None:
                memory.keep([one.way for one in self.found.values() if not _alone(one.violation)])
        finally:
            total.add(self._collected)
            for finding in self.found.values():
                total.violate(finding.violation)
            scope.tally, scope.observer = total, observer
            observer.reached |= self._reached
            scope.exploration = self.figures
        if self.flaky:
            raise HarnessError(
                f"{self.machine.title}: exploring ended early, since a draw or a precondition depended on what the "
                f"target answered ({self.flaky}); what was found until then counts"
            )

    def steps(self, fingerprint: str) -> int:
        """The number of requests in the shortest sequence for a violation; one if a single request shows it."""
        finding = self.found[fingerprint]
        return 1 if _alone(finding.violation) else max(1, finding.length[0])

    @property
    def is_repeatable(self) -> bool:
        """Whether the results must depend neither on the time of day nor on the available time."""
        return self.budget.repeatable

    @property
    def _is_enough(self) -> bool:
        return self.until_found and bool(self.found)

    # -- passes

    def _directly(self, go: Callable[[Machine], None]) -> None:
        """Runs an example without drawing."""
        machine = self._class()
        try:
            with suppress(_StopError):
                go(machine)
        finally:
            with suppress(_StopError):
                machine.teardown()

    def _explore(self) -> None:
        """Runs random examples."""
        chosen = settings(
            settings.get_profile(settings.get_current_profile_name()),
            max_examples=self.budget.examples,
            stateful_step_count=self.budget.steps,
            phases=(Phase.generate, *([Phase.target] if self.budget.target else [])),
            derandomize=False,
            database=None,
            verbosity=Verbosity.quiet,
        )
        test = seed(self.seeded)(get_state_machine_test(self._class, settings=chosen))
        self._is_drawn = True
        try:
            with suppress(_StopError, unittest.SkipTest):
                test()
        except Flaky as error:
            self.flaky = f"{type(error).__name__}: {error}"[:_LONGEST]
        finally:
            self._is_drawn = False

    def _minimise(self) -> None:
        """Minimizes each new violation, the most severe first, within the time limit."""
        new = [one for one in self.found if not self.known(self.found[one].violation)]
        order = {level: number for number, level in enumerate(LEVELS)}
        new.sort(key=lambda one: (order[self.found[one].violation.level], self.found[one].length))
        end = time.monotonic() + self.budget.minimise_all
        for fingerprint in new:
            finding = self.found[fingerprint]
            if not _alone(finding.violation) and len(finding.way) > 1:
                self._only, self._end = fingerprint, min(time.monotonic() + self.budget.minimise, end)
                shortest(finding.way, self._shows)
        self._only = ""

    def _shows(self, way: Sequence[Done]) -> bool:
        """Whether these steps show the violation.

        Raises:
            OutOfTimeError: the time is over.
        """
        if time.monotonic() > self._end:
            raise OutOfTimeError
        self._shown = False
        self._directly(functools.partial(Machine.again, steps=way))
        return self._shown

    # -- called by the machine

    def begin(self) -> None:
        """Starts a new example."""
        self.judging = True
        self._example = Exploration()
        scope = self.contract.current
        scope.tally, scope.observer = Tally(), Observer(scope.observer.spec, scope.observer.lifecycles)
        scope.history.clear()

    def check_time(self) -> None:
        """Ends the pass when its time is up."""
        if time.monotonic() > self._end:
            self._stop()

    def _stop(self) -> None:
        self.judging = False
        raise _StopError

    def called(self, step: Step, exchange: Exchange) -> None:
        """Records that a step was sent."""
        self._example.calls += 1
        self._example.refused += not exchange.succeeded
        for thing in step.things:
            self.touched(thing, step.operation)

    def touched(self, thing: Thing, operation: str) -> None:
        """Records that an operation used a resource."""
        self._example.pairs |= {(earlier, operation) for earlier in thing.touched}
        thing.touched.add(operation)

    def fresh(self, resource_id: str) -> bool:
        """Whether no earlier example got this id."""
        if self._only:
            return True
        new = resource_id not in self._given
        self._given.add(resource_id)
        return new

    def stepped(self, machine: MachineContext, *, ended: bool = False) -> None:
        """After each step and at the end: stores new violations, and stops if the wanted violation was found."""
        self._example.steps += not ended
        found = self.contract.current.tally.violations
        for fingerprint, violation in found.items():
            best = self.found.get(fingerprint)
            if best is None and self._only and self.budget.repeatable:
                continue  # how often a way is shortened hangs on the time
            if best is None and not self._makes_room(violation):
                continue
            if best is None or machine.length < best.length:
                shown = violation if _alone(violation) else _evidence(machine, violation)
                self.found[fingerprint] = _Finding(shown, machine.length, tuple(machine.done))
        if self._only in found:
            self._shown = True
            self._stop()
        if self._is_enough and not self._only:
            self.found_after = self.found_after or time.monotonic() - self._began
            self._stop()

    def _makes_room(self, violation: Violation) -> bool:
        """Whether a violation is among the first of one rule and operation to be minimized."""
        place = violation.rule, violation.operation
        self._distinct[place] += 1
        return self._distinct[place] <= MOST_DISTINCT

    @contextmanager
    def tidying(self) -> Iterator[None]:
        """Marks the deletions after an example, which are not checked."""
        scope = self.contract.current
        kept, scope.tally = scope.tally, Tally()
        try:
            yield
        finally:
            scope.tally = kept

    def finished(self) -> None:
        """Records the figures of an example, unless it is an attempt to shorten another."""
        scope = self.contract.current
        reached = certain(scope.observer.lifecycles, scope.observer.reached)
        self._reached |= scope.observer.reached
        if self._only:
            return
        self._collected.add(Tally(scope.tally.verdicts))
        self._example.examples, self._example.transitions = 1, reached
        self.figures.add(self._example)
        if self.told is not None:
            self.told(self)
        if self.budget.target and self.judging and self._is_drawn:
            target(float(len(reached) + len(self._example.pairs)), label="transitions and pairs of operations")


def _alone(violation: Violation) -> bool:
    """Whether one request and its response show the violation, independent of earlier steps."""
    return violation.rule.startswith("wire.") or violation.rule in negative_steps.ALONE


def _evidence(machine: MachineContext, violation: Violation) -> Violation:
    """The violation with all steps of its example in words and as exchanges; the exchanges of its check come last."""
    shown = [str(one) for one in violation.exchanges]
    last = shown[-1] if shown else ""
    steps: list[Mapping[str, Any]] = []
    for one in machine.sent:
        steps.append(one.to_report())
        if str(steps[-1]) == last and not one.together:
            break
    known = {str(one) for one in steps}
    exchanges = [*steps, *(one for one in violation.exchanges if str(one) not in known)]
    wanted = {shown[place - 1] for place in violation.judged}
    judged = tuple(place for place, one in enumerate(exchanges, 1) if str(one) in wanted)
    return replace(violation, steps=tuple(machine.script.lines), exchanges=tuple(exchanges), judged=judged)


def new_seed() -> int:
    """A random seed."""
    return random.getrandbits(64)
