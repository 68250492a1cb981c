"""Sends the steps of a finding through the client and judges whether the violation still happens on this target.

Between steps, it waits for the resources that they created or changed, because a target may be slower than the
recorded one.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dxcontract.client import capability_probe
from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.oracle.verdict import Violation
from dxcontract.reproduce import judge
from dxcontract.reproduce.script_executor import filled_pieces, signing_values
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.spec.volatile_members import comparing
from dxcontract.wire import cbor
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported, UnusableAnswer
from dxcontract.wire.exchange import ANY_OPERATION, Exchange
from dxcontract.wire.messages import Answer, Request
from dxcontract.wire.raw_connection import Line

SETTLE_SECONDS: Final = 10.0
_PLACEHOLDER: Final = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
_NO_THINGS: Final = frozenset({"location", "account", "arn", "virtual-gateway", "bgp-peer"})
_ENDING: Final = frozenset({"deleting", "disassociating", "detaching"})

Gateways = Callable[[str, Role], str]
"""Makes a gateway of EC2: of the kind vgw or tgw, for a role; answers its id."""


def _is_same(violation: Violation, finding: Json) -> bool:
    """Whether a violation is the recorded one; files of earlier versions do not say with which symptom."""
    if "symptom" in finding:
        return bool(violation.fingerprint == finding["fingerprint"])
    return (violation.rule, violation.operation, violation.where) == tuple(
        finding[name] for name in ("rule", "operation", "where")
    )


@dataclass
class Shown:
    """What came of a finding's steps: the verdict (of `judge`), why, and the exchanges."""

    verdict: str
    why: str
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass
class Performer:
    """Shows findings on one target, within the current scope of `contract`. `name` gives names of the run's own."""

    api: Api
    contract: Contract
    name: Callable[[], str]
    locations: Sequence[str]
    gateways: Gateways
    cbor_asked: list[str | None] | None = None

    def show(self, finding: Json) -> Shown:
        """Send the steps of a finding and judge the answers. Failures of the target are returned, not raised."""
        shown = Shown(judge.UNCLEAR, "")
        protocol, stopped = self.api.protocol, ""
        values: dict[str, str] = {}
        try:
            self._speak(finding["steps"][0])
            shown.why = judge.control(self._plainly)
            if shown.why:
                return shown
            values = self._values(finding)
            with ExitStack() as lines:
                self._perform(finding["steps"], values, shown.exchanges, _Lines(self.api, lines))
        except (Unsupported, Indeterminate, judge.UnfilledError) as reason:
            stopped = str(reason)
        finally:
            self.api.protocol = protocol
        answers = [_answer(one) for one in shown.exchanges]
        known = {name: value for name, value in values.items() if not name.startswith("location:") and name != "region"}
        shown.verdict, shown.why = judge.judge(finding, answers, known, stopped)
        if finding["claim"].get("by") == "suite" and shown.verdict != judge.UNCLEAR:
            shown.verdict, shown.why = self._by_suite(finding, answers)
        return shown

    def _by_suite(self, finding: Json, answers: Sequence[Any]) -> tuple[str, str]:
        """What the suite itself says of the answers: the rule is one that every answer is judged by."""
        tally = self.contract.current.tally
        seen = next((one for one in tally.violations.values() if _is_same(one, finding)), None)
        if seen is not None:
            return judge.STILL, seen.message
        said = judge.said(answers[finding["judged"][-1] - 1])
        if tally.verdicts.get((finding["rule"], finding["operation"])) is None:
            return judge.UNCLEAR, f"answered {said}, about which {finding['rule']} says nothing"
        return judge.GONE, f"answered {said}, as {finding['rule']} asks at this place"

    # -- sending

    def _values(self, finding: Json) -> dict[str, str]:
        """The values of the placeholders that are no answers', and of accounts that recorded answers name.

        Raises:
            Unsupported: the target has no such account, or no such gateway can be had.
        """
        accounts = self.api.target.accounts
        values = {f"account-{role}": one.account_id for role, one in accounts.items() if one.account_id is not None}
        values["region"] = self.api.target.region
        told = [*({**step, "answer": None} for step in finding["steps"]), finding["claim"]]
        text = json.dumps(told, ensure_ascii=False)
        for name in dict.fromkeys(_PLACEHOLDER.findall(text)):
            kind, _, rest = name.partition("-")
            if kind == "name":
                values[name] = self.name()
            elif kind == "account":
                account = self.api.account(rest)
                if account.account_id is None:
                    raise Unsupported(f"the id of the {rest} account is not known; pass --accounts with 12-digit ids")
                values[name] = account.account_id
            elif kind in ("vgw", "tgw"):
                values[name] = self.gateways(kind, "owner")
            elif name.startswith("location:"):
                code = name.partition(":")[2]
                values[name] = code if code in self.locations or not self.locations else self.locations[0]
        return values

    def _perform(self, steps: Sequence[Json], values: dict[str, str], done: list[Exchange], lines: "_Lines") -> None:
        waiting = list(steps)
        while waiting:
            group = waiting[0].get("together")
            size = next((n for n, one in enumerate(waiting) if one.get("together") != group), len(waiting))
            now = waiting[: size if group else 1]
            del waiting[: len(now)]
            bodies = [one.json for one in done]
            asked = [judge.fill_step(one, values, bodies) for one in now]
            lines.values, lines.bodies = values, bodies
            if len(asked) == 1:
                done.append(self._send(asked[0], lines))
            else:
                done.extend(self._at_once(asked, lines))
            if waiting:
                for step, exchange in zip(asked, done[-len(asked) :], strict=True):
                    self._settle(step, exchange)

    def _at_once(self, steps: Sequence[Json], lines: "_Lines") -> list[Exchange]:
        scope = self.contract.current
        scope.concurrent = True
        try:
            with ThreadPoolExecutor(len(steps)) as pool:
                return list(pool.map(lambda step: self._send(step, lines), steps))
        finally:
            scope.concurrent = False

    def _send(self, step: Json, lines: "_Lines") -> Exchange:
        region = self.api.target.other_region if step.get("region") == "other" else self.api.target.region
        role: Role = step["account"]
        self._speak(step)
        if "request" in step:
            return self._by_hand(step, role, region, lines)
        if step["answer"]["failure"]:
            made = self.api.prepare(step["operation"], step["params"], role=role, region=region)
            return self.api.deliver(step["operation"], made, role=role, region=region)
        door = self.api.send if step.get("raw") else self.api.call
        try:
            return door(step["operation"], step["params"], role=role, region=region)
        except UnusableAnswer as reason:
            if not isinstance(reason.exchange, Exchange):
                raise
            return reason.exchange  # that it cannot be read may be what is to be shown

    def _speak(self, step: Json) -> None:
        """Go on in the protocol of a step.

        Raises:
            Unsupported: the target does not speak it.
        """
        protocol: Any = step.get("protocol") or step.get("request", {}).get("protocol") or "json"
        if protocol == "cbor" and (reason := self._lacks_cbor()):
            raise Unsupported(reason)
        self.api.protocol = protocol

    def _plainly(self, operation: str) -> dict[str, Any]:
        """The answer to an operation with an empty request; judged by nobody."""
        return _answer(self.api.ask(operation, {}, self.api.answer_seconds))

    def _lacks_cbor(self) -> str | None:
        if self.cbor_asked is None:
            self.cbor_asked = [self.api.lacks.get("cbor") or capability_probe.lacks_cbor(self.api)]
        return self.cbor_asked[0]

    def _by_hand(self, step: Json, role: Role, region: str, lines: "_Lines") -> Exchange:
        if self.api.target.is_real:
            raise Unsupported(f"{self.api.target.name} is not sent requests that no client would send")
        request = step["request"]
        named = _headers_of(request).get("x-amz-target", "").rpartition(".")[2]
        addressed = step["operation"] != ANY_OPERATION
        operation = step["operation"] if addressed else named if named in self.api.spec.operations else ANY_OPERATION
        headers: dict[str, str | None] = {"Content-Type": None, "X-Amz-Target": None}
        headers |= request["headers"]
        if "token" in request:
            headers["X-Amz-Security-Token"] = request["token"]
        sign: Any = {"query": "query", "none": False}.get(request.get("signed", ""), True)
        made = self.api.prepare(
            operation,
            judge.unpacked(request["body"]),
            role=role,
            region=region,
            headers=headers,
            sign=sign,
            age=request.get("age", 0.0),
            method=request["method"],
        )
        values = {**lines.values, **signing_values(made.url, made.headers)}
        if "authorization" in request:
            wrong = judge.fill(request["authorization"], values, lines.bodies)
            kept = tuple((name, wrong if name.lower() == "authorization" else value) for name, value in made.headers)
            made, values = replace(made, headers=kept), {**values, "authorization": wrong}
        carrier = None
        if "written" in request:
            pieces, number = filled_pieces(request["written"], values, lines.bodies), request.get("line", 0)
            made = replace(made, written=tuple(pieces), line=number, ends="ends" in request)
            carrier = lines.carrier(number)
        again = carrier is None  # what shares a connection with other requests is sent once
        return self.api.deliver(operation, made, carrier, role=role, region=region, addressed=addressed, again=again)

    # -- waiting

    def _settle(self, step: Json, exchange: Exchange) -> None:
        """Wait, within bounds, until what a step made or changed is on the way no more."""
        known = self.api.spec.operations.get(exchange.operation)
        if known is None or known.traits.effect == "read" or not exchange.succeeded:
            return
        deadline = time.monotonic() + SETTLE_SECONDS
        moving = comparing().moving | _ENDING
        for kind, one in self._things(known.traits, step, exchange):
            pause = 0.02
            while self._state(kind, one, step) in moving and time.monotonic() < deadline:
                time.sleep(pause)
                pause = min(2 * pause, 0.5)

    def _things(self, traits: Any, step: Json, exchange: Exchange) -> Iterator[tuple[str, str]]:
        for places, document in ((traits.gives, exchange.json), (_turned(traits.takes), step.get("params"))):
            for kind, pointer in places.items():
                if kind not in _NO_THINGS:
                    yield from ((kind, one) for one in at(document, pointer) if isinstance(one, str))

    def _state(self, kind: str, one: str, step: Json) -> str:
        """The state of a thing as its owner sees it; nothing where that cannot be seen."""
        resource = self.api.spec.resources[kind]
        describe = resource.describe
        if describe is None or not describe.filter or describe.operation in self.api.unsupported:
            return ""
        region = self.api.target.other_region if step.get("region") == "other" else None
        try:
            exchange = self.api.call(describe.operation, {describe.filter: one}, role=step["account"], region=region)
        except (Unsupported, Indeterminate):
            return ""
        items = [item for item in at(exchange.json, f"/{describe.list}/*") if isinstance(item, dict)]
        return next((str(item.get(resource.state)) for item in items if item.get(resource.id) == one), "")


def _turned(takes: Any) -> dict[str, str]:
    return {kind: pointer for pointer, kind in takes.items()}


def _headers_of(request: Json) -> dict[str, str]:
    return {name.lower(): value for name, value in request["headers"].items()}


def _answer(one: Exchange) -> dict[str, Any]:
    if one.response is None:
        return judge.answer(0, {}, b"", one.failure or "other")
    return judge.answer(one.status, one.response.headers, cbor.as_json(one.response.body))


@dataclass
class _Lines:
    """The connections of a finding's own: one a request, or shared by those with one number; and what placeholders
    stand for by now."""

    api: Api
    stack: ExitStack
    values: dict[str, str] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)
    shared: dict[int, Line] = field(default_factory=dict)

    def carrier(self, number: int) -> Callable[[Request], Answer]:
        line = self.shared.get(number) if number else None
        if line is None:
            line = self.stack.enter_context(Line(self.api.target.endpoint, self.api.answer_seconds))
            if number:
                self.shared[number] = line

        def carry(request: Request) -> Answer:
            return line.exchange(request.written or (), method=request.method, ends=request.ends)

        return carry
