"""Two answers compared, and requests of one target asked of another."""

import json
from pathlib import Path
from typing import Any

import pytest

from dxcontract.client.client import Api
from dxcontract.client.resource_journal import Journal
from dxcontract.run import recording
from dxcontract.spec import model as specs
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire.credentials import Account, Role
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response
from strategies.diff.answer_differences import Handles, differences
from strategies.diff.second_target import Follower

SPEC = specs.load()


def exchange(operation: str, came: Any, *, status: int = 200, sent: Any = None) -> Exchange:
    answer = Response(status, {"content-type": "application/x-amz-json-1.1"}, json.dumps(came).encode())
    request = Request("POST", "http://x/", (), json.dumps(sent or {}).encode())
    return Exchange(operation, "owner", "us-east-1", request, answer, 0.1)


def where(one: Any, other: Any, handles: Handles | None = None) -> list[str]:
    first, second = (exchange("DescribeConnections", body) for body in (one, other))
    return [each.where for each in differences(first, second, handles or Handles())]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"loaIssueTime": 1.5}, {"loaIssueTime": 2.5}),
        ({"providerName": "A"}, {}),
        ({"connectionState": "requested"}, {"connectionState": "available"}),
        ({"connectionState": "deleting"}, {"connectionState": "deleted"}),
        ({"tags": []}, {}),
        ({"tags": [{"key": "a", "value": ""}, {"key": "b"}]}, {"tags": [{"key": "b"}, {"key": "a", "value": ""}]}),
        ({"customerAddress": "10.0.0.1/30"}, {"customerAddress": "10.0.0.5/30"}),
        ({"connections": [{"connectionId": "theirs", "vlan": 1}]}, {"connections": []}),
    ],
)
def test_what_may_differ_is_no_difference(one: Any, other: Any) -> None:
    assert where(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "at"),
    [
        ({"lagId": None}, {}, "/lagId"),
        ({"vlan": 1}, {"vlan": "1"}, "/vlan"),
        ({"connectionState": "ordering"}, {"connectionState": "available"}, "/connectionState"),
        ({"connectionState": "available"}, {"connectionState": "deleted"}, "/connectionState"),
        ({"tags": [{"key": "a", "value": "x"}]}, {"tags": [{"key": "a", "value": "y"}]}, "/tags/*/value"),
        ({"tags": [{"key": "a"}]}, {"tags": [{"key": "b"}]}, "/tags/*"),
    ],
)
def test_what_is_a_difference_is_told_by_its_member(one: Any, other: Any, at: str) -> None:
    assert where(one, other) == [at]


def test_an_address_that_was_asked_for_is_compared() -> None:
    handles = Handles()
    handles.asked({"newBGPPeer": {"customerAddress": "10.0.0.1/30"}})
    assert where({"customerAddress": "10.0.0.1/30"}, {"customerAddress": "10.0.0.5/30"}, handles) == [
        "/customerAddress"
    ]


def test_ids_are_compared_by_what_they_stand_for() -> None:
    handles = Handles()
    assert handles.learn({"connectionId": "dxcon-a0000001"}, {"connectionId": "dxcon-b0000001"}) == set()
    one = {"connections": [{"connectionId": "dxcon-a0000001", "vlan": 1}]}
    assert where(one, {"connections": [{"connectionId": "dxcon-b0000001", "vlan": 1}]}, handles) == []
    assert where(one, {"connections": []}, handles) == ["/connections/*"]
    assert where(one, {"connections": [{"connectionId": "dxcon-b0000001", "vlan": 2}]}, handles) == [
        "/connections/*/vlan"
    ]


def test_an_id_that_was_given_before_has_no_counterpart() -> None:
    handles = Handles()
    handles.learn({"connectionId": "dxcon-a0000001"}, {"connectionId": "dxcon-b0000001"})
    assert handles.learn({"connectionId": "dxcon-a0000002"}, {"connectionId": "dxcon-b0000001"}) == {"dxcon-a0000002"}


@pytest.mark.parametrize(("statuses", "told"), [((200, 400), ("200", "400 X")), ((400, 500), ("400 X", "500 X"))])
def test_statuses_are_compared_before_all_else(statuses: tuple[int, int], told: tuple[str, str]) -> None:
    made = [exchange("CreateLag", {"__type": "X"} if one > 200 else {"lagId": "a"}, status=one) for one in statuses]
    (found,) = differences(made[0], made[1], Handles())
    assert (found.where, found.first, found.second) == ("", *told)


# -- asking the other target


class Other(Api):
    """A door whose target is a function."""

    def __init__(self, answers: Any) -> None:
        accounts: dict[Role, Account] = {"owner": Account("owner", "k", "s", account_id="999999999999")}
        super().__init__(
            Target("there", "http://x/", accounts=accounts), SPEC, lambda _: None, journal=Journal("b" * 8)
        )
        self.answers = answers
        self.asked: list[Any] = []

    def ask_for(self, operation: str) -> Any:
        def ask(params: Any) -> Exchange:
            self.asked.append(params)
            return exchange(operation, *self.answers.pop(0), sent=params)

        return ask


def follower(other: Other) -> Follower:
    return Follower(other, {"owner": "111111111111"}, "dxc-aaaaaaaa-", "dxc-bbbbbbbb-", {"EqDC2": "EqFR5"})


def test_the_other_target_is_asked_with_ids_names_accounts_and_places_of_its_own() -> None:
    other = Other([[{"connectionId": "dxcon-there001", "location": "EqFR5"}], [{}]])
    one = follower(other)
    made = exchange("CreateConnection", {"connectionId": "dxcon-here0001", "location": "EqDC2"})
    params = {"location": "EqDC2", "connectionName": "dxc-aaaaaaaa-1"}
    answered = one.follow(made, params, other.ask_for("CreateConnection"))
    assert answered is not None
    assert answered[1] == []
    arn = "arn:aws:directconnect:us-east-1:111111111111:dxcon/dxcon-here0001"
    one.follow(exchange("TagResource", {}), {"resourceArn": arn}, other.ask_for("TagResource"))
    assert other.asked == [
        {"location": "EqFR5", "connectionName": "dxc-bbbbbbbb-1"},
        {"resourceArn": "arn:aws:directconnect:us-east-1:999999999999:dxcon/dxcon-there001"},
    ]


def test_what_follows_from_a_difference_is_not_asked() -> None:
    other = Other(
        [
            [{"connectionId": "dxcon-there001"}],
            [
                {"__type": "X"},
            ],
        ]
    )
    one = follower(other)
    one.follow(exchange("CreateConnection", {"connectionId": "dxcon-here0001"}), {}, other.ask_for("CreateConnection"))
    other.answers = [[{"__type": "X"}]]

    def refuse(params: Any) -> Exchange:
        return exchange("CreateLag", {"__type": "X"}, status=400)

    params = {"connectionId": "dxcon-here0001"}
    answered = one.follow(exchange("CreateLag", {"lagId": "dxlag-here0001"}), params, refuse)
    assert answered is not None
    assert [each.where for each in answered[1]] == [""]
    for later in (params, {"lagId": "dxlag-here0001"}):
        assert one.follow(exchange("DescribeLags", {}), later, other.ask_for("DescribeLags")) is None
    assert len(other.asked) == 1


# -- recordings


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no recording"), ("{}\n", "no recording"), ('{"recording":1}\n', "KeyError"), ("[", "JSONDecodeError")],
)
def test_a_file_that_is_no_recording_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(TargetError, match=said):
        recording.read(path)
