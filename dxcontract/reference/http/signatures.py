"""Verifies AWS Signature Version 4 before a request is processed.

It implements the published algorithm (source `sigv4`) and does not use botocore's signer, so that each verifies the
other.
"""

import functools
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote

from dxcontract.reference.core.accounts import Accounts
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Signed
from dxcontract.reference.core.rule_switches import Rules

ALGORITHM: Final = "AWS4-HMAC-SHA256"
MAXIMUM_SKEW: Final = 300.0
_SCOPE: Final = re.compile(
    r"(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request"
)
_BLANKS: Final = re.compile(r" +")


@dataclass(frozen=True)
class Caller:
    """Who signed a request, and for which region and service."""

    account: str
    region: str
    service: str


# Who has not signed, where the rule that demands a signature is switched off.
ANONYMOUS: Final = Caller("111111111111", "us-east-1", "directconnect")


def verify(request: Signed, accounts: Accounts, now: float, rules: Rules) -> Caller:
    """Say who signed `request`; `now` is real time, not the emulator's clock.

    Raises:
        ServiceError: the signature is missing, malformed, expired or wrong, or nobody has the access key.
    """
    authorization = request.headers.get("authorization")
    if authorization is None and not rules.holds("wire.unsigned"):
        return ANONYMOUS
    if authorization is None and "X-Amz-Signature" in request.query and not rules.holds("wire.presigned-query"):
        return ANONYMOUS
    if authorization is None:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    fields = _fields(authorization)
    scope = _SCOPE.fullmatch(fields["Credential"])
    if scope is None:
        raise ServiceError(
            "IncompleteSignatureException",
            "Credential must have the form KEY/YYYYMMDD/REGION/SERVICE/aws4_request.",
        )
    stamp = request.headers.get("x-amz-date", "")
    signed_at = _seconds(stamp)
    if signed_at is None:
        raise ServiceError(
            "IncompleteSignatureException", "The request needs an X-Amz-Date header such as 20250131T235959Z."
        )
    names = fields["SignedHeaders"].split(";")
    if "host" not in names or any(name not in request.headers for name in names):
        raise ServiceError(
            "IncompleteSignatureException",
            "SignedHeaders must name host, and only headers that the request carries.",
        )
    credential = accounts.credential(scope["key"])
    if credential is None:
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if "x-amz-security-token" in request.headers and rules.holds("wire.session-token"):
        # There are no sessions here, so that every token is one of none.
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if abs(now - signed_at) > MAXIMUM_SKEW and rules.holds("wire.clock-skew"):
        raise ServiceError(
            "InvalidSignatureException",
            f"Signature expired: {stamp} is more than 5 minutes away from the server's time.",
        )
    key = _signing_key(credential.secret, scope["date"], scope["region"], scope["service"])
    text = "\n".join(
        (
            ALGORITHM,
            stamp,
            f"{scope['date']}/{scope['region']}/{scope['service']}/aws4_request",
            hashlib.sha256(_canonical(request, names).encode()).hexdigest(),
        )
    )
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    fits = hmac.compare_digest(expected.encode(), fields["Signature"].encode())
    if (stamp[:8] != scope["date"] or not fits) and rules.holds("wire.wrongly-signed"):
        raise ServiceError(
            "InvalidSignatureException",
            "The request signature does not match the one computed from the request and the secret of this access key.",
        )
    region = scope["region"] if rules.holds("wire.other-region-signature") else ANONYMOUS.region
    return Caller(credential.account, region, scope["service"])


@functools.lru_cache(maxsize=64)
def _seconds(stamp: str) -> float | None:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _fields(authorization: str) -> dict[str, str]:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise ServiceError("IncompleteSignatureException", f"Authorization must begin with {ALGORITHM}.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise ServiceError("IncompleteSignatureException", f"Authorization lacks {name}.")
    return fields


def _canonical(request: Signed, names: list[str]) -> str:
    headers = request.headers
    query = ""
    if request.query:
        pairs = sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
            for name, value in parse_qsl(request.query, keep_blank_values=True)
        )
        query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = "".join(f"{name}:{_BLANKS.sub(' ', headers[name].strip())}\n" for name in names)
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~") or "/",
            query,
            lines,
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


@functools.lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
