"""Assertions by rule id. Each test has a tally of passed and failed checks.

A failed check does not end the test, so that a run reports every distinct violation. A passed check is recorded as
well, so that a rule without any check counts as untested. A check that passes without anything to judge decides
nothing. Tests state what a check was based on (`basis`, `each`). A rule with an empty basis is indeterminate.
"""

import operator
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from dxcontract.oracle import expectations, provenance, response_checks, violation_identity
from dxcontract.oracle.exploration_stats import Exploration
from dxcontract.oracle.state_observer import Observer
from dxcontract.oracle.verdict import Refusals, Tally, Violation, fingerprint, weight
from dxcontract.spec import lifecycles
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Spec
from dxcontract.wire.errors import HarnessError
from dxcontract.wire.exchange import Exchange, cut_off, kept
from dxcontract.wire.safe_text import LONGEST, one_line

LONGEST_PLACE: Final = 300
"""Characters of a JSON pointer or a state pair in an identity."""

RECENT: Final = 8
"""So many answers of a test are kept to tell whether they were what the test had to trip over."""

HISTORY: Final = 2000
"""So many calls of a test that changed something are kept, to tell how what a violation concerns came to be."""
T = TypeVar("T")

_ABOUT_THE_REQUEST: Final = ("accepted", "refused")
"""What claims ask for where the answer as a whole is right or wrong, and `where` is a place in the request."""


@dataclass
class Scope:
    """The findings of one test. `own` are the ids that the target returned for resources of this test.

    `invented` are names in its requests that no member has. `concurrent` is set while requests race: their answers have
    no order, so states are not followed. `exploration` is how far a rule machine got, in a test that runs one.
    `unfounded` holds the rules with a check that passed with nothing to look at: the operation, and what was missing.
    """

    test: str
    observer: Observer
    claims: frozenset[str]
    operation: str = ""
    tally: Tally = field(default_factory=Tally)
    unfounded: dict[str, tuple[str, str]] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)
    own: set[str] = field(default_factory=set)
    invented: set[str] = field(default_factory=set)
    calls: dict[str, int] = field(default_factory=dict)
    history: deque[Exchange] = field(default_factory=lambda: deque(maxlen=HISTORY))
    concurrent: bool = False
    exploration: Exploration | None = None
    recent: deque[Exchange] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def decided(self) -> set[str]:
        """The rules with a check that had something to judge."""
        return {rule for rule, _ in self.tally.verdicts}

    def note_unfounded(self) -> dict[str, str]:
        """Record the rules without anything to judge in this test as indeterminate; returns the reason by rule."""
        put_to_nothing = {rule: told for rule, told in self.unfounded.items() if rule not in self.decided}
        for rule, (operation, _) in put_to_nothing.items():
            self.tally.note(rule, operation, "indeterminate")
        return {rule: f"{self.test}: the rule was put to nothing: {why}" for rule, (_, why) in put_to_nothing.items()}


class Contract:
    """The contract for one target. Tests call `check`, `refused` and `accepted`; the client calls `witness`.

    `counts`: whether a check that fails is a violation.
    """

    counts = True

    def __init__(self, spec: Spec, judge_everything: bool = False) -> None:
        self.spec = spec
        self.judge_everything = judge_everything
        self._ids_given = {
            pointer.rpartition("/")[2]
            for operation in spec.operations.values()
            for pointer in operation.traits.gives.values()
        }
        self._lock = threading.Lock()
        self._scope: Scope | None = None
        self._last_explained: tuple[tuple[Exchange, ...], list[Exchange]] = ((), [])

    @contextmanager
    def scope(self, test: str, claims: Iterable[str], operation: str = "") -> Iterator[Scope]:
        """Open the scope of one test; its findings go to the tally of the scope."""
        scope = Scope(test, Observer(self.spec, lifecycles.load()), frozenset(claims), operation)
        for rule in scope.claims:
            self.spec.rule(rule)
        self._scope = scope
        try:
            yield scope
        finally:
            self._scope = None

    @property
    def current(self) -> Scope:
        if self._scope is None:
            raise HarnessError("a check or a call was made outside of a contract test")
        return self._scope

    def witness(self, exchange: Exchange) -> None:
        """Judge one exchange by the rules for every answer (`response_checks`)."""
        scope = self.current
        with self._lock:
            scope.calls[exchange.operation] = scope.calls.get(exchange.operation, 0) + 1
            if exchange.succeeded and self._writes(exchange.operation):  # no lists: they may be long
                scope.history.append(exchange.light())
            if exchange.succeeded:
                scope.refusals.accepted.add(exchange.operation)
            scope.own.update(self._given_ids(exchange))
            if exchange.raw:  # boto3 sends only what is modelled
                scope.invented |= violation_identity.invented_names(self.spec, exchange.asked)
            if not exchange.is_large:
                scope.recent.append(exchange)
        judged = exchange if self.judge_everything else self._only_own(exchange, scope.own)
        if scope.concurrent:
            with self._lock:
                scope.observer.forget(judged)
        followed = [] if scope.concurrent else scope.observer.observe(judged)
        for finding in [*response_checks.findings(self.spec, judged), *followed]:
            self.record(
                finding.rule,
                exchange.operation,
                finding.ok,
                finding.pointer,
                finding.message,
                (exchange,),
                expectations.of_every_answer(finding.rule, finding.pointer),
                finding.symptom,
            )

    def check(
        self,
        rule: str,
        ok: bool,
        message: str,
        *exchanges: Exchange,
        where: str = "",
        operation: str | None = None,
        claim: Mapping[str, Any] | None = None,
        basis: object = True,
    ) -> bool:
        """Record whether `rule` was kept. `message` describes the violation. `where` is a JSON pointer or a pair of
        states. The operation is that of the last exchange by default. `claim` tells a replay how to judge; without
        it, the violation still happens while the answer at `where` is the same.

        `basis` is what the check looks at, where it would pass with nothing to look at: the items of an `all`, a value
        that is compared with another. If `is_nothing(basis)`, a check that passes decides nothing.

        Raises:
            HarnessError: the test does not claim this rule, or gives no exchange and no operation.
        """
        if rule not in self.current.claims:
            raise HarnessError(f"{self.current.test} checks {rule} but does not claim it")
        name = operation or (exchanges[-1].operation if exchanges else "")
        if not name:
            raise HarnessError(f"{self.current.test}: a check of {rule} without an exchange or an operation")
        if ok and is_nothing(basis):
            self.put_to_nothing(rule, name, f"there was nothing to judge {name} by{f' at {where}' if where else ''}")
            return ok
        claim = claim or expectations.as_recorded(where)
        what = (
            violation_identity.symptom(exchanges[-1]) if exchanges and claim.get("asks") in _ABOUT_THE_REQUEST else ""
        )
        self.record(rule, name, ok, where, message, exchanges, claim, what)
        return ok

    def each(self, rule: str, items: Iterable[T], *exchanges: Exchange, what: str = "items") -> Iterator[T]:
        """Yield the items, for a loop whose body checks `rule` on each; without items, the rule had nothing to
        judge.

        Raises:
            HarnessError: the test does not claim this rule, or gives no exchange.
        """
        if rule not in self.current.claims or not exchanges:
            raise HarnessError(f"{self.current.test} goes through items for {rule} without a claim or an exchange")
        none = True
        for item in items:
            none = False
            yield item
        if none:
            name = exchanges[-1].operation
            self.put_to_nothing(rule, name, f"{name} answered no {what}")

    def put_to_nothing(self, rule: str, operation: str, why: str) -> None:
        """Record that a check of `rule` passed, or was left out, because there was nothing to judge."""
        with self._lock:
            self.current.unfounded.setdefault(rule, (operation, one_line(why)))

    def accepted(self, rule: str, exchange: Exchange, what: str, *before: Exchange, where: str = "") -> bool:
        """Check that the request succeeds, as `rule` requires."""
        message = f"{what}: refused with {exchange.told()} ({exchange.why()})"
        return self.check(
            rule, exchange.succeeded, message, *before, exchange, where=where, claim=expectations.ACCEPTED
        )

    def refused(
        self,
        rule: str,
        exchange: Exchange,
        what: str,
        *before: Exchange,
        where: str = "",
        empty: str = "",
        basis: object = True,
    ) -> bool:
        """Check that the request is refused, as `rule` requires, with one of the error types of the rule. If `empty`
        is given, an answer with nothing at this pointer is also valid. `basis` shows that the request is refused
        because of the rule: the resource that it would break, or the same request accepted elsewhere.

        Raises:
            HarnessError: the rule names no error types (`refusal` in its entry of specs/rules/).
        """
        expected = self.spec.rule(rule).errors
        if not expected:
            raise HarnessError(f"{self.current.test} expects a refusal under {rule}, which names no family of errors")
        nothing = bool(empty) and exchange.succeeded and not at(exchange.json, empty)
        ok = nothing or (400 <= exchange.status < 500 and exchange.error_type in expected)
        message = f"{what}: answered {exchange.told()}; the rule asks for {' or '.join(expected)}"
        return self.check(
            rule,
            ok,
            message,
            *before,
            exchange,
            where=where,
            claim=expectations.refused(*expected, empty=empty),
            basis=basis,
        )

    def record(
        self,
        rule: str,
        operation: str,
        ok: bool,
        where: str,
        message: str,
        exchanges: tuple[Exchange, ...],
        claim: Mapping[str, Any],
        symptom: str,
    ) -> None:
        """Record the outcome of one check."""
        scope = self.current
        with self._lock:
            asks = claim.get("asks")
            if ok:
                scope.tally.note(rule, operation, "conforms")
                if self.spec.rule(rule).errors:
                    (scope.refusals.kept if asks == "refused" else scope.refusals.otherwise).add((rule, operation))
                return
            if asks == "accepted":
                scope.refusals.denied.add(operation)
            cut = exchanges[-1].cut if exchanges else cut_off
            where = one_line(cut(self._place(rule, operation, where, claim), LONGEST_PLACE))
            said = one_line(cut(message, LONGEST))
            name = fingerprint(rule, operation, where, symptom)
            if not scope.tally.makes_room(rule, operation, name):
                return
            evidence = self._explained(exchanges, scope.history)
            named = {exchange.order for exchange in exchanges}
            seen = scope.tally.violations.get(name)
            if seen is not None and seen.weight <= weight(said, [one.asked_shown for one in evidence]):
                return  # noted already; writing evidence down, only to drop it, would take as long as all the rest
            scope.tally.violate(
                Violation(
                    fingerprint=name,
                    rule=rule,
                    operation=operation,
                    where=where,
                    level=self.spec.rule(rule).level,
                    message=said,
                    test=scope.test,
                    exchanges=kept(evidence),
                    judged=tuple(place for place, one in enumerate(evidence, 1) if one.order in named),
                    claim=claim,
                    symptom=symptom,
                )
            )

    def _place(self, rule: str, operation: str, where: str, claim: Mapping[str, Any]) -> str:
        """The place of a violation as its identity has it."""
        if self.spec.rule(rule).placeless:
            return ""
        of_answer = claim.get("asks") not in _ABOUT_THE_REQUEST and not rule.startswith("requests.")
        return violation_identity.place(self.spec, operation, where, self.current.invented, of_answer=of_answer)

    def _explained(self, exchanges: tuple[Exchange, ...], history: Iterable[Exchange]) -> list[Exchange]:
        """The exchanges with their origins; found once for an answer that breaks several rules."""
        explained, evidence = self._last_explained
        if len(explained) != len(exchanges) or any(map(operator.is_not, explained, exchanges)):
            evidence = provenance.with_origins(exchanges, history)
            self._last_explained = exchanges, evidence
        return evidence

    def malformed(self, scope: Scope) -> str:
        """The malformed part of the last answers of a test; empty if all are as modelled.

        No test can be written for answers of any form: where one trips over such an answer, the target is to blame.
        """
        for exchange in reversed(scope.recent):
            operation = self.spec.operations.get(exchange.operation)
            if operation is None or exchange.response is None or exchange.status >= 500:
                continue
            if not isinstance(exchange.json, dict):
                return f"{exchange.operation} was answered {exchange.told()}"
            if exchange.succeeded:
                for finding in response_checks.body_findings(operation, exchange.json, exchange.cut):
                    if finding.rule != "wire.unmodelled-member":
                        return one_line(f"in an answer to {exchange.operation}, {finding.pointer}: {finding.message}")
        return ""

    def _writes(self, name: str) -> bool:
        operation = self.spec.operations.get(name)
        return operation is not None and operation.traits.effect != "read"

    def _given_ids(self, exchange: Exchange) -> set[str]:
        operation = self.spec.operations.get(exchange.operation)
        if operation is None or not exchange.succeeded:
            return set()
        return {
            found
            for pointer in operation.traits.gives.values()
            for found in at(exchange.json, pointer)
            if isinstance(found, str)
        }

    def _only_own(self, exchange: Exchange, own: set[str]) -> Exchange:
        """The exchange with only those items of a list that this test made.

        The world is shared: what others left there, malformed or not, must not change what this test finds.
        """
        listing = self.spec.listing(exchange.operation)
        if listing is None or not exchange.succeeded or not isinstance(exchange.json, dict):
            return exchange
        member, id_member = listing
        if id_member not in self._ids_given:
            return exchange  # virtual private gateways, say: nothing here makes them
        items = exchange.json.get(member)
        if not isinstance(items, list):
            return exchange
        mine = [item for item in items if not isinstance(item, dict) or _is_in(item.get(id_member), own)]
        return _with_json(exchange, {**exchange.json, member: mine})


def is_nothing(value: object) -> bool:
    """Whether a value is empty: None, an empty text, or only such values. 0 and False are values. For a boolean, a
    test passes `found or None`.
    """
    if isinstance(value, Mapping):
        return all(map(is_nothing, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_nothing, value))
    return value is None or value == ""


def _is_in(value: object, own: set[str]) -> bool:
    return isinstance(value, str) and value in own


def _with_json(exchange: Exchange, body: Json) -> Exchange:
    changed = replace(exchange)
    object.__setattr__(changed, "json", body)
    return changed
