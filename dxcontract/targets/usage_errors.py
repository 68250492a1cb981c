"""Checks for common usage mistakes. Each error is one line that says what to change, before anything is sent."""

import difflib
import functools
import os
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import botocore
import botocore.exceptions
import botocore.loaders
import botocore.session

from dxcontract.targets import moto
from dxcontract.targets.aws_hosts import host_of
from dxcontract.targets.target import TargetError
from dxcontract.wire import proxies
from dxcontract.wire.credentials import ROLES
from dxcontract.wire.exchange import Exchange

OLDEST_BOTOCORE: Final = (1, 44, 5)
"""As in pyproject.toml: what is older does not know all operations."""

NAMED: Final = ("reference", "moto", "aws")
_USER: Final = re.compile(r"//[^/]*@")
_WHAT: Final = "use reference, moto, aws or a URL that starts with http:// or https://"


def check_target(text: str) -> None:
    """Check the value of `--target`.

    Raises:
        TargetError: the value is no target; the message suggests a correction.
    """
    if text == "moto":
        moto.check_installed()
    if text in NAMED:
        return
    said = f"--target={_USER.sub('//(removed)@', text)}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise TargetError(f"{said} is not a valid URL ({error}); {_WHAT}") from error
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise TargetError(f"{said} has no host; {_WHAT}")
        if parts.query or parts.fragment:
            raise TargetError(f"{said}: remove ?query and #fragment from the URL; requests add their own")
        if host_of(text) is None and "@" not in parts.netloc:
            raise TargetError(f"{said}: use a host name in plain ASCII (IDNs as xn--…), without escapes and spaces")
        return
    if Path(text).exists():
        raise TargetError(f"{said} is a path; {_WHAT}, and separate the paths of tests with a space")
    host, _, rest = text.partition(":")
    if (rest.isdigit() or port) and "/" not in host and host:
        raise TargetError(f"{said} has no scheme; did you mean --target=http://{text}?")
    near = difflib.get_close_matches(text, NAMED, n=1)
    raise TargetError(f"{said}: {f'did you mean {near[0]}? ' if near else ''}{_WHAT}")


def check_interpreter() -> None:
    """Check that Python runs assertions, which the suite depends on.

    Raises:
        TargetError: Python removes them.
    """
    if sys.flags.optimize:
        raise TargetError("PYTHONOPTIMIZE or -O removes the assertions of the suite; unset it to get valid verdicts")


def taken_option(error: str, parser: Any) -> str:
    """The error message for an option that another pytest plugin already defines; `error` is the message of pytest."""
    names = re.findall(r"--[a-z][a-z-]*", error)
    groups = [one for one in getattr(parser, "_groups", ()) if one.name != "dxcontract"]
    owner = next((one.name for one in groups for option in one.options if set(names) & set(option.names())), "NAME")
    return (
        f"another pytest plugin also defines the option {names[0] if names else error}; "
        f"disable that plugin: -p no:{owner}"
    )


def check_environment() -> None:
    """Check the installed botocore and the AWS configuration.

    Raises:
        TargetError: botocore is too old, or the AWS configuration is not usable.
    """
    found = tuple(int(part) for part in botocore.__version__.split(".")[:3] if part.isdigit())
    if found < OLDEST_BOTOCORE:
        wanted = ".".join(map(str, OLDEST_BOTOCORE))
        raise TargetError(
            f"botocore {botocore.__version__} is installed and lacks operations of Direct Connect: "
            f"pip install --upgrade 'botocore>={wanted}' 'boto3>={wanted}'"
        )
    if missing := proxies.missing_bundle():
        raise TargetError(missing)
    try:
        botocore.session.Session().get_scoped_config()
    except botocore.exceptions.ProfileNotFound as error:
        where = "AWS_PROFILE" if os.environ.get("AWS_PROFILE") else "AWS_DEFAULT_PROFILE"
        raise TargetError(f"{where}: {error}; unset it, or set it to a profile in ~/.aws/config") from error
    except botocore.exceptions.BotoCoreError as error:
        raise TargetError(f"the AWS configuration cannot be read: {error}") from error


def check_writable(report: str | None, gaps: str | None) -> None:
    """Check that the output files of a run can be written.

    Raises:
        TargetError: one of them cannot be written.
    """
    for option, path in (("report", Path(report) if report else None), ("write-known-gaps", gaps and Path(gaps))):
        if not path:
            continue
        folder = path if option == "report" else path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if option != "report" and path.exists() and not path.is_file():
                raise OSError("it is no regular file")
            if not os.access(path if path.exists() else folder, os.W_OK):
                raise PermissionError("not writable")
        except OSError as error:
            raise TargetError(f"--{option}={path} cannot be written: {error}") from error


@functools.cache
def regions() -> frozenset[str]:
    """The regions of all partitions that botocore knows."""
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    return frozenset(name for one in partitions for name in one["regions"])


def unlikely_region(region: str) -> str | None:
    """A note about a Region that AWS does not have; an emulator may still accept it."""
    if not region or region in regions():
        return None
    near = difflib.get_close_matches(region, sorted(regions()), n=2)
    return f"AWS has no Region {region}{'; did you mean ' if near else ''}{' or '.join(near)}{'?' if near else ''}"


def few_accounts(accounts: Collection[str]) -> str | None:
    """A note about roles without an account."""
    lacking = [role for role in ROLES if role not in accounts]
    if not lacking:
        return None
    return (
        f"no account for {' and '.join(lacking)}: rules that need one are unsupported; "
        "set --accounts=owner=…,other=…,partner=…"
    )


def notes(region: str, accounts: Collection[str]) -> Iterator[str]:
    """Notes about the options of a run, for its end."""
    yield from filter(None, (unlikely_region(region), few_accounts(accounts)))


def way_out(exchange: Exchange) -> str:
    """A suggestion after a failed exchange; empty if the failure suggests nothing."""
    detail, url = exchange.detail, exchange.request.url
    if "WRONG_VERSION_NUMBER" in detail or "HTTP_REQUEST" in detail:
        return "the endpoint does not use TLS; use http:// instead of https://"
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        variable = "SSL_CERT_FILE" if proxies.is_loopback(url) else "AWS_CA_BUNDLE"
        return f"if you trust it, set {variable} to the certificate of its authority"
    if exchange.failure in ("reset", "not-http") and url.startswith("http:"):
        return "if the endpoint uses TLS, use https:// instead of http://"
    if exchange.failure in ("refused", "timeout", "other") and (proxy := proxies.of(url)) is not None:
        host = urlsplit(url).hostname
        return f"the request used the proxy of {proxy.variable}; set NO_PROXY={host} to connect directly"
    return ""
