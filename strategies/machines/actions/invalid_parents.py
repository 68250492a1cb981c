"""Virtual interfaces on invalid parents: ports and gateways that are not ready, or of another kind or account."""

from strategies.machines.actions.registry import action
from strategies.machines.actions.virtual_interfaces import VLANS, alive, carries, new_interface, port_settled, ports
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing
from strategies.machines.steps import Step

RULES = (
    "access.gateway-foreign-use",
    "lags.partner-interfaces",
    "virtual_interfaces.associate-target-owner",
    "virtual_interfaces.gateway-one-of-two",
    "virtual_interfaces.parent-unconfirmed",
)


@action("CreatePublicVirtualInterface", ready=lambda model: model.of("hosted-connection", life="waiting"))
def create_on_unconfirmed(m: MachineContext) -> None:
    """Checks that an unconfirmed hosted connection cannot have a virtual interface."""
    port = m.one_of(m.model.of("hosted-connection", life="waiting"))
    new = new_interface(m, port, "public", port.facts["vlan"], None)
    step = Step("CreatePublicVirtualInterface", {"connectionId": port, "newPublicVirtualInterface": new})
    m.refuse("virtual_interfaces.parent-unconfirmed", step, "a virtual interface on an unconfirmed connection")


def _strangers(model: Model) -> list[tuple[Thing, Thing]]:
    """Pairs of a port and a gateway of another account."""
    gateways = model.of("direct-connect-gateway")
    return [(port, one) for port in ports(model) for one in gateways if one.owner != port.owner]


@action("CreatePrivateVirtualInterface", ready=_strangers, accounts=("other",))
def create_on_anothers_gateway(m: MachineContext) -> None:
    """Checks that a virtual interface cannot use a gateway of another account."""
    port, gateway = m.one_of(_strangers(m.model))
    if m.model.on(port, "port"):
        return
    port_settled(m, port)
    m.settled(gateway)
    new = new_interface(m, port, "private", port.facts.get("vlan", VLANS[0]), gateway)
    step = Step("CreatePrivateVirtualInterface", {"connectionId": port, "newPrivateVirtualInterface": new}, port.owner)
    m.refuse("access.gateway-foreign-use", step, "a virtual interface is created on another account's gateway")


@action("CreatePrivateVirtualInterface", ready=lambda model: [one for one in ports(model) if not model.on(one, "port")])
def create_on_no_gateway(m: MachineContext) -> None:
    """Checks that a private virtual interface needs a gateway."""
    port = m.one_of([one for one in ports(m.model) if not m.model.on(one, "port")])
    port_settled(m, port)
    new = new_interface(m, port, "private", port.facts.get("vlan", VLANS[0]), None)
    step = Step("CreatePrivateVirtualInterface", {"connectionId": port, "newPrivateVirtualInterface": new}, port.owner)
    m.refuse("virtual_interfaces.gateway-one-of-two", step, "a private virtual interface is created on no gateway")


def _hosting(model: Model) -> list[Thing]:
    return model.of("lag", where=lambda one: one.facts["hosts"] and carries(model, one))


@action("CreatePublicVirtualInterface", ready=_hosting)
def create_on_hosting_lag(m: MachineContext) -> None:
    """Checks that a LAG that hosts connections cannot have a virtual interface itself."""
    lag = m.one_of(_hosting(m.model))
    port_settled(m, lag)
    new = new_interface(m, lag, "public", VLANS[0], None)
    step = Step("CreatePublicVirtualInterface", {"connectionId": lag, "newPublicVirtualInterface": new}, lag.owner)
    m.refuse("lags.partner-interfaces", step, "a virtual interface is made on a LAG that hosts")


def _elsewhere(model: Model) -> list[tuple[Thing, Thing]]:
    """Pairs of a virtual interface and a free port of an unrelated account."""
    free = model.of("connection", where=lambda one: "lag" not in one.links and not model.on(one, "port"))
    return [(thing, port) for thing in alive(model) for port in free if port.owner not in thing.parties]


@action("AssociateVirtualInterface", ready=_elsewhere, accounts=("other",))
def move_to_anothers_port(m: MachineContext) -> None:
    """Checks that a virtual interface can move only to a port of the account that moves it."""
    thing, port = m.one_of(_elsewhere(m.model))
    old = thing.links["port"]
    step = Step("AssociateVirtualInterface", {"virtualInterfaceId": thing, "connectionId": port}, old.owner)
    m.refuse("virtual_interfaces.associate-target-owner", step, "a virtual interface moves to another account's port")


@action("AssociateVirtualInterface", ready=_elsewhere, accounts=("other",))
def fetch_anothers_interface(m: MachineContext) -> None:
    """Checks that an account cannot move a virtual interface of another account to its own port."""
    thing, port = m.one_of(_elsewhere(m.model))
    step = Step("AssociateVirtualInterface", {"virtualInterfaceId": thing, "connectionId": port}, port.owner)
    m.refuse("virtual_interfaces.associate-requester", step, "a virtual interface is fetched by another account")


@action(
    "ConfirmPrivateVirtualInterface",
    ready=lambda model: model.of("virtual-interface", life="waiting"),
    accounts=("other",),
)
def confirm_for_another(m: MachineContext) -> None:
    """Checks that the account that allocates a virtual interface cannot confirm it."""
    thing = m.one_of(m.model.of("virtual-interface", life="waiting"))
    port = thing.links["port"]
    gateways = m.model.of("direct-connect-gateway", where=lambda one: one.owner == port.owner)
    params = {"virtualInterfaceId": thing}
    if thing.facts["kind"] != "public":
        if not gateways:
            return
        params["directConnectGatewayId"] = m.one_of(gateways)
    step = Step(f"Confirm{thing.facts['kind'].capitalize()}VirtualInterface", params, port.owner)
    m.refuse("virtual_interfaces.confirm-owner-only", step, "a virtual interface is confirmed by who provides it")
