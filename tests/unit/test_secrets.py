"""No planted secret is in anything that a full run leaves: reports, reproducers, terminal, journal, caches."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dxcontract import secrets
from dxcontract import spec as specs
from dxcontract.exchange import REMOVED
from dxcontract.report.redact import Redactor
from dxcontract.target import Account
from tests.unit import hostile

ROOT = Path(__file__).parent.parent.parent
KEY, SECRET, TOKEN = "AKIAPLANTEDPLANTED00", "planted/secret+key", "planted-session-token-0123456789"
PLANTED = {
    "authKey": "planted-bgp-auth-key",
    "ckn": "planted0ckn0planted0ckn",
    "cak": "planted0cak0planted0cak",
    "loaContent": "cGxhbnRlZC1sb2E=",
    "customerRouterConfig": "planted router config",
}
TESTS = (
    "tests/contract/test_virtual_interfaces.py",
    "tests/contract/test_loa.py",
    "tests/contract/test_macsec.py",
    "tests/contract/test_routers.py",
    "tests/contract/test_answers.py",
)


def plants(asked: hostile.Asked) -> bool:
    """Puts secrets where they belong, where they do not, and whatever identifies the caller into each error."""
    status, request_id, answered = asked.forward()
    document = json.loads(answered)
    if status != 200:
        identified = f"{asked.handler.headers.get('Authorization')} {asked.handler.headers.get('X-Amz-Security-Token')}"
        document = {**document, "message": f"{PLANTED['authKey']} is refused; {identified}"}
        status = 500 if asked.number % 2 else status
    else:
        document = {**document, **PLANTED, "surplus": {**PLANTED, "told": f"the key is {PLANTED['authKey']}"}}
    asked.answer(status, json.dumps(document).encode(), ("X-Amzn-RequestId", request_id))
    return True


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that a run leaves, by name."""
    folder = tmp_path_factory.mktemp("left")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    environment["XDG_STATE_HOME"] = str(folder / "state")
    with hostile.emulator(f"{KEY}:{SECRET}=111111111111") as upstream, hostile.serve(plants, upstream) as server:
        command = [sys.executable, "-m", "pytest", "-rA", "-v", "--color=no", "--log-level=DEBUG", "--strict"]
        result = subprocess.run(
            [
                *command,
                f"--target={server.url}",
                f"--accounts=owner={KEY}:{SECRET}:{TOKEN},other=222222222222,partner=333333333333",
                f"--report={folder / 'report'}",
                f"--write-known-gaps={folder / 'gaps.toml'}",
                *TESTS,
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    found = {name: path.read_text(encoding="utf-8", errors="replace") for name, path in files.items()}
    return {**found, "stdout": result.stdout, "stderr": result.stderr}


def test_all_outputs_are_there(left: dict[str, str]) -> None:
    for name in ("report.json", "index.html", "junit.xml", "summary.md", "badge.json"):
        assert f"report/{name}" in left
    assert any(name.startswith("report/reproducers/") for name in left)
    assert any(name.endswith(".jsonl") for name in left)
    assert "gaps.toml" in left
    assert "surplus" in left["report/report.json"], "the planted answers were not seen at all"
    assert "wire.no-server-error" in left["stdout"]


@pytest.mark.parametrize("secret", [KEY, SECRET, TOKEN, *PLANTED.values()])
def test_no_output_has_a_planted_secret(left: dict[str, str], secret: str) -> None:
    places = [(name, text[text.index(secret) - 200 :][:300]) for name, text in left.items() if secret in text]
    assert places == []


def test_what_is_secret_is_known_by_its_member_and_removed_anywhere() -> None:
    found = secrets.in_body(b'{"bgpPeers":[{"authKey": "hush-hush"}],"told":"hush-hush"}')
    assert found == {"hush-hush"}
    assert secrets.scrubbed({"a": ["it is hush-hush!"]}, found) == {"a": [f"it is {REMOVED}!"]}


def test_words_of_the_suite_are_no_secrets() -> None:
    assert secrets.in_body(b'{"ckn":"macsec","authKey":"connections.echo"}') == set()
    said = {"rule": "hush-hush.rule", "message": "hush-hush"}
    assert secrets.scrubbed(said, {"hush-hush"}) == {"rule": "hush-hush.rule", "message": REMOVED}


def test_emulators_accounts_are_no_secrets() -> None:
    assert secrets.of_accounts([Account("owner", "111111111111", "dxcontract")]) == set()
    assert secrets.of_accounts([Account("owner", KEY, SECRET, TOKEN)]) == {KEY, SECRET, TOKEN}


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
