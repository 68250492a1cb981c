"""The catalogue of machines: the action families, the required operations and the rules of each."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from hypothesis.strategies import DataObject

from strategies.machines import negative_steps
from strategies.machines.actions import any_operation
from strategies.machines.actions.registry import ACTIONS, Action
from strategies.machines.choices import Choices
from strategies.machines.compare import descriptions, final_checks
from strategies.machines.machine import Machine

FAMILIES: Final[Mapping[str, ModuleType]] = {
    family: importlib.import_module(f"strategies.machines.actions.{family}")
    for family in (
        "connections",
        "associations",
        "emulator_events",
        "gateways",
        "resiliency_groups",
        "hosted_connections",
        "virtual_interfaces",
        "macsec",
        "tags",
        "lags",
        "invalid_parents",
        "commutativity",
        "bgp_peers",
        "concurrent_requests",
        "any_operation",
    )
}
"""The modules that hold actions, by family; loading them registers their actions. What is drawn depends on this order,
not on the order in which the modules are loaded."""


@dataclass(frozen=True)
class Entry:
    """One machine. The target must have at least one of the operations in `needs`."""

    title: str
    families: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that the machine can check."""
        modules = [descriptions, final_checks, negative_steps, *(FAMILIES[one] for one in self.families)]
        return tuple(sorted({rule for module in modules for rule in module.RULES}))

    @property
    def machine(self) -> type[Machine]:
        """The class of the machine, with one Hypothesis rule per action."""
        families = [one for one in FAMILIES if one in self.families]
        chosen = [one for family in families for one in ACTIONS if one.family == family]
        body: dict[str, Any] = {
            "__doc__": self.title,
            "actions": tuple(chosen),
            "final_checks": (final_checks.compare_all, any_operation.pried, any_operation.read_by_all),
            "title": self.title,
            "swarm": _swarm(),
        }
        for one in chosen:
            body[f"do_{one.name}"] = _rule(one)
        return type(self.title.title().replace("_", ""), (Machine,), body)

    def __str__(self) -> str:
        return self.title


def _rule(action: Action) -> Any:
    def step(self: Machine, data: DataObject) -> None:
        self.perform(action, Choices(data))

    step.__name__ = f"do_{action.name}"
    step.__doc__ = action.run.__doc__

    def ready(self: Machine) -> bool:
        return action.family in self.chosen and self.enabled(action)

    return precondition(ready)(rule(data=st.data())(step))


def _swarm() -> Any:
    def swarm(self: Machine, data: DataObject) -> None:
        """Selects the families of an example and its seed sequence."""
        self.choose(data)
        self.open(data)

    return initialize(data=st.data())(swarm)


ENTRIES: Final = (
    Entry(
        "connections_and_lags",
        (
            "connections",
            "lags",
            "hosted_connections",
            "commutativity",
            "concurrent_requests",
            "any_operation",
            "emulator_events",
        ),
        ("CreateConnection", "CreateLag", "CreateInterconnect"),
    ),
    Entry(
        "virtual_interfaces_and_bgp",
        (
            "connections",
            "lags",
            "hosted_connections",
            "gateways",
            "virtual_interfaces",
            "invalid_parents",
            "bgp_peers",
            "concurrent_requests",
            "any_operation",
            "emulator_events",
        ),
        ("CreatePrivateVirtualInterface", "CreatePublicVirtualInterface", "CreateTransitVirtualInterface"),
    ),
    Entry(
        "gateways",
        (
            "connections",
            "gateways",
            "associations",
            "virtual_interfaces",
            "invalid_parents",
            "any_operation",
            "emulator_events",
        ),
        ("CreateDirectConnectGateway",),
    ),
    Entry(
        "tags",
        (
            *(
                "connections",
                "lags",
                "hosted_connections",
                "gateways",
                "virtual_interfaces",
                "invalid_parents",
                "tags",
                "concurrent_requests",
                "any_operation",
            ),
            "emulator_events",
        ),
        ("TagResource",),
    ),
    Entry(
        "macsec_and_resiliency",
        (
            "connections",
            "lags",
            "hosted_connections",
            "macsec",
            "resiliency_groups",
            "any_operation",
            "emulator_events",
        ),
        ("AssociateMacSecKey", "CreateResiliencyGroup"),
    ),
    Entry(
        "everything",
        tuple(FAMILIES),
        ("CreateConnection", "CreateLag", "CreateInterconnect", "CreateDirectConnectGateway"),
    ),
)
