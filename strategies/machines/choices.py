"""Choices of a machine: drawn, repeated from an earlier example, or set by a directed sequence.

A choice is stored in a form that is valid outside its example: a resource is identified by the step that created it. A
sequence of steps can therefore be repeated without some of them, and the other choices keep their meaning.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from dxcontract.spec.model import Operation
from strategies.machines.model import ArnOf, Thing

T = TypeVar("T")
Choice = tuple[str, Any]
_MACHINERY: Final = frozenset({__file__, str(Path(__file__).with_name("machine.py"))})


class LostError(Exception):
    """A step cannot be repeated, because its resource does not exist."""


@dataclass(frozen=True)
class Done:
    """A step that was performed: its action, its number in the example and its choices."""

    action: str
    number: int
    choices: tuple[Choice, ...]


@dataclass
class Choices:
    """The choices of one step: `kept` are the choices so far, and `given`, if any, the choices to repeat.

    A choice is identified by the line of code that makes it. If a step before it was left out and the stored step did
    not make the choice, the default is used.
    """

    data: DataObject | None = None
    given: list[Choice] | None = None
    words: list[str] | None = None
    kept: list[Choice] = field(default_factory=list)

    @property
    def directed(self) -> bool:
        """Whether a directed sequence determines the choices; no step then gets a flaw."""
        return self.words is not None

    def keep(self, value: T) -> T:
        """Stores a choice, so that it can be repeated."""
        self.kept.append((_place(), told(value)))
        return value

    def draw(self, strategy: SearchStrategy[T], usual: T | None = None) -> T:
        """Draws a value that has no name in the model.

        Raises:
            LostError: the drawn value is unknown, and there is no default.
        """
        if self.data is not None:
            return self.keep(self.data.draw(strategy))
        there, again = self._again() if self.given is not None else (False, None)
        if there:
            return self.keep(cast(T, again))
        if usual is None:
            raise LostError
        return self.keep(usual)

    def one_of(self, values: Sequence[T]) -> T:
        """Chooses one of several values and prefers the first.

        Raises:
            LostError: the stored choice is not among the values.
        """
        if self.given is not None:
            there, wanted = self._again()
            found = [one for one in values if told(one) == wanted] if there else [_usual(values)]
            if not found:
                raise LostError
            return self.keep(found[0])
        if self.words is not None:
            return self.keep(_directed(values, self.words))
        if len(values) == 1:
            return self.keep(values[0])
        assert self.data is not None
        return self.keep(self.data.draw(st.sampled_from(values)))

    def chance(self, rarely: int) -> bool:
        """True in about one of `rarely` cases; prefers False."""
        if self.given is not None:
            there, yes = self._again()
            return self.keep(bool(there and yes))
        if self.words is not None:
            said = self.words[:1]
            self.words = self.words[said in (["maybe"], ["no"]) :]
            return self.keep(said == ["maybe"])
        assert self.data is not None
        return self.keep(self.data.draw(st.integers(0, rarely - 1)) == rarely - 1)

    def _again(self) -> tuple[bool, Any]:
        """Whether the stored step made this choice, and its value."""
        assert self.given is not None
        place = _place()
        for number, (made_at, value) in enumerate(self.given):
            if made_at == place:
                del self.given[: number + 1]
                return True, value
        return False, None


def _place() -> str:
    """The line of code that makes a choice: the first line outside the machinery."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename in _MACHINERY and frame.f_back is not None:
        frame = frame.f_back
    code = frame.f_code
    return f"{Path(code.co_filename).stem}.{code.co_qualname}+{frame.f_lineno - code.co_firstlineno}"


def told(value: Any) -> Any:
    """A value in a form that can be stored and that is valid in another example."""
    if isinstance(value, Thing):
        return ["thing", *value.origin]
    if isinstance(value, ArnOf):
        return ["arn", *value.thing.origin]
    if isinstance(value, Operation):
        return value.name
    if isinstance(value, tuple):
        return [told(one) for one in value]
    return value


def _directed(values: Sequence[T], words: list[str]) -> T:
    """The choice of a directed sequence; by default the newest resource or the first of other values."""
    for word in words:
        found = [one for one in values if word in _called(one)]
        if found:
            words.remove(word)
            return found[-1]
    return _usual(values)


def _usual(values: Sequence[T]) -> T:
    return values[-1] if _is_about_things(values[0]) else values[0]


def _called(value: Any) -> set[str]:
    parts = value if isinstance(value, tuple) else (value,)
    things = [one for one in parts if isinstance(one, Thing)]
    return {
        str(told(value)),
        str(value),
        *(one.kind for one in things),
        *(f"{one.kind}.{one.number}" for one in things),
    }


def _is_about_things(value: Any) -> bool:
    return isinstance(value, Thing) or (isinstance(value, tuple) and any(isinstance(one, Thing) for one in value))
