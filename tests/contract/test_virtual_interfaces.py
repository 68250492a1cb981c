"""Virtual interfaces: the response to the creation and the description."""

import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import CREATORS, MAKERS, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Arn, Handle, World

PRESENT = (
    "ownerAccount",
    "virtualInterfaceId",
    "location",
    "connectionId",
    "virtualInterfaceType",
    "virtualInterfaceName",
    "vlan",
    "virtualInterfaceState",
)
ADDRESSES = ("amazonAddress", "customerAddress")
ID = re.compile(r"dxvif-[a-z0-9]+")
AUTH_KEYS = st.from_regex(r"[a-zA-Z0-9]{6,80}", fullmatch=True)


@pytest.mark.rule("virtual_interfaces.answer-members", "virtual_interfaces.bgp-peers-listed")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_nothing_is_missing(contract: Contract, world: World, operation: Maker) -> None:
    """Clients read these members without checking whether they are present."""
    params = vif.request(world, operation)
    handle = vif.made(world, operation, params)
    for exchange, item in vif.told(world, handle):
        _check_members(contract, exchange, item, PRESENT)
    for exchange, item in vif.told_with_peer(world, operation, handle):
        _check_members(contract, exchange, item, ADDRESSES)
        peers = item.get("bgpPeers")
        listed = peers if isinstance(peers, list) else []
        first: Json = listed[0] if listed and isinstance(listed[0], dict) else {}
        asn = params[operation.structure]["asn"]
        wanted = {"asn": asn, **{name: item.get(name) for name in ("addressFamily", "amazonAddress")}}
        found = {name: first.get(name) for name in wanted}
        contract.check(
            "virtual_interfaces.bgp-peers-listed",
            len(listed) == 1 and found == wanted and bool(first.get("customerAddress")),
            f"bgpPeers lists {len(listed)} peers, the first of them {first}; expected one with {wanted} and addresses",
            exchange,
            where="/bgpPeers",
        )


@pytest.mark.rule("virtual_interfaces.answer-members")
@pytest.mark.parametrize("operation", ["UpdateVirtualInterfaceAttributes", "AssociateVirtualInterface"])
def test_nothing_is_missing_after_a_change(contract: Contract, world: World, operation: str) -> None:
    """The response to a change is the whole virtual interface, so that clients need no second request."""
    handle = arrange(world, "virtual-interface")
    change: dict[str, Any] = {"virtualInterfaceName": world.name()}
    if operation == "AssociateVirtualInterface":
        change = {"connectionId": arrange(world, "connection")}
    exchange = done(world.call(operation, {"virtualInterfaceId": handle, **change}))
    _check_members(contract, exchange, exchange.body, (*PRESENT, *ADDRESSES))


@pytest.mark.rule(
    "virtual_interfaces.id-form",
    "virtual_interfaces.type",
    "virtual_interfaces.owner",
    "virtual_interfaces.location-of-parent",
)
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_it_says_what_and_where_and_whose_it_is(contract: Contract, world: World, operation: Maker) -> None:
    """Inventories, bills and access policies use these members as keys."""
    port = arrange(world, "connection")
    _, connection = world.described(port)
    location = connection.get("location")
    handle = vif.made(world, operation, vif.request(world, operation, port))
    owner = world.resolved(vif.owner_of(operation))
    for exchange, item in _both_answers(world, handle):
        contract.check(
            "virtual_interfaces.id-form",
            bool(ID.fullmatch(str(item.get("virtualInterfaceId")))),
            f"virtualInterfaceId is {item.get('virtualInterfaceId')!r}",
            exchange,
            where="/virtualInterfaceId",
        )
        _same(contract, "type", exchange, item, "virtualInterfaceType", operation.kind)
        _same(contract, "owner", exchange, item, "ownerAccount", owner)
        _same(contract, "location-of-parent", exchange, item, "location", location)
        _same(contract, "location-of-parent", exchange, item, "region", item.get("region") and exchange.region)


@pytest.mark.rule("virtual_interfaces.echo")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
@given(vlan=st.integers(1, 4094), asn=st.integers(64512, 65534), key=AUTH_KEYS)
def test_it_is_what_was_asked_for(
    api: Api, contract: Contract, run_id: str, operation: Maker, vlan: int, asn: int, key: str
) -> None:
    """Infrastructure code repeatedly compares the description with its configuration."""
    with World(api, run_id) as world:
        port = arrange(world, "connection")
        params = vif.request(world, operation, port, vlan=vlan, asn=asn, authKey=key)
        handle = vif.made(world, operation, params)
        asked = {**params[operation.structure], "connectionId": port.id}
        for exchange, item in _both_answers(world, handle):
            for member in ("connectionId", "virtualInterfaceName", "vlan", "asn", "authKey"):
                _same(contract, "echo", exchange, item, member, asked[member])


@pytest.mark.rule("virtual_interfaces.device")
@pytest.mark.parametrize("operation", CREATORS, ids=str)
def test_it_is_on_the_device_of_its_connection(contract: Contract, world: World, operation: Maker) -> None:
    """Two virtual interfaces are redundant only if they end on different devices."""
    port = arrange(world, "connection")
    handle = vif.made(world, operation, vif.request(world, operation, port))
    _, connection = world.described(port)
    exchange, item = world.observe(handle)
    expected = connection.get("awsDeviceV2")
    found = [*at(item, "/awsDeviceV2"), *at(item, "/bgpPeers/*/awsDeviceV2")]
    if not expected or not found:
        raise Indeterminate("the connection, or the virtual interface, names no device")
    contract.check(
        "virtual_interfaces.device",
        set(found) == {expected},
        f"the devices are {sorted(set(found))}, that of the connection is {expected}",
        exchange,
        where="/awsDeviceV2",
    )


@pytest.mark.rule("virtual_interfaces.peer-mirrored")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_it_mirrors_one_of_its_peers(contract: Contract, world: World, operation: Maker) -> None:
    """Older clients read addresses and ASN from the virtual interface, newer ones from the peers."""
    handle = vif.made(world, operation, vif.request(world, operation))
    members = ("asn", "addressFamily", "amazonAddress", "customerAddress")
    for exchange, item in vif.told_with_peer(world, operation, handle):
        own = [item.get(name) for name in members]
        theirs = [[peer.get(name) for name in members] for peer in at(item, "/bgpPeers/*") if isinstance(peer, dict)]
        contract.check(
            "virtual_interfaces.peer-mirrored",
            own in theirs,
            f"{', '.join(members)} are {own}; those of the peers are {theirs}",
            exchange,
            where="/bgpPeers",
        )


@pytest.mark.rule("virtual_interfaces.router-config")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_the_router_configuration_tells_the_same(contract: Contract, world: World, operation: Maker) -> None:
    """Customers copy it to their router, so a wrong value causes an outage."""
    handle = vif.made(world, operation, vif.request(world, operation))
    told = vif.told_with_peer(world, operation, handle)
    seen = [(exchange, item) for exchange, item in told if item.get("customerRouterConfig")]
    if not seen:
        raise Indeterminate("no customerRouterConfig is given")
    for exchange, item in seen:
        expected = _told_of(item)
        found = _configured(str(item["customerRouterConfig"]), expected)
        differing = sorted(name for name in expected if found.get(name) != expected[name])
        contract.check(
            "virtual_interfaces.router-config",
            not differing,
            f"it says {[found.get(name) for name in differing]} for {differing}, and the virtual interface "
            f"{[expected[name] for name in differing]}",
            exchange,
            where="/customerRouterConfig",
        )


@pytest.mark.rule("virtual_interfaces.tags-on-create")
@pytest.mark.parametrize("operation", CREATORS, ids=str)
def test_tags_given_at_creation_are_there(contract: Contract, world: World, operation: Maker) -> None:
    """Policies and bills use the tags from the creation on."""
    wanted = {"stage": "test", "empty": ""}
    handle = vif.made(world, operation, _tagged(world, operation, wanted))
    exchange, found = _tags(world, handle)
    contract.check(
        "virtual_interfaces.tags-on-create",
        found == wanted,
        f"the tags are {found}, not {wanted}",
        handle.made,
        exchange,
        operation=operation.operation,
    )


@pytest.mark.rule("virtual_interfaces.tags-on-allocate")
@pytest.mark.parametrize("operation", vif.ALLOCATORS, ids=str)
def test_tags_given_at_allocation_are_somewhere(contract: Contract, world: World, operation: Maker) -> None:
    """The request accepts tags, so the response or the description for the owner must have them."""
    wanted = {"stage": "test"}
    handle = vif.made(world, operation, _tagged(world, operation, wanted))
    answered = _as_mapping(vif.interface_in(handle.made).get("tags"))
    exchange, found = _tags(world, handle)
    contract.check(
        "virtual_interfaces.tags-on-allocate",
        wanted in (answered, found),
        f"the tags are {answered} in the answer and {found} for the owner, not {wanted}",
        exchange,
        handle.made,
    )


def _both_answers(world: World, handle: Handle) -> list[tuple[Exchange, Json]]:
    """The virtual interface in the response to its creation, and in the current description for its owner."""
    exchange, item = world.observe(handle)
    if item is None:
        raise Indeterminate(f"the new virtual interface is not described to the {handle.role} account")
    return [(handle.made, vif.interface_in(handle.made)), (exchange, item)]


def _check_members(contract: Contract, exchange: Exchange, item: Json, members: Sequence[str]) -> None:
    for member in members:
        contract.check(
            "virtual_interfaces.answer-members",
            item.get(member) not in (None, ""),
            f"a virtual interface is answered without {member}",
            exchange,
            where=f"/{member}",
        )


def _same(contract: Contract, rule: str, exchange: Exchange, item: Json, member: str, wanted: Any) -> None:
    contract.check(
        f"virtual_interfaces.{rule}",
        item.get(member) == wanted,
        f"{member} is {item.get(member)!r}, not {wanted!r}",
        exchange,
        where=f"/{member}",
        basis=wanted,
    )


def _told_of(item: Json) -> dict[str, str]:
    """The values that the router configuration of a virtual interface must contain, by element; the root id under
    ''.
    """
    elements = {
        "vlan": "vlan",
        "customer_address": "customerAddress",
        "amazon_address": "amazonAddress",
        "bgp_asn": "asn",
        "amazon_bgp_asn": "amazonSideAsn",
        "connection_type": "virtualInterfaceType",
    }
    told = {element: str(item[member]) for element, member in elements.items() if member in item}
    return {"": str(item.get("virtualInterfaceId")), **told}


def _configured(text: str, elements: Json) -> dict[str, str | None]:
    try:
        root = ElementTree.fromstring(text.encode())  # noqa: S314 - expat limits the expansion of entities
    except ElementTree.ParseError:
        return {}
    return {name: root.findtext(name) if name else root.get("id") for name in elements}


def _tagged(world: World, operation: Maker, tags: dict[str, str]) -> Json:
    return vif.request(world, operation, tags=[{"key": key, "value": value} for key, value in tags.items()])


def _tags(world: World, handle: Handle) -> tuple[Exchange, dict[str, str]]:
    exchange = world.call("DescribeTags", {"resourceArns": [Arn(handle)]}, role=handle.role)
    return exchange, _as_mapping(at(exchange.body, "/resourceTags/*/tags/*"))


def _as_mapping(tags: Any) -> dict[str, str]:
    entries = [tag for tag in tags or [] if isinstance(tag, dict)]
    return {str(tag.get("key")): str(tag.get("value", "")) for tag in entries}
