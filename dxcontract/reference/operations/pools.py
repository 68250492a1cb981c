"""Shared resources of the virtual interfaces on a port: rate limiters and inbound prefixes."""

from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError, client_error
from dxcontract.reference.core.records import Connection, Lag, VirtualInterface
from dxcontract.reference.operations import bandwidths, ports
from dxcontract.spec.model import Json

DEFAULT_PREFIXES: Final = 100
MAXIMUM_PREFIXES: Final = 1000
# No size is documented; 51 virtual interfaces with the default fit.
POOL_SIZE: Final = 5100
RATE_LIMITERS: Final = 10


def members(call: Call, port: Connection | Lag) -> Json:
    """The members of a connection or a LAG that tell what is left. Hosts of connections and hosted ones have none."""
    hosts = port.allows_hosted_connections if isinstance(port, Lag) else port.kind != "dedicated"
    hosts = hosts and call.rules.holds("virtual_interfaces.prefix-pool-where")
    if hosts:
        return {}
    on_it = ports.interfaces(call.world, port.id)
    limits = [one.rate_limit for one in on_it if one.rate_limit is not None]
    if not call.rules.holds("virtual_interfaces.rate-limiter-counted"):
        limits = []
    off = 0 if call.rules.holds("virtual_interfaces.prefix-pool-balance") else 1
    return {
        "rateLimiterStatus": {
            "maxAllowed": RATE_LIMITERS,
            "inUse": len(limits),
            "remaining": max(RATE_LIMITERS - len(limits), 0),
            "totalBandwidth": bandwidths.spelled(sum(bandwidths.megabits(one) or 0 for one in limits)),
        },
        "prefixPoolSizeIpv4": POOL_SIZE,
        "prefixPoolSizeIpv6": POOL_SIZE,
        "prefixPoolUnallocatedCountIpv4": max(POOL_SIZE - sum(one.prefix_pool_ipv4 or 0 for one in on_it), 0) + off,
        "prefixPoolUnallocatedCountIpv6": max(POOL_SIZE - sum(one.prefix_pool_ipv6 or 0 for one in on_it), 0) + off,
    }


def rate_limit(call: Call, port: Connection | Lag, wanted: str | None, but: VirtualInterface | None = None) -> None:
    """Check the rate limit of a virtual interface (which is `but` when it exists already).

    Raises:
        ServiceError: it is none, is more than the port has, or no rate limiter is left.
    """
    if wanted is None:
        return
    rules = call.rules
    rules.refuse_unless(
        "virtual_interfaces.rate-limit-known",
        wanted in bandwidths.RATE_LIMITS,
        f"{wanted[:100]} is no rate limit.",
    )
    each = bandwidths.megabits(port.bandwidth) or 0
    whole = each * max(len(ports.members(call.world, port.id)), 1) if isinstance(port, Lag) else each
    rules.refuse_unless(
        "virtual_interfaces.rate-limit-parent",
        (bandwidths.megabits(wanted) or 0) <= whole,
        f"{port.id} has less than {wanted[:100]}.",
    )
    others = [one for one in ports.interfaces(call.world, port.id) if but is None or one.id != but.id]
    if sum(one.rate_limit is not None for one in others) >= RATE_LIMITERS:
        raise ServiceError("LimitExceededException", f"{port.id} has no rate limiter left.")


def prefixes(call: Call, port: Connection | Lag, wanted: int, family: str, but: VirtualInterface | None = None) -> int:
    """Check how many inbound prefixes of a family a virtual interface (`but` when it exists already) gets.

    Raises:
        ServiceError: it may not have so many, or the pool of the port has not so many left.
    """
    call.rules.refuse_unless(
        "virtual_interfaces.prefix-pool-maximum",
        wanted <= MAXIMUM_PREFIXES,
        f"A virtual interface has at most {MAXIMUM_PREFIXES} inbound prefixes of a family.",
    )
    others = [one for one in ports.interfaces(call.world, port.id) if but is None or one.id != but.id]
    used = sum((one.prefix_pool_ipv4 if family == "ipv4" else one.prefix_pool_ipv6) or 0 for one in others)
    call.rules.refuse_unless(
        "virtual_interfaces.prefix-pool-limit",
        wanted + used <= POOL_SIZE or wanted <= DEFAULT_PREFIXES,
        f"The prefix pool of {port.id} has fewer than {wanted} left.",
    )
    return wanted


def check_public(request: Json) -> None:
    """Raises ServiceError when inbound prefixes are asked for on a public virtual interface."""
    if "prefixPoolAllocatedCountIpv4" in request or "prefixPoolAllocatedCountIpv6" in request:
        raise client_error("Inbound prefixes are not allocated to public virtual interfaces.")
