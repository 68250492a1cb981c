"""Operations that create virtual interfaces, and allocate them to other accounts."""

from typing import Final

from dxcontract.reference.core import ids
from dxcontract.reference.core.clock import NEVER
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error
from dxcontract.reference.core.records import (
    GONE,
    Connection,
    DirectConnectGateway,
    Lag,
    VirtualInterface,
    VirtualInterfaceType,
)
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import (
    addresses,
    attachments,
    gateways,
    peers,
    pools,
    ports,
    tags,
    virtual_gateways,
    virtual_interfaces,
)
from dxcontract.reference.operations.addresses import INTERFACE
from dxcontract.reference.operations.ports import Port
from dxcontract.spec.model import Json

MTUS: Final = (1500, 8500)
# 9001 was the jumbo MTU of private virtual interfaces until 2024; the current model has 8500 for all.
EVER_DOCUMENTED_MTUS: Final = (1500, 8500, 9001)
MAXIMUM_TRANSIT: Final = 4
MAXIMUM: Final = 51


def check_mtu(call: Call, mtu: int, rule_id: str) -> None:
    """Raises ServiceError when an MTU is none that Direct Connect has."""
    if mtu in EVER_DOCUMENTED_MTUS:
        allowed = MTUS if call.rules.holds("virtual_interfaces.mtu-jumbo") else (1500,)
        if mtu not in allowed:
            raise client_error("mtu must be 1500 or 8500.")
    else:
        call.rules.refuse_unless(rule_id, False, "mtu must be 1500 or 8500.")


def check_name(name: str) -> None:
    """Raise ServiceError if a name is empty. Sources contradict each other about the allowed characters."""
    if not name:
        raise client_error("virtualInterfaceName must not be empty.")


def _port(call: Call, port_id: str) -> Port:
    rules = call.rules
    ids.check_port(port_id)
    found = call.store.get(Connection, port_id) or call.store.get(Lag, port_id)
    if found is not None and found.state in GONE and found.owner == call.account:
        rules.refuse_unless("virtual_interfaces.parent-deleted", False, f"{port_id} is {found.state}.")
        return found
    port = ports.own(call, port_id)
    state = ports.state(call.world, port)
    if state == "ordering":
        rules.refuse_unless(
            "virtual_interfaces.parent-unconfirmed", False, "The specified Connection ID is not available"
        )
    elif isinstance(port, Connection) and state == "requested":
        rules.refuse_unless(
            "virtual_interfaces.parent-requested", False, "The specified Connection ID is not available"
        )
    elif isinstance(port, Connection) and state not in ("available", "down"):
        # The port must be available. Public threads contradict each other about `down`, so it is allowed.
        raise client_error("The specified Connection ID is not available")
    if isinstance(port, Lag):
        if not rules.holds("virtual_interfaces.on-lag"):
            raise client_error(f"{port.id} is a LAG.")
        rules.refuse_unless(
            "lags.partner-interfaces",
            not port.allows_hosted_connections,
            f"{port.id} hosts connections; its virtual interfaces are made on those.",
        )
    elif port.kind == "interconnect":
        raise client_error(f"{port.id} is an interconnect; its virtual interfaces are made on hosted connections.")
    return port


def _check_vlan(call: Call, port: Port, vlan: int) -> None:
    rules = call.rules
    rules.refuse_unless("virtual_interfaces.vlan-range", 1 <= vlan <= 4094, "vlan must be from 1 to 4094.")
    if not rules.holds("virtual_interfaces.vlan-bounds") and vlan in (1, 4094):
        raise client_error("vlan must be from 2 to 4093.")
    living = ports.interfaces(call.world, port.id)
    if isinstance(port, Connection) and port.kind == "hosted":
        rules.refuse_unless(
            "hosted_connections.one-interface", not living, f"{port.id} carries a virtual interface already."
        )
        if not rules.holds("hosted_connections.interface-accepted"):
            raise client_error(f"{port.id} cannot carry a virtual interface.")
        fits = vlan == port.vlan
        rules.refuse_unless("hosted_connections.interface-vlan", fits, f"{port.id} has the VLAN {port.vlan}.")
    else:  # a hosted connection has one VLAN, and the rule about its one interface is about that
        rules.refuse_unless(
            "virtual_interfaces.vlan-unique",
            all(one.vlan != vlan for one in living),
            f"VLAN {vlan} is already in use on {port.id}.",
        )
    if not rules.holds("virtual_interfaces.vlan-per-connection"):
        mine = call.store.find(VirtualInterface, "owner", call.account, call.region)
        if any(one.vlan == vlan and one.state not in GONE for one in mine):
            raise client_error(f"VLAN {vlan} is already in use.")


def _check_room(call: Call, port: Port, kind: str) -> None:
    living = ports.interfaces(call.world, port.id)
    call.rules.refuse_unless(
        "virtual_interfaces.maximum-per-connection", len(living) < MAXIMUM, f"{port.id} carries {MAXIMUM} already."
    )
    if kind == "transit":
        call.rules.refuse_unless(
            "virtual_interfaces.maximum-per-connection",
            sum(one.type == "transit" for one in living) < MAXIMUM_TRANSIT,
            f"{port.id} carries {MAXIMUM_TRANSIT} transit virtual interfaces already.",
        )


def _gateways(call: Call, kind: str, new: Json) -> tuple[str, DirectConnectGateway | None]:
    """The virtual private gateway (or an empty string) and the Direct Connect gateway that a request names."""
    rules = call.rules
    direct = new.get("directConnectGatewayId") or None
    virtual = (new.get("virtualGatewayId") or None) if kind == "private" else None
    if kind == "transit":
        rules.refuse_unless(
            "virtual_interfaces.transit-gateway-needed", direct is not None, "directConnectGatewayId is missing."
        )
    else:
        rules.refuse_unless(
            "virtual_interfaces.gateway-one-of-two",
            direct is not None or virtual is not None,
            "Give virtualGatewayId or directConnectGatewayId.",
        )
        rules.refuse_unless(
            "virtual_interfaces.gateway-one-of-two",
            direct is None or virtual is None,
            "Give virtualGatewayId or directConnectGatewayId, not both.",
        )
    return resolve_gateways(call, virtual, direct)


def resolve_gateways(call: Call, virtual: str | None, direct: str | None) -> tuple[str, DirectConnectGateway | None]:
    """The gateways with these ids, if the caller can put a virtual interface on them.

    Raises:
        ServiceError: the caller has no such gateway, or it is not available.
    """
    if virtual is not None:
        virtual_gateways.own(call, virtual, virtual_gateways.VIRTUAL_PRIVATE)
    gateway = gateways.usable(call, direct) if direct is not None else None
    return virtual or "", gateway


def _make(call: Call, request: Json, kind: VirtualInterfaceType, new: Json, owner: str | None) -> Json:
    rules, store = call.rules, call.store
    port = _port(call, request["connectionId"])
    # The structures for transit interfaces have no required members in the model.
    for member in ("virtualInterfaceName", "vlan"):
        if member not in new:
            raise client_error(f"{member} is missing.")
    name = new["virtualInterfaceName"]
    check_name(name)
    rules.refuse_unless("virtual_interfaces.name-maximum", len(name) <= 100, "A name has at most 100 characters.")
    _check_vlan(call, port, new["vlan"])
    _check_room(call, port, kind)
    mtu = new.get("mtu", 1500)
    check_mtu(call, mtu, "virtual_interfaces.mtu-values")
    pools.rate_limit(call, port, new.get("rateLimit"))
    virtual, gateway = ("", None) if owner is not None or kind == "public" else _gateways(call, kind, new)
    site_link = bool(new.get("enableSiteLink", False))
    if kind == "private":
        rules.refuse_unless(
            "virtual_interfaces.site-link-where",
            not site_link or gateway is not None,
            "SiteLink needs a Direct Connect gateway.",
        )
    prefixes: tuple[str, ...] = ()
    if kind == "public":
        pools.check_public(new)
        prefixes = addresses.prefixes(call, new.get("routeFilterPrefixes", []))
    interface = store.put(
        VirtualInterface(
            id=call.new_id("dxvif", "virtual_interfaces.id-form"),
            serial=store.next_serial(),
            owner=owner or call.account,
            region=call.region,
            state="confirming" if owner is not None else initial_state(kind),
            due=call.clock.next_step()
            if owner is None or not rules.holds("virtual_interfaces.allocated-waits")
            else NEVER,
            type=kind,
            name=name,
            parent_id=port.id,
            location=port.location,
            vlan=new["vlan"],
            mtu=mtu,
            virtual_gateway_id=virtual,
            direct_connect_gateway_id=gateway.id if gateway is not None else "",
            route_filter_prefixes=prefixes,
            site_link=site_link and rules.holds("virtual_interfaces.site-link"),
            rate_limit=new.get("rateLimit"),
            prefix_pool_ipv4=_pool(call, port, kind, new, "ipv4"),
            prefix_pool_ipv6=_pool(call, port, kind, new, "ipv6"),
            allocated_by=call.account if owner is not None else None,
            tags=tags.on_creation(
                call,
                new.get("tags"),
                "virtual_interfaces.tags-on-create" if owner is None else "virtual_interfaces.tags-on-allocate",
            ),
        )
    )
    peers.add(call, interface, new, INTERFACE, confirmed=owner is None)
    if gateway is not None:
        rule = "attachments.by-creation"
        attachments.attach(call, interface, gateway, rule)
    if kind == "public" and not rules.holds("attachments.none-for-public"):
        for any_gateway in store.find(DirectConnectGateway, "owner", interface.owner, "")[:1]:
            attachments.attach(call, interface, any_gateway, "attachments.by-creation")
    return virtual_interfaces.view(call, interface)


def initial_state(kind: str) -> str:
    """The state of a virtual interface that is made, or confirmed, by its owner."""
    return "verifying" if kind == "public" else "pending"


def _pool(call: Call, port: Port, kind: str, new: Json, family: str) -> int | None:
    if kind == "public":
        return None
    member = "prefixPoolAllocatedCountIpv4" if family == "ipv4" else "prefixPoolAllocatedCountIpv6"
    wanted = new.get(member, pools.DEFAULT_PREFIXES)
    kept = call.rules.holds("virtual_interfaces.prefix-pool-echo")
    return pools.prefixes(call, port, wanted, family) if kept else pools.DEFAULT_PREFIXES


def _owner(request: Json) -> str:
    ids.check_account(request["ownerAccount"])
    return str(request["ownerAccount"])


@operation("CreatePrivateVirtualInterface")
def create_private_virtual_interface(call: Call, request: Json) -> Json:
    """Make a private virtual interface: `pending` at first."""
    return _make(call, request, "private", request["newPrivateVirtualInterface"], None)


@operation("CreatePublicVirtualInterface")
def create_public_virtual_interface(call: Call, request: Json) -> Json:
    """Make a public virtual interface: `verifying` at first."""
    return _make(call, request, "public", request["newPublicVirtualInterface"], None)


@operation("CreateTransitVirtualInterface")
def create_transit_virtual_interface(call: Call, request: Json) -> Json:
    """Make a transit virtual interface: `pending` at first."""
    return {"virtualInterface": _make(call, request, "transit", request["newTransitVirtualInterface"], None)}


@operation("AllocatePrivateVirtualInterface")
def allocate_private_virtual_interface(call: Call, request: Json) -> Json:
    """Make a private virtual interface for another account: `confirming` until it decides."""
    return _make(call, request, "private", request["newPrivateVirtualInterfaceAllocation"], _owner(request))


@operation("AllocatePublicVirtualInterface")
def allocate_public_virtual_interface(call: Call, request: Json) -> Json:
    """Make a public virtual interface for another account: `confirming` until it decides."""
    return _make(call, request, "public", request["newPublicVirtualInterfaceAllocation"], _owner(request))


@operation("AllocateTransitVirtualInterface")
def allocate_transit_virtual_interface(call: Call, request: Json) -> Json:
    """Make a transit virtual interface for another account.

    `confirming`, as in the published example; `requested`, as the text has it, is no state.
    """
    new = request["newTransitVirtualInterfaceAllocation"]
    return {"virtualInterface": _make(call, request, "transit", new, _owner(request))}
