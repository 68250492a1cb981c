"""Schemathesis on the same target: all its checks and phases, requests that are signed, links between operations.

It complains about a target that has no fault, too (a valid request that names what does not exist is refused, say).
What it says of the faultless emulator is dropped, as a patient user would do; the rest is a catch.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from dxcontract.integrations import openapi
from dxcontract.spec import model as specs

ROOT: Final = Path(__file__).resolve().parents[2]
MOST_SECONDS: Final = 900


def run(url: str, budget: int, seed: int, known: Sequence[Sequence[str]] | None, *, examples: int) -> dict[str, Any]:
    """One run of at most `budget` requests, `examples` an operation; with `known`, until something else is complained
    of.

    Raises:
        RuntimeError: Schemathesis itself failed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "openapi.json").write_text(json.dumps(document()), encoding="utf-8")
        facts = {"url": url, "budget": budget, "known": known, "out": str(folder / "out.json")}
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "schemathesis"), "run", "openapi.json", f"--url={url}"]
        command += [f"--max-examples={max(10, examples)}", f"--seed={seed}", "--no-shrink", "--workers=1"]
        command += ["--request-timeout=10", "--suppress-health-check=all", "--generation-database=none"]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "bench.detection.hooks",
            "DETECTION_FACTS": str(folder / "facts.json"),
        }
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=MOST_SECONDS
        )
        if not (folder / "out.json").exists():
            raise RuntimeError(f"schemathesis ended by itself with status {done.returncode}:\n{done.stdout[-3000:]}")
        found: dict[str, Any] = json.loads((folder / "out.json").read_text(encoding="utf-8"))
        return found


def document() -> dict[str, Any]:
    """The OpenAPI document, without what describes AWS's way of signing and addressing, and with links: what an
    operation gives, others take."""
    spec = specs.load()
    made = openapi.document(spec)
    givers = [
        (operation.name, kind, pointer)
        for operation in spec.operations.values()
        for kind, pointer in operation.traits.gives.items()
        if "*" not in pointer
    ]
    for entry in made["paths"].values():
        name = entry["post"]["operationId"]
        links = entry["post"]["responses"]["200"].setdefault("links", {})
        for giver, kind, pointer in givers:
            if giver == name:
                links.update(_links(kind, pointer))
    return made


def _links(kind: str, pointer: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for operation in specs.load().operations.values():
        for taken, wanted in operation.traits.takes.items():
            if wanted == kind and taken.count("/") == 1:
                body = {taken[1:]: f"$response.body#{pointer}"}
                found[f"{operation.name}{taken[1:]}"] = {"operationId": operation.name, "requestBody": body}
    return found
