"""Signs requests with AWS Signature Version 4, with botocore's signers; also with another time."""

import functools
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from dxcontract.wire.credentials import Account

_STAMP = "%Y%m%dT%H%M%SZ"


def sign(
    request: botocore.awsrequest.AWSRequest, account: Account, service: str, region: str, *, age: float = 0.0
) -> None:
    """Sign in the header; `age` is the age of the signature in seconds."""
    _Aged(account, service, region, age).add_auth(request)


def presign(request: botocore.awsrequest.AWSRequest, account: Account, service: str, region: str) -> None:
    """Sign in the query of the URL."""
    botocore.auth.SigV4QueryAuth(_credentials(account), service, region, expires=300).add_auth(request)


def _credentials(account: Account) -> botocore.credentials.Credentials:
    return botocore.credentials.Credentials(account.access_key, account.secret_key, account.token)


class Signer(botocore.auth.SigV4Auth):
    """Signs in the header, with a key that is derived once a day."""

    def __init__(self, account: Account, service: str, region: str) -> None:
        super().__init__(_credentials(account), service, region)
        self._key = (account.secret_key, region, service)

    def headers_to_sign(self, request: Any) -> Any:
        """Asked for twice; the answer is the same."""
        if "to-sign" not in request.context:
            parent: Any = super()
            request.context["to-sign"] = parent.headers_to_sign(request)
        return request.context["to-sign"]

    def payload(self, request: Any) -> str:
        """Of bytes the digest, without preparing the whole request to get at them."""
        if request.data and isinstance(request.data, bytes):
            return hashlib.sha256(request.data).hexdigest()
        parent: Any = super()
        return str(parent.payload(request))

    def signature(self, string_to_sign: str, request: Any) -> str:
        return _mac(_derived(request.context["timestamp"][:8], *self._key), string_to_sign).hex()


@functools.lru_cache(maxsize=64)
def _derived(day: str, secret: str, region: str, service: str) -> bytes:
    """The signing key. Source: AWS General Reference, Signature Version 4, step 3."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


class _Aged(Signer):
    """A signer whose clock is wrong."""

    def __init__(self, account: Account, service: str, region: str, age: float) -> None:
        super().__init__(account, service, region)
        self._age = age

    def _modify_request_before_signing(self, request: Any) -> None:
        if self._age:
            request.context["timestamp"] = (datetime.now(UTC) - timedelta(seconds=self._age)).strftime(_STAMP)
        parent: Any = super()
        parent._modify_request_before_signing(request)
