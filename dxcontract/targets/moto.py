"""Starts moto's Direct Connect in this process, on a free loopback port."""

from dataclasses import dataclass, field
from typing import Any

from dxcontract.targets import accounts as who
from dxcontract.targets.target import Target, TargetError


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
        raise TargetError(f"--target=moto needs moto[server]: {error}") from error
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
