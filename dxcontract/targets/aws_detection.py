"""Decides whether an endpoint is shown to be an emulator or must be treated as a real account.

Proof is the option `--emulator`, an emulator's mark in its answers, or a loopback address that is called with made-up
keys, which AWS would refuse. Other facts prove nothing: a proxy in front of AWS may add, rename or remove headers and
may listen on any address. An emulator that is mistaken for a real account only gets read operations until the user
passes `--emulator`.
"""

import uuid
from collections.abc import Mapping
from typing import Final

from dxcontract.targets.target import Target, is_aws
from dxcontract.wire import proxies
from dxcontract.wire.exchange import Exchange

EMULATOR_HEADER: Final = "x-dxcontract-emulator"
"""What the reference emulator says of itself, which otherwise answers like AWS on purpose."""

MARKS: Final = (EMULATOR_HEADER, "x-localstack", "x-localemu")
"""Headers that only an emulator sends: the reference emulator, LocalStack (of itself since 4.6, with `true` or its
version; LOCALSTACK_RESPONSE_HEADER_ENABLED) and LocalEmu. Moto has none: `Server: Werkzeug` is that of any proxy
written with Flask."""

OWN_HOST: Final = "it is AWS's own host"
"""The reason that no word of the user changes."""

_ONLY_AWS: Final = ("x-amz-cf-id", "x-amz-apigw-id", "x-amz-id-2")
_SERVERS_OF_EMULATORS: Final = ("twistedweb", "hypercorn", "uvicorn", "basehttp")
_ERRORS_OF_AWS: Final = frozenset(
    {
        "UnknownOperationException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "IncompleteSignatureException",
        "MissingAuthenticationTokenException",
        "AccessDeniedException",
        "ExpiredTokenException",
        "ValidationException",
    }
)


def why_real(target: Target, answer: Exchange | None, *, emulator: bool) -> str | None:
    """The reason why a target is treated as a real account; None if it is shown to be an emulator.

    `answer` is that to an operation that cannot exist (None: not asked yet); `emulator`: the user says that it is one,
    which is not believed of AWS's own hosts.
    """
    if target.ours:
        return None
    if target.name == "aws" or is_aws(target.endpoint):
        return OWN_HOST
    if emulator or (answer is not None and has_mark(answer)):
        return None
    if not proxies.is_loopback(target.endpoint):
        return "its address is not a loopback address, and its answers carry no mark of an emulator"
    if not all(account.made_up for account in target.accounts.values()):
        return "the keys look like keys of AWS, or are those of a profile: a proxy to AWS may listen on loopback, too"
    if answer is not None and looks_like_aws(answer):
        return "it answers as AWS does: a proxy that signs requests itself may listen on loopback, too"
    return None


def has_mark(answer: Exchange) -> bool:
    """Whether an answer has a header that only an emulator sends."""
    return answer.response is not None and any(mark in answer.response.headers for mark in MARKS)


def looks_like_aws(answer: Exchange) -> bool:
    """Whether an answer to an operation that cannot exist may come from AWS, through any proxy.

    AWS gives a request id that is a UUID, and one of few errors. Emulators name the server that they run on, or fail
    otherwise.
    """
    if answer.response is None or has_mark(answer):
        return False
    headers = answer.response.headers
    if any(name in headers for name in _ONLY_AWS):
        return True
    return _is_uuid(headers) and not _server_of_emulators(headers) and answer.error_type in _ERRORS_OF_AWS


def _is_uuid(headers: Mapping[str, str]) -> bool:
    try:
        return bool(uuid.UUID(headers.get("x-amzn-requestid", "")))
    except ValueError:
        return False


def _server_of_emulators(headers: Mapping[str, str]) -> bool:
    return headers.get("server", "").lower().startswith(_SERVERS_OF_EMULATORS)
