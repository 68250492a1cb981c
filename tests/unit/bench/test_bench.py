"""The benches' own judgement: what counts as lost, how figures are made of rows, what is drawn."""

import json
import xml.etree.ElementTree as ET

import pytest

from bench import faults, machines
from bench.detection import plot, table
from bench.detection.__main__ import LEFT_OUT, sample
from dxcontract.reference.faults.catalogue import catalogue
from dxcontract.spec import model
from strategies.machines.catalogue import ENTRIES


def row(fault: str, caught: bool) -> faults.Row:
    return faults.Row(fault, caught, [], [], 1.0, 1)


def test_a_fault_that_is_not_caught_any_more_is_lost() -> None:
    rows = [row("lags.id-form", True), row("lags.echo", False), row("wire.schema", False)]
    assert faults._lost(rows, ["lags.echo", "lags.id-form"]) == ["lags.echo"]


def test_a_fault_that_the_emulator_does_not_know_any_more_is_lost() -> None:
    assert faults._lost([], ["lags.never-was-a-rule"]) == ["lags.never-was-a-rule"]


def test_a_rule_is_caught_as_itself_and_a_shape_as_anything() -> None:
    assert not faults._caught("lags.id-form", {"wire.schema"})
    assert faults._caught("fault.wrong-id", {"connections.describe-one"})


def test_the_sample_is_the_same_for_a_seed_and_spread_over_the_subjects() -> None:
    drawn = sample(40, 1)
    assert drawn == sample(40, 1) != sample(40, 2)
    assert len(set(drawn)) == 40
    assert not set(drawn) & LEFT_OUT.keys()
    subjects = {one.partition(".")[0] for one in catalogue()}
    assert len({one.partition(".")[0] for one in drawn}) > len(subjects) / 2


ROWS = [
    {"fault": "", "method": "gate", "caught": "", "requests": 1000, "seconds": 10.0},
    {"fault": "a", "method": "gate", "caught": "x", "requests": 10, "seconds": 0.5},
    {"fault": "b", "method": "gate", "caught": "y", "requests": 30, "seconds": 1.5},
    {"fault": "c", "method": "gate", "caught": "", "requests": 1000, "seconds": 10.0},
    {"fault": "", "method": "smoke", "caught": "z", "requests": 7, "seconds": 0.2},
]


def test_figures_are_of_what_is_caught_and_alarms_of_the_faultless() -> None:
    found = table.summary(ROWS)
    assert (found["gate"]["caught"], found["gate"]["tried"], found["gate"]["missed"]) == (2, 3, ["c"])
    assert found["gate"]["requests"] == (20, 28)
    assert found["gate"]["false alarms"] == []
    assert found["smoke"]["false alarms"] == ["z"]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:2]])
def test_the_picture_is_well_formed(rows: list[dict[str, object]]) -> None:
    drawn = ET.fromstring(plot.picture({"rows": rows}))  # noqa: S314 - our own
    lines = [one for one in drawn.iter("{http://www.w3.org/2000/svg}path") if "line gate" in one.get("class", "")]
    assert len(lines) == 3  # one a panel, and in the legend


@pytest.mark.parametrize(
    ("line", "least"),
    [
        ("owner: CreateConnection (lagId=lag 1)", 1),
        ("owner: UpdateLag (lagId=lag 1)", 2),
        ("other: CreatePublicVirtualInterface in eu-west-1 (connectionId=connection 1)", 2),
        ("owner: DeleteDirectConnectGatewayAssociation (associationId=gateway association 1)", 3),
        ("owner: DeleteDirectConnectGatewayAssociation (directConnectGatewayId=x, virtualGatewayId=y)", 2),
    ],
)
def test_as_many_steps_are_needed_as_make_what_the_last_request_names(line: str, least: int) -> None:
    """Too low a bound calls the shortest way too long, too high a one hides that it is."""
    found = machines.Row("a.fault", "x", way=("the link of lag 1 goes up", line, "owner: EC2 makes virtual gateway 1"))
    assert machines.needed(model.load(), found, {}) == least
    assert machines.needed(model.load(), found, {"a.fault": {"steps": 7}}) == 7


def test_the_machines_that_claim_a_rule_explore_first_and_all_take_part() -> None:
    """A fault shows where nobody looks for it: in what another request describes."""
    found = machines.passes("tags.kept")
    titles = {one.title for one in ENTRIES}
    assert {one.title for one, _ in found} == titles
    assert [one.title for one, examples in found if examples == machines.EXAMPLES][-1] == machines.EVERYTHING
    assert "tags.kept" in found[0][0].rules


def test_what_needs_more_steps_is_a_fault_that_is_tried_and_says_why() -> None:
    """A bound without a reason would be a way to reach a goal."""
    known = json.loads(machines.NEEDED.read_text(encoding="utf-8"))
    assert {one for one in known if one in catalogue() and machines.concerns_state(one)} == known.keys()
    assert all(one["steps"] > 1 and one["why"] for one in known.values())
