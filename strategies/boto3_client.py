"""A boto3 client for the rules about clients; its requests go through the client of the suite."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.awsrequest
import botocore.config
import botocore.session

from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.world import World


@dataclass
class Client:
    """A boto3 client with the requests and responses so far."""

    boto3: Any
    exchanges: list[Exchange] = field(default_factory=list)


def client(world: World, role: Role = "owner") -> Client:
    """A boto3 client for the target, which validates parameters and does not retry.

    Raises:
        Unsupported: the target has no such account.
    """
    target, account = world.api.target, world.api.account(role)
    made = Client(
        _session().create_client(
            "directconnect",
            region_name=target.region,
            endpoint_url=target.endpoint,
            aws_access_key_id=account.access_key,
            aws_secret_access_key=account.secret_key,
            aws_session_token=account.token,
            config=botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )
    )

    def deliver(request: botocore.awsrequest.AWSPreparedRequest, **_: Any) -> botocore.awsrequest.AWSResponse:
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        operation = headers["x-amz-target"].rpartition(".")[2]
        body = request.body or b""
        exchange = world.api.send(operation, body if isinstance(body, bytes) else str(body).encode(), role=role)
        made.exchanges.append(exchange)
        if exchange.response is None:
            raise Indeterminate(f"{operation} was not answered")
        answered: Any = exchange.response.headers
        raw = _Body(exchange.response.body)
        return botocore.awsrequest.AWSResponse(str(request.url), exchange.status, answered, raw)

    hook: Any = deliver  # typed as returning None by the stubs; botocore uses what it returns
    made.boto3.meta.events.register("before-send.directconnect", hook)
    return made


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Body:
    """A body that botocore can read as a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._data
