"""LAGs: ordering and description."""

import functools
import re
from typing import Any

import pytest
from hypothesis import given

from dxcontract.client.client import Api
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.pagination import listed_when, whole_list
from strategies.polling import confirm
from strategies.resources.lags import adopted, elsewhere, knows_partners, members_of
from strategies.resources.tags import pairs
from strategies.valid_requests import Scene, arrange, done, least, merged, tags
from strategies.world import Handle, World

MEMBERS = (
    "lagId",
    "lagName",
    "lagState",
    "ownerAccount",
    "location",
    "region",
    "connectionsBandwidth",
    "numberOfConnections",
    "minimumLinks",
    "connections",
)
LASTING = ("lagName", "ownerAccount", "location", "region", "connectionsBandwidth", "minimumLinks")
BANDWIDTHS = ("1Gbps", "10Gbps", "100Gbps")


@pytest.mark.rule("lags.answer-members", "lags.id-form", "lags.minimum-links-default", "lags.others-do-not-host")
def test_a_new_lag_is_answered_completely(contract: Contract, world: World) -> None:
    """Automation takes the id, the state and the members from this response."""
    lag = _ordered(world)
    found = lag.made.body
    _complete(contract, found, lag.made)
    form = r"dxlag-[a-z0-9]+"
    ok, message = re.fullmatch(form, str(found.get("lagId"))) is not None, f"lagId is {found.get('lagId')!r}"
    contract.check("lags.id-form", ok, message, lag.made, where="/lagId", claim=expectations.matches("/lagId", form))
    contract.check(
        "lags.minimum-links-default",
        found.get("minimumLinks") == 0,
        f"a new LAG has minimumLinks {found.get('minimumLinks')!r}",
        lag.made,
    )
    hosts = found.get("allowsHostedConnections")
    message = "the LAG of an account that is no partner allows hosted connections"
    contract.check("lags.others-do-not-host", hosts is not True, message, lag.made, basis=hosts)


@pytest.mark.rule("lags.answer-members")
def test_a_described_lag_is_complete(contract: Contract, world: World) -> None:
    """A client that finds a LAG by its id needs the same data as the client that ordered it."""
    exchange, item = world.described(_ordered(world))
    _complete(contract, item, exchange)


@pytest.mark.rule("lags.partner-hosts")
def test_the_lag_of_a_partner_hosts_connections(contract: Contract, world: World) -> None:
    """A partner reads this member to know whether it can sell hosted connections on the LAG."""
    if not knows_partners(world.api):
        world.api.permit("CreateInterconnect")
    lag = _ordered(world, role="partner")
    hosts = lag.made.body.get("allowsHostedConnections")
    message = f"a partner's LAG has allowsHostedConnections {hosts!r}"
    contract.check("lags.partner-hosts", hosts is True, message, lag.made)


@pytest.mark.rule("lags.echo", "lags.owner-and-region")
@pytest.mark.parametrize("bandwidth", BANDWIDTHS)
def test_a_lag_is_what_was_asked_for(contract: Contract, world: World, bandwidth: str) -> None:
    """Ports with the wrong speed or location cannot be used."""
    lag = _ordered(world, connectionsBandwidth=bandwidth)
    described, item = world.described(lag)
    account = world.api.account("owner").account_id
    for exchange, found in ((lag.made, lag.made.body), (described, item)):
        for member in ("lagName", "connectionsBandwidth", "location"):
            same = _plain(found.get(member), member) == _plain(lag.params[member], member)
            message = f"{member} {lag.params[member]!r} was asked for, {found.get(member)!r} came"
            contract.check("lags.echo", same, message, lag.made, exchange, where=f"/{member}")
        region = found.get("region")
        message = f"region is {region!r} in {world.api.target.region}"
        contract.check("lags.owner-and-region", region == world.api.target.region, message, exchange, where="/region")
        owner = found.get("ownerAccount")
        if account is not None and owner is not None:
            message = f"ownerAccount is {owner!r}, the caller is {account}"
            contract.check("lags.owner-and-region", owner == account, message, exchange, where="/ownerAccount")


@pytest.mark.rule("lags.members-created", "lags.members-requested", "lags.members-named", "lags.count-invariant")
@pytest.mark.parametrize("count", [1, 2, 4], ids="of-{}".format)
def test_a_lag_comes_with_the_connections_asked_for(contract: Contract, world: World, count: int) -> None:
    """Each connection is charged, and later calls need its id."""
    lag = arrange(world, "lag", members={"numberOfConnections": count}, settle=False)
    handles = adopted(world, lag)
    members = members_of(lag.made.body)
    message = f"{count} connections were asked for, {len(handles)} with ids of their own came"
    contract.check("lags.members-created", len(handles) == count, message, lag.made)
    stated = lag.made.body.get("numberOfConnections")
    message = f"numberOfConnections is {stated!r}, {len(members)} are listed"
    contract.check("lags.count-invariant", stated == len(members), message, lag.made)
    states = [one.get("connectionState") for one in members]
    message = f"the connections of a new LAG are {states}"
    right = all(one == "requested" for one in states)
    contract.check("lags.members-requested", right, message, lag.made, basis=states)
    names = sorted(str(one.get("connectionName")) for one in members)
    wanted = sorted(f"Requested Connection {number} for Lag {lag.id}" for number in range(1, len(members) + 1))
    message = f"the connections are called {names}"
    contract.check("lags.members-named", names == wanted, message, lag.made, basis=names)
    for handle in handles:
        seen = confirm(functools.partial(world.observe, handle), lambda one: one.item is not None)
        message = "DescribeConnections does not find a connection of the LAG under its id"
        contract.check("lags.members-created", seen.item is not None, message, lag.made, seen.exchange)


@pytest.mark.rule("lags.count-invariant", "lags.members-uniform", "lags.one-device")
def test_the_connections_of_a_lag_are_alike(contract: Contract, world: World) -> None:
    """LACP bundles only equal links on one device. Tools find the LAG of a member by its lagId."""
    lag = _ordered(world, numberOfConnections=2)
    world.settle(lag)
    described, item = world.described(lag)
    for exchange, found in ((lag.made, lag.made.body), (described, item)):
        members = members_of(found)
        stated = found.get("numberOfConnections")
        message = f"numberOfConnections is {stated!r}, {len(members)} are listed"
        contract.check("lags.count-invariant", stated == len(members), message, exchange)
        for member in contract.each("lags.members-uniform", members, exchange, what="connections of the LAG"):
            _alike(contract, found, member, exchange)
    parts = [item, *members_of(item)]
    for handle in (one for one in world.handles if one.kind == "connection"):
        described, connection = world.described(handle)
        parts.append(connection)
    shown = [str(one["awsDeviceV2"]) for one in parts if one.get("awsDeviceV2")]
    devices = set(shown)
    message = f"a LAG and its connections end on {len(devices)} devices: {devices}"
    contract.check("lags.one-device", len(devices) <= 1, message, described, basis=shown[1:])


@pytest.mark.rule("lags.listed", "lags.describe-one")
def test_a_lag_is_listed_and_found_by_its_id(contract: Contract, world: World) -> None:
    """Inventories use the list and automation uses the id, and both must get the same description."""
    lag, other = _ordered(world), _ordered(world)
    world.settle(lag)
    both = {lag.id, other.id}
    whole, items = listed_when(world, "lag", lambda seen: both <= {item.get("lagId") for item in seen})
    ids = [item.get("lagId") for item in items]
    message = "a LAG that was just created is not among the account's LAGs"
    contract.check("lags.listed", lag.id in ids and other.id in ids, message, other.made, whole)
    single = done(world.call("DescribeLags", {"lagId": lag}))
    found = [one for one in at(single.body, "/lags/*") if isinstance(one, dict)]
    only = [one.get("lagId") for one in found] == [lag.id]
    contract.check("lags.describe-one", only, f"one LAG was asked for, {len(found)} came", single)
    listed = next((item for item in items if item.get("lagId") == lag.id), None)
    if only and listed is not None:
        here, there = ({**_lasting(one), "connections": _ids(one)} for one in (found[0], listed))
        message = f"a LAG is {here} by itself and {there} in the list"
        contract.check("lags.describe-one", here == there, message, whole, single, basis=here)


@pytest.mark.rule("lags.not-idempotent")
def test_an_order_that_is_repeated_is_a_second_order(contract: Contract, world: World) -> None:
    """There is no client token, so a client that retries CreateLag must know that it orders twice."""
    first = _ordered(world)
    second, third = (world.make("lag", first.params, settle=False) for _ in range(2))
    lags = (first, second, third)
    exchanges = [lag.made for lag in lags]
    count = len({lag.id for lag in lags})
    message = f"three equal requests for a LAG were answered with {count}"
    contract.check("lags.not-idempotent", count == len(lags), message, *exchanges)
    connections = [found for lag in lags for found in _ids(lag.made.body)]
    count = len(connections) - len(set(connections))
    message = f"three equal requests for a LAG share {count} connections"
    contract.check("lags.not-idempotent", count == 0, message, *exchanges, where="/connections")


@pytest.mark.rule("lags.tags-on-create")
@given(wanted=tags())
def test_a_lag_has_the_tags_of_its_order(api: Api, contract: Contract, run_id: str, wanted: list[Json]) -> None:
    """Cost allocation and access policies need the tags from the creation on."""
    with World(api, run_id) as world:
        lag = _ordered(world, tags=wanted)
        exchange, item = world.described(lag, lambda seen: pairs(seen.get("tags")) == pairs(wanted))
        found = pairs(item.get("tags"))
        message = f"the LAG was created with tags {pairs(wanted)} and has {found}"
        contract.check("lags.tags-on-create", found == pairs(wanted), message, lag.made, exchange)


@pytest.mark.rule("lags.child-tags-on-create")
@given(wanted=tags())
def test_the_connections_of_a_lag_have_the_tags_of_its_order(
    api: Api, contract: Contract, run_id: str, wanted: list[Json]
) -> None:
    """The connections are not ordered separately, so no other request can tag them at creation."""
    with World(api, run_id) as world:
        lag = arrange(world, "lag", members={"numberOfConnections": 2, "childConnectionTags": wanted}, settle=False)
        for handle in adopted(world, lag):
            exchange, item = world.described(handle, lambda seen: pairs(seen.get("tags")) == pairs(wanted))
            found = pairs(item.get("tags"))
            message = f"childConnectionTags were {pairs(wanted)}, a connection has {found}"
            contract.check("lags.child-tags-on-create", found == pairs(wanted), message, lag.made, exchange)


@pytest.mark.rule("lags.bandwidth-known", "lags.refusal-atomic")
@pytest.mark.parametrize("bandwidth", ["500Mbps", "2Gbps", "7Gbps", "fast"])
def test_a_bandwidth_that_no_port_has_is_refused(contract: Contract, world: World, bandwidth: str) -> None:
    """Hosted connections have bandwidths that ports do not have, so the error is common and costly."""
    exchange = _refused_order(contract, world, {"connectionsBandwidth": bandwidth})
    contract.refused("lags.bandwidth-known", exchange, f"a LAG of connections of {bandwidth}")


@pytest.mark.rule("lags.location-known", "lags.refusal-atomic")
def test_a_location_that_does_not_exist_is_refused(contract: Contract, world: World) -> None:
    """A typing error in a location must not become an order."""
    exchange = _refused_order(contract, world, {"location": "DXCONTRACT-NOWHERE"})
    contract.refused("lags.location-known", exchange, "a LAG at a location that does not exist")


@pytest.mark.rule("lags.location-known", "lags.refusal-atomic")
def test_a_location_of_another_region_is_refused(contract: Contract, world: World) -> None:
    """A configuration that is copied from another Region contains locations that this Region lacks."""
    exchange = _refused_order(contract, world, {"location": _foreign_location(world)})
    contract.refused("lags.location-known", exchange, "a LAG at a location that only another Region lists")


@pytest.mark.rule("lags.count-minimum", "lags.refusal-atomic")
@pytest.mark.parametrize("count", [0, -1], ids="of-{}".format)
def test_a_lag_without_connections_cannot_be_ordered(contract: Contract, world: World, count: int) -> None:
    """The request would order no port and still create a resource."""
    exchange = _refused_order(contract, world, {"numberOfConnections": count})
    contract.refused("lags.count-minimum", exchange, f"a LAG of {count} connections")


@pytest.mark.rule("lags.count-maximum", "lags.refusal-atomic")
def test_more_than_ten_connections_are_refused(contract: Contract, world: World) -> None:
    """No edition of the reference allowed more, and each connection is a port order."""
    exchange = _refused_order(contract, world, {"numberOfConnections": 11})
    contract.refused("lags.count-maximum", exchange, "a LAG of eleven connections")


@pytest.mark.rule("lags.count-by-speed", "lags.refusal-atomic")
@pytest.mark.parametrize(("bandwidth", "count"), [("1Gbps", 5), ("1Gbps", 10), ("100Gbps", 3)])
def test_a_number_on_which_the_sources_differ_is_refused_or_ordered(
    contract: Contract, world: World, bandwidth: str, count: int
) -> None:
    """The sources state ten or four (two of 100Gbps). Clients handle both, but no other result."""
    exchange = _refused_order(contract, world, {"connectionsBandwidth": bandwidth, "numberOfConnections": count})
    if exchange.succeeded:
        found = len(members_of(exchange.body))
        message = f"a LAG of {count} connections of {bandwidth} was accepted and has {found}"
        contract.check("lags.count-by-speed", found == count, message, exchange)
    else:
        contract.refused("lags.count-by-speed", exchange, f"a LAG of {count} connections of {bandwidth}")


@pytest.mark.rule("lags.existing-location", "lags.refusal-atomic")
def test_a_lag_is_not_created_away_from_the_connection_that_it_takes_in(contract: Contract, world: World) -> None:
    """A port in one building cannot be bundled with ports in another."""
    connection = arrange(world, "connection")
    exchange = _refused_order(contract, world, {"location": elsewhere(world), "connectionId": connection})
    place, home = exchange.succeeded and exchange.body.get("location"), connection.params["location"]
    if isinstance(place, str):
        message = f"a LAG around a connection at {home} was created at {place}"
        contract.check("lags.existing-location", place.lower() == home.lower(), message, connection.made, exchange)
    else:
        what = "a LAG at another location than the connection that it takes in"
        contract.refused("lags.existing-location", exchange, what, connection.made)


@pytest.mark.rule("lags.existing-bandwidth", "lags.refusal-atomic")
def test_a_lag_is_not_created_around_a_connection_of_another_bandwidth(contract: Contract, world: World) -> None:
    """LACP cannot bundle links of different speeds."""
    connection = arrange(world, "connection", members={"bandwidth": "10Gbps"})
    exchange = _refused_order(contract, world, {"connectionsBandwidth": "1Gbps", "connectionId": connection})
    contract.refused("lags.existing-bandwidth", exchange, "a LAG of 1Gbps around a connection of 10Gbps")


def _ordered(world: World, *, role: Any = None, **members: Any) -> Handle:
    """A new LAG before it settles; its connections are deleted with it."""
    return arrange(world, "lag", role=role, members=members, settle=False)


def _refused_order(contract: Contract, world: World, changes: Json) -> Exchange:
    """Orders a LAG with these members and checks that a refused order creates nothing."""
    params = merged(least(Scene(world, world.spec.operation("CreateLag"))), changes)
    name = str(params["lagName"])
    before = world.seen()
    exchange = world.call("CreateLag", {**params, "childConnectionTags": [{"key": "dxcontract", "value": name}]})
    made = world.adopt("lag", "CreateLag", exchange, params, "owner")
    if made is None and 400 <= exchange.status < 500:
        lags, all_lags = whole_list(world, "DescribeLags", {}, "lags")
        connections, all_connections = whole_list(world, "DescribeConnections", {}, "connections")
        for after, found, what in (
            (lags, [one for one in all_lags if one.get("lagName") == name], "LAGs"),
            (
                connections,
                [one for one in all_connections if ("dxcontract", name) in pairs(one.get("tags"))],
                "connections",
            ),
        ):
            message = f"the order was refused, and yet {len(found)} {what} came of it"
            contract.check("lags.refusal-atomic", not found, message, exchange, after)
        message = "the order was refused, and yet something has changed"
        contract.check("lags.refusal-atomic", world.seen_again(before) == before, message, exchange, basis=before)
    return exchange


def _foreign_location(world: World) -> str:
    """A location that only the other Region lists."""
    here, there = (
        {
            str(one["locationCode"])
            for one in at(done(world.api.call("DescribeLocations", region=region)).body, "/locations/*")
            if one.get("locationCode") and one.get("region") in (None, region)
        }
        for region in (world.api.target.region, world.api.target.other_region)
    )
    found = sorted(there - here)
    if not found:
        raise Unsupported("the other Region lists no location of its own")
    return found[0]


def _complete(contract: Contract, found: Json, exchange: Exchange) -> None:
    for member in MEMBERS:
        there = found.get(member) not in (None, "")
        contract.check("lags.answer-members", there, f"the LAG has no {member}", exchange, where=f"/{member}")


def _alike(contract: Contract, lag: Json, member: Json, exchange: Exchange) -> None:
    for own, of_lag in (
        ("lagId", "lagId"),
        ("bandwidth", "connectionsBandwidth"),
        ("location", "location"),
        ("region", "region"),
        ("ownerAccount", "ownerAccount"),
    ):
        if own != "ownerAccount" or (own in member and of_lag in lag):
            same = member.get(own) == lag.get(of_lag)
            message = f"a connection has {own} {member.get(own)!r}, its LAG {of_lag} {lag.get(of_lag)!r}"
            where, basis = f"/connections/*/{own}", lag.get(of_lag)
            contract.check("lags.members-uniform", same, message, exchange, where=where, basis=basis)


def _plain(value: Any, member: str) -> Any:
    return value.lower() if member == "location" and isinstance(value, str) else value


def _lasting(lag: Json) -> Json:
    return {member: lag.get(member) for member in LASTING}


def _ids(lag: Json) -> set[str]:
    return {one for one in at(lag, "/connections/*/connectionId") if isinstance(one, str)}
