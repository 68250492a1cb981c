"""At the end of an example: what can be asked in more than one way, or from elsewhere, is answered alike."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import ROLES
from dxcontract.wire.exchange import Exchange
from strategies.machines.compare.descriptions import same
from strategies.machines.compare.normalization import ENDING
from strategies.machines.model import TAGGABLE, ArnOf, Thing
from strategies.machines.trial import judged

if TYPE_CHECKING:
    from strategies.machines.machine import Machine


def compare(m: "Machine") -> None:
    """All of these comparisons, for all things that are sure."""
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
def _everywhere(m: "Machine", gateway: Thing) -> None:
    """A gateway belongs to no Region."""
    sight = m.observe(gateway, region=m.world.api.target.other_region)
    before = m.snapshots.get(gateway)
    if sight is None or before is None or not sight[0].succeeded:
        return
    where = same(before, sight[1]) if sight[1] is not None else "not described"
    what = f"a gateway is described differently from another Region, at {where}"
    m.contract.check("gateways.global", not where, what, sight[0], where=where)


def _items(exchange: Exchange, member: str, state: str) -> list[Json]:
    items = [one for one in at(exchange.body, f"/{member}/*") if isinstance(one, dict)]
    return [one for one in items if one.get(state) not in ENDING]


@judged
def _attachments(m: "Machine", gateway: Thing) -> None:
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
def _associations(m: "Machine", gateway: Thing) -> None:
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
def _deprecated(m: "Machine", interconnect: Thing) -> None:
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
def _listed(m: "Machine", gateway: Thing) -> None:
    exchange = m.ask("DescribeVirtualGateways", {}, gateway.owner)
    if exchange is not None and exchange.succeeded:
        listed = gateway.id in at(exchange.body, "/virtualGateways/*/virtualGatewayId")
        what = "a virtual private gateway of the account is not listed"
        m.contract.check("gateways.virtual-gateway-listed", listed, what, exchange)


@judged
def _not_abroad(m: "Machine", group: Thing) -> None:
    exchange = m.ask("ListResiliencyGroups", {}, group.owner, m.world.api.target.other_region)
    if exchange is not None and exchange.succeeded:
        there = group.id in at(exchange.body, "/items/*/resiliencyGroupId")
        what = "a resiliency group is listed in another Region"
        m.contract.check("resiliency_groups.listed-in-region", not there, what, exchange)


@judged
def _untagged(m: "Machine", thing: Thing) -> None:
    """What was deleted has no tags any more, once it is gone."""
    exchange = m.ask("DescribeTags", {"resourceArns": [ArnOf(thing)]}, thing.owner) if m.over(thing) else None
    if exchange is not None and exchange.succeeded:
        tags = at(exchange.body, "/resourceTags/*/tags/*")
        what = f"a {thing.kind} that is gone has {len(tags)} tags"
        m.contract.check("tags.die-with-resource", not tags, what, exchange)
