"""No planted secret is in anything that a full run leaves: reports, reproducers, terminal, journal, log, caches."""

import html
import json
import logging
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.report import document, report_files
from dxcontract.report.redact import Redactor
from dxcontract.run.result import Outcome
from dxcontract.spec import model as specs
from dxcontract.targets.target import Target
from dxcontract.wire import cbor, redaction
from dxcontract.wire.credentials import Account
from dxcontract.wire.exchange import REMOVED, Exchange
from dxcontract.wire.redaction import SHORTEST, Vault
from tests.unit import planting, servers
from tests.unit.planting import KEY, PLANTED, SECRET, TOKEN, Left

TESTS = (
    "tests/contract/test_bgp_peers.py",
    "tests/contract/test_loa.py",
    "tests/contract/test_macsec.py",
    "tests/contract/test_routers.py",
    "tests/contract/test_protocol_connections.py::test_a_wrong_signature_in_the_query_is_refused",
    "tests/contract/test_answers.py",
)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    return planting.run(tmp_path_factory.mktemp("left"), *TESTS)


def test_all_outputs_are_there_and_the_run_saw_what_was_planted(left: Left) -> None:
    for name in ("report.json", "index.html", "junit.xml", "summary.md", "badge.json"):
        assert f"report/{name}" in left.files
    for name in ("log.txt", "pytest-junit.xml", "gaps.toml", "stdout"):
        assert name in left.files
    assert any(name.startswith("report/reproducers/") for name in left.files)
    assert any(name.endswith(".jsonl") for name in left.files)
    document = json.loads(left.files["report/report.json"])
    shown = [one for violation in document["violations"] for one in violation["exchanges"] if one["response"]]
    assert {one["operation"] for one in shown if '"surplus"' in one["response"]["body"]} >= {
        "CreatePrivateVirtualInterface",
        "DescribeLoa",
        "AssociateMacSecKey",
    }, "answers with what was planted were judged"
    quoted = [one for one in shown if one["response"]["status"] >= 400 and REMOVED in one["response"]["body"]]
    assert len(quoted) > 10, "errors that repeat secrets were judged"
    reasons = [one for rule in document["rules"].values() for one in rule["reasons"]]
    assert any(f"{REMOVED} is refused" in one for one in reasons), "reasons that quote errors"
    assert document["harness_errors"] == []


@pytest.mark.parametrize("secret", [KEY, SECRET, TOKEN, *PLANTED.values()])
def test_no_output_has_a_planted_secret(left: Left, secret: str) -> None:
    assert left.places_of(secret) == []


def test_no_output_has_what_the_run_sent_as_a_secret(left: Left) -> None:
    """What it draws itself, too: a key of a resource is a key for as long as that lives."""
    long = [one for one in left.sent if len(one) >= redaction.UNMISTAKABLE and len(set(one)) > 4]
    assert len(long) > 20
    assert {secret: left.places_of(secret) for secret in long if left.places_of(secret)} == {}


def asked(handle: servers.Handle, use: Callable[[Api], Exchange]) -> tuple[Exchange, Api]:
    with servers.http(handle) as url:
        api = Api(
            Target(url, f"{url}/", accounts={"owner": Account("owner", KEY, SECRET, TOKEN)}), specs.load(), _nobody
        )
        try:
            return use(api), api
        finally:
            api.close()


def _nobody(_: Exchange) -> None:
    """Judges nothing."""


def repeats(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Refuses everything, and repeats in the error's text all that came; no answer ever has a secret member."""
    came = f"{dict(handler.headers.items())} {body.decode()}"
    servers.answer(handler, 400, json.dumps({"__type": "X", "message": came}).encode(), "application/x-amz-json-1.1")


def test_what_was_sent_is_known_before_anything_can_quote_it() -> None:
    """A key that only ever occurs in a request and in an error's text: no answer of the target has it as a member."""
    sent = {"virtualInterfaceId": "dxvif-1", "newBGPPeer": {"authKey": "only-ever-sent"}}
    exchange, api = asked(repeats, lambda api: api.call("CreateBGPPeer", sent))
    assert "only-ever-sent" in exchange.error_message
    assert TOKEN in exchange.error_message
    told = json.dumps(api.vault.scrubbed(exchange.to_report()))
    for secret in ("only-ever-sent", KEY, TOKEN):
        assert secret not in told
        assert secret in api.vault


def test_what_nobody_answers_is_known_all_the_same() -> None:
    vaults = []

    def cut(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        vaults.append("only-ever-sent" in apis[0].vault)
        handler.close_connection = True

    apis: list[Api] = []

    def use(api: Api) -> Exchange:
        apis.append(api)
        return api.ask("CreateBGPPeer", {"newBGPPeer": {"authKey": "only-ever-sent"}}, 5)

    exchange, _ = asked(cut, use)
    assert exchange.response is None
    assert vaults == [True], "known while the request was on its way"


@pytest.mark.parametrize("length", range(20, 140, 7))
def test_nothing_that_is_cut_ends_in_half_a_secret(length: int) -> None:
    vault = Vault([TOKEN])
    text = f"{'.' * (length - len(TOKEN) // 2)}{TOKEN} and more {'.' * 60}"
    cut = vault.cut(text, length)
    assert len(cut) <= length
    assert TOKEN[:6] not in cut


@given(
    st.lists(st.text("ab", min_size=SHORTEST, max_size=9), max_size=4), st.text("abc", max_size=60), st.integers(1, 40)
)
def test_what_is_cut_is_the_beginning_of_what_would_be_said(known: list[str], text: str, length: int) -> None:
    vault = Vault(known)
    cut = vault.cut(text, length)
    assert cut == text or len(cut) <= length
    assert cut == text or vault.scrubbed(text).startswith(cut)


@pytest.mark.parametrize(
    "spelt",
    [
        TOKEN,
        quote(TOKEN),
        quote(TOKEN, safe=""),
        json.dumps(TOKEN),
        html.escape(TOKEN),
        repr(TOKEN),
    ],
)
def test_a_secret_is_removed_in_every_spelling(spelt: str) -> None:
    said = Vault([TOKEN]).scrubbed(f"{spelt} is refused")
    assert REMOVED in said
    assert "session" not in said


def test_secrets_of_odd_characters_are_known_by_their_value() -> None:
    odd = 'käy "with" \\ and \u202e'
    for body in (
        json.dumps({"authKey": odd}).encode(),
        json.dumps({"authKey": odd}, ensure_ascii=False).encode(),
        cbor.dumps({"authKey": odd}),
        json.dumps({"authKey": [{"x": odd}]}).encode(),
        b'{"authKey":"another","authKey":' + json.dumps(odd).encode() + b"}",
    ):
        assert odd in redaction.in_body(body), body
    assert redaction.in_body(b'{"authKey": "cut off right he') == {"cut off right he"}


def test_what_is_secret_is_known_by_its_member_and_removed_anywhere() -> None:
    found = redaction.in_body(b'{"bgpPeers":[{"authKey": "hush-hush"}],"told":"hush-hush"}')
    assert found == {"hush-hush"}
    assert redaction.scrubbed({"a": ["it is hush-hush!"]}, found) == {"a": [f"it is {REMOVED}!"]}


def test_words_of_the_suite_are_no_secrets() -> None:
    assert redaction.in_body(b'{"ckn":"macsec","authKey":"connections.echo"}') == set()
    said = {"rule": "hush-hush.rule", "message": "hush-hush"}
    assert redaction.scrubbed(said, {"hush-hush"}) == {"rule": "hush-hush.rule", "message": REMOVED}


def test_a_secret_is_no_name_of_a_member_either() -> None:
    assert redaction.scrubbed({SECRET: {"fingerprint": f"wire.schema:X:/{SECRET}"}}, {SECRET}) == {
        REMOVED: {"fingerprint": f"wire.schema:X:/{REMOVED}"}
    }


def test_emulators_accounts_are_no_secrets() -> None:
    assert redaction.of_accounts([Account("owner", "111111111111", "dxcontract")]) == set()
    assert redaction.of_accounts([Account("owner", KEY, SECRET, TOKEN)]) == {KEY, SECRET, TOKEN}


def test_news_are_told_once() -> None:
    vault = Vault(["first-secret"])
    assert vault.news() == ["first-secret"]
    vault.keep(["first-secret", "second-secret"])
    assert vault.news() == ["second-secret"]


def test_a_run_that_cannot_begin_repeats_no_secret(tmp_path: Path) -> None:
    """The one line that says why may quote the target, which may quote the caller."""

    def echoes(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        caller = str(handler.headers.get("Authorization")).partition("/")[0]
        kind = f"Who is {caller} {handler.headers.get('X-Amz-Security-Token')}"
        servers.answer(handler, 400, json.dumps({"__type": kind}).encode(), "application/x-amz-json-1.1")

    with servers.http(echoes) as url:
        said = planting.pytest(tmp_path, f"--target={url}", "tests/contract/test_locations.py")
    assert "does not speak Direct Connect" in said
    assert REMOVED in said
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in said


def test_a_password_in_a_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = planting.pytest(tmp_path, "--target=http://me:hush-hush@127.0.0.1:1", "tests/contract/test_locations.py")
    assert "user name or a password" in said
    assert "hush-hush" not in said


def test_debug_lines_of_clients_are_not_written() -> None:
    """They have credentials and bodies in them, and pytest writes them where --log-file or --log-cli-level says."""
    for name in ("botocore.auth", "botocore.endpoint", "urllib3.connectionpool"):
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)


def test_a_report_of_what_no_file_takes_is_written_all_the_same(tmp_path: Path) -> None:
    """A target may repeat half of a surrogate pair; the run must not end without a report for that."""
    outcome = Outcome(specs.load(), "x", notes=["half of a pair: \ud800"])
    report_files.write(document.document(outcome), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["notes"] == ["half of a pair: \\ud800"]


def test_redaction_replaces_ids_and_names_by_the_same_everywhere() -> None:
    redactor = Redactor(specs.load())
    body = '{"ownerAccount":"123456789012","connectionName":"Frankfurt HQ","connectionId":"dxcon-ffffffff"}'
    document = {
        "violations": [
            {"message": "connectionName is 'Frankfurt HQ'", "exchanges": [{"body": body}]},
            {"message": "arn:aws:directconnect:eu-west-1:123456789012:dxcon/dxcon-ffffffff and 210987654321"},
        ]
    }
    redactor.learn(document)
    text = json.dumps(redactor.document(document))
    assert "123456789012" not in text
    assert "210987654321" not in text
    assert "Frankfurt" not in text
    assert text.count("000000000001") == 2
    assert len(re.findall("name-1", text)) == 2
    assert "dxcon-ffffffff" in text
