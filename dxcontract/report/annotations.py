"""Writes GitHub Actions annotations, one for each new violation that fails the run."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dxcontract.wire.safe_text import printable

Document = Mapping[str, Any]

LONGEST: Final = 1000
MOST: Final = 10
"""GitHub shows ten of a kind and step."""


def lines(document: Document) -> Iterator[str]:
    """The workflow commands to print, errors first."""
    new = [one for one in document["violations"] if not one["known"] and one["level"] != "info"]
    failing = [one for one in new if one["level"] == "must" or document["strict"]]
    for violation in failing[:MOST]:
        yield f"::error title={_property(violation['fingerprint'])}::{_message(violation['message'])}"
    for violation in [one for one in new if one not in failing][:MOST]:
        yield f"::warning title={_property(violation['fingerprint'])}::{_message(violation['message'])}"
    if len(failing) > MOST:
        yield f"::error::and {len(failing) - MOST} more violations; see the job's summary"


def _message(text: str) -> str:
    return printable(text, LONGEST).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
