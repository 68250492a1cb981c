"""What a run costs before its first call, and how its time grows."""

import re
import time
from typing import Any, Final

import botocore.session

from bench.throughput import running

EXISTING: Final = (10, 10_000)
EXAMPLES: Final = (10, 20, 40, 80)
_FEW: Final = ("tests/contract/test_connections.py", "tests/contract/test_pagination.py", "tests/contract/test_tags.py")
_DRAWN: Final = ("tests/contract/test_fuzz.py", "-k", "CreateConnection or DescribeTags or UpdateLag")


def start() -> list[dict[str, Any]]:
    """Seconds to collect, to the first call, and the memory of a run's process. The first run of all fills caches."""
    running.pytest("--collect-only", record=False)
    rows = []
    for name, options in (("collect all tests", ("--collect-only",)), ("run one test", (*_FEW[:1], "-k", "unknown"))):
        began = time.time()
        ran = running.pytest(*options)
        collected = re.search(r"collected.* in ([\d.]+)s", ran.said)
        rows.append(
            {
                "what": name,
                "whole s": ran.seconds,
                "CPU s": ran.cpu,
                "pytest says s": float(collected[1]) if collected else 0.0,
                "to the first call s": float(ran.calls[0]["at"]) - began if ran.calls else 0.0,
                "MB": max(ran.megabytes),
            }
        )
    return rows


def linear() -> list[dict[str, Any]]:
    """Seconds and calls against the number of examples, then against resources that are there already."""
    rows = []
    for examples in EXAMPLES:
        ran = running.pytest(f"--examples={examples}", *_DRAWN)
        rows.append(_row(f"{examples} examples", ran, examples))
    for number in EXISTING:
        with running.emulator() as url:
            _fill(url, number)
            ran = running.pytest(f"--target={url}", *_FEW)
        rows.append(_row(f"{number} connections exist", ran, number))
    return rows


def _row(what: str, ran: running.Ran, number: int) -> dict[str, Any]:
    return {
        "what": what,
        "calls": len(ran.calls),
        "whole s": ran.seconds,
        "calling s": ran.calling,
        "ms a call": 1000 * ran.calling / len(ran.calls),
        "ms each": 1000 * ran.calling / number,
    }


def _fill(url: str, number: int) -> None:
    client: Any = botocore.session.Session().create_client(
        "directconnect", region_name="us-east-1", endpoint_url=url,
        aws_access_key_id="111111111111", aws_secret_access_key="dxcontract",  # noqa: S106 - the emulator's
    )  # fmt: skip
    codes = [one["locationCode"] for one in client.describe_locations()["locations"] if one["region"] == "us-east-1"]
    for count in range(number):
        client.create_connection(location=codes[0], bandwidth="1Gbps", connectionName=f"old-{count}")
