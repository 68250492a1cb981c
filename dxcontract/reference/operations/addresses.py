"""The two addresses of a BGP peer: validation and default values."""

import random
import secrets
import string
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_interface, ip_network
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error
from dxcontract.spec.model import Json

_LINK_LOCAL: Final = IPv4Network("169.254.0.0/16")
_PUBLIC_POOL: Final = IPv4Network("198.18.0.0/15")
# The block that documentation uses for IPv6; published examples of Direct Connect show addresses from it.
_IPV6_POOL: Final = IPv6Network("2001:db8::/32")
_PRIVATE: Final = tuple(IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"))
_AUTH_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTHS: Final = "The length of a prefix must be from 1 to 32 for IPv4 and from 1 to 64 for IPv6."
_RANDOM: Final = random.SystemRandom()


@dataclass(frozen=True)
class Wording:
    """Under which rules the parameters of a peer are checked: those of virtual interfaces, or of BGP peers."""

    auth_key_shorter: str
    auth_key_longer: str
    asn_minimum: str
    asn_long_range: str
    custom_ipv6: str


INTERFACE: Final = Wording(
    auth_key_shorter="virtual_interfaces.auth-key-length",
    auth_key_longer="virtual_interfaces.auth-key-length",
    asn_minimum="virtual_interfaces.asn-minimum",
    asn_long_range="virtual_interfaces.asn-long-range",
    custom_ipv6="virtual_interfaces.addresses-custom-ipv6",
)
PEER: Final = Wording(
    auth_key_shorter="bgp_peers.auth-key-length",
    auth_key_longer="bgp_peers.auth-key-length",
    asn_minimum="bgp_peers.asn-range",
    asn_long_range="bgp_peers.asn-range",
    custom_ipv6="bgp_peers.addresses-custom-ipv6",
)


def auth_key(call: Call, wanted: str | None, what: Wording) -> str:
    """The BGP key asked for, or a new one.

    Raises:
        ServiceError: it is too short or too long.
    """
    if wanted is None:
        return f"0x{''.join(secrets.choice(_AUTH_ALPHABET) for _ in range(22))}"
    rules = call.rules
    rules.refuse_unless(what.auth_key_shorter, len(wanted) >= 6, "authKey must have at least 6 characters.")
    rules.refuse_unless(what.auth_key_longer, len(wanted) <= 80, "authKey must have at most 80 characters.")
    return wanted


def asn(call: Call, request: Json, what: Wording) -> int:
    """The ASN of a request: asnLong wins when both are given.

    Raises:
        ServiceError: there is none, or it is out of range.
    """
    rules = call.rules
    if "asnLong" in request and ("asn" not in request or rules.holds("virtual_interfaces.asn-long-wins")):
        value: int = request["asnLong"]
        rules.refuse_unless(what.asn_long_range, 1 <= value <= 4_294_967_294, "asnLong must be from 1 to 4294967294.")
        return value
    rules.refuse_unless("virtual_interfaces.asn-needed", "asn" in request, "Give asn or asnLong.")
    value = request.get("asn", 65000)
    message = f"BGP ASN {value} must have value greater than or equal to 1"
    rules.refuse_unless("virtual_interfaces.asn-minimum", value != 0, message)
    rules.refuse_unless(what.asn_minimum, value >= 0, message)
    # The model says up to 2147483646, the guide 2147483647: the larger is taken.
    rules.refuse_unless("virtual_interfaces.asn-maximum", value <= 2_147_483_647, "asn is too large; use asnLong.")
    return value


def pair(call: Call, request: Json, kind: str, what: Wording) -> tuple[str, str]:
    """The Amazon and the customer address for a peer of a virtual interface of this kind.

    Raises:
        ServiceError: the addresses asked for are not allowed.
    """
    amazon, customer = request.get("amazonAddress"), request.get("customerAddress")
    rules = call.rules
    if request.get("addressFamily", "ipv4") == "ipv6":
        given = [one for one in (amazon, customer) if one is not None]
        message = "IPv6 addresses are assigned by Amazon; leave amazonAddress and customerAddress out."
        if any(isinstance(_address(call, one, "Peer"), IPv4Interface) for one in given):
            rules.refuse_unless("virtual_interfaces.family-mismatch", False, message)
        elif given:
            rules.refuse_unless(what.custom_ipv6, False, message)
        assigned = _assigned(_IPV6_POOL, 125)
        return amazon or assigned[0], customer or assigned[1]
    if amazon is None or customer is None:
        if amazon is not None or customer is not None:
            raise client_error("Give both amazonAddress and customerAddress, or neither.")
        return _assigned(_PUBLIC_POOL if kind == "public" else _LINK_LOCAL, 30)
    first, second = _address(call, amazon, "Amazon"), _address(call, customer, "Customer")
    if first is None or second is None:
        return amazon, customer
    rules.refuse_unless(
        "virtual_interfaces.family-mismatch",
        first.version == 4 and second.version == 4,
        "The addresses are not of the family ipv4.",
    )
    if kind == "public":
        _check_public(call, first, second)
    return amazon, customer


def _address(call: Call, text: str, whose: str) -> IPv4Interface | IPv6Interface | None:
    try:
        return ip_interface(text)
    except ValueError:
        call.rules.refuse_unless(
            "virtual_interfaces.addresses-malformed", False, f"{whose} Address {text[:100]} is no IP address."
        )
        return None


def _check_public(call: Call, amazon: IPv4Interface | IPv6Interface, customer: IPv4Interface | IPv6Interface) -> None:
    # The four refusals of AWS that are known by their words.
    rules = call.rules
    rules.refuse_unless(
        "virtual_interfaces.addresses-public",
        not any(amazon.ip in network for network in _PRIVATE),
        "Amazon Address is not allowed to contain a private IP",
    )
    rules.refuse_unless(
        "virtual_interfaces.addresses-same-subnet",
        amazon.network == customer.network,
        "Amazon Address and Customer Address must be in the same CIDR",
    )
    if amazon.network.prefixlen <= 30:
        rules.refuse_unless(
            "virtual_interfaces.addresses-reserved",
            amazon.ip != amazon.network.network_address,
            "Amazon Address is address 0 on its subnet.",
        )
        rules.refuse_unless(
            "virtual_interfaces.addresses-reserved",
            amazon.ip != amazon.network.broadcast_address,
            "Amazon Address is the broadcast address on its subnet.",
        )


def _assigned(pool: IPv4Network | IPv6Network, length: int) -> tuple[str, str]:
    # A /30 of 169.254.0.0/16 or a /125.
    block = _RANDOM.randrange(2 ** (length - pool.prefixlen))
    base = pool.network_address + (block << (pool.max_prefixlen - length))
    return f"{base + 1}/{length}", f"{base + 2}/{length}"


def prefixes(call: Call, wanted: list[Json]) -> tuple[str, ...]:
    """The route filter prefixes of a public virtual interface, checked.

    Several CIDR blocks in one string are taken as several prefixes.

    Raises:
        ServiceError: there are too many, one is no CIDR, or its length is not allowed.
    """
    rules = call.rules
    blocks = [part.strip() for one in wanted for part in one.get("cidr", "").split(",")]
    if not rules.holds("virtual_interfaces.prefix-commas") and len(blocks) > len(wanted):
        return tuple(one.get("cidr", "") for one in wanted)
    rules.refuse_unless("virtual_interfaces.prefix-maximum", len(blocks) <= 1000, "There are more than 1000 prefixes.")
    for block in blocks:
        try:
            network = ip_network(block, strict=False)
        except ValueError:
            version_six = ":" in block
            length = block.rpartition("/")[2]
            if (
                length.isdecimal()
                and int(length) > 32
                and not version_six
                and is_cidr(f"{block.rpartition('/')[0]}/32")
            ):
                rules.refuse_unless("virtual_interfaces.prefix-ipv4-range", False, _LENGTHS)
            elif length.isdecimal() and version_six and is_cidr(f"{block.rpartition('/')[0]}/64"):
                rules.refuse_unless("virtual_interfaces.prefix-ipv6-length", False, _LENGTHS)
            else:
                rules.refuse_unless("virtual_interfaces.prefix-malformed", False, f"{block[:100]!r} is no CIDR block.")
            continue
        rules.refuse_unless("virtual_interfaces.prefix-malformed", "/" in block, f"{block!r} has no length.")
        if not rules.holds("virtual_interfaces.prefix-lengths") and network.prefixlen in (1, 32):
            raise client_error(_LENGTHS)
        if network.version == 4:
            rules.refuse_unless("virtual_interfaces.prefix-ipv4-range", network.prefixlen >= 1, _LENGTHS)
        else:
            rules.refuse_unless("virtual_interfaces.prefix-ipv6-length", 1 <= network.prefixlen <= 64, _LENGTHS)
    return tuple(blocks)


def is_cidr(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 CIDR block."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text
