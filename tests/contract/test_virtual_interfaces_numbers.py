"""Virtual interfaces: VLANs, ASNs, authentication keys, names, and the number on a connection."""

from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import CREATORS, MAKERS, PRIVATE, PUBLIC, TRANSIT, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

OTHER_KIND = {"private": PUBLIC, "public": TRANSIT, "transit": PRIVATE}
MOST = 51
MOST_TRANSIT = 4


@pytest.mark.rule("virtual_interfaces.vlan-range")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_vlan_out_of_range_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """No switch supports such a VLAN, so the virtual interface would be charged and never work."""
    variants = [{"vlan": vlan} for vlan in (-1, 0, 4095, 65536)]
    _each_is_refused(contract, world, operation, "virtual_interfaces.vlan-range", "/vlan", variants)


@pytest.mark.rule("virtual_interfaces.vlan-bounds")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_the_first_and_the_last_vlan_are_accepted(contract: Contract, world: World, operation: Maker) -> None:
    """An off-by-one error in the range would refuse a VLAN that a customer needs."""
    base = vif.request(world, operation)
    for number, vlan in enumerate((1, 4094)):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, vlan=vlan))
        contract.accepted("virtual_interfaces.vlan-bounds", exchange, f"VLAN {vlan}", where="/vlan")


@pytest.mark.rule("virtual_interfaces.vlan-unique")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_vlan_that_is_taken_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """Two virtual interfaces with the same VLAN would mix the traffic of two customers."""
    port = arrange(world, "connection")
    base = vif.request(world, operation, port)
    other = OTHER_KIND[operation.kind]
    first = [(operation, base), (other, vif.request(world, other, port))]
    for number, (maker, params) in enumerate(first):
        before = vif.made(world, maker, vif.another(params, maker, number))
        again = vif.another(
            base, operation, number + 2, vlan=vif.another(base, operation, number)[operation.structure]["vlan"]
        )
        exchange = vif.ask(world, operation, again)
        what = f"the VLAN of a {maker.kind} virtual interface on the same connection"
        contract.refused("virtual_interfaces.vlan-unique", exchange, what, before.made, where="/vlan")


@pytest.mark.rule("virtual_interfaces.vlan-per-connection")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_another_connection_has_vlans_of_its_own(contract: Contract, world: World, operation: Maker) -> None:
    """Redundant connections have the same configuration, including the VLAN."""
    first = vif.made(world, operation, vif.another(vif.request(world, operation), operation, 1, vlan=300))
    exchange = vif.ask(world, operation, vif.another(vif.request(world, operation), operation, 2, vlan=300))
    what = "the VLAN of a virtual interface on another connection"
    contract.accepted("virtual_interfaces.vlan-per-connection", exchange, what, first.made, where="/vlan")


@pytest.mark.rule(
    "virtual_interfaces.asn-minimum", "virtual_interfaces.asn-maximum", "virtual_interfaces.asn-long-range"
)
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_an_asn_out_of_range_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """A number that is truncated to 32 bits is the ASN of another network."""
    base = vif.request(world, operation)
    cases: list[tuple[str, str, Json]] = [
        *(("asn-minimum", "/asn", {"asn": asn}) for asn in (-94967296, -1, 0)),
        *(("asn-maximum", "/asn", {"asn": asn}) for asn in (2**31, 4200000000)),
        *(("asn-long-range", "/asnLong", {"asn": None, "asnLong": asn}) for asn in (-1, 0, 2**32 - 1, 2**32)),
    ]
    for number, (rule, where, members) in enumerate(cases):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, **members))
        contract.refused(f"virtual_interfaces.{rule}", exchange, f"{members}", where=where)


@pytest.mark.rule("virtual_interfaces.asn-long-mirrors-asn")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_an_asn_is_shown_in_both_forms(contract: Contract, world: World, operation: Maker) -> None:
    """Clients that read only asnLong must find the ASN."""
    handle = vif.made(world, operation, vif.request(world, operation, asn=65017))
    for exchange, item in _answers(world, handle):
        _check_asns(contract, "virtual_interfaces.asn-long-mirrors-asn", exchange, item, 65017, 65017)


@pytest.mark.rule("virtual_interfaces.asn-long-large")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_large_asn_is_zero_in_the_older_form(contract: Contract, world: World, operation: Maker) -> None:
    """The number does not fit into asn, and any value other than zero would be a wrong ASN."""
    params = vif.request(world, operation, asn=None, asnLong=4200000001)
    for exchange, item in _answers(world, vif.made(world, operation, params)):
        _check_asns(contract, "virtual_interfaces.asn-long-large", exchange, item, 0, 4200000001)


@pytest.mark.rule("virtual_interfaces.asn-long-wins")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_of_two_asns_the_long_one_counts(contract: Contract, world: World, operation: Maker) -> None:
    """A client that migrates to asnLong sends both members for a while."""
    exchange = vif.ask(world, operation, vif.request(world, operation, asn=65017, asnLong=65018))
    item = vif.interface_in(exchange)
    shown = item.get("asnLong", item.get("asn"))
    contract.check(
        "virtual_interfaces.asn-long-wins",
        400 <= exchange.status < 500 or shown == 65018,
        f"asn 65017 and asnLong 65018 made a virtual interface with the ASN {shown}",
        exchange,
        where="/asnLong",
    )


@pytest.mark.rule("virtual_interfaces.asn-needed")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_without_an_asn_nothing_is_made(contract: Contract, world: World, operation: Maker) -> None:
    """A BGP session needs an ASN."""
    _each_is_refused(contract, world, operation, "virtual_interfaces.asn-needed", "/asn", [{"asn": None}])


@pytest.mark.rule("virtual_interfaces.auth-key-length")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_key_of_another_length_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """A silently truncated key never matches the key in the router of the customer."""
    variants = [{"authKey": "k" * length} for length in (1, 5, 81, 200)]
    _each_is_refused(contract, world, operation, "virtual_interfaces.auth-key-length", "/authKey", variants)


@pytest.mark.rule("virtual_interfaces.auth-key-generated")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_key_is_generated(contract: Contract, world: World, operation: Maker) -> None:
    """A session without authentication can be hijacked."""
    handle = vif.made(world, operation, vif.request(world, operation, authKey=None))
    for exchange, item in _answers(world, handle):
        key = item.get("authKey")
        contract.check(
            "virtual_interfaces.auth-key-generated",
            isinstance(key, str) and 6 <= len(key) <= 80,
            f"authKey is {'absent' if key is None else f'of {len(str(key))} characters'}",
            exchange,
            where="/authKey",
        )


@pytest.mark.rule("virtual_interfaces.name-maximum")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_name_that_is_too_long_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """Users cannot find a resource with a truncated name."""
    variants = [{"virtualInterfaceName": world.name().ljust(length, "x")} for length in (101, 255)]
    rule = "virtual_interfaces.name-maximum"
    _each_is_refused(contract, world, operation, rule, "/virtualInterfaceName", variants)


@pytest.mark.rule("virtual_interfaces.maximum-per-connection")
@pytest.mark.parametrize("operation", [TRANSIT, vif.ALLOCATORS[2]], ids=str)
def test_a_connection_carries_few_transit_interfaces(contract: Contract, world: World, operation: Maker) -> None:
    """A plan that only the emulator accepts fails in the middle of a migration."""
    base = vif.request(world, operation)
    _fill(world, operation, base, range(MOST_TRANSIT))
    exchange = vif.ask(world, operation, vif.another(base, operation, MOST_TRANSIT))
    what = f"transit virtual interface number {MOST_TRANSIT + 1}"
    contract.refused("virtual_interfaces.maximum-per-connection", exchange, what, where="/transit")


@pytest.mark.rule("virtual_interfaces.maximum-per-connection")
@pytest.mark.parametrize("operation", CREATORS[:2], ids=str)
def test_a_connection_carries_no_more_than_51(contract: Contract, world: World, operation: Maker) -> None:
    """The same applies to the total quota: 50 of this type and one transit virtual interface."""
    port = arrange(world, "connection")
    base = vif.request(world, operation, port)
    transit = vif.request(world, TRANSIT, port)
    vif.made(world, TRANSIT, vif.another(transit, TRANSIT, 0))
    _fill(world, operation, base, range(1, MOST))
    exchange = vif.ask(world, operation, vif.another(base, operation, MOST))
    what = f"virtual interface number {MOST + 1}"
    contract.refused("virtual_interfaces.maximum-per-connection", exchange, what, where="/all")


def _each_is_refused(
    contract: Contract, world: World, operation: Maker, rule: str, where: str, variants: list[dict[str, Any]]
) -> None:
    base = vif.request(world, operation)
    for number, members in enumerate(variants):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, **members))
        contract.refused(rule, exchange, f"{members}"[:160], where=where)


def _answers(world: World, handle: Handle) -> list[tuple[Exchange, Json]]:
    exchange, item = world.described(handle)
    return [(handle.made, vif.interface_in(handle.made)), (exchange, item)]


def _check_asns(contract: Contract, rule: str, exchange: Exchange, item: Json, asn: int, long: int) -> None:
    for member, wanted in (("asn", asn), ("asnLong", long)):
        found = item.get(member)
        contract.check(rule, found == wanted, f"{member} is {found}, not {wanted}", exchange, where=f"/{member}")


def _fill(world: World, operation: Maker, base: Json, numbers: range) -> None:
    for number in numbers:
        done(vif.ask(world, operation, vif.another(base, operation, number)))
