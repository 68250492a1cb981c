"""Do reproducers show what they claim? Scripts of different kinds are run by a Python that has boto3 and nothing else.

    dxcontract run --target=moto --report=out && python bench/reproducers.py out [N]

N (ten unless given) violations of the report are chosen so that they differ: by the family of the rule, by how the
answer is judged, by whether the request is one that a client sends. Against a moto server over HTTP, for each:

- the Python script, by a fresh virtual environment into which only boto3 was installed: it has to say "still happens";
- the script for the AWS CLI (where the CLI can send all of it): each command has to be understood;
- `dxcontract replay` on moto, which has to say "still happens", and on the reference emulator, "no longer happens".

Prints a table, with versions, and exits 1 unless all is so. The output of all scripts goes into OUT (`scripts.txt` in
the report's folder), to be read.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from moto.server import ThreadedMotoServer

from dxcontract.reproduce.reproducer_files import file_name

SECONDS: Final = 120.0
_SAID: Final = {0: "no longer happens", 1: "still happens", 2: "cannot tell"}
_UNSENT: Final = "# Step"


@dataclass
class Line:
    """What came of one violation."""

    fingerprint: str
    script: int
    aws_cli: str
    on_moto: int
    on_reference: int

    @property
    def good(self) -> bool:
        return (self.script, self.on_moto, self.on_reference) == (1, 1, 0) and not self.aws_cli.startswith("failed")


def main(arguments: Sequence[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        raise SystemExit(f"usage: python {sys.argv[0]} REPORT [N]")
    folder = Path(arguments[0])
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    chosen = list(itertools.islice(different(document["violations"]), int(arguments[1]) if arguments[1:] else 10))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with tempfile.TemporaryDirectory() as place, (folder / "scripts.txt").open("w") as out:
            python = environment(Path(place))
            print(f"moto {version('moto')}, awscli {version('awscli')}, {installed(python)}")
            lines = [tried(folder, one, python, f"http://{host}:{port}/", out) for one in chosen]
    finally:
        server.stop()
    print(f"\n{'violation':75} {'script':18} {'AWS CLI':22} {'replay on moto':18} replay on reference")
    for line in lines:
        said = (_SAID.get(line.script, "failed"), line.aws_cli, _SAID.get(line.on_moto, "failed"))
        print(f"{line.fingerprint:75} {said[0]:18} {said[1]:22} {said[2]:18} {_SAID.get(line.on_reference, 'failed')}")
    good = sum(line.good for line in lines)
    print(f"{good} of {len(lines)} as they should be; what was said is in {folder / 'scripts.txt'}")
    return 0 if good == len(lines) else 1


def different(violations: Sequence[Any]) -> Iterator[Any]:
    """Violations, those first that have least in common with the ones before."""
    waiting = [one for one in violations if not one["reproduction"]["withheld"]]
    seen: dict[Any, int] = {}

    def known(one: Any) -> int:
        return sum(seen.get(trait, 0) for trait in traits(one))

    while waiting:
        chosen = min(waiting, key=lambda one: (known(one), one["fingerprint"]))
        waiting.remove(chosen)
        for trait in traits(chosen):
            seen[trait] = seen.get(trait, 0) + 1
        yield chosen


def traits(violation: Any) -> tuple[Any, ...]:
    shown = violation["reproduction"]
    claim = shown["claim"]
    by_hand = tuple(sorted(name for step in shown["steps"] for name in step.get("request", {})))
    kinds = ("rule", violation["rule"]), ("family", violation["rule"].partition(".")[0])
    judged = ("judged", claim.get("asks"), claim.get("by"), claim.get("look"))
    return (
        *kinds,
        judged,
        ("operation", violation["operation"]),
        ("steps", min(len(shown["steps"]), 5)),
        ("raw", by_hand),
    )


def environment(place: Path) -> Path:
    """A Python with boto3 and nothing else."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", f"boto3=={version('boto3')}"], check=True)
    return python


def installed(python: Path) -> str:
    done = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    return f"{sys.version.split()[0]} with {', '.join(done.stdout.split())}"


def tried(folder: Path, violation: Any, python: Path, endpoint: str, out: Any) -> Line:
    name = file_name(violation["fingerprint"])
    script, commands = (folder / "reproducers" / f"{name}.{ending}" for ending in ("py", "sh"))
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(python.parent)}
    done = subprocess.run([python, script, endpoint], capture_output=True, text=True, env=bare, timeout=SECONDS)
    out.write(f"==== {violation['fingerprint']}\n{done.stdout}{done.stderr}\n")
    out.write(f"---- AWS CLI\n{commands.read_text()}\n")
    cli = aws_cli(commands, endpoint, out)
    replays = []
    for target in (endpoint, "reference"):
        replay = subprocess.run(
            [sys.executable, "-m", "dxcontract", "replay", script, f"--target={target}"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        out.write(f"---- replay on {target}\n{replay.stdout}{replay.stderr}\n")
        replays.append(replay.returncode)
    return Line(violation["fingerprint"], done.returncode, cli, *replays)


def aws_cli(commands: Path, endpoint: str, out: Any) -> str:
    """Run a script for the AWS CLI: it may be answered with errors, but each command has to be understood."""
    unsent = sum(line.startswith(_UNSENT) for line in commands.read_text().splitlines())
    if unsent:
        return f"{unsent} not for it"
    began = time.monotonic()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", commands, endpoint], capture_output=True, text=True, timeout=SECONDS, env={**os.environ, "PATH": path}
    )
    out.write(f"{done.stdout}{done.stderr}\n")
    signs = ("usage:", ": not found", "Unknown options", "Parameter validation")
    wrong = next((one for one in signs if one in done.stderr), None)
    return f"failed: {wrong}" if wrong else f"ran, {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
