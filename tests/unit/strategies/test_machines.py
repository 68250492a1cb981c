"""The machines themselves: what they claim, what their draws depend on, how far exploring is counted."""

import ast
import inspect
import re

import pytest

from dxcontract.oracle.exploration_stats import Exploration, caused_by_requests, certain, explored, pairs, transitions
from dxcontract.spec import lifecycles
from dxcontract.spec import model as specs
from strategies.machines import catalogue, negative_steps
from strategies.machines.actions.registry import ACTIONS
from strategies.machines.catalogue import ENTRIES, FAMILIES, Entry
from strategies.machines.compare import descriptions, final_checks
from strategies.machines.compare.normalization import first_difference, normal
from strategies.machines.lifecycle_sequences import JOURNEYS
from strategies.machines.model import ArnOf, Model, Thing, things_in
from strategies.machines.seed_sequences import ENCOUNTERS, OPENINGS, directed
from strategies.machines.steps import Script, Step

SPEC = specs.load()
RULE = re.compile(r"[a-z_]+\.[a-z0-9-]+")


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_a_machine_claims_every_rule_that_it_may_check(entry: Entry) -> None:
    """A rule that is checked but not claimed is a harness error, and only when it is reached."""
    modules = [descriptions, final_checks, negative_steps, *(FAMILIES[one] for one in entry.families)]
    named = {
        node.value
        for module in modules
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RULE.fullmatch(node.value)
    }
    rules = {one for one in named if one in SPEC.rules}
    assert rules <= set(entry.rules)
    assert set(entry.rules) <= set(SPEC.rules)


def test_actions_and_openings_name_what_there_is() -> None:
    """A misspelt operation would keep an action from ever taking part."""
    names = {one.name for one in ACTIONS}
    assert len(names) == len(ACTIONS)
    assert {operation for one in ACTIONS for operation in one.operations} <= set(SPEC.operations)
    assert {words.split()[0] for opening in OPENINGS for words in opening} <= names
    of_machines = {entry.title: {one.name for one in entry.machine.actions} for entry in ENTRIES}
    assert {*JOURNEYS, *ENCOUNTERS} <= set(of_machines)
    for title, actions in of_machines.items():
        for sequence in directed(title, journeys=True).values():
            assert {words.split()[0] for words in sequence} <= actions
    assert {one.family for one in ACTIONS} == set(FAMILIES)


def test_every_operation_takes_part() -> None:
    """Operations without an action of their own are sent by the generic ones."""
    everything = next(one for one in ENTRIES if one.title == "everything")
    assert {"read", "misuse"} <= {one.name for one in everything.machine.actions}
    assert set(catalogue.FAMILIES) == set(everything.families)


def test_things_are_found_wherever_a_request_names_them() -> None:
    """What a request names is what it may change."""
    model = Model()
    one, two = model.add("connection", "owner"), model.add("lag", "owner")
    assert things_in({"a": one, "b": {"c": [ArnOf(two), one]}, "d": "text"}) == [one, two]


def test_near_is_what_a_thing_is_on_and_what_is_on_it() -> None:
    """A change may show on these, and on no others."""
    model = Model()
    lag = model.add("lag", "owner")
    member, stranger = model.add("connection", "owner", links={"lag": lag}), model.add("connection", "owner")
    interface = model.add("virtual-interface", "owner", links={"port": lag})
    assert set(model.near(lag)) == {lag, member, interface}
    assert set(model.near(interface)) == {interface, lag}
    assert model.near(stranger) == [stranger]


def test_descriptions_are_compared_without_what_moves_by_itself() -> None:
    """States, parts that are ending and the order of lists are not the doing of a request."""
    before = {
        "name": "a",
        "someState": "pending",
        "list": [{"id": 1, "keyState": "x"}, {"id": 2, "keyState": "deleting"}],
    }
    after = {"name": "a", "someState": "available", "list": [{"id": 1, "keyState": "y"}]}
    assert normal(before) == normal(after)
    assert first_difference(normal(before), normal({**after, "name": "b"})) == "/name"
    assert first_difference({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == "/a/*/b"


def test_steps_are_told_as_the_model_names_things() -> None:
    """An id or a run's own name would be another on every run."""
    thing = Thing("hosted-connection", 2, "owner")
    script = Script(names={"dxc-1": "name-1"})
    script.tell(
        Step("UpdateConnection", {"connectionId": thing, "connectionName": "dxc-1"}, "owner", "eu-west-1", "late")
    )
    expected = "owner: UpdateConnection in eu-west-1 (connectionId=hosted connection 2, connectionName=name-1) [late]"
    assert script.lines == [expected]


def test_a_flaw_replaces_one_place_only() -> None:
    """A request with two flaws shows neither."""
    assert negative_steps.put({"a": {"b": 1, "c": 2}}, "/a/b", 3) == {"a": {"b": 3, "c": 2}}
    assert negative_steps.put({"a": [1, 2]}, "/a/*", 3) == {"a": [3, 2]}


def test_transitions_between_two_sights() -> None:
    """States in between go unseen; what must have happened counts, what may have happened does not."""
    known = lifecycles.load()
    assert certain(known, [("connection", "ordering", "pending")]) == {("connection", "ordering", "pending")}
    assert ("association", "disassociating", "disassociated") in certain(
        known, [("association", "associated", "disassociated")]
    )
    assert certain(known, [("connection", "", "requested")]) == set()
    assert caused_by_requests(known) < transitions(known)
    without = caused_by_requests(known, ["StopBgpFailoverTest"])
    assert ("failover-test", "In progress", "Cancelled") in caused_by_requests(known) - without


def test_pairs_share_a_kind_of_resource() -> None:
    """A pair of operations on different things says nothing about either."""
    every = pairs(SPEC)
    assert ("CreateConnection", "DeleteConnection") in every
    assert ("DeleteConnection", "CreateDirectConnectGateway") not in every
    assert pairs(SPEC, SPEC.operations) == set()


def test_figures_survive_the_way_home() -> None:
    """They come from xdist's workers as JSON."""
    some = Exploration(1, 2, 3, 1, {("lag", "pending", "available")}, {("CreateLag", "DeleteLag")})
    again = Exploration.from_json(some.to_json())
    assert again == some
    again.add(some)
    assert (again.examples, again.calls, again.pairs) == (2, 6, some.pairs)
    figures = explored(again, SPEC)
    assert len(figures) == 3
    assert "lag available to down" in figures[2]
    assert "lag pending to available" not in figures[2]
    assert explored(Exploration(), SPEC) == []
