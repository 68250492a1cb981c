"""Compares the description of a resource with the model, each member under the rule that last set it."""

from typing import Any, Final

from dxcontract.oracle import expectations
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.machines.compare.normalization import ENDING, WAITING, first_difference, normal, state_of, tags_at
from strategies.machines.context import MachineContext
from strategies.machines.model import TAGGABLE, Expected, Thing
from strategies.machines.provisional_checks import judged

RULES = (
    "connections.tags-on-create",
    "gateways.deleted-hidden",
    "gateways.tags-on-create",
    "interconnects.tags-on-create",
    "lags.child-tags-on-create",
    "lags.tags-on-create",
    "virtual_interfaces.tags-on-create",
    "lags.count-invariant",
    "lags.members-created",
    "lags.members-uniform",
    "lags.one-device",
    "lifecycles.ids-unique",
    "machines.others-unaffected",
    "machines.stays",
    "proposals.accept-state",
    "requests.refusal-has-no-effect",
    "requests.valid-accepted",
    "tags.shown-on-resource",
    "virtual_interfaces.bgp-peers-listed",
    "virtual_interfaces.peer-mirrored",
)
_MIRRORED: Final = ("asn", "addressFamily", "amazonAddress", "customerAddress")
_NEVER_DELETED: Final = {"direct-connect-gateway": "gateways.deleted-hidden"}
"""Kinds that are never described as deleted, but no longer described."""
_ABSENT: Final[tuple[Any, ...]] = (None, "", [])


def compare(m: MachineContext, thing: Thing, exchange: Exchange, item: Json | None) -> None:
    """Checks one description, and stores it as the snapshot of the resource if it is correct."""
    if not _alive(m, thing, exchange, item) or item is None or not thing.there:
        return
    for name, expected in list(thing.expected.items()):
        member(m, thing, name, expected, exchange, item)
    if thing.kind == "lag":
        _lag(m, thing, exchange, item)
    if thing.kind == "virtual-interface" and thing.life != "waiting":
        _peers(m, thing, exchange, item)
    if thing.kind in TAGGABLE and isinstance(item.get("tags"), list) and not thing.facts.get("tags in doubt"):
        _tags(m, thing, exchange, item)
    if not thing.unsure:
        m.snapshots[thing] = normal(item)


def _alive(m: MachineContext, thing: Thing, exchange: Exchange, item: Json | None) -> bool:
    """Whether a resource exists, waits or is gone as in the model; otherwise it is unsure from now on."""
    state = "" if item is None else state_of(item, m.spec.resources[thing.kind].state)
    ending = item is None or state in ENDING
    if thing.facts.get("accepted"):
        # Whether it is described still is up to the target.
        what = f"an accepted proposal is {state}"
        right = item is None or state == "accepted" or (thing.facts.get("withdrawn") and state == "deleted")
        m.contract.check("proposals.accept-state", bool(right), what, exchange)
        return False
    told = "is not described" if item is None else f"is {state}"
    if thing.life == "gone":
        rule, ok, what = thing.life_rule, ending, f"a {thing.kind} that was deleted {told}"
        if state == "deleted" and thing.kind in _NEVER_DELETED:
            rule, ok = _NEVER_DELETED[thing.kind], False
    elif thing.life == "waiting":
        rule, ok = thing.life_rule, state in WAITING or state == "unknown"
        what = f"a {thing.kind} that waits for its owner {told}"
    else:
        waits = state in WAITING
        rule = thing.life_rule if waits else "machines.stays"
        ok, what = not ending and not waits, f"a {thing.kind} that nobody deleted {told}"
    # Its own rules are about all kinds; those of a kind are what directed tests look at, too.
    where = thing.kind if rule.startswith("machines.") else ""
    if not m.contract.check(rule, ok, what, exchange, where=where):
        m.doubt(f"it {told}", thing)
    return ok


def member(m: MachineContext, thing: Thing, name: str, expected: Expected, exchange: Exchange, item: Json) -> None:
    """Checks one member of a description; a wrong member is no longer expected."""
    found, wanted = item.get(name), expected.value
    if isinstance(wanted, Thing):
        if wanted.unsure:
            return
        wanted = wanted.id
    if expected.how == "prefixes":
        same = set(at(found, "/*/cidr")) == set(wanted)
    elif expected.how == "no":
        same = found in (None, False)
    elif expected.how == "caseless":
        same = str(found).lower() == str(wanted).lower()
    else:
        same = found == wanted or (wanted is None and found in _ABSENT)
    what = f"{name} is {found!r}, not {wanted!r}"
    claim = expectations.equal(f"/{name}", wanted, expected.how)
    if not m.contract.check(expected.rule, same, what, exchange, where=f"/{name}", claim=claim):
        thing.forget(name)


def _lag(m: MachineContext, lag: Thing, exchange: Exchange, item: Json) -> None:
    listed = [one for one in at(item, "/connections/*") if isinstance(one, dict)]
    count = item.get("numberOfConnections")
    what = f"numberOfConnections is {count}, and {len(listed)} are listed"
    m.contract.check("lags.count-invariant", count == len(listed), what, exchange, where="/numberOfConnections")
    living = {one.get("connectionId") for one in listed if state_of(one, "connectionState") not in ENDING}
    shown = [str(one["awsDeviceV2"]) for one in (item, *listed) if one.get("awsDeviceV2")]
    devices = set(shown)
    what = f"the LAG and its connections are on {len(devices)} devices"
    alike = len(devices) <= 1
    m.contract.check("lags.one-device", alike, what, exchange, where="/awsDeviceV2", basis=shown[1:])
    members = m.model.members(lag)
    if any(one.unsure for one in members):
        return
    rule = lag.facts.get("members_rule", "lags.members-created")
    what = f"the LAG lists {len(living)} living connections, {len(members)} of which should be in it"
    right = living == {one.id for one in members}
    if not m.contract.check(rule, right, what, exchange, where="/connections"):
        m.doubt("it has other members", lag)
        return
    for one in listed:
        named = one.get("lagId") == lag.id
        m.contract.check(
            "lags.members-uniform", named, "a member names another LAG", exchange, where="/connections/*/lagId"
        )


def _peers(m: MachineContext, interface: Thing, exchange: Exchange, item: Json) -> None:
    listed = [one for one in at(item, "/bgpPeers/*") if isinstance(one, dict)]
    if not listed:
        return
    staying = [one for one in listed if state_of(one, "bgpPeerState") not in ENDING]
    mine = {name: item[name] for name in _MIRRORED if item.get(name) not in _ABSENT}
    same = any(all(one.get(name) == value for name, value in mine.items()) for one in listed)
    what = "the ASN and addresses of the virtual interface are those of none of its peers"
    m.contract.check("virtual_interfaces.peer-mirrored", same, what, exchange, where="/bgpPeers")
    interface.facts["peers"] = {str(one.get("addressFamily")): one for one in staying}
    found = sorted(str(one.get("addressFamily")) for one in staying)
    wanted = sorted(interface.facts["families"])
    rule = interface.facts.get("peers_rule", "virtual_interfaces.bgp-peers-listed")
    what = f"the virtual interface has BGP peers of {found}, not of {wanted}"
    if not m.contract.check(rule, found == wanted, what, exchange, where="/bgpPeers"):
        m.doubt("it has other peers", interface)


def _tags(m: MachineContext, thing: Thing, exchange: Exchange, item: Json) -> None:
    found = tags_at(item, "/tags/*")
    rule = thing.facts.get("tags_rule", "tags.shown-on-resource")
    what = f"a {thing.kind} with {len(thing.tags)} tags is described with {len(found)}, or with others"
    if not m.contract.check(rule, found == thing.tags, what, exchange, where="/tags"):
        m.doubt("it has other tags", thing)


@judged
def unchanged(m: MachineContext, thing: Thing, rule: str, operation: str | None = None) -> None:
    """Checks under this rule that a description is unchanged, then compares it with the model."""
    before = m.snapshots.get(thing)
    sight = m.observe(thing)
    if sight is None:
        return
    exchange, item = sight
    if before is not None and thing.there:
        after = None if item is None else normal(item)
        where = first_difference(before, after)
        what = f"a {thing.kind} is described differently, at {where}"
        if not m.contract.check(rule, not where, what, exchange, where=where, operation=operation):
            m.doubt("it changed", thing)
            return
    compare(m, thing, exchange, item)


def same(first: Any, second: Any) -> str:
    """The place where two descriptions of a resource differ, without volatile members; empty if they are equal."""
    return first_difference(normal(first), normal(second))
