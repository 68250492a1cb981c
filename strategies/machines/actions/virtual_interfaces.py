"""Virtual interfaces: creation, allocation, confirmation, decline, changes, moves and deletion."""

from typing import Any

from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from strategies.machines.actions.connections import gone, owned
from strategies.machines.actions.registry import action
from strategies.machines.compare import final_checks
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.steps import Step
from strategies.resources.virtual_interfaces import public_pair
from strategies.valid_requests import PUBLIC_PREFIXES
from strategies.world import AccountId

RULES = (
    "attachments.by-confirmation",
    "attachments.by-creation",
    "attachments.ends-with-interface",
    "hosted_connections.interface-vlan",
    "hosted_connections.one-interface",
    "virtual_interfaces.addresses-echo",
    "virtual_interfaces.allocated-waits",
    "virtual_interfaces.associate-address-conflict",
    "virtual_interfaces.associate-between-hosted",
    "virtual_interfaces.associate-hosted-to-lag",
    "virtual_interfaces.amazon-asn-of-gateway",
    "virtual_interfaces.associate-keeps",
    "virtual_interfaces.associate-moves",
    "virtual_interfaces.deleted-listed",
    "virtual_interfaces.associate-vlan-conflict",
    "virtual_interfaces.bgp-peers-listed",
    "virtual_interfaces.confirm-ends-confirming",
    "virtual_interfaces.confirm-kind",
    "virtual_interfaces.confirm-sets-gateway",
    "virtual_interfaces.confirm-wrong-state",
    "virtual_interfaces.decline",
    "virtual_interfaces.deleted-gone",
    "virtual_interfaces.echo",
    "virtual_interfaces.gateway-echo",
    "virtual_interfaces.mtu-default",
    "virtual_interfaces.mtu-update",
    "virtual_interfaces.owner",
    "virtual_interfaces.site-link",
    "virtual_interfaces.site-link-update",
    "virtual_interfaces.type",
    "virtual_interfaces.update-name",
    "virtual_interfaces.update-preserves",
    "virtual_interfaces.vlan-unique",
)
KINDS = ("private", "transit", "public")
VLANS = (100, 200, 300, 400)
KEPT = ("ownerAccount", "virtualInterfaceName", "virtualInterfaceType", "vlan")
MTUS = (1500, 8500)
MOST = 3


def ports(model: Model) -> list[Thing]:
    """The parents of virtual interfaces: a connection in no LAG, or a LAG that hosts no connections."""
    free = model.of("connection", where=lambda one: "lag" not in one.links and one.owner != "partner")
    lags = model.of("lag", where=lambda one: not one.facts["hosts"] and carries(model, one))
    return free + lags + model.of("hosted-connection")


def carries(model: Model, lag: Thing) -> bool:
    """Whether a LAG has its minimum number of links."""
    return len(model.members(lag)) >= max(1, int(lag.facts["minimum"]))


def port_settled(m: MachineContext, port: Thing) -> None:
    """Waits until a port is available."""
    m.settled(*([port] if port.kind != "lag" else m.model.members(port)))


@action("CreatePrivateVirtualInterface", ready=ports)
def create_interface(m: MachineContext) -> None:
    """Creates a virtual interface for the calling account."""
    port = m.one_of(ports(m.model))
    kind = _kind(m, port.owner)
    if kind is not None:
        _make(m, port, kind, port.owner, None)


@action("AllocatePrivateVirtualInterface", ready=ports, accounts=("other",))
def allocate_interface(m: MachineContext) -> None:
    """Allocates a virtual interface for the other account, which has to confirm it."""
    chosen = [one for one in ports(m.model) if one.owner == "owner"]
    if chosen:
        _make(m, m.one_of(chosen), m.one_of(KINDS), "other", "owner")


def _kind(m: MachineContext, role: Role) -> str | None:
    """A type that can be created; every type except public needs a gateway."""
    return m.one_of(KINDS) if m.model.of("direct-connect-gateway", where=lambda g: g.owner == role) else "public"


def _make(m: MachineContext, port: Thing, kind: str, owner: Role, provider: Role | None) -> None:
    allocates = provider is not None
    operation = f"{'Allocate' if allocates else 'Create'}{kind.capitalize()}VirtualInterface"
    structure = f"new{kind.capitalize()}VirtualInterface{'Allocation' if allocates else ''}"
    gateway = None
    if kind != "public" and not allocates:
        gateway = m.one_of(m.model.of("direct-connect-gateway", where=lambda one: one.owner == owner))
    hosted = port.kind == "hosted-connection"
    vlan = port.facts["vlan"] if hosted and not m.chance(5) else m.one_of(VLANS)
    new = new_interface(m, port, kind, vlan, gateway)
    if gateway is not None and m.chance(4):
        new["enableSiteLink"] = True
    # Whether what an allocation is tagged with is seen by the owner, no source says.
    tags = m.few_tags() if not allocates else {}
    new |= {"tags": m.tag_list(tags)} if tags else {}
    params: Json = {"connectionId": port, structure: new}
    if allocates:
        params["ownerAccount"] = AccountId(owner)
    step = Step(operation, params, port.owner)
    if not m.can(operation) or _forbidden(m, step, port, vlan):
        return
    if len(m.model.on(port, "port")) >= MOST or spoiled(m, step):
        return
    port_settled(m, port)
    m.cleared(port)
    if gateway is not None:
        m.settled(gateway)
    thing = m.model.add("virtual-interface", owner, provider=provider, links={"port": port})
    thing.facts |= {"vlan": vlan, "kind": kind, "families": ["ipv4"], "asn": new["asn"]}
    thing.facts["address"] = new["customerAddress"]
    thing.tags = tags
    expect(m, thing, new)
    if allocates:
        thing.life, thing.life_rule = "waiting", "virtual_interfaces.allocated-waits"
    if gateway is not None:
        attach(thing, gateway, "virtual_interfaces.gateway-echo", "attachments.by-creation")
    m.make(thing, step)
    m.look(thing)
    final_checks.inside(m, port)
    if gateway is not None:
        final_checks.inside(m, gateway)


def _forbidden(m: MachineContext, step: Step, port: Thing, vlan: int) -> bool:
    """Whether the model forbids the request; if it does, the request was sent and checked."""
    if port.kind == "hosted-connection" and m.model.on(port, "port"):
        port_settled(m, port)
        m.refuse("hosted_connections.one-interface", step, "a second virtual interface on a hosted connection")
    elif port.kind == "hosted-connection" and vlan != port.facts["vlan"]:
        port_settled(m, port)
        m.refuse("hosted_connections.interface-vlan", step, "another VLAN than that of the hosted connection")
    elif vlan in m.model.vlans(port):
        port_settled(m, port)
        m.refuse("virtual_interfaces.vlan-unique", step, "a VLAN that is taken on this port")
    else:
        return False
    final_checks.inside(m, port)
    return True


def new_interface(m: MachineContext, port: Thing, kind: str, vlan: int, gateway: Thing | None) -> dict[str, Any]:
    """The description of a new virtual interface in a request, with its own addresses."""
    number = m.model.count("addresses")
    if kind == "public":
        amazon, customer = public_pair(number)
    else:
        # Now and then the addresses of another interface, on another port.
        carrier = port.links["port"] if port.kind == "hosted-connection" else port
        if m.chance(8) and "10.0.0.2/30" not in m.model.addresses(carrier):
            number = 0
        amazon, customer = f"10.0.{number}.1/30", f"10.0.{number}.2/30"
    new: dict[str, Any] = {
        "virtualInterfaceName": m.name(),
        "vlan": vlan,
        "asn": m.one_of((65001, 65002)),
        "amazonAddress": amazon,
        "customerAddress": customer,
        "addressFamily": "ipv4",
    }
    if kind == "public":
        new["routeFilterPrefixes"] = [{"cidr": str(PUBLIC_PREFIXES)}]
    if gateway is not None:
        new["directConnectGatewayId"] = gateway
    return new


def expect(m: MachineContext, thing: Thing, new: dict[str, Any]) -> None:
    """Sets the expected description of a new virtual interface."""
    echo = {name: new[name] for name in ("virtualInterfaceName", "vlan", "asn")}
    thing.expect("virtual_interfaces.echo", connectionId=thing.links["port"], **echo)
    addresses = {name: new[name] for name in ("amazonAddress", "customerAddress")}
    thing.expect("virtual_interfaces.addresses-echo", **addresses)
    thing.expect("virtual_interfaces.type", virtualInterfaceType=thing.facts["kind"])
    owned(m, thing, "virtual_interfaces.owner")
    if thing.facts["kind"] != "public":
        thing.expect("virtual_interfaces.mtu-default", mtu=1500)
    if "enableSiteLink" in new:
        thing.expect("virtual_interfaces.site-link", siteLinkEnabled=new["enableSiteLink"])


def attach(thing: Thing, gateway: Thing, named: str, attached: str) -> None:
    """Attaches a virtual interface to a Direct Connect gateway in the model."""
    thing.links["gateway"] = gateway
    thing.expect(named, directConnectGatewayId=gateway)
    thing.expect("virtual_interfaces.amazon-asn-of-gateway", amazonSideAsn=gateway.facts["asn"])
    gateway.facts["virtual-interface_rule"] = attached


def _waiting(model: Model) -> list[Thing]:
    return model.of("virtual-interface", life="waiting")


@action("ConfirmPrivateVirtualInterface", ready=_waiting, accounts=("other",))
def confirm_interface(m: MachineContext) -> None:
    """Confirms an allocated virtual interface as its owner, with the operation for its type or a wrong one."""
    thing = m.one_of(_waiting(m.model))
    kind = thing.facts["kind"] if not m.chance(5) else m.one_of(KINDS)
    params: Json = {"virtualInterfaceId": thing}
    gateways = m.model.of("direct-connect-gateway", where=lambda one: one.owner == "other")
    if kind != "public" and not gateways:
        return
    gateway = m.one_of(gateways) if kind != "public" else None
    if gateway is not None:
        params["directConnectGatewayId"] = gateway
    step = Step(f"Confirm{kind.capitalize()}VirtualInterface", params, "other")
    if not m.can(step.operation):
        return
    if kind != thing.facts["kind"]:
        m.refuse("virtual_interfaces.confirm-kind", step, "a virtual interface is confirmed as of another type")
        return
    if spoiled(m, step):
        return
    if gateway is not None:
        m.settled(gateway)
    m.accept(step)
    thing.life, thing.life_rule = "live", "virtual_interfaces.confirm-ends-confirming"
    if gateway is not None:
        attach(thing, gateway, "virtual_interfaces.confirm-sets-gateway", "attachments.by-confirmation")
    m.look(thing)
    if gateway is not None:
        final_checks.inside(m, gateway)


def alive(model: Model) -> list[Thing]:
    """The virtual interfaces that exist and on which no test runs."""
    return model.of("virtual-interface", where=lambda one: not one.facts.get("testing"))


@action("ConfirmPublicVirtualInterface", ready=alive)
def confirm_again(m: MachineContext) -> None:
    """Checks that a virtual interface that is not in state confirming cannot be confirmed."""
    thing = m.one_of(alive(m.model))
    if thing.facts["kind"] != "public":
        return
    step = Step("ConfirmPublicVirtualInterface", {"virtualInterfaceId": thing}, thing.owner)
    m.refuse("virtual_interfaces.confirm-wrong-state", step, "a virtual interface that waits not is confirmed")


@action("DeleteVirtualInterface", ready=_waiting, accounts=("other",))
def decline_interface(m: MachineContext) -> None:
    """Declines an allocated virtual interface as its owner."""
    thing = m.one_of(_waiting(m.model))
    step = Step("DeleteVirtualInterface", {"virtualInterfaceId": thing}, "other")
    if spoiled(m, step):
        return
    m.accept(step)
    gone(thing, "virtual_interfaces.decline", declined=True)
    m.look(thing, thing.links["port"])
    final_checks.inside(m, thing.links["port"])


def _declined(model: Model) -> list[Thing]:
    return model.of("virtual-interface", life="gone", where=lambda one: one.facts["declined"])


@action("DeleteVirtualInterface", ready=_declined, accounts=("other",))
def delete_declined(m: MachineContext) -> None:
    """Deletes a declined virtual interface, as Terraform does; either result is allowed."""
    thing = m.one_of(_declined(m.model))
    m.send(Step("DeleteVirtualInterface", {"virtualInterfaceId": thing}, "other"))
    thing.facts["declined"] = False
    m.look(thing)


@action("DeleteVirtualInterface", ready=lambda model: model.of("virtual-interface"))
def delete_interface(m: MachineContext) -> None:
    """Deletes a virtual interface with its peers, its attachment and its running test."""
    thing = m.one_of(m.model.of("virtual-interface"))
    step = Step("DeleteVirtualInterface", {"virtualInterfaceId": thing}, thing.owner)
    if spoiled(m, step):
        return
    if not thing.facts.get("testing"):
        m.at_rest(thing)
    m.accept(step)
    gone(thing, "virtual_interfaces.deleted-gone")
    sight = m.observe(thing)
    if sight is not None and sight[0].succeeded:
        what = "a virtual interface that was deleted just now is not listed any more"
        m.contract.check("virtual_interfaces.deleted-listed", sight[1] is not None, what, sight[0])
    if "gateway" in thing.links:
        thing.links["gateway"].facts["virtual-interface_rule"] = "attachments.ends-with-interface"
    m.look(thing, thing.links["port"])
    final_checks.inside(m, thing.links["port"])
    if "gateway" in thing.links:
        final_checks.inside(m, thing.links["gateway"])


@action("UpdateVirtualInterfaceAttributes", ready=alive)
def update_interface(m: MachineContext) -> None:
    """Renames a virtual interface, changes its MTU, or enables or disables SiteLink."""
    thing = m.one_of(alive(m.model))
    params: Json = {"virtualInterfaceId": thing}
    if thing.facts["kind"] != "public" and m.chance():
        params["mtu"] = m.one_of(MTUS)
    elif "gateway" in thing.links and m.chance():
        params["enableSiteLink"] = m.one_of((True, False))
    else:
        params["virtualInterfaceName"] = m.name()
    step = Step("UpdateVirtualInterfaceAttributes", params, thing.owner)
    if spoiled(m, step):
        return
    m.settled(thing)
    before = m.shown(thing)
    m.accept(step)
    if "mtu" in params:
        thing.expect("virtual_interfaces.mtu-update", mtu=params["mtu"])
    elif "enableSiteLink" in params:
        thing.expect("virtual_interfaces.site-link-update", siteLinkEnabled=params["enableSiteLink"])
    else:
        thing.expect("virtual_interfaces.update-name", virtualInterfaceName=params["virtualInterfaceName"])
    m.look(thing)
    m.kept("virtual_interfaces.update-preserves", thing, before, (*params, "siteLinkEnabled"))


def _movable(model: Model) -> list[tuple[Thing, Thing]]:
    found = []
    for thing in alive(model):
        for port in ports(model):
            if port is not thing.links["port"] and port.owner == thing.links["port"].owner:
                found.append((thing, port))
    return found


@action("AssociateVirtualInterface", ready=_movable)
def move_interface(m: MachineContext) -> None:
    """Moves a virtual interface to another port of the account that owns its port."""
    thing, port = m.one_of(_movable(m.model))
    old = thing.links["port"]
    step = Step("AssociateVirtualInterface", {"virtualInterfaceId": thing, "connectionId": port}, port.owner)
    if "hosted-connection" in (old.kind, port.kind):
        if old.kind == "hosted-connection" and port.kind == "lag":
            rule = "virtual_interfaces.associate-hosted-to-lag"
            m.refuse(rule, step, "a virtual interface moves from a hosted connection to a LAG")
        elif old.kind == port.kind:
            rule = "virtual_interfaces.associate-between-hosted"
            m.refuse(rule, step, "a virtual interface moves from one hosted connection to another")
        return  # of other moves from or to hosted connections the sources say too little
    if thing.facts["vlan"] in m.model.vlans(port):
        m.refuse(
            "virtual_interfaces.associate-vlan-conflict", step, "a virtual interface moves to where its VLAN is taken"
        )
        return
    if thing.facts["address"] in m.model.addresses(port):
        rule = "virtual_interfaces.associate-address-conflict"
        m.refuse(rule, step, "a virtual interface moves to where its addresses are taken")
        return
    if len(m.model.on(port, "port")) >= MOST or spoiled(m, step):
        return
    port_settled(m, port)
    m.at_rest(thing)
    m.cleared(port)
    before = m.shown(thing)
    m.fade(thing, port)
    m.accept(step)
    thing.links["port"] = port
    thing.expect("virtual_interfaces.associate-moves", connectionId=port)
    port.facts["virtual-interface_rule"] = old.facts["virtual-interface_rule"] = "virtual_interfaces.associate-moves"
    m.look(thing)
    m.kept("virtual_interfaces.associate-keeps", thing, before, (), *KEPT)
    for one in (old, port):
        final_checks.inside(m, one)
