"""Operations on hosted connections: a partner allocates them, their owner confirms or declines them."""

from dataclasses import replace
from typing import Final

from dxcontract.reference.core import ids, pages
from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error, unknown
from dxcontract.reference.core.records import GONE, Connection, Lag, VirtualInterface
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import bandwidths, connections, interconnects, ports, tags
from dxcontract.reference.operations.peers import addresses_of
from dxcontract.reference.operations.ports import Port
from dxcontract.spec.model import Json

VLANS: Final = range(1, 4095)


def _can_host(port: Port) -> bool:
    return port.allows_hosted_connections if isinstance(port, Lag) else port.kind == "interconnect"


def _partners_only(call: Call, port_id: str) -> None:
    port = ports.find(call, port_id)
    foreign = port is not None and port.owner != call.account
    # Who is no partner has no interconnect either: both rules keep it out, and with one of them off it gets in.
    if not foreign or call.rules.holds("access.interconnect-foreign-allocate"):
        interconnects.partners_only(call, "hosted_connections.partner-only")


def _parent(call: Call, port_id: str) -> Port:
    if call.is_partner:
        return ports.own(call, port_id)
    # Only where the rule that partners alone may ask is switched off.
    ids.check_port(port_id)
    port = ports.find(call, port_id)
    if port is None:
        raise unknown(f"Could not find Connection with ID {port_id}")
    return port


def _allocate(call: Call, request: Json, parent: Port, offered: tuple[str, ...]) -> Connection:
    ids.check_account(request["ownerAccount"])
    bandwidth, vlan, rules, store = request["bandwidth"], request["vlan"], call.rules, call.store
    if bandwidth in bandwidths.HOSTED and bandwidth not in offered:
        raise client_error(f"Bandwidth {bandwidth} is not available here.")
    rules.refuse_unless(
        "hosted_connections.bandwidth-known",
        bandwidth in bandwidths.HOSTED,
        f"Bandwidth must be one of {', '.join(offered)}.",
    )
    rules.refuse_unless("hosted_connections.vlan-range", vlan in VLANS, "vlan must be from 1 to 4094.")
    taken = {one.vlan for one in ports.hosted(call.world, parent.id)}
    rules.refuse_unless(
        "hosted_connections.vlan-unique", vlan not in taken, f"VLAN {vlan} is already in use on {parent.id}."
    )
    if not rules.holds("hosted_connections.vlan-per-parent"):
        every = [one for one in store.everything() if isinstance(one, Connection) and one.partner == call.account]
        if any(one.vlan == vlan and one.state not in GONE for one in every):
            raise client_error(f"VLAN {vlan} is already in use.")
    return store.put(
        Connection(
            id=store.new_id("dxcon"),
            serial=store.next_serial(),
            owner=request["ownerAccount"] if rules.holds("hosted_connections.owner") else call.account,
            region=call.region,
            state="ordering",
            due=call.clock.next_step() if not rules.holds("hosted_connections.unconfirmed-waits") else NEVER,
            kind="hosted",
            name=request["connectionName"],
            location=parent.location,
            bandwidth=bandwidth,
            vlan=vlan,
            parent_id=parent.id,
            partner=call.account,
            provider_name=parent.provider_name,
            tags=tags.read(call, request.get("tags"), "tags.duplicate-keys-on-create", "tags.maximum-on-create"),
        )
    )


@operation("AllocateHostedConnection")
def allocate_hosted_connection(call: Call, request: Json) -> Json:
    """Provision a connection for another account: it is `ordering` until that account decides."""
    _partners_only(call, request["connectionId"])
    parent = _parent(call, request["connectionId"])
    call.rules.refuse_unless(
        "hosted_connections.parent-kind",
        _can_host(parent) or not call.is_partner,
        f"{parent.id} is no interconnect and no LAG that can host connections.",
    )
    return connections.view(call, _allocate(call, request, parent, bandwidths.HOSTED))


@operation("AllocateConnectionOnInterconnect")
def allocate_connection_on_interconnect(call: Call, request: Json) -> Json:
    """The deprecated form, on interconnects only."""
    _partners_only(call, request["interconnectId"])
    ids.check_connection(request["interconnectId"])
    parent = _parent(call, request["interconnectId"])
    call.rules.refuse_unless(
        "hosted_connections.parent-kind", _can_host(parent) or not call.is_partner, f"{parent.id} is no interconnect."
    )
    return connections.view(call, _allocate(call, request, parent, bandwidths.HOSTED_DEPRECATED))


@operation("ConfirmConnection")
def confirm_connection(call: Call, request: Json) -> Json:
    """The owner takes a hosted connection: `ordering` becomes `pending`."""
    ids.check_connection(request["connectionId"])
    found, rules = call.store.get(Connection, request["connectionId"]), call.rules
    # A declined one is there for its owner, but in the wrong state.
    declined = found is not None and found.state == "rejected" and found.owner == call.account
    if found is None or not declined:
        found = ports.own_connection(call, request["connectionId"])
    refusal = "hosted_connections.rejected-not-confirmed" if declined else "hosted_connections.confirm-wrong-state"
    rules.refuse_unless(
        refusal, found.state == "ordering", f"ConfirmConnection failed. {found.id} is in state {found.state}"
    )
    connection = replace(found, state="pending", due=call.clock.next_step())
    if rules.holds("hosted_connections.confirm-ends-ordering"):
        call.store.put(connection)
    return {"connectionState": connection.state}


@operation("DescribeHostedConnections")
def describe_hosted_connections(call: Call, request: Json) -> Json:
    """What the caller has provisioned on an interconnect or a LAG; anything else is refused."""
    interconnects.partners_only(call)
    port_id, rules = request["connectionId"], call.rules
    ids.check_port(port_id)
    port = ports.find(call, port_id)
    if port is not None and isinstance(port, Connection) and port.kind != "interconnect":
        rules.refuse_unless(
            "hosted_connections.describe-wrong-parent",
            False,
            f"{call.account} DescribeHostedConnections failed for connection {port_id} doesn't exist.",
        )
    elif port is None or port.owner != call.account:
        raise unknown(f"{call.account} DescribeHostedConnections failed for connection {port_id} doesn't exist.")
    return pages.page(call, request, "connections", _on(call, port), lambda one: connections.view(call, one))


def _on(call: Call, port: Port) -> list[Connection]:
    found = call.store.find(Connection, "parent", port.id)
    if not call.rules.holds("hosted_connections.listed-by-parent-only"):
        found = [one for one in call.store.everything() if isinstance(one, Connection) and one.partner == call.account]
    return found


@operation("DescribeConnectionsOnInterconnect")
def describe_connections_on_interconnect(call: Call, request: Json) -> Json:
    """The deprecated form, for interconnects only."""
    interconnects.partners_only(call)
    interconnect = interconnects.own(call, request["interconnectId"])
    found = call.store.find(Connection, "parent", interconnect.id)
    if not call.rules.holds("hosted_connections.deprecated-describe"):
        found = found[:-1]
    return {"connections": [connections.view(call, one) for one in found]}


@operation("AssociateHostedConnection")
def associate_hosted_connection(call: Call, request: Json) -> Json:
    """Move a hosted connection and its virtual interfaces to another interconnect or LAG."""
    interconnects.partners_only(call, "hosted_connections.partner-only")
    ids.check_connection(request["connectionId"])
    store, rules = call.store, call.rules
    connection = store.get(Connection, request["connectionId"])
    plain = connection is not None and connection.kind != "hosted" and connection.owner == call.account
    rules.refuse_unless(
        "hosted_connections.associate-kind", not plain, f"{request['connectionId']} is no hosted connection."
    )
    current = ports.find(call, connection.parent_id) if connection is not None and connection.parent_id else None
    allowed = plain or (current is not None and (current.owner == call.account or not call.is_partner))
    if connection is None or not allowed or connection.state in GONE:
        raise unknown(f"Could not find Connection with ID {request['connectionId']}")
    target = _parent(call, request["parentConnectionId"])
    rules.refuse_unless(
        "hosted_connections.associate-parent-kind",
        _can_host(target) or not call.is_partner,
        f"{target.id} is no interconnect and no LAG that can host connections.",
    )
    others = [one for one in ports.hosted(call.world, target.id) if one.id != connection.id]
    rules.refuse_unless(
        "hosted_connections.associate-vlan-conflict",
        all(one.vlan != connection.vlan for one in others),
        f"VLAN {connection.vlan} is already in use on {target.id}.",
    )
    rules.refuse_unless(
        "hosted_connections.associate-address-conflict",
        not _addresses(call, [connection]) & _addresses(call, others),
        f"An address of {connection.id} is in use on {target.id}.",
    )
    interrupted = connection.state == "available" or (call.documented and connection.state == "down")
    interfaces = store.find(VirtualInterface, "parent", connection.id)
    moves = rules.holds("hosted_connections.associate-moves")
    connection = store.put(
        replace(
            connection,
            parent_id=target.id if moves else connection.parent_id,
            location=target.location,
            # The text has an interrupted connection pending, published examples have it down.
            state=("pending" if call.documented else "down") if interrupted else connection.state,
            transitioning=interrupted,
            due=call.clock.next_step() if interrupted else connection.due,
        )
    )
    for interface in interfaces:
        stays = rules.holds("hosted_connections.associate-moves-interfaces")
        parent = connection.id if stays else target.id
        store.put(replace(interface, location=target.location, parent_id=parent))
    return connections.view(call, connection)


def _addresses(call: Call, hosted: list[Connection]) -> set[str]:
    return {
        address
        for connection in hosted
        for interface in ports.interfaces(call.world, connection.id)
        for address in addresses_of(call.world, interface)
    }
