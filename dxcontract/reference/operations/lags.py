"""Operations on link aggregation groups (LAGs) and their connections."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dxcontract.reference.core import access, ids, pages, transitions
from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error, unknown
from dxcontract.reference.core.records import GONE, Connection, Lag, MacSecKey, VirtualInterface
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import bandwidths, connections, locations, macsec, pools, ports, tags
from dxcontract.spec.model import Json

LARGEST_EVER_DOCUMENTED: Final = 10


def view(call: Call, lag: Lag) -> Json:
    """The response form of a LAG."""
    bundled = ports.members(call.world, lag.id)
    location = connections.endpoint(lag)
    answer: Json = {
        "connectionsBandwidth": lag.bandwidth,
        "numberOfConnections": len(bundled),
        "lagId": lag.id,
        "ownerAccount": lag.owner,
        "lagName": lag.name,
        "lagState": ports.lag_state(call.world, lag),
        "location": lag.location,
        "region": lag.region,
        "minimumLinks": lag.minimum_links,
        "awsDevice": location.device,
        "awsDeviceV2": location.device,
        "awsLogicalDeviceId": location.device,
        "connections": [_member(call, one) for one in bundled],
        "allowsHostedConnections": lag.allows_hosted_connections,
        "jumboFrameCapable": True,
        "hasLogicalRedundancy": "yes" if location.logical_redundancy else "no",
        "tags": tags.view(lag.tags),
        "macSecCapable": lag.request_macsec,
        "billingMode": lag.billing_mode,
    }
    if lag.provider_name is not None:
        answer["providerName"] = lag.provider_name
    answer.update(macsec.members(call, lag))
    answer.update(pools.members(call, lag))
    return answer


def _member(call: Call, connection: Connection) -> Json:
    shown = connections.view(call, connection)
    if not call.rules.holds("connections.delete-leaves-lag") and connection.state in ("deleting", *GONE):
        shown["connectionState"] = "available"
    return shown


@operation("CreateLag")
def create_lag(call: Call, request: Json) -> Json:
    """Order a LAG with new connections or with an existing one; the request succeeds or fails as a whole."""
    rules, store = call.rules, call.store
    location = connections.order_location(call, request["location"], "lags.location-known")
    bandwidth, wanted = request["connectionsBandwidth"], request["numberOfConnections"]
    rules.refuse_unless(
        "lags.bandwidth-known",
        bandwidth in bandwidths.DEDICATED and location.offers(bandwidth),
        f"Bandwidth {bandwidth[:100]} is not available at {location.code}.",
    )
    wanted = _check_count(call, wanted, bandwidth)
    existing = _existing(call, request, location, bandwidth)
    wants_macsec = connections.check_macsec(call, request, location, bandwidth)
    own_tags = tags.on_creation(call, request.get("tags"), "lags.tags-on-create")
    child_tags = tags.on_creation(call, request.get("childConnectionTags"), "lags.child-tags-on-create")
    if not rules.holds("lags.not-idempotent"):
        for one in store.find(Lag, "owner", call.account, call.region):
            if one.name == request["lagName"] and one.state not in GONE:
                return view(call, one)
    lag = store.put(
        Lag(
            id=call.new_id("dxlag", "lags.id-form"),
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            # The documentation says requested; AWS answered pending in a recording.
            state="requested" if call.documented else "pending",
            due=call.clock.next_step() if call.documented else NEVER,
            name=request["lagName"],
            location=location.code,
            bandwidth=bandwidth,
            allows_hosted_connections=rules.holds("lags.partner-hosts")
            if call.is_partner
            else not rules.holds("lags.others-do-not-host"),
            provider_name=request.get("providerName"),
            request_macsec=wants_macsec,
            encryption_mode="should_encrypt" if wants_macsec else None,
            billing_mode=request.get("billingMode", "PayAsYouGo") if rules.holds("billing.on-create") else "PayAsYouGo",
            minimum_links=0 if rules.holds("lags.minimum-links-default") else 1,
            tags=own_tags,
        )
    )
    ordered = wanted - (existing is not None and rules.holds("lags.existing-counted"))
    if not rules.holds("lags.members-created"):
        ordered -= 1
    for number in range(1, ordered + 1):
        connections.new(
            call,
            kind="dedicated",
            name=f"Requested Connection {number} for Lag {lag.id}",
            location=location,
            bandwidth=bandwidth,
            lag=lag,
            request={"providerName": lag.provider_name, "billingMode": lag.billing_mode},
            own_tags=child_tags,
        )
    if existing is not None:
        join(call, existing, lag, "lags.existing-interfaces-move", "down")
    return view(call, lag)


def _check_count(call: Call, wanted: int, bandwidth: str) -> int:
    """How many connections to order: as many as are wanted, if a LAG may have them."""
    rules = call.rules
    rules.refuse_unless("lags.count-minimum", wanted >= 1, "A LAG has at least one connection.")
    if wanted > LARGEST_EVER_DOCUMENTED:
        rules.refuse_unless(
            "lags.count-maximum", wanted > 100, f"A LAG has at most {LARGEST_EVER_DOCUMENTED} connections."
        )
        # Even an emulator that breaks the rule does not order a million ports.
        if wanted > 100:
            raise client_error("No endpoint has so many ports.")
        return wanted
    most = connections.maximum_members(bandwidth)
    rules.refuse_unless("lags.count-by-speed", wanted <= most, f"A LAG of {bandwidth} has at most {most} connections.")
    return min(wanted, most)


def _existing(call: Call, request: Json, location: locations.Location, bandwidth: str) -> Connection | None:
    if "connectionId" not in request:
        return None
    connection = ports.own_connection(call, request["connectionId"])
    _check_dedicated(connection)
    call.rules.refuse_unless(
        "lags.existing-bandwidth", connection.bandwidth == bandwidth, f"{connection.id} has {connection.bandwidth}."
    )
    call.rules.refuse_unless(
        "lags.existing-location", connection.location == location.code, f"{connection.id} is at {connection.location}."
    )
    call.rules.refuse_unless(
        "lags.associate-macsec",
        connection.request_macsec == bool(request.get("requestMACSec", False)),
        f"Connection {connection.id} and lag should be requested MacSec at the same time",
    )
    connections.check_lag_minimum(call, connection, "lags.associate-minimum-guard")
    return connection


def _check_dedicated(connection: Connection) -> None:
    if connection.kind == "hosted" or connection.state in ("deleting", *GONE):
        raise client_error(f"{connection.id} is {connection.kind} and {connection.state}; it cannot be put into a LAG.")


def join(call: Call, connection: Connection, lag: Lag, interfaces_rule: str, interrupted: str) -> Connection:
    """Add a connection and its virtual interfaces to a LAG.

    `interrupted` is what becomes of one that is up, until it is up again.
    """
    store, rules = call.store, call.rules
    old_lag = connection.lag_id
    if (old_lag is None or not rules.holds("lags.associate-interfaces-stay")) and rules.holds(interfaces_rule):
        for interface in store.find(VirtualInterface, "parent", old_lag or connection.id):
            store.put(replace(interface, parent_id=lag.id))
    stays = rules.holds("lags.associate-hosted-stay")
    if (old_lag is None or not stays) and rules.holds("lags.associate-hosted-move"):
        for hosted in store.find(Connection, "parent", old_lag or connection.id):
            store.put(replace(hosted, parent_id=lag.id))
    # The keys of the LAG replace those of the connection.
    for key in store.find(MacSecKey, "connection", connection.id) if rules.holds("macsec.lag-replaces-keys") else ():
        store.remove(key)
    # A connection that is still ordered stays ordered; a connection that is up is interrupted.
    return store.put(
        replace(
            connection,
            lag_id=lag.id,
            state=_interrupted(connection, interrupted),
            transitioning=True,
            due=call.clock.next_step(),
            encryption_mode=lag.encryption_mode,
        )
    )


def _interrupted(connection: Connection, state: str) -> str:
    return state if connection.state in ("available", "down") else connection.state


def _pending(call: Call, lag: Lag) -> None:
    """As the text has it, a LAG whose members change is pending until one of them is up."""
    if call.documented:
        call.store.put(replace(lag, state="pending", been_up=False, due=call.clock.next_step()))


@operation("DescribeLags")
def describe_lags(call: Call, request: Json) -> Json:
    """Describe all LAGs of the caller in the Region, or one of them; includes deleted LAGs.

    Unlike for connections, an unknown id is an error.
    """
    if "lagId" in request:
        ids.check_lag(request["lagId"])
        found: Sequence[Lag] = access.one(call, Lag, request["lagId"])
        if not found:
            raise unknown(f"Could not find Lag with ID {request['lagId']}")
    if "lagId" not in request or not call.rules.holds("lags.describe-one"):
        found = access.shows(call, Lag, call.store.find(Lag, "owner", call.account, call.region))
    return pages.page(call, request, "lags", found, lambda one: view(call, one))


@operation("UpdateLag")
def update_lag(call: Call, request: Json) -> Json:
    """Change the name, the minimum number of links or the encryption mode of a LAG."""
    lag, rules = ports.own_lag(call, request["lagId"]), call.rules
    if "lagName" in request and rules.holds("lags.update-name"):
        lag = replace(lag, name=request["lagName"])
    if "minimumLinks" in request:
        if request["minimumLinks"] < 0:
            raise client_error("minimumLinks must not be negative.")
        if rules.holds("lags.update-minimum-links"):
            lag = replace(lag, minimum_links=request["minimumLinks"])
    if "encryptionMode" in request:
        macsec.check_mode(call, request["encryptionMode"], lag, "lags.encryption-mode-known")
        if rules.holds("lags.encryption-mode-update"):
            lag = replace(lag, encryption_mode=request["encryptionMode"])
        if rules.holds("lags.encryption-mode-members"):
            for member in ports.members(call.world, lag.id):
                call.store.put(replace(member, encryption_mode=lag.encryption_mode))
    if not rules.holds("lags.update-preserves"):
        lag = replace(lag, minimum_links=lag.minimum_links + ("minimumLinks" not in request), provider_name="Nobody")
    if rules.broken("fault.lost-update"):
        return view(call, lag)
    return view(call, call.store.put(lag))


@operation("DeleteLag")
def delete_lag(call: Call, request: Json) -> Json:
    """Delete a LAG; its connections remain as standalone connections."""
    lag, rules = ports.own_lag(call, request["lagId"]), call.rules
    rules.refuse_unless(
        "lags.delete-with-interface",
        not ports.interfaces(call.world, lag.id),
        f"{lag.id} has virtual interfaces; delete them first.",
    )
    rules.refuse_unless(
        "lags.delete-with-hosted",
        not ports.hosted(call.world, lag.id),
        f"{lag.id} has hosted connections; delete them first.",
    )
    for member in ports.members(call.world, lag.id):
        if rules.holds("lags.delete-keeps-connections"):
            leave(call, member)
        else:
            connections.delete(call, replace(member, lag_id=None), "rejected", "connections.deleted-gone")
    for key in call.store.find(MacSecKey, "connection", lag.id):
        call.store.remove(key)
    # The documentation says deleting; AWS answered deleted in a recording.
    after = replace(lag, state="deleted", due=call.clock.now() + transitions.DELETED_PORT_SHOWN)
    if call.documented:
        after = replace(lag, state="deleting", due=call.clock.next_step())
    if rules.holds("tags.die-with-resource"):
        after = replace(after, tags=())
    if rules.holds("lags.deleted-gone"):
        call.store.put(after)
    return view(call, after)


def leave(call: Call, connection: Connection) -> Connection:
    """Remove a connection from its LAG. The connection of a partner becomes an interconnect."""
    converts = call.world.accounts.is_partner(connection.owner) and call.rules.holds(
        "lags.disassociate-partner-converts"
    )
    return call.store.put(
        replace(
            connection,
            lag_id=None,
            state=_interrupted(connection, "pending") if call.documented else connection.state,
            transitioning=True,
            due=call.clock.next_step(),
            kind="interconnect" if converts else connection.kind,
        )
    )


@operation("AssociateConnectionWithLag")
def associate_connection_with_lag(call: Call, request: Json) -> Json:
    """Add a connection to a LAG, and remove it from another LAG if necessary."""
    connection = ports.own_connection(call, request["connectionId"])
    lag = ports.own_lag(call, request["lagId"])
    _check_dedicated(connection)
    _check_settled(connection)
    if connection.lag_id == lag.id:
        raise client_error(f"{connection.id} is in {lag.id} already.")
    connections.fits_lag(
        call,
        lag,
        connections.endpoint(connection),
        connection.bandwidth,
        "lags.associate-bandwidth",
        "lags.associate-location",
    )
    call.rules.refuse_unless(
        "lags.associate-macsec",
        connection.request_macsec == lag.request_macsec,
        f"Connection {connection.id} and lag should be requested MacSec at the same time",
    )
    connections.lag_has_room(call, lag)
    connections.check_lag_minimum(call, connection, "lags.associate-minimum-guard")
    if connection.lag_id is None:
        _check_conflicts(call, connection, lag)
    if connection.state == "available":
        transitions.lag_came_up(call.world, lag.id)
    changes = call.rules.holds("lags.associate-changes-lag") or connection.lag_id is None
    if not changes or not call.rules.holds("lags.associate-counted"):
        return {**connections.view(call, connection), "lagId": lag.id}
    _pending(call, lag)
    state = "pending" if call.documented else "down"
    return connections.view(call, join(call, connection, lag, "lags.associate-interfaces-move", state))


def _check_conflicts(call: Call, connection: Connection, lag: Lag) -> None:
    # No source speaks of this case, but two interfaces with one VLAN cannot be on a LAG.
    on_lag = {one.vlan for one in ports.interfaces(call.world, lag.id)}
    if on_lag & {one.vlan for one in ports.interfaces(call.world, connection.id)}:
        raise client_error(f"A VLAN of {connection.id} is in use on {lag.id}.")
    on_lag = {one.vlan or 0 for one in ports.hosted(call.world, lag.id)}
    if on_lag & {one.vlan or 0 for one in ports.hosted(call.world, connection.id)}:
        raise client_error(f"A VLAN of a hosted connection of {connection.id} is in use on {lag.id}.")


def _check_settled(connection: Connection) -> None:
    if connection.transitioning:
        raise client_error(f"Connection {connection.id} is in a transitioning state.")


@operation("DisassociateConnectionFromLag")
def disassociate_connection_from_lag(call: Call, request: Json) -> Json:
    """Remove a connection from a LAG; virtual interfaces of the LAG stay on it."""
    connection = ports.own_connection(call, request["connectionId"])
    lag, rules, store = ports.own_lag(call, request["lagId"]), call.rules, call.store
    rules.refuse_unless(
        "lags.disassociate-not-member", connection.lag_id == lag.id, f"{connection.id} is not in {lag.id}."
    )
    if connection.lag_id != lag.id:
        return connections.view(call, connection)
    _check_settled(connection)
    connections.check_lag_minimum(call, connection, "lags.disassociate-minimum-guard")
    if not rules.holds("lags.disassociate-interfaces-stay"):
        for interface in store.find(VirtualInterface, "parent", lag.id):
            store.put(replace(interface, parent_id=connection.id))
    if not rules.holds("lags.disassociate-hosted-stay"):
        for hosted in store.find(Connection, "parent", lag.id):
            store.put(replace(hosted, parent_id=connection.id))
    if not rules.holds("lags.empty-remains") and len(ports.members(call.world, lag.id)) == 1:
        store.put(replace(lag, state="deleted"))
    if not rules.holds("lags.disassociate-counted"):
        return {name: value for name, value in connections.view(call, connection).items() if name != "lagId"}
    _pending(call, lag)
    return connections.view(call, leave(call, connection))
