"""What an innocent variant is: the reference emulator, with one thing otherwise than it does it.

AWS was seen to do that thing so, or its documentation allows it. To add a variant, derive a class from `Variant`, say
in its docstring what is different, and decorate it with `@innocent(source, tests…)`.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.messages import Answer
from dxcontract.reference.http.server import Scope, Send
from dxcontract.spec.model import Json
from tests.unit import proxy


class Variant(proxy.Proxy):
    """The emulator with hooks for what an innocent does otherwise; each counts in `changed` what it altered."""

    def ask(self, call: Call, request: Json) -> Json:
        """The request that is performed instead of `request`.

        Raises:
            ServiceError: it is refused.
        """
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        """Change an answer in place."""

    def refuse(self, call: Call, request: Json, error: ServiceError) -> ServiceError:
        """The refusal that is answered instead of `error`."""
        return error

    def headers(self, answer: Answer, named: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers that are sent instead of `named`."""
        return named

    def body(self, answer: Answer) -> bytes:
        """The bytes that are sent instead of the answer's body."""
        return answer.body

    def perform(self, call: Call, request: Json) -> Json:
        asked = self.ask(call, copy.deepcopy(request))
        self.changed += asked != request
        try:
            answer = super().perform(call, asked)
        except ServiceError as error:
            other = self.refuse(call, request, error)
            self.changed += other != error
            raise other from None
        edited = copy.deepcopy(answer)
        self.edit(call, request, edited)
        self.changed += json.dumps(edited) != json.dumps(answer)  # the order of members and items counts
        return edited

    def beside(self, call: Call, operation: str, request: Json) -> Json:
        """What the emulator itself answers to another operation of the same caller.

        Raises:
            ServiceError: it refuses.
        """
        other = Call(operation, call.account, call.region, call.world)
        return proxy.Proxy.perform(self, other, request)

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        written = self.body(answer) if answer.content_type.startswith("application/x-amz-json") else answer.body
        plain = proxy.headers(Answer(answer.status, written, answer.content_type, answer.request_id, answer.protocol))
        named = self.headers(answer, list(plain))
        self.changed += written != answer.body or named != plain
        await proxy.respond(send, answer.status, named, written)


@dataclass(frozen=True)
class Innocent:
    """A variant: its name, what is different, who says that it may be, which contract tests it can touch.

    `should` are the rules of level should that it may violate, each with the reason.
    """

    name: str
    says: str
    source: str
    tests: tuple[str, ...]
    make: Callable[[], Variant]
    should: Mapping[str, str] = field(default_factory=dict)
    settle: float = 10.0
    only: str = ""

    def __str__(self) -> str:
        return self.name


INNOCENTS: Final[dict[str, Innocent]] = {}
"""All variants by name; the modules of this package add theirs when they are imported (`every`)."""

V = TypeVar("V", bound=type[Variant])


def innocent(
    source: str, *tests: str, only: str = "", settle: float = 10.0, should: Mapping[str, str] | None = None
) -> Callable[[V], V]:
    """Add a class to the variants. `tests` are files under tests/contract (or tests in them); `only` is as pytest's -k;
    `settle` is the run's --settle-seconds."""

    def add(variant: V) -> V:
        name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in variant.__name__)[1:]
        says = " ".join((variant.__doc__ or "").split())
        assert says, f"{variant.__name__} does not say what it does"
        INNOCENTS[name] = Innocent(name, says, source, tests, variant, should or {}, settle, only)
        return variant

    return add


def objects(tree: Any) -> Iterator[Json]:
    """Every JSON object in a document, the outer ones first."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from objects(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from objects(value)


def having(tree: Any, member: str) -> list[Json]:
    """Every JSON object in a document that has a member."""
    return [one for one in objects(tree) if member in one]
