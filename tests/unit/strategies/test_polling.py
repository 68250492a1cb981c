"""One bad answer is no data: the types that say so, the one way to wait, and a door that asks again."""

import ast
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from dxcontract.client.client import Api
from dxcontract.spec import model as specs
from dxcontract.targets.target import Target
from dxcontract.wire.credentials import Account
from dxcontract.wire.errors import UnusableAnswer
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response
from strategies import invalid_requests
from strategies.observation import Observation, shows, unordered
from strategies.polling import PATIENCE, Patience, confirm, poll
from tests.unit import servers

ROOT = Path(__file__).parents[3]
SPEC = specs.load()
JSON = "application/x-amz-json-1.1"
REFUSED = b'{"__type":"DirectConnectClientException","message":"there is none"}'


def _exchange(status: int, body: bytes) -> Exchange:
    request = Request("POST", "http://127.0.0.1/", (), b"{}")
    return Exchange("DescribeLags", "owner", "us-east-1", request, Response(status, {}, body), 0.0)


def _observed(status: int, body: bytes) -> Observation:
    resource = SPEC.resources["lag"]
    assert resource.describe is not None
    return Observation(resource, resource.describe, "dxlag-1", _exchange(status, body))


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (504, b"<html>"), (200, b'{"lags":[{"lagId":"dxl'), (200, b""), (200, b"[]"), (200, b'{"lags":{}}')],
)
def test_a_look_that_failed_says_neither_that_it_is_there_nor_that_it_is_not(status: int, body: bytes) -> None:
    for look in ("item", "there", "state", "is_gone"):
        with pytest.raises(UnusableAnswer):
            getattr(_observed(status, body), look)


def test_what_is_not_listed_is_not_there() -> None:
    assert _observed(200, b'{"lags":[{"lagId":"dxlag-2"}]}').item is None
    assert _observed(400, REFUSED).item is None
    assert _observed(200, b'{"lags":[{"lagId":"dxlag-1","lagState":"down"}]}').state == "down"


def test_an_answer_that_is_no_success_has_no_body() -> None:
    refused = _exchange(400, REFUSED)
    with pytest.raises(UnusableAnswer, match="400 DirectConnectClientException \\(there is none\\)"):
        _ = refused.body
    assert (refused.error_type, refused.error_message, refused.refused) == (
        "DirectConnectClientException",
        "there is none",
        True,
    )


def test_the_order_of_lists_says_nothing() -> None:
    one, other = {"a": [{"b": [1, 2]}, {"c": 1}]}, {"a": [{"c": 1}, {"b": [2, 1]}]}
    assert unordered(one) == unordered(other)
    assert shows(**one)(other)


def test_the_first_look_is_at_once_and_a_failed_one_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    assert poll(lambda: 1, lambda seen: seen == 1, 0.0) == 1
    assert pauses == []
    answers: Iterator[UnusableAnswer | int] = iter([UnusableAnswer("no answer"), UnusableAnswer("no answer"), 1])

    def look() -> int:
        answer = next(answers)
        if isinstance(answer, UnusableAnswer):
            raise answer
        return answer

    assert poll(look, lambda seen: seen == 1, 5.0) == 1
    assert pauses == [0.02, 0.04]


@pytest.mark.parametrize(
    ("settle_seconds", "moment"), [(60.0, 9.0), (10.0, 1.5), (3.0, 1.5), (1.0, 0.5)], ids="settle-{}".format
)
def test_a_prompt_target_gets_a_moment_and_one_that_lags_the_whole_time(settle_seconds: float, moment: float) -> None:
    patience = Patience(settle_seconds)
    for _ in range(20):
        assert patience.moment == settle_seconds
        patience.note(at_once=True)
    assert patience.moment == moment
    patience.note(at_once=False)
    assert patience.moment == settle_seconds


def test_a_difference_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(PATIENCE, "is_prompt", True)
    seen = iter(["old", "old", "new"])
    assert confirm(lambda: next(seen), lambda one: one == "new") == "new"
    assert not PATIENCE.is_prompt


@pytest.fixture
def answers() -> list[tuple[int, bytes]]:
    """What a server answers next; the last one again and again."""
    return []


@pytest.fixture
def api(answers: list[tuple[int, bytes]]) -> Iterator[Api]:
    def handle(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        servers.answer(handler, status, body, JSON)

    with servers.http(handle) as url:
        judged: list[Exchange] = []
        made = Api(
            Target("test", url, accounts={"owner": Account("owner", "111111111111", "secret")}), SPEC, judged.append
        )
        made.judged = judged  # type: ignore[attr-defined]
        yield made
        made.close()


def _judged(api: Any) -> list[int]:
    return [one.status for one in api.judged]


def test_a_failure_of_a_read_is_asked_again(api: Api, answers: list[tuple[int, bytes]]) -> None:
    answers += [(500, b"{}"), (200, b'{"lags":'), (200, b'{"lags":[]}')]
    assert api.call("DescribeLags").body == {"lags": []}
    assert _judged(api) == [200]


def test_a_failure_that_repeats_is_the_answer(api: Api, answers: list[tuple[int, bytes]]) -> None:
    answers += [(500, b"{}")]
    assert api.call("DescribeLags").status == 500
    assert api.call("DeleteLag", {"lagId": "dxlag-1"}).status == 500
    assert _judged(api) == [500, 500]


def test_of_a_write_that_failed_once_nobody_knows_what_it_did(api: Api, answers: list[tuple[int, bytes]]) -> None:
    answers += [(500, b"{}"), (200, b'{"lagId":"dxlag-1"}')]
    with pytest.raises(UnusableAnswer, match="answered 500, and the same request again 200"):
        api.call("CreateLag", {"lagName": "dxc-1"})
    assert [entry.answer for entry in api.journal.entries] == ["500", "200"]
    assert _judged(api) == []


def test_a_write_whose_success_cannot_be_read_is_not_repeated(api: Api, answers: list[tuple[int, bytes]]) -> None:
    answers += [(200, b'{"lagId":"dx'), (200, b'{"lagId":"dxlag-2"}')]
    with pytest.raises(UnusableAnswer):
        api.call("CreateLag", {"lagName": "dxc-1"})
    assert len(api.journal.entries) == 1


@pytest.mark.parametrize("operation", ["ListVirtualInterfaceTestHistory", "ListVirtualInterfaceRoutes"])
def test_every_list_may_be_empty_for_what_does_not_exist(operation: str) -> None:
    assert invalid_requests.may_be_empty(SPEC.operation(operation), invalid_requests.UNKNOWN_IDS_RULE)


def _python(folder: str) -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", node


def test_no_contract_test_takes_what_is_missing_for_empty_or_waits_a_fixed_time() -> None:
    found = []
    for place, node in _python("tests/contract"):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and isinstance(node.values[-1], ast.Dict):
            found.append(f"{place}: `or {{}}`")
        if isinstance(node, ast.Attribute) and node.attr == "json":
            found.append(f"{place}: the JSON of any answer; Exchange.body is that of a success")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
            found.append(f"{place}: a fixed pause")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "poll" and len(node.args) + len(node.keywords) > 2:
            found.append(f"{place}: a fixed time to wait")
    assert found == []


def test_nothing_waits_but_polling() -> None:
    # EC2 is asked again when it throttles; a diff follows its second target.
    allowed = ("strategies/polling.py", "strategies/ec2.py", "strategies/diff/")
    waits = [
        place
        for place, node in _python("strategies")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep" and not place.startswith(allowed)
    ]
    assert waits == []
