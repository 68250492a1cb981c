"""HTTP requests and answers of the emulator, and the serialization of bodies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dxcontract.spec.model import Json
from dxcontract.wire.aws_json import CONTENT_TYPE

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


@dataclass(frozen=True)
class Signed:
    """The parts of an HTTP request that a signature covers. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back for one request."""

    status: int
    body: bytes
    content_type: str = CONTENT_TYPE
    request_id: str = ""
    protocol: str = ""


def encode(answer: Json) -> bytes:
    """An answer's body: compact, without nulls (C.resp.compact). Operations leave absent members out themselves."""
    return _ENCODER.encode(answer).encode("utf-8")
