"""LAGs of partners and the connections that they host."""

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.pagination import whole_list
from strategies.polling import poll
from strategies.resources.hosted_connections import allocated
from strategies.resources.lags import bundle, patient
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import Handle, World

PARTNER: Role = "partner"
JOIN, LEAVE = "AssociateConnectionWithLag", "DisassociateConnectionFromLag"


@pytest.mark.rule("lags.associate-hosted-move")
def test_hosted_connections_go_with_their_interconnect_into_a_lag(contract: Contract, world: World) -> None:
    """The partner must find the connections of its customers on the LAG."""
    interconnect = arrange(world, "interconnect")
    hosted = arrange(world, "hosted-connection", shared={"/connectionId": interconnect})
    lag, _ = bundle(world, role=PARTNER)
    exchange = done(patient(world, JOIN, {"connectionId": interconnect, "lagId": lag}, role=PARTNER))
    _hosted(contract, "lags.associate-hosted-move", world, lag, hosted, exchange)


@pytest.mark.rule("lags.associate-hosted-move")
def test_hosted_connections_join_those_that_the_lag_has(contract: Contract, world: World) -> None:
    """A partner may bundle ports that both host connections."""
    interconnect, (lag, _) = arrange(world, "interconnect"), bundle(world, role=PARTNER)
    stays, comes = allocated(world, lag, 7), allocated(world, interconnect, 8)
    exchange = patient(world, JOIN, {"connectionId": interconnect, "lagId": lag}, role=PARTNER)
    what = "an interconnect with a hosted connection, for a LAG that has one with another VLAN"
    contract.accepted("lags.associate-hosted-move", exchange, what, stays.made, comes.made)
    if exchange.succeeded:
        for hosted in (stays, comes):
            _hosted(contract, "lags.associate-hosted-move", world, lag, hosted, exchange)


@pytest.mark.rule("lags.associate-hosted-stay")
def test_hosted_connections_stay_when_a_port_changes_to_another_lag(contract: Contract, world: World) -> None:
    """Moving a port to another LAG must not move the customers of the first LAG."""
    old, (_, goes) = bundle(world, 2, role=PARTNER)
    hosted = arrange(world, "hosted-connection", shared={"/connectionId": old})
    new, _ = bundle(world, role=PARTNER)
    exchange = done(patient(world, JOIN, {"connectionId": goes, "lagId": new}, role=PARTNER))
    _hosted(contract, "lags.associate-hosted-stay", world, old, hosted, exchange)


@pytest.mark.rule("lags.disassociate-hosted-stay")
def test_hosted_connections_stay_when_a_port_leaves_their_lag(contract: Contract, world: World) -> None:
    """Removing a port for repair must not disconnect customers."""
    lag, (_, goes) = bundle(world, 2, role=PARTNER)
    hosted = arrange(world, "hosted-connection", shared={"/connectionId": lag})
    exchange = done(patient(world, LEAVE, {"connectionId": goes, "lagId": lag}, role=PARTNER))
    _hosted(contract, "lags.disassociate-hosted-stay", world, lag, hosted, exchange)


@pytest.mark.rule("lags.disassociate-partner-converts")
def test_a_port_that_leaves_a_partners_lag_is_an_interconnect(contract: Contract, world: World) -> None:
    """Only an interconnect can host connections again."""
    lag, (_, goes) = bundle(world, 2, role=PARTNER)
    exchange = done(patient(world, LEAVE, {"connectionId": goes, "lagId": lag}, role=PARTNER))
    port = Handle(world.spec.resources["interconnect"], PARTNER, goes.name, LEAVE, {}, exchange, id=goes.id)
    world.handles[world.handles.index(goes)] = port
    described, item = poll(lambda: world.observe(port), lambda seen: seen.item is not None)
    message = "DescribeInterconnects does not find the port of a partner that left a LAG"
    contract.check("lags.disassociate-partner-converts", item is not None, message, exchange, described)


@pytest.mark.rule("lags.partner-interfaces")
def test_a_partners_lag_takes_no_interface_of_its_own(contract: Contract, world: World) -> None:
    """The LAG carries the connections of customers, who create the virtual interfaces."""
    lag, _ = bundle(world, role=PARTNER)
    operation = "CreatePrivateVirtualInterface"
    scene = Scene(world, world.spec.operation(operation), PARTNER, {"/connectionId": lag})
    params = least(scene)
    exchange = world.call(operation, params, role=PARTNER)
    world.adopt("virtual-interface", operation, exchange, params, PARTNER)
    contract.refused("lags.partner-interfaces", exchange, "a virtual interface on a LAG of a partner")


def _hosted(contract: Contract, rule: str, world: World, lag: Handle, hosted: Handle, cause: Exchange) -> None:
    """Checks that a hosted connection is on this LAG, after some time to get there."""

    def there(items: list[Json]) -> bool:
        return hosted.id in [item.get("connectionId") for item in items]

    def look() -> tuple[Exchange, list[Json]]:
        return whole_list(world, "DescribeHostedConnections", {"connectionId": lag}, "connections", role=PARTNER)

    described, items = poll(look, lambda seen: there(seen[1]))
    message = f"the hosted connection is not among the {len(items)} on the LAG"
    contract.check(rule, there(items), message, cause, described)
