"""Findings: steps as data, and whether answers show the violation still."""

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dxcontract.oracle import expectations
from dxcontract.oracle.provenance import with_origins
from dxcontract.report import load_findings
from dxcontract.reproduce import aws_cli, extract_steps, judge, python_script
from dxcontract.reproduce.describe_steps import words
from dxcontract.spec import model as specs
from dxcontract.spec.volatile_members import comparing
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response, Signed
from dxcontract.wire.raw_connection import written
from dxcontract.wire.raw_request_format import of as oddities_of
from dxcontract.wire.redaction import Vault

SPEC = specs.load()
TARGET = ("Content-Type", "application/x-amz-json-1.1")
SCHEMA = specs.read(specs.root() / "schemas" / "finding.json")


def exchange(
    operation: str, sent: Any, came: Any, *, order: int, status: int = 200, region: str = "us-east-1", raw: bool = False
) -> Exchange:
    headers = (TARGET, ("X-Amz-Target", f"OvertureService.{operation}"), ("Authorization", "AWS4-HMAC-SHA256 x"))
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    answer = Response(status, {"content-type": TARGET[1]}, json.dumps(came).encode())
    return Exchange(
        operation, "owner", region, Request("POST", "http://x/", headers, body), answer, 0.1, raw=raw, order=order
    )


NAME = "dxc-0123abcd-1"
MADE = exchange(
    "CreateConnection",
    {"location": "EqDC2", "bandwidth": "1Gbps", "connectionName": NAME},
    {"connectionId": "dxcon-aaaa1111", "connectionName": NAME, "ownerAccount": "111111111111", "loaIssueTime": 5},
    order=1,
)
TAGGED = exchange(
    "TagResource",
    {"resourceArn": "arn:aws:directconnect:us-east-1:111111111111:dxcon/dxcon-aaaa1111", "tags": []},
    {},
    order=2,
)
SEEN = exchange(
    "DescribeConnections",
    {"connectionId": "dxcon-aaaa1111"},
    {"connections": [{"connectionId": "dxcon-aaaa1111", "connectionName": f"{NAME}-changed"}]},
    order=3,
)


def violation(*exchanges: Exchange, claim: Any = None, where: str = "", rule: str = "connections.echo") -> Any:
    return {
        "fingerprint": f"{rule}:DescribeConnections",
        "rule": rule,
        "operation": "DescribeConnections",
        "where": where,
        "level": "must",
        "message": "it is wrong",
        "test": "tests/contract/test_connections.py::test",
        "exchanges": [one.to_report() for one in exchanges],
        "judged": [len(exchanges)],
        "claim": claim or expectations.as_recorded(where),
    }


def found(*exchanges: Exchange, **more: Any) -> Any:
    made = extract_steps.finding(violation(*exchanges, **more), SPEC, "us-east-1", {"owner": "111111111111"})
    jsonschema.validate(made, SCHEMA)
    return made


def answers(*exchanges: Exchange) -> list[Any]:
    return [
        judge.answer(one.status, one.response.headers, one.response.body)
        for one in exchanges
        if one.response is not None
    ]


def test_steps_hold_placeholders_instead_of_what_a_run_chose() -> None:
    finding = found(MADE, TAGGED, SEEN)
    params = [step["params"] for step in finding["steps"]]
    assert params == [
        {"location": "${location:EqDC2}", "bandwidth": "1Gbps", "connectionName": "${name-1}"},
        {"resourceArn": "arn:aws:directconnect:${region}:${account-owner}:dxcon/${1/connectionId}", "tags": []},
        {"connectionId": "${1/connectionId}"},
    ]
    text = json.dumps(finding)
    assert all(one not in text for one in ("dxcon-aaaa1111", NAME, "111111111111"))


def test_filled_steps_are_the_requests_with_other_values() -> None:
    finding = found(MADE, SEEN)
    values = {"name-1": "dxc-ffffffff-9", "region": "eu-west-1", "location:EqDC2": "EqFR5"}
    first = judge.fill(finding["steps"][0]["params"], values, [])
    assert first == {"location": "EqFR5", "bandwidth": "1Gbps", "connectionName": "dxc-ffffffff-9"}
    second = judge.fill(finding["steps"][1]["params"], values, [{"connectionId": "dxcon-new"}])
    assert second == {"connectionId": "dxcon-new"}


def test_a_step_that_needs_what_was_not_answered_says_so() -> None:
    with pytest.raises(judge.UnfilledError, match="needs 1/connectionId, which was not answered"):
        judge.fill("${1/connectionId}", {}, [{}])


def test_a_text_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    odd = exchange("CreateConnection", {"connectionName": "${1/x}$${"}, {"connectionName": "${1/x}$${"}, order=1)
    finding = found(odd)
    assert judge.fill(finding["steps"][0]["params"], {}, []) == {"connectionName": "${1/x}$${"}


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (f"{NAME}-changed", judge.STILL),
        (NAME, judge.GONE),
    ],
)
def test_a_violation_is_there_for_as_long_as_the_same_is_answered(shown: str, verdict: str) -> None:
    finding = found(MADE, SEEN)
    again = exchange(
        "DescribeConnections",
        {},
        {"connections": [{"connectionId": "dxcon-bbbb2222", "connectionName": shown.replace(NAME, "dxc-ffffffff-9")}]},
        order=2,
    )
    made = exchange(
        "CreateConnection", {}, {"connectionId": "dxcon-bbbb2222", "connectionName": "dxc-ffffffff-9"}, order=1
    )
    assert judge.judge(finding, answers(made, again), {"name-1": "dxc-ffffffff-9"})[0] == verdict


@pytest.mark.parametrize("depth", [60, 500, 5_000])
def test_a_request_that_is_nested_deeply_is_reported_all_the_same(depth: int) -> None:
    """A report was lost to a RecursionError: what reads, cleans and writes it goes down as deep as the request."""
    body = b'{"connectionId":' + b"[" * depth + b"]" * depth + b"}"
    finding = found(exchange("DescribeConnections", body, {}, order=1, status=500))
    told = json.dumps(Vault(["hush-hush"]).scrubbed(finding), indent=2)
    assert json.loads(told)["steps"][0].keys() >= {"request", "answer"}
    assert "params" not in finding["steps"][0]


def test_what_others_have_on_the_target_makes_no_difference() -> None:
    finding = found(MADE, SEEN)
    listed = json.loads(SEEN.response.body)["connections"] if SEEN.response else []
    more = {"connections": [{"connectionId": "dxcon-cccc3333", "connectionName": "theirs"}, *listed]}
    again = exchange("DescribeConnections", {}, more, order=2)
    assert judge.judge(finding, answers(MADE, again), {"name-1": NAME})[0] == judge.STILL


def test_a_target_on_which_the_steps_before_fail_tells_nothing() -> None:
    finding = found(MADE, SEEN)
    refused = exchange("CreateConnection", {}, {"__type": "DirectConnectClientException"}, order=1, status=400)
    verdict, why = judge.judge(finding, answers(refused, SEEN), {})
    assert verdict == judge.UNCLEAR
    assert "step 1, CreateConnection, was answered 400 DirectConnectClientException" in why


MUST = "DirectConnectClientException"


@pytest.mark.parametrize(
    ("claim", "recorded", "now", "verdict"),
    [
        (expectations.ACCEPTED, (400, MUST), (200, None), judge.GONE),
        (expectations.ACCEPTED, (400, MUST), (400, MUST), judge.STILL),
        (expectations.ACCEPTED, (400, MUST), (400, "DuplicateTagKeysException"), judge.UNCLEAR),
        (expectations.refused(MUST), (200, None), (400, MUST), judge.GONE),
        (expectations.refused(MUST), (200, None), (200, None), judge.STILL),
        (expectations.refused(MUST), (200, None), (400, "DuplicateTagKeysException"), judge.UNCLEAR),
        (
            expectations.refused(MUST),
            (400, "DuplicateTagKeysException"),
            (400, "DuplicateTagKeysException"),
            judge.STILL,
        ),
        (expectations.refused(), (200, None), (404, "Anything"), judge.GONE),
        (expectations.refused(), (200, None), (400, "AccessDeniedException"), judge.UNCLEAR),
        (expectations.refused(), (200, None), (500, "Anything"), judge.UNCLEAR),
        (expectations.refused(), (500, "Anything"), (500, "Anything"), judge.STILL),
        (expectations.STATUS, (500, None), (500, None), judge.STILL),
        (expectations.STATUS, (500, None), (502, None), judge.UNCLEAR),
        (expectations.STATUS, (500, None), (400, MUST), judge.GONE),
        (expectations.STATUS, (500, None), (400, "UnknownOperationException"), judge.UNCLEAR),
        (expectations.STATUS, (500, None), (200, None), judge.GONE),
    ],
)
def test_what_has_to_be_accepted_or_refused(claim: Any, recorded: Any, now: Any, verdict: str) -> None:
    finding = found(*told(recorded), claim=claim)
    assert judge.judge(finding, answers(*told(now)), {})[0] == verdict


def told(answer: tuple[int, str | None]) -> list[Exchange]:
    status, kind = answer
    return [exchange("CreateConnection", {}, {"__type": kind} if kind else {}, order=1, status=status)]


@pytest.mark.parametrize(
    ("value", "verdict"), [("dxcon-aaaa1111", judge.GONE), ("dxcon-other000", judge.STILL), (None, judge.STILL)]
)
def test_what_has_to_be_equal_to_what_the_target_chose(value: str | None, verdict: str) -> None:
    seen = exchange("DescribeLags", {}, {"lags": [{"lagId": "dxlag-x1234567", "connectionId": "dxcon-zzz"}]}, order=2)
    finding = found(MADE, seen, claim=expectations.equal("/connectionId", "dxcon-aaaa1111"))
    assert finding["claim"]["value"] == "${1/connectionId}"
    item = {"lagId": "${1/connectionId}", "connectionId": value} if value else {"lagId": "x"}
    item = {**item, "lagName": NAME}
    now = exchange("DescribeLags", {}, {"lags": [item]}, order=2)
    assert judge.judge(finding, answers(MADE, now), {"name-1": NAME})[0] == verdict


def test_an_account_that_is_known_only_now_makes_no_difference() -> None:
    finding = extract_steps.finding(violation(MADE), SPEC, "us-east-1", {})
    assert judge.judge(finding, answers(MADE), {"name-1": NAME, "account-owner": "111111111111"})[0] == judge.STILL


def test_an_answer_that_was_too_long_to_be_kept_shows_nothing() -> None:
    items = [{"connectionId": f"dxcon-{number:08}", "connectionName": "x" * 50} for number in range(100)]
    finding = found(exchange("DescribeConnections", {}, {"connections": items}, order=1))
    assert "body" not in finding["steps"][0]["answer"]
    for status in (200, 400):
        now = exchange("DescribeConnections", {}, {"connections": []}, order=1, status=status)
        for look in ("answer", "kinds"):
            claim = {**finding["claim"], "look": look}
            assert judge.judge({**finding, "claim": claim}, answers(now), {})[0] == judge.UNCLEAR


def test_two_things_with_one_id_are_told_from_two_with_their_own() -> None:
    twin = exchange("CreateConnection", {}, {"connectionId": "dxcon-aaaa1111"}, order=2)
    finding = found(MADE, twin, claim=expectations.as_recorded(""))
    other = exchange("CreateConnection", {}, {"connectionId": "dxcon-bbbb2222"}, order=2)
    assert judge.judge(finding, answers(MADE, twin), {})[0] == judge.STILL
    assert judge.judge(finding, answers(MADE, other), {})[0] == judge.GONE


def test_members_that_are_moments_are_those_of_the_model() -> None:
    shapes = specs.read(specs.root() / "model" / "shapes.json")
    shapes = shapes.get("$defs", shapes)
    times = {
        name for name, shape in shapes.items() if isinstance(shape, dict) and shape.get("x-wire") == "epoch-seconds"
    }
    members = {
        member
        for shape in shapes.values()
        if isinstance(shape, dict)
        for member, inner in shape.get("properties", {}).items()
        if isinstance(inner, dict) and inner.get("$ref", "").rpartition("/")[2] in times
    }
    assert members
    assert members <= comparing().varying


def test_the_words_say_who_does_what_to_what() -> None:
    lines = words(found(MADE, TAGGED, SEEN)["steps"])
    assert (
        lines[0] == "owner: CreateConnection (location=EqDC2, bandwidth=1Gbps, connectionName=<name 1>); answered 200"
    )
    assert lines[2] == "owner: DescribeConnections (connectionId=<connectionId of step 1>); answered 200"


# -- what shows a violation


def test_evidence_is_told_with_what_was_done_to_the_things_before() -> None:
    other = exchange("CreateConnection", {}, {"connectionId": "dxcon-bbbb2222"}, order=5)
    elsewhere = exchange("DeleteConnection", {"connectionId": "dxcon-bbbb2222"}, {}, order=6)
    last = exchange("DescribeConnections", {"connectionId": "dxcon-aaaa1111"}, {}, order=7)
    told = with_origins([last], [MADE, TAGGED, other, elsewhere])
    assert [one.operation for one in told] == ["CreateConnection", "TagResource", "DescribeConnections"]


# -- requests that no client would send

PLAIN = (TARGET, ("X-Amz-Target", "OvertureService.DescribeConnections"))
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=111111111111/20261124/us-east-1/directconnect/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "ab" * 32
)


def made(body: bytes, header: str = SIGNATURE, **more: Any) -> Request:
    headers = (*PLAIN, ("X-Amz-Date", "20261124T000000Z"), ("Authorization", header))
    return Request("POST", "http://127.0.0.1:1/", headers, body, Signed(authorization=SIGNATURE), **more)


@pytest.mark.parametrize("body", [b'{"maxResults":1e0}', b'{"a":1,"a":2}', b"{", b" {}", b"\xff", b"[" * 5000, b"[]"])
def test_bytes_that_are_no_plain_json_are_kept(body: bytes) -> None:
    kept = oddities_of(made(body), raw=True)["odd"]["body"]
    assert judge.unpacked(judge.fill(kept, {}, [])) == body


@pytest.mark.parametrize("body", [b'{"maxResults": 1}', b'{"maxResults":1}', '{"a":"é"}'.encode(), b"{}"])
def test_plain_json_needs_no_bytes(body: bytes) -> None:
    assert oddities_of(made(body), raw=True) == {}


@pytest.mark.parametrize("body", [b'{"authKey":"hush-hush"', b'{"CAK":"hush-hush",}', b'{"ckn":"hush","ckn":"x"}'])
def test_bytes_that_name_a_secret_member_are_withheld(body: bytes) -> None:
    odd = oddities_of(made(body, written=(b"x" + body,)), raw=True)["odd"]
    assert "withheld" in odd
    assert "hush" not in json.dumps(odd)


@pytest.mark.parametrize(
    ("change", "template"),
    [
        (lambda text: text[:-64] + "0" * 64, "0" * 64),
        (lambda text: text[:-10], "Signature=${signature:54}"),
        (lambda text: text.partition(", Signature=")[0], "SignedHeaders=host;x-amz-date"),
        (lambda text: text.replace("AWS4-HMAC-SHA256", "AWS9"), "AWS9 Credential=${credential}"),
    ],
)
def test_a_changed_signature_is_told_by_the_one_that_is_made_anew(change: Any, template: str) -> None:
    from dxcontract.reproduce.script_executor import signing_values

    odd = oddities_of(made(b"{}", change(SIGNATURE)), raw=True)["odd"]["authorization"]
    assert template in odd
    assert "ab" * 27 not in odd
    assert "111111111111" not in odd
    assert judge.fill(odd, signing_values("http://127.0.0.1:1/", [("Authorization", SIGNATURE)]), []) == change(
        SIGNATURE
    )


def test_what_is_on_the_wire_is_kept_without_credentials_and_put_there_again() -> None:
    from dxcontract.reproduce.script_executor import filled_pieces, signing_values

    plain = made(b"{}")
    data = written(plain, framing=[("Content-Length", "2"), ("Content-Length", "10")]) + b"\xff${x}"
    cut = data.index(b"Signature=") + 20
    kept = oddities_of(made(b"{}", written=(data[:3], 0.1, data[3:cut], 0.2, data[cut:])), raw=True)["odd"]["written"]
    assert SIGNATURE not in json.dumps(kept)
    assert [one["pause"] for one in kept if "pause" in one] == [0.1, 0.2]
    again = filled_pieces(kept, signing_values(plain.url, plain.headers), [])
    assert b"".join(one for one in again if isinstance(one, bytes)) == data


# -- files


def test_a_script_holds_its_finding_and_compiles(tmp_path: Path) -> None:
    finding = found(MADE, SEEN)
    rule = {"evidence": "documented", "statement": 'It says """ and \\ so.', "sources": ["x: y"]}
    text = python_script.script(finding, rule, "http://127.0.0.1:1/", "it's.py", "eu-west-1")
    compile(text, "script", "exec")
    assert python_script.embedded(text) == finding
    path = tmp_path / "one.py"
    path.write_text(text)
    assert load_findings.findings(path)[0][0] == finding


def test_a_pin_is_written_and_read(tmp_path: Path) -> None:
    finding = found(MADE, SEEN, rule="connections.listed")
    path = load_findings.pin(finding, tmp_path / "pins", "seen in March")
    assert load_findings.findings(path.parent) == [({**finding, "note": "seen in March"}, "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting"),
        ("{}", "contains no finding"),
        ('{"finding":1}', "'fingerprint' is a required property"),
    ],
)
def test_a_file_that_is_no_finding_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(load_findings.FindingError, match=said) as raised:
        load_findings.findings(path)
    assert str(path) in str(raised.value)


# -- AWS CLI


@pytest.mark.parametrize("name", ["it's", 'a "b"', "$HOME `id` \\", "-x", "a\nb", "é", "${1/x}", "!!", "*"])
def test_a_shell_passes_on_what_the_step_says(name: str, tmp_path: Path) -> None:
    """The CLI's stand-in prints its arguments, and an empty list; what arrives is the text itself."""
    odd = exchange("CreateConnection", {"location": "L", "bandwidth": "1Gbps", "connectionName": name}, {}, order=1)
    text = aws_cli.script(found(odd), "a rule", "http://127.0.0.1:1/", "x.sh", "eu-west-1")
    fake = tmp_path / "aws"
    fake.write_text("#!/bin/sh\nprintf '\"connections\": []\\0'; for one; do printf '%s\\0' \"$one\"; done\n")
    fake.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(["sh", "-c", text], env={"PATH": path}, capture_output=True, check=False)
    assert done.returncode == 2
    given = done.stdout.decode().split("\0")
    assert name in given or f"--connection-name={name}" in given


def test_ids_go_from_one_line_to_the_next() -> None:
    lines = aws_cli.lines(found(MADE, SEEN), "eu-west-1")
    assert lines[1] == "CONNECTION_ID_1=$(printf '%s' \"$FOUND\" | cut -f1)"
    assert shlex.split(lines[2])[:3] == ["dx", "owner", "$REGION"]
    assert '--connection-id "${CONNECTION_ID_1}"' in lines[2]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"location": "L"}, "breaks the model"),
        ({"location": 1, "bandwidth": "b", "connectionName": "n"}, "breaks the model"),
    ],
)
def test_what_the_cli_would_not_send_is_left_to_the_script(sent: Any, why: str) -> None:
    (line,) = aws_cli.lines(found(exchange("CreateConnection", sent, {}, order=1, raw=True)), "eu-west-1")
    assert line.startswith("# Step 1: the AWS CLI cannot send this CreateConnection")
    assert why in line


def test_commands_to_be_read_say_what_they_use_and_who_sends_them() -> None:
    other = replace(SEEN, account="partner")
    made = aws_cli.commands(found(MADE, other), "http://127.0.0.1:1/", "eu-west-1")
    assert made[:3] == ["ENDPOINT=http://127.0.0.1:1/", "REGION=us-east-1", "RUN=dxc-example"]
    assert made[3].startswith("FOUND=$(aws directconnect create-connection --location EqDC2 ")
    assert made[5] == "# with the keys of the partner account:"
    assert made[6] == (
        'aws directconnect describe-connections --connection-id "${CONNECTION_ID_1}" --endpoint-url "$ENDPOINT" '
        '--region "$REGION"'
    )


@pytest.mark.parametrize(("shown", "verdict"), [("dxcon-abc12345", judge.GONE), ("dx-moto-1234567", judge.STILL)])
def test_what_has_to_have_a_form(shown: str, verdict: str) -> None:
    finding = found(MADE, claim=expectations.matches("/connectionId", "dxcon-[a-z0-9]+"))
    now = exchange("CreateConnection", {}, {"connectionId": shown}, order=1)
    assert judge.judge(finding, answers(now), {})[0] == verdict


def test_an_id_that_is_another_each_time_says_nothing_by_itself() -> None:
    finding = found(MADE, where="/connectionId")
    assert judge.judge(finding, answers(MADE), {"name-1": NAME})[0] == judge.UNCLEAR


def test_a_refusal_may_be_an_empty_list() -> None:
    finding = found(SEEN, claim=expectations.refused("DirectConnectClientException", empty="/connections/*"))
    for listed, verdict in (([], judge.GONE), ([{"connectionId": "dxcon-aaaa1111"}], judge.STILL)):
        now = exchange("DescribeConnections", {}, {"connections": listed}, order=1)
        assert judge.judge(finding, answers(now), {})[0] == verdict


def test_what_a_list_shows_is_told_with_what_made_it() -> None:
    listed = exchange("DescribeConnections", {}, {"connections": [{"connectionId": "dxcon-aaaa1111"}]}, order=9)
    assert [one.order for one in with_origins([listed], [MADE])] == [1, 9]
