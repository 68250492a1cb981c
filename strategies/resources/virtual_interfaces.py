"""Virtual interfaces: the operations that create them, by type, and their possible peer addresses."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Final, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.polling import poll
from strategies.valid_requests import Scene, done, least, merged
from strategies.world import AccountId, Handle, World

Kind = Literal["private", "public", "transit"]

PUBLIC_BLOCK: Final = IPv4Network("175.45.176.0/22")
"""The block of the public peer addresses of `specs/values.json`, which uses the first pair."""

_FIRST_VLAN: Final = 100


@dataclass(frozen=True)
class Maker:
    """An operation that creates virtual interfaces of one type, for the caller or, if it allocates, for another
    account."""

    operation: str
    kind: Kind
    allocates: bool

    @property
    def structure(self) -> str:
        """The member of the request that describes the new virtual interface."""
        return f"new{self.kind.capitalize()}VirtualInterface{'Allocation' if self.allocates else ''}"

    def __str__(self) -> str:
        return self.operation


def _maker(kind: Kind, allocates: bool) -> Maker:
    return Maker(f"{'Allocate' if allocates else 'Create'}{kind.capitalize()}VirtualInterface", kind, allocates)


KINDS: Final[tuple[Kind, ...]] = ("private", "public", "transit")
CREATORS: Final = tuple(_maker(kind, False) for kind in KINDS)
ALLOCATORS: Final = tuple(_maker(kind, True) for kind in KINDS)
MAKERS: Final = CREATORS + ALLOCATORS
PRIVATE, PUBLIC, TRANSIT = CREATORS


def request(world: World, maker: Maker, port: Handle | None = None, /, *, role: Role = "owner", **members: Any) -> Json:
    """The smallest valid request for a virtual interface on `port` (a new connection by default).

    `members` are those of the new virtual interface; None removes a member.

    Raises:
        Unsupported, Indeterminate: the target does not allow a resource that the request needs.
    """
    scene = Scene(world, world.spec.operation(maker.operation), role, {} if port is None else {"/connectionId": port})
    return changed(least(scene), maker, **members)


def changed(params: Json, maker: Maker, /, **members: Any) -> Json:
    """The request with other members of the new virtual interface."""
    return merged(params, {maker.structure: members})


def another(params: Json, maker: Maker, number: int, /, **members: Any) -> Json:
    """The request for another virtual interface on the same port, with its own VLAN and public addresses."""
    own: Json = {"vlan": _FIRST_VLAN + number}
    if maker.kind == "public":
        own["amazonAddress"], own["customerAddress"] = public_pair(number)
    return changed(params, maker, **{**own, **members})


def public_pair(number: int) -> tuple[str, str]:
    """The two usable addresses of a public /30, the Amazon address first."""
    base = PUBLIC_BLOCK.network_address + 4 * number
    return f"{base + 1}/30", f"{base + 2}/30"


def ask(world: World, maker: Maker, params: Json, *, role: Role = "owner") -> Exchange:
    """Sends the request; the world owns what it creates and deletes it."""
    exchange = world.call(maker.operation, params, role=role)
    world.adopt("virtual-interface", maker.operation, exchange, params, role)
    return exchange


def made(world: World, maker: Maker, params: Json, *, settle: bool = False) -> Handle:
    """Creates a virtual interface that a test needs; with `settle`, waits until it no longer changes by itself.

    The verification of a public one may take days, which counts as settled (terraform-provider-aws,
    public_virtual_interface.go).

    Raises:
        Unsupported, Indeterminate: the target does not allow it.
    """
    slow = maker.allocates or maker.kind == "public"
    handle = world.make("virtual-interface", params, operation=maker.operation, settle=settle and not slow)
    if settle and maker.allocates:
        state = poll(lambda: world.state(handle), lambda seen: seen not in (None, "approving"))
        if state != "confirming":
            raise Indeterminate(f"an allocated virtual interface does not wait for its owner: it is {state}")
    elif settle and slow:
        world.settle(handle, "verifying", *handle.resource.ready)
    return handle


def interface_in(exchange: Exchange) -> Json:
    """The virtual interface in a response; for transit interfaces and new BGP peers it is one level down."""
    inner = exchange.body.get("virtualInterface")
    return inner if isinstance(inner, dict) else exchange.body


def confirmation(world: World, kind: Kind, interface: Handle, *, role: Role = "other") -> tuple[str, Json]:
    """The operation that confirms virtual interfaces of this type, and its smallest valid request."""
    operation = f"Confirm{kind.capitalize()}VirtualInterface"
    scene = Scene(world, world.spec.operation(operation), role, {"/virtualInterfaceId": interface})
    return operation, least(scene)


def told(world: World, handle: Handle) -> list[tuple[Exchange, Json]]:
    """A virtual interface in the response to its creation, and in its current description for the owner."""
    return [(handle.made, interface_in(handle.made)), world.described(handle)]


def told_with_peer(world: World, maker: Maker, handle: Handle) -> list[tuple[Exchange, Json]]:
    """The complete descriptions of a virtual interface and its BGP peer.

    Before its confirmation an allocated one may have no addresses and another Amazon-side ASN
    (hashicorp/terraform-provider-aws#44208), so it is confirmed first.

    Raises:
        Unsupported, Indeterminate: the virtual interface could not be confirmed.
    """
    if not maker.allocates:
        return told(world, handle)
    poll(lambda: world.state(handle), lambda seen: seen not in (None, "approving"))
    operation, params = confirmation(world, maker.kind, handle)
    done(world.call(operation, params, role="other"))
    return [world.described(handle, _has_addresses, slowly=True)]


def _has_addresses(item: Json) -> bool:
    return bool(item.get("amazonAddress") and item.get("customerAddress"))


def stateless(item: Json | None) -> Json | None:
    """The description of a virtual interface without its states and those of its peers."""
    if item is None:
        return None
    kept = {key: value for key, value in item.items() if key not in ("virtualInterfaceState", "bgpPeers")}
    peers = item.get("bgpPeers")
    if isinstance(peers, list):
        kept["bgpPeers"] = [
            {key: value for key, value in peer.items() if key not in ("bgpPeerState", "bgpStatus")}
            for peer in peers
            if isinstance(peer, dict)
        ]
    return kept


def pairs(kind: Kind) -> SearchStrategy[tuple[str, str]]:
    """Two IPv4 peer addresses in one subnet, the Amazon address first: public, or private from 10.0.0.0/8."""
    if kind == "public":
        return st.integers(0, 250).map(public_pair)
    networks = st.tuples(st.integers(0, 2**16 - 1), st.integers(24, 30))
    return networks.map(lambda drawn: _private_pair(*drawn))


def _private_pair(number: int, length: int) -> tuple[str, str]:
    base = IPv4Network("10.0.0.0/8").network_address + 256 * number
    return f"{base + 1}/{length}", f"{base + 2}/{length}"


def owner_of(maker: Maker) -> AccountId:
    """The account that owns a new virtual interface of these requests."""
    return AccountId("other" if maker.allocates else "owner")
