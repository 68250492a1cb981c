"""Connections: ordering, describing, updating and deleting them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from dxcontract.reference.core import access, ids, pages, transitions
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error
from dxcontract.reference.core.records import GONE, Connection, Lag, MacSecKey, Tags
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import bandwidths, locations, macsec, pools, ports, tags
from dxcontract.reference.operations.locations import Location
from dxcontract.spec.model import Json


def view(call: Call, connection: Connection) -> Json:
    """A connection as answered; a member of a LAG looks the same."""
    answer: Json = {
        "ownerAccount": connection.owner,
        "connectionId": connection.id,
        "connectionName": connection.name,
        "connectionState": ports.connection_state(call.world, connection),
        "region": connection.region,
        "location": connection.location,
        "bandwidth": connection.bandwidth,
    }
    if connection.kind == "hosted":
        answer["vlan"] = connection.vlan
        answer["partnerName"] = f"Partner {connection.partner}"
    answer.update(common(call, connection))
    # Only the owner sees the tags of a hosted connection.
    visible = connection.owner == call.account or not call.rules.holds("hosted_connections.tags-owner-only")
    answer["tags"] = tags.view(connection.tags) if visible else []
    answer["billingMode"] = connection.billing_mode
    answer.update(pools.members(call, connection))
    return answer


def common(call: Call, connection: Connection) -> Json:
    """The members that connections and interconnects share."""
    answer: Json = {}
    if connection.loa_issue_time is not None:
        answer["loaIssueTime"] = connection.loa_issue_time
    # A hosted connection on a LAG names it too.
    lag_id = connection.lag_id or (connection.parent_id if (connection.parent_id or "").startswith("dxlag-") else None)
    if lag_id is not None:
        answer["lagId"] = lag_id
    location = endpoint(connection)
    processed = connection.state not in ("ordering", "requested")
    if processed:
        # The endpoint is known once the order was processed (a recording of 2017 has none at first).
        answer["awsDevice"] = answer["awsDeviceV2"] = answer["awsLogicalDeviceId"] = location.device
    answer["jumboFrameCapable"] = processed
    answer["hasLogicalRedundancy"] = redundancy(connection)
    if connection.provider_name is not None:
        answer["providerName"] = connection.provider_name
    answer["macSecCapable"] = connection.request_macsec
    answer.update(macsec.members(call, connection))
    return answer


def endpoint(port: Connection | Lag) -> Location:
    """Where a connection or a LAG ends."""
    location = locations.find(port.region, port.location)
    assert location is not None
    return location


def redundancy(connection: Connection) -> str:
    """`unknown` while the order is processed (aws-sdk-go#2717), then as the endpoint has it."""
    if connection.state in ("ordering", "requested"):
        return "unknown"
    return "yes" if endpoint(connection).logical_redundancy else "no"


@operation("CreateConnection")
def create_connection(call: Call, request: Json) -> Json:
    """Order a dedicated connection: it is `requested` at first."""
    lag = ports.own_lag(call, request["lagId"]) if "lagId" in request else None
    location = order_location(call, request["location"], "connections.location-known")
    if location.code == locations.of_region(call.region)[0].code and not call.rules.holds("locations.usable"):
        raise client_error(f"There is no free port at {location.code}.")
    bandwidth = request["bandwidth"]
    call.rules.refuse_unless(
        "connections.bandwidth-known", bandwidth in bandwidths.DEDICATED, f"Bandwidth {bandwidth[:100]} is not valid."
    )
    call.rules.refuse_unless(
        "connections.bandwidth-at-location",
        bandwidth not in bandwidths.DEDICATED or location.offers(bandwidth),
        f"Bandwidth {bandwidth[:100]} is not available at {location.code}.",
    )
    if lag is not None:
        fits_lag(call, lag, location, bandwidth, "connections.lag-join-bandwidth", "connections.lag-join-location")
        lag_has_room(call, lag)
    if not call.rules.holds("connections.not-idempotent"):
        for one in call.store.find(Connection, "owner", call.account, call.region):
            if (one.name, one.bandwidth, one.state in GONE) == (request["connectionName"], bandwidth, False):
                return view(call, one)
    connection = new(
        call,
        kind="dedicated",
        name=request["connectionName"],
        location=location,
        bandwidth=bandwidth,
        lag=lag if call.rules.holds("connections.lag-join") else None,
        request=request,
        own_tags=tags.on_creation(call, request.get("tags"), "connections.tags-on-create"),
    )
    return view(call, connection)


def new(
    call: Call,
    *,
    kind: Literal["dedicated", "interconnect"],
    name: str,
    location: Location,
    bandwidth: str,
    lag: Lag | None,
    request: Json,
    own_tags: Tags,
) -> Connection:
    """Put a newly ordered connection or interconnect into the store; `request` has what is common to all orders.

    Raises:
        ServiceError: the location has no MACsec for the port.
    """
    wants_macsec = check_macsec(call, request, location, bandwidth)
    if lag is not None:
        wants_macsec = lag.request_macsec
    mode = request.get("billingMode") if call.rules.holds("billing.on-create") else None
    store = call.store
    return store.put(
        Connection(
            id=call.new_id("dxcon", "interconnects.id-form" if kind == "interconnect" else "connections.id-form"),
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            state="requested",
            due=call.clock.next_step(),
            kind=kind,
            name=name,
            location=location.code,
            bandwidth=bandwidth,
            lag_id=lag.id if lag else None,
            provider_name=request.get("providerName"),
            request_macsec=wants_macsec and call.rules.holds("connections.macsec-requested"),
            encryption_mode=(lag.encryption_mode if lag else "should_encrypt") if wants_macsec else None,
            billing_mode=mode or (lag.billing_mode if lag else "PayAsYouGo"),
            tags=own_tags,
        )
    )


def check_macsec(call: Call, request: Json, location: Location, bandwidth: str) -> bool:
    """Whether the request asks for MACsec.

    Raises:
        ServiceError: the location has no MACsec for this bandwidth.
    """
    wanted = bool(request.get("requestMACSec", False))
    call.rules.refuse_unless(
        "connections.macsec-speed",
        not wanted or location.offers_macsec(bandwidth),
        f"MACsec is not available for {bandwidth} at {location.code}.",
    )
    return wanted


def order_location(call: Call, code: str, rule_id: str) -> Location:
    """The location of the Region with this code.

    Raises:
        ServiceError: the Region has none.
    """
    location = locations.find(call.region, code)
    if location is not None and location.code != code and not call.rules.holds("connections.location-case"):
        location = None
    call.rules.refuse_unless(rule_id, location is not None, f"Location {code[:100]} is not valid in {call.region}.")
    return location or locations.of_region(call.region)[0]


def fits_lag(call: Call, lag: Lag, location: Location, bandwidth: str, bandwidth_rule: str, location_rule: str) -> None:
    """Raises ServiceError when a port is not of the LAG's bandwidth and endpoint."""
    call.rules.refuse_unless(
        bandwidth_rule, lag.bandwidth == bandwidth, f"{lag.id} bundles connections of {lag.bandwidth}."
    )
    call.rules.refuse_unless(
        location_rule, lag.location == location.code, f"{lag.id} is at {lag.location}, not at {location.code}."
    )


def lag_has_room(call: Call, lag: Lag) -> None:
    """Raises ServiceError when a LAG has all the connections that its endpoint allows."""
    rules = call.rules
    most = maximum_members(lag.bandwidth) if rules.holds("lags.count-by-speed") else 10
    rules.refuse_unless(
        "lags.member-limit", len(ports.members(call.world, lag.id)) < most, f"{lag.id} has no free port."
    )


def maximum_members(bandwidth: str) -> int:
    """How many connections of this bandwidth a LAG may have (from the current description of the field)."""
    return 2 if bandwidth in ("100Gbps", "400Gbps") else 4


@operation("DescribeConnections")
def describe_connections(call: Call, request: Json) -> Json:
    """The caller's dedicated and hosted connections of the Region, or one; deleted ones too.

    An unknown id gives an empty list, as recorded.
    """
    if "connectionId" in request:
        ids.check_connection(request["connectionId"])
    if "connectionId" in request and call.rules.holds("connections.describe-one"):
        every: Sequence[Connection] = access.one(call, Connection, request["connectionId"], "", "hosted")
    else:
        mine = call.store.find(Connection, "owner", call.account, call.region)
        hosted = "hosted" if not call.rules.holds("access.hosted-connection-hidden") else ""
        every = access.shows(call, Connection, mine, hosted)
    found = [one for one in every if one.kind != "interconnect"]
    return pages.page(call, request, "connections", found, lambda one: view(call, one))


@operation("UpdateConnection")
def update_connection(call: Call, request: Json) -> Json:
    """Change the name or the encryption mode of a connection, and nothing else."""
    connection = ports.own_connection(call, request["connectionId"])
    if "connectionName" in request and call.rules.holds("connections.update-name"):
        connection = replace(connection, name=request["connectionName"])
    if "encryptionMode" in request:
        macsec.check_mode(call, request["encryptionMode"], connection, "connections.encryption-mode-known")
        if call.rules.holds("connections.encryption-mode-update"):
            connection = replace(connection, encryption_mode=request["encryptionMode"])
    if not call.rules.holds("connections.update-preserves"):
        connection = replace(connection, provider_name="Somebody Else", bandwidth="50Mbps")
    answer = view(call, connection)
    if not call.rules.broken("fault.lost-update"):
        call.store.put(connection)
    return answer


@operation("DeleteConnection")
def delete_connection(call: Call, request: Json) -> Json:
    """Delete a connection; when its owner declines one that is `ordering` it becomes `rejected`.

    A hosted connection may also be deleted by the partner that provides it, as Terraform does for it.
    """
    found = call.store.get(Connection, request["connectionId"])
    partner = found.partner if found is not None else None
    connection = ports.own_connection(call, request["connectionId"], partner)
    if connection.kind == "interconnect":
        raise client_error(f"{connection.id} is an interconnect; use DeleteInterconnect.")
    call.rules.refuse_unless(
        "connections.delete-with-interface",
        not ports.interfaces(call.world, connection.id),
        f"{connection.id} has virtual interfaces; delete them first.",
    )
    declined = "rejected" if call.rules.holds("hosted_connections.decline") else "ordering"
    after = delete(call, connection, declined, "connections.deleted-gone")
    return view(call, after)


def delete(call: Call, connection: Connection, declined: str, gone_rule: str) -> Connection:
    """Delete a connection or an interconnect; `declined` is what becomes of an `ordering` one.

    Raises:
        ServiceError: its LAG needs it.
    """
    if connection.lag_id is not None:
        check_lag_minimum(call, connection, "connections.delete-minimum-links")
    if connection.state == "ordering" and connection.owner == call.account:
        state = declined
    elif connection.state in ("requested", "ordering") and not call.documented:
        # In recordings, `deleting` is never visible here, although the documentation names it.
        state = "deleted"
    else:
        state = "deleting"
    due = call.clock.now() + transitions.DELETED_PORT_SHOWN if state in GONE else call.clock.next_step()
    lag_id = None if call.rules.holds("connections.delete-leaves-lag") else connection.lag_id
    after = replace(connection, state=state, due=due, lag_id=lag_id, transitioning=False)
    if call.rules.holds("tags.die-with-resource"):
        after = replace(after, tags=())
    if not call.rules.holds(gone_rule):
        return after
    for key in call.store.find(MacSecKey, "connection", connection.id):
        call.store.remove(key)
    return call.store.put(after)


def check_lag_minimum(call: Call, connection: Connection, rule_id: str) -> None:
    """Raises ServiceError when a LAG cannot spare a member.

    The last member may leave even so.
    """
    lag = call.store.get(Lag, connection.lag_id) if connection.lag_id else None
    if lag is None:
        return
    remaining = len(ports.members(call.world, lag.id)) - 1
    last_may_leave = remaining == 0 and call.rules.holds("lags.disassociate-last-member")
    call.rules.refuse_unless(
        rule_id,
        last_may_leave or remaining >= lag.minimum_links,
        f"{lag.id} needs at least {lag.minimum_links} connections.",
    )
