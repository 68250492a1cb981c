"""What Schemathesis is told of AWS JSON, whose media type it does not know: how it is written, and how read."""

import json
from typing import Any

import schemathesis

from dxcontract.wire.aws_json import CONTENT_TYPE


def register() -> None:
    """Without this Schemathesis sends no bodies, and looks at no answers."""
    schemathesis.serializer(CONTENT_TYPE)(_serialized)
    schemathesis.deserializer(CONTENT_TYPE)(_deserialized)


def _serialized(_: Any, value: Any) -> bytes:
    return json.dumps(value).encode()


def _deserialized(_: Any, response: Any) -> Any:
    return json.loads(response.content)
