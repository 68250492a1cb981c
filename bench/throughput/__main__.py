"""How fast a run is, where its time goes, and what it costs beyond one machine.

    python -m bench.throughput                  all tables, under 30 minutes on two cores
    python -m bench.throughput ratio start      these; also: shares, latency, linear

ratio    the gate against a bare boto3 loop that replays the calls of that gate on the same kind of target
shares   what the gate's time is spent on, and a flame graph to look at (py-spy)
latency  calls per second with more and more workers on a target that takes 0, 10 and 100 ms to answer
start    seconds to collect the tests and until the first call, and memory
linear   seconds against examples, and against resources that exist on the target already

Prints machine, versions and seed; `--out FILE` stores the figures, `bench.throughput.plot` draws them.
"""

import argparse
import datetime
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.throughput import concurrency, cost, gate

TABLES: Final[Mapping[str, Callable[[], list[dict[str, Any]]]]] = {
    "ratio": gate.ratio,
    "shares": gate.shares,
    "start": cost.start,
    "linear": cost.linear,
    "latency": concurrency.latency,
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)} (default: all)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="store the figures as JSON, beside those of other tables"
    )
    asked = parser.parse_args(arguments)
    if unknown := set(asked.tables) - set(TABLES):
        parser.error(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    facts: dict[str, Any] = {
        "date": str(datetime.date.today()),
        "machine": f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("botocore", "moto", "hypothesis", "pytest", "pytest-xdist")},
        "seed": "the gate's own: it is derandomized",
    }
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    print(
        f"{facts['date']}, {facts['machine']}, Python {facts['python']}, {versions}, seed: {facts['seed']}", flush=True
    )
    document = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out and asked.out.exists() else {}
    for name in asked.tables or TABLES:
        rows = TABLES[name]()
        _print(name, rows)
        document[name] = {**facts, "rows": rows}
        if asked.out:
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _print(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table, aligned; all of its rows have the same members."""
    header = list(rows[0])
    cells = [header, *([_cell(row[member]) for member in header] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    print(f"\n{name}")
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), flush=True)


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
