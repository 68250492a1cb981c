"""Hosted connections: their owner confirms or declines them."""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.observation import unordered
from strategies.pagination import listed_in_time
from strategies.polling import confirm, poll
from strategies.resources.hosted_connections import allocated, carried, port, provided
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import Handle, World

AFTER_ORDERING = ("pending", "available", "down")
TIMES = 3


@pytest.mark.rule("hosted_connections.unconfirmed-waits")
def test_it_waits_for_its_owner(contract: Contract, world: World) -> None:
    """Billing starts with the confirmation, so it must not happen by itself."""
    interconnect = port(world, "interconnect")
    hosted = allocated(world, interconnect, 1)
    for _ in range(TIMES):
        seen, item = _found(world, hosted)
        told, described = provided(world, interconnect, hosted)
        for exchange, found in ((seen, item), (told, described)):
            state = found.get("connectionState")
            contract.check(
                "hosted_connections.unconfirmed-waits",
                state == "ordering",
                f"nobody confirmed or declined, and it is {state}",
                hosted.made,
                exchange,
            )


@pytest.mark.rule("hosted_connections.confirm-answer", "hosted_connections.confirm-ends-ordering")
def test_confirming_ends_the_wait(contract: Contract, world: World) -> None:
    """Automation polls from the confirmation on until the connection is up."""
    hosted = _ordered(world)
    exchange = done(world.call("ConfirmConnection", {"connectionId": hosted}))
    answered = exchange.body.get("connectionState")
    contract.check(
        "hosted_connections.confirm-answer",
        answered in AFTER_ORDERING,
        f"connectionState is {answered!r} in the answer",
        exchange,
    )
    seen, item = _found(world, hosted)
    state = item.get("connectionState")
    contract.check(
        "hosted_connections.confirm-ends-ordering",
        state in AFTER_ORDERING,
        f"it is {state} after it was confirmed",
        exchange,
        seen,
    )


@pytest.mark.rule("hosted_connections.listed-for-owner")
def test_its_owner_finds_it(contract: Contract, world: World) -> None:
    """The owner must be able to list the connection in order to confirm it."""
    hosted = _ordered(world)
    for when in ("before", "after"):
        exchange, item = listed_in_time(world, hosted)
        contract.check(
            "hosted_connections.listed-for-owner",
            item is not None,
            f"its owner does not find it {when} confirming it",
            hosted.made,
            exchange,
            where=when,
        )
        if when == "before":
            done(world.call("ConfirmConnection", {"connectionId": hosted}))


@pytest.mark.rule("hosted_connections.confirm-owner-only")
@pytest.mark.parametrize("role", ["partner", "other"])
def test_nobody_else_confirms_it(contract: Contract, world: World, role: Role) -> None:
    """The partner that sells the connection must not confirm it for the customer."""
    hosted = _ordered(world)
    exchange = world.call("ConfirmConnection", {"connectionId": hosted}, role=role)
    contract.refused("hosted_connections.confirm-owner-only", exchange, f"confirmed by the {role} account")


@pytest.mark.rule("hosted_connections.confirm-wrong-state")
def test_a_dedicated_connection_is_not_confirmed(contract: Contract, world: World) -> None:
    """AWS was observed to refuse it. A success would imply that an order is in progress."""
    connection = arrange(world, "connection", settle=False)
    exchange = world.call("ConfirmConnection", {"connectionId": connection})
    contract.refused("hosted_connections.confirm-wrong-state", exchange, "a dedicated connection confirmed")


@pytest.mark.rule("hosted_connections.confirm-wrong-state")
def test_it_is_confirmed_once(contract: Contract, world: World) -> None:
    """A connection in use must not return to pending."""
    hosted = _ordered(world)
    first = done(world.call("ConfirmConnection", {"connectionId": hosted}))
    exchange = world.call("ConfirmConnection", {"connectionId": hosted})
    contract.refused("hosted_connections.confirm-wrong-state", exchange, "confirmed a second time", first)


@pytest.mark.rule("hosted_connections.decline")
def test_declining_rejects_it(contract: Contract, world: World) -> None:
    """The partner sees from this state that the customer declined."""
    hosted = _ordered(world)
    deletion = done(world.delete(hosted))
    seen = poll(lambda: world.observe(hosted), lambda one: one.state in (None, "rejected"))
    contract.check(
        "hosted_connections.decline",
        seen.item is None or seen.state == "rejected",
        f"it is {seen.state} after its owner declined it",
        seen.exchange,
        deletion,
    )


@pytest.mark.rule("hosted_connections.rejected-not-confirmed")
def test_what_was_declined_is_not_confirmed(contract: Contract, world: World) -> None:
    """A decline is final, so a late retry must not start the billing."""
    hosted = _ordered(world)
    deletion = done(world.delete(hosted))
    exchange = world.call("ConfirmConnection", {"connectionId": hosted})
    contract.refused("hosted_connections.rejected-not-confirmed", exchange, "a declined one confirmed", deletion)


@pytest.mark.rule("hosted_connections.refusal-atomic")
@pytest.mark.parametrize(
    "why", ["bandwidth", "vlan-range", "vlan-taken", "moved-onto-taken-vlan", "confirmed-by-partner"]
)
def test_a_refusal_changes_nothing(contract: Contract, world: World, why: str) -> None:
    """A refused request must not cause an order, a move or a charge."""
    parent, other = port(world, "interconnect"), port(world, "interconnect")
    hosted, rival = allocated(world, parent, 7), allocated(world, other, 7)
    allocation = Scene(world, world.spec.operation("AllocateHostedConnection"), taken={"/connectionId": parent})
    operation, params = {
        "bandwidth": ("AllocateHostedConnection", {**least(allocation), "vlan": 8, "bandwidth": "250Mbps"}),
        "vlan-range": ("AllocateHostedConnection", {**least(allocation), "vlan": 4095}),
        "vlan-taken": ("AllocateHostedConnection", {**least(allocation), "vlan": 7}),
        "moved-onto-taken-vlan": (
            "AssociateHostedConnection",
            {"connectionId": hosted, "parentConnectionId": other},
        ),
        "confirmed-by-partner": ("ConfirmConnection", {"connectionId": hosted}),
    }[why]
    before = _everywhere(world, parent, other)
    exchange = world.call(operation, params, role="partner")
    if exchange.succeeded:
        world.adopt("hosted-connection", "AllocateHostedConnection", exchange, params, "partner")
        raise Indeterminate(f"{operation} was not refused, so there is no refusal to look at")
    contract.check(
        "hosted_connections.refusal-atomic",
        confirm(lambda: _everywhere(world, parent, other), lambda seen: seen == before) == before,
        "the request was refused, and yet the hosted connections, or where they are, have changed",
        hosted.made,
        rival.made,
        exchange,
        basis=before,
    )


def _ordered(world: World) -> Handle:
    return allocated(world, port(world, "interconnect"), 1)


def _found(world: World, hosted: Handle) -> tuple[Exchange, Json]:
    """The description of a hosted connection for its owner.

    Raises:
        Indeterminate: the owner cannot see the connection.
    """
    return world.described(hosted)


def _everywhere(world: World, *parents: Handle) -> list[Any]:
    """The descriptions of all created resources and of the lists of the ports, for owner and partner."""
    return [world.seen(), *(unordered(carried(world, parent)[1]) for parent in parents)]
