"""How a machine chooses: by drawing, by saying again what was drawn before, or as a directed sequence says.

Each choice is kept in words that outlive its example: a thing is told by the step that made it. So the steps of an
example can be done again without some of them, and mean the same things.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from strategies.machines.model import ArnOf, Thing

T = TypeVar("T")


class LostError(Exception):
    """A step cannot be done again: what it was about is not there."""


@dataclass(frozen=True)
class Done:
    """One step that was done: which action, as which step of its example, and what was chosen in it."""

    action: str
    number: int
    choices: tuple[Any, ...]


@dataclass
class Choices:
    """The choices of one step: `kept` are those made so far; `given`, if any, those to make."""

    data: DataObject | None = None
    given: list[Any] | None = None
    words: list[str] | None = None
    kept: list[Any] = field(default_factory=list)

    @property
    def directed(self) -> bool:
        """Whether a directed sequence says what to choose: nothing is spoiled then."""
        return self.words is not None

    def keep(self, value: T) -> T:
        """Keep a choice that was made elsewhere, so that it is made again."""
        self.kept.append(value)
        return value

    def draw(self, strategy: SearchStrategy[T]) -> T:
        """A value that has no name in the model.

        Raises:
            LostError: the step said again has no such choice.
        """
        value: T
        if self.given is not None:
            value = self._next()
        else:
            assert self.data is not None, "a directed sequence needs no drawing"
            value = self.data.draw(strategy)
        self.kept.append(value)
        return value

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, the first for choice.

        Raises:
            LostError: the step said again chose one that is not among them.
        """
        if self.given is not None:
            wanted = self._next()
            found = [one for one in values if told(one) == wanted]
            if not found:
                raise LostError
            value = found[0]
        elif self.words is not None:
            value = _directed(values, self.words)
        elif len(values) == 1:
            value = values[0]
        else:
            assert self.data is not None
            value = self.data.draw(st.sampled_from(values))
        self.kept.append(told(value))
        return value

    def chance(self, rarely: int) -> bool:
        """True once in `rarely` times or so; False for choice."""
        if self.words is not None:
            yes = bool(self.words) and self.words[0] == "maybe"
            if yes:
                del self.words[0]
            self.kept.append(rarely - 1 if yes else 0)
            return yes
        return self.draw(st.integers(0, rarely - 1)) == rarely - 1

    def _next(self) -> Any:
        assert self.given is not None
        if not self.given:
            raise LostError
        return self.given.pop(0)


def told(value: Any) -> Any:
    """A value in words that outlive its example."""
    if isinstance(value, Thing):
        return ("thing", *value.origin)
    if isinstance(value, ArnOf):
        return ("arn", *value.thing.origin)
    if isinstance(value, tuple):
        return tuple(told(one) for one in value)
    return value


def _directed(values: Sequence[T], words: list[str]) -> T:
    """What a directed sequence says; else the newest thing, or the first of other values."""
    for word in words:
        found = [one for one in values if word in _called(one)]
        if found:
            words.remove(word)
            return found[-1]
    return values[-1] if _is_about_things(values[0]) else values[0]


def _called(value: Any) -> set[str]:
    parts = value if isinstance(value, tuple) else (value,)
    return {str(value), *(one.kind for one in parts if isinstance(one, Thing))}


def _is_about_things(value: Any) -> bool:
    return isinstance(value, Thing) or (isinstance(value, tuple) and any(isinstance(one, Thing) for one in value))
