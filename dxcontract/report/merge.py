"""Merges several reports into one: of shards, of machines, of nightly runs with other seeds.

Findings are combined like those of the tests of one run: the most severe verdict, and for each fingerprint the
violation with the least evidence. Known gaps are judged on the merged result, because a shard cannot tell that a gap
no longer occurs.
"""

import argparse
import datetime
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dxcontract.oracle.exploration_stats import Exploration
from dxcontract.oracle.verdict import Tally, Violation, is_machine, weight
from dxcontract.report import compare, document, report_files, terminal
from dxcontract.report.compare import ReportError
from dxcontract.run import known_gaps
from dxcontract.run.known_gaps import Gaps
from dxcontract.run.result import UNUSABLE, Outcome
from dxcontract.spec.model import Spec, load
from dxcontract.wire.cbor import BOTH
from dxcontract.wire.safe_text import one_line

Document = Mapping[str, Any]

_SAME: Final = ("dxcontract", "botocore", "target", "region", "strict")
"""What reports must agree on: else they answer different questions."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reports", nargs="+", type=Path, metavar="DIR", help="folders that --report wrote")
    parser.add_argument("--report", required=True, type=Path, metavar="OUT", help="folder for the merged report")
    parser.add_argument("--known-gaps", type=Path, metavar="FILE", help="as for a run; judged on all reports together")
    parser.add_argument(
        "--min-assessed",
        type=int,
        default=0,
        metavar="N",
        help="exit with status 2 if fewer than N rules were assessed",
    )
    parser.add_argument("--allow-fixed", action="store_true", help="do not fail if listed violations no longer occur")


def run(options: argparse.Namespace) -> int:
    """Merge reports, write the result and print it like a single run; returns the exit status."""
    spec = load()
    known = known_gaps.read(options.known_gaps, spec) if options.known_gaps else Gaps()
    outcome, merged = merge([compare.read(path) for path in options.reports], spec, known, options.allow_fixed)
    outcome.min_assessed = options.min_assessed
    merged = {**merged, "exit_status": outcome.exit_status}
    outcome.notes += report_files.write(merged, options.report)
    for line, _ in terminal.lines(outcome, verbose=False):
        sys.stdout.write(f"{one_line(line, None)}\n")
    return outcome.exit_status


def merge(
    reports: Sequence[Document], spec: Spec, known: Gaps | None = None, allow_fixed: bool = False
) -> tuple[Outcome, Document]:
    """The result of all reports together, and the merged report.

    Raises:
        ReportError: they are of different targets or versions, or one of the shards is missing.
    """
    first = reports[0]
    for name in _SAME:
        if len({str(one[name]) for one in reports}) > 1:
            raise ReportError(f"the reports differ in `{name}`: {first[name]} and others; merge those of one run")
    whole = _complete(reports)
    spoken = {one.get("protocol", "json") for one in reports}
    outcome = Outcome(
        spec,
        first["target"],
        endpoint=first["endpoint"],
        region=first["region"],
        other_region=first["other_region"],
        protocol=spoken.pop() if len(spoken) == 1 else BOTH,
        accounts=tuple(first["accounts"]),
        strict=first["strict"],
        known=known or Gaps(),
        allow_fixed=allow_fixed,
        whole=whole,
        started=min(map(_started, reports)),
        ended=max(_started(one) + one["seconds"] for one in reports),
    )
    shown: dict[str, Document] = {}
    for report in reports:
        _add(outcome, report, shown)
    taken = ", ".join(f"{one['seconds']:g} s" for one in reports)
    outcome.notes.append(f"merged from {len(reports)} reports, of runs that took {taken}")
    return outcome, document.document(outcome, lambda one: {**shown[one.fingerprint], "known": outcome.is_known(one)})


def _started(report: Document) -> float:
    return datetime.datetime.fromisoformat(report["started"]).timestamp()


def _complete(reports: Sequence[Document]) -> bool:
    """Whether the reports are of the whole contract.

    Raises:
        ReportError: they are shards, and one is missing: it would pass for a part in which all is well.
    """
    shards = [one["shard"] for one in reports if one.get("shard")]
    counts = {shard["of"] for shard in shards}
    if len(counts) > 1:
        raise ReportError(f"the reports are shards of runs that were split differently: {sorted(counts)}")
    for count in counts:
        if missing := sorted(set(range(1, count + 1)) - {shard["group"] for shard in shards}):
            raise ReportError(f"the report of shard {missing[0]} of {count} is missing, so its rules were not tested")
    parts = [one.get("whole", False) for one in reports if one.get("shard")]
    return any(one.get("whole", False) for one in reports if not one.get("shard")) or (bool(parts) and all(parts))


def _add(outcome: Outcome, report: Document, shown: dict[str, Document]) -> None:
    """Put what one report says to the rest; `shown` are violations by fingerprint, as reports have them."""
    for one in report["violations"]:
        known = shown.get(one["fingerprint"])
        if known is None or _weight(one) < _weight(known):
            shown[one["fingerprint"]] = one
    claims = {rule: said["tests"] for rule, said in report["rules"].items()}
    tally = Tally({(rule, operation): verdict for rule, operation, verdict in _verdicts(report)})
    for one in report["violations"]:
        tally.violate(_violation(one))
    outcome.tally.add(tally)
    for rule, tests in claims.items():
        if tests:
            outcome.claims.setdefault(rule, set()).update(tests)
        said = report["rules"][rule]
        if said["reasons"]:
            known = outcome.unchecked if said["verdict"] == "untested" else outcome.reasons
            known.setdefault(rule, set()).update(said["reasons"])
        if said.get("claimants") is not None:
            outcome.claimants[rule] = said["claimants"]
        if said.get("undecided", False):
            outcome.undecided.add(rule)
    for name, operation in report["operations"].items():
        outcome.calls[name] = outcome.calls.get(name, 0) + operation["calls"]
        if not operation["supported"]:
            outcome.unsupported.setdefault(name, operation.get("reason", ""))
    for resource, said in report["lifecycles"].items():
        outcome.reached |= {(resource, before, after) for before, after in said["reached"]}
    outcome.exploration.add(Exploration.from_json(report["exploration"]))
    outcome.harness_errors += report["harness_errors"]
    outcome.notes += [one for one in report.get("notes", ()) if one not in outcome.notes]
    outcome.left += report.get("left", ())
    outcome.decided |= _decided(report)
    if report.get("interrupted"):
        outcome.interrupt()
    elif report["exit_status"] == UNUSABLE and not report["harness_errors"] and _decided(report):
        outcome.death = f"a run on {report['endpoint']} ended with exit status {UNUSABLE}: see its own report"


def _decided(report: Document) -> bool:
    """Whether a run decided a rule that one of its tests claims; a run that did not ends with exit status 2, too."""
    return any(one["tests"] and one["verdict"] in ("conforms", "violates") for one in report["rules"].values())


def _verdicts(report: Document) -> Iterator[tuple[str, str, Any]]:
    """Verdicts by rule and operation. One without an operation shows only where it decided the rule."""
    for rule, said in report["rules"].items():
        for operation, verdict in said["operations"].items():
            yield rule, operation, verdict
        if said["verdict"] not in ("untested", *said["operations"].values()):
            yield rule, "", said["verdict"]


def _violation(shown: Document) -> Violation:
    """A violation as the tally needs it; how it is shown is taken over as it is."""
    names = ("fingerprint", "rule", "operation", "where", "level", "message", "test")
    exchanges = tuple(shown["exchanges"])
    return Violation(**{name: shown[name] for name in names}, exchanges=exchanges, symptom=shown.get("symptom", ""))


def _weight(shown: Document) -> tuple[bool, tuple[int, int, str]]:
    """As `Tally.violate` compares violations."""
    asked = [str(one["request"]["body"]) for one in shown["exchanges"]]
    return is_machine(shown["test"]), weight(shown["message"], asked)
