"""Access between Regions: a Region neither describes nor changes the resources of another Region."""

from typing import Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.pagination import listed, visible
from strategies.valid_requests import Scene, arrange, least
from strategies.world import World

KINDS: Final = ("connection", "interconnect", "lag", "virtual-interface")
DELETE: Final = ("DeleteConnection", "DeleteLag", "DeleteVirtualInterface")
JOIN: Final = (
    "AssociateConnectionWithLag",
    "CreatePrivateVirtualInterface",
    "CreatePublicVirtualInterface",
    "CreateTransitVirtualInterface",
)


@pytest.mark.rule("access.region-hidden")
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_not_described_elsewhere(contract: Contract, world: World, kind: str) -> None:
    """An inventory over all Regions would count the resource twice."""
    handle = arrange(world, kind)
    describe = handle.resource.describe
    assert describe is not None
    assert describe.filter is not None
    elsewhere, here = world.api.target.other_region, world.observe(handle).item
    params = {describe.filter: handle}
    by_id, items = visible(world, describe.operation, params, describe.list, role=handle.role, region=elsewhere)
    named = [item for item in items if item.get(handle.resource.id) == handle.id]
    in_list, item = listed(world, handle, region=elsewhere)
    for where, exchange, seen in (("by-id", by_id, bool(named)), ("in-list", in_list, item is not None)):
        contract.check(
            "access.region-hidden",
            not seen,
            f"a {kind} of {world.api.target.region} is described in {elsewhere} {where}",
            handle.made,
            exchange,
            where=where,
            basis=here,
        )


@pytest.mark.rule("access.region-change")
@pytest.mark.parametrize("operation", DELETE)
def test_it_is_not_deleted_from_elsewhere(contract: Contract, world: World, operation: str) -> None:
    """A clean-up of one Region must not delete resources in another Region."""
    scene = Scene(world, world.spec.operation(operation))
    params = least(scene)
    before = world.seen()
    exchange = _elsewhere(world, operation, params, scene.caller)
    contract.refused("access.region-change", exchange, "from another Region")
    contract.check(
        "access.region-change",
        world.seen_again(before) == before,
        "after the attempt from another Region it is not as it was",
        exchange,
        where="effect",
        basis=before,
    )


@pytest.mark.rule("access.region-parent")
@pytest.mark.parametrize("operation", JOIN)
def test_it_is_not_used_from_elsewhere(contract: Contract, world: World, operation: str) -> None:
    """A port ends in one Region, so a resource on it in another Region could never carry traffic."""
    scene = Scene(world, world.spec.operation(operation))
    params = least(scene)
    exchange = _elsewhere(world, operation, params, scene.caller)
    if operation.startswith("Create"):
        world.adopt("virtual-interface", operation, exchange, params, scene.caller)
    contract.refused("access.region-parent", exchange, "with a connection of another Region")


def _elsewhere(world: World, operation: str, params: Json, role: Role) -> Exchange:
    return world.api.call(operation, world.resolved(params), role=role, region=world.api.target.other_region)
