"""Tags on every kind of resource: adding, replacing, removing and reading them."""

import functools

import pytest
from hypothesis import given

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire.exchange import Exchange
from strategies.polling import confirm
from strategies.resources.tags import (
    Change,
    Pairs,
    changes,
    described,
    described_when,
    listed,
    pairs,
    tag,
    tagged,
    untag,
)
from strategies.valid_requests import arrange, done, tags
from strategies.world import Arn, World


@pytest.mark.rule("tags.added")
@given(wanted=tags(8))
def test_added_tags_are_described(api: Api, contract: Contract, run_id: str, wanted: list[dict[str, str]]) -> None:
    """Cost reports, access policies and clean-up jobs find resources only by their tags."""
    with World(api, run_id) as world:
        connection = arrange(world, "connection", settle=False)
        exchange = done(world.call("TagResource", {"resourceArn": Arn(connection), "tags": wanted}))
        after, found = described_when(world, connection, lambda seen: set(pairs(wanted)) <= set(seen))
        missing = sorted(set(pairs(wanted)) - set(found))
        contract.check("tags.added", not missing, f"accepted, and yet not described: {missing}", exchange, after)


@pytest.mark.rule("tags.overwritten", "tags.kept")
@given(change=changes())
def test_a_change_of_tags_touches_only_its_keys(api: Api, contract: Contract, run_id: str, change: Change) -> None:
    """Several tools tag the same resource, and each knows only its own keys."""
    with World(api, run_id) as world:
        connection, bystander = (arrange(world, "connection", settle=False) for _ in range(2))
        tagged(world, connection, change.before)
        tagged(world, bystander, change.before)
        exchange = done(tag(world, connection, change.given))
        result = sorted((change.before | change.given).items())
        others, untouched = described_when(world, bystander, lambda seen: seen == sorted(change.before.items()))
        after, found = described_when(world, connection, lambda seen: seen == result)
        both = sorted(change.before.keys() & change.given.keys())
        replaced = [pair for pair in found if pair[0] in both]
        expected = [(key, change.given[key]) for key in both]
        contract.check(
            "tags.overwritten", replaced == expected, f"described as {replaced}, given as {expected}", exchange, after
        )
        rest = [pair for pair in found if pair[0] not in change.given]
        kept = sorted((key, value) for key, value in change.before.items() if key not in change.given)
        contract.check("tags.kept", rest == kept, f"the other tags are {rest}; they were {kept}", exchange, after)
        contract.check(
            "tags.kept",
            untouched == sorted(change.before.items()),
            f"another connection's tags are {untouched}; they were {sorted(change.before.items())}",
            exchange,
            others,
            where="/resourceTags/*/resourceArn",
        )


@pytest.mark.rule("tags.removed", "tags.remove-keeps")
@given(change=changes())
def test_removing_tags_removes_their_keys_only(api: Api, contract: Contract, run_id: str, change: Change) -> None:
    """A tag that remains still grants access or allocates costs, and a lost tag hides its resource."""
    with World(api, run_id) as world:
        connection = arrange(world, "connection", settle=False)
        tagged(world, connection, change.before)
        gone = sorted(change.before.keys() & change.given.keys())
        _, before = described(world, connection)
        exchange = done(untag(world, connection, gone))
        rest = sorted((key, value) for key, value in change.before.items() if key not in gone)
        after, found = described_when(world, connection, lambda seen: seen == rest)
        left = [key for key, _ in found if key in gone]
        message = f"removed, and yet described: {left}"
        contract.check("tags.removed", not left, message, exchange, after, basis=before)
        rest = [pair for pair in found if pair[0] not in gone]
        kept = sorted((key, value) for key, value in change.before.items() if key not in gone)
        contract.check(
            "tags.remove-keeps", rest == kept, f"the other tags are {rest}; they were {kept}", exchange, after
        )


@pytest.mark.rule("tags.describe-answer")
def test_a_description_has_the_arn_and_keys_with_values(contract: Contract, world: World) -> None:
    """With several resources in a response, only the ARN identifies the resource of the tags."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, {"one": "1", "two": "2"})
    exchange, _ = described(world, connection)
    arns = at(exchange.body, "/resourceTags/*/resourceArn")
    contract.check(
        "tags.describe-answer",
        arns == [world.arn(connection)],
        f"the ARNs of the entries are {arns}, asked was {world.arn(connection)}",
        exchange,
        where="/resourceTags/*/resourceArn",
    )
    for member in ("key", "value"):
        texts = at(exchange.body, f"/resourceTags/*/tags/*/{member}")
        contract.check(
            "tags.describe-answer",
            len(texts) == 2 and all(isinstance(text, str) for text in texts),
            f"two tags have the {member}s {texts}",
            exchange,
            where=f"/resourceTags/*/tags/*/{member}",
        )


@pytest.mark.rule("tags.describe-several")
def test_several_resources_are_described_at_once(contract: Contract, world: World) -> None:
    """Inventories request many resources in one call."""
    first, second, silent = (arrange(world, "connection", settle=False) for _ in range(3))
    for number, connection in enumerate((first, second, silent)):
        tagged(world, connection, {"number": str(number)})
    exchange = done(world.call("DescribeTags", {"resourceArns": [Arn(first), Arn(second)]}))
    found = {
        str(entry.get("resourceArn")): pairs(entry.get("tags"))
        for entry in at(exchange.body, "/resourceTags/*")
        if isinstance(entry, dict)
    }
    expected = {world.arn(first): [("number", "0")], world.arn(second): [("number", "1")]}
    contract.check("tags.describe-several", found == expected, f"{found} is described, not {expected}", exchange)


@pytest.mark.rule("tags.arn-regional")
@pytest.mark.parametrize("kind", ["connection", "lag", "virtual-interface"])
def test_a_resource_of_a_region_is_tagged_by_its_arn(contract: Contract, world: World, kind: str) -> None:
    """Responses lack these ARNs, so callers build them from the Region, the account and the id."""
    _tag_by_arn(contract, world, "tags.arn-regional", kind)


@pytest.mark.rule("tags.arn-gateway")
def test_a_gateway_is_tagged_by_an_arn_without_region(contract: Contract, world: World) -> None:
    """Gateways are global, and so are the policies for them."""
    _tag_by_arn(contract, world, "tags.arn-gateway", "direct-connect-gateway")


@pytest.mark.rule("tags.on-resiliency-group")
def test_a_resiliency_group_is_tagged_by_the_arn_that_it_shows(contract: Contract, world: World) -> None:
    """The group shows its tags and its ARN, so a request with that ARN must be able to change them."""
    group = arrange(world, "resiliency-group", settle=False)
    arns = at(group.made.body, "/resiliencyGroup/resiliencyGroupArn")
    exchange = world.call("TagResource", {"resourceArn": arns[0] if arns else Arn(group), "tags": listed({"a": "1"})})
    if contract.accepted("tags.on-resiliency-group", exchange, "tags for a resiliency group"):
        look = functools.partial(world.call, "GetResiliencyGroup", {"resiliencyGroupId": group})
        after = done(confirm(look, lambda seen: ("a", "1") in pairs(at(seen.body, "/resiliencyGroup/tags/*"))))
        found = pairs(at(after.body, "/resiliencyGroup/tags/*"))
        contract.check("tags.on-resiliency-group", ("a", "1") in found, f"it shows the tags {found}", exchange, after)


@pytest.mark.rule("tags.shown-on-resource")
@pytest.mark.parametrize("kind", ["connection", "interconnect", "lag", "virtual-interface", "direct-connect-gateway"])
def test_tags_are_shown_with_the_resource(contract: Contract, world: World, kind: str) -> None:
    """Tools read the tags from the description of the resource."""
    handle = arrange(world, kind, settle=False)
    tagged(world, handle, {"shown": "yes", "also": ""})
    _, wanted = described(world, handle)
    after, item = world.described(handle, lambda seen: pairs(seen.get("tags")) == wanted)
    found = pairs(item.get("tags"))
    contract.check(
        "tags.shown-on-resource",
        found == wanted,
        f"a {kind} shows the tags {found}; DescribeTags says {wanted}",
        after,
        where=f"/{handle.resource.describe.list if handle.resource.describe else ''}/*/tags",
    )


@pytest.mark.rule("tags.die-with-resource")
def test_tags_end_with_their_resource(contract: Contract, world: World) -> None:
    """A search by tag must not return deleted resources."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, {"mortal": "yes"})
    _, before = described(world, connection)
    gone = done(world.delete(connection))
    if world.state(connection) == "deleting":
        world.settle(connection, "deleted", None)

    def shown(answer: Exchange) -> Pairs:
        return [] if answer.refused else pairs(at(answer.body, "/resourceTags/*/tags/*"))

    look = functools.partial(world.call, "DescribeTags", {"resourceArns": [Arn(connection)]})
    after = confirm(look, lambda seen: not shown(seen))
    found = shown(after)
    message = f"the deleted connection has the tags {found}"
    contract.check("tags.die-with-resource", not found, message, gone, after, basis=before)


def _tag_by_arn(contract: Contract, world: World, rule: str, kind: str) -> None:
    handle = arrange(world, kind, settle=False)
    arn = world.arn(handle)
    exchange = tag(world, handle, {"by": "arn"})
    if contract.accepted(rule, exchange, f"tags for {arn}"):

        def tags_of(answer: Exchange) -> dict[str, Pairs]:
            entries = [one for one in at(answer.body, "/resourceTags/*") if isinstance(one, dict)]
            return {str(one.get("resourceArn")): pairs(one.get("tags")) for one in entries}

        look = functools.partial(world.call, "DescribeTags", {"resourceArns": [arn]}, role=handle.role)
        after = confirm(look, lambda seen: ("by", "arn") in tags_of(seen).get(arn, []))
        found = tags_of(after)
        contract.check(rule, ("by", "arn") in found.get(arn, []), f"{found} is described for {arn}", exchange, after)
