"""The gate against a bare loop over boto3, and what its time is spent on."""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.throughput import running

FLAME: Final = running.ROOT / "out" / "throughput-flame.svg"
_SHARES: Final = (
    ("target", re.compile(r"^(readinto|SocketIO\.readinto|recv)")),
    ("sending", re.compile(r"\((dxcontract/wire/(connection_pool|raw_connection|read_deadline)|urllib3/|http/client)")),
    ("signing", re.compile(r"\((dxcontract/wire/sigv4|botocore/auth)")),
    ("serializing and parsing", re.compile(r"\((dxcontract/wire/boto3_codec|botocore/)")),
    (
        "validation",
        re.compile(
            r"\((dxcontract/(oracle/(response_checks|state_observer)|targets/aws_detection|spec/lifecycles)"
            r"|.*jsonschema_rs)"
        ),
    ),
    (
        "bookkeeping",
        re.compile(r"\((dxcontract/(oracle|client|wire|run|reproduce|pytest_plugin)/\w+\.py)"),
    ),
    (
        "generation",
        re.compile(
            r"\((hypothesis/|schemathesis/|strategies/(values|invalid_requests|fuzz|schema_violations|valid_requests))"
        ),
    ),
    ("tests and machines", re.compile(r"\((strategies/|tests/|test_)")),
    ("collection", re.compile(r"perform_collect|_importtestmodule")),
    ("pytest and start", re.compile(r"")),
)
"""By the innermost frame that is of any of these."""


def ratio() -> list[dict[str, Any]]:
    """The gate's seconds against those of a bare boto3 loop with the same calls."""
    rows = []
    for target in ("moto", "reference"):
        with tempfile.TemporaryDirectory() as kept:
            ran = running.pytest(f"--target={target}")
            path = Path(kept) / "main.jsonl"
            path.write_text("\n".join(json.dumps(one) for one in ran.calls), encoding="utf-8")
            command = [sys.executable, "-m", "bench.throughput.replay", target, kept]
            bare = json.loads(subprocess.run(command, cwd=running.ROOT, capture_output=True, check=True).stdout)
        rows.append(
            {
                "target": target,
                "calls": len(ran.calls),
                "gate s": ran.seconds,
                "gate CPU s": ran.cpu,
                "replayed": bare["calls"],
                "bare s": bare["seconds"],
                "bare CPU s": bare["cpu"],
                "ratio": ran.seconds / bare["seconds"],
                "per call": ran.seconds / len(ran.calls) / (bare["seconds"] / bare["calls"]),
            }
        )
    return rows


def shares() -> list[dict[str, Any]]:
    """Where the time of the gate's own process goes, waiting included, and a flame graph."""
    FLAME.parent.mkdir(exist_ok=True)
    found: dict[str, Counter[str]] = {}
    for target in ("moto", "reference"):
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw"
            _profiled(target, "raw", raw)
            found[target] = _by_share(raw.read_text(encoding="utf-8").splitlines())
    _profiled("reference", "flamegraph", FLAME)
    print(f"flame graph: {FLAME}")
    return [
        {"share": name, **{target: f"{counts[name] / counts.total():.1%}" for target, counts in found.items()}}
        for name, _ in _SHARES
    ]


def _profiled(target: str, form: str, out: Path) -> None:
    under = ("py-spy", "record", "--rate", "40", "--idle", "--threads", "--format", form, "--output", str(out), "--")
    running.pytest(f"--target={target}", under=(str(Path(sys.executable).parent / under[0]), *under[1:]), record=False)


def _by_share(lines: Sequence[str]) -> Counter[str]:
    """Samples of the main thread by what they are spent on."""
    counts: Counter[str] = Counter()
    for line in lines:
        stack, _, number = line.rpartition(" ")
        frames = stack.split(";")
        if not any("MainThread" in one for one in frames[:3]):
            continue
        for frame in reversed(frames[2:]):
            share = next((name for name, of in _SHARES[:-1] if of.search(frame)), None)
            if share is not None:
                break
        counts[share or _SHARES[-1][0]] += int(number)
    return counts
