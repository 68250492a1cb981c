"""Operations on interconnects, the ports of partners for hosted connections."""

from collections.abc import Sequence

from dxcontract.reference.core import access, ids, pages
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error, unknown
from dxcontract.reference.core.records import GONE, Connection
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import bandwidths, connections, ports, tags
from dxcontract.spec.model import Json


def partners_only(call: Call, rule_id: str = "-") -> None:
    """Raises ServiceError when the caller is no partner."""
    call.rules.refuse_unless(
        rule_id,
        call.is_partner,
        f"Account {call.account} is not an authorized Direct Connect partner in {call.region}.",
    )


def view(call: Call, interconnect: Connection) -> Json:
    """An interconnect as answered."""
    return {
        "interconnectId": interconnect.id,
        "interconnectName": interconnect.name,
        "interconnectState": ports.connection_state(call.world, interconnect),
        "region": interconnect.region,
        "location": interconnect.location,
        "bandwidth": interconnect.bandwidth,
        **connections.common(call, interconnect),
        "tags": tags.view(interconnect.tags),
    }


def own(call: Call, interconnect_id: str) -> Connection:
    """The caller's interconnect that still exists.

    Raises:
        ServiceError: the id is malformed, or the caller has no such interconnect.
    """
    interconnect = ports.own_connection(call, interconnect_id)
    if interconnect.kind != "interconnect":
        raise unknown(f"Could not find Interconnect with ID {interconnect_id}")
    return interconnect


@operation("CreateInterconnect")
def create_interconnect(call: Call, request: Json) -> Json:
    """Order an interconnect: it is `requested` at first."""
    partners_only(call, "interconnects.partner-only")
    lag = ports.own_lag(call, request["lagId"]) if "lagId" in request else None
    location = connections.order_location(call, request["location"], "interconnects.location-known")
    bandwidth = request["bandwidth"]
    call.rules.refuse_unless(
        "interconnects.bandwidth-known",
        bandwidth in bandwidths.INTERCONNECT and location.offers(bandwidth),
        f"Bandwidth {bandwidth[:100]} is not available at {location.code}.",
    )
    if lag is not None:
        connections.fits_lag(
            call, lag, location, bandwidth, "interconnects.lag-join-bandwidth", "connections.lag-join-location"
        )
        connections.lag_has_room(call, lag)
    if not call.rules.holds("interconnects.not-idempotent"):
        for one in call.store.find(Connection, "owner", call.account, call.region):
            if one.kind == "interconnect" and one.name == request["interconnectName"] and one.state not in GONE:
                return view(call, one)
    interconnect = connections.new(
        call,
        kind="interconnect",
        name=request["interconnectName"],
        location=location,
        bandwidth=bandwidth,
        lag=lag if call.rules.holds("interconnects.lag-join") else None,
        request=request,
        own_tags=tags.on_creation(call, request.get("tags"), "interconnects.tags-on-create"),
    )
    return view(call, interconnect)


@operation("DescribeInterconnects")
def describe_interconnects(call: Call, request: Json) -> Json:
    """The caller's interconnects of the Region, or one; for partners only."""
    partners_only(call, "access.interconnect-hidden")
    if "interconnectId" in request:
        ids.check_connection(request["interconnectId"])
    if "interconnectId" in request and call.rules.holds("interconnects.describe-one"):
        every: Sequence[Connection] = access.one(call, Connection, request["interconnectId"])
    else:
        every = access.shows(call, Connection, call.store.find(Connection, "owner", call.account, call.region))
    found = [one for one in every if one.kind == "interconnect"]
    return pages.page(call, request, "interconnects", found, lambda one: view(call, one))


@operation("DeleteInterconnect")
def delete_interconnect(call: Call, request: Json) -> Json:
    """Delete an interconnect; the answer has its state and nothing else."""
    partners_only(call, "access.interconnect-foreign-change")
    if call.rules.holds("interconnects.delete-kind"):
        interconnect = own(call, request["interconnectId"])
    else:
        interconnect = ports.own_connection(call, request["interconnectId"])
    if ports.hosted(call.world, interconnect.id):
        # No source says so, but what is provisioned for others cannot lose its port.
        raise client_error(f"{interconnect.id} has hosted connections; delete them first.")
    return {"interconnectState": connections.delete(call, interconnect, "rejected", "interconnects.deleted-gone").state}
