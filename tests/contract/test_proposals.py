"""Proposals: the owner of a virtual private gateway proposes, and the owner of the Direct Connect gateway decides."""

import functools
import re
from typing import Any

import pytest
from hypothesis import given

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import some_virtual_private_gateway
from strategies.pagination import listed_when, whole_list
from strategies.polling import confirm, poll
from strategies.valid_requests import arrange, done, prefixes
from strategies.world import AccountId, Handle, World

CREATE = "CreateDirectConnectGatewayAssociationProposal"
ACCEPT = "AcceptDirectConnectGatewayAssociationProposal"
DELETE = "DeleteDirectConnectGatewayAssociationProposal"
DESCRIBE = "DescribeDirectConnectGatewayAssociationProposals"
LIST = "directConnectGatewayAssociationProposals"
MEMBERS = (
    "proposalId",
    "directConnectGatewayId",
    "directConnectGatewayOwnerAccount",
    "proposalState",
    "associatedGateway",
)
REQUESTED = "requestedAllowedPrefixesToDirectConnectGateway"
PREFIXES = [{"cidr": "10.1.0.0/16"}, {"cidr": "10.2.0.0/16"}]
OTHER_PREFIXES = [{"cidr": "10.2.0.0/16"}, {"cidr": "10.3.0.0/16"}]


@pytest.mark.rule("proposals.answer-members", "proposals.id-form", "proposals.gateway-echo")
def test_a_proposal_says_what_is_proposed(contract: Contract, world: World) -> None:
    """The owner of the Direct Connect gateway decides by these members alone."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    described, item = world.described(made)
    expected = (gateway.id, world.account_id("owner"), virtual, world.account_id("other"), world.api.target.region)
    for exchange, one in ((made.made, _of(made.made)), (described, item)):
        _complete(contract, exchange, one)
        inner = _gateway_in(one)
        named = (one.get("directConnectGatewayId"), one.get("directConnectGatewayOwnerAccount"))
        found = (*named, inner.get("id"), inner.get("ownerAccount"), inner.get("region"))
        contract.check(
            "proposals.gateway-echo",
            found == expected and inner.get("type") in (None, "virtualPrivateGateway"),
            f"a proposal of {expected} says {found} and the type {inner.get('type')}",
            exchange,
        )
    contract.check(
        "proposals.id-form",
        bool(re.fullmatch(str(made.resource.id_pattern), made.id)),
        f"the id of a proposal is {made.id!r}, which is no UUID",
        made.made,
    )


@pytest.mark.rule("proposals.prefixes-echo")
@given(wanted=prefixes())
def test_a_proposal_requests_the_prefixes_that_were_asked_for(
    api: Api, contract: Contract, run_id: str, wanted: list[dict[str, str]]
) -> None:
    """The owner of the Direct Connect gateway agrees to these prefixes."""
    with World(api, run_id) as world:
        made = _propose(world, *_two_gateways(world), wanted)
        expected = sorted(prefix["cidr"] for prefix in wanted)
        described, item = world.described(made, lambda seen: _prefixes(seen, REQUESTED) == expected)
        for exchange, one in ((made.made, _of(made.made)), (described, item)):
            found = _prefixes(one, REQUESTED)
            message = f"asked for {expected}, the proposal requests {found}"
            contract.check("proposals.prefixes-echo", found == expected, message, made.made, exchange)


@pytest.mark.rule("proposals.no-association-yet")
def test_a_proposal_associates_nothing(contract: Contract, world: World) -> None:
    """Otherwise an account could connect its network to the gateway of any other account."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    exchange, items = _associations(world, gateway)
    contract.check("proposals.no-association-yet", not items, f"only proposed, and there: {items}", made.made, exchange)


@pytest.mark.rule("proposals.listed", "proposals.visible-to-gateway-owner")
def test_both_accounts_see_a_proposal_in_their_lists(contract: Contract, world: World) -> None:
    """The proposer waits for a decision, and the owner of the gateway must see the proposal."""
    made = _propose(world, *_two_gateways(world))

    def times(items: list[Json]) -> int:
        return [one.get("proposalId") for one in items].count(made.id)

    mine, items = listed_when(world, made.kind, lambda seen: times(seen) == 1, role="other")
    count = times(items)
    contract.check("proposals.listed", count == 1, f"an open proposal is listed {count} times", made.made, mine)
    theirs, items = listed_when(world, made.kind, lambda seen: times(seen) > 0, role="owner")
    contract.check(
        "proposals.visible-to-gateway-owner",
        times(items) > 0,
        "the owner of the Direct Connect gateway does not see a proposal that was made to it",
        made.made,
        theirs,
    )


@pytest.mark.rule("proposals.describe-filters")
def test_proposals_are_found_by_what_they_join(contract: Contract, world: World) -> None:
    """Clients accept the proposals that a filter returns, so it must return no others."""
    one, two = (arrange(world, "direct-connect-gateway") for _ in range(2))
    virtual: list[str] = []
    for _ in range(3):
        virtual.append(_virtual(world, *virtual))
    made = [_propose(world, gateway, other) for gateway, other in zip((one, one, two), virtual, strict=True)]
    filters: dict[str, tuple[Any, list[Handle]]] = {
        "proposalId": (made[0], made[:1]),
        "directConnectGatewayId": (one, made[:2]),
        "associatedGatewayId": (virtual[1], made[1:2]),
    }
    for member, (value, expected) in filters.items():
        wanted = sorted(each.id for each in expected)
        exchange, items = confirm(
            functools.partial(whole_list, world, DESCRIBE, {member: value}, LIST),
            functools.partial(_shows, wanted),
        )
        found = sorted(str(item.get("proposalId")) for item in items)
        message = f"by {member} found {found} and not {wanted}"
        contract.check("proposals.describe-filters", found == wanted, message, exchange, where=f"/{member}")


@pytest.mark.rule("proposals.accept-associates", "proposals.accept-prefixes", "proposals.accept-state")
def test_an_accepted_proposal_becomes_an_association(contract: Contract, world: World) -> None:
    """The association must have the content of the proposal."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    accepted = done(_accept(world, made, gateway))
    described, items = confirm(lambda: _associations(world, gateway), lambda seen: len(seen[1]) == 1)
    for exchange, one in ((accepted, _association(accepted)), (described, items[0] if len(items) == 1 else {})):
        inner = _gateway_in(one)
        found = (one.get("directConnectGatewayId"), inner.get("id") or one.get("virtualGatewayId"))
        contract.check(
            "proposals.accept-associates",
            found == (gateway.id, virtual),
            f"accepted a proposal of {(gateway.id, virtual)}; the association is one of {found}",
            described,
            accepted,
            where="" if exchange is accepted else "/directConnectGatewayAssociations",
        )
    _allows(contract, "proposals.accept-prefixes", accepted, PREFIXES)
    seen = poll(lambda: world.observe(made), lambda one: one.state in (None, "accepted"))
    contract.check(
        "proposals.accept-state",
        seen.item is None or seen.state == "accepted",
        f"after its acceptance the proposal is {seen.state}",
        accepted,
        seen.exchange,
    )


@pytest.mark.rule("proposals.accept-override")
def test_prefixes_of_the_acceptance_replace_those_requested(contract: Contract, world: World) -> None:
    """The owner of the Direct Connect gateway decides what is advertised to its network."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    accepted = done(_accept(world, made, gateway, overrideAllowedPrefixesToDirectConnectGateway=OTHER_PREFIXES))
    _allows(contract, "proposals.accept-override", accepted, OTHER_PREFIXES)


@pytest.mark.rule("proposals.accept-twice", "proposals.delete-accepted", "proposals.refusal-atomic")
def test_an_accepted_proposal_is_settled(contract: Contract, world: World) -> None:
    """A second acceptance would undo later changes of the association."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    first = done(_accept(world, made, gateway))
    world.settle(world.handles[-1])
    before = world.seen()
    again = _accept(world, made, gateway, overrideAllowedPrefixesToDirectConnectGateway=OTHER_PREFIXES)
    if contract.refused("proposals.accept-twice", again, "accepting a proposal again", first):
        _unchanged(contract, world, before, again)
    deleted = world.call(DELETE, {"proposalId": made}, role="other")
    contract.refused("proposals.delete-accepted", deleted, "deleting a proposal that was accepted", first)


@pytest.mark.rule("proposals.accept-owner-only", "proposals.refusal-atomic")
def test_nobody_accepts_in_place_of_the_owner(contract: Contract, world: World) -> None:
    """Otherwise the proposing account could accept its own proposal."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    before = world.seen()
    exchange = world.call(ACCEPT, _accepting(made, gateway), role="other")
    world.adopt("gateway-association", ACCEPT, exchange, {}, "owner")
    what = "an acceptance by the account that made the proposal"
    if contract.refused("proposals.accept-owner-only", exchange, what, made.made):
        _unchanged(contract, world, before, exchange)


@pytest.mark.rule("proposals.accept-named")
@pytest.mark.parametrize("member", ["directConnectGatewayId", "associatedGatewayOwnerAccount"])
def test_an_acceptance_names_what_it_accepts(contract: Contract, world: World, member: str) -> None:
    """The two members protect the caller from accepting the wrong proposal."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    another = {
        "directConnectGatewayId": arrange(world, "direct-connect-gateway"),
        "associatedGatewayOwnerAccount": AccountId("owner"),
    }
    exchange = _accept(world, made, gateway, **{member: another[member]})
    contract.refused("proposals.accept-named", exchange, f"another {member} than the proposal's", where=f"/{member}")


@pytest.mark.rule("proposals.accept-region")
def test_a_proposal_is_accepted_in_its_region(contract: Contract, world: World) -> None:
    """In another Region AWS was observed not to find the virtual private gateway; providers depend on it."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    params = world.resolved(_accepting(made, gateway))
    exchange = world.api.call(ACCEPT, params, region=world.api.target.other_region)
    world.adopt("gateway-association", ACCEPT, exchange, params, "owner")
    contract.refused("proposals.accept-region", exchange, "an acceptance in another Region", made.made)


@pytest.mark.rule(
    "proposals.delete-answer", "proposals.deleted-gone", "proposals.deleted-not-accepted", "proposals.answer-members"
)
def test_a_proposal_that_was_taken_back_is_void(contract: Contract, world: World) -> None:
    """An account that deletes its proposal relies on it having no later effect."""
    gateway, virtual = _two_gateways(world)
    made = _propose(world, gateway, virtual)
    deleted = done(world.delete(made))
    item = _of(deleted)
    _complete(contract, deleted, item)
    found = (item.get("proposalId"), item.get("proposalState"))
    contract.check(
        "proposals.delete-answer", found == (made.id, "deleted"), f"deleting {made.id} answered {found}", deleted
    )
    _gone(contract, world, made, deleted)
    accepted = _accept(world, made, gateway)
    contract.refused("proposals.deleted-not-accepted", accepted, "accepting a proposal that was deleted", deleted)


@pytest.mark.rule("proposals.delete-by-gateway-owner", "proposals.deleted-gone")
def test_the_owner_of_the_gateway_can_reject(contract: Contract, world: World) -> None:
    """The owner rejects a proposal by deleting it."""
    made = _propose(world, *_two_gateways(world))
    exchange = world.delete(made, role="owner")
    what = "a deletion by the owner of the Direct Connect gateway"
    contract.accepted("proposals.delete-by-gateway-owner", exchange, what, made.made)
    if exchange.succeeded:
        _gone(contract, world, made, exchange)


def _virtual(world: World, *but: str) -> str:
    world.api.permit(CREATE)
    return some_virtual_private_gateway(world, "other", but=but)


def _two_gateways(world: World) -> tuple[Handle, str]:
    """A Direct Connect gateway of the owner, and a virtual private gateway of the other account."""
    return arrange(world, "direct-connect-gateway"), _virtual(world)


def _propose(world: World, gateway: Handle, virtual: str, wanted: list[dict[str, str]] | None = None) -> Handle:
    params = {
        "directConnectGatewayId": gateway,
        "directConnectGatewayOwnerAccount": AccountId("owner"),
        "gatewayId": virtual,
        "addAllowedPrefixesToDirectConnectGateway": wanted or PREFIXES,
    }
    return world.make("association-proposal", params, role="other", settle=False)


def _accepting(made: Handle, gateway: Handle) -> dict[str, Any]:
    return {
        "directConnectGatewayId": gateway,
        "proposalId": made,
        "associatedGatewayOwnerAccount": AccountId("other"),
    }


def _accept(world: World, made: Handle, gateway: Handle, **changes: Any) -> Exchange:
    """Accepts a proposal as the owner; the association that this creates is deleted at the end."""
    params = {**_accepting(made, gateway), **changes}
    exchange = world.call(ACCEPT, params)
    world.adopt("gateway-association", ACCEPT, exchange, params, "owner")
    return exchange


def _associations(world: World, gateway: Handle) -> tuple[Exchange, list[Json]]:
    asked = {"directConnectGatewayId": gateway}
    return whole_list(
        world, "DescribeDirectConnectGatewayAssociations", asked, "directConnectGatewayAssociations", role="owner"
    )


def _of(exchange: Exchange) -> Json:
    """The proposal in a response."""
    found = exchange.body.get("directConnectGatewayAssociationProposal")
    return found if isinstance(found, dict) else {}


def _association(exchange: Exchange) -> Json:
    """The association in a response."""
    found = exchange.body.get("directConnectGatewayAssociation")
    return found if isinstance(found, dict) else {}


def _shows(ids: list[str], seen: tuple[Exchange, list[Json]]) -> bool:
    return sorted(str(item.get("proposalId")) for item in seen[1]) == ids


def _gateway_in(item: Json) -> Json:
    """The virtual private gateway in a proposal or an association, or an empty string if there is none."""
    inner = item.get("associatedGateway")
    return inner if isinstance(inner, dict) else {}


def _prefixes(item: Json, member: str) -> list[str]:
    return sorted(str(one) for one in at(item, f"/{member}/*/cidr"))


def _allows(contract: Contract, rule: str, accepted: Exchange, wanted: list[dict[str, str]]) -> None:
    found = _prefixes(_association(accepted), "allowedPrefixesToDirectConnectGateway")
    expected = sorted(prefix["cidr"] for prefix in wanted)
    contract.check(rule, found == expected, f"the association allows {found} and not {expected}", accepted)


def _complete(contract: Contract, exchange: Exchange, item: Json) -> None:
    missing = [one for one in MEMBERS if not item.get(one)]
    contract.check("proposals.answer-members", not missing, f"a proposal is answered without {missing}", exchange)


def _unchanged(contract: Contract, world: World, before: dict[Handle, Json | None], exchange: Exchange) -> None:
    contract.check(
        "proposals.refusal-atomic",
        world.seen_again(before) == before,
        "the request was refused, and yet the proposal or an association has changed",
        exchange,
        basis=before,
    )


def _gone(contract: Contract, world: World, made: Handle, deleted: Exchange) -> None:
    seen = poll(lambda: world.observe(made), lambda one: one.state in (None, "deleted"))
    ok, message = seen.state in (None, "deleted"), f"deleted, it is {seen.state}"
    contract.check("proposals.deleted-gone", ok, message, deleted, seen.exchange)
