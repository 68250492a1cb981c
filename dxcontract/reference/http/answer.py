"""An HTTP answer, before it is sent."""

from dataclasses import dataclass

from dxcontract.reference.http.aws_json import CONTENT_TYPE


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back for one request."""

    status: int
    body: bytes
    content_type: str = CONTENT_TYPE
    request_id: str = ""
    protocol: str = ""
