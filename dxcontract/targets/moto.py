"""Starts moto's Direct Connect in this process, on a free loopback port."""

import importlib.util
from dataclasses import dataclass, field
from typing import Any, Final

from dxcontract.targets import accounts as who
from dxcontract.targets.target import Target, TargetError

_MISSING: Final = (
    "--target=moto needs moto[server]: pip install 'dxcontract[moto]' (in a checkout: pip install -e '.[moto]')"
)


def check_installed() -> None:
    """Whether moto is installed, before any process of a run starts it.

    Raises:
        TargetError: it is not; says how to install it.
    """
    if importlib.util.find_spec("moto") is None:
        raise TargetError(_MISSING)


@dataclass
class MotoTarget(Target):
    """A target that owns its server."""

    server: Any = field(default=None, repr=False)

    def stop(self) -> None:
        self.server.stop()


def open_target(region: str, other_region: str) -> Target:
    """Start moto; its own STS provides the accounts.

    Raises:
        TargetError: moto is not installed.
    """
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise TargetError(f"{_MISSING} ({error})") from error
    import logging

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}/"
    return MotoTarget(
        name="moto",
        endpoint=endpoint,
        region=region,
        other_region=other_region,
        accounts=who.discover(endpoint, region),
        reset_url=f"{endpoint}moto-api/reset",
        ours=True,
        server=server,
    )
