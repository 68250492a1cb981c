"""Recognizes AWS hosts and AWS access keys from their text.

Uses only the standard library, because reproducer scripts contain this file. The shell scripts decide the same in
`sed` (`dxcontract.reproduce.aws_cli`). One table of spellings tests both.
"""

import re
from collections.abc import Iterable

AWS_SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonwebservices.com.cn",
    "amazonaws.eu",
    "amazonwebservices.eu",
    "api.aws",
    "on.aws",
)
"""Suffixes of AWS's host names, beside those of the partitions that botocore knows."""

_NOT_VISIBLE = re.compile("[^!-~]")
_SCHEME = re.compile("https?:")
_PORT = re.compile(":[0-9]*$")
_IPV6 = re.compile(r"\[[0-9a-z:.%_-]+\]")
_PLAIN = re.compile("[a-z0-9._-]*")
_KEY_OF_AWS = re.compile("[Aa][KkSs][Ii][Aa]|A[0-9A-Z]{15}|[0-9][0-9A-Z]{19}")


def host_of(endpoint: str) -> "str | None":
    """The host name in an endpoint's URL, in lower case, without port and trailing dots; "" for an IPv6 address.

    None where programs may disagree on which host a text names: with a user name, a backslash, an escape, a space,
    a control character or a character that is not ASCII.
    """
    if _NOT_VISIBLE.search(endpoint):
        return None
    lower = endpoint.lower()
    scheme = _SCHEME.match(lower)
    authority = re.split("[/?#]", lower[scheme.end() if scheme else 0 :].lstrip("/"), maxsplit=1)[0]
    host = _PORT.sub("", authority)
    if _IPV6.fullmatch(host):
        return ""
    host = re.sub("[.]+", ".", host)
    return host.removesuffix(".") if _PLAIN.fullmatch(host) else None


def is_aws_host(endpoint: str, suffixes: Iterable[str] = AWS_SUFFIXES) -> bool:
    """Whether an endpoint is an AWS host, or has a spelling that may be one."""
    host = host_of(endpoint)
    if host is None:
        return True
    # A label such as xn--amazonaws- is Punycode for plain ASCII.
    spelled = "." + f"{host}.".replace("xn--", "").replace("-.", ".").removesuffix(".")
    return any(spelled.endswith(f".{suffix}") for suffix in suffixes)


def is_key_of_aws(access_key: str) -> bool:
    """Whether an access key looks like a key of AWS: AKIA…, ASIA…, sixteen other characters that start with A, or
    twenty that start with a digit, like the oldest keys.
    """
    return _KEY_OF_AWS.match(access_key) is not None
