"""Loaded by `schemathesis run`: signs, counts, and ends the run when something is found or the requests are used up.

DETECTION_FACTS names a JSON file: {"url", "budget", "known", "out"}. `known` are the complaints about the emulator
without a fault, which are dropped: they tell nothing. A run without `known` collects them.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Final, NoReturn

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import requests.auth
import schemathesis

from bench import schemathesis_hooks  # noqa: F401 - asks for affordable numbers, and knows the media type

FACTS: Final = json.loads(Path(os.environ["DETECTION_FACTS"]).read_text(encoding="utf-8"))
KNOWN: Final = None if FACTS["known"] is None else {tuple(one) for one in FACTS["known"]}


class _Signature(requests.auth.AuthBase):
    """Signs the bytes that are sent, as boto3 does."""

    def __init__(self) -> None:
        credentials = botocore.credentials.Credentials("111111111111", "dxcontract")
        self._signer: Any = botocore.auth.SigV4Auth(credentials, "directconnect", "us-east-1")

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        url = str(prepared.url).partition("#")[0]
        headers = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
        request = botocore.awsrequest.AWSRequest(prepared.method, url, headers, prepared.body)
        self._signer.add_auth(request)
        prepared.headers.update(dict(request.headers.items()))
        return prepared


schemathesis.auth.set_from_requests(_Signature())


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
        _Progress.end(f"{complaint[0]} on {complaint[1]}: {str(failure.message)[:150]}")
    return False
