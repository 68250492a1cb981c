"""Virtual interfaces: BGP peer addresses, address families, and the prefixes of public interfaces."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import MAKERS, Maker
from strategies.valid_requests import PUBLIC_PREFIXES, public_prefixes
from strategies.world import World

NOT_PUBLIC = [one for one in MAKERS if one.kind != "public"]
PUBLICS = [one for one in MAKERS if one.kind == "public"]
LINK_LOCAL = IPv4Network("169.254.0.0/16")
IPV6: Json = {"addressFamily": "ipv6", "amazonAddress": None, "customerAddress": None}
# Public prefixes, as the interfaces advertise them; documentation prefixes are none.
IPV6_PREFIXES = [{"cidr": "2a00:1450:4000::/48"}, {"cidr": "2a00:1450:4001:1::/64"}]
GOOD, ALSO_GOOD = vif.public_pair(1)


@pytest.mark.rule("virtual_interfaces.addresses-echo")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
@given(data=st.data())
def test_the_addresses_are_those_asked_for(
    api: Api, contract: Contract, run_id: str, operation: Maker, data: st.DataObject
) -> None:
    """Customers configure their router with these addresses before the response arrives."""
    amazon, customer = data.draw(vif.pairs(operation.kind))
    with World(api, run_id) as world:
        params = vif.request(world, operation, amazonAddress=amazon, customerAddress=customer, addressFamily="ipv4")
        for exchange, item in vif.told(world, vif.made(world, operation, params)):
            for member, wanted in (("amazonAddress", amazon), ("customerAddress", customer)):
                contract.check(
                    "virtual_interfaces.addresses-echo",
                    item.get(member) == wanted,
                    f"{member} is {item.get(member)!r}, not {wanted!r}",
                    exchange,
                    where=f"/{member}",
                )


@pytest.mark.rule("virtual_interfaces.addresses-auto-ipv4")
@pytest.mark.parametrize("operation", NOT_PUBLIC, ids=str)
def test_ipv4_addresses_are_assigned(contract: Contract, world: World, operation: Maker) -> None:
    """Link-local addresses cannot collide with addresses in the network of the customer."""
    handle = vif.made(world, operation, vif.request(world, operation))
    for exchange, item in vif.told_with_peer(world, operation, handle):
        _check_pair(contract, "virtual_interfaces.addresses-auto-ipv4", exchange, item, LINK_LOCAL, None)


@pytest.mark.rule("virtual_interfaces.addresses-auto-ipv6")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_ipv6_addresses_are_assigned(contract: Contract, world: World, operation: Maker) -> None:
    """Customers cannot choose IPv6 addresses for the session, so AWS must assign them."""
    handle = vif.made(world, operation, vif.request(world, operation, **_ipv6(operation)))
    for exchange, item in vif.told_with_peer(world, operation, handle):
        _check_pair(contract, "virtual_interfaces.addresses-auto-ipv6", exchange, item, IPv6Network("::/0"), 125)


@pytest.mark.rule("virtual_interfaces.addresses-custom-ipv6")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_ipv6_addresses_cannot_be_chosen(contract: Contract, world: World, operation: Maker) -> None:
    """A router with addresses that AWS does not use never gets a session."""
    own = {"amazonAddress": "2001:db8:77::1/125", "customerAddress": "2001:db8:77::2/125"}
    exchange = vif.ask(world, operation, vif.request(world, operation, **{**_ipv6(operation), **own}))
    contract.check(
        "virtual_interfaces.addresses-custom-ipv6",
        exchange.refused or not any(vif.interface_in(exchange).get(name) == value for name, value in own.items()),
        "IPv6 addresses of one's own choice were taken",
        exchange,
        where="/amazonAddress",
    )


@pytest.mark.rule("virtual_interfaces.addresses-malformed")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_what_is_no_address_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """A typing error must cause an error here and not a session that stays down."""
    cases: list[Json] = [
        {"amazonAddress": "dxcontract", "customerAddress": ALSO_GOOD},
        {"amazonAddress": "300.45.176.1/30", "customerAddress": ALSO_GOOD},
        {"amazonAddress": GOOD, "customerAddress": "175.45.176.6.9/30"},
        {"amazonAddress": GOOD, "customerAddress": "175.45.176.6/99"},
    ]
    _each_is_refused(contract, world, operation, "virtual_interfaces.addresses-malformed", "", cases)


@pytest.mark.rule(
    "virtual_interfaces.addresses-same-subnet",
    "virtual_interfaces.addresses-public",
    "virtual_interfaces.addresses-reserved",
)
@pytest.mark.parametrize("operation", PUBLICS, ids=str)
def test_public_addresses_that_cannot_work_are_refused(contract: Contract, world: World, operation: Maker) -> None:
    """AWS verifies public interfaces for up to three days, so visible errors must be refused at once."""
    cases = {
        "same-subnet": [(GOOD, vif.public_pair(2)[1])],
        "public": [("192.168.1.1/30", "192.168.1.2/30"), ("10.0.0.1/30", "10.0.0.2/30")],
        "reserved": [("175.45.176.4/30", ALSO_GOOD), ("175.45.176.7/30", ALSO_GOOD)],
    }
    for name, refused in cases.items():
        variants = [{"amazonAddress": amazon, "customerAddress": customer} for amazon, customer in refused]
        _each_is_refused(contract, world, operation, f"virtual_interfaces.addresses-{name}", "", variants)


@pytest.mark.rule("virtual_interfaces.family-echo")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_family_is_the_one_asked_for(contract: Contract, world: World, operation: Maker, family: str) -> None:
    """A session of the wrong address family carries none of the traffic."""
    members = _ipv6(operation) if family == "ipv6" else {"addressFamily": "ipv4"}
    handle = vif.made(world, operation, vif.request(world, operation, **members))
    for exchange, item in vif.told_with_peer(world, operation, handle):
        found = {"": item.get("addressFamily"), "peer": next(iter(at(item, "/bgpPeers/*/addressFamily")), None)}
        contract.check(
            "virtual_interfaces.family-echo",
            set(found.values()) == {family},
            f"addressFamily is {found['']}, and {found['peer']} for the first peer, not {family}",
            exchange,
            where=f"/{family}",
        )


@pytest.mark.rule("virtual_interfaces.family-mismatch")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_addresses_of_the_other_family_are_refused(contract: Contract, world: World, operation: Maker) -> None:
    """The family or the addresses are wrong, and the service cannot know which."""
    cases: list[Json] = [
        {"addressFamily": "ipv6", "amazonAddress": GOOD, "customerAddress": ALSO_GOOD},
        {"addressFamily": "ipv4", "amazonAddress": "2001:db8:77::1/125", "customerAddress": "2001:db8:77::2/125"},
    ]
    _each_is_refused(contract, world, operation, "virtual_interfaces.family-mismatch", "/addressFamily", cases)


@pytest.mark.rule("virtual_interfaces.prefixes-echo")
@pytest.mark.parametrize("operation", PUBLICS, ids=str)
@given(asked=public_prefixes())
def test_the_prefixes_are_those_asked_for(
    api: Api, contract: Contract, run_id: str, operation: Maker, asked: list[dict[str, str]]
) -> None:
    """A lost prefix disconnects a part of the network from the Internet. Their order has no meaning."""
    with World(api, run_id) as world:
        params = vif.request(world, operation, routeFilterPrefixes=asked)
        wanted = sorted(one["cidr"] for one in asked)
        for exchange, item in vif.told(world, vif.made(world, operation, params)):
            _check_prefixes(contract, "virtual_interfaces.prefixes-echo", exchange, item, wanted)


@pytest.mark.rule("virtual_interfaces.prefixes-echo")
@pytest.mark.parametrize("operation", PUBLICS, ids=str)
def test_ipv6_prefixes_are_kept_too(contract: Contract, world: World, operation: Maker) -> None:
    """An IPv6 address has many spellings."""
    handle = vif.made(world, operation, vif.request(world, operation, **_ipv6(operation)))
    for exchange, item in vif.told(world, handle):
        wanted = sorted(one["cidr"] for one in IPV6_PREFIXES)
        _check_prefixes(contract, "virtual_interfaces.prefixes-echo", exchange, item, wanted)


@pytest.mark.rule("virtual_interfaces.prefixes-public-only")
@pytest.mark.parametrize("operation", NOT_PUBLIC, ids=str)
def test_only_public_interfaces_have_prefixes(contract: Contract, world: World, operation: Maker) -> None:
    """Other interfaces get their routes from the gateway, so a list here would be misleading."""
    public = vif.made(world, vif.PUBLIC, vif.request(world, vif.PUBLIC))
    shown = at(vif.interface_in(public.made), "/routeFilterPrefixes/*/cidr")
    for exchange, item in vif.told(world, vif.made(world, operation, vif.request(world, operation))):
        _check_prefixes(contract, "virtual_interfaces.prefixes-public-only", exchange, item, [], basis=shown)


@pytest.mark.rule(
    "virtual_interfaces.prefix-ipv4-range",
    "virtual_interfaces.prefix-ipv6-length",
    "virtual_interfaces.prefix-malformed",
    "virtual_interfaces.prefix-maximum",
)
@pytest.mark.parametrize("operation", PUBLICS, ids=str)
def test_prefixes_that_nobody_can_announce_are_refused(contract: Contract, world: World, operation: Maker) -> None:
    """Networks would silently filter these prefixes and drop the traffic."""
    _prefixes_are_refused(contract, world, operation, "ipv4-range", ["0.0.0.0/0"], ["210.52.109.0/33"])
    _prefixes_are_refused(
        contract,
        world,
        operation,
        "ipv6-length",
        ["2a00:1450:4000::/65"],
        ["2a00:1450:4000::1/128"],
        **_ipv6(operation),
    )
    _prefixes_are_refused(
        contract, world, operation, "malformed", ["dxcontract"], [str(PUBLIC_PREFIXES), "300.51.100.0/24"], ["1.2.3/24"]
    )
    many = [str(one) for one in vif.PUBLIC_BLOCK.subnets(new_prefix=32)][:1001]
    _prefixes_are_refused(contract, world, operation, "maximum", many)


@pytest.mark.rule("virtual_interfaces.prefix-lengths")
@pytest.mark.parametrize("operation", PUBLICS, ids=str)
def test_the_shortest_and_the_longest_prefixes_are_accepted(contract: Contract, world: World, operation: Maker) -> None:
    """An appliance with one public address advertises a host route."""
    ipv4, ipv6 = ["64.0.0.0/3", "210.52.109.7/32"], ["2000::/3", "2a00:1450:4000::/64"]
    for blocks, more in ((ipv4, {}), (ipv6, _ipv6(operation))):
        for prefix in blocks:
            params = vif.request(world, operation, **{**more, "routeFilterPrefixes": [{"cidr": prefix}]})
            exchange = vif.ask(world, operation, params)
            contract.accepted("virtual_interfaces.prefix-lengths", exchange, f"the prefix {prefix}")


@pytest.mark.rule("virtual_interfaces.prefix-commas")
@pytest.mark.parametrize("operation", PUBLICS, ids=str)
def test_prefixes_in_one_string_are_several(contract: Contract, world: World, operation: Maker) -> None:
    """The reference mentions commas, and a single prefix with commas would match nothing."""
    joined = "210.52.109.0/25,210.52.109.128/25"
    exchange = vif.ask(world, operation, vif.request(world, operation, routeFilterPrefixes=[{"cidr": joined}]))
    found = at(vif.interface_in(exchange), "/routeFilterPrefixes/*/cidr")
    contract.check(
        "virtual_interfaces.prefix-commas",
        400 <= exchange.status < 500 or sorted(map(str, found)) == joined.split(","),
        f"{joined!r} became {found}",
        exchange,
        where="/routeFilterPrefixes",
    )


def _ipv6(operation: Maker) -> Json:
    """The members of a virtual interface for IPv6; a public one has prefixes of that family."""
    return {**IPV6, **({"routeFilterPrefixes": IPV6_PREFIXES} if operation.kind == "public" else {})}


def _check_pair(
    contract: Contract,
    rule: str,
    exchange: Exchange,
    item: Json,
    pool: IPv4Network | IPv6Network,
    length: int | None,
) -> None:
    given = [item.get("amazonAddress"), item.get("customerAddress")]
    try:
        amazon, customer = (ip_interface(str(one)) for one in given)
        ok = amazon.ip in pool and amazon.network == customer.network and amazon.ip != customer.ip
        ok = ok and length in (None, amazon.network.prefixlen)
    except ValueError:
        ok = False
    what = f"a pair out of one subnet of {pool}" if length is None else f"a pair out of one /{length} of {pool}"
    contract.check(rule, ok, f"the addresses are {given}, not {what}", exchange, where="/amazonAddress")


def _each_is_refused(
    contract: Contract, world: World, operation: Maker, rule: str, where: str, variants: Iterable[dict[str, Any]]
) -> None:
    base = vif.request(world, operation)
    for number, members in enumerate(variants):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, **members))
        contract.refused(rule, exchange, f"{members}"[:160], where=where)


def _prefixes_are_refused(
    contract: Contract, world: World, operation: Maker, rule: str, *lists: list[str], **members: Any
) -> None:
    variants = [{**members, "routeFilterPrefixes": [{"cidr": cidr} for cidr in one]} for one in lists]
    _each_is_refused(contract, world, operation, f"virtual_interfaces.prefix-{rule}", "/routeFilterPrefixes", variants)


def _check_prefixes(
    contract: Contract, rule: str, exchange: Exchange, item: Json, wanted: list[str], basis: object = True
) -> None:
    found = sorted(_plain(one) for one in at(item, "/routeFilterPrefixes/*/cidr"))
    contract.check(
        rule,
        found == wanted,
        f"the prefixes are {found}, not {wanted}",
        exchange,
        where="/routeFilterPrefixes",
        basis=basis,
    )


def _plain(cidr: Any) -> str:
    try:
        return str(ip_network(str(cidr)))
    except ValueError:
        return str(cidr)
