"""Connections: ordering alone or in a LAG, renaming, deletion."""

from dxcontract.spec.model import Json
from strategies.machines.actions.registry import action
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.steps import Step

RULES = (
    "connections.delete-leaves-lag",
    "connections.delete-minimum-links",
    "connections.delete-with-interface",
    "connections.deleted-gone",
    "connections.echo",
    "connections.encryption-mode-update",
    "connections.lag-join",
    "connections.lag-join-bandwidth",
    "connections.owner-and-region",
    "connections.lag-join-location",
    "connections.macsec-speed",
    "connections.update-name",
    "connections.update-preserves",
)
BANDWIDTHS = ("1Gbps", "10Gbps")
MOST_MEMBERS = 3
MOST_PORTS = 6


def few_ports(model: Model) -> bool:
    """Whether the example has few ports, so that it stays readable."""
    return len(model.of("connection", "interconnect", "lag")) < MOST_PORTS


def owned(m: MachineContext, thing: Thing, rule: str) -> None:
    """Expects the owner in the description of a resource, if the target stated the account id."""
    found = m.world.api.account(thing.owner).account_id
    if found is not None:
        thing.expect(rule, ownerAccount=found)


def new_connection(m: MachineContext, owner: str, bandwidth: str, location: str, name: str | None, rule: str) -> Thing:
    """Adds a connection to the model."""
    role = next(one for one in m.facts.roles if one == owner)
    thing = m.model.add("connection", role, facts={"bandwidth": bandwidth, "location": location, "keys": []})
    thing.expect(rule, bandwidth=bandwidth)
    thing.expect(rule, "caseless", location=location)
    owned(m, thing, "connections.owner-and-region")
    thing.expect("lags.members-uniform", lagId=None)
    if name is not None:
        thing.expect(rule, connectionName=name)
    return thing


@action("CreateConnection", ready=few_ports)
def create_connection(m: MachineContext) -> None:
    """Orders a connection, sometimes with tags, with MACsec or in a LAG."""
    role = m.one_of([one for one in ("owner", "other", "partner") if one in m.facts.roles])
    params: Json = {"location": m.facts.home, "bandwidth": m.one_of(m.facts.bandwidths), "connectionName": m.name()}
    lags = m.model.of("lag", where=lambda one: one.owner == role and not one.facts["macsec"])
    lags = [one for one in lags if len(m.model.members(one)) < MOST_MEMBERS]
    if lags and m.chance():
        _join(m, params, m.one_of(lags))
        return
    tags = m.few_tags()
    macsec = bool(m.facts.macsec) and m.chance(4)
    if macsec:
        params |= {"bandwidth": "10Gbps", "location": m.facts.macsec, "requestMACSec": True}
        if m.chance(5):
            params["bandwidth"] = "1Gbps"
            step = Step("CreateConnection", params, role)
            m.refuse("connections.macsec-speed", step, "MACsec is requested for a connection that is too slow")
            return
    elif m.facts.second and m.chance(5):
        params["location"] = m.facts.second
    if tags:
        params["tags"] = m.tag_list(tags)
    step = Step("CreateConnection", params, role)
    if spoiled(m, step):
        return
    thing = new_connection(
        m, role, params["bandwidth"], params["location"], params["connectionName"], "connections.echo"
    )
    thing.facts["macsec"] = macsec
    thing.tags = dict(tags)
    m.make(thing, step)
    m.look(thing)


def _join(m: MachineContext, params: Json, lag: Thing) -> None:
    params |= {"location": lag.facts["location"], "lagId": lag}
    step = Step("CreateConnection", params, lag.owner)
    if m.facts.second and m.chance(6):
        params["location"] = next(one for one in (m.facts.home, m.facts.second) if one != lag.facts["location"])
        params["bandwidth"] = lag.facts["bandwidth"]
        m.refuse("connections.lag-join-location", step, "a connection at another location joins a LAG")
        return
    if params["bandwidth"] != lag.facts["bandwidth"]:
        m.refuse("connections.lag-join-bandwidth", step, "a connection of another bandwidth joins a LAG")
        return
    if spoiled(m, step):
        return
    thing = new_connection(
        m, lag.owner, lag.facts["bandwidth"], lag.facts["location"], str(params["connectionName"]), "connections.echo"
    )
    thing.facts["macsec"] = False
    enter(m, thing, lag, "connections.lag-join")
    m.make(thing, step)
    m.look(thing, lag)


def enter(m: MachineContext, connection: Thing, lag: Thing, rule: str) -> None:
    """Makes a connection or interconnect a member of a LAG in the model."""
    connection.links["lag"] = lag
    connection.expect(rule, lagId=lag)
    connection.forget("encryptionMode")
    connection.facts["keys"] = []
    lag.facts["members_rule"] = rule


def leave(m: MachineContext, connection: Thing, rule: str) -> None:
    """Removes a connection or interconnect from its LAG in the model."""
    lag = connection.links.pop("lag", None)
    connection.expect(rule, lagId=None)
    connection.forget("encryptionMode")
    if lag is not None:
        lag.facts["members_rule"] = rule


def grouped(model: Model, connection: Thing) -> bool:
    """Whether a connection is in a resiliency group."""
    return any(connection in group.facts["connections"] for group in model.of("resiliency-group"))


def can_spare(model: Model, connection: Thing) -> bool:
    """Whether the LAG of a connection, if any, keeps its minimum number of links without it."""
    lag = connection.links.get("lag")
    return lag is None or len(model.members(lag)) - 1 >= lag.facts["minimum"]


def _deletable(model: Model) -> list[Thing]:
    return model.of("connection", where=lambda one: not grouped(model, one))


@action("DeleteConnection", ready=_deletable)
def delete_connection(m: MachineContext) -> None:
    """Deletes a connection that is not in use; a connection in use is not deleted."""
    thing = m.one_of(_deletable(m.model))
    lag = thing.links.get("lag")
    step = Step("DeleteConnection", {"connectionId": thing}, thing.owner)
    if m.model.on(thing, "port", "virtual-interface"):
        m.refuse("connections.delete-with-interface", step, "a connection with a virtual interface is deleted")
        return
    if not can_spare(m.model, thing):
        if lag is not None and len(m.model.members(lag)) > 1:
            m.refuse("connections.delete-minimum-links", step, "a LAG falls below its minimum of links")
        return
    if spoiled(m, step):
        return
    m.at_rest(*(m.model.members(lag) if lag is not None else ()))
    m.cleared(thing)
    m.accept(step)
    gone(thing, "connections.deleted-gone")
    if lag is not None:
        thing.links.pop("lag")
        lag.facts["members_rule"] = "connections.delete-leaves-lag"
    m.look(thing, *([lag] if lag is not None else []))


def gone(thing: Thing, rule: str, *, declined: bool = False) -> None:
    """Records that a resource was deleted, or declined by its owner."""
    thing.facts["tagged"] = bool(thing.tags)
    thing.life, thing.life_rule, thing.tags = "gone", rule, {}
    thing.facts["declined"] = declined
    if thing.handle is not None:
        thing.handle.deleted = not thing.unsure


@action("UpdateConnection", ready=lambda model: model.of("connection"))
def update_connection(m: MachineContext) -> None:
    """Renames a connection or changes its encryption mode."""
    thing = m.one_of(m.model.of("connection"))
    params = {"connectionId": thing, "connectionName": m.name()}
    if thing.facts["macsec"] and "lag" not in thing.links and m.chance(2):
        params = {"connectionId": thing, "encryptionMode": m.one_of(("should_encrypt", "no_encrypt"))}
    step = Step("UpdateConnection", params, thing.owner)
    if spoiled(m, step):
        return
    before = m.shown(thing)
    m.accept(step)
    if "connectionName" in params:
        thing.expect("connections.update-name", connectionName=params["connectionName"])
    else:
        thing.expect("connections.encryption-mode-update", encryptionMode=params["encryptionMode"])
    m.look(thing)
    m.kept("connections.update-preserves", thing, before, tuple(params))
