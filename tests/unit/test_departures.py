"""Where a body departs from the model, and what is left open; and that no body asks an emulator for millions."""

from typing import Any

import pytest

from dxcontract import spec as specs
from strategies.departures import departures
from strategies.fuzz import MOST, Drawn, mixed

LAG = {"numberOfConnections": 1, "location": "EqDC2", "connectionsBandwidth": "1Gbps", "lagName": "x"}


@pytest.mark.parametrize(
    ("operation", "body", "found"),
    [
        ("CreateLag", LAG, set()),
        ("CreateLag", {**LAG, "unheardOf": [{"a": None}]}, set()),
        ("CreateLag", {**LAG, "providerName": None}, set()),
        ("CreateLag", {**LAG, "lagName": None}, {("requests.required-members", "/lagName")}),
        ("CreateLag", {**LAG, "lagName": ["x"]}, {("requests.member-types", "/lagName")}),
        ("CreateLag", {**LAG, "billingMode": "free"}, {("requests.enum-values", "/billingMode")}),
        ("CreateLag", {**LAG, "tags": [{"key": ""}]}, {("requests.lengths", "/tags/*/key")}),
        ("CreateLag", {**LAG, "tags": [{"value": "x"}]}, {("requests.required-members", "/tags/*/key")}),
        ("TagResource", {"resourceArn": "x", "tags": [{"key": "a*"}]}, {("requests.patterns", "/tags/*/key")}),
        (
            "CreateLag",
            {"numberOfConnections": 1, "location": [], "connectionsBandwidth": "1Gbps"},
            {("requests.member-types", "/location"), ("requests.required-members", "/lagName")},
        ),
    ],
)
def test_departures_are_labelled_as_near_misses_are(operation: str, body: Any, found: set[tuple[str, str]]) -> None:
    departed = departures(specs.load().operation(operation), body)
    assert departed is not None
    assert {(one.rule, one.pointer) for one in departed} == found


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("CreateLag", {**LAG, "numberOfConnections": "1"}),
        ("CreateLag", {**LAG, "numberOfConnections": 1.5}),
        ("CreateLag", {**LAG, "numberOfConnections": 2**31}),
        ("CreateLag", {**LAG, "lagName": 7}),
        ("CreateLag", {**LAG, "tags": []}),
        ("TagResource", {"resourceArn": "x", "tags": [{"key": "a", "value": "x" * 260}]}),
        ("CreateLag", [LAG]),
        ("CreateLag", None),
    ],
)
def test_what_no_source_forbids_is_not_held_against_a_target(operation: str, body: Any) -> None:
    assert departures(specs.load().operation(operation), body) is None


@pytest.mark.parametrize("asked", [2**31 - 1, 1e300, "4000000000", 9])
def test_nothing_asks_for_many(asked: Any) -> None:
    operation = specs.load().operation("CreateLag")
    sent = mixed(operation, Drawn({**LAG, "numberOfConnections": asked}, "as made", 0), None)["numberOfConnections"]
    assert sent == "many" or sent <= MOST + 1


def test_a_request_gets_ids_that_exist_or_one_odd_member() -> None:
    operation = specs.load().operation("AssociateConnectionWithLag")
    valid = {"connectionId": "dxcon-1", "lagId": "dxlag-1"}
    body = {"connectionId": "?", "lagId": [], "more": 1}
    assert mixed(operation, Drawn(body, "as made", 0), valid) == body
    assert mixed(operation, Drawn(body, "ids that exist", 0), valid) == {**body, **valid}
    assert mixed(operation, Drawn(body, "valid but for one member", 1), valid) == {**valid, "lagId": []}
    assert mixed(operation, Drawn([], "valid but for one member", 1), valid) == []
