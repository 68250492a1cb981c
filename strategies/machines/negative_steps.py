"""Flaws in otherwise valid requests: wrong resources, senders, Regions or values.

Each flaw is checked under the rule that forbids it for the operation. If no rule names the operation, a general rule of
`specs/rules/machines.json` applies, which also covers future operations.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st

from dxcontract.spec.model import Json
from dxcontract.wire.credentials import ROLES
from strategies import invalid_requests
from strategies.machines.context import MachineContext
from strategies.machines.model import Thing
from strategies.machines.steps import Step

FOREIGN: Final = {
    "AcceptDirectConnectGatewayAssociationProposal": "proposals.accept-owner-only",
    "AllocateConnectionOnInterconnect": "access.interconnect-foreign-allocate",
    "AllocateHostedConnection": "access.interconnect-foreign-allocate",
    "AllocatePrivateVirtualInterface": "virtual_interfaces.parent-foreign",
    "AllocatePublicVirtualInterface": "virtual_interfaces.parent-foreign",
    "AllocateTransitVirtualInterface": "virtual_interfaces.parent-foreign",
    "AssociateConnectionWithLag": "access.lag-foreign-membership",
    "AssociateMacSecKey": "access.macsec-foreign",
    "AssociateVirtualInterface": "virtual_interfaces.associate-requester",
    "ConfirmConnection": "hosted_connections.confirm-owner-only",
    "ConfirmPrivateVirtualInterface": "virtual_interfaces.confirm-owner-only",
    "ConfirmPublicVirtualInterface": "virtual_interfaces.confirm-owner-only",
    "ConfirmTransitVirtualInterface": "virtual_interfaces.confirm-owner-only",
    "CreateBGPPeer": "access.virtual-interface-foreign-change",
    "CreatePrivateVirtualInterface": "virtual_interfaces.parent-foreign",
    "CreatePublicVirtualInterface": "virtual_interfaces.parent-foreign",
    "CreateTransitVirtualInterface": "virtual_interfaces.parent-foreign",
    "DeleteBGPPeer": "access.virtual-interface-foreign-change",
    "DeleteConnection": "access.connection-foreign-change",
    "DeleteDirectConnectGateway": "access.gateway-foreign-change",
    "DeleteInterconnect": "access.interconnect-foreign-change",
    "DeleteLag": "access.lag-foreign-change",
    "DeleteResiliencyGroup": "access.resiliency-group-foreign-change",
    "DeleteVirtualInterface": "access.virtual-interface-foreign-change",
    "DescribeLoa": "access.loa-foreign",
    "DescribeRouterConfiguration": "access.router-foreign",
    "DisassociateConnectionFromLag": "access.lag-foreign-membership",
    "DisassociateMacSecKey": "access.macsec-foreign",
    "StartBgpFailoverTest": "failover_tests.owner-only",
    "StopBgpFailoverTest": "failover_tests.owner-only",
    "TagResource": "access.tags-foreign-change",
    "UntagResource": "access.tags-foreign-change",
    "UpdateConnection": "access.connection-foreign-change",
    "UpdateConnectionsBillingMode": "access.billing-foreign",
    "UpdateDirectConnectGateway": "access.gateway-foreign-change",
    "UpdateLag": "access.lag-foreign-change",
    "UpdateResiliencyGroup": "access.resiliency-group-foreign-change",
    "UpdateVirtualInterfaceAttributes": "access.virtual-interface-foreign-change",
}
_ELSEWHERE: Final = {
    "AssociateConnectionWithLag": "access.region-parent",
    "CreateDirectConnectGatewayAssociation": "associations.region",
    "CreatePrivateVirtualInterface": "access.region-parent",
    "CreatePublicVirtualInterface": "access.region-parent",
    "CreateTransitVirtualInterface": "access.region-parent",
    "DeleteConnection": "access.region-change",
    "DeleteLag": "access.region-change",
    "DeleteVirtualInterface": "access.region-change",
}
_DEAD: Final = {
    "AcceptDirectConnectGatewayAssociationProposal": "proposals.deleted-not-accepted",
    "AllocatePrivateVirtualInterface": "virtual_interfaces.parent-deleted",
    "AllocatePublicVirtualInterface": "virtual_interfaces.parent-deleted",
    "AllocateTransitVirtualInterface": "virtual_interfaces.parent-deleted",
    "ConfirmConnection": "hosted_connections.rejected-not-confirmed",
    "ConfirmPrivateVirtualInterface": "virtual_interfaces.rejected-not-confirmed",
    "ConfirmPublicVirtualInterface": "virtual_interfaces.rejected-not-confirmed",
    "ConfirmTransitVirtualInterface": "virtual_interfaces.rejected-not-confirmed",
    "CreateBGPPeer": "virtual_interfaces.deleted-final",
    "CreatePrivateVirtualInterface": "virtual_interfaces.parent-deleted",
    "CreatePublicVirtualInterface": "virtual_interfaces.parent-deleted",
    "CreateTransitVirtualInterface": "virtual_interfaces.parent-deleted",
    "DeleteConnection": "connections.deleted-final",
    "DeleteDirectConnectGateway": "gateways.delete-twice",
    "DeleteInterconnect": "interconnects.delete-twice",
    "DeleteLag": "lags.deleted-final",
    "DeleteVirtualInterface": "virtual_interfaces.deleted-final",
    "UpdateConnection": "connections.deleted-final",
    "UpdateLag": "lags.deleted-final",
    "UpdateVirtualInterfaceAttributes": "virtual_interfaces.deleted-final",
}
# What the rule of `_DEAD` is about, where the request names other things too.
_DEAD_KINDS: Final = {
    "proposals.deleted-not-accepted": ("association-proposal",),
    "virtual_interfaces.parent-deleted": ("connection", "hosted-connection", "lag"),
}
# Where these rules hold for a declined thing only, a deleted one falls under the general rule.
_DECLINED: Final = ("hosted_connections.rejected-not-confirmed", "virtual_interfaces.rejected-not-confirmed")

USED_DEAD: Final = "machines.use-after-delete"
USED_FOREIGN: Final = "machines.use-of-anothers"
USED_ELSEWHERE: Final = "machines.use-from-elsewhere"
NOTHING: Final = "requests.unknown-ids"
_NEAR: Final = (
    invalid_requests.REQUIRED,
    invalid_requests.TYPES,
    invalid_requests.ENUMS,
    invalid_requests.LENGTHS,
    invalid_requests.PATTERNS,
)
_NO_FORM: Final = (invalid_requests.MALFORMED_IDS, invalid_requests.MALFORMED_OTHER_IDS)
ALONE: Final = (*_NEAR, *_NO_FORM, NOTHING)
"""Rules about a request alone, in any state of its resources."""
RULES = tuple(
    sorted(
        {*FOREIGN.values(), *_ELSEWHERE.values(), *_DEAD.values(), *_NEAR}
        | {"hosted_connections.partner-only", USED_DEAD, USED_FOREIGN, USED_ELSEWHERE, *_NO_FORM, NOTHING}
    )
)

# Kinds whose ids look alike: one of the same group in the place of another is not malformed, and may even be right.
_FORMS: Final = (
    {"connection", "hosted-connection", "interconnect"},
    {"lag"},
    {"virtual-interface"},
    {"direct-connect-gateway", "gateway-association", "association-proposal"},
    {"resiliency-group"},
)
_PORTS: Final = {"connection", "hosted-connection", "interconnect", "lag"}
_REGIONAL: Final = _PORTS | {"virtual-interface"}
# Directed tests look at the form of requests in depth; whose and how alive a thing is depends on what came before.
_RARELY: Final = 6
_FLAWS: Final = ("foreign", "dead", "elsewhere", "unknown", "kind", "near", "foreign", "dead", "foreign")


def spoiled(m: MachineContext, step: Step) -> bool:
    """Sometimes sends the step with a flaw instead; returns whether it did."""
    if m.choices.directed or not m.chance(_RARELY):
        return False
    return spoil(m, step)


def spoil(m: MachineContext, step: Step) -> bool:
    """Sends the step with the drawn flaw, or with another if the step cannot have that flaw.

    Returns whether the step could have a flaw.
    """
    chosen = m.one_of(_FLAWS)
    others = () if m.choices.directed else tuple(one for one in _MADE if one != chosen)
    flawed = next((found for one in (chosen, *others) if (found := _MADE[one](m, step)) is not None), None)
    if flawed is None:
        return False
    rule, changed, what = flawed
    dead = [one for one in changed.things if not one.there]
    if all(m.over(one) for one in dead):
        m.refuse(rule, changed, what, invalid_requests.may_be_empty(m.spec.operation(step.operation), rule))
    return True


def places(m: MachineContext, step: Step) -> list[tuple[str, str, Thing]]:
    """The resources in a step: pointer, required kind and resource."""
    takes = m.spec.operation(step.operation).traits.takes
    return [(pointer, kind, one) for pointer, kind in takes.items() for one in _at(step.params, pointer)]


def _at(params: Json, pointer: str) -> Iterator[Thing]:
    value: Any = params
    for part in pointer.split("/")[1:]:
        if part == "*":
            value = value[0] if isinstance(value, list) and value else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, Thing):
        yield value


def put(params: Json, pointer: str, value: Any) -> Json:
    """`params` with another value at `pointer`."""
    name, _, rest = pointer[1:].partition("/")
    if rest == "*":
        return {**params, name: [value, *params[name][1:]]}
    return {**params, name: put(params[name], f"/{rest}", value) if rest else value}


def _place(m: MachineContext, step: Step) -> tuple[str, str, Thing] | None:
    found = places(m, step)
    return m.one_of(found) if found else None


def _unknown(m: MachineContext, step: Step) -> tuple[str, Step, str] | None:
    place = _place(m, step)
    if place is None or place[1] not in invalid_requests.UNKNOWN_IDS:
        return None
    wrong = invalid_requests.UNKNOWN_IDS[place[2].kind]
    flawed = replace(_flawed(step, place[0], wrong, "an id that names nothing"), where=place[0])
    return NOTHING, flawed, "a request names nothing"


def _kind(m: MachineContext, step: Step) -> tuple[str, Step, str] | None:
    place = _place(m, step)
    if place is None:
        return None
    pointer, kind, _ = place
    group = next((one for one in _FORMS if kind in one), set())
    wrong = [
        one
        for one in m.model.things
        if one.there and one.kind != kind and not ({kind, one.kind} <= _PORTS) and one.kind in set().union(*_FORMS)
    ]
    if not wrong:
        return None
    thing = m.one_of(wrong)
    rule = NOTHING if thing.kind in group else invalid_requests.malformed_rule(kind)
    what = f"a {thing.kind} is named where a {kind} is asked for"
    return rule, replace(_flawed(step, pointer, thing, "of the wrong kind"), where=pointer), what


def _dead(m: MachineContext, step: Step) -> tuple[str, Step, str] | None:
    if m.spec.operation(step.operation).traits.effect == "read":
        return None
    alone = len(step.things) == 1
    gone = [one for one in m.model.things if not one.there]
    dead = [
        (pointer, one)
        for pointer, _, thing in places(m, step)
        for one in gone
        if one.kind == thing.kind and (alone or one.owner == thing.owner)
    ]
    if not dead:
        return None
    pointer, chosen = m.one_of(dead)
    if chosen.kind == "virtual-interface" and chosen.facts["declined"] and step.operation == "DeleteVirtualInterface":
        return None  # Terraform deletes what was declined (vif.go)
    rule = _DEAD.get(step.operation, USED_DEAD)
    if chosen.kind not in _DEAD_KINDS.get(rule, (chosen.kind,)):
        rule = USED_DEAD
    if rule in _DECLINED and not chosen.facts.get("declined"):
        rule = USED_DEAD
    step = replace(step, role=chosen.owner) if alone else step
    return rule, _flawed(step, pointer, chosen, "deleted before"), f"a {chosen.kind} that was deleted is used"


def _foreign(m: MachineContext, step: Step) -> tuple[str, Step, str] | None:
    parties = {role for thing in step.things for role in thing.parties}
    strangers = [role for role in ROLES if role in m.facts.roles and role not in parties]
    if not strangers or not step.things:
        return None
    role = m.one_of(strangers)
    rule = FOREIGN.get(step.operation, USED_FOREIGN)
    if rule == "access.interconnect-foreign-allocate" and role != "partner":
        rule = "hosted_connections.partner-only"
    changed = replace(step, role=role, flaw="sent by an account that has nothing to do with it")
    return rule, changed, "another account does this to what is not its own"


def _elsewhere(m: MachineContext, step: Step) -> tuple[str, Step, str] | None:
    if step.operation not in _ELSEWHERE and not any(thing.kind in _REGIONAL for thing in step.things):
        return None
    region = m.world.api.target.other_region
    rule = _ELSEWHERE.get(step.operation, USED_ELSEWHERE)
    changed = replace(step, region=region, flaw="sent to another Region")
    return rule, changed, "something of one Region is used from another"


def _near(m: MachineContext, step: Step) -> tuple[str, Step, str] | None:
    operation = m.spec.operation(step.operation)
    misses = [
        one
        for one in invalid_requests.near_misses(operation, step.params)
        if one.refused and one.also is None and one.rule in _NEAR and isinstance(one.body, dict)
    ]
    if not misses:
        return None
    miss = misses[m.choices.draw(st.integers(0, len(misses) - 1), usual=0)]
    return miss.rule, replace(step, params=miss.body, flaw=miss.what, where=miss.pointer), miss.what


def _flawed(step: Step, pointer: str, wrong: Any, flaw: str) -> Step:
    return replace(step, params=put(step.params, pointer, wrong), flaw=flaw)


_MADE: Final = {
    "unknown": _unknown,
    "kind": _kind,
    "dead": _dead,
    "foreign": _foreign,
    "elsewhere": _elsewhere,
    "near": _near,
}
