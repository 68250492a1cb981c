"""Actions for any operation, including operations without a model of their own and operations of the future.

Read operations use existing resources, also as unrelated accounts and in other Regions. Changing operations are sent
here only with a flaw, since their own actions describe their effects.
"""

from collections.abc import Callable
from typing import Any

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Operation
from dxcontract.wire.credentials import ROLES, Role
from dxcontract.wire.errors import Unsupported
from dxcontract.wire.exchange import Exchange
from strategies import valid_requests
from strategies.machines.actions.registry import action
from strategies.machines.compare import descriptions
from strategies.machines.context import MachineContext
from strategies.machines.model import TAGGABLE, ArnOf, Model, Thing
from strategies.machines.negative_steps import FOREIGN, spoil
from strategies.machines.steps import Step
from strategies.world import AccountId

_HIDDEN = {
    "connection": "access.connection-hidden",
    "hosted-connection": "access.hosted-connection-hidden",
    "interconnect": "access.interconnect-hidden",
    "lag": "access.lag-hidden",
    "virtual-interface": "access.virtual-interface-hidden",
    "direct-connect-gateway": "access.gateway-hidden",
    "gateway-association": "access.association-hidden",
    "association-proposal": "access.proposal-hidden",
    "resiliency-group": "access.resiliency-group-hidden",
}
_REGIONAL = ("connection", "interconnect", "lag", "virtual-interface")
RULES = (*_HIDDEN.values(), "access.region-hidden", "access.tags-hidden", "machines.reads-change-nothing")


def _any(model: Model) -> list[Thing]:
    return [one for one in model.things if one.there and one.kind != "virtual-gateway"]


def _reads(m: MachineContext, *, only: bool) -> list[Operation]:
    return [one for one in m.spec.operations.values() if (one.traits.effect == "read") == only and m.can(one.name)]


@action(ready=_any)
def read(m: MachineContext) -> None:
    """Calls read operations on existing resources; they must change nothing."""
    for _ in range(m.one_of((1, 2, 3))):
        step = _step(m, m.one_of(_reads(m, only=True)))
        if step is None or spoiled_read(m, step):
            continue
        m.remember(*step.things)
        if m.send(step) is not None:
            for thing in step.things:
                descriptions.unchanged(m, thing, "machines.reads-change-nothing", step.operation)


def spoiled_read(m: MachineContext, step: Step) -> bool:
    """Sometimes reads as an unrelated account or in another Region; the request is refused or returns nothing."""
    if not m.chance(3):
        return False
    strangers = [one for one in ROLES if one in m.facts.roles and not any(one in t.parties for t in step.things)]
    abroad = m.world.api.target.other_region if m.chance(2) else None
    if not step.things or (abroad is None and not strangers):
        return False
    role = step.role if abroad else m.one_of(strangers)
    for thing in step.things:
        hidden(m, thing, role, abroad)
    return True


def hidden(m: MachineContext, thing: Thing, role: Role, region: str | None, *, step: bool = True) -> None:
    """Checks that a resource is hidden from this account or this Region; sent as a step or outside the steps."""
    if thing.kind not in _HIDDEN or (region is not None and thing.kind not in _REGIONAL):
        return
    rule = "access.region-hidden" if region else _HIDDEN[thing.kind]
    describe = m.spec.resources[thing.kind].describe
    if thing.unsure or not thing.id or describe is None:
        return
    group = thing.kind == "resiliency-group"
    operation = "GetResiliencyGroup" if group else describe.operation
    member = m.spec.resources[thing.kind].id if group else describe.filter
    if rule == "access.region-hidden" and operation not in m.spec.rule(rule).operations:
        return
    params = {member: thing} if member else {}
    asked = Step(operation, params, role, region, "by a stranger")
    exchange = m.send(asked) if step else m.ask(operation, params, role, region)
    if exchange is not None:
        what = f"a {thing.kind} is shown to whom it does not concern"
        by = f"by-{member}" if thing.kind == "gateway-association" else "by-id" if member and not group else ""
        m.contract.check(rule, not _shows(exchange, thing), what, exchange, where=by)


def pried(m: MachineContext) -> None:
    """At the end of an example, checks that one resource of each kind is hidden from other accounts and Regions."""
    for thing in {one.kind: one for one in m.model.things if one.there and one.id and not one.unsure}.values():
        strangers = [one for one in ROLES if one in m.facts.roles and one not in thing.parties]
        if strangers:
            hidden(m, thing, strangers[0], None, step=False)
        hidden(m, thing, thing.owner, m.world.api.target.other_region, step=False)


def _shows(exchange: Exchange, thing: Thing) -> bool:
    return exchange.succeeded and f'"{thing.id}"'.encode() in (exchange.response.body if exchange.response else b"")


@action(ready=_any, accounts=("other",))
def read_anothers_tags(m: MachineContext) -> None:
    """Checks that an account cannot read the tags of another account's resource."""
    things = m.model.of(*TAGGABLE, where=lambda one: one.owner == "owner" and one.tags)
    if not things or not m.can("DescribeTags"):
        return
    thing = m.one_of(things)
    exchange = m.send(Step("DescribeTags", {"resourceArns": [ArnOf(thing)]}, "other", None, "by a stranger"))
    if exchange is not None:
        shown = exchange.succeeded and bool(at(exchange.body, "/resourceTags/*/tags/*"))
        m.contract.check("access.tags-hidden", not shown, "the tags of another account are shown", exchange)


@action(ready=_any)
def misuse(m: MachineContext) -> None:
    """Sends requests of changing operations that are valid except for one flaw each."""
    for _ in range(m.one_of((1, 2, 3))):
        step = _step(m, m.one_of(_reads(m, only=False)))
        if step is not None:
            spoil(m, step)


def read_by_all(m: MachineContext) -> None:
    """At the end of an example, calls every read operation on the resource that was used most."""
    for operation in _reads(m, only=True):
        step = _step(m, operation, _most_used)
        if step is not None and step.things and all(one.id and not one.unsure for one in step.things):
            m.ask(step.operation, step.params, step.role)
            for thing in step.things:
                m.explorer.touched(thing, step.operation)
            _refused_to_strangers(m, step)


def _refused_to_strangers(m: MachineContext, step: Step) -> None:
    rule = FOREIGN.get(step.operation)
    strangers = [one for one in ROLES if one in m.facts.roles and not any(one in t.parties for t in step.things)]
    if rule is not None and strangers:
        exchange = m.ask(step.operation, step.params, strangers[0])
        if exchange is not None:
            m.contract.refused(rule, exchange, "another account is told of what is not its own")


def _step(m: MachineContext, operation: Operation, choose: Callable[[list[Thing]], Thing] | None = None) -> Step | None:
    """A request for this operation with resources of the model, which are drawn unless the caller selects them.

    None if the model has no suitable resource.
    """
    scene = valid_requests.Scene(m.world, operation)
    role: Role | None = None
    for pointer, kind in operation.traits.takes.items():
        needed = _needed(m, operation, pointer)
        if not needed:
            continue
        if kind == "account":
            scene.taken[pointer] = AccountId("other" if "other" in m.facts.roles else "owner")
            continue
        if kind == "location":
            continue
        things = [
            one
            for one in _of(m, operation, kind)
            if role is None or role in one.parties or one.kind == "virtual-gateway"
        ]
        if not things:
            return None
        thing = choose(things) if choose is not None else m.one_of(things)
        role = role or thing.owner
        scene.taken[pointer] = ArnOf(thing) if kind == "arn" else thing
    if role is None and operation.traits.takes:
        return None
    try:
        params: dict[str, Any] = valid_requests.least(scene)
    except Unsupported:
        return None
    return Step(operation.name, params, role or "owner")


def _most_used(things: list[Thing]) -> Thing:
    return max(things, key=lambda one: (not one.unsure, len(one.touched)))


def _needed(m: MachineContext, operation: Operation, pointer: str) -> bool:
    listed = m.spec.values.get(operation.name, {})
    return pointer in listed or pointer in valid_requests.required(operation)


def _of(m: MachineContext, operation: Operation, kind: str) -> list[Thing]:
    """The resources that an operation can use; an operation that confirms needs one that waits for confirmation."""
    if kind == "arn":
        return m.model.of(*TAGGABLE)
    waiting, live = m.model.of(kind, life="waiting"), m.model.of(kind)
    return waiting if waiting and operation.traits.effect == "confirm" else waiting + live
