"""Checks at the end of an example: all resources, lists against single reads, and effects of refused requests."""

from collections.abc import Iterable
from typing import Final

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Describe, Json
from dxcontract.wire.credentials import ROLES, Role
from dxcontract.wire.exchange import Exchange
from strategies.machines.compare import descriptions
from strategies.machines.compare.normalization import ENDING, state_of
from strategies.machines.context import MachineContext
from strategies.machines.model import TAGGABLE, ArnOf, Thing
from strategies.machines.provisional_checks import judged

# The rule that a list has all, and the one that it says the same as a single read.
_LISTED: Final = {
    "connection": ("connections.listed", "connections.describe-one"),
    "hosted-connection": ("hosted_connections.listed-for-owner", "connections.describe-one"),
    "interconnect": ("interconnects.listed", "interconnects.describe-one"),
    "lag": ("lags.listed", "lags.describe-one"),
    "virtual-interface": ("virtual_interfaces.listed", "virtual_interfaces.describe-by-id"),
    "direct-connect-gateway": ("gateways.listed", "gateways.describe-one"),
    "association-proposal": ("proposals.listed", "proposals.describe-filters"),
    "resiliency-group": ("resiliency_groups.listed", "resiliency_groups.list-consistent"),
}
_INSIDE: Final = {
    "DescribeVirtualInterfaces": ("virtual-interface", "virtual_interfaces.describe-by-connection"),
    "DescribeHostedConnections": ("hosted-connection", "hosted_connections.listed-for-partner"),
    "DescribeDirectConnectGatewayAttachments": ("virtual-interface", "attachments.describe-by-gateway"),
    "DescribeDirectConnectGatewayAssociations": ("gateway-association", "associations.describe-by-gateway"),
    "ListResiliencyGroupAssociations": ("connection", "resiliency_groups.associate-listed"),
}
RULES = (
    "access.attachment-hidden",
    "associations.describe-by-both",
    "associations.describe-by-id",
    "attachments.describe-by-both",
    "attachments.describe-by-interface",
    "attachments.other-region",
    "gateways.global",
    "gateways.virtual-gateway-listed",
    "hosted_connections.deprecated-describe",
    "resiliency_groups.listed-in-region",
    "tags.die-with-resource",
    "hosted_connections.partner-name",
    "hosted_connections.tags-owner-only",
    "resiliency_groups.get",
    *(rule for pair in _LISTED.values() for rule in pair),
    *(rule for _, rule in _INSIDE.values()),
    "machines.nothing-left",
)
_PAGES: Final = 60


def compare_all(m: MachineContext) -> None:
    """Compares all resources, including those that no step used."""
    for thing in list(m.model.things):
        if thing in m.snapshots and thing.there:
            descriptions.unchanged(m, thing, "machines.others-unaffected")
        else:
            m.look(thing)
    asked = dict.fromkeys((thing.kind, thing.owner) for thing in m.model.things if thing.id)
    for kind, role in asked:
        if kind in _LISTED:
            _list(m, kind, role)
    for thing in m.model.of("connection", "hosted-connection", "interconnect", "lag"):
        inside(m, thing)
    for thing in m.model.of("direct-connect-gateway", "resiliency-group"):
        inside(m, thing)
    _compare_reads(m)


@judged
def _list(m: MachineContext, kind: str, role: Role) -> None:
    resource = m.spec.resources[kind]
    describe = resource.describe
    assert describe is not None
    mine = [one for one in m.model.of(kind) + m.model.of(kind, life="waiting") if one.owner == role and not one.unsure]
    exchange, items = _everything(m, describe, role)
    if exchange is None:
        return
    listed, alike = _LISTED[kind]
    by_id = {str(item.get(resource.id)): item for item in items}
    for thing in mine:
        item = by_id.get(thing.id)
        there = item is not None
        if not m.contract.check(listed, there, f"a {kind} is not in the list of all", exchange):
            m.doubt("it is not listed", thing)
        elif item is not None and thing in m.snapshots:
            shown = m.snapshots[thing]
            if kind == "resiliency-group":  # it is listed with a part of its members
                shown, item = ({name: one.get(name) for name in shown.keys() & item.keys()} for one in (shown, item))
            where = descriptions.same(shown, item)
            what = f"the list of all describes a {kind} otherwise than a single read, at {where}"
            m.contract.check(alike, not where, what, exchange, where=where)
    if resource.name is not None:
        strangers = [
            item
            for item in items
            if item.get(resource.name) in m.names
            and item.get(resource.id) not in m.ids
            and state_of(item, resource.state) not in ENDING
        ]
        if not m.unknown and not any(one.unsure for one in m.model.things):
            what = f"{len(strangers)} resources are listed under names of this example that nothing has made"
            m.contract.check("machines.nothing-left", not strangers, what, exchange, where=kind)


def _everything(m: MachineContext, describe: Describe, role: Role) -> tuple[Exchange | None, list[Json]]:
    params: Json = {}
    items: list[Json] = []
    for _ in range(_PAGES):
        exchange = m.ask(describe.operation, params, role)
        if exchange is None or not exchange.succeeded:
            return None, []
        items += [one for one in at(exchange.body, f"/{describe.list}/*") if isinstance(one, dict)]
        token = exchange.body.get("nextToken")
        if not isinstance(token, str) or not token:
            return exchange, items
        params = {"nextToken": token}
    return None, []


@judged
def inside(m: MachineContext, thing: Thing) -> None:
    """Checks that a port, a gateway or a group lists the resources that the model has on it."""
    if thing.unsure or not thing.id or not thing.there:
        return
    if thing.kind == "direct-connect-gateway":
        attached = m.model.on(thing, "gateway", "virtual-interface")
        _check(m, thing, "DescribeDirectConnectGatewayAttachments", "virtualInterfaceId", attached, "attachmentState")
        associated = m.model.on(thing, "gateway", "gateway-association")
        _check(m, thing, "DescribeDirectConnectGatewayAssociations", "associationId", associated, "associationState")
    elif thing.kind == "resiliency-group":
        _check(m, thing, "ListResiliencyGroupAssociations", "connectionArn", thing.facts["connections"], "state")
    elif thing.life == "live":
        interfaces = m.model.on(thing, "port", "virtual-interface")
        if thing.kind != "interconnect":
            _check(m, thing, "DescribeVirtualInterfaces", "virtualInterfaceId", interfaces, "virtualInterfaceState")
        hosted = m.model.on(thing, "port", "hosted-connection")
        if thing.kind == "interconnect" or thing.facts.get("hosts"):
            _check(m, thing, "DescribeHostedConnections", "connectionId", hosted, "connectionState")


def _check(m: MachineContext, thing: Thing, operation: str, member: str, wanted: list[Thing], state: str) -> None:
    if any(one.unsure for one in wanted):
        return
    kind, rule = _INSIDE[operation]
    params = {m.spec.resources[thing.kind].id: thing}
    if operation in ("DescribeVirtualInterfaces", "DescribeHostedConnections"):
        params = {"connectionId": thing}
    exchange = m.ask(operation, params, thing.owner)
    if exchange is None or not exchange.succeeded:
        return
    m.explorer.touched(thing, operation)
    describe = m.spec.resources[kind].describe
    lists = {
        "DescribeDirectConnectGatewayAttachments": "directConnectGatewayAttachments",
        "ListResiliencyGroupAssociations": "items",
    }
    assert describe is not None
    items = [one for one in at(exchange.body, f"/{lists.get(operation, describe.list)}/*") if isinstance(one, dict)]
    if operation == "DescribeHostedConnections":
        shown = any(one.get("tags") for one in items)
        what = "a partner is shown the tags of a hosted connection"
        m.contract.check("hosted_connections.tags-owner-only", not shown, what, exchange, where="/tags")
        nameless = [one for one in items if not one.get("partnerName")]
        what = f"{len(nameless)} hosted connections do not name the partner that provides them"
        m.contract.check("hosted_connections.partner-name", not nameless, what, exchange, where="/partnerName")
    found = {str(one.get(member)).rpartition("/")[2] for one in items if one.get(state) not in ENDING}
    rule = thing.facts.get(f"{kind}_rule", rule)
    what = f"{operation} lists {len(found)} that live on a {thing.kind}; {len(wanted)} should, and maybe others"
    if not m.contract.check(rule, found == {one.id for one in wanted}, what, exchange):
        m.doubt("other things are on it", thing)


def _compare_reads(m: MachineContext) -> None:
    """Checks that different requests for the same data agree, for all resources that are not unsure."""
    sure = [one for one in m.model.things if one.id and not one.unsure]
    for thing in sure:
        if thing.there and thing.kind == "direct-connect-gateway":
            _everywhere(m, thing)
            _attachments(m, thing)
            _associations(m, thing)
        elif thing.there and thing.kind == "interconnect":
            _deprecated(m, thing)
        elif thing.there and thing.kind == "virtual-gateway":
            _listed(m, thing)
        elif thing.there and thing.kind == "resiliency-group":
            _not_abroad(m, thing)
        elif not thing.there and thing.facts.get("tagged") and thing.kind in TAGGABLE:
            _untagged(m, thing)


@judged
def _everywhere(m: MachineContext, gateway: Thing) -> None:
    """Checks that a gateway is the same in every Region."""
    sight = m.observe(gateway, region=m.world.api.target.other_region)
    before = m.snapshots.get(gateway)
    if sight is None or before is None or not sight[0].succeeded:
        return
    where = descriptions.same(before, sight[1]) if sight[1] is not None else "not described"
    what = f"a gateway is described differently from another Region, at {where}"
    m.contract.check("gateways.global", not where, what, sight[0], where=where)


def _items(exchange: Exchange, member: str, state: str) -> list[Json]:
    items = [one for one in at(exchange.body, f"/{member}/*") if isinstance(one, dict)]
    return [one for one in items if one.get(state) not in ENDING]


@judged
def _attachments(m: MachineContext, gateway: Thing) -> None:
    on_it = m.model.on(gateway, "gateway", "virtual-interface")
    if not on_it or any(one.unsure or not one.id for one in on_it):
        return
    thing, operation = on_it[-1], "DescribeDirectConnectGatewayAttachments"
    both = {"directConnectGatewayId": gateway, "virtualInterfaceId": thing}
    elsewhere = m.world.api.target.other_region
    for rule, asked, role, region, wanted in (
        ("attachments.describe-by-both", both, gateway.owner, None, {thing.id}),
        ("attachments.describe-by-interface", {"virtualInterfaceId": thing}, thing.owner, None, {thing.id}),
        ("attachments.other-region", {"directConnectGatewayId": gateway}, gateway.owner, elsewhere, _ids(on_it)),
    ):
        exchange = m.ask(operation, asked, role, region)
        if exchange is not None and exchange.succeeded:
            items = _items(exchange, "directConnectGatewayAttachments", "attachmentState")
            right = {one.get("virtualInterfaceId") for one in items} == wanted
            m.contract.check(rule, right, f"{len(items)} attachments are described, not {len(wanted)}", exchange)
    parties = {role for one in (gateway, *on_it) for role in one.parties}
    stranger = next((one for one in ROLES if one in m.facts.roles and one not in parties), None)
    if stranger is not None:
        exchange = m.ask(operation, {"directConnectGatewayId": gateway}, stranger)
        if exchange is not None:
            shown = exchange.succeeded and bool(exchange.body.get("directConnectGatewayAttachments"))
            what = "the attachments of a gateway are shown to an account that has no part in them"
            where = "by-directConnectGatewayId"
            m.contract.check("access.attachment-hidden", not shown, what, exchange, where=where)


def _ids(things: Iterable[Thing]) -> set[str]:
    return {one.id for one in things}


@judged
def _associations(m: MachineContext, gateway: Thing) -> None:
    on_it = m.model.on(gateway, "gateway", "gateway-association")
    if not on_it or any(one.unsure or not one.id for one in (*on_it, on_it[-1].links["virtual"])):
        return
    thing = on_it[-1]
    asked = {"directConnectGatewayId": gateway, "associatedGatewayId": thing.links["virtual"]}
    exchange = m.ask("DescribeDirectConnectGatewayAssociations", asked, gateway.owner)
    if exchange is not None and exchange.succeeded:
        items = _items(exchange, "directConnectGatewayAssociations", "associationState")
        right = [one.get("associationId") for one in items] == [thing.id]
        what = f"{len(items)} associations of two gateways are described, or another one"
        m.contract.check("associations.describe-by-both", right, what, exchange)


@judged
def _deprecated(m: MachineContext, interconnect: Thing) -> None:
    on_it = m.model.on(interconnect, "port", "hosted-connection")
    if any(one.unsure or not one.id for one in on_it):
        return
    asked = {"interconnectId": interconnect}
    exchange = m.ask("DescribeConnectionsOnInterconnect", asked, interconnect.owner)
    if exchange is not None and exchange.succeeded:
        found = {str(one.get("connectionId")) for one in _items(exchange, "connections", "connectionState")}
        what = f"{len(found)} hosted connections are described on an interconnect, not {len(on_it)}, or others"
        m.contract.check("hosted_connections.deprecated-describe", found == _ids(on_it), what, exchange)


@judged
def _listed(m: MachineContext, gateway: Thing) -> None:
    exchange = m.ask("DescribeVirtualGateways", {}, gateway.owner)
    if exchange is not None and exchange.succeeded:
        listed = gateway.id in at(exchange.body, "/virtualGateways/*/virtualGatewayId")
        what = "a virtual private gateway of the account is not listed"
        m.contract.check("gateways.virtual-gateway-listed", listed, what, exchange)


@judged
def _not_abroad(m: MachineContext, group: Thing) -> None:
    exchange = m.ask("ListResiliencyGroups", {}, group.owner, m.world.api.target.other_region)
    if exchange is not None and exchange.succeeded:
        there = group.id in at(exchange.body, "/items/*/resiliencyGroupId")
        what = "a resiliency group is listed in another Region"
        m.contract.check("resiliency_groups.listed-in-region", not there, what, exchange)


@judged
def _untagged(m: MachineContext, thing: Thing) -> None:
    """Checks that a deleted resource has no tags."""
    exchange = m.ask("DescribeTags", {"resourceArns": [ArnOf(thing)]}, thing.owner) if m.over(thing) else None
    if exchange is not None and exchange.succeeded:
        tags = at(exchange.body, "/resourceTags/*/tags/*")
        what = f"a {thing.kind} that is gone has {len(tags)} tags"
        m.contract.check("tags.die-with-resource", not tags, what, exchange)
