"""The lifecycle tables, the observer that follows them, and their diagrams."""

import json
from pathlib import Path
from typing import Any

import pytest

from dxcontract.oracle.state_observer import Observer
from dxcontract.spec import lifecycle_diagrams, lifecycles
from dxcontract.spec import model as specs
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response

DIAGRAMS = Path(__file__).parents[3] / "docs" / "lifecycles"
TABLES = list(lifecycles.load().values())


@pytest.mark.parametrize("lifecycle", TABLES, ids=lambda one: one.resource)
def test_a_table_is_closed_and_connected(lifecycle: Lifecycle) -> None:
    named = {state for one in lifecycle.transitions for state in (one.before, one.after)} | lifecycle.first
    assert named <= set(lifecycle.states)
    reachable = set(lifecycle.first)
    for state in lifecycle.states:
        if any(lifecycle.may_follow(first, state) for first in lifecycle.first):
            reachable.add(state)
    assert reachable == set(lifecycle.states), "a state that nothing leads to"
    leaving = {one.before for one in lifecycle.transitions}
    assert not leaving & lifecycle.terminal
    assert set(lifecycle.states) - lifecycle.terminal - lifecycle.anywhere <= leaving, "a state that nothing ends"


@pytest.mark.parametrize("lifecycle", TABLES, ids=lambda one: one.resource)
def test_a_table_names_shapes_members_and_states_of_the_model(lifecycle: Lifecycle) -> None:
    spec = specs.load()
    for shape in lifecycle.shapes:
        members = spec.shapes[shape]["properties"]
        assert {*lifecycle.id, lifecycle.state} <= set(members)
        modelled = specs.resolve(members[lifecycle.state], spec.schema(shape)).get("enum")
        if modelled is not None:
            assert set(modelled) == set(lifecycle.states)
    for transition in lifecycle.transitions:
        assert transition.operation is None or transition.operation in spec.operations
        assert {source.source for source in transition.sources} <= set(spec.sources)


@pytest.mark.parametrize("lifecycle", TABLES, ids=lambda one: one.resource)
def test_the_diagram_is_that_of_the_table(lifecycle: Lifecycle) -> None:
    first = (DIAGRAMS / f"{lifecycle.resource}.svg").read_text(encoding="utf-8").splitlines()[0]
    assert (
        first == f"<!-- {lifecycle_diagrams.MARK}{lifecycle_diagrams.checksum(lifecycle_diagrams.dot(lifecycle))} -->"
    ), "run `dxcontract diagrams`"


def test_there_is_no_diagram_without_a_table() -> None:
    assert {path.stem for path in DIAGRAMS.glob("*.svg")} == {one.resource for one in TABLES}


def exchange(operation: str, body: Any, sent: Any = None) -> Exchange:
    request = Request("POST", "http://127.0.0.1/", (), json.dumps(sent or {}).encode())
    return Exchange(operation, "owner", "us-east-1", request, Response(200, {}, json.dumps(body).encode()), 0.0)


def connection(state: str, **more: str) -> dict[str, str]:
    return {"connectionId": "dxcon-aaaaaaaa", "connectionState": state, **more}


def broken(observer: Observer, *exchanges: Exchange) -> list[tuple[str, str]]:
    return [(one.rule, one.pointer) for each in exchanges for one in observer.observe(each) if not one.ok]


@pytest.fixture
def observer() -> Observer:
    return Observer(specs.load(), lifecycles.load())


def test_after_requests_at_once_nothing_is_held_against_what_was_seen_before(observer: Observer) -> None:
    gone = [exchange("DescribeConnections", {"connections": [connection("deleted")]})]
    back = exchange("DescribeConnections", {"connections": [connection("available")]})
    assert broken(observer, exchange("CreateConnection", connection("requested")), *gone) == []
    observer.forget(exchange("CreateConnection", connection("available")))
    reached = set(observer.reached)
    assert broken(observer, back) == []
    assert observer.reached == reached
    assert broken(observer, *gone, back) == [("lifecycles.connection-transitions", "deleted->available")]


def test_a_known_way_is_accepted(observer: Observer) -> None:
    states = ["available", "down", "available", "unknown", "deleting", "deleted", "deleted"]
    answers = [exchange("DescribeConnections", {"connections": [connection(state)]}) for state in states]
    assert broken(observer, exchange("CreateConnection", connection("requested")), *answers) == []
    assert ("connection", "requested", "available") in observer.reached


def test_a_wrong_beginning_is_named(observer: Observer) -> None:
    found = broken(observer, exchange("CreateConnection", connection("down")))
    assert found == [("lifecycles.connection-initial", "->down")]


def test_a_wrong_step_is_named_with_both_states(observer: Observer) -> None:
    answers = [
        exchange("DescribeConnections", {"connections": [connection(state)]}) for state in ("deleted", "available")
    ]
    assert broken(observer, *answers) == [("lifecycles.connection-transitions", "deleted->available")]


def test_an_id_that_is_given_again_begins_anew(observer: Observer) -> None:
    """Targets that make ids of the second give one twice or not, as time goes by."""
    gone = exchange("DeleteConnection", connection("deleted", region="us-east-1"))
    again = exchange("CreateConnection", connection("requested", region="us-west-2"))
    assert broken(observer, exchange("CreateConnection", connection("requested")), gone, again) == []
    named = exchange("CreateLag", {"lagId": "dxlag-1", "connections": [connection("available")]}, connection(""))
    assert broken(observer, gone, named) == [
        ("lifecycles.identity-stable", "/region"),
        ("lifecycles.connection-transitions", "deleted->available"),
    ]


def test_a_read_may_be_as_late_as_the_change_before_it(observer: Observer) -> None:
    """AWS is eventually consistent: after a deletion was answered, a read may show what was there before."""
    made = exchange("CreateConnection", connection("requested"))
    deletion = exchange("DeleteConnection", connection("deleting"))
    up, gone = (
        exchange("DescribeConnections", {"connections": [connection(state)]}) for state in ("available", "deleted")
    )
    assert broken(observer, made, deletion, up, up, gone) == []
    assert ("connection", "deleting", "available") not in observer.reached
    # Once a read showed the change, none may go back.
    assert broken(observer, up) == [("lifecycles.connection-transitions", "deleted->available")]


def test_no_read_is_so_late_that_it_shows_what_never_was(observer: Observer) -> None:
    made, up = exchange("CreateConnection", connection("requested")), {"connections": [connection("available")]}
    deletion = exchange("DeleteConnection", connection("deleting"))
    before = {"connections": [connection("requested")]}
    late = exchange("DescribeConnections", before)
    assert broken(observer, made, exchange("DescribeConnections", up), deletion, late) == [
        ("lifecycles.connection-transitions", "deleting->requested")
    ]


def test_a_state_inside_another_resource_is_seen(observer: Observer) -> None:
    lag = {"lagId": "dxlag-aaaaaaaa", "lagState": "pending", "connections": [connection("deleted")]}
    later = exchange("DescribeConnections", {"connections": [connection("requested")]})
    found = broken(observer, exchange("DescribeLags", {"lags": [lag]}), later)
    assert found == [("lifecycles.connection-transitions", "deleted->requested")]


def test_a_bare_state_belongs_to_the_resource_of_the_request(observer: Observer) -> None:
    confirmed = exchange("ConfirmConnection", {"connectionState": "ordering"}, {"connectionId": "dxcon-aaaaaaaa"})
    found = broken(observer, exchange("DescribeConnections", {"connections": [connection("available")]}), confirmed)
    assert found == [("lifecycles.connection-transitions", "available->ordering")]


def test_an_owner_that_changes_is_named(observer: Observer) -> None:
    answers = [
        exchange("DescribeConnections", {"connections": [connection("available", ownerAccount=owner)]})
        for owner in ("111111111111", "222222222222")
    ]
    assert broken(observer, *answers) == [("lifecycles.identity-stable", "/ownerAccount")]


def test_an_answer_that_may_be_an_old_one_says_nothing_of_now(observer: Observer) -> None:
    group = {"resiliencyGroupId": "dxrg-1"}
    made = exchange("CreateResiliencyGroup", {"resiliencyGroup": {**group, "state": "pending"}}, {"clientToken": "a"})
    deleted = exchange("DeleteResiliencyGroup", {"resiliencyGroup": {**group, "state": "deleting"}}, group)
    assert not broken(observer, made, deleted, made)
    untold = exchange("CreateResiliencyGroup", {"resiliencyGroup": {**group, "state": "pending"}})
    assert broken(observer, untold) == [("lifecycles.resiliency-group-transitions", "deleting->pending")]


def test_refused_calls_say_nothing_of_states(observer: Observer) -> None:
    request = Request("POST", "http://127.0.0.1/", (), b"{}")
    refusal = Response(400, {}, json.dumps(connection("down")).encode())
    assert observer.observe(Exchange("CreateConnection", "owner", "us-east-1", request, refusal, 0.0)) == []


@pytest.mark.parametrize(
    ("resource", "before", "after"),
    [
        ("connection", "rejected", "deleted"),
        ("bgp-peer", "available", "pending"),
        ("resiliency-group", "available", "pending"),
    ],
)
def test_what_no_source_excludes_may_happen(resource: str, before: str, after: str) -> None:
    table = lifecycles.load()[resource]
    assert table.may_follow(before, after, frozenset())
    assert not any((one.before, one.after) == (before, after) and one.event for one in table.transitions)
