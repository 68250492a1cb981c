"""Tags: adding, replacing, removing and describing them, and invalid requests."""

from typing import Final

from hypothesis import strategies as st

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.machines.actions.registry import action
from strategies.machines.compare.normalization import tags_at
from strategies.machines.context import MachineContext
from strategies.machines.model import TAGGABLE, ArnOf, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.provisional_checks import judged
from strategies.machines.steps import Step

RULES = (
    "tags.added",
    "tags.describe-several",
    "tags.duplicate-keys",
    "tags.duplicate-keys-on-create",
    "tags.fifty-accepted",
    "tags.maximum-on-create",
    "tags.kept",
    "tags.maximum",
    "tags.refused-arn",
    "tags.removed",
    "tags.remove-keeps",
    "tags.reserved-prefix",
)
KEYS = ("team", "Team", "stage", "cost.centre", "süd")
VALUES = ("", "a", "b", "A value")
MAXIMUM = 50
_NEW = {"key": "new", "value": "1"}
_WRONG: Final = {
    "tags.duplicate-keys": [_NEW, {"key": "twice", "value": "a"}, {"key": "twice", "value": "b"}],
    "tags.maximum": [{"key": f"key-{number}", "value": ""} for number in range(MAXIMUM + 1)],
    "tags.reserved-prefix": [_NEW, {"key": "aws:mine", "value": "a"}],
}
ON_CREATE = {
    "connection": "connections.tags-on-create",
    "direct-connect-gateway": "gateways.tags-on-create",
    "interconnect": "interconnects.tags-on-create",
    "lag": "lags.tags-on-create",
    "virtual-interface": "virtual_interfaces.tags-on-create",
}


def _taggable(m: MachineContext) -> list[Thing]:
    return m.model.of(*TAGGABLE)


@action("TagResource", ready=lambda model: model.of(*TAGGABLE))
def tag(m: MachineContext) -> None:
    """Adds tags to a resource or replaces existing ones."""
    thing = m.one_of(_taggable(m))
    some = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), min_size=1, max_size=3)
    tags = m.choices.draw(some, usual={"team": "a", "Team": "b"} if not thing.tags else {"team": "c"})
    step = Step("TagResource", {"resourceArn": ArnOf(thing), "tags": m.tag_list(tags)}, thing.owner)
    if spoiled(m, step):
        return
    m.accept(step)
    thing.tags |= tags
    m.look(thing)
    described(m, "tags.added" if len(thing.tags) == len(tags) else "tags.kept", thing)


@action("TagResource", ready=lambda model: model.of(*TAGGABLE))
def tag_wrongly(m: MachineContext) -> None:
    """Checks that a duplicate key, too many tags and a reserved key are refused as a whole."""
    thing = m.one_of(_taggable(m))
    rule = m.one_of(tuple(_WRONG))
    what = "tags that must not be are added"
    m.refuse(rule, Step("TagResource", {"resourceArn": ArnOf(thing), "tags": _WRONG[rule]}, thing.owner), what)
    described(m, "requests.refusal-has-no-effect", thing)


@action("TagResource", "UntagResource", ready=lambda model: model.of(*TAGGABLE))
def tag_nothing(m: MachineContext) -> None:
    """Checks that a string that is not an ARN is refused."""
    operation = m.one_of(("TagResource", "UntagResource"))
    change: Json = {"tags": m.tag_list({"new": "1"})} if operation == "TagResource" else {"tagKeys": ["new"]}
    step = Step(operation, {"resourceArn": "nothing", **change}, flaw="no ARN")
    m.refuse("tags.refused-arn", step, "tags of something that is named by no ARN are changed")


@action("CreateConnection")
def create_wrongly_tagged(m: MachineContext) -> None:
    """Checks that a creation with invalid tags creates nothing."""
    rule = m.one_of(("tags.duplicate-keys-on-create", "tags.maximum-on-create"))
    tags = _WRONG[rule.removesuffix("-on-create")]
    params = {"location": m.facts.home, "bandwidth": "1Gbps", "connectionName": m.name(), "tags": tags}
    m.refuse(rule, Step("CreateConnection", params), "a connection is created with tags that must not be")


@action("TagResource", ready=lambda model: model.of(*TAGGABLE, where=lambda one: not one.tags))
def tag_fully(m: MachineContext) -> None:
    """Adds as many tags as allowed, then removes all."""
    thing = m.one_of(m.model.of(*TAGGABLE, where=lambda one: not one.tags))
    tags = {f"key-{number}": str(number) for number in range(MAXIMUM)}
    arn = ArnOf(thing)
    m.accept(Step("TagResource", {"resourceArn": arn, "tags": m.tag_list(tags)}, thing.owner), "tags.fifty-accepted")
    thing.tags = tags
    described(m, "tags.fifty-accepted", thing)
    m.accept(Step("UntagResource", {"resourceArn": arn, "tagKeys": list(tags)}, thing.owner))
    thing.tags = {}
    described(m, "tags.removed", thing)
    m.look(thing)


@action("UntagResource", ready=lambda model: model.of(*TAGGABLE))
def untag(m: MachineContext) -> None:
    """Removes keys, whether or not the resource has them."""
    thing = m.one_of(_taggable(m))
    keys = m.choices.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True), usual=["team"])
    step = Step("UntagResource", {"resourceArn": ArnOf(thing), "tagKeys": keys}, thing.owner)
    if spoiled(m, step):
        return
    m.accept(step)
    rule = "tags.removed" if set(thing.tags) & set(keys) else "tags.remove-keeps"
    thing.tags = {key: value for key, value in thing.tags.items() if key not in keys}
    m.look(thing)
    described(m, rule, thing)


@action("DescribeTags", ready=lambda model: model.of(*TAGGABLE))
def describe_tags(m: MachineContext) -> None:
    """Describes the tags of several resources in one request."""
    things = [m.one_of(m.model.of(*TAGGABLE, where=lambda one: one.owner == "owner") or _taggable(m))]
    things += [one for one in _taggable(m) if one.owner == things[0].owner and one not in things][:2]
    step = Step("DescribeTags", {"resourceArns": [ArnOf(one) for one in things]}, things[0].owner)
    if spoiled(m, step):
        return
    exchange = m.accept(step)
    if exchange is None:
        return
    entries = [one for one in at(exchange.body, "/resourceTags/*") if isinstance(one, dict)]
    for thing in things:
        if thing.handle is None or thing.unsure or thing.facts.get("tags in doubt"):
            continue
        arn = m.world.arn(thing.handle)
        mine = [one for one in entries if one.get("resourceArn") == arn]
        found = tags_at(mine, "/*/tags/*")
        what = f"a {thing.kind} with {len(thing.tags)} tags is described with {len(found)}, or with others"
        m.contract.check("tags.describe-several", found == thing.tags, what, exchange)


def _tags_of(m: MachineContext, thing: Thing) -> tuple[Exchange, dict[str, str]] | None:
    """The tags of a resource in a DescribeTags response, or None if the response has none."""
    exchange = m.ask("DescribeTags", {"resourceArns": [ArnOf(thing)]}, thing.owner)
    if exchange is None or not exchange.succeeded:
        return None
    return exchange, tags_at(exchange.body, "/resourceTags/*/tags/*")


@judged
def made_with_tags(m: MachineContext, thing: Thing, rule: str = "") -> None:
    """Checks that a new resource has the tags of its creation; if it does not, no tags are expected."""
    rule = rule or ON_CREATE.get(thing.kind, "")
    if not thing.tags or not rule or thing.unsure or not thing.id:
        return
    if (seen := _tags_of(m, thing)) is None:
        return
    exchange, found = seen
    what = f"a {thing.kind} that was made with {len(thing.tags)} tags has {len(found)}, or others"
    if not m.contract.check(rule, found == thing.tags, what, exchange, where="/tags"):
        thing.facts["tags in doubt"] = True


@judged
def described(m: MachineContext, rule: str, thing: Thing) -> None:
    """Checks that DescribeTags returns the tags in the model."""
    if thing.unsure or not thing.id or thing.facts.get("tags in doubt"):
        return
    if (seen := _tags_of(m, thing)) is None:
        return
    exchange, found = seen
    what = f"a {thing.kind} with {len(thing.tags)} tags has {len(found)}, or others"
    if not m.contract.check(rule, found == thing.tags, what, exchange, where="/tags"):
        m.doubt("it has other tags", thing)
