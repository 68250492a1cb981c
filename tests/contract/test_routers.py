"""Router configurations: the instructions for the router of the customer."""

from typing import Any, Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.wire.exchange import Exchange
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

# The identifier that the model and hashicorp/terraform-provider-aws#26432 give as an example.
ROUTER: Final = "CiscoSystemsInc-2900SeriesRouters-IOS124"


@pytest.mark.rule("routers.interface-echo")
@pytest.mark.parametrize("request_has", ["a-router", "no-router"])
def test_a_configuration_names_its_interface(contract: Contract, world: World, request_has: str) -> None:
    """A configuration in the wrong router causes an outage."""
    interface = arrange(world, "virtual-interface")
    exchange = done(_asked(world, interface, **({"routerTypeIdentifier": ROUTER} if request_has == "a-router" else {})))
    _, item = world.described(interface)
    for member in ("virtualInterfaceId", "virtualInterfaceName"):
        contract.check(
            "routers.interface-echo",
            exchange.body.get(member) == item.get(member),
            f"{member} is {exchange.body.get(member)!r}, that of the virtual interface {item.get(member)!r}",
            interface.made,
            exchange,
            where=f"/{member}",
        )


@pytest.mark.rule("routers.config-present", "routers.router-members", "routers.identifier-echo")
def test_a_configuration_is_for_the_router_that_was_named(contract: Contract, world: World) -> None:
    """Configurations differ between vendors."""
    interface = arrange(world, "virtual-interface")
    exchange = done(_asked(world, interface, routerTypeIdentifier=ROUTER))
    text, router = exchange.body.get("customerRouterConfig"), exchange.body.get("router")
    contract.check(
        "routers.config-present",
        isinstance(text, str) and bool(text.strip()),
        "there is no text in customerRouterConfig",
        exchange,
    )
    described = router if isinstance(router, dict) else {}
    for member in ("vendor", "platform", "software", "routerTypeIdentifier"):
        contract.check(
            "routers.router-members",
            bool(described.get(member)),
            f"{member} is {described.get(member)!r}",
            exchange,
            where=f"/router/{member}",
        )
    identifier = described.get("routerTypeIdentifier")
    contract.check(
        "routers.identifier-echo",
        identifier in (None, ROUTER),
        f"routerTypeIdentifier is {identifier!r}, asked for was {ROUTER!r}",
        exchange,
    )


@pytest.mark.rule("routers.identifier-unknown")
def test_an_unknown_router_is_refused(contract: Contract, world: World) -> None:
    """Users would apply a configuration for another router."""
    interface = arrange(world, "virtual-interface")
    exchange = _asked(world, interface, routerTypeIdentifier="NobodyInc-0SeriesRouters-None1")
    contract.refused("routers.identifier-unknown", exchange, "a router that does not exist")


def _asked(world: World, interface: Handle, **more: Any) -> Exchange:
    return world.call("DescribeRouterConfiguration", {"virtualInterfaceId": interface, **more})
