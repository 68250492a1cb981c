"""Where a body departs from the model, and what is left open; and that no body asks an emulator for millions."""

from typing import Any

import pytest

from dxcontract.client.request_limits import MOST
from dxcontract.spec import model as specs
from strategies.fuzz_requests import forms, mixed, names_existing
from strategies.schema_violations import departures

NAME = "dxc-0123abcd-1"
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
    sent = mixed(operation, {**LAG, "numberOfConnections": asked}, "as made", None, NAME)["numberOfConnections"]
    assert sent == "many" or sent <= MOST + 1


def test_a_body_is_sent_as_made_with_ids_that_exist_and_member_by_member() -> None:
    operation = specs.load().operation("AssociateConnectionWithLag")
    valid = {"connectionId": "dxcon-1", "lagId": "dxlag-1"}
    body = {"connectionId": "?", "lagId": [], "more": 1}
    assert forms(operation, body) == ["as made", "ids that exist", ("connectionId",), ("lagId",)]
    sent = [mixed(operation, body, form, valid, NAME) for form in forms(operation, body)]
    assert sent == [body, {**body, **valid}, {**valid, "connectionId": "?"}, {**valid, "lagId": []}]
    assert [names_existing(operation, one, valid) for one in sent] == [False, True, True, True]
    assert forms(operation, [body]) == ["as made"]
    assert mixed(operation, [body], "as made", valid, NAME) == [body]


@pytest.mark.parametrize(
    ("operation", "body", "named"),
    [
        ("CreateLag", {"lagName": "\u202e"}, {"lagName": f"{NAME}-\u202e"}),
        ("CreateLag", {"lagName": f"{NAME}"}, {"lagName": NAME}),
        ("CreateLag", {"lagName": ["x"], "location": "x"}, {"lagName": ["x"], "location": "x"}),
        (
            "CreatePrivateVirtualInterface",
            {"newPrivateVirtualInterface": {"virtualInterfaceName": "x"}},
            {"newPrivateVirtualInterface": {"virtualInterfaceName": f"{NAME}-x"}},
        ),
        ("UpdateConnection", {"connectionName": ""}, {"connectionName": f"{NAME}-"}),
    ],
)
def test_what_is_named_carries_the_name_of_the_run(operation: str, body: Any, named: Any) -> None:
    """Or sweep could not tell it from what others made."""
    assert mixed(specs.load().operation(operation), body, "as made", None, NAME) == named
