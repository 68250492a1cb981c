"""Resiliency groups: creation, reading, renaming and deletion."""

import re
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.pagination import whole_list
from strategies.polling import confirm, poll
from strategies.resources.resiliency_groups import available_group, got, group_in
from strategies.resources.tags import pairs
from strategies.valid_requests import arrange, done, tags
from strategies.world import Handle, World

MODELS: Final = ["maximum-resiliency", "high-resiliency", "basic-resiliency"]
MEMBERS: Final = (
    "resiliencyGroupId",
    "resiliencyGroupArn",
    "resiliencyGroupName",
    "resiliencyGroupType",
    "ownerAccount",
    "state",
)
ENDING: Final = ("deleting", "deleted")


@pytest.mark.rule("resiliency_groups.answer-members")
def test_every_answer_has_the_whole_group(contract: Contract, world: World) -> None:
    """No other operation returns the ARN or the state of a group."""
    group = available_group(world)
    params = {"resiliencyGroupId": group}
    renaming = {**params, "resiliencyGroupName": world.name()}
    answers = [group.made, world.call("GetResiliencyGroup", params), world.call("UpdateResiliencyGroup", renaming)]
    listing, listed = _listed(world, group)
    answers.append(world.delete(group))
    for exchange in answers:
        _has_members(contract, done(exchange), "/resiliencyGroup", group_in(exchange))
    if listed is not None:
        _has_members(contract, listing, "/items/*", listed)


@pytest.mark.rule("resiliency_groups.id-and-arn")
def test_id_and_arn_have_the_modelled_form(contract: Contract, world: World) -> None:
    """Policies identify a group by its ARN."""
    made = _group(world).made
    found = group_in(made)
    identifier, arn = str(found.get("resiliencyGroupId")), str(found.get("resiliencyGroupArn"))
    contract.check(
        "resiliency_groups.id-and-arn",
        re.fullmatch("(dxrg|DXRG)-[0-9a-zA-Z]{17}", identifier) is not None,
        f"the id is {identifier}",
        made,
        where="/resiliencyGroup/resiliencyGroupId",
    )
    rest = f"{world.account_id('owner')}:dx-resiliency-group/{identifier.lower()}"
    contract.check(
        "resiliency_groups.id-and-arn",
        re.fullmatch(f"arn:(aws|aws-cn|aws-us-gov):directconnect::{re.escape(rest)}", arn) is not None,
        f"the ARN is {arn}; it ends with directconnect::{rest}",
        made,
        where="/resiliencyGroup/resiliencyGroupArn",
    )


@pytest.mark.rule("resiliency_groups.echo", "resiliency_groups.get")
@given(ending=st.text("abcXYZ019_-", max_size=200), model=st.sampled_from(MODELS))
def test_a_group_is_what_was_asked_for(api: Api, contract: Contract, run_id: str, ending: str, model: str) -> None:
    """Infrastructure code compares the group with its configuration and changes what differs."""
    with World(api, run_id) as world:
        wanted = {"resiliencyGroupName": f"{world.name()}-{ending}", "ownerAccount": world.account_id("owner")}
        params = {"resiliencyGroupName": wanted["resiliencyGroupName"], "intendedResiliencyModel": model}
        group = world.make("resiliency-group", params, settle=False)
        created = group_in(group.made)
        for member, value in wanted.items():
            contract.check(
                "resiliency_groups.echo",
                created.get(member) == value,
                f"{member} is {created.get(member)}, not {value}",
                group.made,
                where=f"/resiliencyGroup/{member}",
            )
        exchange = got(world, group)
        differing = _differing(created, group_in(exchange), but=("state",))
        message = f"what is got differs from what was created in {differing}"
        contract.check("resiliency_groups.get", not differing, message, group.made, exchange, basis=created)


@pytest.mark.rule("resiliency_groups.tags-on-create")
@given(wanted=tags())
def test_a_group_is_created_with_its_tags(
    api: Api, contract: Contract, run_id: str, wanted: list[dict[str, str]]
) -> None:
    """Policies that require tags apply from the creation on."""
    with World(api, run_id) as world:
        group = arrange(world, "resiliency-group", members={"tags": wanted}, settle=False)
        exchange = got(world, group)
        for answer in (group.made, exchange):
            found = pairs(group_in(answer).get("tags"))
            message = f"it was created with {pairs(wanted)} and has {found}"
            contract.check("resiliency_groups.tags-on-create", found == pairs(wanted), message, group.made, answer)


@pytest.mark.rule("resiliency_groups.create-idempotent")
def test_a_repeated_creation_makes_no_second_group(contract: Contract, world: World) -> None:
    """A client without a response retries and must not get a second group."""
    token = {"clientToken": world.name()}
    first = arrange(world, "resiliency-group", members=token, settle=False)
    exchange = world.call("CreateResiliencyGroup", first.params)
    world.adopt("resiliency-group", "CreateResiliencyGroup", exchange, first.params, "owner")
    if contract.accepted("resiliency_groups.create-idempotent", exchange, "a creation that is repeated", first.made):
        identifier = group_in(exchange).get("resiliencyGroupId")
        message = f"the repeated creation answers {identifier}, not {first.id}"
        contract.check("resiliency_groups.create-idempotent", identifier == first.id, message, first.made, exchange)
    listing, items = whole_list(world, "ListResiliencyGroups", {}, "items")
    named = [item for item in items if item.get("resiliencyGroupName") == first.params["resiliencyGroupName"]]
    message = f"{len(named)} groups of that name are listed"
    three = first.made, exchange, listing
    contract.check("resiliency_groups.create-idempotent", len(named) <= 1, message, *three, basis=named)


@pytest.mark.rule("resiliency_groups.token-conflict")
def test_a_client_token_stands_for_one_request(contract: Contract, world: World) -> None:
    """Returning the first group would hide the error of the client."""
    token = world.name()
    first = arrange(world, "resiliency-group", members={"clientToken": token}, settle=False)
    params = {**first.params, "resiliencyGroupName": world.name()}
    exchange = world.call("CreateResiliencyGroup", params)
    world.adopt("resiliency-group", "CreateResiliencyGroup", exchange, params, "owner")
    contract.refused("resiliency_groups.token-conflict", exchange, "a used token with another name", first.made)


@pytest.mark.rule("resiliency_groups.without-token")
def test_without_token_a_creation_is_not_repeated(contract: Contract, world: World) -> None:
    """A client without a token expects a new group or an error, not a group that is already in use."""
    first = _group(world)
    exchange = world.call("CreateResiliencyGroup", first.params)
    world.adopt("resiliency-group", "CreateResiliencyGroup", exchange, first.params, "owner")
    identifier = group_in(exchange).get("resiliencyGroupId") if exchange.succeeded else "none"
    message = "a second creation without a token answers the first group"
    contract.check(
        "resiliency_groups.without-token", identifier != first.id, message, first.made, exchange, basis=identifier
    )


@pytest.mark.rule("resiliency_groups.listed", "resiliency_groups.list-consistent")
def test_a_group_is_listed_as_it_is_got(contract: Contract, world: World) -> None:
    """Inventories use the list."""
    group = _group(world)
    shown = got(world, group)
    listing, item = confirm(lambda: _listed(world, group), lambda seen: seen[1] is not None)
    contract.check("resiliency_groups.listed", item is not None, "it is not listed", group.made, listing)
    if item is not None:
        differing = _differing(group_in(shown), item, but=("state", "tags"))
        message = f"what is listed differs from what is got in {differing}"
        contract.check(
            "resiliency_groups.list-consistent", not differing, message, shown, listing, basis=group_in(shown)
        )


@pytest.mark.rule("resiliency_groups.listed-in-region")
def test_a_group_is_listed_in_its_region_only(contract: Contract, world: World) -> None:
    """An inventory over all Regions would count the group several times."""
    group = _group(world)
    region = world.api.target.other_region
    exchange, items = whole_list(world, "ListResiliencyGroups", {}, "items", region=region)
    there = [item for item in items if item.get("resiliencyGroupId") == group.id]
    message = f"a group of {world.api.target.region} is listed in {region}"
    here = _listed(world, group)[1]
    contract.check("resiliency_groups.listed-in-region", not there, message, group.made, exchange, basis=here)


@pytest.mark.rule("resiliency_groups.update-name", "resiliency_groups.update-preserves")
def test_renaming_changes_the_name_alone(contract: Contract, world: World) -> None:
    """Other systems refer to the remaining members."""
    group = available_group(world, {"tags": [{"key": "stays", "value": "yes"}]})
    name = world.name()
    exchange = done(world.call("UpdateResiliencyGroup", {"resiliencyGroupId": group, "resiliencyGroupName": name}))
    after = confirm(lambda: got(world, group), lambda seen: group_in(seen).get("resiliencyGroupName") == name)
    for answer in (exchange, after):
        found = group_in(answer).get("resiliencyGroupName")
        message = f"it was renamed to {name} and is called {found}"
        contract.check("resiliency_groups.update-name", found == name, message, exchange, answer)
        differing = _differing(group_in(group.made), group_in(answer), but=("state", "resiliencyGroupName"))
        message = f"renaming has changed {differing}"
        three, basis = (group.made, exchange, answer), group_in(group.made)
        contract.check("resiliency_groups.update-preserves", not differing, message, *three, basis=basis)


@pytest.mark.rule("resiliency_groups.delete-answer", "resiliency_groups.deleted-gone")
def test_a_deleted_group_ends(contract: Contract, world: World) -> None:
    """A deleted group must not appear to be in use."""
    group = available_group(world)
    exchange = done(world.delete(group))
    found = group_in(exchange)
    ends = found.get("resiliencyGroupId") == group.id and found.get("state") in ENDING
    message = f"answered group {found.get('resiliencyGroupId')} in state {found.get('state')}"
    contract.check("resiliency_groups.delete-answer", ends, message, exchange)

    def state() -> tuple[Exchange, Any]:
        answer = world.call("GetResiliencyGroup", {"resiliencyGroupId": group})
        return answer, None if answer.refused else group_in(answer).get("state")

    after, seen = poll(state, lambda one: one[0].refused or one[1] in ENDING)
    gone = after.refused or seen in ENDING
    contract.check("resiliency_groups.deleted-gone", gone, f"after its deletion it is {seen}", exchange, after)
    listing, item = poll(lambda: _listed(world, group), lambda one: _ended(one[1]))
    message = f"after its deletion it is listed as {item.get('state') if item is not None else None}"
    contract.check("resiliency_groups.deleted-gone", _ended(item), message, exchange, listing)


def _ended(item: Json | None) -> bool:
    return item is None or item.get("state") in ENDING


def _group(world: World) -> Handle:
    return arrange(world, "resiliency-group", settle=False)


def _listed(world: World, group: Handle) -> tuple[Exchange, Json | None]:
    exchange, items = whole_list(world, "ListResiliencyGroups", {}, "items")
    return exchange, next((item for item in items if item.get("resiliencyGroupId") == group.id), None)


def _differing(one: Json, other: Json, but: tuple[str, ...]) -> list[str]:
    """The members in which two descriptions differ; the order of tags is ignored."""
    members = sorted((one.keys() | other.keys()) - set(but))
    return [member for member in members if _comparable(one, member) != _comparable(other, member)]


def _comparable(group: Json, member: str) -> object:
    return pairs(group.get(member)) if member == "tags" else group.get(member)


def _has_members(contract: Contract, exchange: Exchange, pointer: str, found: Json) -> None:
    for member in MEMBERS:
        contract.check(
            "resiliency_groups.answer-members",
            bool(found.get(member)),
            f"the group has no {member}",
            exchange,
            where=f"{pointer}/{member}",
        )
