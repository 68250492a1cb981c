"""Expectations as data: they decide whether a violation still happens, in `judge` and in scripts.

`asks` states what the last answer must be, for example accepted or refused. Without it, the judged answers are
compared with the recorded ones in the parts that `look` names: the answer (at `where`), the types of values there,
the headers, the status.
"""

from collections.abc import Mapping
from typing import Any, Final

ACCEPTED: Final[Mapping[str, Any]] = {"asks": "accepted"}
STATUS: Final[Mapping[str, Any]] = {"look": "status"}

_BY_KIND: Final = frozenset({"wire.no-null", "wire.unmodelled-member", "wire.timestamps", "wire.schema"})
_BY_HEADERS: Final = frozenset({"wire.content-type", "wire.request-id", "wire.request-id-form", "wire.smithy-protocol"})
_BY_STATUS: Final = frozenset({"wire.status", "wire.no-server-error", "wire.error-type", "wire.error-status"})


def refused(*errors: str, closing: bool = False, empty: str = "") -> Mapping[str, Any]:
    """The last request must be refused, with one of these error types if any are given.

    With `closing`, a connection that is closed without an answer will do; so will nothing at the pointer `empty`.
    """
    more = {**({"closing": True} if closing else {}), **({"empty": empty} if empty else {})}
    return {"asks": "refused", "errors": list(errors), **more}


def matches(where: str, pattern: str) -> Mapping[str, Any]:
    """The value at `where` must match this pattern."""
    return {"asks": "matches", "where": where, "value": pattern}


def equal(where: str, value: Any, how: str = "equal") -> Mapping[str, Any]:
    """The member at `where` of the described resource must have this value; `how` as in the machines'
    expectations.
    """
    return {"asks": "equal", "where": where, "value": value, "how": how}


def alike() -> Mapping[str, Any]:
    """All judged requests must get the same answer."""
    return {"asks": "alike"}


def as_recorded(where: str) -> Mapping[str, Any]:
    """The violation still happens while the answers equal the recorded ones."""
    return {"look": "answer", "where": where}


def of_every_answer(rule: str, where: str) -> Mapping[str, Any]:
    """For rules about every answer (`response_checks`, `state_observer`): the suite judges the new answers itself."""
    if rule in _BY_HEADERS:
        look = "headers"
    elif rule in _BY_STATUS:
        look = "status"
    else:
        look = "kinds" if rule in _BY_KIND else "answer"
    return {"by": "suite", "look": look, "where": where}
