"""Routes of a virtual interface: learned and advertised routes, and their filters."""

import ipaddress
from typing import Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from strategies.resources.routes import learned, routes
from strategies.valid_requests import Scene, arrange, done, least
from strategies.world import Handle, World

DIRECTIONS: Final = ("accepted", "advertised")
FAMILIES: Final = ("ipv4", "ipv6")


@pytest.mark.rule("routes.interface-echo", "routes.answer-members", "routes.family-of-cidr")
def test_routes_say_what_they_are(contract: Contract, world: World) -> None:
    """Users read these members to find a missing prefix."""
    interface = _both_families(world)
    exchange, found = learned(world, interface, _in_both_families, "routes of both families")
    contract.check(
        "routes.interface-echo",
        exchange.body.get("virtualInterfaceId") == interface.id,
        f"virtualInterfaceId is {exchange.body.get('virtualInterfaceId')}, asked about was {interface.id}",
        exchange,
    )
    for route in found:
        for member in ("cidr", "routeDirection", "addressFamily"):
            contract.check(
                "routes.answer-members",
                bool(route.get(member)),
                f"{member} is {route.get(member)!r}",
                exchange,
                where=f"/routes/*/{member}",
            )
        contract.check(
            "routes.family-of-cidr",
            route.get("addressFamily") == _family(route.get("cidr")),
            f"addressFamily is {route.get('addressFamily')}, and cidr {route.get('cidr')}",
            exchange,
        )


@pytest.mark.rule("routes.filter-direction")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_filter_for_a_direction(contract: Contract, world: World, direction: str) -> None:
    """In an outage the first question is whether a prefix was received or advertised."""
    _filters(contract, world, arrange(world, "virtual-interface"), "routeDirection", direction, "direction")


@pytest.mark.rule("routes.filter-family")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_filter_for_a_family(contract: Contract, world: World, family: str) -> None:
    """The two families have separate limits, so users count them separately."""
    _filters(contract, world, _both_families(world), "addressFamily", family, "family")


@pytest.mark.rule("routes.filter-cidrs")
def test_the_filter_for_cidrs(contract: Contract, world: World) -> None:
    """Users look for one route among a thousand."""
    interface = arrange(world, "virtual-interface")
    everything, found = learned(world, interface, bool, "routes")
    wanted = str(found[0].get("cidr"))
    exchange, kept = routes(world, interface, {"cidrs": [wanted]})
    equal = [route for route in found if route.get("cidr") == wanted]
    contract.check(
        "routes.filter-cidrs",
        all(_overlaps(route.get("cidr"), wanted) for route in kept),
        f"answered were {_named(kept)}, asked for was {wanted}",
        everything,
        exchange,
        basis=kept,
        where="outside",
    )
    contract.check(
        "routes.filter-cidrs",
        set(_named(equal)) <= set(_named(kept)),
        f"answered were {_named(kept)}, and not all of {_named(equal)}",
        everything,
        exchange,
        where="missing",
        basis=equal,
    )


@pytest.mark.rule("routes.filter-path")
@pytest.mark.parametrize(
    ("member", "pointer"),
    [
        pytest.param("asPath", "/asPath/*/path/*", id="as-path"),
        pytest.param("communities", "/communities/*", id="communities"),
    ],
)
def test_the_filter_for_a_path(contract: Contract, world: World, member: str, pointer: str) -> None:
    """Communities and AS numbers control the traffic, and users look for the routes that they affect."""
    interface = arrange(world, "virtual-interface")

    def has_some(found: list[Json]) -> bool:
        return any(at(route, f"{pointer}") for route in found)

    everything, found = learned(world, interface, has_some, f"routes with {member}")
    wanted = next(value for route in found for value in _values(route, pointer))
    exchange, kept = routes(world, interface, {member: [wanted]})
    contract.check(
        "routes.filter-path",
        all(wanted in _values(route, pointer) for route in kept),
        f"answered were {_named(kept)}, of which not all have {wanted} in {member}",
        everything,
        exchange,
        basis=kept,
        where=f"/{member}",
    )


@pytest.mark.rule("routes.directions-partition")
def test_both_directions_are_all(contract: Contract, world: World) -> None:
    """A client that queries each direction, as the reference advises, would miss a route without one."""
    interface = arrange(world, "virtual-interface")
    halves = [learned(world, interface, bool, f"{one} routes", {"routeDirection": one}) for one in DIRECTIONS]
    everything, found = routes(world, interface)
    together = {name for _, kept in halves for name in _named(kept)}
    contract.check(
        "routes.directions-partition",
        together == set(_named(found)),
        f"accepted and advertised are {sorted(together)}, all are {_named(found)}",
        *(exchange for exchange, _ in halves),
        everything,
    )


def _filters(contract: Contract, world: World, interface: Handle, member: str, value: str, what: str) -> None:
    """Checks that with `value` for `member` in the filters all routes with it are returned and no others."""

    def has_both(found: list[Json]) -> bool:
        return any(route.get(member) == value for route in found) and any(route.get(member) != value for route in found)

    everything, found = learned(world, interface, has_both, f"routes of and not of {value}")
    exchange, kept = routes(world, interface, {member: value})
    others = [route for route in kept if route.get(member) != value]
    lost = set(_named([route for route in found if route.get(member) == value])) - set(_named(kept))
    for where, wrong in (("others", _named(others)), ("lost", sorted(lost))):
        message = f"with the {what} {value} in the filters, {where}: {wrong}"
        contract.check(f"routes.filter-{what}", not wrong, message, everything, exchange, where=where)


def _both_families(world: World) -> Handle:
    """A virtual interface with a BGP peer of each family."""
    interface = arrange(world, "virtual-interface")
    scene = Scene(world, world.spec.operation("CreateBGPPeer"), taken={"/virtualInterfaceId": interface})
    done(world.call("CreateBGPPeer", least(scene)))
    return interface


def _in_both_families(found: list[Json]) -> bool:
    return {_family(route.get("cidr")) for route in found} >= set(FAMILIES)


def _named(found: list[Json]) -> list[tuple[str, str]]:
    return sorted((str(route.get("cidr")), str(route.get("routeDirection"))) for route in found)


def _values(route: Json, pointer: str) -> list[object]:
    return at(route, pointer)


def _family(cidr: object) -> str | None:
    try:
        return f"ipv{ipaddress.ip_network(str(cidr)).version}"
    except ValueError:
        return None


def _overlaps(cidr: object, block: str) -> bool:
    """Whether a route and a block of the filter share an address."""
    if _family(cidr) is None or _family(cidr) != _family(block):
        return False
    one, other = ipaddress.ip_network(str(cidr)), ipaddress.ip_network(block)
    return int(one.network_address) <= int(other.broadcast_address) and int(other.network_address) <= int(
        one.broadcast_address
    )
