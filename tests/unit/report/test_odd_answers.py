"""Whatever an answer says, it is judged, and what is found is written: nothing raised, endless or unsafe."""

import json
import random
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.oracle.verdict import MORE, MOST_COUNTED, MOST_DISTINCT, Tally, Violation
from dxcontract.report import annotations, document, markdown, report_files, size_limits, terminal
from dxcontract.run.result import Outcome
from dxcontract.spec import model as specs
from dxcontract.wire import cbor
from dxcontract.wire.boto3_codec import Caller
from dxcontract.wire.credentials import Account
from dxcontract.wire.exchange import LARGE, Exchange
from dxcontract.wire.messages import Request, Response
from dxcontract.wire.safe_text import one_line, printable
from tests.unit import odd_values
from tests.unit.odd_values import EVIL

UNSAFE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")
HEADERS = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "00000000-0000-4000-8000-000000000000"}
_CALLER = Caller(
    "json", Account("owner", "111111111111", "dxcontract"), "directconnect", "eu-west-1", "http://localhost"
)


def exchange(operation: str, answer: bytes, status: int = 200, order: int = 1, **headers: str) -> Exchange:
    request = Request("POST", "http://127.0.0.1:1/", (("X-Amz-Target", f"OvertureService.{operation}"),), b"{}")
    response = Response(status, {**HEADERS, **headers}, answer)
    trouble = _CALLER.trouble(operation, response)
    return Exchange(operation, "owner", "eu-west-1", request, response, 0.01, client_error=trouble, order=order)


def judged(*exchanges: Exchange) -> Outcome:
    """What comes of these answers, by the way that it takes from one process of a run to the other."""
    spec = specs.load()
    outcome = Outcome(spec, "hostile", endpoint="http://127.0.0.1:1", region="eu-west-1", other_region="us-east-1")
    contract = Contract(spec, judge_everything=True)
    with contract.scope("tests/contract/test_x.py::test_x", ()) as scope:
        for one in exchanges:
            contract.witness(one)
            scope.own |= {"x"}
        tally = Tally.from_json(json.loads(json.dumps(scope.tally.to_json())))
        outcome.reached |= scope.observer.reached
    outcome.add_test("test_x", (), tally, scope.calls)
    return outcome


def written(outcome: Outcome, path: Path) -> dict[str, Any]:
    """The report of an outcome, after a look at all files and at all lines: no unsafe character is in any."""
    missing = report_files.write(document.document(outcome), path)
    assert not [one for one in missing if "no reproducer of their own" not in one]
    for file in path.rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        assert not UNSAFE.search(text), file
        if file.suffix == ".py":
            compile(text.partition("# From here on")[0], str(file), "exec")
    ElementTree.parse(path / "junit.xml")  # noqa: S314 - our own
    for line, _ in terminal.lines(outcome, verbose=True):
        assert not UNSAFE.search(one_line(line, None))
    found = json.loads((path / "report.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_odd_values_anywhere_are_judged_and_written(tmp_path: Path, seed: int) -> None:
    """Each operation answers a few times, with odd values in up to a fifth of all places."""
    draw = random.Random(seed)
    answers: list[Exchange] = []
    for name, operation in specs.load().operations.items():
        for share in (0.02, 0.2):
            odd = odd_values.mutated(odd_values.whole(operation), draw, share)
            status = draw.choice((200, 200, 200, 400, 500))
            answers.append(exchange(name, odd_values.body(odd), status, len(answers) + 1, server=EVIL))
    found = written(judged(*answers), tmp_path)
    assert found["violations"]
    assert not [one for one in found["notes"] if "fault of dxcontract" in one]


def test_a_text_of_a_target_is_safe_to_show() -> None:
    for safe in (one_line(EVIL), printable(EVIL)):
        assert not UNSAFE.search(safe)
        assert not re.search(r"^\s*::", safe, re.MULTILINE)
        assert "##[" not in safe
        safe.encode()
    assert "\n" not in one_line(EVIL)
    assert len(one_line("x" * 10**6)) < 5000
    assert json.loads(printable(json.dumps("\x7f\u2028 ##[a] \U000e0041", ensure_ascii=False))) == (
        "\x7f\u2028 ##[a] \U000e0041"
    ), "JSON still says the same"


def _violation(message: str, where: str = "/x", rule: str = "wire.schema") -> Violation:
    identity = f"{rule}:DescribeLags:{where}"
    return Violation(identity, rule, "DescribeLags", where, "must", message, "test_x", ())


def test_markdown_and_annotations_have_nothing_of_a_targets_making() -> None:
    outcome = Outcome(specs.load(), EVIL, endpoint="http://127.0.0.1:1")
    outcome.tally.violate(_violation(EVIL))
    told = document.document(outcome)
    for line in markdown.summary(told).splitlines():
        outside = re.sub(r"`[^`]*`", "", line)
        assert not re.search(r"@octocat|!\[|\]\(|<img|evil\.example", outside), line
    lines = list(annotations.lines(told))
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert not UNSAFE.search(lines[0])


def test_an_answer_is_read_as_values_that_any_code_can_work_with() -> None:
    assert cbor.answer(b'{"a": NaN}') is None, "which is no JSON"
    assert cbor.answer(b'{"a": 1e999, "b": ' + b"9" * 400 + b"}") == {"a": "Infinity", "b": 1.7976931348623157e308}
    assert cbor.answer(b'{"\\ud800": "\\udfff", "c": "\xed\xa0\x80"}') == {"\\ud800": "\\udfff", "c": "\\ud800"}
    assert cbor.answer(cbor.dumps({"a": float("inf"), "b": -1})) == {"a": "Infinity", "b": -1}
    for levels in (300, 500, 900, 100_000):
        assert cbor.answer(b'{"a":' + b"[" * levels + b"]" * levels + b"}") is None
    assert cbor.answer(b'{"a":' + b"[" * 90 + b"]" * 90 + b"}") is not None
    assert cbor.answer(b"[" + b"{}," * 2_000_000 + b"{}]") is None, "too many values for the memory that there is"


def test_distinct_violations_are_bounded_and_the_rest_counted(tmp_path: Path) -> None:
    """20,000 unmodelled members, and a list where each item has others."""
    members = {f"odd{number}": number for number in range(20_000)}
    answers = [exchange("DescribeLags", odd_values.body({"lags": [], **members}), order=1)]
    answers += [
        exchange("DescribeConnections", odd_values.body({"connections": [{f"odd{number}": 1}]}), order=2 + number)
        for number in range(100)
    ]
    outcome = judged(*answers)
    found = written(outcome, tmp_path)
    names = [one["fingerprint"] for one in found["violations"] if one["rule"] == "wire.unmodelled-member"]
    assert len(names) == 2 * (MOST_DISTINCT + 1)
    told = {one["operation"]: one["message"] for one in found["violations"] if one["where"] == MORE}
    assert told["DescribeLags"].startswith(f"and {1000 - MOST_DISTINCT} more")
    assert told["DescribeConnections"].startswith(f"and {100 - MOST_DISTINCT} more")
    assert len(list((tmp_path / "reproducers").iterdir())) <= 4 * MOST_DISTINCT
    assert outcome.exit_status == 0, "unmodelled members are level should"


def test_which_violations_are_kept_does_not_depend_on_the_order() -> None:
    some = [_violation("x", f"/{number:04}") for number in range(60)]
    tallies = []
    for order in (some, some[::-1], random.Random(1).sample(some, 60)):
        first, second = Tally(), Tally()
        for number, one in enumerate(order):
            (first if number % 2 else second).violate(one)
        first.add(Tally.from_json(second.to_json()))
        tallies.append((set(first.violations), {place: len(more) for place, more in first.more.items()}))
    assert tallies[0] == tallies[1] == tallies[2]
    assert len(tallies[0][0]) == MOST_DISTINCT
    assert list(tallies[0][1].values()) == [40]
    endless = Tally()
    for number in range(5000):
        endless.violate(_violation("x", f"/{number:04}"))
    assert sum(map(len, endless.more.values())) == MOST_COUNTED


def test_a_known_gap_that_is_only_counted_now_is_not_gone() -> None:
    outcome = Outcome(specs.load(), "x", endpoint="http://127.0.0.1:1", whole=True)
    for number in range(60):
        outcome.tally.violate(_violation("x", f"/{number:04}"))
    from dxcontract.run.known_gaps import Gap, Gaps

    listed = [one.fingerprint for one in outcome.violations]
    assert f"wire.schema:DescribeLags:{MORE}" in listed
    outcome.known = Gaps(
        {one: Gap(one, "wire.schema", "DescribeLags") for one in [*listed, "wire.schema:DescribeLags:/0055"]}
    )
    assert outcome.exit_status == 0, "all of them are known, and none is told to have gone"


def test_a_large_answer_is_not_kept_whole() -> None:
    made = exchange("CreateLag", odd_values.body({"lagId": "dxlag-0123abcd", "pad": "x" * (2 * LARGE)}))
    light = made.light()
    assert light.response is not None
    assert len(light.response.body) == LARGE
    assert light.given_ids == made.given_ids == {b'"dxlag-0123abcd"'}
    assert light.to_report() == made.to_report()
    small = exchange("CreateLag", b"{}")
    assert small.light() is small


def test_a_report_is_bounded(tmp_path: Path) -> None:
    """As many violations as there can be, each with as much to show as there can be."""
    outcome = Outcome(specs.load(), "x", endpoint="http://127.0.0.1:1", notes=["n" * 10**4] * 500)
    shown = exchange("DescribeLags", odd_values.body({"pad": "x" * 10_000})).to_report()
    names = list(specs.load().operations)[:20]
    for number in range(500):
        operation = names[number % len(names)]
        one = _violation("m" * 2000, f"/{number:06}")
        identity = f"wire.schema:{operation}:{one.where}"
        level = "must" if number % 40 else "info"
        outcome.tally.violate(
            Violation(identity, one.rule, operation, one.where, level, one.message, one.test, (shown,) * 5, judged=(5,))  # type: ignore[arg-type]
        )
    found = written(outcome, tmp_path)
    sizes = {file: file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()}
    assert sum(sizes.values()) < 20_000_000
    assert any(one["exchanges"] for one in found["violations"])
    assert any(not one["exchanges"] for one in found["violations"]), "what is too much is told without evidence"
    assert max(sizes.values()) > size_limits.LARGEST
