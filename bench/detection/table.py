"""The figures of a comparison, and how they are printed."""

import statistics
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def summary(rows: Rows, told: Set[str] = frozenset()) -> dict[str, dict[str, Any]]:
    """By method: how many faults were put to it and caught, how soon, and what it says of an emulator without fault.

    `told` are the faults whose rule does not fail a run.
    """
    found: dict[str, dict[str, Any]] = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        faultless = [row for row in own if not row["fault"]]
        tried = [row for row in own if row["fault"]]
        caught = [row for row in tried if row["caught"]]
        found[method] = {
            "tried": len(tried),
            "caught": len(caught),
            "of level must": [
                sum(row["fault"] not in told for row in caught),
                sum(row["fault"] not in told for row in tried),
            ],
            "requests": _spread([row["requests"] for row in caught]),
            "seconds": _spread([row["seconds"] for row in caught]),
            "whole requests": max((row["requests"] for row in faultless), default=0),
            "whole seconds": max((row["seconds"] for row in faultless), default=0.0),
            "false alarms": [row["caught"] for row in faultless if row["caught"]],
            "missed": sorted(row["fault"] for row in tried if not row["caught"]),
        }
    return found


def lines(facts: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The table, for people."""
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    yield ""
    yield f"{facts['date']}, {facts['machine']}, Python {facts['python']}, {versions}, seed {facts['seed']}"
    yield f"a sample of {facts['sample']} of {facts['faults']} faults; left out: {', '.join(facts['left out'])}"
    yield f"{'':13} {'caught':>9} {'must':>7}   requests to first catch   seconds to first catch   faultless emulator"
    spread = f"{'median':>10} {'p90':>10}"
    yield f"{'':13} {'':>9} {'':>7}   {spread}   {spread}      requests   seconds  alarms"
    for method, one in found.items():
        requests, seconds = one["requests"], one["seconds"]
        must = "{}/{}".format(*one["of level must"])
        yield (
            f"{method:13} {one['caught']:4}/{one['tried']:<4} {must:>7}   {requests[0]:10.0f} {requests[1]:10.0f}   "
            f"{seconds[0]:10.2f} {seconds[1]:10.2f}    {one['whole requests']:10} {one['whole seconds']:9.1f}  "
            f"{len(one['false alarms']):6}"
        )
    yield "medians and p90 are of the faults that the method catches"


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """Median and ninetieth percentile; of nothing, zero."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    return statistics.median(values), statistics.quantiles(values, n=10, method="inclusive")[-1]
