"""A pytest plugin that writes down every call of a run as it is made: for the replay, and to count calls by time.

Loaded with `-p bench.throughput.recording`; one file for each process in the folder DXCONTRACT_RECORDING.
"""

import base64
import json
import os
import re
import resource
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.client.client import Api
from dxcontract.wire.exchange import Exchange

VARIABLE: Final = "DXCONTRACT_RECORDING"


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record."""
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    file = (Path(os.environ[VARIABLE]) / f"{worker}.jsonl").open("a", encoding="utf-8")
    plain: Any = Api._recorded
    lock = threading.Lock()

    def recorded(api: Api, operation: str, role: str, region: str, request: Any, answer: Any, **more: Any) -> Exchange:
        target = next((value for name, value in request.headers if name.lower() == "x-amz-target"), "")
        line = {
            "operation": target.rpartition(".")[2],
            "role": role,
            "region": region,
            "raw": bool(more.get("raw")),
            "asked": base64.b64encode(request.body).decode("ascii"),
            "answered": answer.response.body.decode("utf-8", "replace") if answer.response else "",
            "at": time.time(),
        }
        with lock:  # requests race at times
            file.write(json.dumps(line) + "\n")
        exchange: Exchange = plain(api, operation, role, region, request, answer, **more)
        return exchange

    Api._recorded = recorded  # type: ignore[assignment]

    def stop() -> None:
        file.write(json.dumps({"megabytes": _most_megabytes()}) + "\n")
        file.close()

    config.add_cleanup(stop)


def _most_megabytes() -> float:
    """What this process took at most. Where the system has it, without what its parent took before it began, which
    `getrusage` counts."""
    status = Path("/proc/self/status")
    text = status.read_text(encoding="utf-8") if status.exists() else ""
    found = re.search(r"^VmHWM:\s*(\d+) kB$", text, re.MULTILINE)
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def read(folder: Path) -> tuple[list[dict[str, Any]], list[float]]:
    """All calls, in order of time, and the most memory that each process took, in MB."""
    lines = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    calls = sorted((one for one in lines if "at" in one), key=lambda one: float(one["at"]))
    return calls, [one["megabytes"] for one in lines if "megabytes" in one]
