"""Decides what may be sent to a real account, by its cost, before a request is signed.

Read operations are always allowed. Other operations need an option, and apply only to resources that this run
created. A request that names any other resource is refused. The maximum cost of a request is counted against the
budget before it is sent.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Operation, read
from dxcontract.spec.model import root as specs_root
from dxcontract.wire import cbor

Level = Literal["reads", "free-writes", "billable", "physical-orders"]
LEVELS: Final[tuple[Level, ...]] = ("reads", "free-writes", "billable", "physical-orders")
PRICED: Final = frozenset({"billable", "physical-orders"})
MOST_CALLS: Final = 5000
"""So often at most any one operation is sent to a real account in a run."""

NEVER: Final[Mapping[str, str]] = {
    "ConfirmCustomerAgreement": "it accepts an agreement in the account's name",
    "UpdateConnectionsBillingMode": "it changes how an account pays",
}
_NOT_THINGS: Final = frozenset({"account", "location"})


def level_of(operation: Operation) -> Level | None:
    """The lowest level that allows an operation; None if no level does."""
    if operation.traits.effect == "read":
        return "reads"
    if operation.name in NEVER:
        return None
    by_cost: dict[str, Level] = {"free": "free-writes", "billable": "billable", "physical-order": "physical-orders"}
    return by_cost[operation.traits.cost]


@dataclass(frozen=True)
class Prices:
    """`specs/prices.json`: USD per port-hour, and the number of hours that an order counts."""

    document: Json

    @property
    def hours(self) -> float:
        return float(self.document["hours"])

    def worst(self, operation: Operation, document: Any) -> float:
        """The maximum cost of a call in USD, if the resource exists for `hours`; 0 if it is free."""
        table = self.document["operations"].get(operation.name)
        if table is None:
            return 0.0
        asked = document if isinstance(document, dict) else {}
        rates = self.document["portHours"][table["port"]]
        rate = float(rates.get(str(asked.get(table["bandwidth"])), self.document["dearest"]))
        count = asked.get(table["count"]) if table.get("count") else 1
        return rate * self.hours * (count if isinstance(count, int) and count > 0 else 1)

    def cheapest(self, operation: Operation) -> float:
        """The minimum cost that is counted for a call of an operation; 0 if it is free."""
        table = self.document["operations"].get(operation.name)
        return min(map(float, self.document["portHours"][table["port"]].values())) * self.hours if table else 0.0

    def dearest(self, operation: Operation) -> float:
        """The maximum cost of any call of an operation."""
        return self.worst(operation, {}) if operation.name in self.document["operations"] else 0.0


def prices(folder: Path | None = None) -> Prices:
    """The price list.

    Raises:
        SpecError: there is none.
    """
    return Prices(read((folder or specs_root()) / "prices.json"))


@dataclass
class Guard:
    """Guards a real account. `made` are the ids of resources of this run; `known` are ids that cannot exist.

    `why` says why the target is treated as a real account where it may be an emulator; empty where it is AWS.
    """

    name: str
    level: Level = "reads"
    budget: float = 0.0
    most_calls: int = MOST_CALLS
    made: set[str] = field(default_factory=set)
    known: frozenset[str] = frozenset()
    prices: Prices = field(default_factory=prices)
    spent: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    why: str = ""

    def held_back(self) -> str | None:
        """The reason why writes are held back, and how to allow them; None if the user has allowed some."""
        if self.level != "reads":
            return None
        if not self.why:
            return f"writes are held back: {self.name} is a real account; --allow=free-writes allows what costs nothing"
        return (
            f"writes are held back: {self.name} is treated as a real account ({self.why}); --emulator says that it is "
            "an emulator, --allow=free-writes allows what costs nothing"
        )

    def refusal(self, operation: Operation, document: Any = None) -> str | None:
        """The reason why an operation (or this request) must not be sent; None if it may."""
        needed = level_of(operation)
        if needed is None:
            return f"{operation.name} is never sent to {self.name}, a real account: {NEVER[operation.name]}"
        if LEVELS.index(needed) > LEVELS.index(self.level):
            return self._level_refusal(operation, needed)
        if self.calls[operation.name] >= self.most_calls:
            return f"{operation.name} was sent {self.most_calls} times; a real account gets no more of it in a run"
        if document is None or needed == "reads":
            return None
        if strangers := sorted(self._named(operation, document) - self.made - self.known):
            named = strangers[0][:80]
            return f"{operation.name} is not sent to {self.name}: it names {named}, which this run did not make"
        price = self.prices.worst(operation, document)
        if self.spent + price > self.budget:
            return (
                f"{operation.name} is not sent to {self.name}: at worst {self.spent + price:.2f} USD would be spent, "
                f"and the budget is {self.budget:.2f} (--budget)"
            )
        return None

    def _level_refusal(self, operation: Operation, needed: Level) -> str:
        allowed = "gets reads only" if self.level == "reads" else f"is allowed {self.level} only"
        more = "" if needed not in PRICED else " --account=ID --budget=USD"
        return (
            f"{operation.name} is not sent to {self.name}: it does not only read ({operation.traits.effect}, "
            f"{operation.traits.cost}), and a real account {allowed}; --allow={needed}{more} allows it"
            f"{', --emulator if it is none' if self.why else ''}"
        )

    def _named(self, operation: Operation, document: Any) -> set[str]:
        """The ids, and the ids in ARNs, of what a request concerns."""
        found = set()
        for pointer, kind in operation.traits.takes.items():
            for one in at(document, pointer) if kind not in _NOT_THINGS else ():
                if isinstance(one, str):
                    found.add(one.rpartition("/")[2] if kind == "arn" else one)
        return found

    def passed(self, operation: Operation, document: Any) -> None:
        """Count a request that is sent, and its possible cost."""
        self.calls[operation.name] += 1
        self.spent += self.prices.worst(operation, document)


def parsed(body: bytes) -> Any:
    """The content of a request; an empty object if it is not readable and therefore names nothing."""
    found = cbor.document(body)
    return {} if found is None else found
