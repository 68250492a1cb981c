"""Connections: ordering and description."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.observation import Observation, shows, unordered
from strategies.pagination import listed_in_time, listed_when
from strategies.polling import confirm
from strategies.resources import locations
from strategies.valid_requests import arrange, done, tags
from strategies.world import Arn, World, speeds

MEMBERS: Final = (
    "ownerAccount",
    "connectionId",
    "connectionName",
    "connectionState",
    "region",
    "location",
    "bandwidth",
)
ID: Final = re.compile(r"dxcon-[a-z0-9]+")
# Their values come and go while an order is processed.
OF_THE_MOMENT: Final = frozenset({"connectionState", "loaIssueTime"})


@pytest.mark.rule("connections.answer-members")
def test_a_connection_says_what_it_is(contract: Contract, world: World) -> None:
    """Tools read these members without checking whether they are present."""
    # Who waits for a state does not come to the end where there is none.
    connection = arrange(world, "connection", settle=False)
    described, item = world.described(connection)
    updated = world.call("UpdateConnection", {"connectionId": connection, "connectionName": world.name()})
    deleted = world.delete(connection)
    answers = [(connection.made, connection.made.body), (described, item)]
    answers += [(exchange, exchange.body) for exchange in (updated, deleted) if exchange.succeeded]
    for exchange, answer in answers:
        for member in MEMBERS:
            found = answer.get(member)
            ok = isinstance(found, str) and bool(found)
            message = f"{member} is {found!r}" if member in answer else f"{member} is missing"
            contract.check("connections.answer-members", ok, message, exchange, where=_place(exchange, member))


@pytest.mark.rule("connections.id-form")
def test_an_id_looks_like_one_of_a_connection(contract: Contract, world: World) -> None:
    """Tools validate ids and use them in ARNs and file names."""
    connection = arrange(world, "connection")
    described, _ = world.described(connection)
    ok = ID.fullmatch(connection.id) is not None
    for exchange in (connection.made, described):
        contract.check(
            "connections.id-form",
            ok,
            f"the id {connection.id!r} is not dxcon- and letters and digits",
            exchange,
            where=_place(exchange, "connectionId"),
            claim=expectations.matches(_place(exchange, "connectionId"), ID.pattern),
        )


@pytest.mark.rule("connections.echo")
@given(
    bandwidth=st.sampled_from(["1Gbps", "10Gbps", "100Gbps"]),
    suffix=st.text(st.sampled_from("abcxyzABCXYZ0189-"), max_size=40),
)
def test_a_connection_is_what_was_asked_for(
    api: Api, contract: Contract, run_id: str, bandwidth: str, suffix: str
) -> None:
    """A wrong port costs money and weeks."""
    with World(api, run_id) as world:
        location = locations.offering(world, bandwidth)
        wanted = {"location": location, "bandwidth": bandwidth, "connectionName": f"{world.name()}{suffix}"}
        connection = arrange(world, "connection", members=wanted, settle=False)
        described, item = world.described(connection, shows(connectionName=wanted["connectionName"]))
        for exchange, answer in ((connection.made, connection.made.body), (described, item)):
            for member, value in wanted.items():
                found = answer.get(member)
                same = str(found).lower() == value.lower() if member == "location" else found == value
                message = f"{member} is {found!r}, asked for was {value!r}"
                contract.check("connections.echo", same, message, exchange, where=_place(exchange, member))


@pytest.mark.rule("connections.owner-and-region")
def test_a_connection_is_the_callers_in_the_region(contract: Contract, world: World) -> None:
    """Inventories over many accounts and Regions depend on these two members."""
    wanted = {"ownerAccount": world.account_id("owner"), "region": world.api.target.region}
    connection = arrange(world, "connection")
    described, item = world.described(connection, shows(**wanted))
    for exchange, answer in ((connection.made, connection.made.body), (described, item)):
        for member, value in wanted.items():
            message = f"{member} is {answer.get(member)!r}, it was ordered in {value}"
            ok = answer.get(member) == value
            contract.check("connections.owner-and-region", ok, message, exchange, where=_place(exchange, member))


@pytest.mark.rule("connections.location-known")
@pytest.mark.parametrize("which", ["invented", "extended", "of-another-region"])
def test_an_unknown_location_is_refused(contract: Contract, world: World, which: str) -> None:
    """A typing error in the code must not become an order that cannot be fulfilled."""
    exchange = locations.order(world, location=_unknown_location(world, which))
    contract.refused("connections.location-known", exchange, f"a location that is {which}", where="/location")


@pytest.mark.rule("connections.location-case")
@pytest.mark.parametrize("case", ["upper", "lower", "swapcase"])
def test_the_case_of_a_location_does_not_matter(contract: Contract, world: World, case: str) -> None:
    """Configurations contain several spellings of a code, such as EqDC2 and EQDC2."""
    location = locations.offering(world, "1Gbps")
    exchange = locations.order(world, location=getattr(location, case)())
    if contract.accepted("connections.location-case", exchange, "the code in other letters", where="/location"):
        found = exchange.body.get("location", location)
        ok = str(found).lower() == location.lower()
        contract.check("connections.location-case", ok, f"location is {found!r}, not {location}", exchange)


@pytest.mark.rule("connections.bandwidth-known")
@pytest.mark.parametrize("bandwidth", ["3Gbps", "7Mbps", "0Gbps", "-1Gbps", "10", "fast"])
def test_an_unknown_bandwidth_is_refused(contract: Contract, world: World, bandwidth: str) -> None:
    """No port has such a bandwidth."""
    exchange = locations.order(world, bandwidth=bandwidth)
    contract.refused("connections.bandwidth-known", exchange, f"a bandwidth of {bandwidth}", where="/bandwidth")


@pytest.mark.rule("connections.bandwidth-at-location")
def test_a_speed_that_the_location_lacks_is_refused(contract: Contract, world: World) -> None:
    """Otherwise the order would wait for a port that is never built."""
    lacking = [
        (one["locationCode"], speed)
        for one in locations.listed(world)
        if (offered := speeds(one))
        for speed in reversed(locations.DEDICATED_SPEEDS)
        if speed not in offered
    ]
    if not lacking:
        raise Indeterminate("no location lists its port speeds and lacks one")
    location, speed = lacking[0]
    exchange = locations.order(world, location=location, bandwidth=speed)
    contract.refused("connections.bandwidth-at-location", exchange, f"{speed} at {location}", where="/bandwidth")


@pytest.mark.rule("connections.listed")
def test_a_new_connection_is_listed(contract: Contract, world: World) -> None:
    """A connection that is not listed is charged and forgotten."""
    connection = arrange(world, "connection", settle=False)

    def times(items: list[Json]) -> int:
        return sum(item.get("connectionId") == connection.id for item in items)

    exchange, items = listed_when(world, "connection", lambda seen: times(seen) == 1)
    message = f"the new connection is {times(items)} times among the {len(items)} that are listed"
    contract.check("connections.listed", times(items) == 1, message, exchange)


@pytest.mark.rule("connections.describe-one")
def test_one_connection_can_be_asked_for(contract: Contract, world: World) -> None:
    """Tools look up a connection by its id and must get the same description as in the list."""
    connection, _ = arrange(world, "connection"), arrange(world, "connection")

    def look() -> tuple[Observation, Exchange, Json]:
        whole, listed = listed_in_time(world, connection)
        if listed is None:
            raise Indeterminate("the connection is not both in the list and described by itself")
        return world.observe(connection), whole, listed

    def ids(seen: Observation) -> list[Any]:
        return [] if seen.exchange.refused else at(seen.exchange.body, "/connections/*/connectionId")

    seen, whole, in_list = confirm(
        look, lambda one: ids(one[0]) == [connection.id] and not _differing(one[0].there, one[2])
    )
    exchange = seen.exchange
    message = f"asked for {connection.id}, answered {ids(seen) or exchange.told()}"
    contract.check("connections.describe-one", ids(seen) == [connection.id], message, exchange, where="/connections")
    different = _differing(seen.there, in_list)
    message = f"described by itself it has other values than in the list: {different}"
    contract.check("connections.describe-one", not different, message, whole, exchange, where="/connections/*")


@pytest.mark.rule("connections.not-idempotent")
def test_equal_orders_make_different_connections(contract: Contract, world: World) -> None:
    """Users order redundant connections with identical requests."""
    name = world.name()
    orders = [done(locations.order(world, connectionName=name)) for _ in range(3)]
    ids = [exchange.body.get("connectionId") for exchange in orders]
    message = f"three equal orders are answered with {len(set(ids))} connections: {ids[0]} …"
    contract.check("connections.not-idempotent", len(set(ids)) == 3, message, *orders)


@pytest.mark.rule("connections.tags-on-create")
@given(wanted=tags())
def test_tags_can_be_given_with_the_order(
    api: Api, contract: Contract, run_id: str, wanted: list[dict[str, str]]
) -> None:
    """Some accounts refuse orders without tags, and costs are allocated by tag."""
    with World(api, run_id) as world:
        connection = arrange(world, "connection", members={"tags": wanted}, settle=False)
        rule, expected = "connections.tags-on-create", _by_key(wanted)
        answered = _by_key(at(connection.made.body, "/tags/*"))
        message = f"tags are {answered}, given were {expected}"
        contract.check(rule, answered == expected, message, connection.made, where="/tags")

        def shown() -> tuple[Exchange, dict[str, str]]:
            answer = done(world.call("DescribeTags", {"resourceArns": [Arn(connection)]}))
            return answer, _by_key(at(answer.body, "/resourceTags/*/tags/*"))

        listed, found = confirm(shown, lambda seen: seen[1] == expected)
        message = f"DescribeTags answers {found}, given were {expected}"
        contract.check(rule, found == expected, message, connection.made, listed, where="/resourceTags/*/tags")


@pytest.mark.rule("connections.macsec-requested")
def test_macsec_can_be_ordered(contract: Contract, world: World) -> None:
    """A port without MACsec would have to be ordered again."""
    location = locations.offering(world, "10Gbps", macsec=True)
    exchange = locations.order(world, location=location, bandwidth="10Gbps", requestMACSec=True)
    if contract.accepted("connections.macsec-requested", exchange, "10Gbps with MACsec", where="/requestMACSec"):
        connection = world.handles[-1]
        world.settle(connection)
        after, item = world.described(connection, shows(macSecCapable=True))
        found = item.get("macSecCapable")
        contract.check(
            "connections.macsec-requested",
            found is True,
            f"macSecCapable is {found!r}",
            exchange,
            after,
            where="/connections/*/macSecCapable",
            operation="CreateConnection",
        )


@pytest.mark.rule("connections.macsec-speed")
def test_slow_ports_have_no_macsec(contract: Contract, world: World) -> None:
    """The ordered port would not have the requested feature."""
    exchange = locations.order(world, bandwidth="1Gbps", requestMACSec=True)
    contract.refused("connections.macsec-speed", exchange, "1Gbps with MACsec", where="/requestMACSec")


def _unknown_location(world: World, which: str) -> str:
    if which == "invented":
        return "Nowhere1"
    if which == "extended":
        return f"{world.location()}x"
    api = world.api
    here = {one["locationCode"].lower() for one in locations.listed(world)}
    there = at(done(api.call("DescribeLocations", region=api.target.other_region)).body, "/locations/*/locationCode")
    only_there = [code for code in there if isinstance(code, str) and code and code.lower() not in here]
    if not only_there:
        raise Indeterminate(f"{api.target.other_region} lists no location that {api.target.region} has not")
    return only_there[0]


def _place(exchange: Exchange, member: str) -> str:
    return f"/connections/*/{member}" if exchange.operation == "DescribeConnections" else f"/{member}"


def _differing(one: Json, other: Json) -> Mapping[str, tuple[Any, Any]]:
    """The members in which two descriptions differ, with both values."""
    return {
        name: (one.get(name), other.get(name))
        for name in sorted((one.keys() | other.keys()) - OF_THE_MOMENT)
        if unordered(one.get(name)) != unordered(other.get(name))
    }


def _by_key(found: list[Any]) -> dict[str, str]:
    return {str(tag.get("key")): str(tag.get("value") or "") for tag in found if isinstance(tag, dict)}
