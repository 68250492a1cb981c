"""A reference emulator of which one answer in twenty is bad: what load balancers, proxies or full disks do to answers.

    python -m tests.unit.faulty KIND [FILE …]       the contract, or files of it, against one; exits 1 on an accusation

Requests are performed all the same (but for throttled ones, which AWS does not perform): the worst case for whoever
takes a bad answer for what it says.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Answer
from dxcontract.reference.http.server import Scope, Send
from dxcontract.spec.model import Json
from tests.unit import proxy

ROOT: Final = Path(__file__).parent.parent.parent
KINDS: Final = ("500", "504", "truncated", "cut", "reset", "throttled", "slow")
SHARE: Final = 0.05
_SLOW_SECONDS: Final = 0.7


class Faulty(proxy.Proxy):
    """Spoils one answer in twenty, at places that are the same in each run."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self._random = random.Random(20)

    def _is_next(self) -> bool:
        found = self._random.random() < SHARE
        self.changed += found
        return found

    def perform(self, call: Call, request: Json) -> Json:
        if self._kind == "throttled" and self._is_next():
            raise ServiceError("ThrottlingException", "Rate exceeded")
        return super().perform(call, request)

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        named = proxy.headers(answer)
        if self._kind == "throttled" or not self._is_next():
            return await proxy.respond(send, answer.status, named, answer.body)
        if self._kind == "reset":
            return proxy.drop(send)
        if self._kind == "cut":
            await send({"type": "http.response.start", "status": answer.status, "headers": named})
            await send({"type": "http.response.body", "body": answer.body[:-1], "more_body": True})
            return proxy.drop(send)
        if self._kind == "slow":
            await asyncio.sleep(_SLOW_SECONDS)
            return await proxy.respond(send, answer.status, named, answer.body)
        if self._kind == "truncated":
            return await _plain(send, answer.status, answer.content_type, answer.body[: len(answer.body) // 2])
        if self._kind == "504":
            return await _plain(send, 504, "text/html", b"<html><body>Gateway timeout</body></html>")
        fault = b'{"__type":"DirectConnectServerException","message":"an internal error"}'
        return await _plain(send, 500, answer.content_type, fault)


async def _plain(send: Send, status: int, content_type: str, body: bytes) -> None:
    named = [("content-type", content_type), ("content-length", str(len(body)))]
    await proxy.respond(send, status, [(name.encode(), value.encode()) for name, value in named], body)


def judged(target: proxy.Proxy, arguments: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Run pytest against an emulator: the report, and what was printed.

    Raises:
        AssertionError: no report was written.
    """
    with tempfile.TemporaryDirectory() as folder, proxy.in_thread(target) as url:
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "--color=no", "-p", "no:schemathesis"]
        command += [f"--target={url}", "--emulator", f"--accounts={proxy.ACCOUNTS}", f"--report={folder}/report"]
        done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        written = Path(folder) / "report" / "report.json"
        if not written.exists():
            raise AssertionError(f"no report was written: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        return json.loads(written.read_text(encoding="utf-8")), done.stdout


def accusations(report: dict[str, Any]) -> list[str]:
    """The violations of level must that say more than that an answer was bad."""
    return [
        f"{one['fingerprint']}: {one['message']} ({one['test']})"
        for one in report["violations"]
        if one["level"] == "must" and not one["rule"].startswith("wire.")
    ]


def main() -> None:
    kind, *arguments = sys.argv[1:]
    target = Faulty(kind)
    report, said = judged(target, arguments or ["-n", "2"])
    found = accusations(report)
    lines = [said[-3000:], f"{kind}: {target.changed} answers spoiled; {report['verdicts']}; {report['seconds']} s"]
    lines += [one["fingerprint"] for one in report["violations"]]
    sys.stdout.write("\n".join([*lines, *(found or ["no accusation"])]) + "\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
