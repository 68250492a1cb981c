"""Reads proxies and trusted certificates from the environment, like the AWS SDKs.

Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case, and AWS_CA_BUNDLE, else REQUESTS_CA_BUNDLE. Addresses of
this machine ignore them.
"""

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import botocore.utils

BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Proxy:
    """A proxy without its credentials, and the headers that bring them."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    variable: str = ""


def of(url: str) -> Proxy | None:
    """The proxy for a URL; None for a direct connection."""
    if is_loopback(url):
        return None
    scheme = urlsplit(url).scheme
    found = botocore.utils.get_environ_proxies(url).get(scheme)
    if not found:
        return None
    given = urlsplit(found if "//" in found else f"http://{found}")
    _, _, place = given.netloc.rpartition("@")
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    variable = next((name for name in names if os.environ.get(name)), "the system's settings")
    return Proxy(f"{given.scheme}://{place}", tuple(_credentials(given).items()), variable)


def _credentials(given: Any) -> Mapping[str, str]:
    if given.username is None:
        return {}
    pair = f"{unquote(given.username)}:{unquote(given.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def bundle(url: str) -> Mapping[str, str]:
    """The certificates to trust for a URL, as a setting of urllib3; none for the default of Python."""
    chosen = next(filter(None, map(os.environ.get, BUNDLES)), None)
    if chosen is None or is_loopback(url):
        return {}
    return {"ca_cert_dir" if Path(chosen).is_dir() else "ca_certs": chosen}


def missing_bundle() -> str | None:
    """A message about a variable that names a missing file; None if all files exist."""
    for name in BUNDLES:
        chosen = os.environ.get(name)
        if chosen and not Path(chosen).exists():
            return f"{name}={chosen}: there is no such file; unset it, or name a file of certificates"
    return None


def is_loopback(url: str) -> bool:
    """Whether the host of a URL is this machine."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
