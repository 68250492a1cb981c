"""Is anything accused that AWS does? Runs the contract against each innocent variant of tests/unit/innocent.

    python bench/innocents.py                    the whole contract, variant by variant (hours)
    python bench/innocents.py --narrow           only the tests that a variant can touch, as CI does (minutes)
    python bench/innocents.py --only 'lists*'    some

The counterpart of bench/faults.py, which asks whether what is guilty is accused. Prints a line a variant with what
accused it, and exits 1 when a variant has a violation of level must, one of level should that it does not list, or
changed nothing.
"""

import argparse
import fnmatch
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.unit.innocent import gate  # noqa: E402
from tests.unit.innocent.variants import INNOCENTS  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=["*"], help="patterns for the names of variants")
    parser.add_argument("--narrow", action="store_true", help="only the tests that a variant can touch")
    parser.add_argument("--out", type=Path, help="write what was found as JSON")
    parser.add_argument("--output", action="store_true", help="print what pytest printed")
    parser.add_argument("--pytest", nargs="+", default=[], metavar="ARG", help="more arguments for pytest")
    options = parser.parse_args()

    chosen = [one for one in INNOCENTS.values() if any(fnmatch.fnmatchcase(one.name, p) for p in options.only)]
    bad, cpu, found = 0, 0.0, {}
    with gate.opened() as host:
        for variant in chosen:
            judged = host.judge(variant, whole=not options.narrow, more=tuple(options.pytest))
            must, should = judged.of("must"), judged.unlisted(variant)
            wrong = bool(must or should or judged.harness_errors or not judged.changed or judged.status > 1)
            bad, cpu = bad + wrong, cpu + judged.cpu
            word = "ACCUSED" if must or should else "BROKEN" if wrong else "ok"
            print(
                f"{word:8}{variant.name}: {judged.tests} tests, {judged.changed} changed, {judged.seconds:.1f} s, "
                f"{judged.cpu:.1f} s of processor; must {len(must)}, should {len(should)}, status {judged.status}",
                flush=True,
            )
            for line in [*must, *(f"(should) {one}" for one in should), *judged.harness_errors]:
                print(f"    {line}", flush=True)
            if options.output or judged.status > 1 or judged.emulator:
                print(judged.output[-3000:], judged.emulator[-2000:], flush=True)
            found[variant.name] = {"must": must, "should": should, "changed": judged.changed}
    print(f"{len(chosen)} variants, {bad} of them accused or broken, {cpu:.0f} s of processor")
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
