"""Interconnects and hosted connections: allocation by a partner, confirmation, decline and deletion."""

from strategies.machines.actions.connections import (
    BANDWIDTHS,
    MOST_MEMBERS,
    can_spare,
    enter,
    few_ports,
    gone,
    grouped,
    owned,
)
from strategies.machines.actions.registry import action
from strategies.machines.compare import final_checks
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.steps import Step
from strategies.world import AccountId

HOSTED_BANDWIDTHS = ("50Mbps", "100Mbps")
RULES = (
    "hosted_connections.associate-address-conflict",
    "hosted_connections.associate-keeps",
    "hosted_connections.associate-kind",
    "hosted_connections.associate-moves",
    "hosted_connections.associate-parent-kind",
    "hosted_connections.describe-wrong-parent",
    "interconnects.partner-only",
    "hosted_connections.associate-vlan-conflict",
    "hosted_connections.confirm-ends-ordering",
    "hosted_connections.confirm-wrong-state",
    "hosted_connections.decline",
    "hosted_connections.echo",
    "hosted_connections.owner",
    "hosted_connections.parent-kind",
    "hosted_connections.parent-location",
    "hosted_connections.partner-only",
    "hosted_connections.unconfirmed-waits",
    "hosted_connections.vlan-unique",
    "interconnects.delete-kind",
    "interconnects.deleted-gone",
    "interconnects.echo",
    "interconnects.lag-join",
    "interconnects.lag-join-bandwidth",
)
VLANS = (100, 200, 300, 400)
MOST_HOSTED = 3


def _hosts(model: Model) -> list[Thing]:
    """The parents for hosted connections: an interconnect in no LAG, or a LAG of a partner with a member."""
    interconnects = model.of("interconnect", where=lambda one: "lag" not in one.links)
    return interconnects + model.of("lag", where=lambda one: one.facts["hosts"] and _carries(model, one))


def _carries(model: Model, lag: Thing) -> bool:
    return len(model.members(lag)) >= max(1, int(lag.facts["minimum"]))


@action("CreateInterconnect", ready=few_ports, accounts=("partner",))
def create_interconnect(m: MachineContext) -> None:
    """Orders an interconnect, sometimes in a LAG of the partner."""
    params: dict[str, object] = {"location": m.facts.home, "bandwidth": m.one_of(m.facts.bandwidths)}
    params["interconnectName"] = m.name()
    lags = m.model.of("lag", where=lambda one: one.facts["hosts"] and not one.facts["macsec"])
    lags = [one for one in lags if len(m.model.members(one)) < MOST_MEMBERS]
    lag = m.one_of(lags) if lags and m.chance(3) else None
    if lag is not None:
        params |= {"bandwidth": lag.facts["bandwidth"], "location": lag.facts["location"], "lagId": lag}
        if m.chance(5):
            params["bandwidth"] = next(one for one in BANDWIDTHS if one != lag.facts["bandwidth"])
            step = Step("CreateInterconnect", params, "partner")
            m.refuse("interconnects.lag-join-bandwidth", step, "an interconnect of another bandwidth joins a LAG")
            return
    tags = m.few_tags()
    if tags:
        params["tags"] = m.tag_list(tags)
    step = Step("CreateInterconnect", params, "partner")
    if spoiled(m, step):
        return
    thing = m.model.add("interconnect", "partner", tags=dict(tags), facts={"macsec": False, "keys": []})
    thing.facts |= {"bandwidth": params["bandwidth"], "location": params["location"]}
    thing.expect("interconnects.echo", interconnectName=params["interconnectName"], bandwidth=params["bandwidth"])
    thing.expect("interconnects.echo", "caseless", location=params["location"])
    if lag is not None:
        enter(m, thing, lag, "interconnects.lag-join")
    m.make(thing, step)
    m.look(thing, *([lag] if lag is not None else []))


@action("DeleteInterconnect", ready=lambda model: model.of("interconnect"), accounts=("partner",))
def delete_interconnect(m: MachineContext) -> None:
    """Deletes an interconnect that is not in use."""
    thing = m.one_of(m.model.of("interconnect"))
    lag = thing.links.get("lag")
    step = Step("DeleteInterconnect", {"interconnectId": thing}, "partner")
    if m.model.on(thing, "port") or not can_spare(m.model, thing):
        return  # no source says what becomes of that
    if spoiled(m, step):
        return
    m.at_rest(*(m.model.members(lag) if lag is not None else ()))
    m.cleared(thing)
    m.accept(step)
    gone(thing, "interconnects.deleted-gone")
    thing.links.pop("lag", None)
    if lag is not None:
        lag.facts["members_rule"] = "connections.delete-leaves-lag"
    m.look(thing, *([lag] if lag is not None else []))


def _plain(model: Model) -> list[Thing]:
    return model.of("connection", where=lambda one: one.owner == "partner" and "lag" not in one.links)


@action("DeleteInterconnect", ready=_plain, accounts=("partner",))
def delete_as_interconnect(m: MachineContext) -> None:
    """Checks that DeleteInterconnect refuses a connection of a partner."""
    thing = m.one_of(_plain(m.model))
    step = Step("DeleteInterconnect", {"interconnectId": thing}, "partner")
    m.refuse("interconnects.delete-kind", step, "a connection is deleted as an interconnect")


@action("AllocateHostedConnection", ready=_hosts, accounts=("partner", "owner"))
def allocate(m: MachineContext) -> None:
    """Allocates a hosted connection for the owner."""
    port = m.one_of(_hosts(m.model))
    deprecated = port.kind == "interconnect" and m.can("AllocateConnectionOnInterconnect") and m.chance(3)
    vlan = m.one_of(VLANS)
    operation, parent = ("AllocateHostedConnection", "connectionId")
    if deprecated:
        operation, parent = ("AllocateConnectionOnInterconnect", "interconnectId")
    params = {
        parent: port,
        "ownerAccount": AccountId("owner"),
        "bandwidth": m.one_of(m.facts.hosted_bandwidths),
        "connectionName": m.name(),
        "vlan": vlan,
    }
    step = Step(operation, params, "partner")
    if vlan in m.model.vlans(port):
        m.refuse("hosted_connections.vlan-unique", step, "a VLAN is given to a second hosted connection")
        final_checks.inside(m, port)
        return
    if len(m.model.on(port, "port")) >= MOST_HOSTED or spoiled(m, step):
        return
    m.settled(*([port] if port.kind == "interconnect" else m.model.members(port)))
    m.cleared(port)
    thing = m.model.add("hosted-connection", "owner", provider="partner", life="waiting", links={"port": port})
    thing.life_rule = "hosted_connections.unconfirmed-waits"
    thing.facts |= {"vlan": vlan, "bandwidth": params["bandwidth"], "location": port.facts["location"], "keys": []}
    thing.facts["macsec"] = False
    thing.expect("hosted_connections.echo", connectionName=params["connectionName"], bandwidth=params["bandwidth"])
    thing.expect("hosted_connections.echo", vlan=vlan)
    owned(m, thing, "hosted_connections.owner")
    thing.expect("hosted_connections.parent-location", "caseless", location=port.facts["location"])
    m.make(thing, step)
    m.look(thing)
    final_checks.inside(m, port)


@action("AllocateHostedConnection", ready=lambda model: model.of("connection"), accounts=("partner", "owner"))
def allocate_on_wrong_port(m: MachineContext) -> None:
    """Checks that a connection that is not an interconnect cannot host connections."""
    port = m.one_of(m.model.of("connection"))
    partners = port.owner == "partner"
    params = {
        "connectionId": port,
        "ownerAccount": AccountId("owner"),
        "bandwidth": m.facts.hosted_bandwidths[0],
        "connectionName": m.name(),
        "vlan": m.one_of(VLANS),
    }
    rule = "hosted_connections.parent-kind" if partners else "hosted_connections.partner-only"
    what = "a hosted connection is put on a dedicated one"
    m.refuse(rule, Step("AllocateHostedConnection", params, port.owner), what)


def _waiting(model: Model) -> list[Thing]:
    return model.of("hosted-connection", life="waiting")


@action("ConfirmConnection", ready=_waiting)
def confirm(m: MachineContext) -> None:
    """Confirms a hosted connection as its owner."""
    thing = m.one_of(_waiting(m.model))
    step = Step("ConfirmConnection", {"connectionId": thing})
    if spoiled(m, step):
        return
    m.accept(step)
    thing.life, thing.life_rule = "live", "hosted_connections.confirm-ends-ordering"
    m.look(thing)


@action("ConfirmConnection", ready=lambda model: model.of("connection", "hosted-connection"))
def confirm_what_waits_not(m: MachineContext) -> None:
    """Checks that a connection that is not in state ordering cannot be confirmed."""
    thing = m.one_of(m.model.of("connection", "hosted-connection"))
    what = "a connection that is not ordering is confirmed"
    m.refuse(
        "hosted_connections.confirm-wrong-state", Step("ConfirmConnection", {"connectionId": thing}, thing.owner), what
    )


@action("DeleteConnection", ready=_waiting)
def decline(m: MachineContext) -> None:
    """Declines the connection as its owner, or withdraws the order as the partner."""
    thing = m.one_of(_waiting(m.model))
    by_owner = not m.chance(3)
    step = Step("DeleteConnection", {"connectionId": thing}, "owner" if by_owner else "partner")
    if not by_owner:
        m.fade(thing)
        exchange = m.send(step)  # Terraform does this; no document says that the partner may
        if exchange is None or not exchange.succeeded:
            m.doubt("the partner may not delete it", thing)
    else:
        if spoiled(m, step):
            return
        m.accept(step)
    port = thing.links["port"]
    gone(thing, "hosted_connections.decline" if by_owner else "connections.deleted-gone", declined=by_owner)
    m.look(thing, port)
    final_checks.inside(m, port)


def _ended(model: Model) -> list[Thing]:
    return model.of("hosted-connection", where=lambda one: not model.on(one, "port") and not grouped(model, one))


@action("DeleteConnection", ready=_ended)
def delete_hosted(m: MachineContext) -> None:
    """Deletes a confirmed hosted connection as its owner."""
    thing = m.one_of(_ended(m.model))
    step = Step("DeleteConnection", {"connectionId": thing})
    if spoiled(m, step):
        return
    m.cleared(thing)
    m.accept(step)
    gone(thing, "connections.deleted-gone")
    m.look(thing, thing.links["port"])
    final_checks.inside(m, thing.links["port"])


@action("CreateInterconnect", ready=few_ports)
def create_interconnect_as_anybody(m: MachineContext) -> None:
    """Checks that an account that is not a partner cannot create an interconnect."""
    params = {"location": m.facts.home, "bandwidth": m.one_of(m.facts.bandwidths), "interconnectName": m.name()}
    m.refuse(
        "interconnects.partner-only", Step("CreateInterconnect", params), "an account that is no partner orders one"
    )


@action("DescribeHostedConnections", ready=lambda model: model.of("hosted-connection"), accounts=("partner",))
def look_into_hosted(m: MachineContext) -> None:
    """Checks that a hosted connection cannot be the parent in a list of hosted connections."""
    thing = m.one_of(m.model.of("hosted-connection"))
    step = Step("DescribeHostedConnections", {"connectionId": thing}, "partner")
    m.refuse("hosted_connections.describe-wrong-parent", step, "the hosted connections of a hosted one are described")


def _wrong_ports(model: Model) -> list[tuple[Thing, Thing]]:
    return [(thing, port) for thing in model.of("hosted-connection") for port in _plain(model)]


@action("AssociateHostedConnection", ready=_wrong_ports, accounts=("partner",))
def move_to_wrong_port(m: MachineContext) -> None:
    """Checks that a hosted connection cannot move to a connection that is not an interconnect."""
    pairs = _wrong_ports(m.model)
    _refused_move(m, pairs, "hosted_connections.associate-parent-kind", "a hosted connection moves to a dedicated one")


def _not_hosted(model: Model) -> list[tuple[Thing, Thing]]:
    ports = model.of("interconnect", where=lambda one: "lag" not in one.links)
    plain = model.of("connection", "interconnect", where=lambda one: one.owner == "partner")
    return [(thing, port) for thing in plain for port in ports if thing is not port]


@action("AssociateHostedConnection", ready=_not_hosted, accounts=("partner",))
def move_what_is_not_hosted(m: MachineContext) -> None:
    """Checks that a dedicated connection cannot be moved like a hosted connection."""
    pairs = _not_hosted(m.model)
    _refused_move(m, pairs, "hosted_connections.associate-kind", "a port moves like a hosted connection")


def _refused_move(m: MachineContext, pairs: list[tuple[Thing, Thing]], rule: str, what: str) -> None:
    thing, port = m.one_of(pairs)
    step = Step("AssociateHostedConnection", {"connectionId": thing, "parentConnectionId": port}, "partner")
    m.settled(port)
    m.refuse(rule, step, what)


@action("AssociateHostedConnection", ready=lambda model: model.of("hosted-connection") and len(_hosts(model)) > 1)
def move(m: MachineContext) -> None:
    """Moves a hosted connection and its virtual interfaces to another port as the partner."""
    thing = m.one_of(m.model.of("hosted-connection"))
    old = thing.links["port"]
    targets = [one for one in _hosts(m.model) if one is not old]
    if not targets:
        return
    port = m.one_of(targets)
    step = Step("AssociateHostedConnection", {"connectionId": thing, "parentConnectionId": port}, "partner")
    if thing.facts["vlan"] in m.model.vlans(port):
        m.refuse(
            "hosted_connections.associate-vlan-conflict", step, "a hosted connection moves to where its VLAN is taken"
        )
        return
    if m.model.addresses(thing) & m.model.addresses(port):
        rule = "hosted_connections.associate-address-conflict"
        m.refuse(rule, step, "a hosted connection moves to where the addresses of its virtual interface are taken")
        return
    if spoiled(m, step):
        return
    m.at_rest(thing)
    m.settled(*([port] if port.kind == "interconnect" else m.model.members(port)))
    m.cleared(port)
    before = m.shown(thing)
    m.fade(thing, port)
    m.accept(step)
    thing.links["port"] = port
    thing.facts["location"] = port.facts["location"]
    thing.forget("lagId")
    if port.kind == "lag":
        thing.expect("hosted_connections.associate-moves", lagId=port)
    thing.expect("hosted_connections.parent-location", "caseless", location=port.facts["location"])
    port.facts["hosted-connection_rule"] = old.facts["hosted-connection_rule"] = "hosted_connections.associate-moves"
    m.look(thing, *m.model.on(thing, "port"))
    kept = ("ownerAccount", "connectionName", "bandwidth", "vlan")
    m.kept("hosted_connections.associate-keeps", thing, before, (), *kept)
    for one in (old, port):
        final_checks.inside(m, one)
