"""Creates botocore sessions that use the protocol of the run, even if botocore prefers another one."""

import functools
from typing import Any

import botocore.loaders
import botocore.session

from dxcontract.wire.cbor import Protocol

_NAMES: dict[Protocol, str] = {"json": "json", "cbor": "smithy-rpc-v2-cbor"}


@functools.cache
def session(protocol: Protocol) -> botocore.session.Session:
    """A session for Direct Connect clients in `protocol`."""
    made = botocore.session.Session()
    made.register_component("data_loader", _Loader(_NAMES[protocol]))
    return made


class _Loader(botocore.loaders.Loader):
    """Loads service models that name one protocol only."""

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self._protocol = protocol

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """The service model without the protocols that are not wanted."""
        model: Any = super().load_service_model(service_name, type_name, api_version)
        protocols = model.get("metadata", {}).get("protocols", [])
        if self._protocol not in protocols:
            return model
        chosen = {"protocol": self._protocol, "protocols": [self._protocol]}
        return {**model, "metadata": {**model["metadata"], **chosen}}
