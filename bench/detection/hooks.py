"""Loaded by `schemathesis run`: counts, and ends the run when something is found or the requests are used up.

DETECTION_FACTS names a JSON file: {"url", "budget", "known", "out"}. `known` are the complaints about the emulator
without a fault, which are dropped: they tell nothing. A run without `known` collects them.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Final, NoReturn

import schemathesis

from dxcontract import schemathesis_hooks  # noqa: F401 - signs, asks for affordable numbers, knows the media type

FACTS: Final = json.loads(Path(os.environ["DETECTION_FACTS"]).read_text(encoding="utf-8"))
KNOWN: Final = None if FACTS["known"] is None else {tuple(one) for one in FACTS["known"]}


class _Progress:
    """What has happened so far."""

    requests = 0
    started = 0.0
    complaints: set[tuple[str, str]] = set()  # noqa: RUF012 - there is one

    @classmethod
    def end(cls, caught: str) -> NoReturn:
        """Write what came out and leave at once."""
        document = {
            "requests": cls.requests,
            "seconds": round(time.monotonic() - cls.started, 2),
            "caught": caught,
            "complaints": sorted(cls.complaints),
        }
        Path(FACTS["out"]).write_text(json.dumps(document), encoding="utf-8")
        os._exit(0)


@schemathesis.hook("before_call")
def count(_: Any, case: Any, kwargs: Any) -> None:
    """One more request, unless there were enough."""
    if _Progress.requests >= FACTS["budget"]:
        _Progress.end("")
    _Progress.started = _Progress.started or time.monotonic()
    _Progress.requests += 1


@schemathesis.hook
def filter_failure(_: Any, failure: Any, case: Any, response: Any) -> bool:
    """Drop what is said of the faultless emulator as well; anything else is a catch."""
    complaint = (type(failure).__name__, str(case.operation.definition.raw["operationId"]))
    if KNOWN is None:
        _Progress.complaints.add(complaint)
    elif complaint not in KNOWN:
        _Progress.end(f"{complaint[0]} on {complaint[1]}: {' '.join(str(failure.message).split())[:150]}")
    return False
