"""Maps each operation to the function that performs it."""

import importlib
from collections.abc import Callable
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.spec.model import Json

Perform = Callable[[Call, Json], Json]

PERFORM: Final[dict[str, Perform]] = {}
MODULES: Final = (
    "agreements",
    "associations",
    "attachments",
    "bgp_peers",
    "billing",
    "connections",
    "failover_tests",
    "gateways",
    "hosted_connections",
    "interconnects",
    "lags",
    "loa",
    "locations",
    "macsec",
    "proposals",
    "resiliency_groups",
    "routers",
    "routes",
    "tags",
    "virtual_gateways",
    "virtual_interface_changes",
    "virtual_interface_creation",
    "virtual_interfaces",
)


def operation(name: str) -> Callable[[Perform], Perform]:
    """Mark the function that performs the operation called `name`: it gets the call and the request, and answers."""

    def register(perform: Perform) -> Perform:
        if name in PERFORM:
            raise ValueError(f"{name} is performed twice, by {PERFORM[name].__module__} and {perform.__module__}")
        PERFORM[name] = perform
        return perform

    return register


def load() -> None:
    """Import every module that performs operations."""
    for module in MODULES:
        importlib.import_module(f"dxcontract.reference.operations.{module}")
