"""One look at a resource: it found the item, or that the resource is not listed, or it failed and says why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dxcontract.spec.model import Describe, Json, Resource
from dxcontract.wire.errors import Indeterminate, UnusableAnswer
from dxcontract.wire.exchange import Exchange


@dataclass(frozen=True)
class Observation:
    """The answer to a request that reads one resource. `exchange, item = observation` takes it apart."""

    resource: Resource
    describe: Describe
    id: str
    exchange: Exchange

    def __iter__(self) -> Iterator[Any]:
        yield self.exchange
        yield self.item

    @property
    def item(self) -> Json | None:
        """The resource as it is described; None when a list that can be read does not hold it, or when the service
        refuses to describe what has this id.

        Raises:
            UnusableAnswer: the answer describes nothing: neither that the resource is there, nor that it is not.
        """
        if self.describe.filter and self.exchange.refused:
            return None
        items = self.exchange.body.get(self.describe.list)
        if not isinstance(items, list | None):
            raise UnusableAnswer(f"{self.exchange.operation} was answered without a list `{self.describe.list}`")
        found = (one for one in items or [] if isinstance(one, dict) and one.get(self.resource.id) == self.id)
        return next(found, None)

    @property
    def there(self) -> Json:
        """The resource as it is described.

        Raises:
            UnusableAnswer: the answer describes nothing.
            Indeterminate: the resource is not described.
        """
        item = self.item
        if item is None:
            raise Indeterminate(f"a {self.resource.kind} that this test needs is not described")
        return item

    @property
    def state(self) -> str | None:
        """The state that is shown; None when the resource is not described. Raises as `item` does."""
        item = self.item
        found = item.get(self.resource.state) if item is not None else None
        return str(found) if found is not None else None

    @property
    def is_gone(self) -> bool:
        """Whether the resource is not described any more, or in a state that its life ends with. Raises as `item`
        does."""
        return self.item is None or self.state in self.resource.gone


def unordered(value: Any) -> Any:
    """`value` with its lists in one order: the order of a list says nothing."""
    if isinstance(value, dict):
        return {name: unordered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted(map(unordered, value), key=repr)
    return value


def shows(**members: Any) -> Callable[[Json], bool]:
    """Whether an item has these values; lists are compared in any order."""
    wanted = unordered(members)

    def right(item: Json) -> bool:
        return all(unordered(item.get(name)) == value for name, value in wanted.items())

    return right
