"""Hosted connections: the ports for them, and their preparation for a test."""

from collections.abc import Mapping
from typing import Any

from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.pagination import visible
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World


def port(world: World, kind: str) -> Handle:
    """An interconnect or a LAG of the partner that can host connections."""
    return arrange(world, kind, role="partner")


def allocated(world: World, parent: Handle, vlan: int, members: Mapping[str, Any] | None = None) -> Handle:
    """A hosted connection of the owner on `parent`, in state ordering."""
    return arrange(
        world,
        "hosted-connection",
        shared={"/connectionId": parent},
        members={"vlan": vlan, **(members or {})},
        settle=False,
    )


def confirmed(world: World, parent: Handle, vlan: int) -> Handle:
    """An available hosted connection of the owner on `parent`.

    Raises:
        Indeterminate: it was not confirmed, or did not become available in time.
    """
    handle = allocated(world, parent, vlan)
    done(world.call("ConfirmConnection", {"connectionId": handle}))
    world.settle(handle, "available")
    return handle


def carried(world: World, parent: Handle) -> tuple[Exchange, dict[str, Json]]:
    """The hosted connections on `parent` as described to the partner: the exchange, and the items by id."""
    params = {"connectionId": parent}
    exchange, items = visible(world, "DescribeHostedConnections", params, "connections", role="partner")
    return exchange, {str(item.get("connectionId")): item for item in items}


def provided(world: World, parent: Handle, hosted: Handle) -> tuple[Exchange, Json]:
    """A hosted connection on `parent` as described to the partner.

    Raises:
        Indeterminate: the partner cannot see the connection.
    """
    exchange, items = carried(world, parent)
    if hosted.id not in items:
        raise Indeterminate(f"{exchange.operation} was answered {exchange.told()}, without the hosted connection")
    return exchange, items[hosted.id]


def private_interface(world: World, connection: Handle, vlan: int, new: Mapping[str, Any] | None = None) -> Handle:
    """A private virtual interface of the connection's owner, on a new Direct Connect gateway."""
    return arrange(
        world,
        "virtual-interface",
        role=connection.role,
        shared={"/connectionId": connection},
        members={"newPrivateVirtualInterface": {"vlan": vlan, **(new or {})}},
    )
