"""A run with planted credentials against a server that plants secrets in its answers, and all that the run leaves."""

import base64
import functools
import html
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dxcontract.wire import cbor
from tests.unit import hostile

ROOT = Path(__file__).parent.parent.parent
KEY, SECRET, TOKEN = "AKIAPLANTEDPLANTED00", "planted/secret+key", "planted/session+token/0123456789=="
PLANTED = {
    "authKey": "planted-bgp-auth-key",
    "ckn": "planted0ckn0planted0ckn",
    "cak": "planted0cak0planted0cak",
    "loaContent": "cGxhbnRlZC1sb2E=",
    "customerRouterConfig": "planted router config",
}
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    str.swapcase,
    lambda text: base64.b64encode(f"the secret {text}".encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex().upper(),
)
"""How a target may repeat a secret."""

REFUSED = ("CreateConnection", "CreateDirectConnectGateway")
"""Every third of these is refused, so that there are tests that say why they could not get what they need."""


@dataclass
class Planting:
    """The script of the hostile server: every answer has secrets, where they belong and where they do not.

    An answer that succeeds has them in members of their own, in surplus ones and in a text. An error repeats in its
    text who called and the secrets of the request, and those of others once an answer had them. `sent` are the secrets
    that the run sent.
    """

    sent: set[str] = field(default_factory=set)
    told: bool = False

    def script(self, asked: hostile.Asked) -> bool:
        own = set(_secret_texts(cbor.document(asked.body)))
        self.sent |= own
        refused = asked.operation in REFUSED and asked.server.seen[asked.operation] % 3 == 0
        status, request_id, answered = (400, str(uuid.uuid4()), b"{}") if refused else asked.forward()
        document = cbor.document(answered)
        if status == 200 and isinstance(document, dict):
            surplus = {**PLANTED, "told": f"the key is {PLANTED['authKey']}", "nested": {PLANTED["ckn"]: 1}}
            told = json.dumps({**document, **PLANTED, "surplus": surplus}).encode()
            asked.answer(200, told, ("X-Amzn-RequestId", request_id))
            self.told = True
            return True
        headers = asked.handler.headers
        who = " ".join(str(headers.get(name)) for name in ("Authorization", "X-Amz-Security-Token"))
        secrets = [*sorted(own), *(PLANTED.values() if self.told else ()), who, asked.handler.path]
        spelled = SPELLINGS[asked.server.misbehaved % len(SPELLINGS)]
        message = "; ".join(f"{spelled(one)} is refused" for one in secrets)
        kind = len(asked.operation) % 3  # the same each time: what fails once is asked again
        if kind == 0:
            page = f"<html><body><p>{html.escape(message)}</p><a href='/?{quote(message)}'>back</a></body></html>"
            asked.answer(500, page.encode(), ("X-Amzn-RequestId", request_id))
            return True
        document = {**document, "message": message} if isinstance(document, dict) else {"message": message}
        status = 500 if kind == 1 else status
        asked.answer(status, json.dumps(document).encode(), ("X-Amzn-RequestId", request_id))
        return True


def _secret_texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member, inner in value.items():
            if member in PLANTED and isinstance(inner, str):
                yield inner
            yield from _secret_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secret_texts(inner)


@dataclass
class Left:
    """All that a run leaves, by name, and the secrets that it sent."""

    files: dict[str, str]
    sent: set[str]

    def places_of(self, secret: str) -> list[tuple[str, str]]:
        """Where a secret is, in any spelling, with what stands around it."""
        spellings = {secret, quote(secret), quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1]}
        spellings |= {spelled(secret) for spelled in SPELLINGS}
        return [
            (name, text[max(text.index(one) - 200, 0) :][:400])
            for name, text in self._lowered.items()
            for one in {spelling.lower() for spelling in spellings}
            if one in text
        ]

    @functools.cached_property
    def _lowered(self) -> dict[str, str]:
        return {name: text.lower() for name, text in self.files.items()}


def run(folder: Path, *arguments: str) -> Left:
    """Run contract tests against a server that plants secrets in front of a reference emulator."""
    planting = Planting()
    with (
        hostile.emulator("--accounts", f"{KEY}:{SECRET}=111111111111", "--fault", "wire.session-token") as upstream,
        hostile.serve(planting.script, upstream) as server,
    ):
        said = pytest(
            folder,
            f"--target={server.url}",
            f"--report={folder / 'report'}",
            f"--write-known-gaps={folder / 'gaps.toml'}",
            f"--log-file={folder / 'log.txt'}",
            f"--junit-xml={folder / 'pytest-junit.xml'}",
            *(
                "-rA",
                "-vv",
                "--log-level=DEBUG",
                "--log-file-level=DEBUG",
                "--log-cli-level=DEBUG",
                "--strict",
                "--emulator",
            ),
            *arguments,
        )
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    found = {name: path.read_text(encoding="utf-8", errors="replace") for name, path in files.items()}
    return Left({**found, "stdout": said}, planting.sent)


def pytest(folder: Path, *arguments: str) -> str:
    """pytest with the planted credentials; answers all that it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    accounts = f"--accounts=owner={KEY}:{SECRET}:{TOKEN},other=222222222222,partner=333333333333"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", accounts, *arguments],
        cwd=ROOT,
        env={**environment, "XDG_STATE_HOME": str(folder / "state"), "COLUMNS": "2000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout
