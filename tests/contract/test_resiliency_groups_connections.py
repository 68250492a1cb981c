"""Resiliency groups: their connections, and atomic changes to them."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.pagination import visible
from strategies.polling import poll
from strategies.preconditions import refusal
from strategies.resources.resiliency_groups import available_group
from strategies.valid_requests import arrange, done
from strategies.world import Arn, Handle, World

ASSOCIATE: Final = "AssociateConnectionsToResiliencyGroup"
DISASSOCIATE: Final = "DisassociateConnectionsFromResiliencyGroup"
UPDATE: Final = "UpdateResiliencyGroup"
IN: Final = ("associating", "associated")
NOBODYS: Final = "dxcon-ffffff00"


@pytest.mark.rule("resiliency_groups.associate-answer", "resiliency_groups.associate-listed")
def test_associated_connections_are_answered_and_listed(contract: Contract, world: World) -> None:
    """Users read from this list whether a site survives the failure of one port."""
    group, connections = _arranged(world, 2)
    exchange = done(_change(world, ASSOCIATE, group, connections))
    entries = [one for one in at(exchange.body, "/resiliencyGroupAssociations/*") if isinstance(one, dict)]
    for connection in connections:
        wanted = [one for one in entries if one.get("connectionArn") == world.arn(connection)]
        right = [one for one in wanted if one.get("resiliencyGroupId") == group.id and one.get("state") in IN]
        message = f"a connection that was associated is answered as {wanted or entries}"
        contract.check("resiliency_groups.associate-answer", len(right) == 1, message, exchange)
    after, states = _states(world, group)
    missing = [world.arn(one) for one in connections if states.get(world.arn(one)) not in IN]
    message = f"associated, but not listed: {missing}; listed: {states}"
    contract.check("resiliency_groups.associate-listed", not missing, message, exchange, after)


@pytest.mark.rule("resiliency_groups.associate-by-arn")
def test_a_connection_may_be_named_by_its_arn(contract: Contract, world: World) -> None:
    """Accounts that work together exchange ARNs."""
    group, (connection,) = _arranged(world, 1)
    exchange = _change(world, ASSOCIATE, group, [Arn(connection)])
    if contract.accepted("resiliency_groups.associate-by-arn", exchange, "a connection that is named by its ARN"):
        after, states = _states(world, group)
        message = f"associated by its ARN, but listed is {states}"
        there = states.get(world.arn(connection)) in IN
        contract.check("resiliency_groups.associate-by-arn", there, message, exchange, after)


@pytest.mark.rule("resiliency_groups.associate-atomic")
@pytest.mark.parametrize("first", [True, False], ids=["good-one-first", "good-one-last"])
def test_connections_are_associated_all_or_none(contract: Contract, world: World, first: bool) -> None:
    """A partly associated group appears resilient and is not."""
    group, (connection,) = _arranged(world, 1)
    exchange = refusal(_change(world, ASSOCIATE, group, [connection, NOBODYS] if first else [NOBODYS, connection]))
    after, states = _states(world, group)
    message = f"refused, and yet {states} is listed"
    done(_change(world, ASSOCIATE, group, [connection]))
    could_be = poll(lambda: _states(world, group)[1], bool)
    contract.check("resiliency_groups.associate-atomic", not states, message, after, exchange, basis=could_be)


@pytest.mark.rule("resiliency_groups.disassociate-removes", "resiliency_groups.disassociate-keeps")
def test_a_disassociated_connection_leaves_alone(contract: Contract, world: World) -> None:
    """The remaining connections must stay in the group."""
    group, (leaving, staying) = _associated(world, 2)
    exchange = done(_change(world, DISASSOCIATE, group, [leaving]))
    after, states = _states(world, group)
    state = states.get(world.arn(leaving))
    message = f"the connection that was disassociated is listed as {state}"
    contract.check("resiliency_groups.disassociate-removes", state not in IN, message, exchange, after)
    state = states.get(world.arn(staying))
    message = f"the other connection is {state or 'not listed any more'}"
    contract.check("resiliency_groups.disassociate-keeps", state in IN, message, exchange, after)


@pytest.mark.rule("resiliency_groups.disassociate-atomic")
@pytest.mark.parametrize("first", [True, False], ids=["good-one-first", "good-one-last"])
def test_connections_are_disassociated_all_or_none(contract: Contract, world: World, first: bool) -> None:
    """After an error the caller assumes that the group is unchanged."""
    group, (connection,) = _associated(world, 1)
    exchange = refusal(_change(world, DISASSOCIATE, group, [connection, NOBODYS] if first else [NOBODYS, connection]))
    after, states = _states(world, group)
    state = states.get(world.arn(connection))
    message = f"refused, and yet a connection is {state or 'not listed any more'}"
    contract.check("resiliency_groups.disassociate-atomic", state in IN, message, after, exchange)


@pytest.mark.rule("resiliency_groups.associations-per-group")
def test_a_group_lists_its_own_connections_only(contract: Contract, world: World) -> None:
    """If the connections of two sites are mixed, neither site is known to be resilient."""
    _, (elsewhere,) = _associated(world, 1)
    group, (connection,) = _associated(world, 1)
    exchange, states = _states(world, group)
    foreign = [arn for arn in states if arn != world.arn(connection)]
    message = f"{foreign} is listed, of which {world.arn(elsewhere)} is in another group"
    contract.check("resiliency_groups.associations-per-group", not foreign, message, exchange)


@pytest.mark.rule("resiliency_groups.change-idempotent")
@pytest.mark.parametrize("operation", [ASSOCIATE, DISASSOCIATE, UPDATE])
def test_a_change_is_repeated_safely(contract: Contract, world: World, operation: str) -> None:
    """A client without a response retries and must not get an error."""
    group, connections = _arranged(world, 1) if operation == ASSOCIATE else _associated(world, 1)
    what: dict[str, Any] = {"connectionIdentifiers": connections}
    if operation == UPDATE:
        what = {"resiliencyGroupName": world.name()}
    params = {"resiliencyGroupId": group, "clientToken": world.name(), **what}
    first = done(world.call(operation, params))
    exchange = world.call(operation, params)
    contract.accepted("resiliency_groups.change-idempotent", exchange, "a change that is repeated", first)


def _arranged(world: World, count: int) -> tuple[Handle, list[Handle]]:
    group = available_group(world)
    return group, [arrange(world, "connection") for _ in range(count)]


def _associated(world: World, count: int) -> tuple[Handle, list[Handle]]:
    group, connections = _arranged(world, count)
    done(_change(world, ASSOCIATE, group, connections))
    wanted = {world.arn(connection): "associated" for connection in connections}
    states = poll(lambda: _states(world, group)[1], lambda seen: wanted.items() <= seen.items())
    if not wanted.items() <= states.items():
        raise Indeterminate(f"connections, which this test needs in a group first, were listed as {states}")
    return group, connections


def _change(world: World, operation: str, group: Handle, connections: Sequence[Any]) -> Exchange:
    return world.call(operation, {"resiliencyGroupId": group, "connectionIdentifiers": list(connections)})


def _states(world: World, group: Handle) -> tuple[Exchange, dict[str, str]]:
    """The connections in a group: the state of the association by ARN."""
    params = {"resiliencyGroupId": group}
    exchange, items = visible(world, "ListResiliencyGroupAssociations", params, "items")
    done(exchange)
    return exchange, {str(item.get("connectionArn")): str(item.get("state")) for item in items}
