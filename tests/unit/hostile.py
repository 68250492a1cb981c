"""A hostile server, by script: in front of a reference emulator, or by itself. All on loopback, ended by its context.

A script decides about each request: let it through (None), or answer in its own way on the open connection (True).
"""

import contextlib
import datetime
import http.client
import ipaddress
import json
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit import odd_values

ROOT = Path(__file__).parent.parent.parent
JSON = "application/x-amz-json-1.1"
FOREVER = 900
"""Seconds: longer than any run here may take, so that none ends because the server has had enough."""


@dataclass
class Asked:
    """One request: the how-many-th it is, of which operation, and how to answer it."""

    number: int
    operation: str
    body: bytes
    handler: BaseHTTPRequestHandler
    forward: Callable[[], tuple[int, str, bytes]]
    server: "Hostile"

    def raw(self, data: bytes) -> None:
        """Bytes on the wire, then the end of the connection."""
        with contextlib.suppress(OSError):  # the client may have had enough
            self.handler.wfile.write(data)
            self.handler.wfile.flush()
        self.handler.close_connection = True

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        """A whole answer."""
        with contextlib.suppress(OSError):
            self.handler.send_response(status)
            for name, value in (("Content-Type", JSON), ("Content-Length", str(len(body))), *headers):
                self.handler.send_header(name, value)
            self.handler.end_headers()
            self.handler.wfile.write(body)

    def drop(self) -> None:
        """End the connection with a reset."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)


Script = Callable[[Asked], bool | None]


@dataclass
class Hostile:
    """A running hostile server. `seen` counts requests by operation, `misbehaved` those that the script answered."""

    url: str = ""
    upstream: str = ""
    seen: dict[str, int] = field(default_factory=dict)
    last: tuple[int, str, bytes] | None = None
    dead: threading.Event = field(default_factory=threading.Event)
    first: float | None = None
    misbehaved: int = 0


@contextlib.contextmanager
def emulator(*arguments: str) -> Iterator[str]:
    """A reference emulator of its own, started with these arguments; answers its URL."""
    command = [sys.executable, "-m", "dxcontract.reference", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextlib.contextmanager
def serve(script: Script, upstream: str = "", tls: Path | None = None) -> Iterator[Hostile]:
    """A server that follows `script`, with what it lets through answered by `upstream`."""
    hostile = Hostile(upstream=upstream)
    counting = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits for an acknowledgement between its head and its body

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
            with counting:
                number = sum(hostile.seen.values()) + 1
                hostile.seen[operation] = hostile.seen.get(operation, 0) + 1
                hostile.first = hostile.first or time.monotonic()
            if hostile.dead.is_set():
                self.close_connection = True
                return
            asked = Asked(number, operation, body, self, lambda: _forwarded(self, upstream, body), hostile)
            if script(asked) is not None:
                hostile.misbehaved += 1
            else:
                hostile.last = asked.forward()
                status, kind, answered = hostile.last
                asked.answer(status, answered, ("X-Amzn-RequestId", kind))

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    hostile.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def die() -> None:
        hostile.dead.wait()
        server.shutdown()
        server.server_close()

    threading.Thread(target=die, daemon=True).start()
    try:
        yield hostile
    finally:
        hostile.dead.set()
        thread.join(5)


def _forwarded(handler: BaseHTTPRequestHandler, upstream: str, body: bytes) -> tuple[int, str, bytes]:
    if not upstream:
        return 200, "00000000-0000-4000-8000-000000000000", b"{}"
    place = urlsplit(upstream)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
    for name, value in handler.headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answered = answer.read()
    connection.close()
    return answer.status, answer.headers.get("x-amzn-requestid", ""), answered


# -- scripts; those with a name of an operation misbehave on that one alone


def only(scripts: Mapping[str, Script]) -> Script:
    """A script for each of some operations, everything else let through."""
    return lambda asked: scripts[asked.operation](asked) if asked.operation in scripts else None


def resets(asked: Asked) -> bool:
    asked.drop()
    return True


def says_nothing(asked: Asked) -> bool:
    asked.server.dead.wait(FOREVER)
    asked.handler.close_connection = True
    return True


def answers_late(asked: Asked) -> bool:
    asked.server.dead.wait(20)
    asked.answer(200, b"{}")
    return True


def dribbles(asked: Asked) -> bool:
    """One byte a second: no single wait is long."""
    with contextlib.suppress(OSError):
        asked.handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 900\r\n\r\n"
        )
        for _ in range(FOREVER):
            asked.handler.wfile.write(b" ")
            asked.handler.wfile.flush()
            if asked.server.dead.wait(1):
                break
    asked.handler.close_connection = True
    return True


def dribbles_headers(asked: Asked) -> bool:
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * FOREVER:
            asked.handler.wfile.write(bytes([byte]))
            asked.handler.wfile.flush()
            if asked.server.dead.wait(1):
                break
    asked.handler.close_connection = True
    return True


def half_a_body(asked: Asked) -> bool:
    asked.raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 400\r\n\r\n{"lags": [')
    return True


def too_short_a_length(asked: Asked) -> bool:
    asked.raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 3\r\n\r\n{"lags": []}')
    return True


def garbage(asked: Asked) -> bool:
    asked.raw(b"\x00\x01\x02 this is no HTTP at all\r\n\r\n")
    return True


def _bomb() -> bytes:
    """256 MB of nothing in a quarter of one; made in pieces, or this process would be as large."""
    packer = zlib.compressobj(9, wbits=31)
    block = b"\0" * 1024 * 1024
    return b"".join([*(packer.compress(block) for _ in range(256)), packer.flush()])


_BOMB = _bomb()


def gzip_bomb(asked: Asked) -> bool:
    asked.answer(200, _BOMB, ("Content-Encoding", "gzip"))
    return True


def endless(asked: Asked) -> bool:
    with contextlib.suppress(OSError):
        asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n\r\n")
        block = b" " * 65536
        while not asked.server.dead.is_set():
            asked.handler.wfile.write(block)
    asked.handler.close_connection = True
    return True


def redirects(elsewhere: str) -> Script:
    def script(asked: Asked) -> bool:
        asked.answer(307, b"", ("Location", elsewhere))
        return True

    return script


def unavailable(seconds: float) -> Script:
    """503 for so long from the first request on, then well."""

    def script(asked: Asked) -> bool | None:
        if time.monotonic() - (asked.server.first or 0.0) > seconds:
            return None
        asked.answer(503, b'{"__type":"ServiceUnavailable"}')
        return True

    return script


def dies(after: int) -> Script:
    def script(asked: Asked) -> bool | None:
        if asked.number <= after:
            return None
        asked.server.dead.set()
        asked.handler.close_connection = True
        return True

    return script


def forgets(after: int) -> Script:
    """Everything that was made is gone, once."""

    def script(asked: Asked) -> bool | None:
        if asked.number == after:
            place = urlsplit(asked.server.upstream)
            connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
            connection.request("POST", "/_dxcontract/reset", b"{}")
            connection.getresponse().read()
            connection.close()
        return None

    return script


def mixes_up(every: int) -> Script:
    """Each so-many-th request gets the answer of the one before it."""

    def script(asked: Asked) -> bool | None:
        before = asked.server.last
        if asked.number % every or before is None:
            return None
        asked.forward()
        asked.answer(before[0], before[2], ("X-Amzn-RequestId", before[1]))
        return True

    return script


def swaps(operation: str, every: int, body: bytes) -> Script:
    """Each so-many-th request of an operation is done, and answered with what is somebody else's."""

    def script(asked: Asked) -> bool | None:
        if asked.operation != operation or asked.server.seen[operation] % every:
            return None
        _, request_id, _ = asked.forward()
        asked.answer(200, body, ("X-Amzn-RequestId", request_id))
        return True

    return script


def throttles(every: int) -> Script:
    def script(asked: Asked) -> bool | None:
        if asked.number % every:
            return None
        asked.answer(400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}')
        return True

    return script


def lists_ten_thousand(asked: Asked) -> bool | None:
    """Others have ten thousand connections, all malformed, beside what the run made."""
    if asked.operation != "DescribeConnections" or b"dxcon-" in asked.body:
        return None
    status, request_id, answered = asked.forward()
    if status != 200:
        return None
    document = json.loads(answered)
    strangers = [
        {"connectionId": f"dxcon-x{number:07}", "connectionName": "production", "connectionState": 7, "loa": None}
        for number in range(10_000)
    ]
    document["connections"] = [*strangers, *document["connections"]]
    asked.answer(200, json.dumps(document).encode(), ("X-Amzn-RequestId", request_id))
    return True


def changes(change: Callable[[int, Any], Any]) -> Script:
    """Every answer that is an object comes with its body changed; `change` is given the status and the body."""
    changing = threading.Lock()

    def script(asked: Asked) -> bool | None:
        status, request_id, answered = asked.forward()
        document = json.loads(answered or b"null")
        if isinstance(document, dict):
            with changing:
                document = change(status, document)
        asked.answer(status, json.dumps(document).encode(), ("X-Amzn-RequestId", request_id))
        return True

    return script


def odd_values_anywhere(seed: int, share: float) -> Script:
    """A share of all that is answered is something else, of another type, size or form."""
    draw = random.Random(seed)
    return changes(lambda status, document: odd_values.mutated(document, draw, share))


def long_texts(status: int, document: Any) -> Any:
    """A megabyte in each text but ids and states, or in an error's message."""
    if status >= 400:
        return {**document, "message": odd_values.EVIL + "z" * 1_000_000}
    return {
        name: [long_texts(status, one) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else "y" * 1_000_000
        if isinstance(value, str) and name.endswith("Name")
        else value
        for name, value in document.items()
    }


def many_members(status: int, document: Any) -> Any:
    """20,000 members that are none of the model, and a thousand in a list's first item."""
    more = {f"odd{number}": number for number in range(20_000)}
    some = dict(list(more.items())[:1000])
    told = {
        name: [{**one, **some} if isinstance(one, dict) else one for one in value[:1]] + value[1:]
        if isinstance(value, list)
        else value
        for name, value in document.items()
    }
    return {**told, **more} if status == 200 else document


def certificate(folder: Path) -> Path:
    """A certificate that nobody signed, for another host, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "directconnect.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path
