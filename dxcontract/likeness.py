"""Does an endpoint answer like AWS itself, behind a domain of one's own or a proxy? Told by the headers of an answer.

A mistake is cheap in one direction only: what looks like AWS gets reads only, unless the user says --emulator.
"""

import uuid
from collections.abc import Mapping
from typing import Final

from dxcontract.exchange import Exchange

EMULATOR_HEADER: Final = "x-dxcontract-emulator"
"""What the reference emulator says of itself, which otherwise answers like AWS on purpose."""

_ONLY_AWS: Final = ("x-amz-cf-id", "x-amz-apigw-id", "x-amz-id-2")
_SERVERS_OF_AWS: Final = ("", "server", "awselb", "amazon", "cloudfront", "envoy", "nginx", "haproxy", "varnish")
_ERRORS_OF_AWS: Final = frozenset(
    {
        "UnknownOperationException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "IncompleteSignatureException",
        "MissingAuthenticationTokenException",
        "AccessDeniedException",
        "ExpiredTokenException",
    }
)


def looks_like_aws(answer: Exchange) -> bool:
    """Whether this answer to an operation that cannot exist may be that of AWS.

    AWS names no server in it (a proxy before it may name itself), gives a request id that is a UUID, and one of few
    errors. Emulators name the server that they run on, or fail otherwise.
    """
    if answer.response is None:
        return False
    headers = answer.response.headers
    if EMULATOR_HEADER in headers:
        return False
    if any(name in headers for name in _ONLY_AWS):
        return True
    return _is_uuid(headers) and _server_of_aws(headers) and answer.error_type in _ERRORS_OF_AWS


def _is_uuid(headers: Mapping[str, str]) -> bool:
    try:
        return bool(uuid.UUID(headers.get("x-amzn-requestid", "")))
    except ValueError:
        return False


def _server_of_aws(headers: Mapping[str, str]) -> bool:
    server = headers.get("server", "").lower()
    return any(server == one or (one and server.startswith(one)) for one in _SERVERS_OF_AWS)
