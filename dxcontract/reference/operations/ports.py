"""Connections and LAGs as ports: lookup, link state, and the resources on them."""

from dxcontract.reference.core import access, ids
from dxcontract.reference.core.context import Call, World
from dxcontract.reference.core.records import GONE, Connection, Lag, VirtualInterface

Port = Connection | Lag


def find(call: Call, port_id: str) -> Port | None:
    """The connection, interconnect or LAG with this id in the call's Region, whoever owns it."""
    record: Port | None = call.store.get(Connection, port_id) or call.store.get(Lag, port_id)
    return record if record is not None and record.region == call.region else None


def own(call: Call, port_id: str, what: str = "") -> Port:
    """The caller's connection, interconnect or LAG that still exists.

    Raises:
        ServiceError: the id is malformed, or the caller has no such port.
    """
    ids.check_port(port_id)
    port: Port | None = call.store.get(Connection, port_id) or call.store.get(Lag, port_id)
    if port is None or port.state in GONE or not access.admits(call, port, what=what):
        raise access.refusal(call, port, f"Could not find Connection with ID {port_id}")
    return port


def own_connection(call: Call, connection_id: str, *others: str | None, what: str = "") -> Connection:
    """The caller's connection or interconnect that still exists; `others` are accounts that may name it as well.

    Raises:
        ServiceError: the id is malformed, or the caller has no such connection.
    """
    ids.check_connection(connection_id)
    connection = call.store.get(Connection, connection_id)
    if connection is None or connection.state in GONE or not access.admits(call, connection, *others, what=what):
        raise access.refusal(call, connection, f"Could not find Connection with ID {connection_id}")
    return connection


def own_lag(call: Call, lag_id: str) -> Lag:
    """The caller's LAG that still exists.

    Raises:
        ServiceError: the id is malformed, or the caller has no such LAG.
    """
    ids.check_lag(lag_id)
    lag = call.store.get(Lag, lag_id)
    if lag is None or lag.state in ("deleting", *GONE) or not access.admits(call, lag):
        raise access.refusal(call, lag, f"Could not find Lag with ID {lag_id}")
    return lag


def members(world: World, lag_id: str) -> list[Connection]:
    """The connections bundled by a LAG."""
    return world.store.find(Connection, "lag", lag_id)


def operational(world: World, lag: Lag) -> int:
    """How many connections of a LAG are up."""
    return sum(one.state == "available" for one in members(world, lag.id))


def lag_state(world: World, lag: Lag) -> str:
    """The state to show: a LAG is up while enough of its connections are."""
    if lag.state in ("deleting", *GONE) or not lag.been_up:
        return lag.state
    enough = operational(world, lag) >= max(lag.minimum_links, 1)
    if not world.rules.holds("lags.minimum-links-down"):
        enough = True
    return "available" if enough and lag.link_up else "down"


def connection_state(world: World, connection: Connection) -> str:
    """The state to show: a hosted connection has no link but that of its interconnect or LAG."""
    if connection.state == "available" and connection.parent_id is not None:
        parent = world.store.get(Connection, connection.parent_id) or world.store.get(Lag, connection.parent_id)
        if parent is not None and not is_link_up(world, parent):
            return "down"
    return connection.state


def is_link_up(world: World, port: Port) -> bool:
    """Whether nothing has taken the link of a port down."""
    if isinstance(port, Lag):
        return port.link_up and lag_state(world, port) != "down"
    return port.link_up


def state(world: World, port: Port) -> str:
    """The state to show of a connection, an interconnect or a LAG."""
    return lag_state(world, port) if isinstance(port, Lag) else connection_state(world, port)


def interfaces(world: World, port_id: str) -> list[VirtualInterface]:
    """The virtual interfaces on a port that are not gone."""
    found = world.store.find(VirtualInterface, "parent", port_id)
    return [one for one in found if one.state not in GONE]


def hosted(world: World, port_id: str) -> list[Connection]:
    """The hosted connections on a port that are not gone."""
    found = world.store.find(Connection, "parent", port_id)
    return [one for one in found if one.state not in GONE]
