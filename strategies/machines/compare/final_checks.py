"""At the end of an example: everything once more, lists against single reads, and what no request should have left."""

from typing import TYPE_CHECKING, Final

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Describe, Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.machines.compare import descriptions
from strategies.machines.compare.normalization import ENDING, state_of
from strategies.machines.model import Thing
from strategies.machines.trial import judged

if TYPE_CHECKING:
    from strategies.machines.machine import Machine

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


def compare_all(m: "Machine") -> None:
    """Compare all things, whether a step was about them or not."""
    from strategies.machines.actions import any_operation
    from strategies.machines.compare import final_reads

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
    final_reads.compare(m)
    any_operation.pried(m)
    any_operation.read_by_all(m)


@judged
def _list(m: "Machine", kind: str, role: Role) -> None:
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


def _everything(m: "Machine", describe: Describe, role: Role) -> tuple[Exchange | None, list[Json]]:
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
def inside(m: "Machine", thing: Thing) -> None:
    """What a port, a gateway or a group is said to have on it is what the model has on it."""
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


def _check(m: "Machine", thing: Thing, operation: str, member: str, wanted: list[Thing], state: str) -> None:
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
