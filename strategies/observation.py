"""One read of a resource: the item, its absence from the list, or a failure with its reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dxcontract.spec.model import Describe, Json, Resource
from dxcontract.wire.errors import Indeterminate, UnusableAnswer
from dxcontract.wire.exchange import Exchange


@dataclass(frozen=True)
class Observation:
    """The response to a request that reads one resource. `exchange, item = observation` unpacks it."""

    resource: Resource
    describe: Describe
    id: str
    exchange: Exchange

    def __iter__(self) -> Iterator[Any]:
        yield self.exchange
        yield self.item

    @property
    def item(self) -> Json | None:
        """The described resource; None if a readable list does not contain it or the service refuses to describe its
        id.

        Raises:
            UnusableAnswer: the response shows neither that the resource exists nor that it does not.
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
        """The described resource.

        Raises:
            UnusableAnswer: the response describes nothing.
            Indeterminate: the resource is not described.
        """
        item = self.item
        if item is None:
            raise Indeterminate(f"a {self.resource.kind} that this test needs is not described")
        return item

    @property
    def state(self) -> str | None:
        """The described state; None if the resource is not described. Raises the exceptions of `item`."""
        item = self.item
        found = item.get(self.resource.state) if item is not None else None
        return str(found) if found is not None else None

    @property
    def is_gone(self) -> bool:
        """Whether the resource is no longer described, or is in a final state. Raises the exceptions of `item`."""
        return self.item is None or self.state in self.resource.gone


def unordered(value: Any) -> Any:
    """`value` with its lists sorted, since their order has no meaning."""
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
