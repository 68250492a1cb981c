"""Resiliency groups, and the connections in them (botocore, 2026)."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from dxcontract.reference.core import access, ids, pages, transitions
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import client_error, malformed, unknown
from dxcontract.reference.core.records import Connection, IdempotentAnswer, ResiliencyAssociation, ResiliencyGroup
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import ports, tags
from dxcontract.spec.model import Json


def _summary(group: ResiliencyGroup) -> Json:
    return {
        "resiliencyGroupId": group.id,
        "resiliencyGroupArn": ids.global_arn(group.region, group.owner, "dx-resiliency-group", group.id),
        "resiliencyGroupName": group.name,
        "resiliencyGroupType": "Managed",
        "ownerAccount": group.owner,
        "state": group.state,
    }


def view(group: ResiliencyGroup) -> Json:
    """A resiliency group as answered; in lists it comes without its tags."""
    return {**_summary(group), "tags": tags.view(group.tags)}


def _association(association: ResiliencyAssociation) -> Json:
    return {
        "resiliencyGroupId": association.group_id,
        "connectionArn": association.connection_arn,
        "state": association.state,
    }


def _own(call: Call, group_id: str) -> ResiliencyGroup:
    group = call.store.get(ResiliencyGroup, group_id)
    if group is None or group.region != call.region or not access.admits(call, group):
        raise unknown(f"Resiliency group {group_id} does not exist.")
    return group


def _once(call: Call, request: Json, perform: Callable[[Call, Json], Json], rule_id: str) -> Json:
    """Perform a request; the same one again, with the same client token (which is case-sensitive), answers the same.

    Raises:
        ServiceError: the token was used with other parameters.
    """
    token, rules, store = request.get("clientToken"), call.rules, call.store
    if token is None or not rules.holds(rule_id):
        return perform(call, request)
    rest = {name: value for name, value in request.items() if name != "clientToken"}
    fingerprint = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    key = f"token:{call.account}:{call.region}:{call.operation}:{token}"
    before = store.get(IdempotentAnswer, key)
    if before is not None:
        rules.refuse_unless(
            "resiliency_groups.token-conflict",
            before.fingerprint == fingerprint,
            "The client token was used with other parameters.",
        )
        if before.fingerprint == fingerprint:
            answered: Json = json.loads(before.answer)
            return answered
    answer = perform(call, request)
    store.put(
        IdempotentAnswer(
            id=key,
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            state="done",
            due=call.clock.now() + transitions.TOKEN_KEPT,
            fingerprint=fingerprint,
            answer=json.dumps(answer),
        )
    )
    return answer


@operation("CreateResiliencyGroup")
def create_resiliency_group(call: Call, request: Json) -> Json:
    """Make a resiliency group; the same request with the same client token makes no second one."""
    return _once(call, request, _create, "resiliency_groups.create-idempotent")


def _create(call: Call, request: Json) -> Json:
    store = call.store
    if not call.rules.holds("resiliency_groups.without-token") and "clientToken" not in request:
        for one in store.find(ResiliencyGroup, "owner", call.account, call.region):
            if one.name == request["resiliencyGroupName"]:
                return {"resiliencyGroup": view(one)}
    group = store.put(
        ResiliencyGroup(
            id=store.new_id("dxrg", 17),
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            state="pending",
            due=call.clock.next_step(),
            name=request["resiliencyGroupName"],
            model=request["intendedResiliencyModel"],
            tags=tags.on_creation(call, request.get("tags"), "resiliency_groups.tags-on-create"),
        )
    )
    return {"resiliencyGroup": view(group)}


@operation("GetResiliencyGroup")
def get_resiliency_group(call: Call, request: Json) -> Json:
    """One resiliency group of the caller."""
    return {"resiliencyGroup": view(_own(call, request["resiliencyGroupId"]))}


@operation("ListResiliencyGroups")
def list_resiliency_groups(call: Call, request: Json) -> Json:
    """The resiliency groups of the caller in the Region."""
    mine = call.store.find(ResiliencyGroup, "owner", call.account, call.region)
    return pages.page(call, request, "items", access.shows(call, ResiliencyGroup, mine), _summary)


@operation("UpdateResiliencyGroup")
def update_resiliency_group(call: Call, request: Json) -> Json:
    """Rename a resiliency group."""
    return _once(call, request, _update, "resiliency_groups.change-idempotent")


def _update(call: Call, request: Json) -> Json:
    group, rules = _own(call, request["resiliencyGroupId"]), call.rules
    _check_living(group)
    if rules.holds("resiliency_groups.update-name"):
        group = call.store.put(replace(group, name=request["resiliencyGroupName"]))
    if call.documented and group.state == "available":
        # The only state that the model has for a group that is changing.
        group = call.store.put(replace(group, state="pending", due=call.clock.next_step()))
    return {"resiliencyGroup": view(group)}


@operation("DeleteResiliencyGroup")
def delete_resiliency_group(call: Call, request: Json) -> Json:
    """Begin to delete a resiliency group, and what is associated with it."""
    group = _own(call, request["resiliencyGroupId"])
    _check_living(group)
    after = replace(group, state="deleting", due=call.clock.next_step())
    if call.rules.holds("resiliency_groups.deleted-gone"):
        call.store.put(after)
        for one in call.store.find(ResiliencyAssociation, "group", group.id):
            call.store.put(replace(one, state="disassociating", due=call.clock.next_step()))
    return {"resiliencyGroup": view(after)}


def _check_living(group: ResiliencyGroup) -> None:
    if group.state == "deleting":
        raise client_error(f"Resiliency group {group.id} is being deleted.")


def _connection(call: Call, identifier: str) -> Connection:
    if not identifier.startswith("arn:"):
        return ports.own_connection(call, identifier, what="connection")
    if not call.rules.holds("resiliency_groups.associate-by-arn"):
        raise malformed(f"{identifier[:200]} is no id of a connection.", "requests.malformed-ids")
    connection = ports.own_connection(call, identifier.rpartition("/")[2], what="connection")
    if identifier != _arn(connection):
        raise unknown(f"The connection {identifier[:200]} does not exist.")
    return connection


def _arn(connection: Connection) -> str:
    return ids.arn(connection.region, connection.owner, "dxcon", connection.id)


@operation("AssociateConnectionsToResiliencyGroup")
def associate_connections_to_resiliency_group(call: Call, request: Json) -> Json:
    """Put connections into a resiliency group, all or none: `associating` at first."""
    return _once(call, request, _associate, "resiliency_groups.change-idempotent")


def _associate(call: Call, request: Json) -> Json:
    group, store = _own(call, request["resiliencyGroupId"]), call.store
    _check_living(group)
    here = {one.connection_id: one for one in store.find(ResiliencyAssociation, "group", group.id)}
    made: dict[str, ResiliencyAssociation] = {}
    for identifier in request["connectionIdentifiers"]:
        connection = _connection(call, identifier)
        existing = here.get(connection.id)
        if existing is not None:
            made[connection.id] = existing
            continue
        if connection.id in made:
            continue
        made[connection.id] = ResiliencyAssociation(
            id=store.new_uuid(),
            serial=store.next_serial(),
            owner=call.account,
            region=call.region,
            state="associating",
            due=call.clock.next_step(),
            group_id=group.id,
            connection_id=connection.id,
            connection_arn=_arn(connection),
        )
    if call.rules.holds("resiliency_groups.associate-listed"):
        for one in made.values():
            store.put(one)
    return {"resiliencyGroupAssociations": [_association(one) for one in made.values()]}


@operation("DisassociateConnectionsFromResiliencyGroup")
def disassociate_connections_from_resiliency_group(call: Call, request: Json) -> Json:
    """Take connections out of a resiliency group, all or none: `disassociating` at first."""
    return _once(call, request, _disassociate, "resiliency_groups.change-idempotent")


def _disassociate(call: Call, request: Json) -> Json:
    group, store, rules = _own(call, request["resiliencyGroupId"]), call.store, call.rules
    here = {
        one.connection_id: one
        for one in store.find(ResiliencyAssociation, "group", group.id)
        if one.state != "disassociating"
    }
    gone: list[ResiliencyAssociation] = []
    for identifier in dict.fromkeys(request["connectionIdentifiers"]):
        connection_id = identifier.rpartition("/")[2]
        if identifier.startswith("arn:"):
            known = [one for one in here.values() if one.connection_arn == identifier]
        else:
            ids.check_connection(identifier)
            known = [one for one in here.values() if one.connection_id == connection_id]
        if not known:
            raise unknown(f"{identifier[:200]} is not in {group.id}.")
        gone += known
    if not rules.holds("resiliency_groups.disassociate-keeps"):
        gone = list(here.values())
    after = [replace(one, state="disassociating", due=call.clock.next_step()) for one in gone]
    if rules.holds("resiliency_groups.disassociate-removes"):
        for one in after:
            store.put(one)
    return {"resiliencyGroupAssociations": [_association(one) for one in after]}


@operation("ListResiliencyGroupAssociations")
def list_resiliency_group_associations(call: Call, request: Json) -> Json:
    """The connections in a resiliency group."""
    group = _own(call, request["resiliencyGroupId"])
    found = call.store.find(ResiliencyAssociation, "group", group.id)
    if not call.rules.holds("resiliency_groups.associations-per-group"):
        found = [one for one in call.store.everything() if isinstance(one, ResiliencyAssociation)]
    return pages.page(call, request, "items", found, _association)
