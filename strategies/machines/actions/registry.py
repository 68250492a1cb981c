"""The registry of actions; each action belongs to a family, which is named after its module.

An action draws from the model, sends its request, states the expected result and updates the model. It is available
only if the target has all operations that it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from strategies.machines.context import MachineContext
from strategies.machines.model import Model

Run = Callable[[MachineContext], None]
Ready = Callable[[Model], object]


@dataclass(frozen=True)
class Action:
    """One kind of step, with the operations that the target needs and the condition on the model."""

    name: str
    family: str
    operations: tuple[str, ...]
    accounts: tuple[str, ...]
    ready: Ready
    run: Run


ACTIONS: Final[list[Action]] = []


def always(_: Model) -> bool:
    """The condition of an action that is possible in any state."""
    return True


def action(*operations: str, ready: Ready = always, accounts: tuple[str, ...] = ()) -> Callable[[Run], Run]:
    """Registers a function as an action of the family of its module."""

    def register(run: Run) -> Run:
        family = run.__module__.rpartition(".")[2]
        ACTIONS.append(Action(run.__name__, family, operations, accounts, ready, run))
        return run

    return register
