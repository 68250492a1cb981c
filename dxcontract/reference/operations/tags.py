"""Operations on tags by ARN, and the validation of tags."""

import re
from dataclasses import replace
from typing import Any, Final

from dxcontract.reference.core import access, ids
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError, client_error
from dxcontract.reference.core.records import (
    GONE,
    Connection,
    DirectConnectGateway,
    Lag,
    ResiliencyGroup,
    Tags,
    VirtualInterface,
)
from dxcontract.reference.core.registry import operation
from dxcontract.spec.model import Json

MAXIMUM: Final = 50
_ARN: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):directconnect:(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}):"
    r"(?P<type>[a-z-]+)/(?P<id>[0-9A-Za-z-]+)"
)
Taggable = Connection | Lag | VirtualInterface | DirectConnectGateway | ResiliencyGroup
_KINDS: Final[dict[str, type[Any]]] = {
    "dxcon": Connection,
    "dxlag": Lag,
    "dxvif": VirtualInterface,
    "dx-gateway": DirectConnectGateway,
    "dx-resiliency-group": ResiliencyGroup,
}
_GLOBAL: Final = frozenset({"dx-gateway", "dx-resiliency-group"})


def read(call: Call, tags: list[Json] | None, duplicate_rule: str, maximum_rule: str, *, modelled: bool = True) -> Tags:
    """The tags of a request, checked.

    `modelled` says whether the operation models the two errors of tags; CreateDirectConnectGateway does not.

    Raises:
        ServiceError: a key occurs twice or is reserved, or there are too many tags.
    """
    if not tags:
        return ()
    keys = [tag["key"] for tag in tags]
    rules = call.rules
    rules.refuse_unless(
        duplicate_rule,
        len(set(keys)) == len(keys),
        "A tag key occurs more than once.",
        "DuplicateTagKeysException" if modelled else CLIENT,
    )
    rules.refuse_unless(
        "tags.reserved-prefix",
        not any(key.lower().startswith("aws:") for key in keys),
        "Tag keys that begin with aws: are reserved.",
    )
    rules.refuse_unless(
        maximum_rule,
        len(set(keys)) <= MAXIMUM,
        f"A resource can have at most {MAXIMUM} tags.",
        "TooManyTagsException" if modelled else CLIENT,
    )
    return tuple({_kept(call, tag["key"]): _kept(call, tag.get("value", "")) for tag in tags}.items())


def _kept(call: Call, text: str) -> str:
    rules = call.rules
    if not text and not rules.holds("tags.empty-value"):
        return "-"
    if not rules.holds("tags.unicode"):
        text = text.encode("ascii", "replace").decode("ascii")
    return text if rules.holds("tags.longest-accepted") else text[:120]


def on_creation(call: Call, tags: list[Json] | None, kept_rule: str, *, modelled: bool = True) -> Tags:
    """The tags that a new resource gets; `kept_rule` says that it does.

    Raises:
        ServiceError: as for `read`.
    """
    checked = read(call, tags, "tags.duplicate-keys-on-create", "tags.maximum-on-create", modelled=modelled)
    return checked if call.rules.holds(kept_rule) else ()


def view(tags: Tags) -> list[Json]:
    """Tags as answered."""
    return [{"key": key, "value": value} for key, value in tags]


def _resource(call: Call, arn: str) -> Taggable:
    match = _ARN.fullmatch(arn)
    if match is None or match["type"] not in _KINDS:
        raise ServiceError(
            CLIENT, f"{arn[:200]} is no ARN of a resource that can be tagged.", rules=("tags.refused-arn",)
        )
    form = "tags.arn-gateway" if match["type"] == "dx-gateway" else "tags.arn-regional"
    if match["type"] == "dx-resiliency-group":
        form = "tags.on-resiliency-group"
    if not call.rules.holds(form):
        raise client_error(f"{arn[:200]} is no ARN of a resource that can be tagged.")
    record: Taggable | None = call.store.get(_KINDS[match["type"]], match["id"])
    region = "" if match["type"] in _GLOBAL else call.region
    if (
        record is None
        or match["partition"] != ids.partition(call.region)
        or match["region"] != region
        or match["account"] != record.owner
        or record.region not in ("", call.region)
        or (record.state in GONE and call.rules.holds("tags.die-with-resource"))
        or not access.admits(call, record)
    ):
        raise ServiceError(CLIENT, f"The resource {arn[:200]} does not exist.", rules=("tags.refused-arn",))
    return record


@operation("DescribeTags")
def describe_tags(call: Call, request: Json) -> Json:
    """The tags of resources, in the order in which they were asked for."""
    return {
        "resourceTags": [
            {"resourceArn": arn, "tags": view(_resource(call, arn).tags)} for arn in request["resourceArns"]
        ]
    }


@operation("TagResource")
def tag_resource(call: Call, request: Json) -> Json:
    """Add tags to a resource; a key that it has gets the new value."""
    record = _resource(call, request["resourceArn"])
    new = read(call, request["tags"], "tags.duplicate-keys", "tags.maximum")
    rules = call.rules
    if not rules.holds("tags.case-sensitive"):
        before_keys = {key for key, _ in record.tags}
        taken = {key.lower() for key in before_keys}
        new = tuple((key, value) for key, value in new if key in before_keys or key.lower() not in taken)
    before, added = dict(record.tags), dict(new)
    merged = before | added if rules.holds("tags.overwritten") else added | before
    full = len(before) >= MAXIMUM and not rules.holds("tags.overwrite-at-maximum")
    most = MAXIMUM if rules.holds("tags.fifty-accepted") else MAXIMUM - 1
    allowed = len(merged) <= most and not full
    rules.refuse_unless("tags.maximum", allowed, f"A resource can have at most {MAXIMUM} tags.", "TooManyTagsException")
    if not rules.holds("tags.kept"):
        merged = added
    call.store.put(replace(record, tags=tuple(merged.items()) if rules.holds("tags.added") else record.tags))
    return {}


@operation("UntagResource")
def untag_resource(call: Call, request: Json) -> Json:
    """Take tags from a resource; keys that it has not are ignored."""
    record = _resource(call, request["resourceArn"])
    keys = set(request["tagKeys"]) if call.rules.holds("tags.removed") else set()
    if not call.rules.holds("tags.remove-keeps"):
        keys = {key for key, _ in record.tags}
    call.store.put(replace(record, tags=tuple((key, value) for key, value in record.tags if key not in keys)))
    return {}
