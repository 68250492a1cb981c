"""Associations: filters of the list, changes and deletion."""

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import some_virtual_private_gateway
from strategies.observation import Observation
from strategies.pagination import whole_list
from strategies.polling import confirm, poll
from strategies.valid_requests import arrange, done, prefixes
from strategies.world import Handle, World

DESCRIBE = "DescribeDirectConnectGatewayAssociations"
UPDATE = "UpdateDirectConnectGatewayAssociation"
DELETE = "DeleteDirectConnectGatewayAssociation"
LIST = "directConnectGatewayAssociations"
ADD = "addAllowedPrefixesToDirectConnectGateway"
REMOVE = "removeAllowedPrefixesToDirectConnectGateway"
ENDING = ("disassociating", "disassociated")


@pytest.mark.rule("associations.describe-need")
def test_a_description_needs_something_to_describe(contract: Contract, world: World) -> None:
    """Unlike other lists, this list never returns everything."""
    exchange = world.call(DESCRIBE)
    contract.refused("associations.describe-need", exchange, "a request that names no gateway and no association")


@pytest.mark.rule("associations.describe-by-gateway", "associations.describe-by-both", "associations.describe-by-id")
def test_associations_are_found_by_what_they_join(contract: Contract, world: World) -> None:
    """If a filter is ignored, a client may delete an association of another gateway."""
    one, two = (arrange(world, "direct-connect-gateway") for _ in range(2))
    virtual: list[str] = []
    for _ in range(3):
        virtual.append(_virtual(world, *virtual))
    made = [_associate(world, gateway, other) for gateway, other in zip((one, one, two), virtual, strict=True)]

    def look(rule: str, params: dict[str, Any], expected: list[Handle], where: str) -> None:
        exchange, items = whole_list(world, DESCRIBE, params, LIST)
        found, wanted = sorted(str(item.get("associationId")) for item in items), sorted(each.id for each in expected)
        contract.check(rule, found == wanted, f"found {found} and not {wanted}", exchange, where=where)

    by_gateway = "associations.describe-by-gateway"
    look(by_gateway, {"directConnectGatewayId": one}, made[:2], "/directConnectGatewayId")
    look(by_gateway, {"associatedGatewayId": virtual[1]}, made[1:2], "/associatedGatewayId")
    look(by_gateway, {"virtualGatewayId": virtual[2]}, made[2:], "/virtualGatewayId")
    look("associations.describe-by-id", {"associationId": made[0]}, made[:1], "/associationId")
    both = {"directConnectGatewayId": one, "associatedGatewayId": virtual[1]}
    look("associations.describe-by-both", both, made[1:2], "/associatedGatewayId")
    none = world.call(DESCRIBE, {"directConnectGatewayId": two, "associatedGatewayId": virtual[1]})
    contract.check(
        "associations.describe-by-both",
        not none.body.get(LIST),
        "asked for the association of two gateways that have none, answered one",
        none,
    )


@pytest.mark.rule("associations.update-add", "associations.update-preserves", "associations.answer-members")
@given(earlier=prefixes(), added=prefixes())
def test_added_prefixes_join_the_earlier_ones(
    api: Api, contract: Contract, run_id: str, earlier: list[dict[str, str]], added: list[dict[str, str]]
) -> None:
    """If the added prefixes replaced the earlier ones, opening one network would disconnect all others."""
    with World(api, run_id) as world:
        made = _arranged(world, earlier)
        exchange = done(world.call(UPDATE, {"associationId": made, ADD: added}))
        _complete(contract, exchange)
        expected = sorted({prefix["cidr"] for prefix in (*earlier, *added)})
        _allows(contract, world, made, "associations.update-add", exchange, expected)
        before, after = _identity(_of(made.made)), _identity(_of(exchange))
        contract.check(
            "associations.update-preserves",
            before == after,
            f"the id and the two gateways were {before} and are {after} after an update",
            made.made,
            exchange,
            basis=before,
        )


@pytest.mark.rule("associations.update-remove")
@given(data=st.data())
def test_removed_prefixes_go_alone(api: Api, contract: Contract, run_id: str, data: st.DataObject) -> None:
    """A prefix that is still allowed keeps a network reachable that somebody wanted to close."""
    earlier = data.draw(prefixes().filter(lambda drawn: len(drawn) > 1))
    removed = data.draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=len(earlier) - 1, unique_by=str))
    with World(api, run_id) as world:
        made = _arranged(world, earlier)
        exchange = done(world.call(UPDATE, {"associationId": made, REMOVE: removed}))
        expected = sorted(prefix["cidr"] for prefix in earlier if prefix not in removed)
        _allows(contract, world, made, "associations.update-remove", exchange, expected)


@pytest.mark.rule("associations.delete-by-id", "associations.delete-answer", "associations.answer-members")
def test_an_association_is_deleted_by_its_id(contract: Contract, world: World) -> None:
    """AWS recommends this way to delete an association."""
    made = _arranged(world)
    exchange = world.delete(made)
    contract.accepted("associations.delete-by-id", exchange, "deleting an association by its id", made.made)
    if exchange.succeeded:
        _complete(contract, exchange)
        found = (_of(exchange).get("associationId"), _of(exchange).get("associationState"))
        contract.check(
            "associations.delete-answer",
            found[0] == made.id and found[1] in ENDING,
            f"deleting {made.id} answered {found}",
            exchange,
        )


@pytest.mark.rule("associations.delete-by-gateways", "associations.deleted-gone")
def test_an_association_is_deleted_by_its_gateways(contract: Contract, world: World) -> None:
    """Older clients identify associations only by their gateways."""
    gateway, virtual = arrange(world, "direct-connect-gateway"), _virtual(world)
    made = _associate(world, gateway, virtual)
    exchange = world.call(DELETE, {"directConnectGatewayId": gateway, "virtualGatewayId": virtual})
    contract.accepted("associations.delete-by-gateways", exchange, "deleting an association by its gateways", made.made)
    if exchange.succeeded:
        seen = poll(lambda: world.observe(made), lambda one: one.state in (None, *ENDING))
        contract.check(
            "associations.deleted-gone",
            seen.item is None or seen.state in ENDING,
            f"after its deletion the association is {seen.state}",
            exchange,
            seen.exchange,
        )


@pytest.mark.rule("associations.delete-by-gateways")
def test_no_other_association_of_the_gateway_is_deleted(contract: Contract, world: World) -> None:
    """A gateway has many associations, and the deletion of one must not affect the others."""
    gateway, virtual = arrange(world, "direct-connect-gateway"), list[str]()
    for _ in range(3):
        virtual.append(_virtual(world, *virtual))
    first, middle, last = sorted(virtual)
    one, two, three = (_associate(world, gateway, other) for other in (first, last, middle))
    exchange = done(world.call(DELETE, {"directConnectGatewayId": gateway, "virtualGatewayId": middle}))
    found = _of(exchange).get("associationId")
    message = f"asked to end {three.id}, it ended {found}"
    contract.check("associations.delete-by-gateways", found == three.id, message, three.made, exchange)
    for neighbour in (one, two):
        seen = confirm(functools.partial(world.observe, neighbour), _lives)
        message = f"{neighbour.id}, which nobody ended, is {seen.state or 'not described'}"
        contract.check("associations.delete-by-gateways", _lives(seen), message, exchange, seen.exchange)


@pytest.mark.rule("associations.delete-need")
def test_a_deletion_needs_something_to_delete(contract: Contract, world: World) -> None:
    """The model requires no member, so a request with empty variables must be refused by the service."""
    exchange = world.call(DELETE)
    contract.refused("associations.delete-need", exchange, "a deletion that names neither an association nor gateways")


@pytest.mark.rule("associations.refusal-atomic")
def test_a_refused_update_leaves_the_prefixes(contract: Contract, world: World) -> None:
    """A partial update would leave a network partly open."""
    made = _arranged(world, [{"cidr": "10.1.0.0/16"}, {"cidr": "10.2.0.0/16"}])
    before = world.seen()
    changes = {REMOVE: [{"cidr": "10.2.0.0/16"}], ADD: [{"cidr": "10.3.0.0/16"}, {"cidr": "10.4.0.0/99"}]}
    exchange = world.call(UPDATE, {"associationId": made, **changes})
    if not exchange.succeeded:
        after = world.seen_again(before)
        contract.check(
            "associations.refusal-atomic",
            after == before,
            f"an update was refused, and yet the association is {after[made]} after {before[made]}",
            exchange,
            basis=before,
        )


def _virtual(world: World, *but: str) -> str:
    world.api.permit("CreateDirectConnectGatewayAssociation")
    return some_virtual_private_gateway(world, but=but)


def _associate(world: World, gateway: Handle, virtual: str, wanted: list[dict[str, str]] | None = None) -> Handle:
    params = {"directConnectGatewayId": gateway, "gatewayId": virtual, ADD: wanted or [{"cidr": "10.0.0.0/8"}]}
    return world.make("gateway-association", params)


def _arranged(world: World, wanted: list[dict[str, str]] | None = None) -> Handle:
    return _associate(world, arrange(world, "direct-connect-gateway"), _virtual(world), wanted)


def _of(exchange: Exchange) -> Json:
    """The association in a response."""
    found = exchange.body.get("directConnectGatewayAssociation")
    return found if isinstance(found, dict) else {}


def _identity(item: Json) -> tuple[Any, ...]:
    """The id of an association and the ids of its gateways."""
    inner = item.get("associatedGateway")
    other = (inner.get("id") if isinstance(inner, dict) else None) or item.get("virtualGatewayId")
    return item.get("associationId"), item.get("directConnectGatewayId"), other


def _allows(contract: Contract, world: World, made: Handle, rule: str, exchange: Exchange, expected: list[str]) -> None:
    """Checks that the association allows exactly these prefixes, in the response and in later descriptions."""

    def cidrs(item: Json) -> Any:
        listed = item.get("allowedPrefixesToDirectConnectGateway")
        return sorted(str(prefix.get("cidr")) for prefix in listed) if isinstance(listed, list) else listed

    described, item = world.described(made, lambda seen: cidrs(seen) == expected, slowly=True)
    for answer, one in ((exchange, _of(exchange)), (described, item)):
        found = cidrs(one)
        contract.check(rule, found == expected, f"the prefixes are {found} and not {expected}", exchange, answer)


def _lives(seen: Observation) -> bool:
    return seen.item is not None and seen.state not in ENDING


def _complete(contract: Contract, exchange: Exchange) -> None:
    item = _of(exchange)
    missing = [one for one in ("directConnectGatewayId", "associationState") if not item.get(one)]
    if not item.get("associatedGateway") and not item.get("virtualGatewayId"):
        missing.append("associatedGateway or virtualGatewayId")
    contract.check(
        "associations.answer-members", not missing, f"an association is answered without {missing}", exchange
    )
