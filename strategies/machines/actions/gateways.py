"""Direct Connect gateways: creation, renaming and deletion, including a refused deletion while in use."""

from dataclasses import replace

from strategies.machines.actions.connections import gone, owned
from strategies.machines.actions.registry import action
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.steps import Step

RULES = (
    "gateways.asn-default",
    "gateways.delete-in-use",
    "gateways.echo",
    "gateways.no-error-when-available",
    "gateways.owner",
    "gateways.global-delete",
    "gateways.rename",
    "gateways.rename-preserves",
)
MOST = 3


@action("CreateDirectConnectGateway", ready=lambda model: len(model.of("direct-connect-gateway")) < MOST)
def create_gateway(m: MachineContext) -> None:
    """Creates a gateway, with or without an ASN."""
    role = m.one_of([one for one in ("owner", "other") if one in m.facts.roles])
    params: dict[str, object] = {"directConnectGatewayName": m.name()}
    asn = m.one_of((None, 64512, 65000, 4200000000))
    if asn is not None:
        params["amazonSideAsn"] = asn
    tags = m.few_tags()
    if tags:
        params["tags"] = m.tag_list(tags)
    step = Step("CreateDirectConnectGateway", params, role)
    if spoiled(m, step):
        return
    thing = m.model.add("direct-connect-gateway", role, tags=dict(tags), facts={"asn": asn or 64512})
    thing.expect("gateways.echo", directConnectGatewayName=params["directConnectGatewayName"])
    thing.expect("gateways.echo" if asn else "gateways.asn-default", amazonSideAsn=thing.facts["asn"])
    thing.expect("gateways.no-error-when-available", stateChangeError=None)
    owned(m, thing, "gateways.owner")
    m.make(thing, step)
    m.look(thing)


@action("UpdateDirectConnectGateway", ready=lambda model: model.of("direct-connect-gateway"))
def rename_gateway(m: MachineContext) -> None:
    """Renames a gateway."""
    thing = m.one_of(m.model.of("direct-connect-gateway"))
    params = {"directConnectGatewayId": thing, "newDirectConnectGatewayName": m.name()}
    step = Step("UpdateDirectConnectGateway", params, thing.owner)
    if spoiled(m, step):
        return
    before = m.shown(thing)
    m.accept(step)
    thing.expect("gateways.rename", directConnectGatewayName=params["newDirectConnectGatewayName"])
    m.look(thing)
    m.kept("gateways.rename-preserves", thing, before, ("directConnectGatewayName",))


def in_use(model: Model, gateway: Thing) -> list[Thing]:
    """The resources that use a gateway, except open proposals."""
    return model.on(gateway, "gateway", "virtual-interface", "gateway-association")


@action("DeleteDirectConnectGateway", ready=lambda model: model.of("direct-connect-gateway"))
def delete_gateway(m: MachineContext) -> None:
    """Deletes a gateway. A gateway in use is not deleted: the request is refused, or the gateway is restored."""
    thing = m.one_of(m.model.of("direct-connect-gateway"))
    step = Step("DeleteDirectConnectGateway", {"directConnectGatewayId": thing}, thing.owner)
    if in_use(m.model, thing):
        m.fade(thing)
        thing.forget("stateChangeError")
        exchange = m.send(step)
        m.settled(thing)
        sight = m.observe(thing)
        if exchange is not None and sight is not None:
            what = "a gateway that is in use is gone"
            if not m.contract.check("gateways.delete-in-use", sight[1] is not None, what, exchange, sight[0]):
                m.doubt("it was deleted in use", thing)
        m.look(thing)
        return
    if m.model.on(thing, "gateway") or spoiled(m, step):
        return  # no source says what becomes of open proposals
    for one in m.model.things:
        if one.links.get("gateway") is thing:
            m.over(one)
    m.at_rest(thing)
    rule = "gateways.deleted-hidden"
    if m.chance(4):
        step, rule = replace(step, region=m.world.api.target.other_region), "gateways.global-delete"
    m.accept(step)
    gone(thing, rule)
    m.look(thing)
