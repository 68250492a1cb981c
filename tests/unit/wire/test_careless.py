"""A careless reader of HTTP before the reference emulator: the rules that no fault within the emulator can break."""

import contextlib
import http.client
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

from dxcontract.targets import reference
from tests.unit import servers
from tests.unit.pytest_plugin.test_run import pytest_run

ROOT = Path(__file__).parents[3]
FILE = "tests/contract/test_protocol_connections.py"
END = b"\r\n\r\n"
BROKEN = {
    "wire.chunked-body",
    "wire.content-length-twice",
    "wire.header-case",
    "wire.http-1-0",
    "wire.keep-alive",
    "wire.pipelining",
    "wire.slow-body",
    "wire.unfinished-body",
}
BAD = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 35"
    b'\r\n\r\n{"__type":"SerializationException"}'
)


class Careless:
    """Takes requests apart as no server should, and hands them on."""

    def __init__(self, endpoint: str) -> None:
        self.place = urlsplit(endpoint).netloc

    def __call__(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            data = connection.recv(1 << 20)
            if data and END not in data:  # whatever comes in pieces is taken for nonsense
                connection.sendall(BAD)
                return
            while data:
                request, data = self.next(connection, data)
                answer = self.answer(*request)
                if END in data:  # the second of two that came at once is answered first
                    later, data = self.next(connection, data)
                    answer = self.answer(*later) + answer
                connection.sendall(answer)
                if b"\r\nuser-agent:" not in request[0].lower():  # closed without a word, but to the suite's own client
                    return
                data = connection.recv(1 << 20)

    def next(self, connection: socket.socket, data: bytes) -> tuple[tuple[bytes, bytes], bytes]:
        """The next request, in two parts, and what follows it; one that ends too early is taken for whole."""
        while END not in data and (more := connection.recv(1 << 20)):
            data += more
        head, _, rest = data.partition(END)
        lengths = [
            int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")
        ]
        wanted = lengths[0] if lengths else 0  # of two, the first
        while len(rest) < wanted and (more := connection.recv(1 << 20)):
            rest += more
        return (head, rest[:wanted]), rest[wanted:]

    def answer(self, head: bytes, body: bytes) -> bytes:
        """What the emulator answers, unless the head is not in the one form that is known here."""
        first, *lines = head.decode("utf-8").split("\r\n")
        if first.count(" ") != 2:
            return BAD
        method, path, version = first.split(" ")
        names = dict(line.split(": ", 1) for line in lines)
        known = "X-Amz-Target" in names or "x-amz-target" not in {name.lower() for name in names}
        if version != "HTTP/1.1" or not known or "Transfer-Encoding" in names:
            return BAD
        names = {name: value for name, value in names.items() if name.lower() not in ("content-length", "connection")}
        with contextlib.closing(http.client.HTTPConnection(self.place, timeout=10)) as onward:
            onward.request(method, path, body, names)
            found = onward.getresponse()
            text = found.read()
        headers = [(name, value) for name, value in found.getheaders() if name.lower() != "content-length"]
        told = "".join(f"{name}: {value}\r\n" for name, value in [*headers, ("Content-Length", str(len(text)))])
        return f"HTTP/1.1 {found.status} {found.reason}\r\n{told}\r\n".encode() + text


def test_every_rule_of_connections_can_be_broken(tmp_path: Path) -> None:
    claimed = set(re.findall(r"wire\.[a-z0-9-]+", (ROOT / FILE).read_text(encoding="utf-8")))
    target = reference.open_target("us-east-1", "eu-west-1")
    try:
        with servers.tcp(Careless(target.endpoint)) as url:
            result = pytest_run(f"--target={url}", f"--report={tmp_path}", FILE)
    finally:
        target.stop()
    assert result.returncode in (0, 1), result.stdout + result.stderr
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    found = {one["rule"] for one in document["violations"] if one["rule"] in claimed}
    assert found == BROKEN
