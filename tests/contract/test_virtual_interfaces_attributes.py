"""Virtual interfaces: MTU, rate limit and inbound prefixes at creation and in updates."""

from collections.abc import Mapping
from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.observation import shows, unordered
from strategies.pagination import whole_list
from strategies.polling import poll
from strategies.resources import virtual_interfaces as vif
from strategies.resources.virtual_interfaces import CREATORS, MAKERS, PRIVATE, TRANSIT, Maker
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

UPDATE = "UpdateVirtualInterfaceAttributes"
BEHIND_GATEWAYS = (PRIVATE, TRANSIT)
WITH_MTU = [one for one in MAKERS if one.kind != "public"]
JUMBO = (8500, 9001)
NO_MTUS = (0, 1, 1499, 1501, 8499, 8501, 9000, 9002, 65535)
POOLS = ("prefixPoolAllocatedCountIpv4", "prefixPoolAllocatedCountIpv6")
MOST_PREFIXES, MOST_ON_A_PORT = 1000, 12
CHANGES: Mapping[str, Json] = {
    "name": {"virtualInterfaceName": ""},
    "site-link": {"enableSiteLink": True},
    "rate-limit": {"rateLimit": "100Mbps"},
    "prefix-pool": {POOLS[0]: 120},
}
SHOWN_AS = {"enableSiteLink": "siteLinkEnabled"}


@pytest.mark.rule("virtual_interfaces.mtu-default")
@pytest.mark.parametrize("operation", WITH_MTU, ids=str)
def test_the_mtu_is_1500_unless_asked_for(contract: Contract, world: World, operation: Maker) -> None:
    """A switch without support for jumbo frames drops them."""
    for exchange, item in _answers(world, vif.made(world, operation, vif.request(world, operation, mtu=None))):
        _check(contract, "mtu-default", exchange, item, "mtu", 1500)


@pytest.mark.rule("virtual_interfaces.mtu-values")
@pytest.mark.parametrize("operation", WITH_MTU, ids=str)
def test_an_mtu_that_does_not_exist_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """Any other MTU is a typing error that causes packet loss."""
    base = vif.request(world, operation)
    for number, mtu in enumerate(NO_MTUS):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, mtu=mtu))
        contract.refused("virtual_interfaces.mtu-values", exchange, f"an MTU of {mtu}", where="/mtu")


@pytest.mark.rule("virtual_interfaces.mtu-values")
@pytest.mark.parametrize("kind", BEHIND_GATEWAYS, ids=lambda one: one.kind)
def test_nor_can_it_be_set_later(contract: Contract, world: World, kind: Maker) -> None:
    """The same applies to a virtual interface that already carries traffic."""
    handle = vif.made(world, kind, vif.request(world, kind), settle=True)
    for mtu in NO_MTUS:
        exchange = world.call(UPDATE, {"virtualInterfaceId": handle, "mtu": mtu})
        contract.refused("virtual_interfaces.mtu-values", exchange, f"an MTU of {mtu}", where="/mtu")


@pytest.mark.rule("virtual_interfaces.mtu-jumbo")
@pytest.mark.parametrize("operation", WITH_MTU, ids=str)
def test_jumbo_frames_can_be_had(contract: Contract, world: World, operation: Maker) -> None:
    """Backup traffic uses jumbo frames. The sources disagree whether they have 8500 or 9001 bytes."""
    port = arrange(world, "connection")
    _, connection = world.described(port)
    if not connection.get("jumboFrameCapable"):
        raise Indeterminate("the connection is not capable of jumbo frames")
    base = vif.request(world, operation, port)
    accepted = 0
    for number, mtu in enumerate(JUMBO):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, mtu=mtu))
        if exchange.succeeded:
            accepted += 1
            _check(contract, "mtu-jumbo", exchange, vif.interface_in(exchange), "mtu", mtu)
    message = f"none of the MTUs {JUMBO} is accepted"
    contract.check("virtual_interfaces.mtu-jumbo", accepted > 0, message, exchange, where="/accepted")


@pytest.mark.rule("virtual_interfaces.mtu-update")
@pytest.mark.parametrize("kind", BEHIND_GATEWAYS, ids=lambda one: one.kind)
def test_an_mtu_that_is_accepted_comes_into_force(contract: Contract, world: World, kind: Maker) -> None:
    """Both ends must use the same MTU, and only this end can be queried."""
    handle = vif.made(world, kind, vif.request(world, kind), settle=True)
    accepted = []
    for mtu in (*JUMBO, 1500):
        exchange = world.call(UPDATE, {"virtualInterfaceId": handle, "mtu": mtu})
        if exchange.succeeded:
            accepted.append(mtu)
            if not _check_described(contract, "mtu-update", world, handle, "mtu", mtu):
                return
    if accepted in ([], [1500]):
        raise Indeterminate("no jumbo MTU is accepted")


@pytest.mark.rule("virtual_interfaces.update-name")
@pytest.mark.parametrize("kind", CREATORS, ids=lambda one: one.kind)
def test_it_can_be_renamed(contract: Contract, world: World, kind: Maker) -> None:
    """Users identify a virtual interface among fifty by its name."""
    handle = vif.made(world, kind, vif.request(world, kind))
    wanted = world.name()
    exchange = done(world.call(UPDATE, {"virtualInterfaceId": handle, "virtualInterfaceName": wanted}))
    _check(contract, "update-name", exchange, exchange.body, "virtualInterfaceName", wanted)
    _check_described(contract, "update-name", world, handle, "virtualInterfaceName", wanted)


@pytest.mark.rule("virtual_interfaces.update-preserves")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("kind", BEHIND_GATEWAYS, ids=lambda one: one.kind)
def test_an_update_leaves_the_rest_alone(contract: Contract, world: World, kind: Maker, change: Json) -> None:
    """A user who renames a virtual interface does not expect its VLAN to change."""
    handle = vif.made(world, kind, vif.request(world, kind), settle=True)
    _, before = world.described(handle)
    wanted = {name: world.name() if name == "virtualInterfaceName" else value for name, value in change.items()}
    done(world.call(UPDATE, {"virtualInterfaceId": handle, **wanted}))
    changed = {SHOWN_AS.get(name, name) for name in wanted}
    asides = changed | {"bgpPeers"}  # sessions may be set up anew

    def lasting(item: Json) -> Json:
        shown = unordered(vif.stateless(item))
        return {name: value for name, value in shown.items() if name not in asides}

    exchange, after = world.described(handle, lambda seen: lasting(seen) == lasting(before))
    old, new = lasting(before), lasting(after)
    for member in sorted(old.keys() | new.keys()):
        contract.check(
            "virtual_interfaces.update-preserves",
            old.get(member) == new.get(member),
            f"{member} was {old.get(member)!r} and is {new.get(member)!r} after {sorted(changed)} was changed",
            exchange,
            where=f"/{member}",
            operation=UPDATE,
            basis=old.get(member),
        )


@pytest.mark.rule("virtual_interfaces.rate-limit-echo", "virtual_interfaces.rate-limiter-counted")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_rate_limit_is_kept_and_counted(contract: Contract, world: World, operation: Maker) -> None:
    """The limit prevents one customer from using the whole capacity of a shared port."""
    port = arrange(world, "connection")
    _, before = world.described(port)
    handle = vif.made(world, operation, vif.request(world, operation, port, rateLimit="200Mbps"))
    for answer, item in _answers(world, handle):
        _check(contract, "rate-limit-echo", answer, item, "rateLimit", "200Mbps")
    was = before.get("rateLimiterStatus", {}).get("inUse")
    exchange, after = world.described(
        port, lambda seen: was is not None and seen.get("rateLimiterStatus", {}).get("inUse") == was + 1
    )
    counts = [one.get("rateLimiterStatus", {}).get("inUse") for one in (before, after)]
    if None in counts:
        raise Indeterminate("the connection does not tell how many rate limiters are in use")
    contract.check(
        "virtual_interfaces.rate-limiter-counted",
        counts[1] == counts[0] + 1,
        f"{counts[0]} rate limiters were in use before and {counts[1]} after one more was asked for",
        handle.made,
        exchange,
        where="/rateLimiterStatus/inUse",
        operation=operation.operation,
    )


@pytest.mark.rule("virtual_interfaces.rate-limit-known", "virtual_interfaces.rate-limit-parent")
@pytest.mark.parametrize("operation", MAKERS, ids=str)
def test_a_rate_limit_that_cannot_be_is_refused(contract: Contract, world: World, operation: Maker) -> None:
    """Users notice a limit that is not applied only when the port is congested."""
    port = arrange(world, "connection", members={"bandwidth": "1Gbps"})
    base = vif.request(world, operation, port)
    for number, (rule, limit) in enumerate(_wrong_limits()):
        exchange = vif.ask(world, operation, vif.another(base, operation, number, rateLimit=limit))
        contract.refused(f"virtual_interfaces.{rule}", exchange, f"a rate limit of {limit}", where="/rateLimit")


@pytest.mark.rule(
    "virtual_interfaces.rate-limit-known",
    "virtual_interfaces.rate-limit-parent",
    "virtual_interfaces.rate-limit-update",
)
@pytest.mark.parametrize(("parent", "member"), [("connection", "bandwidth"), ("lag", "connectionsBandwidth")])
@pytest.mark.parametrize("kind", CREATORS, ids=lambda one: one.kind)
def test_a_rate_limit_can_be_set_later(contract: Contract, world: World, kind: Maker, parent: str, member: str) -> None:
    """A customer changes its bandwidth without a new virtual interface."""
    port = arrange(world, parent, members={member: "1Gbps"})
    handle = vif.made(world, kind, vif.request(world, kind, port))
    for rule, limit in _wrong_limits():
        exchange = world.call(UPDATE, {"virtualInterfaceId": handle, "rateLimit": limit})
        contract.refused(f"virtual_interfaces.{rule}", exchange, f"a rate limit of {limit}", where="/rateLimit")
    for limit in ("300Mbps", "1Gbps", "50Mbps"):
        exchange = world.call(UPDATE, {"virtualInterfaceId": handle, "rateLimit": limit})
        accepted = contract.accepted("virtual_interfaces.rate-limit-update", exchange, f"a rate limit of {limit}")
        if not (accepted and _check_described(contract, "rate-limit-update", world, handle, "rateLimit", limit)):
            return


@pytest.mark.rule("virtual_interfaces.prefix-pool-echo")
@pytest.mark.parametrize("operation", BEHIND_GATEWAYS, ids=str)
def test_inbound_prefixes_are_allocated_as_asked_for(contract: Contract, world: World, operation: Maker) -> None:
    """More prefixes than allocated take the whole session down."""
    asked: Json = dict(zip(POOLS, (130, 40), strict=True))
    handle = vif.made(world, operation, vif.request(world, operation, **asked))
    for exchange, item in _answers(world, handle):
        for member, wanted in asked.items():
            _check(contract, "prefix-pool-echo", exchange, item, member, wanted)


@pytest.mark.rule("virtual_interfaces.prefix-pool-update")
@pytest.mark.parametrize("member", POOLS)
@pytest.mark.parametrize("kind", BEHIND_GATEWAYS, ids=lambda one: one.kind)
def test_the_allocation_of_prefixes_can_be_changed(contract: Contract, world: World, kind: Maker, member: str) -> None:
    """Networks grow."""
    handle = vif.made(world, kind, vif.request(world, kind), settle=True)
    for wanted in (150, 60):
        done(world.call(UPDATE, {"virtualInterfaceId": handle, member: wanted}))
        if not _check_described(contract, "prefix-pool-update", world, handle, member, wanted):
            return


@pytest.mark.rule("virtual_interfaces.prefix-pool-maximum")
@pytest.mark.parametrize("member", POOLS)
@pytest.mark.parametrize("operation", BEHIND_GATEWAYS, ids=str)
def test_there_is_a_most_of_prefixes(contract: Contract, world: World, operation: Maker, member: str) -> None:
    """The service must not allocate more prefixes than the routers can store."""
    params = vif.request(world, operation)
    exchange = vif.ask(world, operation, vif.another(params, operation, 1, **{member: 1001}))
    contract.refused("virtual_interfaces.prefix-pool-maximum", exchange, f"{member} 1001", where=f"/{member}")
    handle = vif.made(world, operation, vif.another(params, operation, 2), settle=True)
    exchange = world.call(UPDATE, {"virtualInterfaceId": handle, member: 1001})
    contract.refused("virtual_interfaces.prefix-pool-maximum", exchange, f"{member} 1001", where=f"/{member}")


@pytest.mark.rule("virtual_interfaces.prefix-pool-balance")
@pytest.mark.parametrize("port_kind", ["connection", "lag"])
def test_the_pool_of_prefixes_adds_up(contract: Contract, world: World, port_kind: str) -> None:
    """Users plan the next virtual interface with the unallocated number."""
    port = arrange(world, port_kind)
    for number, maker in enumerate(BEHIND_GATEWAYS):
        asked: Json = dict(zip(POOLS, (200, 30), strict=True))
        vif.made(world, maker, vif.another(vif.request(world, maker, port), maker, number, **asked))
    _, on_it = whole_list(world, "DescribeVirtualInterfaces", {"connectionId": port}, "virtualInterfaces")
    exchange, item = world.described(port)
    shown = item
    for member, family in zip(POOLS, ("Ipv4", "Ipv6"), strict=True):
        size, left = shown.get(f"prefixPoolSize{family}"), shown.get(f"prefixPoolUnallocatedCount{family}")
        if size is None or left is None:
            raise Indeterminate(f"the {port_kind} does not show its prefix pool")
        allocated = sum(int(one.get(member) or 0) for one in on_it)
        contract.check(
            "virtual_interfaces.prefix-pool-balance",
            left == size - allocated,
            f"of {size} prefixes {allocated} are allocated, and {left} are said to be left",
            exchange,
            where=f"/prefixPoolUnallocatedCount{family}",
        )


@pytest.mark.rule("virtual_interfaces.prefix-pool-limit")
@pytest.mark.parametrize(("member", "family"), list(zip(POOLS, ("Ipv4", "Ipv6"), strict=True)), ids=["ipv4", "ipv6"])
def test_no_more_prefixes_are_allocated_than_are_left(
    contract: Contract, world: World, member: str, family: str
) -> None:
    """The virtual interfaces of a port share memory in its routers, and too many prefixes end sessions."""
    port, maker = arrange(world, "connection"), BEHIND_GATEWAYS[0]
    base = vif.request(world, maker, port)
    for number in range(MOST_ON_A_PORT):
        _, item = world.described(port)
        left = item.get(f"prefixPoolUnallocatedCount{family}")
        if left is None:
            raise Indeterminate("the connection does not show its prefix pool")
        if left < MOST_PREFIXES:
            params = vif.another(base, maker, number, **{member: left + 1})
            exchange = vif.ask(world, maker, params)
            what = f"{left + 1} prefixes where {left} are left"
            contract.refused("virtual_interfaces.prefix-pool-limit", exchange, what, where=f"/{member}")
            return
        vif.made(world, maker, vif.another(base, maker, number, **{member: MOST_PREFIXES}))
    raise Indeterminate(f"{MOST_ON_A_PORT} allocations of {MOST_PREFIXES} prefixes have not used up the pool")


@pytest.mark.rule("virtual_interfaces.prefix-pool-where")
def test_a_hosted_connection_has_no_pool(contract: Contract, world: World) -> None:
    """The port belongs to the partner, so a customer must not plan with its pool."""
    exchange, item = world.described(arrange(world, "hosted-connection"))
    shown = _pool(item)
    message, dedicated = f"a hosted connection shows {shown}", _pool(world.described(arrange(world, "connection"))[1])
    contract.check("virtual_interfaces.prefix-pool-where", not shown, message, exchange, basis=dedicated)


@pytest.mark.rule("virtual_interfaces.deleted-final")
@pytest.mark.parametrize("operation", [UPDATE, "DeleteVirtualInterface", "CreateBGPPeer"])
def test_nothing_can_be_done_with_a_deleted_one(contract: Contract, world: World, operation: str) -> None:
    """A success without an effect would be noticed too late."""
    handle = arrange(world, "virtual-interface")
    deleted = done(world.delete(handle))
    _, seen = poll(lambda: world.observe(handle), lambda one: _state(one.item) in (None, "deleted"))
    if _state(seen) not in (None, "deleted"):
        raise Indeterminate(f"the virtual interface is still {_state(seen)}")
    more: dict[str, Any] = {
        UPDATE: {"virtualInterfaceName": world.name()},
        "CreateBGPPeer": {"newBGPPeer": {"asn": 65000, "addressFamily": "ipv6"}},
    }
    exchange = world.call(operation, {"virtualInterfaceId": handle, **more.get(operation, {})})
    contract.refused("virtual_interfaces.deleted-final", exchange, "a deleted virtual interface", deleted)


def _wrong_limits() -> list[tuple[str, str]]:
    """Rate limits that do not exist, and one above the 1 Gbps of the connection."""
    return [("rate-limit-known", "42Mbps"), ("rate-limit-known", "fast"), ("rate-limit-parent", "2Gbps")]


def _answers(world: World, handle: Handle) -> list[tuple[Exchange, Json]]:
    exchange, item = world.described(handle)
    return [(handle.made, vif.interface_in(handle.made)), (exchange, item)]


def _check(
    contract: Contract,
    rule: str,
    exchange: Exchange,
    item: Json,
    member: str,
    wanted: Any,
    *,
    operation: str | None = None,
) -> bool:
    ok, message = item.get(member) == wanted, f"{member} is {item.get(member)!r}, not {wanted!r}"
    name = f"virtual_interfaces.{rule}"
    return contract.check(name, ok, message, exchange, where=f"/{member}", operation=operation)


def _check_described(contract: Contract, rule: str, world: World, handle: Handle, member: str, wanted: Any) -> bool:
    """Checks that a change is described, at once or soon."""
    exchange, item = world.described(handle, shows(**{member: wanted}), slowly=True)
    return _check(contract, rule, exchange, item, member, wanted, operation=UPDATE)


def _pool(item: Json) -> list[str]:
    return sorted(name for name in item if name.startswith("prefixPool"))


def _state(item: Json | None) -> str | None:
    return None if item is None else str(item.get("virtualInterfaceState"))
