"""Requests and answers as they are on the wire."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dxcontract.wire import cbor
from dxcontract.wire.safe_text import one_line

Failure = Literal["refused", "reset", "timeout", "not-http", "tls", "other"]


@dataclass(frozen=True)
class Signed:
    """How a request was signed, and how many seconds ago; `authorization` is the header as the signer wrote it."""

    how: Literal["header", "query", "none"] = "header"
    age: float = 0.0
    authorization: str = field(default="", repr=False)


@dataclass(frozen=True)
class Request:
    """A request as sent. `headers` keep their order and case.

    Of a request that no HTTP client wrote, `written` is what was put on the wire, with pauses in seconds; requests with
    the same `line` shared a connection; `ends`: it was said that nothing more is sent.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    signed: Signed = Signed()
    written: tuple[bytes | float, ...] | None = field(default=None, repr=False)
    line: int = 0
    ends: bool = False


@dataclass(frozen=True)
class Response:
    """A response as received. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @functools.cached_property
    def json(self) -> Any:
        """The body as JSON (in CBOR: as the JSON that says the same), None when it is neither."""
        return cbor.answer(self.body)


def error_type(response: Response, body: Any) -> str | None:
    """The type of an error as clients read it: `__type`, `code` or the header, without namespace and suffix.

    Source: awsJson 1.1, operation error serialization; botocore/parsers.py.
    """
    said = body if isinstance(body, dict) else {}
    found = said.get("__type") or said.get("code") or response.headers.get("x-amzn-errortype")
    return one_line(str(found).split(":")[0].rpartition("#")[2], None) if found else None


@dataclass(frozen=True)
class Answer:
    """The answer to one request, or its failure; `detail` describes the failure."""

    response: Response | None
    failure: Failure | None
    detail: str
    seconds: float
