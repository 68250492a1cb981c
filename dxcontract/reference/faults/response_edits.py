"""Changes correct answers: which member, in the answers of which operations, and common changes."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dxcontract.reference.core.context import Call
from dxcontract.spec import model
from dxcontract.spec.model import Json

Path = tuple[str, ...]
TOP = ""


@dataclass(frozen=True)
class Scene:
    """The call whose answer is being changed, its request, and what earlier calls left here."""

    call: Call
    request: Json
    memory: dict[str, Any] = field(default_factory=dict)


Change = Callable[[Json, Scene], None]


@dataclass(frozen=True)
class Distortion:
    """One change: to every `shape` (or, with TOP, to the whole) in the answers of these operations (all, if none)."""

    shape: str
    change: Change
    operations: frozenset[str] = frozenset()

    def apply(self, scene: Scene, answer: Json) -> None:
        """Change `answer` in place."""
        operation = scene.call.operation
        if self.operations and operation not in self.operations:
            return
        if self.shape == TOP:
            self.change(answer, scene)
            return
        for path in places(operation, self.shape):
            for item in _at(answer, path):
                self.change(item, scene)


Table = dict[str, Distortion]


def distort(shape: str, change: Change, *operations: str) -> Distortion:
    """Shorthand for a table's entry."""
    return Distortion(shape, change, frozenset(operations))


@functools.cache
def places(operation: str, shape: str) -> tuple[Path, ...]:
    """Where in the answers of an operation the model has this shape; `*` stands for all items of a list."""
    response = model.load().operation(operation).response
    return tuple(_walk(response, response, shape, (), 0))


def _walk(schema: Json, root: Json, shape: str, path: Path, depth: int) -> Iterator[Path]:
    if str(schema.get("$ref", "")).endswith(f"/{shape}"):
        yield path
        return
    schema = model.resolve(schema, root)
    if depth > 6:
        return
    for name, member in schema.get("properties", {}).items():
        yield from _walk(member, root, shape, (*path, name), depth + 1)
    if "items" in schema:
        yield from _walk(schema["items"], root, shape, (*path, "*"), depth + 1)


def _at(value: Any, path: Path) -> Iterator[Json]:
    if not path:
        if isinstance(value, dict):
            yield value
    elif path[0] == "*":
        for item in value if isinstance(value, list) else ():
            yield from _at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def lose(*members: str) -> Change:
    """Leave members out."""

    def change(item: Json, scene: Scene) -> None:
        for member in members:
            item.pop(member, None)

    return change


def put(member: str, value: Any) -> Change:
    """Give a member another value, if it is there."""

    def change(item: Json, scene: Scene) -> None:
        if member in item:
            item[member] = value

    return change


def reword(member: str) -> Change:
    """Write something behind a text."""

    def change(item: Json, scene: Scene) -> None:
        if member in item:
            item[member] = f"{item[member]}x"

    return change


def raise_by_one(member: str) -> Change:
    """Make a number one larger."""

    def change(item: Json, scene: Scene) -> None:
        if member in item:
            item[member] += 1

    return change


def new_uuid(member: str) -> Change:
    """Give a member a UUID that nothing has."""

    def change(item: Json, scene: Scene) -> None:
        item[member] = scene.call.store.new_uuid()

    return change


def shorten(member: str, *unless: str) -> Change:
    """Leave the last item of a list out, unless the request has one of these members."""

    def change(item: Json, scene: Scene) -> None:
        if item.get(member) and not any(name in scene.request for name in unless):
            item[member] = item[member][:-1]

    return change


def every_second_time(id_member: str, change: Change) -> Change:
    """Make a change every second time that one and the same thing is answered."""

    def alternate(item: Json, scene: Scene) -> None:
        key = f"seen {id_member} {item.get(id_member)}"
        scene.memory[key] = scene.memory.get(key, 0) + 1
        if scene.memory[key] % 2 == 0:
            change(item, scene)

    return alternate
