"""AWS Signature Version 4 for our own requests, by botocore's signers; also ones that were signed at another time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from dxcontract.target import Account

_STAMP = "%Y%m%dT%H%M%SZ"


def sign(
    request: botocore.awsrequest.AWSRequest, account: Account, service: str, region: str, *, age: float = 0.0
) -> None:
    """Sign in the header; `age` is how many seconds ago the signature says that it was made."""
    _Aged(_credentials(account), service, region, age).add_auth(request)


def presign(request: botocore.awsrequest.AWSRequest, account: Account, service: str, region: str) -> None:
    """Sign in the query of the URL."""
    botocore.auth.SigV4QueryAuth(_credentials(account), service, region, expires=300).add_auth(request)


def _credentials(account: Account) -> botocore.credentials.Credentials:
    return botocore.credentials.Credentials(account.access_key, account.secret_key, account.token)


class _Aged(botocore.auth.SigV4Auth):
    """A signer whose clock is wrong."""

    def __init__(self, credentials: Any, service: str, region: str, age: float) -> None:
        super().__init__(credentials, service, region)
        self._age = age

    def _modify_request_before_signing(self, request: Any) -> None:
        if self._age:
            request.context["timestamp"] = (datetime.now(UTC) - timedelta(seconds=self._age)).strftime(_STAMP)
        parent: Any = super()
        parent._modify_request_before_signing(request)
