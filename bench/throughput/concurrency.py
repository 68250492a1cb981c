"""Calls per second with more and more workers, on a target that takes its time to answer."""

from typing import Any, Final

from bench.throughput import running

LATENCIES: Final = (0, 10, 100)
WORKERS: Final = (1, 2, 4, 16, 32)
SECONDS: Final = 40.0
"""So long tests are run; what is measured is the time from a worker's first call to the last."""

_FILES: Final = [
    f"tests/contract/test_{name}.py" for name in ("requests", "answers", "tags_limits", "virtual_interfaces")
]


def latency() -> list[dict[str, Any]]:
    """Calls per second against workers and milliseconds; `times` one worker's at the same latency."""
    rows: list[dict[str, Any]] = []
    for milliseconds in LATENCIES:
        first = 0.0
        for workers in WORKERS:
            if workers > 4 and not milliseconds:
                continue  # more than the machine has cores for
            with running.emulator(f"--latency={milliseconds}") as url:
                ran = running.pytest(f"--target={url}", f"--deadline={SECONDS + workers}", f"-n{workers}", *_FILES)
            speed = len(ran.calls) / ran.calling
            first = first or speed
            rows.append(
                {
                    "ms": milliseconds,
                    "workers": workers,
                    "calls": len(ran.calls),
                    "calls/s": speed,
                    "times": speed / first,
                    "MB a worker": max(ran.megabytes),
                    "whole run s": ran.seconds,
                }
            )
    return rows
