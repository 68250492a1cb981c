"""Proxies and certificate bundles of the environment are honoured for targets elsewhere, as the AWS SDKs do.

Elsewhere is a name that nothing resolves; the proxy, on loopback, leads to a server on loopback whatever it is asked.
"""

import base64
import contextlib
import os
import select
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dxcontract.wire import proxies
from tests.unit import hostile, servers
from tests.unit.client.test_sweep import ACCOUNTS, LIMIT, ROOT, environment

HOST = "directconnect.example.test"
TESTS = (
    "tests/contract/test_locations.py",
    "tests/contract/test_protocol_connections.py::test_a_connection_serves_another_request",
)


@dataclass
class Seen:
    """What a proxy was asked."""

    url: str = ""
    lines: list[str] = field(default_factory=list)
    credentials: set[str | None] = field(default_factory=set)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes on, both ways, until one side has no more."""
    sinks = {one: other, other: one}
    with contextlib.suppress(OSError):  # a side has had enough
        while True:
            held = [side for side in sinks if isinstance(side, ssl.SSLSocket) and side.pending()]
            for source in held or select.select([*sinks], [], [])[0]:
                if not (data := source.recv(65536)):
                    return
                sinks[source].sendall(data)


@contextlib.contextmanager
def secured(to: str, certificate: Path, key: Path) -> Iterator[str]:
    """The server at `to`, behind TLS."""
    context, place = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), urlsplit(to)
    context.load_cert_chain(certificate, key)

    def serve(connection: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            context.wrap_socket(connection, server_side=True) as safe,
            socket.create_connection((place.hostname or "", place.port or 0)) as other,
        ):
            relay(safe, other)

    with servers.tcp(serve) as url:
        yield url


@contextlib.contextmanager
def proxy(to: str) -> Iterator[Seen]:
    """A proxy that leads to the server at `to`."""
    seen, place = Seen(), urlsplit(to)
    upstream = (place.hostname or "", place.port or 0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def noted(self) -> None:
            seen.lines.append(f"{self.command} {self.path}")
            seen.credentials.add(self.headers.get("Proxy-Authorization"))

        def do_CONNECT(self) -> None:
            self.noted()
            with socket.create_connection(upstream) as other:
                self.send_response(200)
                self.end_headers()
                relay(self.connection, other)
            self.close_connection = True

        def do_POST(self) -> None:
            self.noted()
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.path = urlsplit(self.path).path
            status, request_id, answered = hostile._forwarded(self, to, body)
            self.send_response(status)
            self.send_header("Content-Type", hostile.JSON)
            self.send_header("X-Amzn-RequestId", request_id)
            self.send_header("Content-Length", str(len(answered)))
            self.end_headers()
            self.wfile.write(answered)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    seen.url = f"http://user:p%40ss@127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()


def run(folder: Path, target: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dxcontract", "run", "-q", "--color=no", ACCOUNTS, "--emulator", *TESTS]
    kept = {name: value for name, value in environment(folder).items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [*command, f"--target={target}"],
        cwd=ROOT,
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with hostile.emulator() as url:
        yield url


def test_a_target_behind_a_proxy_with_an_authority_of_its_own(tmp_path: Path, emulator: str) -> None:
    """Raw connections, too, take the way through the proxy; without the bundle, the certificate is not trusted."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    servers.certificate(key, certificate, HOST)
    with secured(emulator, certificate, key) as server, proxy(server) as seen:
        done = run(tmp_path, f"https://{HOST}", HTTPS_PROXY=seen.url, AWS_CA_BUNDLE=str(certificate))
        assert done.returncode == 0, done.stdout + done.stderr
        assert set(seen.lines) == {f"CONNECT {HOST}:443"}
        assert seen.credentials == {f"Basic {base64.b64encode(b'user:p@ss').decode()}"}
        strange = run(tmp_path, f"https://{HOST}", HTTPS_PROXY=seen.url)
    assert strange.returncode == 2
    assert "if you trust it, set AWS_CA_BUNDLE to the certificate of its authority" in strange.stdout


def test_a_target_without_tls_behind_a_proxy(tmp_path: Path, emulator: str) -> None:
    with proxy(emulator) as seen:
        done = run(tmp_path, f"http://{HOST}", http_proxy=seen.url)
        assert done.returncode == 0, done.stdout + done.stderr
        assert set(seen.lines) == {f"POST http://{HOST}/"}
        direct = run(tmp_path, f"http://{HOST}", http_proxy=seen.url, NO_PROXY="other.test,.example.test")
        assert direct.returncode == 2
        assert "has a host name that cannot be resolved" in direct.stdout
        assert "p%40ss" not in done.stdout + direct.stdout


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://localhost", "http://[::1]:80", "http://a.localhost"])
def test_this_machine_is_asked_directly(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_CA_BUNDLE", os.devnull)
    assert proxies.of(url) is None
    assert proxies.bundle(url) == {}
    assert proxies.of(f"https://{HOST}") == proxies.Proxy("http://127.0.0.1:1", (), "HTTPS_PROXY")


def test_aws_ca_bundle_comes_before_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    assert proxies.bundle(f"https://{HOST}") == {"ca_cert_dir": str(tmp_path)}
    monkeypatch.setenv("AWS_CA_BUNDLE", os.devnull)
    assert proxies.bundle(f"https://{HOST}") == {"ca_certs": os.devnull}
