"""Billing modes of connections and LAGs."""

from typing import Any, Final, Literal

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from strategies.invalid_requests import UNKNOWN_IDS
from strategies.polling import confirm
from strategies.preconditions import refusal
from strategies.resources.lags import bundle
from strategies.valid_requests import arrange, done
from strategies.world import World

UPDATE: Final = "UpdateConnectionsBillingMode"
FLAT_RATES: Final = tuple(f"FlatRateTier{tier}" for tier in range(1, 6))
MODES: Final = ("PayAsYouGo", *FLAT_RATES)


@pytest.mark.rule("billing.update-answer")
@pytest.mark.parametrize("count", [1, 3])
def test_a_change_answers_what_it_changed(contract: Contract, world: World, count: int) -> None:
    """Clients change many ports in one request and need the result for each."""
    connections = [arrange(world, "connection") for _ in range(count + 1)][:count]
    exchange = done(world.call(UPDATE, {"connectionIds": connections, "billingMode": "FlatRateTier1"}))
    rule, mode = "billing.update-answer", exchange.body.get("billingMode")
    message = f"billingMode is {mode!r}, asked for was FlatRateTier1"
    contract.check(rule, _is(mode, "FlatRateTier1"), message, exchange, where="/billingMode")
    answered = sorted(str(one) for one in at(exchange.body, "/connections/*/connectionId"))
    named = sorted(one.id for one in connections)
    message = f"answered are {answered}, named were {named}"
    contract.check(rule, answered == named, message, exchange, where="/connections")


@pytest.mark.rule("billing.update-described")
@pytest.mark.parametrize("mode", MODES)
def test_a_changed_mode_is_described(contract: Contract, world: World, mode: str) -> None:
    """Cost forecasts use the described billing mode."""
    start = next(one for one in MODES[:2] if one != mode)
    connection = arrange(world, "connection", members={"billingMode": start})
    exchange = done(world.call(UPDATE, {"connectionIds": [connection], "billingMode": mode}))
    after, item = world.described(connection, lambda seen: _is(seen.get("billingMode"), mode))
    found = item.get("billingMode")
    message = f"billingMode is {found!r} after it was changed from {start} to {mode}"
    where = "/connections/*/billingMode"
    contract.check("billing.update-described", _is(found, mode), message, exchange, after, where=where)


@pytest.mark.rule("billing.update-others")
def test_other_connections_keep_their_mode(contract: Contract, world: World) -> None:
    """An account must not be charged for a change that it did not request."""
    world.api.permit(UPDATE)
    named, other = arrange(world, "connection"), arrange(world, "connection")
    before = _shown(world.described(other)[1])
    exchange = done(world.call(UPDATE, {"connectionIds": [named], "billingMode": "FlatRateTier1"}))
    after = confirm(lambda: _shown(world.described(other)[1]), lambda seen: seen == before)
    message = f"billingMode of a connection that was not named went from {before!r} to {after!r}"
    contract.check("billing.update-others", after == before, message, exchange)


@pytest.mark.rule("billing.on-create")
@pytest.mark.parametrize("mode", ["PayAsYouGo", "FlatRateTier1", "FlatRateTier5"])
@pytest.mark.parametrize("kind", ["connection", "lag"])
def test_a_mode_can_be_given_with_the_order(
    contract: Contract, world: World, kind: Literal["connection", "lag"], mode: str
) -> None:
    """Otherwise the port is charged by the hour until the billing mode is changed."""
    members: dict[str, Any] = {"billingMode": mode}
    port = bundle(world, **members)[0] if kind == "lag" else arrange(world, kind, members=members)
    after, item = world.described(port, lambda seen: _is(seen.get("billingMode"), mode))
    found, where = item.get("billingMode"), f"/{kind}s/*/billingMode"
    message = f"billingMode is {found!r}, ordered was {mode}"
    contract.check("billing.on-create", _is(found, mode), message, port.made, after, where=where)


@pytest.mark.rule("billing.default")
def test_without_a_mode_one_pays_as_one_goes(contract: Contract, world: World) -> None:
    """A flat rate has a fixed term, so it must not start because a request omits a member."""
    connection = arrange(world, "connection")
    found = _shown(connection.made.body, world.described(connection)[1])
    message = f"billingMode is {found!r} for a connection that was ordered without one"
    contract.check("billing.default", found == "PayAsYouGo", message, connection.made, where="/billingMode")


@pytest.mark.rule("billing.refusal-atomic")
def test_a_refused_change_changes_no_price(contract: Contract, world: World) -> None:
    """A partial change would be noticed only on the bill."""
    world.api.permit(UPDATE)
    connection = arrange(world, "connection")
    before = _shown(world.described(connection)[1])
    ids = [connection, UNKNOWN_IDS["connection"]]
    exchange = refusal(world.call(UPDATE, {"connectionIds": ids, "billingMode": "FlatRateTier1"}))
    after = confirm(lambda: _shown(world.described(connection)[1]), lambda seen: seen == before)
    message = f"refused, and yet billingMode went from {before!r} to {after!r}"
    contract.check("billing.refusal-atomic", after == before, message, exchange)


def _is(found: object, mode: str) -> bool:
    """Whether a mode equals the expected one; a flat rate may be shown as that of a port pair of the same tier."""
    return found in (mode, f"PortPair{mode}" if mode in FLAT_RATES else mode)


def _shown(*items: Json | None) -> object:
    """The first billing mode that is shown.

    Raises:
        Indeterminate: no billing mode is shown.
    """
    for item in items:
        if item and item.get("billingMode") is not None:
            return item["billingMode"]
    raise Indeterminate("no billing mode is shown")
