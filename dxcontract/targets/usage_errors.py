"""The likeliest mistakes, told in one line with the way out, before anything is sent and instead of a traceback."""

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

from dxcontract.targets.aws_hosts import host_of
from dxcontract.targets.target import TargetError
from dxcontract.wire import proxies
from dxcontract.wire.credentials import ROLES
from dxcontract.wire.exchange import Exchange

OLDEST_BOTOCORE: Final = (1, 44, 5)
"""As in pyproject.toml: what is older does not know all operations."""

NAMED: Final = ("reference", "moto", "aws")
_USER: Final = re.compile(r"//[^/]*@")
_WHAT: Final = "give reference, moto, aws or a URL that begins with http:// or https://"


def check_target(text: str) -> None:
    """What is wrong with `--target` itself.

    Raises:
        TargetError: it is no target; says what it looks like.
    """
    if text in NAMED:
        return
    said = f"--target={_USER.sub('//(removed)@', text)}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise TargetError(f"{said} is no URL ({error}); {_WHAT}") from error
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise TargetError(f"{said} names no host; {_WHAT}")
        if parts.query or parts.fragment:
            raise TargetError(f"{said}: a URL without ?query and #fragment, please: requests bring their own")
        if host_of(text) is None and "@" not in parts.netloc:
            raise TargetError(f"{said}: a host name of plain ASCII, please (IDNs as xn--…), without escapes and spaces")
        return
    if Path(text).exists():
        raise TargetError(f"{said} is a path; {_WHAT}, and paths of tests after a space of their own")
    host, _, rest = text.partition(":")
    if (rest.isdigit() or port) and "/" not in host and host:
        raise TargetError(f"{said} has no scheme; did you mean --target=http://{text}?")
    near = difflib.get_close_matches(text, NAMED, n=1)
    raise TargetError(f"{said}: {f'did you mean {near[0]}? ' if near else ''}{_WHAT}")


def check_interpreter() -> None:
    """Whether Python was told to leave out assertions, which the suite is made of.

    Raises:
        TargetError: it was.
    """
    if sys.flags.optimize:
        raise TargetError("PYTHONOPTIMIZE or -O takes assertions out of the suite, whose verdicts mean nothing then")


def taken_option(error: str, parser: Any) -> str:
    """A line about an option that another plugin of pytest has added already; `error` is pytest's own."""
    names = re.findall(r"--[a-z][a-z-]*", error)
    groups = [one for one in getattr(parser, "_groups", ()) if one.name != "dxcontract"]
    owner = next((one.name for one in groups for option in one.options if set(names) & set(option.names())), "NAME")
    return (
        f"another pytest plugin has the option {names[0] if names else error}, which dxcontract has, too; "
        f"turn that plugin off: -p no:{owner}"
    )


def check_environment() -> None:
    """What is wrong with what is installed and configured here.

    Raises:
        TargetError: botocore is too old, or AWS's configuration names what is not there.
    """
    found = tuple(int(part) for part in botocore.__version__.split(".")[:3] if part.isdigit())
    if found < OLDEST_BOTOCORE:
        wanted = ".".join(map(str, OLDEST_BOTOCORE))
        raise TargetError(
            f"botocore {botocore.__version__} is installed and does not know all of Direct Connect: "
            f"pip install --upgrade 'botocore>={wanted}' 'boto3>={wanted}'"
        )
    if missing := proxies.missing_bundle():
        raise TargetError(missing)
    try:
        botocore.session.Session().get_scoped_config()
    except botocore.exceptions.ProfileNotFound as error:
        where = "AWS_PROFILE" if os.environ.get("AWS_PROFILE") else "AWS_DEFAULT_PROFILE"
        raise TargetError(f"{where}: {error}; unset it, or name one that ~/.aws/config has") from error
    except botocore.exceptions.BotoCoreError as error:
        raise TargetError(f"the AWS configuration cannot be read: {error}") from error


def check_writable(report: str | None, gaps: str | None) -> None:
    """Whether what a run is to write can be written: told before the run, not after it.

    Raises:
        TargetError: it cannot.
    """
    for option, path in (("report", Path(report) if report else None), ("write-known-gaps", gaps and Path(gaps))):
        if not path:
            continue
        folder = path if option == "report" else path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if option != "report" and path.is_dir():
                raise IsADirectoryError(f"{path} is a folder")
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
    """A line about a region that AWS does not have; an emulator may take it all the same."""
    if not region or region in regions():
        return None
    near = difflib.get_close_matches(region, sorted(regions()), n=2)
    return f"AWS has no region {region}{'; did you mean ' if near else ''}{' or '.join(near)}{'?' if near else ''}"


def few_accounts(accounts: Collection[str]) -> str | None:
    """A line about roles that nobody plays."""
    lacking = [role for role in ROLES if role not in accounts]
    if not lacking:
        return None
    return (
        f"no account for {' and '.join(lacking)}: rules that need one are unsupported; "
        "--accounts=owner=…,other=…,partner=… names them"
    )


def notes(region: str, accounts: Collection[str]) -> Iterator[str]:
    """What the end of a run says of how it was started."""
    yield from filter(None, (unlikely_region(region), few_accounts(accounts)))


def way_out(exchange: Exchange) -> str:
    """What to try when nothing usable came back, as far as the failure tells; empty when it does not."""
    detail, url = exchange.detail, exchange.request.url
    if "WRONG_VERSION_NUMBER" in detail or "HTTP_REQUEST" in detail:
        return "it speaks no TLS there; give http:// in place of https://"
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        variable = "SSL_CERT_FILE" if proxies.is_loopback(url) else "AWS_CA_BUNDLE"
        return f"if you trust it, point {variable} to the certificate of its authority"
    if exchange.failure in ("reset", "not-http") and url.startswith("http:"):
        return "if it speaks TLS, give https:// in place of http://"
    if exchange.failure in ("refused", "timeout", "other") and (proxy := proxies.of(url)) is not None:
        host = urlsplit(url).hostname
        return f"it was asked through the proxy of {proxy.variable}; NO_PROXY={host} has it asked directly"
    return ""
