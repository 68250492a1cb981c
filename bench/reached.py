"""Did the machines of a run get where they should? For runs on the reference emulator, where all can be reached.

    pytest -n 2 --report=out && python bench/reached.py out/report.json

Prints how far they got and names the transitions that were not reached; exits 1 unless all transitions of all
lifecycles that an operation causes were (`by` in specs/lifecycles/), and half of all ordered pairs of operations of
which the second takes a kind of resource that the first takes or makes (`takes` and `gives` in specs/traits.json).
"""

import json
import sys
from pathlib import Path

from dxcontract.oracle.exploration_stats import Exploration, caused_by_requests, explored, pairs
from dxcontract.spec import lifecycles
from dxcontract.spec import model as specs


def main(path: str) -> int:
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    reached = Exploration.from_json(report["exploration"])
    spec = specs.load()
    print("\n".join(explored(reached, spec) or ["machines: none ran"]))
    possible = pairs(spec)
    everywhere = caused_by_requests(lifecycles.load()) <= reached.transitions
    return 0 if everywhere and 2 * len(reached.pairs & possible) >= len(possible) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python bench/reached.py REPORT.json")
    raise SystemExit(main(sys.argv[1]))
