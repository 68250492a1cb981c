"""Concurrent requests; some sequential order must explain the result."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from dxcontract.spec.json_pointer import at
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.machines.actions.connections import MOST_MEMBERS, enter
from strategies.machines.actions.registry import action
from strategies.machines.actions.tags import described
from strategies.machines.actions.virtual_interfaces import attach, expect, port_settled, ports
from strategies.machines.compare import final_checks
from strategies.machines.context import MachineContext
from strategies.machines.model import TAGGABLE, ArnOf, Model, Thing
from strategies.machines.steps import Step, resolved

RULES = (
    "attachments.by-creation",
    "lags.associate-counted",
    "tags.kept",
    "virtual_interfaces.addresses-echo",
    "virtual_interfaces.echo",
    "virtual_interfaces.gateway-echo",
    "virtual_interfaces.mtu-default",
    "virtual_interfaces.owner",
    "virtual_interfaces.type",
    "virtual_interfaces.vlan-unique",
)
RACERS: Final = 3
_VLAN: Final = 500


def race(m: MachineContext, steps: list[Step]) -> list[Exchange]:
    """The responses to requests sent at the same time, in the order of the requests; none if they were not sent."""
    named = [thing for step in steps for thing in step.things]
    if any(one.unsure or not one.id for one in named) or not m.can(*(step.operation for step in steps)):
        m.doubt("its race was not run", *named)
        return []
    m.script.note(f"at the same time, {len(steps)} requests:")
    for step in steps:
        m.script.tell(step)
    scope = m.contract.current
    scope.concurrent = True
    try:
        with ThreadPoolExecutor(len(steps)) as pool:
            waiting = [
                pool.submit(m.world.api.call, step.operation, resolved(m.world, step.params), role=step.role)
                for step in steps
            ]
            exchanges = [one.result() for one in waiting]
    except (Unsupported, Indeterminate) as reason:
        m.doubt(str(reason), *named)
        for step in steps:
            m.lost(step, str(reason))
        return []
    finally:
        scope.concurrent = False
    exchanges = [replace(one, together=exchanges[0].order) for one in exchanges]
    for step, exchange in zip(steps, exchanges, strict=True):
        m.sent.append(exchange)
        m.explorer.called(step, exchange)
    return exchanges


@action("TagResource", "DescribeTags", ready=lambda model: model.of(*TAGGABLE))
def race_tags(m: MachineContext) -> None:
    """Adds several tags at the same time; afterwards the resource has all of them."""
    thing = m.one_of(m.model.of(*TAGGABLE))
    m.fade(thing)
    tags = {f"race-{number}": str(number) for number in range(RACERS)}
    arn = ArnOf(thing)
    steps = [
        Step("TagResource", {"resourceArn": arn, "tags": m.tag_list({k: v})}, thing.owner) for k, v in tags.items()
    ]
    exchanges = race(m, steps)
    thing.tags |= tags
    for exchange in exchanges:
        if not exchange.succeeded:
            m.doubt("a racing request was refused", thing)
    described(m, "tags.kept", thing)
    m.look(thing)


def _ports(model: Model) -> list[Thing]:
    free = [one for one in ports(model) if one.kind == "connection" and _VLAN not in model.vlans(one)]
    return [one for one in free if len(model.on(one, "port")) < 2 and _gateway(model, one)]


def _gateway(model: Model, port: Thing) -> list[Thing]:
    return model.of("direct-connect-gateway", where=lambda one: one.owner == port.owner)


@action("CreatePrivateVirtualInterface", ready=_ports)
def race_vlan(m: MachineContext) -> None:
    """Requests one VLAN on one port several times at once; one request succeeds."""
    port = m.one_of(_ports(m.model))
    gateway = _gateway(m.model, port)[0]
    number = m.model.count("addresses")
    new = {
        "virtualInterfaceName": m.name(),
        "vlan": _VLAN,
        "asn": 65001,
        "addressFamily": "ipv4",
        "amazonAddress": f"10.0.{number}.1/30",
        "customerAddress": f"10.0.{number}.2/30",
        "directConnectGatewayId": gateway,
    }
    port_settled(m, port)
    m.settled(gateway)
    m.fade(port, gateway)
    step = Step("CreatePrivateVirtualInterface", {"connectionId": port, "newPrivateVirtualInterface": new}, port.owner)
    exchanges = race(m, [step] * RACERS)
    won = [one for one in exchanges if one.succeeded]
    thing = m.model.add("virtual-interface", port.owner, links={"port": port})
    thing.facts |= {"vlan": _VLAN, "kind": "private", "families": ["ipv4"], "asn": 65001}
    thing.facts["address"] = new["customerAddress"]
    expect(m, thing, new)
    attach(thing, gateway, "virtual_interfaces.gateway-echo", "attachments.by-creation")
    handles = [m.world.adopt("virtual-interface", step.operation, one, step.params, port.owner) for one in won]
    if exchanges:
        what = f"{len(won)} of {RACERS} requests at the same time got one VLAN"
        m.contract.check("virtual_interfaces.vlan-unique", len(won) <= 1, what, *exchanges)
    if len(won) == 1 and handles[0] is not None:
        m.known(thing, handles[0], won[0])
        m.look(thing)
        final_checks.inside(m, port)
    else:
        m.doubt("the race had no one winner", thing, port)


def _joining(model: Model) -> list[tuple[Thing, list[Thing]]]:
    found = []
    for lag in model.of("lag", where=lambda one: len(model.members(one)) <= MOST_MEMBERS - 2):
        free = [one for one in model.of("connection") if _fits(model, one, lag)]
        if len(free) > 1:
            found.append((lag, free[:2]))
    return found


def _fits(model: Model, one: Thing, lag: Thing) -> bool:
    alike = all(one.facts[fact] == lag.facts[fact] for fact in ("bandwidth", "location", "macsec"))
    return alike and one.owner == lag.owner and "lag" not in one.links and not model.on(one, "port")


@action("AssociateConnectionWithLag", ready=_joining)
def race_lag(m: MachineContext) -> None:
    """Adds two connections to one LAG at the same time; afterwards the LAG counts both."""
    lag, joining = m.one_of(_joining(m.model))
    m.settled(*joining)
    m.fade(lag, *joining)
    steps = [Step("AssociateConnectionWithLag", {"connectionId": one, "lagId": lag}, lag.owner) for one in joining]
    exchanges = race(m, steps)
    for one in joining:
        enter(m, one, lag, "lags.associate-counted")
    if not all(exchange.succeeded for exchange in exchanges):
        m.doubt("a racing request was refused", lag, *joining)
    m.look(lag, *joining)


@action("CreateConnection", ready=lambda model: not model.counters.get("connection races"))
def race_connections(m: MachineContext) -> None:
    """Orders several equal connections at the same time; afterwards each exists with its own id."""
    m.model.count("connection races")
    params = {"location": m.facts.home, "bandwidth": m.one_of(m.facts.bandwidths), "connectionName": m.name()}
    step = Step("CreateConnection", params)
    exchanges = race(m, [step] * RACERS)
    made = [one for one in exchanges if one.succeeded]
    ids = [str(found) for one in made for found in at(one.body, "/connectionId")]
    for one in made:
        handle = m.world.adopt("connection", step.operation, one, params, "owner")
        if handle is not None:
            m.known(Thing("connection", 0, "owner", life="gone"), handle, one)
    if made:
        what = f"{len(made)} orders at the same time got {len(set(ids))} ids"
        m.contract.check("lifecycles.ids-unique", len(set(ids)) == len(made), what, *exchanges)
