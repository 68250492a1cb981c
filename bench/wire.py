"""What `schemathesis run` finds on moto by itself, and what the contract finds with as many requests, in one run.

    python bench/wire.py [--examples 20]
    python bench/wire.py --endure 20000        so many requests to the reference emulator: no 5xx, no hang, no growth

Both read the same OpenAPI document and meet a fresh moto each, with the operations that moto has. Prints, for each
class of defect of Schemathesis, the operations, and the rules by which the contract reports it; exits 1 when it reports
none for a class. A class that is no defect by what AWS documents is said to be so, and not counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from dxcontract import openapi  # noqa: E402
from dxcontract import spec as specs  # noqa: E402

TESTS = ("answers", "fuzz", "protocol", "protocol_bytes", "protocol_connections")
SCOPE = "Credential=111111111111/20260101/us-east-1/directconnect/aws4_request"
AUTHORIZATION = f"Authorization: AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=0"
SAME_AS = {
    "ServerError": ("wire.no-server-error",),
    "ContentTypeServerError": ("wire.no-server-error",),
    "UndefinedStatusCode": ("wire.status", "wire.error-status"),
    "MissingContentType": ("wire.content-type",),
    "UndefinedContentType": ("wire.content-type",),
    "MalformedMediaType": ("wire.content-type",),
    "JsonSchemaError": ("wire.schema", "wire.no-null", "wire.timestamps", "wire.enum-values"),
    "MalformedJson": ("wire.body-json",),
    "ContentDeserializationError": ("wire.body-json",),
    "AcceptedNegativeData": (
        "requests.required-members",
        "requests.member-types",
        "requests.enum-values",
        "requests.lengths",
        "requests.patterns",
    ),
    "MissingHeaderNotRejected": ("wire.target-missing", "wire.unsigned"),
    "UnsupportedMethodResponse": ("wire.other-methods", "wire.get-refused"),
    "IgnoredAuth": ("wire.unsigned", "wire.wrongly-signed"),
}
NO_DEFECT = {
    "RejectedPositiveData": "a request that fits the schema names what does not exist: to refuse it is right",
}
_MOTO = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
threading.Event().wait()
"""


@dataclass(frozen=True)
class Found:
    """What one tool did: requests, seconds, and the operations by class of defect or rule."""

    requests: int
    seconds: float
    classes: dict[str, set[str]]


@contextmanager
def served(*command: str) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its URL and its process id."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def contract(url: str, folder: Path, examples: int, *tests: str, profile: str = "gate") -> dict[str, Any]:
    """The contract's report."""
    report = folder / f"contract-{examples}"
    files = [f"--hypothesis-profile={profile}", *(f"tests/contract/test_{name}.py" for name in tests)]
    command = [sys.executable, "-m", "pytest", "-q", f"--target={url}", f"--report={report}", f"--examples={examples}"]
    subprocess.run([*command, *files], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    document: dict[str, Any] = json.loads((report / "report.json").read_text(encoding="utf-8"))
    return document


def by_contract(url: str, folder: Path, examples: int) -> Found:
    """The contract on a target: its files on the wire and on whatever requests."""
    started = time.monotonic()
    document = contract(url, folder, examples, *TESTS)
    classes: dict[str, set[str]] = {}
    for violation in document["violations"]:
        classes.setdefault(violation["rule"], set()).add(violation["operation"])
    return Found(calls(document), time.monotonic() - started, classes)


def calls(document: dict[str, Any]) -> int:
    """How many requests a run of the contract sent."""
    return sum(operation["calls"] for operation in document["operations"].values())


def by_schemathesis(url: str, folder: Path, examples: int, operations: list[str]) -> Found:
    """`schemathesis run` on a target, all its checks, in all phases that need no links."""
    document, report = folder / "openapi.json", folder / "schemathesis.json"
    document.write_text(json.dumps(openapi.document(specs.load())), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", str(document), f"--url={url}"]
    command += [f"--max-examples={examples}", "--phases=examples,coverage,fuzzing", "--continue-on-failure"]
    command += ["--no-shrink", "--seed=1", "--request-timeout=10", "--report=json", f"--report-json-path={report}"]
    command += ["-H", AUTHORIZATION, *(f"--include-operation-id={name}" for name in operations)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "bench.schemathesis_hooks"}
    started = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    result = json.loads(report.read_text(encoding="utf-8"))
    classes = {
        failure["type"]: {name.rpartition(".")[2] for name in failure["operations"]} for failure in result["failures"]
    }
    return Found(result["test_cases"]["generated"], time.monotonic() - started, classes)


def compare(examples: int) -> int:
    """Run both on moto and print what each found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served("-c", _MOTO) as (url, _):
            supported = contract(url, folder, 1, "locations")["operations"]
        operations = [name for name, operation in supported.items() if operation["supported"]]
        with served("-c", _MOTO) as (url, _):
            theirs = by_schemathesis(url, folder, examples, operations)
        with served("-c", _MOTO) as (url, _):
            ours = by_contract(url, folder, examples)
    print(f"{len(operations)} operations of moto")
    print(f"schemathesis  {theirs.requests} requests, {theirs.seconds:.0f} s, {len(theirs.classes)} classes of defects")
    print(f"dxcontract    {ours.requests} requests, {ours.seconds:.0f} s, {len(ours.classes)} rules violated")
    print()
    missed = 0
    for kind, where in sorted(theirs.classes.items()):
        same = [rule for rule in SAME_AS.get(kind, ()) if rule in ours.classes]
        missed += not same and kind not in NO_DEFECT
        said = ", ".join(f"{rule} ({len(ours.classes[rule])})" for rule in same)
        print(f"{kind} ({len(where)} operations): {said or NO_DEFECT.get(kind, 'NOT REPORTED')}")
    known = {rule for rules in SAME_AS.values() for rule in rules}
    print(f"only dxcontract: {', '.join(sorted(set(ours.classes) - known))}")
    return 1 if missed else 0


def resident(process: int) -> int:
    """The memory of a process, in KiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def advance(url: str, seconds: int) -> None:
    """Move the emulator's clock."""
    data = json.dumps({"seconds": seconds}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_dxcontract/advance", data), timeout=60) as answer:  # noqa: S310
        answer.read()


def endure(requests: int, share: int) -> int:
    """Fuzz the reference emulator in shares until it had so many requests; watch statuses and its memory."""
    sent, failed = 0, []
    with tempfile.TemporaryDirectory() as name, served("-m", "dxcontract.reference") as (url, process):
        started = time.monotonic()
        warm = 0
        while sent < requests:
            document = contract(url, Path(name), share, "fuzz", profile="nightly")
            sent += calls(document)
            # What was deleted is shown for up to days, as documented, and kept until then.
            advance(url, 4 * 86400)
            warm = warm or resident(process)
            wrong = [one["fingerprint"] for one in document["violations"] if one["level"] == "must"]
            failed += wrong + document["harness_errors"]
            now = resident(process)
            print(
                f"{sent} requests, {time.monotonic() - started:.0f} s, {now} KiB, {len(failed)} violations", flush=True
            )
        growth = (now - warm) / warm
    print(f"memory grew by {growth:.1%} after the first {share} examples an operation; {failed or 'no violation'}")
    return 1 if failed or growth > 0.1 else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--examples", type=int, default=20, help="an operation, for both (default: %(default)s)")
    parser.add_argument("--endure", type=int, metavar="REQUESTS", help="fuzz the reference emulator instead")
    parser.add_argument("--share", type=int, default=20, help="examples an operation between two looks at the memory")
    options = parser.parse_args()
    return endure(options.endure, options.share) if options.endure else compare(options.examples)


if __name__ == "__main__":
    sys.exit(main())
