"""Serializes, signs and parses calls like boto3, with botocore's own code.

A boto3 client spends as much time on events, endpoint rules and retries as on the call itself. None of them changes
the request or the result (tests/unit/wire/test_boto3_codec.py compares both). `strategies.boto3_client` provides a
complete client.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import botocore.awsrequest
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.useragent

from dxcontract.wire import botocore_session, cbor, sigv4
from dxcontract.wire.credentials import Account
from dxcontract.wire.messages import Request, Response
from dxcontract.wire.safe_text import one_line

_OF_PARSING = (ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError, OSError)
"""What botocore's parsers raise where no value is foreseen: RuntimeError and OverflowError for a time of 1e300, say."""


class Caller:
    """Calls of one account in one Region with one protocol. Safe for concurrent use."""

    def __init__(self, protocol: cbor.Protocol, account: Account, service: str, region: str, endpoint: str) -> None:
        session = botocore_session.session(protocol)
        self._model = session.get_service_model("directconnect")
        spoken = str(self._model.resolved_protocol)
        self._serializer: Any = botocore.serialize.create_serializer(spoken, include_validation=False)
        self._parser: Any = botocore.parsers.create_parser(spoken)
        self._signer = sigv4.Signer(account, service, region)
        self._endpoint = endpoint
        self._agent = botocore.useragent.UserAgentString.from_environment().to_string()

    def request(self, operation: str, params: Mapping[str, Any]) -> Request:
        """The signed request of a call.

        Raises:
            Exception: the serializer cannot write these parameters, whatever it says then.
        """
        sent: Any = self._serializer.serialize_to_request(dict(params), self._model.operation_model(operation))
        botocore.awsrequest.prepare_request_dict(sent, self._endpoint, context={}, user_agent=self._agent)
        made: Any = botocore.awsrequest.create_request_object(sent)
        self._signer.add_auth(made)
        made.headers["amz-sdk-invocation-id"] = str(uuid.uuid4())
        made.headers["amz-sdk-request"] = "attempt=1; max=1"
        prepared = made.prepare()
        body = prepared.body or b""
        headers = tuple((str(name), _text(value)) for name, value in prepared.headers.items())
        data = body if isinstance(body, bytes) else str(body).encode()
        return Request(str(prepared.method), str(prepared.url), headers, data)

    def trouble(self, operation: str, response: Response) -> str | None:
        """The reason why boto3 cannot parse an answer; None if it can."""
        answer = {
            "status_code": response.status,
            "headers": botocore.awsrequest.HeadersDict(response.headers),
            "body": response.body,
            "context": {"operation_name": operation},
        }
        try:
            self._parser.parse(answer, self._model.operation_model(operation).output_shape)
        except botocore.parsers.ResponseParserError as error:
            return one_line(str(error), None)
        except _OF_PARSING as error:
            return one_line(f"{type(error).__name__}: {error}", None)
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
