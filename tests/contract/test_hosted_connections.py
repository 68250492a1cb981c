"""Hosted connections: a partner allocates them on its port for another account."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.resources.hosted_connections import allocated, carried, port, provided
from strategies.valid_requests import Scene, arrange, done, least, merged, valid
from strategies.world import AccountId, Handle, World

ALLOCATE: Final = {
    "AllocateHostedConnection": "/connectionId",
    "AllocateConnectionOnInterconnect": "/interconnectId",
}
MEMBERS: Final = (
    "ownerAccount",
    "connectionId",
    "connectionName",
    "connectionState",
    "region",
    "location",
    "bandwidth",
    "vlan",
)
# States and what follows from them may change between two answers.
PASSING: Final = frozenset(
    {"connectionState", "awsDevice", "awsDeviceV2", "awsLogicalDeviceId", "hasLogicalRedundancy", "jumboFrameCapable"}
)

both = pytest.mark.parametrize("operation", ALLOCATE)
ports = pytest.mark.parametrize("kind", ["interconnect", "lag"])


@pytest.mark.rule(
    "hosted_connections.answer-members",
    "hosted_connections.partner-name",
    "hosted_connections.owner",
    "hosted_connections.parent-location",
)
@both
def test_a_hosted_connection_says_what_it_is(contract: Contract, world: World, operation: str) -> None:
    """Partner and customer identify the connection, its owner and its location by these members."""
    interconnect = port(world, "interconnect")
    answer = _allocate(world, operation, interconnect, {})
    seen, item = world.described(interconnect)
    exchange, described = provided(world, interconnect, world.handles[-1])
    for said, found in ((answer, answer.body), (exchange, described)):
        for member in MEMBERS:
            contract.check(
                "hosted_connections.answer-members",
                found.get(member) not in (None, ""),
                f"{member} is {found.get(member)!r}",
                said,
                where=f"/{member}",
            )
        contract.check(
            "hosted_connections.partner-name",
            bool(found.get("partnerName")),
            f"partnerName is {found.get('partnerName')!r}",
            said,
        )
        contract.check(
            "hosted_connections.owner",
            found.get("ownerAccount") == world.account_id("owner"),
            f"ownerAccount is {found.get('ownerAccount')}, allocated to {world.account_id('owner')}",
            said,
        )
        for member in ("location", "region"):
            contract.check(
                "hosted_connections.parent-location",
                found.get(member) == item.get(member),
                f"{member} is {found.get(member)}, that of the interconnect {item.get(member)}",
                seen,
                said,
                basis=item.get(member),
                where=f"/{member}",
            )


@pytest.mark.rule("hosted_connections.echo")
@both
@given(data=st.data())
def test_a_hosted_connection_is_what_was_ordered(
    api: Api, contract: Contract, run_id: str, operation: str, data: st.DataObject
) -> None:
    """The customer configures its router with this VLAN and pays for this bandwidth."""
    drawn = data.draw(valid(api.spec, api.spec.operation(operation)))
    with World(api, run_id) as world:
        params = Scene(world, world.spec.operation(operation)).filled(drawn)
        exchange = done(world.call(operation, params, role="partner"))
        world.adopt("hosted-connection", operation, exchange, params, "partner")
        # What is not there at all is no answer (hosted_connections.answer-members).
        for member in {"connectionName", "bandwidth", "vlan"} & exchange.body.keys():
            contract.check(
                "hosted_connections.echo",
                exchange.body.get(member) == params[member],
                f"{member} is {exchange.body.get(member)!r}, asked for was {params[member]!r}",
                exchange,
                where=f"/{member}",
            )


@pytest.mark.rule("hosted_connections.partner-only")
@pytest.mark.parametrize("operation", ["AllocateHostedConnection", "AssociateHostedConnection"])
def test_only_a_partner_hosts(contract: Contract, world: World, operation: str) -> None:
    """An account that is not a partner must not provide connections, not even on its own port."""
    own = arrange(world, "lag")
    if operation == "AllocateHostedConnection":
        changes: dict[str, Any] = {"connectionId": own, "ownerAccount": AccountId("owner")}
    else:
        hosted = allocated(world, port(world, "interconnect"), 1)
        changes = {"connectionId": hosted, "parentConnectionId": own}
    taken = {f"/{name}": value for name, value in changes.items()}
    scene = Scene(world, world.spec.operation(operation), "owner", taken)
    exchange = _keep(world, "owner", operation, least(scene))
    contract.refused("hosted_connections.partner-only", exchange, "an account that is no partner, with its own LAG")


@pytest.mark.rule("hosted_connections.partner-only")
def test_only_a_partner_hosts_by_the_deprecated_operation(contract: Contract, world: World) -> None:
    """The deprecated operation must apply the same restriction."""
    own = arrange(world, "connection")
    operation = "AllocateConnectionOnInterconnect"
    taken = {"/interconnectId": own, "/ownerAccount": AccountId("owner")}
    params = least(Scene(world, world.spec.operation(operation), "owner", taken))
    exchange = _keep(world, "owner", operation, params)
    contract.refused(
        "hosted_connections.partner-only", exchange, "an account that is no partner, on its own connection"
    )


@pytest.mark.rule("hosted_connections.parent-kind", "hosted_connections.listed-for-partner")
@ports
def test_interconnects_and_lags_carry(contract: Contract, world: World, kind: str) -> None:
    """A partner sells connections on both, and lists the sold connections there."""
    parent = port(world, kind)
    scene = Scene(world, world.spec.operation("AllocateHostedConnection"), taken={"/connectionId": parent})
    params = least(scene)
    exchange = _keep(world, "partner", "AllocateHostedConnection", params)
    if contract.accepted("hosted_connections.parent-kind", exchange, f"a hosted connection on a partner's {kind}"):
        seen, items = carried(world, parent)
        contract.check(
            "hosted_connections.listed-for-partner",
            exchange.body.get("connectionId") in items,
            f"{exchange.body.get('connectionId')} is not listed on its {kind}",
            exchange,
            seen,
        )


@pytest.mark.rule("hosted_connections.parent-kind")
@both
@pytest.mark.parametrize("kind", ["connection", "hosted-connection"])
def test_nothing_else_carries(contract: Contract, world: World, operation: str, kind: str) -> None:
    """A hosted connection cannot be resold inside another connection."""
    parent = arrange(world, kind, role="partner")
    scene = Scene(world, world.spec.operation(operation), taken={ALLOCATE[operation]: parent})
    exchange = _keep(world, "partner", operation, {**least(scene), "vlan": 2})
    contract.refused("hosted_connections.parent-kind", exchange, f"a hosted connection on a {kind}")


@pytest.mark.rule("hosted_connections.bandwidth-known")
@both
def test_an_unknown_bandwidth_is_refused(contract: Contract, world: World, operation: str) -> None:
    """The order is built and billed, so a typing error must not be rounded to a similar bandwidth."""
    interconnect = port(world, "interconnect")
    for bandwidth in ("250Mbps", "3Gbps", "fast"):
        exchange = _allocate(world, operation, interconnect, {"bandwidth": bandwidth}, needed=False)
        contract.refused("hosted_connections.bandwidth-known", exchange, f"bandwidth {bandwidth}")


@pytest.mark.rule("hosted_connections.vlan-range")
@both
@given(data=st.data())
def test_a_vlan_out_of_range_is_refused(
    api: Api, contract: Contract, run_id: str, operation: str, data: st.DataObject
) -> None:
    """No frame can have such a VLAN tag, so the customer could not use the connection."""
    vlan = data.draw(st.one_of(st.integers(-(2**31), 0), st.integers(4095, 2**31 - 1)))
    with World(api, run_id) as world:
        exchange = _allocate(world, operation, port(world, "interconnect"), {"vlan": vlan}, needed=False)
        contract.refused("hosted_connections.vlan-range", exchange, f"VLAN {vlan}")


@pytest.mark.rule("hosted_connections.vlan-unique")
@both
def test_a_vlan_is_given_once(contract: Contract, world: World, operation: str) -> None:
    """Two customers with the same VLAN on one port would see each other's traffic."""
    interconnect = port(world, "interconnect")
    first = _allocate(world, operation, interconnect, {"vlan": 7})
    second = _allocate(world, operation, interconnect, {"vlan": 7}, needed=False)
    contract.refused("hosted_connections.vlan-unique", second, "a second one with the same VLAN", first)


@pytest.mark.rule("hosted_connections.vlan-unique")
def test_a_vlan_is_given_once_on_a_lag(contract: Contract, world: World) -> None:
    """The same applies to a LAG, whose ports act as one."""
    lag = port(world, "lag")
    first = _allocate(world, "AllocateHostedConnection", lag, {"vlan": 7})
    second = _allocate(world, "AllocateHostedConnection", lag, {"vlan": 7}, needed=False)
    contract.refused("hosted_connections.vlan-unique", second, "a second one with the same VLAN", first)


@pytest.mark.rule("hosted_connections.vlan-per-parent")
@both
def test_a_vlan_is_free_again_on_another_port(contract: Contract, world: World, operation: str) -> None:
    """Each port has its own 4094 VLANs. A shared range would run out."""
    first = _allocate(world, operation, port(world, "interconnect"), {"vlan": 7})
    second = _allocate(world, operation, port(world, "interconnect"), {"vlan": 7}, needed=False)
    contract.accepted("hosted_connections.vlan-per-parent", second, "the same VLAN on another interconnect", first)


@pytest.mark.rule("hosted_connections.listed-by-parent-only")
@ports
def test_a_port_lists_its_own_only(contract: Contract, world: World, kind: str) -> None:
    """A partner uses this list to find the customers that an outage of a port affects."""
    here, there = port(world, kind), port(world, "interconnect")
    foreign = allocated(world, there, 7)
    allocated(world, here, 8)
    exchange, items = carried(world, here)
    done(exchange)
    contract.check(
        "hosted_connections.listed-by-parent-only",
        foreign.id not in items,
        f"{foreign.id}, which is on another port, is listed on this {kind}",
        foreign.made,
        exchange,
        basis=items,
    )


@pytest.mark.rule("hosted_connections.describe-wrong-parent")
def test_a_hosted_connection_carries_no_list(contract: Contract, world: World) -> None:
    """An empty list would look like a port without customers. AWS was observed to refuse the request."""
    hosted = allocated(world, port(world, "interconnect"), 1)
    exchange = world.call("DescribeHostedConnections", {"connectionId": hosted}, role="partner")
    contract.refused("hosted_connections.describe-wrong-parent", exchange, "the hosted connections of a hosted one")


@pytest.mark.rule("hosted_connections.deprecated-allocate")
def test_the_deprecated_operation_allocates_the_same(contract: Contract, world: World) -> None:
    """Older tools of partners must get the same result as newer ones."""
    interconnect = port(world, "interconnect")
    old = _allocate(world, "AllocateConnectionOnInterconnect", interconnect, {"vlan": 7})
    new = _allocate(world, "AllocateHostedConnection", interconnect, {"vlan": 8})
    # Only the newer one takes tags.
    differing = (old.body.keys() ^ new.body.keys()) - {"tags"}
    contract.check(
        "hosted_connections.deprecated-allocate",
        not differing,
        f"only one of the two answers has {', '.join(sorted(differing))}",
        new,
        old,
    )
    states = old.body.get("connectionState"), new.body.get("connectionState")
    contract.check(
        "hosted_connections.deprecated-allocate",
        states[0] == states[1],
        f"connectionState is {states[0]}, and {states[1]} by AllocateHostedConnection",
        new,
        old,
        basis=states,
        where="/connectionState",
    )


@pytest.mark.rule("hosted_connections.deprecated-describe")
def test_the_deprecated_list_is_the_same(contract: Contract, world: World) -> None:
    """If the list lacks a customer, older tools assign its VLAN again."""
    interconnect = port(world, "interconnect")
    made = [allocated(world, interconnect, vlan) for vlan in (7, 8)]
    told = [provided(world, interconnect, handle) for handle in made]
    old = world.call("DescribeConnectionsOnInterconnect", {"interconnectId": interconnect}, role="partner")
    found = {item.get("connectionId"): item for item in at(old.body, "/connections/*") if isinstance(item, dict)}
    for handle, (new, item) in zip(made, told, strict=True):
        contract.check(
            "hosted_connections.deprecated-describe",
            handle.id in found and _lasting(found[handle.id]) == _lasting(item),
            f"{handle.id} is {found.get(handle.id)}, and {item} by DescribeHostedConnections",
            new,
            old,
        )


def _allocate(
    world: World, operation: str, parent: Handle, changes: dict[str, Any], *, needed: bool = True
) -> Exchange:
    """Allocates on `parent` with the smallest valid request and `changes`; if `needed`, it must succeed."""
    scene = Scene(world, world.spec.operation(operation), taken={ALLOCATE[operation]: parent})
    exchange = _keep(world, "partner", operation, merged(least(scene), changes))
    return done(exchange) if needed else exchange


def _keep(world: World, role: Any, operation: str, params: Json) -> Exchange:
    """Sends a request and registers what it creates, so that it is deleted afterwards."""
    exchange = world.call(operation, params, role=role)
    if operation in ALLOCATE:
        world.adopt("hosted-connection", operation, exchange, params, role)
    return exchange


def _lasting(item: Json) -> Json:
    return {member: value for member, value in item.items() if member not in PASSING}
