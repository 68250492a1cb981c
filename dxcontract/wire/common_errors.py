"""Errors of AWS that are about who asks, not about what is asked: credentials that are wrong, and that have expired.

Sources: the common errors of Direct Connect and EC2, botocore/data/_retry.json.
"""

from typing import Final

EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
CREDENTIALS: Final = EXPIRED | {
    "AuthFailure",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
