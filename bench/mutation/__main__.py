"""Which mutants of the reference emulator does the contract's gate kill?

    python -m bench.mutation                     the gate on 330 mutants, for at most 28 minutes; again to go on
    python -m bench.mutation --fresh 7           on others, drawn with another seed
    python -m bench.mutation --table             only the table of what is known so far
    python -m bench.mutation --again survived    those that survived, once more (after a rule was added)
    python -m bench.mutation --only ID --protocol cbor      one that shows in CBOR only
    python -m bench.mutation --control 3         the unchanged emulator in their place: none may be killed

Mutants are made by cosmic-ray's operators and drawn with a seed; a sample that was drawn is kept (drawn.json), while
the sources go on. Each is served by a process of its own; the tests that reach the changed line are run, the shortest
first, until the gate would fail. What is done is kept in --folder, so that a run can be ended at any time.
survivors.json says of each survivor that was read why it survived. The table is written as JSON with --out.
"""

import argparse
import datetime
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest

from bench.mutation import carried, mutants, reached
from bench.mutation.killer import Killer, Verdict
from bench.mutation.mutants import ROOT, Mutant
from dxcontract.wire import cbor

ACCOUNTS: Final = "owner=111111111111,other=222222222222,partner=333333333333"
SEED: Final = 20261124
"""That drawn.json was drawn with."""
READ: Final = Path(__file__).with_name("survivors.json")
INVISIBLE: Final = frozenset({"equivalent", "not on the wire"})
"""Why a survivor does not count: it is the same program, or nothing that a caller could see differs."""
MENDED: Final = "mended"
"""It survived once; what was added since must kill it."""
QUIET: Final = [
    *("-p", "no:terminal", f"--rootdir={ROOT}", f"--config-file={ROOT}/pyproject.toml"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning", "-W", "ignore::pytest.PytestWarning"),
    *("--settle-seconds=0.3", "--answer-seconds=3", f"--accounts={ACCOUNTS}", str(ROOT / "tests" / "contract")),
]


def main(arguments: Sequence[str]) -> int:
    """Attack what was not attacked yet, and print the table; 0 when at least 90 in 100 visible mutants are killed."""
    asked = _options(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + asked.minutes * 60
    drawn = _drawn(asked)
    results = asked.folder / "results.jsonl"
    known = _known(results)
    if not asked.table:
        covered = asked.folder / "reached.json"
        if not covered.exists():
            print("which test reaches which line: one run of the gate", flush=True)
            reached.measure(asked.folder, QUIET).save(covered)
        settled = {one for one, why in _read().items() if why["why"] != MENDED}
        chosen = _controls(drawn, asked.control) or [
            one
            for one in drawn
            if one.id not in known
            or one.id in asked.only
            or (known[one.id].verdict in asked.again and one.id not in settled)
        ]
        if asked.only:
            chosen = [one for one in chosen if one.id in asked.only]
        _attack(chosen, covered, asked, until, None if asked.control else results)
        known = _known(results)
    return _table(drawn, known, asked)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fresh", type=int, default=0, metavar="SEED", help="draw from today's sources instead")
    parser.add_argument("--sample", type=int, default=330, help="how many of those (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=180.0, help="for each mutant (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=28.0, help="for all of them, then go on with another run")
    parser.add_argument("--folder", type=Path, help="what is kept between runs (default: out/mutation)")
    parser.add_argument("--again", nargs="+", default=[], help="repeat those of this verdict that are not read yet")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="only these, whether done or not")
    parser.add_argument("--control", type=int, default=0, help="so many times the unchanged emulator, and nothing else")
    parser.add_argument(
        "--protocol", choices=cbor.PROTOCOLS, default=cbor.PROTOCOLS[0], help="what the gate speaks (default: json)"
    )
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--out", type=Path, help="write the table as JSON")
    asked = parser.parse_args(arguments)
    name = f"mutation-{asked.fresh}-{asked.sample}" if asked.fresh else "mutation"
    asked.folder = asked.folder or ROOT / "out" / name
    return asked


def _drawn(asked: argparse.Namespace) -> list[Mutant]:
    """The sample as it is in today's sources, kept until those change; what is not there any more is told."""
    kept = asked.folder / "mutants.json"
    wanted = {"fresh": asked.fresh, "sample": asked.sample, "sources": mutants.digest()}
    if kept.exists():
        document = json.loads(kept.read_text(encoding="utf-8"))
        if {name: document[name] for name in wanted} == wanted:
            return [Mutant(**one) for one in document["mutants"]]
    found, gone = (mutants.sample(asked.sample, asked.fresh), []) if asked.fresh else carried.carried()
    if gone:
        print(f"{len(gone)} of the sample are not in the sources any more: {', '.join(gone)}", flush=True)
    kept.write_text(json.dumps({**wanted, "mutants": [asdict(one) for one in found]}), encoding="utf-8")
    return found


def _controls(drawn: list[Mutant], count: int) -> list[Mutant]:
    """Mutants that are none, to show that nothing else kills: the longest tests, all of them."""
    return [
        replace(one, id=f"control:{one.file}", function="", source=(mutants.SOURCES / one.file).read_text("utf-8"))
        for one in drawn[:count]
    ]


def _known(results: Path) -> dict[str, Verdict]:
    """The last verdict on each mutant."""
    if not results.exists():
        return {}
    found = [Verdict(**json.loads(line)) for line in results.read_text(encoding="utf-8").splitlines()]
    return {one.id: one for one in found}


def _attack(chosen: list[Mutant], covered: Path, asked: argparse.Namespace, until: float, results: Path | None) -> None:
    by_id = {one.id: one for one in chosen}
    count = 0

    def tell(one: Verdict) -> None:
        nonlocal count
        count += 1
        mutant = by_id[one.id]
        said = one.by or f"{mutant.before}  ->  {mutant.after}"
        print(f"{count:4} {one.verdict:11} {one.id}  {one.tests} tests, {one.seconds:.1f} s: {said:.160}", flush=True)
        if results is not None:
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")

    seconds = 600.0 if asked.control else asked.seconds
    killer = Killer(chosen, reached.load(covered), seconds, until, tell)
    pytest.main([*QUIET, "--target=reference", f"--protocol={asked.protocol}"], plugins=[killer])


def _read() -> dict[str, Any]:
    """Why mutants survived that somebody has read."""
    found: dict[str, Any] = json.loads(READ.read_text(encoding="utf-8"))["survivors"]
    return found


def _table(drawn: list[Mutant], known: dict[str, Verdict], asked: argparse.Namespace) -> int:
    read = _read()
    done = [one for one in drawn if one.id in known]
    words = Counter(known[one.id].verdict for one in done)
    survivors = [one for one in done if known[one.id].verdict in ("survived", "out of time")]
    hidden = [one for one in survivors if read.get(one.id, {}).get("why") in INVISIBLE]
    visible = len(done) - words["no start"] - words["dormant"] - len(hidden)
    share = _share(words["killed"], visible)
    print(
        f"\n{datetime.date.today()}, {platform.platform()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, cosmic-ray {version('cosmic-ray')}, "
        f"hypothesis {version('hypothesis')}, seed {asked.fresh or SEED}"
    )
    print(
        f"{len(done)} of {len(drawn)} mutants attacked: {', '.join(f'{count} {word}' for word, count in words.items())}"
    )
    for one in survivors:
        verdict, why = known[one.id], read.get(one.id, {})
        print(f"  {one.id} in {one.function or 'the module'} [{why.get('why', 'NOT READ')}] {why.get('note', '')}")
        print(f"      {one.before}  ->  {one.after}")
        if verdict.by:
            print(f"      noticed, but not failed: {verdict.by}")
    print(
        f"{words['killed']} of {visible} mutants that change what the wire shows are killed: {share:.1%} "
        f"(left out: {words['no start']} that do not start, {words['dormant']} where nothing runs without a fault, "
        f"{len(hidden)} that were read and cannot be seen)"
    )
    free = sum(read.get(one.id, {}).get("why") == "free" for one in survivors)
    told, decided = words["killed"] + sum(bool(known[one.id].level) for one in survivors), visible - free
    print(
        f"{told} of {visible} are told of, whether that fails a run or not: {_share(told, visible):.1%}; of {free} no "
        f"source says which is right: of the other {decided} mutants {words['killed']} are killed "
        f"({_share(words['killed'], decided):.1%}) and {told} told of ({_share(told, decided):.1%})"
    )
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(
            json.dumps(_document(done, known, read, asked, len(drawn), share), indent=1) + "\n", encoding="utf-8"
        )
    return 0 if share >= 0.9 else 1


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _document(
    done: list[Mutant],
    known: dict[str, Verdict],
    read: dict[str, Any],
    asked: argparse.Namespace,
    drawn: int,
    share: float,
) -> dict[str, Any]:
    rows = []
    for one in done:
        row = {**asdict(one), **asdict(known[one.id]), **read.get(one.id, {})}
        del row["source"]
        rows.append({key: value for key, value in row.items() if value not in ("", 0)})
    return {
        "date": str(datetime.date.today()),
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in ("cosmic-ray", "hypothesis", "botocore", "pytest")},
        "python": platform.python_version(),
        "seed": asked.fresh or SEED,
        "sample": drawn,
        "killed": round(share, 4),
        "mutants": rows,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
