"""How many calls a second the reference emulator answers, and moto's server, under the same load in the same run.

    python bench/throughput_vs_moto.py [--seconds 30] [--threads 16]

The load is what both can do: connections, LAGs and tags are made, described, changed and deleted. Each thread keeps one
connection open and signs its requests itself; the same client code drives both, one after the other, each in a process
of its own. Afterwards what the emulator holds is compared with what it answered: no status of 500 or above, no id
given twice, no update lost. The exit status tells whether that is so and the goal was met.
"""

import argparse
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ACCOUNT, SECRET, REGION = "111111111111", "dxcontract", "us-east-1"
GOAL = 3.0
_MOTO = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
threading.Event().wait()
"""


class Client:
    """A connection that is kept open, and HTTP in as few steps as possible: the client must not be what is measured."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._host = self._address.netloc
        self._date = ""
        self._key = b""
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection((self._address.hostname or "", self._address.port or 80), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def call(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the answer of an operation."""
        body = json.dumps(request, separators=(",", ":")).encode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._headers(operation, body).items())
        head = f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        self._socket.sendall(head.encode() + body)
        version, code = self._file.readline().split()[:2]
        length, closing = 0, version == b"HTTP/1.0"
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value.strip() == b"close":
                closing = True
        content = self._file.read(length)
        if closing:
            self._file.close()
            self._socket.close()
            self._connect()
        return int(code), json.loads(content) if content[:1] == b"{" else {}

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = f"OvertureService.{operation}"
        content_type = "application/x-amz-json-1.1"
        if stamp[:8] != self._date:
            self._date = stamp[:8]
            self._key = f"AWS4{SECRET}".encode()
            for part in (self._date, REGION, "directconnect", "aws4_request"):
                self._key = hmac.new(self._key, part.encode(), hashlib.sha256).digest()
        names = "content-type;host;x-amz-date;x-amz-target"
        lines = f"content-type:{content_type}\nhost:{self._host}\nx-amz-date:{stamp}\nx-amz-target:{target}\n"
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{self._date}/{REGION}/directconnect/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return {
            "Content-Type": content_type,
            "X-Amz-Date": stamp,
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}",
        }


@dataclass
class Tally:
    """What one thread did, and what it must find afterwards."""

    calls: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def work(url: str, number: int, location: str, until: float, tally: Tally) -> None:
    """Make, describe, change and delete until the time is over."""
    client = Client(url)

    def call(operation: str, **request: Any) -> dict[str, Any]:
        status, answer = client.call(operation, request)
        tally.calls += 1
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        return answer

    turn = 0
    while time.monotonic() < until:
        turn += 1
        made = call("CreateConnection", location=location, bandwidth="1Gbps", connectionName=f"{number}-{turn}")
        one = made["connectionId"]
        tally.ids.append(one)
        call("DescribeConnections", connectionId=one)
        call("UpdateConnection", connectionId=one, connectionName=f"renamed {number}-{turn}")
        arn = f"arn:aws:directconnect:{REGION}:{ACCOUNT}:dxcon/{one}"
        call("TagResource", resourceArn=arn, tags=[{"key": "turn", "value": str(turn)}])
        call("DescribeTags", resourceArns=[arn])
        call("DescribeConnections", connectionId=one)
        call("DescribeLocations")
        if turn % 8:
            call("DeleteConnection", connectionId=one)
        else:
            tally.names[one] = f"renamed {number}-{turn}"
            tally.tags[one] = str(turn)


def load(url: str, threads: int, seconds: float) -> tuple[float, list[Tally]]:
    """Put a server under load; calls per second, and what each thread did."""
    location = Client(url).call("DescribeLocations", {})[1].get("locations", [{}])[0].get("locationCode", "EqDC2")
    tallies = [Tally() for _ in range(threads)]
    started = time.monotonic()
    running = [
        threading.Thread(target=work, args=(url, number, location, started + seconds, tally))
        for number, tally in enumerate(tallies)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(tally.calls for tally in tallies) / (time.monotonic() - started), tallies


def faults(url: str, tallies: list[Tally]) -> list[str]:
    """What the emulator did wrong under load; nothing, one hopes."""
    wrong = [
        f"status {status} for {count} calls"
        for tally in tallies
        for status, count in tally.statuses.items()
        if status != 200
    ]
    ids = [one for tally in tallies for one in tally.ids]
    if len(set(ids)) != len(ids):
        wrong.append(f"{len(ids) - len(set(ids))} ids were given twice")
    found = {one["connectionId"]: one for one in Client(url).call("DescribeConnections", {})[1]["connections"]}
    for tally in tallies:
        for one, name in tally.names.items():
            shown = found.get(one)
            if shown is None or shown["connectionName"] != name:
                wrong.append(f"the new name of {one} was lost")
            elif {"key": "turn", "value": tally.tags[one]} not in shown["tags"]:
                wrong.append(f"the tag of {one} was lost")
    return wrong


def started(command: list[str]) -> tuple["subprocess.Popen[str]", str]:
    """A server in a process of its own, and its URL."""
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def main() -> int:
    """Measure both; the exit status."""
    parser = argparse.ArgumentParser(description="throughput of the reference emulator and of moto's server")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=16)
    args = parser.parse_args()
    rates: dict[str, float] = {}
    wrong: list[str] = []
    commands = {"reference": [sys.executable, "-m", "dxcontract.reference"], "moto": [sys.executable, "-c", _MOTO]}
    for name, command in commands.items():
        process, url = started(command)
        try:
            rates[name], tallies = load(url, args.threads, args.seconds)
            print(f"{name}: {rates[name]:.0f} calls a second, {sum(tally.calls for tally in tallies)} calls")
            if name == "reference":
                wrong = faults(url, tallies)
        finally:
            process.terminate()
            process.wait(timeout=10)
    ratio = rates["reference"] / rates["moto"]
    print(f"ratio: {ratio:.1f} (goal: {GOAL:.0f})")
    print("\n".join(wrong) or "no status but 200, no id given twice, no update lost")
    return 0 if ratio >= GOAL and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
