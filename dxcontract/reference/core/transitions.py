"""The automatic state changes of each kind of resource: one step at a time, when due or on request.

Changes that an operation causes are in the module of that operation.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dxcontract.reference.core import records
from dxcontract.reference.core.clock import DAY, MINUTE, NEVER
from dxcontract.reference.core.context import World
from dxcontract.reference.core.store import Record

# Deleted virtual interfaces are shown for 15 minutes. For connections, interconnects and LAGs the
# documents only say "for some time".
DELETED_INTERFACE_SHOWN: Final = 15 * MINUTE
DELETED_PORT_SHOWN: Final = 60 * MINUTE
PROPOSAL_EXPIRES: Final = 7 * DAY
PROPOSAL_SHOWN: Final = 3 * DAY
TEST_SHOWN: Final = 365 * DAY
# How long AWS remembers a client token is documented nowhere.
TOKEN_KEPT: Final = DAY
TEST_IN_PROGRESS: Final = "In progress"
TEST_COMPLETED: Final = "Completed"
TEST_CANCELLED: Final = "Cancelled"

# requested -> pending -> available; ordering and rejected wait for people, available and down for the link.
_PORT: Final = {"requested": "pending", "pending": "available", "deleting": "deleted"}
_INTERFACE: Final = {
    "pending": "available",
    "verifying": "available",
    "testing": "available",
    "deleting": "deleted",
}
_PEER: Final = {"pending": "available", "verifying": "available", "deleting": "deleted"}
_ASSOCIATION: Final = {
    "associating": "associated",
    "updating": "associated",
    "disassociating": "disassociated",
}
_ATTACHMENT: Final = {"attaching": "attached", "detaching": "detached"}


def settle(world: World) -> None:
    """Take every step that is due, and forget what there is too much of."""
    while (resource_id := world.clock.take_due()) is not None:
        record = world.store.any_kind(resource_id)
        if record is not None and record.due <= world.clock.now():
            step(world, record)
    for record in world.store.surplus():
        step(world, record)


def step(world: World, record: Record) -> None:
    """Take one step from the state that `record` is in; nothing when it stays there."""
    if handler := _STEPS.get(type(record)):
        handler(world, record)


def parts(world: World, record: Record) -> list[Record]:
    """What belongs to a record and has a state of its own."""
    store = world.store
    if isinstance(record, records.VirtualInterface) and record.state != "confirming":
        return [*store.find(records.BgpPeer, "vif", record.id), *store.find(records.Attachment, "vif", record.id)]
    if isinstance(record, records.Connection | records.Lag):
        return [*store.find(records.MacSecKey, "connection", record.id)]
    if isinstance(record, records.ResiliencyGroup):
        return [*store.find(records.ResiliencyAssociation, "group", record.id)]
    return []


def entered(world: World, state: str, following: dict[str, str]) -> float:
    """When a state that was entered now is left."""
    return world.clock.next_step() if state in following else NEVER


def _connection(world: World, record: Record) -> None:
    assert isinstance(record, records.Connection)
    if record.state in records.GONE:
        world.store.remove(record)
        return
    state = _PORT.get(record.state, record.state)
    if state == "ordering" and not world.rules.holds("hosted_connections.unconfirmed-waits"):
        state = "pending"
    if record.transitioning and record.state == "down":
        state = "available"
    if state == "available" and not record.link_up:
        state = "down"
    after = replace(record, state=state, transitioning=False, due=entered(world, state, _PORT))
    if state == "deleted":
        stays = not world.rules.holds("connections.delete-leaves-lag")
        lag_id = after.lag_id if stays else None
        after = replace(after, lag_id=lag_id, due=world.clock.now() + DELETED_PORT_SHOWN)
    world.store.put(after)
    if state == "available":
        lag_came_up(world, after.lag_id)


def lag_came_up(world: World, lag_id: str | None) -> None:
    """Note that a LAG has an available member: it is no longer pending but available or down."""
    lag = world.store.get(records.Lag, lag_id) if lag_id else None
    if lag is not None and not lag.been_up:
        world.store.put(replace(lag, been_up=True))


def _lag(world: World, record: Record) -> None:
    if record.state in records.GONE:
        world.store.remove(record)
    elif record.state == "deleting":
        world.store.put(replace(record, state="deleted", due=world.clock.now() + DELETED_PORT_SHOWN))
    elif record.state == "requested":
        world.store.put(replace(record, state="pending", due=NEVER))
    elif any(one.state == "available" for one in world.store.find(records.Connection, "lag", record.id)):
        lag_came_up(world, record.id)


def _virtual_interface(world: World, record: Record) -> None:
    assert isinstance(record, records.VirtualInterface)
    if record.state in records.GONE:
        for peer in world.store.find(records.BgpPeer, "vif", record.id):
            world.store.remove(peer)
        world.store.remove(record)
        return
    state = _INTERFACE.get(record.state)
    if record.state == "confirming" and not world.rules.holds("virtual_interfaces.allocated-waits"):
        state = "pending"
    if state is None:
        return
    if state == "deleted":
        for peer in world.store.find(records.BgpPeer, "vif", record.id):
            world.store.put(replace(peer, state="deleted", due=NEVER))
        if not world.rules.holds("virtual_interfaces.deleted-listed"):
            world.store.remove(record)
            return
        world.store.put(replace(record, state=state, due=world.clock.now() + DELETED_INTERFACE_SHOWN))
        return
    if record.state == "testing":
        finish_test(world, record.id, TEST_COMPLETED)
    world.store.put(replace(record, state=state, due=NEVER))


def finish_test(world: World, virtual_interface_id: str, status: str) -> records.FailoverTest | None:
    """End the failover test of a virtual interface, if one is running."""
    for test in world.store.find(records.FailoverTest, "vif", virtual_interface_id):
        if test.state == TEST_IN_PROGRESS:
            now = world.clock.now()
            return world.store.put(replace(test, state=status, ended=now, due=now + TEST_SHOWN))
    return None


def _peer(world: World, record: Record) -> None:
    state = _PEER.get(record.state)
    if state == "deleted":
        world.store.remove(record)
    elif state is not None:
        world.store.put(replace(record, state=state, due=NEVER))


def _gateway(world: World, record: Record) -> None:
    assert isinstance(record, records.DirectConnectGateway)
    if record.state == "pending":
        world.store.put(replace(record, state="available", due=NEVER))
        return
    if record.state != "deleting":
        return
    store = world.store
    in_use = store.count(records.Association, "gateway", record.id) + store.count(
        records.Attachment, "gateway", record.id
    )
    if in_use and world.rules.holds("gateways.delete-in-use"):
        # AWS was seen to take the request and to come back to available.
        store.put(replace(record, state="available", due=NEVER))
        return
    if world.rules.holds("gateways.deleted-hidden"):
        store.remove(record)
    else:
        store.put(replace(record, state="deleted", due=NEVER))


def _association(world: World, record: Record) -> None:
    state = _ASSOCIATION.get(record.state)
    if state == "disassociated":
        world.store.remove(record)
    elif state is not None:
        world.store.put(replace(record, state=state, due=NEVER))


def _attachment(world: World, record: Record) -> None:
    state = _ATTACHMENT.get(record.state)
    if state == "detached":
        world.store.remove(record)
    elif state is not None:
        world.store.put(replace(record, state=state, due=NEVER))


def _proposal(world: World, record: Record) -> None:
    # An open proposal expires after 7 days; one that was accepted or deleted is shown for 3.
    world.store.remove(record)


def _macsec_key(world: World, record: Record) -> None:
    _association(world, record)


def _failover_test(world: World, record: Record) -> None:
    if record.is_over:
        world.store.remove(record)


def _idempotent_answer(world: World, record: Record) -> None:
    world.store.remove(record)


def _virtual_gateway(world: World, record: Record) -> None:
    if record.is_over:
        world.store.remove(record)
        return
    following = {"pending": "available", "deleting": "deleted"}
    if record.state in following:
        world.store.put(replace(record, state=following[record.state], due=NEVER))


def _resiliency_group(world: World, record: Record) -> None:
    if record.state == "pending":
        world.store.put(replace(record, state="available", due=NEVER))
    elif record.state == "deleting":
        world.store.remove(record)


_STEPS: Final[dict[type[Record], Callable[[World, Record], None]]] = {
    records.Connection: _connection,
    records.Lag: _lag,
    records.VirtualInterface: _virtual_interface,
    records.BgpPeer: _peer,
    records.DirectConnectGateway: _gateway,
    records.Association: _association,
    records.Attachment: _attachment,
    records.Proposal: _proposal,
    records.MacSecKey: _macsec_key,
    records.FailoverTest: _failover_test,
    records.IdempotentAnswer: _idempotent_answer,
    records.VirtualGateway: _virtual_gateway,
    records.ResiliencyGroup: _resiliency_group,
    records.ResiliencyAssociation: _association,
}
