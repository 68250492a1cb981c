"""Checks the response to a request against the model: it must be as correct as a description."""

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.machines.compare import descriptions
from strategies.machines.compare.normalization import first_difference, normal
from strategies.machines.context import MachineContext
from strategies.machines.model import Thing


def of(m: MachineContext, thing: Thing, exchange: Exchange) -> Json | None:
    """The part of a response that describes this resource; None if there is none."""
    if not exchange.succeeded or not thing.id:
        return None
    inner = list(exchange.body.values())
    parts = [exchange.body, *inner, *(one for several in inner if isinstance(several, list) for one in several)]
    id_member = m.spec.resources[thing.kind].id
    return next((one for one in parts if isinstance(one, dict) and one.get(id_member) == thing.id), None)


def made(m: MachineContext, thing: Thing, exchange: Exchange) -> None:
    """Checks that the response to a creation describes the requested resource, for the rules of this operation."""
    item = of(m, thing, exchange)
    if item is None or thing.unsure:
        return
    for name, expected in list(thing.expected.items()):
        if name in item and exchange.operation in m.spec.rule(expected.rule).operations:
            descriptions.member(m, thing, name, expected, exchange, item)
    # The peers of an allocated one are judged once it is confirmed (hashicorp/terraform-provider-aws#44208).
    if thing.kind == "virtual-interface" and thing.life != "waiting" and isinstance(item.get("bgpPeers"), list):
        found = sorted(str(one) for one in at(item, "/bgpPeers/*/addressFamily"))
        what = f"a new virtual interface is answered with BGP peers of {found}"
        right = found == sorted(thing.facts["families"])
        m.contract.check("virtual_interfaces.bgp-peers-listed", right, what, exchange, where="/bgpPeers")


def kept(m: MachineContext, thing: Thing, before: Json, names: tuple[str, ...], exchange: Exchange) -> str:
    """The members in which a response differs from the earlier description, except those that the request changes."""
    item, id_member = of(m, thing, exchange), m.spec.resources[thing.kind].id
    if item is None:
        parts = [exchange.body, *exchange.body.values()] if exchange.succeeded else []
        return f"/{id_member}" if any(isinstance(one, dict) and id_member in one for one in parts) else ""
    told = normal(item)
    both = [name for name in names if name in told and name in before]
    return first_difference({name: before[name] for name in both}, {name: told[name] for name in both})
