"""What `schemathesis run` finds on moto by itself, and what the contract finds with no more requests, in one run.

    python bench/wire.py [--examples 5] [--seed 1]

Both read the same OpenAPI document and meet a fresh moto each, with the operations that moto has. Prints, for each
class of defect of Schemathesis, its operations and the rules by which the contract reports it; exits 1 when it reports
none for a class. That a request which fits the schema is refused (RejectedPositiveData) is no defect where the request
names what was never made: no answer of the run holds the id. Each such refusal is looked at, and the others count.
"""

import argparse
import base64
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from dxcontract.integrations import openapi  # noqa: E402
from dxcontract.spec import model as specs  # noqa: E402
from dxcontract.spec.json_pointer import at  # noqa: E402

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
    "RejectedPositiveData": ("requests.valid-accepted",),
    "IgnoredAuth": ("wire.unsigned", "wire.wrongly-signed"),
}
REFUSED: Final = "RejectedPositiveData"
BASE, EACH = 300, 22
"""Requests of the contract on moto: without examples, and for each example an operation; so that it sends no more."""
_MOTO = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
threading.Event().wait()
"""


@dataclass(frozen=True)
class Refusal:
    """A request that fits the schema and was refused: with what, and the ids in it that no answer ever held, empty ones
    among them."""

    operation: str
    told: str
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What one tool did: requests, seconds, and the operations by class of defect or rule; and refusals to judge."""

    requests: int
    seconds: float
    classes: dict[str, set[str]]
    refusals: list[Refusal] = field(default_factory=list)


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


def contract(url: str, folder: Path, examples: int, *tests: str) -> dict[str, Any]:
    """The contract's report."""
    report = folder / f"contract-{examples}"
    files = [f"tests/contract/test_{name}.py" for name in tests]
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


def by_schemathesis(url: str, folder: Path, examples: int, seed: int, operations: list[str]) -> Found:
    """`schemathesis run` on a target, all its checks, in all phases that need no links."""
    document, report, events = (folder / name for name in ("openapi.json", "schemathesis.json", "events.ndjson"))
    document.write_text(json.dumps(openapi.document(specs.load())), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", str(document), f"--url={url}"]
    command += [f"--max-examples={examples}", "--phases=examples,coverage,fuzzing", "--continue-on-failure"]
    command += ["--no-shrink", f"--seed={seed}", "--request-timeout=10", "--report=json,ndjson"]
    command += [f"--report-json-path={report}", f"--report-ndjson-path={events}"]
    command += ["-H", AUTHORIZATION, *(f"--include-operation-id={name}" for name in operations)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "bench.schemathesis_hooks"}
    started = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    result = json.loads(report.read_text(encoding="utf-8"))
    classes = {
        failure["type"]: {name.rpartition(".")[2] for name in failure["operations"]} for failure in result["failures"]
    }
    seconds = time.monotonic() - started
    return Found(result["test_cases"]["generated"], seconds, classes, list(refusals(events)))


def refusals(events: Path) -> Iterator[Refusal]:
    """The requests that Schemathesis holds against the target for being refused."""
    recorders = []
    for line in events.read_text(encoding="utf-8").splitlines():
        recorders += [one["recorder"] for one in json.loads(line).values() if "interactions" in one.get("recorder", {})]
    answered = " ".join(
        content(interaction.get("response")) for one in recorders for interaction in one["interactions"].values()
    )
    for recorder in recorders:
        for case, checks in recorder["checks"].items():
            failed = [((one.get("failure_info") or {}).get("failure") or {}).get("type") for one in checks]
            if REFUSED in failed:
                operation = recorder["label"].rpartition(".")[2]
                response = recorder["interactions"][case]["response"]
                named = set(ids(operation, recorder["cases"][case]["value"].get("body")))
                unknown = tuple(sorted(one for one in named if not one or f'"{one}"' not in answered))
                error = response["headers"].get("x-amzn-errortype", ["?"])[0]
                yield Refusal(operation, f"{response['status_code']} {error}", unknown)


def content(message: dict[str, Any] | None) -> str:
    """The body of an answer."""
    encoded = ((message or {}).get("content") or {}).get("$base64", "")
    return base64.b64decode(encoded).decode("utf-8", "replace")


def ids(operation: str, body: Any) -> Iterator[str]:
    """The ids of resources that a request names."""
    for pointer, kind in specs.load().operation(operation).traits.takes.items():
        if kind not in ("location", "account"):
            yield from (one for one in at(body, pointer) if isinstance(one, str))


def compare(examples: int, seed: int) -> int:
    """Run both on moto and print what each found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served("-c", _MOTO) as (url, _):
            supported = contract(url, folder, 1, "locations")["operations"]
        operations = [name for name, operation in supported.items() if operation["supported"]]
        with served("-c", _MOTO) as (url, _):
            theirs = by_schemathesis(url, folder, examples, seed, operations)
        with served("-c", _MOTO) as (url, _):
            ours = by_contract(url, folder, max(4, (theirs.requests - BASE) // EACH))
    print(f"{len(operations)} operations of moto")
    print(f"schemathesis  {theirs.requests} requests, {theirs.seconds:.0f} s, {len(theirs.classes)} classes of defects")
    print(f"dxcontract    {ours.requests} requests, {ours.seconds:.0f} s, {len(ours.classes)} rules violated")
    print()
    missed = []
    for kind, where in sorted(theirs.classes.items()):
        same = [rule for rule in SAME_AS.get(kind, ()) if rule in ours.classes]
        said = ", ".join(f"{rule} ({len(ours.classes[rule])})" for rule in same)
        if kind == REFUSED:
            left = list(judged(theirs.refusals))
            said = said or ("NOT REPORTED" if left else "no defect, as was said")
        missed += [kind] if "NOT" in (said or "NOT") else []
        print(f"{kind} ({len(where)} operations): {said or 'NOT REPORTED'}")
    known = {rule for rules in SAME_AS.values() for rule in rules}
    print(f"only dxcontract: {', '.join(sorted(set(ours.classes) - known))}")
    return 1 if missed else 0


def judged(found: list[Refusal]) -> Iterator[Refusal]:
    """The refusals that are not explained by an id of nothing; prints all, by operation."""
    print(f"{REFUSED}, one by one:")
    for operation in sorted({one.operation for one in found}):
        mine = [one for one in found if one.operation == operation]
        right = [one for one in mine if one.unknown and one.told.startswith("4")]
        told = ", ".join(sorted({one.told for one in mine}))
        example = f", such as {right[0].unknown[0]!r:.40}" if right else ""
        asks = "to refuse it is what requests.unknown-ids and requests.malformed-ids ask for"
        print(f"  {operation}: {len(right)} of {len(mine)} name what was never made{example}; {told}: {asks}")
        yield from (one for one in mine if one not in right)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--examples", type=int, default=5, help="of Schemathesis, an operation (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of Schemathesis (default: %(default)s)")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, seed {options.seed}", end="")
    print("".join(f", {name} {version(name)}" for name in ("moto", "schemathesis", "hypothesis", "botocore")))
    return compare(options.examples, options.seed)


if __name__ == "__main__":
    sys.exit(main())
