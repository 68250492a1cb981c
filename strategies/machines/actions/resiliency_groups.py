"""Resiliency groups and their connections."""

from dxcontract.spec.json_pointer import at
from strategies.machines.actions.connections import gone, owned
from strategies.machines.actions.registry import action
from strategies.machines.compare import final_checks
from strategies.machines.compare.normalization import tags_at
from strategies.machines.context import MachineContext
from strategies.machines.model import ArnOf, Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.provisional_checks import judged
from strategies.machines.steps import Step
from strategies.polling import poll
from strategies.valid_requests import Scene, least

AGAIN = "resiliency_groups.change-idempotent"
RULES = (
    "requests.unknown-ids",
    "resiliency_groups.associate-atomic",
    AGAIN,
    "resiliency_groups.create-idempotent",
    "resiliency_groups.disassociate-atomic",
    "resiliency_groups.token-conflict",
    "resiliency_groups.update-preserves",
    "resiliency_groups.associate-listed",
    "resiliency_groups.deleted-gone",
    "resiliency_groups.disassociate-keeps",
    "resiliency_groups.disassociate-removes",
    "resiliency_groups.echo",
    "resiliency_groups.tags-on-create",
    "resiliency_groups.update-name",
    "tags.on-resiliency-group",
)


def _groups(model: Model) -> list[Thing]:
    return model.of("resiliency-group")


@action("CreateResiliencyGroup", ready=lambda model: len(_groups(model)) < 2)
def create_group(m: MachineContext) -> None:
    """Creates a resiliency group."""
    params = {**least(Scene(m.world, m.spec.operation("CreateResiliencyGroup"))), "resiliencyGroupName": m.name()}
    params.pop("clientToken", None)
    tags = m.few_tags()
    if tags:
        params["tags"] = m.tag_list(tags)
    step = Step("CreateResiliencyGroup", params)
    if spoiled(m, step):
        return
    thing = m.model.add("resiliency-group", "owner", tags=dict(tags), facts={"connections": []})
    thing.expect("resiliency_groups.echo", resiliencyGroupName=params["resiliencyGroupName"])
    owned(m, thing, "resiliency_groups.echo")
    m.make(thing, step)
    m.look(thing)
    _tagged(m, thing, "resiliency_groups.tags-on-create")


@action("TagResource", ready=_groups)
def tag_group(m: MachineContext) -> None:
    """Tags a resiliency group with its ARN."""
    thing = m.one_of(_groups(m.model))
    tags = {"team": m.one_of(("a", "b"))}
    step = Step("TagResource", {"resourceArn": ArnOf(thing), "tags": m.tag_list(tags)})
    if spoiled(m, step):
        return
    m.accept(step, "tags.on-resiliency-group")
    thing.tags |= tags
    m.look(thing)
    _tagged(m, thing, "tags.on-resiliency-group")


@judged
def _tagged(m: MachineContext, group: Thing, rule: str) -> None:
    """Checks that a group shows its tags; if it does not, no more tags are expected."""
    sight = m.observe(group) if group.tags and not group.facts.get("tags in doubt") else None
    if sight is None or sight[1] is None:
        return
    found = tags_at(sight[1], "/tags/*")
    what = f"a resiliency group with {len(group.tags)} tags shows {len(found)}, or others"
    group.facts["tags in doubt"] = not m.contract.check(rule, found == group.tags, what, sight[0], where="/tags")


@action("UpdateResiliencyGroup", ready=_groups)
def rename_group(m: MachineContext) -> None:
    """Renames a resiliency group."""
    thing = m.one_of(_groups(m.model))
    params = {"resiliencyGroupId": thing, "resiliencyGroupName": m.name()}
    step = Step("UpdateResiliencyGroup", params)
    if spoiled(m, step):
        return
    m.settled_group(thing)
    before = m.shown(thing)
    m.accept(step)
    thing.expect("resiliency_groups.update-name", resiliencyGroupName=params["resiliencyGroupName"])
    m.look(thing)
    m.kept("resiliency_groups.update-preserves", thing, before, ("resiliencyGroupName",))


@action("CreateResiliencyGroup", ready=lambda model: len(_groups(model)) < 2)
def create_group_again(m: MachineContext) -> None:
    """Repeats a creation with the same client token, or uses the token with another request, which is refused."""
    token = f"{m.name()}-{m.model.count('tokens')}"
    params = {**least(Scene(m.world, m.spec.operation("CreateResiliencyGroup"))), "clientToken": token}
    params["resiliencyGroupName"] = m.name()
    step = Step("CreateResiliencyGroup", params)
    thing = m.model.add("resiliency-group", "owner", facts={"connections": []})
    thing.expect("resiliency_groups.echo", resiliencyGroupName=params["resiliencyGroupName"])
    m.make(thing, step)
    if thing.unsure or not thing.id:
        return
    again = m.send(step)
    if again is not None:
        found = at(again.body, "/resiliencyGroup/resiliencyGroupId") if again.succeeded else []
        what = f"a creation with the same client token is answered {again.told()}, and not with the same group"
        m.contract.check("resiliency_groups.create-idempotent", found == [thing.id], what, again)
    if m.chance(2):
        other = Step("CreateResiliencyGroup", {**params, "resiliencyGroupName": f"{params['resiliencyGroupName']}-2"})
        m.refuse("resiliency_groups.token-conflict", other, "a client token is used for another request")
    m.look(thing)


def _outside(model: Model) -> list[tuple[Thing, Thing]]:
    taken = {one for group in _groups(model) for one in group.facts["connections"]}
    mine = model.of("connection", where=lambda one: one.owner == "owner" and one not in taken)
    return [(group, one) for group in _groups(model) for one in mine]


@action("AssociateConnectionsToResiliencyGroup", ready=_outside)
def enter_group(m: MachineContext) -> None:
    """Associates a connection with a group, by its id or its ARN, sometimes twice with one client token.
    A request with a connection that does not exist associates none."""
    group, connection = m.one_of(_outside(m.model))
    named = m.one_of((connection, ArnOf(connection)))
    params = {"resiliencyGroupId": group, "connectionIdentifiers": [named]}
    step = Step("AssociateConnectionsToResiliencyGroup", params)
    if m.chance(4):
        params["connectionIdentifiers"] = [named, "dxcon-ffffff00"]
        m.refuse("resiliency_groups.associate-atomic", step, "one of two connections does not exist")
        final_checks.inside(m, group)
        return
    twice = _tokened(m, params)
    if spoiled(m, step):
        return
    m.settled(connection)
    m.settled_group(group)
    _left(m, group)
    m.accept(step)
    if twice:
        m.accept(step, AGAIN)
    group.facts["connections"] = [*group.facts["connections"], connection]
    group.facts["connection_rule"] = "resiliency_groups.associate-listed"
    m.look(group, connection)
    final_checks.inside(m, group)


def _tokened(m: MachineContext, params: dict[str, object]) -> bool:
    """Sometimes adds a client token, so that the request can be repeated without further effect."""
    if not m.chance(3):
        return False
    params["clientToken"] = f"{m.name()}-{m.model.count('tokens')}"
    return True


def _left(m: MachineContext, group: Thing) -> None:
    """Waits until the disassociation of connections is complete."""

    def over() -> bool:
        exchange = m.ask("ListResiliencyGroupAssociations", {"resiliencyGroupId": group}, group.owner)
        leaving = (
            exchange is not None and exchange.succeeded and "disassociating" in at(exchange.body, "/items/*/state")
        )
        if leaving and m.model.held:
            m.step_on(group)
        return bool(group.unsure) or not leaving

    poll(over, bool)


def _filled(model: Model) -> list[Thing]:
    return [one for one in _groups(model) if one.facts["connections"]]


@action("DisassociateConnectionsFromResiliencyGroup", ready=_filled)
def leave_group(m: MachineContext) -> None:
    """Disassociates a connection from a group, sometimes twice with one client token; the others remain."""
    group = m.one_of(_filled(m.model))
    connection = m.one_of(group.facts["connections"])
    params = {"resiliencyGroupId": group, "connectionIdentifiers": [connection]}
    step = Step("DisassociateConnectionsFromResiliencyGroup", params)
    if m.chance(5):
        params["connectionIdentifiers"] = [connection, "dxcon-ffffff00"]
        m.refuse("resiliency_groups.disassociate-atomic", step, "one of two connections does not exist")
        final_checks.inside(m, group)
        return
    twice = _tokened(m, params)
    if spoiled(m, step):
        return
    m.accept(step)
    if twice:
        m.accept(step, AGAIN)
    rest = [one for one in group.facts["connections"] if one is not connection]
    group.facts["connections"] = rest
    rule = "resiliency_groups.disassociate-keeps" if rest else "resiliency_groups.disassociate-removes"
    group.facts["connection_rule"] = rule
    m.look(group, connection)
    final_checks.inside(m, group)


@action("DeleteResiliencyGroup", ready=_groups)
def delete_group(m: MachineContext) -> None:
    """Deletes an empty group."""
    group = m.one_of(_groups(m.model))
    step = Step("DeleteResiliencyGroup", {"resiliencyGroupId": group})
    if group.facts["connections"] or spoiled(m, step):
        return
    if not m.model.held:
        m.settled_group(group)
    m.accept(step)
    gone(group, "resiliency_groups.deleted-gone")
    m.look(group)
