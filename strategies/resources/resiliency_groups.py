"""Resiliency groups: creating one that is ready, without the use of their list."""

from collections.abc import Mapping
from typing import Any

from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.polling import poll
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World


def group_in(exchange: Exchange) -> Json:
    """The group in a response; empty if there is none."""
    found = exchange.body.get("resiliencyGroup")
    return found if isinstance(found, dict) else {}


def got(world: World, group: Handle) -> Exchange:
    """The GetResiliencyGroup exchange for this group."""
    return done(world.call("GetResiliencyGroup", {"resiliencyGroupId": group}, role=group.role))


def available_group(world: World, members: Mapping[str, Any] | None = None) -> Handle:
    """A new group that is available.

    Raises:
        Indeterminate: the group was not available in time.
    """
    group = arrange(world, "resiliency-group", members=members, settle=False)
    ready = group.resource.ready
    state = poll(lambda: group_in(got(world, group)).get("state"), lambda seen: seen in ready)
    if state not in ready:
        raise Indeterminate(f"a resiliency group did not become available in time; it is {state}")
    return group
