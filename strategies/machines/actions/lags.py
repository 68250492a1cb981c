"""LAGs: creation with new or existing connections, membership, changes and deletion."""

from dxcontract.spec.json_pointer import at
from dxcontract.wire.exchange import Exchange
from strategies.machines.actions.connections import (
    MOST_MEMBERS,
    can_spare,
    enter,
    few_ports,
    gone,
    leave,
    new_connection,
    owned,
)
from strategies.machines.actions.macsec import keys_shown
from strategies.machines.actions.registry import action
from strategies.machines.actions.tags import made_with_tags
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.steps import Step
from strategies.resources.lags import knows_partners

RULES = (
    "hosted_connections.associate-moves",
    "lags.associate-bandwidth",
    "lags.associate-changes-lag",
    "lags.associate-counted",
    "lags.associate-hosted-move",
    "lags.associate-interfaces-move",
    "lags.associate-location",
    "lags.associate-macsec",
    "lags.associate-minimum-guard",
    "lags.delete-keeps-connections",
    "lags.delete-with-hosted",
    "lags.delete-with-interface",
    "lags.deleted-gone",
    "lags.disassociate-counted",
    "lags.disassociate-minimum-guard",
    "lags.disassociate-not-member",
    "lags.disassociate-partner-converts",
    "lags.echo",
    "lags.encryption-mode-update",
    "lags.existing-bandwidth",
    "lags.existing-counted",
    "lags.existing-keeps-id",
    "lags.existing-interfaces-move",
    "lags.members-created",
    "lags.members-named",
    "lags.minimum-links-default",
    "lags.owner-and-region",
    "lags.partner-hosts",
    "lags.update-minimum-links",
    "lags.update-name",
    "lags.update-preserves",
    "lags.existing-location",
    "lags.others-do-not-host",
    "macsec.lag-replaces-keys",
)


@action("CreateLag", ready=few_ports)
def create_lag(m: MachineContext) -> None:
    """Orders a LAG of one or two new connections, or with an existing connection."""
    role = m.one_of([one for one in ("owner", "partner") if one in m.facts.roles])
    params = {
        "numberOfConnections": m.one_of((1, 2)),
        "location": m.facts.home,
        "connectionsBandwidth": m.one_of(m.facts.bandwidths),
        "lagName": m.name(),
    }
    around = m.model.of("connection", "interconnect", where=lambda one: _stands_alone(m.model, one, role))
    chosen = m.one_of(around) if around and m.chance(2) else None
    macsec = chosen.facts["macsec"] if chosen is not None else bool(m.facts.macsec) and m.chance(5)
    if macsec:
        params |= {"connectionsBandwidth": "10Gbps", "location": m.facts.macsec, "requestMACSec": True}
    if chosen is not None:
        params |= {"location": chosen.facts["location"], "connectionId": chosen}
    step = Step("CreateLag", params, role)
    if chosen is not None and m.facts.second and not macsec and m.chance(6):
        other = next(one for one in (m.facts.home, m.facts.second) if one != chosen.facts["location"])
        params |= {"location": other, "connectionsBandwidth": chosen.facts["bandwidth"]}
        m.refuse("lags.existing-location", step, "a LAG is made around a connection at another location")
        return
    if chosen is not None and params["connectionsBandwidth"] != chosen.facts["bandwidth"]:
        m.refuse("lags.existing-bandwidth", step, "a LAG of another bandwidth is made around a connection")
        return
    if spoiled(m, step):
        return
    before = None
    if chosen is not None:
        m.at_rest(chosen)
        before = m.shown(chosen)
    lag = m.model.add("lag", role, facts={"macsec": macsec, "minimum": 0, "hosts": role == "partner", "keys": []})
    lag.facts |= {"bandwidth": params["connectionsBandwidth"], "location": params["location"]}
    lag.expect("lags.echo", lagName=params["lagName"], connectionsBandwidth=params["connectionsBandwidth"])
    lag.expect("lags.echo", "caseless", location=params["location"])
    owned(m, lag, "lags.owner-and-region")
    lag.expect("lags.minimum-links-default", minimumLinks=0)
    if role == "partner" and knows_partners(m.world.api):
        lag.expect("lags.partner-hosts", allowsHostedConnections=True)
    elif role != "partner":
        lag.expect("lags.others-do-not-host", "no", allowsHostedConnections=False)
    tags, child = m.few_tags(), m.few_tags()
    lag.tags = dict(tags)
    params |= {"tags": m.tag_list(tags)} if tags else {}
    params |= {"childConnectionTags": m.tag_list(child)} if child else {}
    exchange = m.make(lag, step)
    count = int(str(params["numberOfConnections"])) - (chosen is not None)
    members = [_member(m, lag) for _ in range(count)]
    for one in members:
        one.tags = dict(child)
    if chosen is not None:
        _take_along(m, chosen, lag, "lags.existing-interfaces-move")
        enter(m, chosen, lag, "lags.existing-counted")
    _adopt(m, lag, members, exchange)
    m.look(lag, *members, *([chosen, *m.model.on(lag, "port")] if chosen is not None else []))
    if chosen is not None and chosen.kind == "connection":
        m.kept("lags.existing-keeps-id", chosen, before, (), "connectionName")


def _stands_alone(model: Model, port: Thing, role: str) -> bool:
    """Whether a LAG can be created with a port; the sources do not mention its hosted connections."""
    return port.owner == role and "lag" not in port.links and not model.on(port, "port", "hosted-connection")


def _member(m: MachineContext, lag: Thing) -> Thing:
    thing = new_connection(m, lag.owner, lag.facts["bandwidth"], lag.facts["location"], None, "lags.members-uniform")
    thing.facts["macsec"] = lag.facts["macsec"]
    enter(m, thing, lag, "lags.members-created")
    return thing


def _adopt(m: MachineContext, lag: Thing, members: list[Thing], exchange: Exchange | None) -> None:
    """Stores the ids of the connections that were ordered with a LAG."""
    answered = [] if exchange is None else at(exchange.body, "/connections/*/connectionId")
    ids = [one for one in answered if isinstance(one, str) and one not in m.ids]
    if exchange is None or lag.handle is None or lag.unsure:
        m.doubt("its LAG was not made", *members)
        return
    what = f"the answer lists {len(ids)} new connections, not {len(members)}"
    if not m.contract.check("lags.members-created", len(ids) == len(members), what, exchange, where="/connections"):
        m.doubt("its LAG has other members", lag, *members)
        return
    named = sorted(str(one) for one in at(exchange.body, "/connections/*/connectionName"))
    if len(named) == len(members):
        right = named == sorted(f"Requested Connection {number + 1} for Lag {lag.id}" for number in range(len(named)))
        m.contract.check("lags.members-named", right, f"the connections of a new LAG are called {named}", exchange)
    for thing, found in zip(members, ids, strict=True):
        m.known(thing, next(one for one in m.world.handles if one.id == found), exchange)
        made_with_tags(m, thing, "lags.child-tags-on-create")


def _take_along(m: MachineContext, connection: Thing, lag: Thing, rule: str) -> None:
    """Moves the resources on a connection that was in no LAG to the new LAG, in the model."""
    for one in m.model.on(connection, "port"):
        one.links["port"] = lag
        if one.kind == "virtual-interface":
            one.expect(rule, connectionId=lag)
            lag.facts["virtual-interface_rule"] = rule
        else:
            one.expect("hosted_connections.associate-moves", lagId=lag)
            lag.facts["hosted-connection_rule"] = "lags.associate-hosted-move"


def _pairs(model: Model) -> list[tuple[Thing, Thing]]:
    """Pairs of a port and a LAG of one account whose VLANs and addresses do not conflict."""
    found = []
    for one in model.of("connection", "interconnect"):
        for lag in model.of("lag"):
            if lag.owner != one.owner or one.links.get("lag") is lag:
                continue
            collide = model.vlans(one) & model.vlans(lag)
            if not collide and not (model.addresses(one) & model.addresses(lag)):
                found.append((one, lag))
    return found


@action("AssociateConnectionWithLag", ready=_pairs)
def associate_connection(m: MachineContext) -> None:
    """Associates a connection with a LAG, and removes it from its previous LAG."""
    connection, lag = m.one_of(_pairs(m.model))
    step = Step("AssociateConnectionWithLag", {"connectionId": connection, "lagId": lag}, lag.owner)
    for fact, rule in (
        ("bandwidth", "lags.associate-bandwidth"),
        ("location", "lags.associate-location"),
        ("macsec", "lags.associate-macsec"),
    ):
        if connection.facts[fact] != lag.facts[fact]:
            m.refuse(rule, step, f"a connection joins a LAG of another {fact}")
            return
    if len(m.model.members(lag)) >= MOST_MEMBERS:
        return
    old = connection.links.get("lag")
    m.at_rest(connection, *(m.model.members(old) if old is not None else ()))
    m.cleared(connection, lag)
    if old is not None and not can_spare(m.model, connection):
        if len(m.model.members(old)) > 1:
            m.refuse("lags.associate-minimum-guard", step, "a LAG falls below its minimum of links")
        return
    if spoiled(m, step):
        return
    m.fade(connection, lag)
    keyed = bool(connection.facts.get("keys"))
    m.accept(step)
    if old is None:
        _take_along(m, connection, lag, "lags.associate-interfaces-move")
        enter(m, connection, lag, "lags.associate-counted")
    else:
        enter(m, connection, lag, "lags.associate-changes-lag")
        old.facts["members_rule"] = "lags.associate-changes-lag"
    m.look(connection, lag, *([old] if old is not None else []), *m.model.on(lag, "port"))
    if keyed:
        keys_shown(m, connection, "macsec.lag-replaces-keys")


@action(
    "DisassociateConnectionFromLag",
    ready=lambda model: model.of("lag") and model.of("connection", "interconnect"),
)
def disassociate_connection(m: MachineContext) -> None:
    """Removes a connection from its LAG; a connection that is not a member cannot be removed."""
    connection = m.one_of(m.model.of("connection", "interconnect"))
    lags = m.model.of("lag", where=lambda one: one.owner == connection.owner)
    if not lags:
        return
    lag = connection.links.get("lag") or m.one_of(lags)
    step = Step("DisassociateConnectionFromLag", {"connectionId": connection, "lagId": lag}, lag.owner)
    if connection.links.get("lag") is not lag:
        m.refuse("lags.disassociate-not-member", step, "a connection leaves a LAG that it is not in")
        return
    members = m.model.members(lag)
    m.at_rest(*members)
    if len(members) > 1 and not can_spare(m.model, connection):
        m.refuse("lags.disassociate-minimum-guard", step, "a LAG falls below its minimum of links")
        return
    if spoiled(m, step):
        return
    m.accept(step)
    leave(m, connection, "lags.disassociate-counted")
    if connection.owner == "partner" and connection.kind == "connection":
        _convert(m, connection)
    m.look(connection, lag, *m.model.on(lag, "port"))


def _convert(m: MachineContext, connection: Thing) -> None:
    """Makes a partner's connection that leaves a LAG an interconnect in the model."""
    connection.kind, connection.life_rule = "interconnect", "lags.disassociate-partner-converts"
    connection.expected = {}
    if connection.handle is not None:
        connection.handle.resource = m.spec.resources["interconnect"]


@action("UpdateLag", ready=lambda model: model.of("lag"))
def update_lag(m: MachineContext) -> None:
    """Renames a LAG, or changes its minimum number of links or its encryption mode."""
    lag = m.one_of(m.model.of("lag"))
    params: dict[str, object] = {"lagId": lag, "lagName": m.name()}
    if m.chance(2):
        minimum = m.one_of(range(len(m.model.members(lag)) + 1))
        params = {"lagId": lag, "minimumLinks": minimum}
    elif lag.facts["macsec"] and m.chance(2):
        params = {"lagId": lag, "encryptionMode": m.one_of(("should_encrypt", "no_encrypt"))}
    step = Step("UpdateLag", params, lag.owner)
    if spoiled(m, step):
        return
    if params.get("minimumLinks"):
        # A minimum above the number of links that are up is refused (community.aws matches the message).
        m.settled(*m.model.members(lag))
    before = m.shown(lag)
    m.accept(step)
    if "lagName" in params:
        lag.expect("lags.update-name", lagName=params["lagName"])
    elif "encryptionMode" in params:
        lag.expect("lags.encryption-mode-update", encryptionMode=params["encryptionMode"])
    else:
        lag.facts["minimum"] = params["minimumLinks"]
        lag.expect("lags.update-minimum-links", minimumLinks=params["minimumLinks"])
    m.look(lag)
    with_it = ("connections",) if "encryptionMode" in params else ()
    m.kept("lags.update-preserves", lag, before, (*params, *with_it))


@action("DeleteLag", ready=lambda model: model.of("lag"))
def delete_lag(m: MachineContext) -> None:
    """Deletes a LAG that is not in use; its connections remain."""
    lag = m.one_of(m.model.of("lag"))
    members = m.model.members(lag)
    step = Step("DeleteLag", {"lagId": lag}, lag.owner)
    if m.model.on(lag, "port", "virtual-interface"):
        m.refuse("lags.delete-with-interface", step, "a LAG with a virtual interface is deleted")
        return
    if m.model.on(lag, "port", "hosted-connection"):
        m.refuse("lags.delete-with-hosted", step, "a LAG with a hosted connection is deleted")
        return
    if spoiled(m, step) or (members and lag.owner == "partner"):
        return  # no source says what becomes of a partner's connections
    m.cleared(lag)
    m.accept(step)
    gone(lag, "lags.deleted-gone")
    for one in members:
        leave(m, one, "lags.delete-keeps-connections")
    m.look(lag, *members)
