"""Associations of Direct Connect gateways with other gateways, directly or by a proposal of another account."""

from dataclasses import replace

from dxcontract.wire.exchange import Exchange
from strategies.machines.actions.connections import gone
from strategies.machines.actions.registry import action
from strategies.machines.compare import final_checks
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.provisional_checks import judged
from strategies.machines.steps import Step
from strategies.world import AccountId

RULES = (
    "associations.deleted-gone",
    "associations.exclusive-kinds",
    "associations.gateway-echo",
    "associations.one-gateway",
    "associations.own-gateway",
    "associations.transit-asn",
    "associations.update-preserves",
    "proposals.accept-named",
    "proposals.accept-region",
    "proposals.visible-to-gateway-owner",
    "associations.prefixes-echo",
    "associations.update-add",
    "associations.update-remove",
    "proposals.accept-associates",
    "proposals.accept-override",
    "proposals.accept-prefixes",
    "proposals.accept-state",
    "proposals.accept-twice",
    "proposals.delete-accepted",
    "proposals.deleted-gone",
    "proposals.deleted-not-accepted",
    "proposals.prefixes-echo",
)
PREFIXES = ("10.16.0.0/16", "10.32.0.0/16", "10.48.0.0/16")
MOST_VIRTUAL = 2


def _gateways(model: Model) -> list[Thing]:
    return model.of("direct-connect-gateway")


@action(
    "CreateDirectConnectGatewayAssociation",
    ready=lambda model: _gateways(model) and len(model.of("virtual-gateway")) < MOST_VIRTUAL,
)
def make_virtual_gateway(m: MachineContext) -> None:
    """Creates a virtual private gateway in EC2."""
    role = m.one_of([one for one in ("owner", "other") if one in m.facts.roles])
    if not m.facts.ec2:
        return
    thing = m.model.add("virtual-gateway", role)
    m.ec2_gateway(thing)


def _free(model: Model, thing: Thing) -> bool:
    return not model.on(thing, "virtual", "gateway-association")


@action(
    "CreateDirectConnectGatewayAssociation",
    ready=lambda model: _gateways(model) and model.of("virtual-gateway"),
)
def associate_gateways(m: MachineContext) -> None:
    """Associates two gateways of one account; a second association of a virtual private gateway is refused."""
    virtual = m.one_of(m.model.of("virtual-gateway"))
    gateways = m.model.of("direct-connect-gateway", where=lambda one: one.owner == virtual.owner)
    if not gateways:
        return
    gateway = m.one_of(gateways)
    prefixes = [PREFIXES[0]]
    params = {
        "directConnectGatewayId": gateway,
        m.one_of(("gatewayId", "virtualGatewayId")): virtual,
        "addAllowedPrefixesToDirectConnectGateway": _list(prefixes),
    }
    step = Step("CreateDirectConnectGatewayAssociation", params, gateway.owner)
    if not _free(m.model, virtual):
        if m.model.on(virtual, "virtual", "gateway-association")[0].links["gateway"] is not gateway:
            m.refuse("associations.one-gateway", step, "a virtual gateway is associated with a second gateway")
            final_checks.inside(m, gateway)
        return
    if spoiled(m, step):
        return
    _before(m, virtual, gateway)
    thing = _new(m, gateway, virtual, prefixes, "associations.prefixes-echo")
    m.make(thing, step)
    m.look(thing)
    final_checks.inside(m, gateway)


def _before(m: MachineContext, virtual: Thing, gateway: Thing) -> None:
    """Waits until earlier associations of the virtual private gateway have ended and the gateway is ready."""
    for one in m.model.things:
        if one.kind == "gateway-association" and one.links["virtual"] is virtual and not one.there:
            m.over(one)
    m.settled(gateway)


def _new(m: MachineContext, gateway: Thing, virtual: Thing, prefixes: list[str], rule: str) -> Thing:
    links = {"gateway": gateway, "virtual": virtual}
    thing = m.model.add("gateway-association", gateway.owner, provider=virtual.owner, links=links)
    thing.facts["prefixes"] = list(prefixes)
    thing.expect("associations.gateway-echo", directConnectGatewayId=gateway)
    thing.expect(rule, "prefixes", allowedPrefixesToDirectConnectGateway=list(prefixes))
    return thing


def _list(prefixes: list[str]) -> list[dict[str, str]]:
    return [{"cidr": one} for one in prefixes]


def _associations(model: Model) -> list[Thing]:
    return model.of("gateway-association")


@action("UpdateDirectConnectGatewayAssociation", ready=_associations)
def change_prefixes(m: MachineContext) -> None:
    """Adds a prefix to an association or removes one."""
    thing = m.one_of(_associations(m.model))
    has = thing.facts["prefixes"]
    prefix = m.one_of(PREFIXES)
    adds = prefix not in has or len(has) == 1
    member = f"{'add' if adds else 'remove'}AllowedPrefixesToDirectConnectGateway"
    params = {"associationId": thing, member: _list([prefix])}
    step = Step("UpdateDirectConnectGatewayAssociation", params, thing.owner)
    if spoiled(m, step):
        return
    m.settled(thing)
    before = m.shown(thing)
    m.accept(step)
    after = list(dict.fromkeys([*has, prefix])) if adds else [one for one in has if one != prefix]
    thing.facts["prefixes"] = after
    rule = "associations.update-add" if adds else "associations.update-remove"
    thing.expect(rule, "prefixes", allowedPrefixesToDirectConnectGateway=after)
    m.look(thing)
    m.kept("associations.update-preserves", thing, before, (), "directConnectGatewayId", "associatedGateway")


@action("DeleteDirectConnectGatewayAssociation", ready=_associations)
def dissociate_gateways(m: MachineContext) -> None:
    """Deletes an association, identified by its id or by both gateways."""
    thing = m.one_of(_associations(m.model))
    gateway, virtual = thing.links["gateway"], thing.links["virtual"]
    params = {"associationId": thing}
    if gateway.owner == virtual.owner and m.chance(2):
        params = {"directConnectGatewayId": gateway, "virtualGatewayId": virtual}
    step = Step("DeleteDirectConnectGatewayAssociation", params, thing.owner)
    if spoiled(m, step):
        return
    m.at_rest(thing)
    m.fade(thing)
    m.accept(step)
    if len(params) > 1 and any(one.unsure for one in (gateway, virtual)):
        m.doubt("its gateways are in doubt", thing)
    gone(thing, "associations.deleted-gone")
    m.look(thing, gateway)
    final_checks.inside(m, gateway)


@action(
    "CreateDirectConnectGatewayAssociationProposal",
    ready=lambda model: _gateways(model) and model.of("virtual-gateway"),
    accounts=("other",),
)
def propose(m: MachineContext) -> None:
    """Proposes to associate a virtual private gateway with the Direct Connect gateway of another account."""
    virtual = m.one_of(m.model.of("virtual-gateway"))
    gateways = m.model.of("direct-connect-gateway", where=lambda one: one.owner != virtual.owner)
    if not gateways or not _free(m.model, virtual):
        return
    gateway = m.one_of(gateways)
    params = {
        "directConnectGatewayId": gateway,
        "directConnectGatewayOwnerAccount": AccountId(gateway.owner),
        "gatewayId": virtual,
        "addAllowedPrefixesToDirectConnectGateway": _list([PREFIXES[0]]),
    }
    step = Step("CreateDirectConnectGatewayAssociationProposal", params, virtual.owner)
    if spoiled(m, step):
        return
    _before(m, virtual, gateway)
    links = {"gateway": gateway, "virtual": virtual}
    thing = m.model.add("association-proposal", virtual.owner, provider=gateway.owner, links=links)
    thing.expect("proposals.prefixes-echo", "prefixes", requestedAllowedPrefixesToDirectConnectGateway=[PREFIXES[0]])
    m.make(thing, step)
    m.look(thing)
    final_checks.inside(m, gateway)
    _proposed(m, thing, gateway)


@judged
def _proposed(m: MachineContext, thing: Thing, gateway: Thing) -> None:
    """Checks that the owner of the Direct Connect gateway can see the proposal."""
    sight = m.observe(thing, gateway.owner)
    if sight is not None:
        what = "a proposal is not shown to the owner of the gateway that it is made to"
        m.contract.check("proposals.visible-to-gateway-owner", sight[1] is not None, what, sight[0])


def _open(model: Model) -> list[Thing]:
    return model.of("association-proposal", where=lambda one: not one.facts.get("accepted"))


def _acceptance(thing: Thing) -> dict[str, object]:
    return {
        "directConnectGatewayId": thing.links["gateway"],
        "proposalId": thing,
        "associatedGatewayOwnerAccount": AccountId(thing.owner),
    }


@action("AcceptDirectConnectGatewayAssociationProposal", ready=_open, accounts=("other",))
def accept_proposal(m: MachineContext) -> None:
    """Accepts a proposal as the owner of the gateway, sometimes with other prefixes."""
    thing = m.one_of(_open(m.model))
    gateway, virtual = thing.links["gateway"], thing.links["virtual"]
    params = _acceptance(thing)
    prefixes, rule = [PREFIXES[0]], "proposals.accept-prefixes"
    if m.chance(2):
        prefixes, rule = [PREFIXES[1]], "proposals.accept-override"
        params["overrideAllowedPrefixesToDirectConnectGateway"] = _list(prefixes)
    step = Step("AcceptDirectConnectGatewayAssociationProposal", params, gateway.owner)
    if not _free(m.model, virtual) or not gateway.there or _misnamed(m, thing, step) or spoiled(m, step):
        return
    _before(m, virtual, gateway)
    association = _new(m, gateway, virtual, prefixes, rule)
    association.life_rule = "proposals.accept-associates"
    m.make(association, step)
    if association.unsure:
        m.doubt("it was not accepted", thing)
    thing.facts["accepted"] = True
    # It cannot be accepted or deleted any more, and may be described no more.
    thing.life, thing.expected = "gone", {}
    m.look(thing, association)
    final_checks.inside(m, gateway)


@action("AcceptDirectConnectGatewayAssociationProposal", ready=_open, accounts=("other",))
def accept_own_proposal(m: MachineContext) -> None:
    """Checks that the proposing account cannot accept its proposal."""
    thing = m.one_of(_open(m.model))
    step = Step("AcceptDirectConnectGatewayAssociationProposal", _acceptance(thing), thing.owner)
    m.refuse("proposals.accept-owner-only", step, "a proposal is accepted by the account that made it")
    final_checks.inside(m, thing.links["gateway"])


def _misnamed(m: MachineContext, thing: Thing, step: Step) -> bool:
    """Sometimes accepts a proposal from another Region or with another gateway; returns whether it did."""
    if not m.chance(4):
        return False
    gateway = thing.links["gateway"]
    others = m.model.of("direct-connect-gateway", where=lambda one: one.owner == gateway.owner and one is not gateway)
    if others:
        step = replace(step, params={**step.params, "directConnectGatewayId": m.one_of(others)})
        m.refuse("proposals.accept-named", step, "a proposal is accepted under another gateway")
    else:
        step = replace(step, region=m.world.api.target.other_region)
        m.refuse("proposals.accept-region", step, "a proposal is accepted from another Region")
    m.look(thing)
    return True


def _strangers(model: Model) -> list[tuple[Thing, Thing]]:
    """Pairs of an unassociated virtual private gateway and a gateway of another account."""
    virtual = [one for one in model.of("virtual-gateway") if _free(model, one)]
    return [(one, gateway) for one in virtual for gateway in _gateways(model) if gateway.owner != one.owner]


@action("CreateDirectConnectGatewayAssociation", ready=_strangers, accounts=("other",))
def associate_anothers_gateway(m: MachineContext) -> None:
    """Checks that a gateway of another account cannot be associated without its owner."""
    virtual, gateway = m.one_of(_strangers(m.model))
    _before(m, virtual, gateway)
    params = {"directConnectGatewayId": gateway, "gatewayId": virtual}
    step = Step("CreateDirectConnectGatewayAssociation", params, virtual.owner)
    m.refuse("associations.own-gateway", step, "the gateway of another account is associated without a proposal")
    final_checks.inside(m, gateway)


@action(
    "CreateDirectConnectGatewayAssociation",
    ready=lambda model: _gateways(model) and not model.counters.get("transit gateways"),
)
def associate_transit_gateway(m: MachineContext) -> None:
    """Checks that a transit gateway needs a different ASN and a gateway without virtual private gateways."""
    gateway = m.one_of(_gateways(m.model))
    m.model.count("transit gateways")
    taken = m.model.on(gateway, "gateway", "gateway-association")
    asn = gateway.facts["asn"] + (1 if taken else 0)
    transit = "" if gateway.unsure or not m.facts.ec2 else m.ec2_transit_gateway(gateway.owner, asn)
    if not transit:
        return
    params = {"directConnectGatewayId": gateway, "gatewayId": transit}
    params["addAllowedPrefixesToDirectConnectGateway"] = _list([PREFIXES[0]])
    step = Step("CreateDirectConnectGatewayAssociation", params, gateway.owner)
    m.settled(gateway)
    if taken:
        m.refuse("associations.exclusive-kinds", step, "a transit gateway joins a virtual private one on a gateway")
    else:
        m.fade(gateway)
        exchange = m.send(step)
        if exchange is not None:
            _never_associated(m, gateway, exchange)
    final_checks.inside(m, gateway)


def _never_associated(m: MachineContext, gateway: Thing, exchange: Exchange) -> None:
    """Checks that an association with an equal ASN is refused or never becomes associated."""
    rule, what = "associations.transit-asn", "a transit gateway is associated with a gateway of the same ASN"
    if not exchange.succeeded:
        m.contract.refused(rule, exchange, what)
        return
    handle = m.world.adopt("gateway-association", exchange.operation, exchange, {}, gateway.owner)
    thing = Thing("gateway-association", 0, gateway.owner, life="gone", links={"gateway": gateway}, handle=handle)
    m.settled(thing)
    sight = m.observe(thing)
    state = "" if sight is None or sight[1] is None else sight[1].get("associationState")
    m.contract.check(rule, state not in ("associated", "updating"), what, exchange, where="/associationState")
    m.doubt("it may have an association that the model does not know", gateway)


def _accepted(model: Model) -> list[Thing]:
    return model.of(
        "association-proposal",
        life="gone",
        where=lambda one: one.facts.get("accepted") and not one.facts.get("withdrawn") and one.links["gateway"].there,
    )


@action("AcceptDirectConnectGatewayAssociationProposal", ready=_accepted, accounts=("other",))
def accept_twice(m: MachineContext) -> None:
    """Checks that a proposal cannot be accepted twice."""
    thing = m.one_of(_accepted(m.model))
    step = Step("AcceptDirectConnectGatewayAssociationProposal", _acceptance(thing), thing.links["gateway"].owner)
    m.refuse("proposals.accept-twice", step, "a proposal is accepted twice")


def _dissolved(model: Model) -> list[Thing]:
    """The accepted proposals whose association no longer exists."""
    return [one for one in _accepted(model) if _free(model, one.links["virtual"]) and not one.facts.get("withdrawn")]


@action("DeleteDirectConnectGatewayAssociationProposal", ready=_dissolved, accounts=("other",))
def withdraw_accepted(m: MachineContext) -> None:
    """Deletes an accepted proposal without an association, as Terraform does; either result is allowed."""
    thing = m.one_of(_dissolved(m.model))
    _before(m, thing.links["virtual"], thing.links["gateway"])
    m.send(Step("DeleteDirectConnectGatewayAssociationProposal", {"proposalId": thing}, thing.owner))
    thing.facts["withdrawn"] = True


def _standing(model: Model) -> list[Thing]:
    """The accepted proposals whose association exists."""
    return [one for one in _accepted(model) if not _free(model, one.links["virtual"])]


@action("DeleteDirectConnectGatewayAssociationProposal", ready=_standing, accounts=("other",))
def withdraw_standing(m: MachineContext) -> None:
    """Checks that an accepted proposal cannot be deleted while its association exists."""
    thing = m.one_of(_standing(m.model))
    step = Step("DeleteDirectConnectGatewayAssociationProposal", {"proposalId": thing}, thing.owner)
    m.refuse("proposals.delete-accepted", step, "an accepted proposal is deleted while its association stands")
    final_checks.inside(m, thing.links["gateway"])


@action("DeleteDirectConnectGatewayAssociationProposal", ready=_open, accounts=("other",))
def withdraw(m: MachineContext) -> None:
    """Deletes an open proposal as either account."""
    thing = m.one_of(_open(m.model))
    role = m.one_of((thing.owner, thing.links["gateway"].owner))
    step = Step("DeleteDirectConnectGatewayAssociationProposal", {"proposalId": thing}, role)
    if spoiled(m, step):
        return
    m.accept(step)
    gone(thing, "proposals.deleted-gone")
    m.look(thing)
