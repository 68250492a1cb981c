"""What is not compared when answers are: `specs/comparing.json`."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dxcontract.spec import model as specs


@dataclass(frozen=True)
class Comparing:
    """Members that vary on one target (`varying`), those that targets choose (`chosen`;
    `echoed` where none was asked for), and classes of states."""

    varying: frozenset[str]
    chosen: frozenset[str]
    echoed: frozenset[str]
    ending: frozenset[str]
    waiting: frozenset[str]
    moving: frozenset[str]


@functools.cache
def comparing() -> Comparing:
    """The file as data.

    Raises:
        SpecError: it is not there.
    """
    found: Any = specs.read(specs.root() / "comparing.json")
    states = {name: frozenset(one) for name, one in found["states"].items()}
    members = {name: _members(found[name]) for name in ("varying", "chosen", "echoed")}
    return Comparing(**members, **states)


def _members(entries: Iterable[Any]) -> frozenset[str]:
    return frozenset(name for one in entries for name in one["members"])
