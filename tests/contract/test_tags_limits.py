"""Tags: their number, length and characters, and invalid requests."""

from typing import Any, Final

import pytest
from hypothesis import given

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Operation
from dxcontract.wire.credentials import Role
from strategies.preconditions import refusal
from strategies.resources.tags import MAXIMUM, described, international, listed, numbered, tag, tagged, untag
from strategies.valid_requests import Scene, arrange, done, least, merged
from strategies.world import Arn, World, partition_of

SPEC: Final = specs.load()
CREATING: Final = [SPEC.operation(name) for name in SPEC.rule("tags.maximum-on-create").operations]
TWICE: Final = [{"key": "twice", "value": "1"}, {"key": "twice", "value": "2"}]


@pytest.mark.rule("tags.fifty-accepted", "tags.overwrite-at-maximum")
def test_fifty_tags_are_accepted_and_can_be_replaced(contract: Contract, world: World) -> None:
    """A user with the maximum number of tags can still correct a value."""
    connection = arrange(world, "connection", settle=False)
    exchange = tag(world, connection, numbered(MAXIMUM))
    if not contract.accepted("tags.fifty-accepted", exchange, f"{MAXIMUM} tags"):
        return
    after, found = described(world, connection)
    contract.check(
        "tags.fifty-accepted",
        found == sorted(numbered(MAXIMUM).items()),
        f"{len(found)} of {MAXIMUM} tags are described",
        exchange,
        after,
    )
    exchange = tag(world, connection, {"key-1": "replaced"})
    contract.accepted("tags.overwrite-at-maximum", exchange, f"a new value where there are {MAXIMUM} tags", after)


@pytest.mark.rule("tags.maximum")
@pytest.mark.parametrize("already", [MAXIMUM, 1], ids=["one-by-one", "together"])
def test_a_fifty_first_tag_is_refused(contract: Contract, world: World, already: int) -> None:
    """Automation that never reaches the limit in tests reaches it in production."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, numbered(already))
    exchange = tag(world, connection, numbered(MAXIMUM + 1 - already, first=already + 1))
    contract.refused("tags.maximum", exchange, f"{MAXIMUM + 1} tags on one resource")


@pytest.mark.rule("tags.duplicate-keys")
@pytest.mark.parametrize("second", ["1", "2"], ids=["same-value", "other-value"])
def test_a_key_that_is_given_twice_is_refused(contract: Contract, world: World, second: str) -> None:
    """The result must not depend on the order of two values."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, {"once": "1"})
    wanted = [{"key": "twice", "value": "1"}, {"key": "twice", "value": second}]
    exchange = world.call("TagResource", {"resourceArn": Arn(connection), "tags": wanted})
    contract.refused("tags.duplicate-keys", exchange, "a key that is given twice")


@pytest.mark.rule("tags.maximum-on-create")
@pytest.mark.parametrize("operation", CREATING, ids=str)
def test_nothing_is_created_with_too_many_tags(contract: Contract, world: World, operation: Operation) -> None:
    """A resource of a refused request is charged, and nobody knows of it."""
    _create(contract, world, operation, "tags.maximum-on-create", listed(numbered(MAXIMUM + 1)))


@pytest.mark.rule("tags.duplicate-keys-on-create")
@pytest.mark.parametrize("operation", CREATING, ids=str)
def test_nothing_is_created_with_a_key_given_twice(contract: Contract, world: World, operation: Operation) -> None:
    """Merged tag sets contain duplicate keys, and the error must appear before the creation."""
    _create(contract, world, operation, "tags.duplicate-keys-on-create", TWICE)


@pytest.mark.rule("tags.longest-accepted")
@pytest.mark.parametrize("letter", ["k", "é"], ids=["ascii", "accented"])
def test_the_longest_key_and_value_are_kept_in_full(contract: Contract, world: World, letter: str) -> None:
    """Lengths count characters, not bytes, and a silent truncation stays unnoticed."""
    connection = arrange(world, "connection", settle=False)
    exchange = tag(world, connection, {128 * letter: 256 * letter})
    if contract.accepted("tags.longest-accepted", exchange, "a key of 128 and a value of 256 characters"):
        after, found = described(world, connection)
        lengths = [(len(key), len(value)) for key, value in found]
        kept = found == [(128 * letter, 256 * letter)]
        contract.check("tags.longest-accepted", kept, f"described with lengths {lengths}", exchange, after)


@pytest.mark.rule("tags.empty-value")
@pytest.mark.parametrize("wanted", [{"key": "bare", "value": ""}, {"key": "bare"}], ids=["empty", "absent"])
def test_a_tag_may_have_no_value(contract: Contract, world: World, wanted: dict[str, str]) -> None:
    """Many tags have only a key."""
    connection = arrange(world, "connection", settle=False)
    exchange = world.call("TagResource", {"resourceArn": Arn(connection), "tags": [wanted]})
    if contract.accepted("tags.empty-value", exchange, "a tag without a value"):
        after, found = described(world, connection)
        contract.check("tags.empty-value", found == [("bare", "")], f"described as {found}", exchange, after)


@pytest.mark.rule("tags.case-sensitive")
def test_keys_differ_by_case(contract: Contract, world: World) -> None:
    """Tools use both `name` and `Name`, and neither may overwrite the other."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, {"Name": "upper"})
    exchange = tag(world, connection, {"name": "lower"})
    if contract.accepted("tags.case-sensitive", exchange, "a key that differs from another by its case"):
        after, found = described(world, connection)
        both = found == [("Name", "upper"), ("name", "lower")]
        contract.check("tags.case-sensitive", both, f"described as {found}", exchange, after)


@pytest.mark.rule("tags.reserved-prefix")
def test_the_prefix_of_aws_is_reserved(contract: Contract, world: World) -> None:
    """A user must not be able to imitate a tag of AWS."""
    connection = arrange(world, "connection", settle=False)
    exchange = tag(world, connection, {"aws:dxcontract": "yes"})
    contract.refused("tags.reserved-prefix", exchange, "a key that begins with aws:")


@pytest.mark.rule("tags.unicode")
@given(wanted=international())
def test_every_script_is_kept(api: Api, contract: Contract, run_id: str, wanted: dict[str, str]) -> None:
    """Users write tags in their own languages."""
    with World(api, run_id) as world:
        connection = arrange(world, "connection", settle=False)
        exchange = tag(world, connection, wanted)
        if contract.accepted("tags.unicode", exchange, "letters and digits beyond ASCII"):
            after, found = described(world, connection)
            kept = found == sorted(wanted.items())
            contract.check("tags.unicode", kept, f"described as {found}, given as {wanted}", exchange, after)


@pytest.mark.rule("tags.refused-arn")
@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
@pytest.mark.parametrize("arn", ["dxcon-ffffff00", "arn:aws:directconnect"], ids=["id", "beginning"])
def test_what_is_no_arn_is_refused(contract: Contract, world: World, operation: str, arn: str) -> None:
    """Users confuse ids and ARNs, and a lost tag is worse than an error."""
    exchange = world.call(operation, {"resourceArn": arn, **_argument(operation)})
    contract.refused("tags.refused-arn", exchange, f"the ARN {arn!r}")


@pytest.mark.rule("tags.refused-arn")
@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
def test_the_arn_of_nothing_is_refused(contract: Contract, world: World, operation: str) -> None:
    """A tag for a resource that does not exist would be lost."""
    region = world.api.target.region
    arn = f"arn:{partition_of(region)}:directconnect:{region}:{world.account_id('owner')}:dxcon/dxcon-ffffff00"
    exchange = world.call(operation, {"resourceArn": arn, **_argument(operation)})
    contract.refused("tags.refused-arn", exchange, "the ARN of a connection that does not exist")


@pytest.mark.rule("tags.refusal-atomic")
@pytest.mark.parametrize(
    "wanted",
    [
        [{"key": "new", "value": "1"}, *TWICE],
        listed(numbered(MAXIMUM)),
        listed({"new": "1", "old": "2", "aws:dxcontract": "yes"}),
        listed({"new": "1", "old": "2", "wrong!": "yes"}),
    ],
    ids=["duplicate", "too-many", "reserved", "wrong-character"],
)
def test_refused_tags_are_not_added_in_part(contract: Contract, world: World, wanted: list[Json]) -> None:
    """After an error the caller assumes that nothing has changed."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, {"old": "1"})
    exchange = refusal(world.call("TagResource", {"resourceArn": Arn(connection), "tags": wanted}))
    after, found = described(world, connection)
    unchanged = found == [("old", "1")]
    contract.check("tags.refusal-atomic", unchanged, f"refused, and yet it has now {found}", after, exchange)


@pytest.mark.rule("tags.refusal-atomic")
def test_refused_keys_are_not_removed_in_part(contract: Contract, world: World) -> None:
    """After an error the caller assumes that nothing has changed."""
    connection = arrange(world, "connection", settle=False)
    tagged(world, connection, {"old": "1"})
    exchange = refusal(untag(world, connection, ["old", "wrong!"]))
    after, found = described(world, connection)
    unchanged = found == [("old", "1")]
    contract.check("tags.refusal-atomic", unchanged, f"refused, and yet it has now {found}", after, exchange)


def _argument(operation: str) -> Json:
    return {"tags": listed({"key": "value"})} if operation == "TagResource" else {"tagKeys": ["key"]}


def _create(contract: Contract, world: World, operation: Operation, rule: str, tags: list[Json]) -> None:
    """Checks that a creation with these tags is refused and creates no resource with the requested name."""
    scene = Scene(world, operation)
    params = least(scene)
    scene.before()
    kind = next(one for one in operation.traits.gives if one != "bgp-peer")
    pointer = next(one for one in SPEC.values[operation.name] if one.endswith("/tags"))
    exchange = world.call(operation.name, merged(params, _nested(pointer, tags)), role=scene.caller)
    world.adopt(kind, operation.name, exchange, params, scene.caller)
    if contract.refused(rule, exchange, f"a {kind} with such tags"):
        describe = SPEC.resources[kind].describe
        name_member = SPEC.resources[kind].name
        assert describe is not None
        assert name_member is not None
        listing = done(world.call(describe.operation, role=_owner(operation, scene.caller)))
        names = at(listing.body, f"/{describe.list}/*/{name_member}")
        made = _name(params) in names
        contract.check(rule, not made, f"refused, and yet there is a {kind} of that name", listing, exchange, where="/")


def _nested(pointer: str, value: Any) -> Json:
    first, *more = reversed(pointer.split("/")[1:])
    nested: Json = {first: value}
    for step in more:
        nested = {step: nested}
    return nested


def _name(params: Json) -> str:
    for member, value in params.items():
        if isinstance(value, dict) and (found := _name(value)):
            return found
        if member.endswith("Name") and isinstance(value, str):
            return value
    return ""


def _owner(operation: Operation, caller: Role) -> Role:
    if not operation.name.startswith("Allocate"):
        return caller
    return "owner" if operation.traits.partner_only else "other"
