"""A fake AWS behind a proxy of one's own: it counts what arrives. By itself, it measures the whole gate.

`python -m tests.unit.fake_aws` runs the whole contract against it, once for each kind of proxy, with keys that look
like AWS's and no permission, and prints how many writes arrived.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

from dxcontract.spec import model as specs
from tests.unit import servers

ROOT: Final = Path(__file__).parent.parent.parent
HOST: Final = "dx.network.example"
"""Resolved to loopback by `resolve_here`, as a name of a proxy in somebody's network."""

PROXIES: Final = (
    "istio-envoy",
    "Caddy",
    "openresty/1.21",
    "Apache/2.4.57",
    "kong/3.4",
    "cloudflare",
    "nginx/1.25",
    "awselb/2.0",
    "Werkzeug/3.0 Python/3.12",
)
REQUEST_IDS: Final = ("x-amzn-RequestId", "X-Request-Id", "")
"""The header that the proxy makes of AWS's; none where it strips it."""

REFUSALS: Final = ("UnknownOperationException", "ValidationException")
"""How the operation that cannot exist is answered."""

KEYS: Final = ",".join(f"{role}=AKIAPLANTEDINTHIS{role[:3].upper()}:secret" for role in ("owner", "other", "partner"))


def fake_aws(arrived: Counter[str], server: str, request_id: str, refusal: str) -> servers.Handle:
    """Answers of AWS, as a proxy hands them on: whatever is asked for is made."""
    spec = specs.load()

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        operation = (handler.headers.get("X-Amz-Target") or handler.path.rpartition("/")[2]).rpartition(".")[2]
        known = spec.operations.get(operation)
        arrived[operation if known is not None else "other"] += 1
        told: dict[str, object] = {}
        if known is None:
            told = {"__type": refusal, "message": "no"}
        elif known.traits.effect == "create":
            told = {pointer.split("/")[1]: _made(pointer.split("/")[2:]) for pointer in known.traits.gives.values()}
        answered = json.dumps(told).encode()
        handler.send_response_only(400 if known is None else 200)
        headers = {"Server": server, request_id: str(uuid.uuid4()), "Content-Type": "application/x-amz-json-1.1"}
        for name, value in {**headers, "Content-Length": str(len(answered))}.items():
            if name:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answered)

    return handle


def _made(rest: list[str]) -> Any:
    if not rest:
        return f"dx-{uuid.uuid4().hex[:8]}"
    return [_made(rest[1:])] if rest[0] == "*" else {rest[0]: _made(rest[1:])}


def writes(arrived: Mapping[str, int]) -> dict[str, int]:
    """What arrived that does not only read."""
    operations = specs.load().operations
    return {
        name: many for name, many in arrived.items() if name in operations and operations[name].traits.effect != "read"
    }


def resolve_here(resolve: Callable[..., Any] = socket.getaddrinfo) -> Callable[..., Any]:
    """A `socket.getaddrinfo` that knows HOST."""

    def resolved(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host in (HOST, HOST.encode()) else host, *rest, **more)

    return resolved


def gate(url: str, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A run of the contract against `url` with keys that look like AWS's, in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "-p",
        "no:schemathesis",
        "-p",
        "tests.unit.resolving",
    ]
    command += [f"--target={url}", f"--accounts={KEYS}", "--rate=100000", f"--report={folder}", *arguments]
    environment = {**kept, "XDG_STATE_HOME": str(folder / "state")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False)


def main() -> int:
    """Measure the whole gate; 1 when a write arrived."""
    bad = 0
    for number, server in enumerate(PROXIES):
        for own_name in (True, False):
            arrived: Counter[str] = Counter()
            request_id, refusal = REQUEST_IDS[(number + own_name) % 3], REFUSALS[(number + own_name) % 2]
            started = time.monotonic()
            with (
                tempfile.TemporaryDirectory() as folder,
                servers.http(fake_aws(arrived, server, request_id, refusal)) as url,
            ):
                there = url.replace("127.0.0.1", HOST) if own_name else url
                done = gate(there, Path(folder), *sys.argv[1:])
            written = writes(arrived)
            bad += bool(written)
            sys.stdout.write(
                f"{server:26} {'own host name' if own_name else 'loopback':14} id in {request_id or 'no header':17} "
                f"{refusal:26} exit {done.returncode}  {arrived.total():6} requests, {sum(written.values())} writes "
                f"{written or ''} in {time.monotonic() - started:.0f} s\n"
            )
            sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
