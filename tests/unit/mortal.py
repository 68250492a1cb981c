"""A server that speaks just enough Direct Connect, and whose process ends on a text with a right-to-left override."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.unit import servers

ROOT = Path(__file__).parent.parent.parent
DEADLY = "\u202e"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if DEADLY.encode() in body or rb"\u202e" in body:
            os._exit(3)
        known = "ThatCannotExist" not in self.headers.get("X-Amz-Target", "")
        answer = b"{}" if known else b'{"__type":"UnknownOperationException"}'
        servers.answer(self, 200 if known else 400, answer, "application/x-amz-json-1.1")

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def mortal(*, restarted: bool) -> Iterator[str]:
    """The URL of such a server; `restarted`: started again whenever it has died, as supervisors do."""
    port = servers.closed_port()
    over = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def supervise() -> None:
        while not over.is_set():
            running.append(subprocess.Popen([sys.executable, "-m", "tests.unit.mortal", str(port)], cwd=ROOT))
            running[-1].wait()
            over.wait(0.5)
            if not restarted:
                return

    thread = threading.Thread(target=supervise, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        over.set()
        running[-1].terminate()
        thread.join()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
