"""Sends the requests of boto3 clients through our connection pool: with our limits, without redirects, recorded."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import botocore.awsrequest
import botocore.exceptions
import botocore.parsers

from dxcontract.wire.messages import Answer, Request

Carry = Callable[[Request], Answer]


class NoAnswerError(Exception):
    """No answer came back; passes through boto3."""


UNUSABLE: Final = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    botocore.parsers.ResponseParserError,
    NoAnswerError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)
"""What a client's call raises, beside a refusal, and what reading its answer raises: botocore's parsers meet members
that are missing, are no numbers or times, or are nested too deeply with these."""


def carry(client: Any, by: Carry) -> None:
    """Make `by` send every request of a boto3 client.

    The client's calls raise NoAnswerError where `by` got no answer.
    """

    def deliver(request: botocore.awsrequest.AWSPreparedRequest, **_: Any) -> botocore.awsrequest.AWSResponse:
        body = request.body or b""
        sent = Request(
            str(request.method),
            str(request.url),
            tuple((str(name), _text(value)) for name, value in request.headers.items()),
            body if isinstance(body, bytes) else str(body).encode(),
        )
        answer = by(sent)
        if answer.response is None:
            raise NoAnswerError(answer.detail)
        headers: Any = botocore.awsrequest.HeadersDict(answer.response.headers)
        return botocore.awsrequest.AWSResponse(sent.url, answer.response.status, headers, _Body(answer.response.body))

    hook: Any = deliver  # typed as returning None by the stubs; botocore uses what it returns
    client.meta.events.register(f"before-send.{client.meta.service_model.service_id.hyphenize()}", hook)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Body:
    """A body that botocore can stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._data
