"""Virtual interfaces: the gateway of private and transit interfaces, and SiteLink."""

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import some_virtual_private_gateway
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import PRIVATE, PUBLIC, TRANSIT, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

BEHIND_GATEWAYS = (PRIVATE, TRANSIT)


@pytest.mark.rule("virtual_interfaces.gateway-echo")
@pytest.mark.parametrize("operation", BEHIND_GATEWAYS, ids=str)
def test_it_names_its_direct_connect_gateway(contract: Contract, world: World, operation: Maker) -> None:
    """Only this member tells whose routes a virtual interface carries."""
    gateway = arrange(world, "direct-connect-gateway")
    handle = vif.made(world, operation, vif.request(world, operation, directConnectGatewayId=gateway))
    _check_gateway(contract, world, handle, "directConnectGatewayId", gateway.id)


@pytest.mark.rule("virtual_interfaces.gateway-echo")
def test_it_names_its_virtual_private_gateway(contract: Contract, world: World) -> None:
    """The same applies to the gateway of a single VPC."""
    gateway = some_virtual_private_gateway(world)
    handle = vif.made(world, PRIVATE, _behind(world, virtual=gateway))
    _check_gateway(contract, world, handle, "virtualGatewayId", gateway)


@pytest.mark.rule("virtual_interfaces.gateway-one-of-two")
def test_a_private_interface_needs_a_gateway(contract: Contract, world: World) -> None:
    """Without a gateway it reaches nothing, and none can be added later."""
    exchange = vif.ask(world, PRIVATE, vif.request(world, PRIVATE, directConnectGatewayId=None))
    contract.refused("virtual_interfaces.gateway-one-of-two", exchange, "no gateway", where="/neither")


@pytest.mark.rule("virtual_interfaces.gateway-one-of-two")
def test_a_private_interface_has_no_two_gateways(contract: Contract, world: World) -> None:
    """With two gateways in the request, the intended one is unclear."""
    gateway = some_virtual_private_gateway(world)
    exchange = vif.ask(world, PRIVATE, vif.request(world, PRIVATE, virtualGatewayId=gateway))
    contract.refused("virtual_interfaces.gateway-one-of-two", exchange, "two gateways", where="/both")


@pytest.mark.rule("virtual_interfaces.transit-gateway-needed")
def test_a_transit_interface_needs_a_gateway(contract: Contract, world: World) -> None:
    """Only a Direct Connect gateway gives access to transit gateways."""
    exchange = vif.ask(world, TRANSIT, vif.request(world, TRANSIT, directConnectGatewayId=None))
    contract.refused("virtual_interfaces.transit-gateway-needed", exchange, "no Direct Connect gateway")


@pytest.mark.rule("virtual_interfaces.amazon-asn-of-gateway")
@pytest.mark.parametrize("operation", BEHIND_GATEWAYS, ids=str)
@pytest.mark.parametrize("asn", [64999, 4200000017], ids="asn-{}".format)
def test_the_other_side_has_the_asn_of_the_gateway(
    contract: Contract, world: World, operation: Maker, asn: int
) -> None:
    """The router of the customer refuses a session with any other ASN than the configured one."""
    gateway = arrange(world, "direct-connect-gateway", members={"amazonSideAsn": asn})
    handle = vif.made(world, operation, vif.request(world, operation, directConnectGatewayId=gateway))
    for exchange, item in _answers(world, handle):
        found = item.get("amazonSideAsn")
        contract.check(
            "virtual_interfaces.amazon-asn-of-gateway",
            found == asn,
            f"amazonSideAsn is {found}, that of the gateway is {asn}",
            exchange,
            where="/amazonSideAsn",
        )


@pytest.mark.rule("virtual_interfaces.site-link")
@pytest.mark.parametrize("operation", BEHIND_GATEWAYS, ids=str)
@pytest.mark.parametrize("wanted", [True, False], ids=["on", "off"])
def test_site_link_is_as_asked_for(contract: Contract, world: World, operation: Maker, wanted: bool) -> None:
    """SiteLink is billed by the hour, and connects sites that may have to stay separate."""
    handle = vif.made(world, operation, vif.request(world, operation, enableSiteLink=wanted))
    for exchange, item in _answers(world, handle):
        _check_site_link(contract, "virtual_interfaces.site-link", exchange, item, wanted)


@pytest.mark.rule("virtual_interfaces.site-link-update")
@pytest.mark.parametrize("operation", BEHIND_GATEWAYS, ids=str)
def test_site_link_can_be_switched(contract: Contract, world: World, operation: Maker) -> None:
    """Users connect and separate sites without a new virtual interface."""
    handle = vif.made(world, operation, vif.request(world, operation), settle=True)
    for wanted in (True, False):
        params = {"virtualInterfaceId": handle, "enableSiteLink": wanted}
        exchange = world.call("UpdateVirtualInterfaceAttributes", params)
        if not contract.accepted("virtual_interfaces.site-link-update", exchange, f"enableSiteLink {wanted}"):
            return
        on = (lambda seen: _site_link(seen)) if wanted else (lambda seen: not _site_link(seen))
        described, item = world.described(handle, on)
        if not _check_site_link(contract, "virtual_interfaces.site-link-update", described, item, wanted):
            return


@pytest.mark.rule("virtual_interfaces.site-link-where")
def test_there_is_no_site_link_for_public_interfaces(contract: Contract, world: World) -> None:
    """Public interfaces carry Internet traffic, not traffic between sites of the customer."""
    handle = vif.made(world, PUBLIC, vif.request(world, PUBLIC))
    params = {"virtualInterfaceId": handle, "enableSiteLink": True}
    exchange = world.call("UpdateVirtualInterfaceAttributes", params)
    contract.refused("virtual_interfaces.site-link-where", exchange, "SiteLink on a public interface", where="/public")


@pytest.mark.rule("virtual_interfaces.site-link-where")
def test_there_is_no_site_link_on_a_virtual_private_gateway(contract: Contract, world: World) -> None:
    """SiteLink connects the virtual interfaces of one Direct Connect gateway."""
    params = _behind(world, virtual=some_virtual_private_gateway(world))
    exchange = vif.ask(world, PRIVATE, vif.another(params, PRIVATE, 1, enableSiteLink=True))
    what = "SiteLink on a virtual private gateway"
    contract.refused("virtual_interfaces.site-link-where", exchange, what, where="/virtualGatewayId")
    handle = vif.made(world, PRIVATE, vif.another(params, PRIVATE, 2), settle=True)
    change = {"virtualInterfaceId": handle, "enableSiteLink": True}
    exchange = world.call("UpdateVirtualInterfaceAttributes", change)
    contract.refused("virtual_interfaces.site-link-where", exchange, what, handle.made, where="/virtualGatewayId")


def _behind(world: World, *, virtual: str) -> Json:
    return vif.request(world, PRIVATE, directConnectGatewayId=None, virtualGatewayId=virtual)


def _answers(world: World, handle: Handle) -> list[tuple[Exchange, Json]]:
    exchange, item = world.described(handle)
    return [(handle.made, vif.interface_in(handle.made)), (done(exchange), item)]


def _check_gateway(contract: Contract, world: World, handle: Handle, member: str, wanted: str) -> None:
    for exchange, item in _answers(world, handle):
        found = item.get(member)
        message = f"{member} is {found!r}, not {wanted!r}"
        contract.check("virtual_interfaces.gateway-echo", found == wanted, message, exchange, where=f"/{member}")


def _site_link(item: Json) -> bool:
    return item.get("siteLinkEnabled") is True


def _check_site_link(contract: Contract, rule: str, exchange: Exchange, item: Json, wanted: bool) -> bool:
    found = item.get("siteLinkEnabled")
    ok = found is wanted or (found is None and not wanted)
    message = f"siteLinkEnabled is {found}, not {wanted}"
    return contract.check(rule, ok, message, exchange, where="/siteLinkEnabled")
