"""What tells whether a violation is still there, as data: for `alone.judge`, and for scripts that carry it.

`asks`: that the last answer accepts or refuses, say. Without it, the answers that were found wanting are compared with
the recorded ones in what `look` names: the answer (at `where`, if that leads anywhere), the kinds of values there, the
headers, the status.
"""

from collections.abc import Mapping
from typing import Any, Final

ACCEPTED: Final[Mapping[str, Any]] = {"asks": "accepted"}
STATUS: Final[Mapping[str, Any]] = {"look": "status"}

_BY_KIND: Final = frozenset({"wire.no-null", "wire.unmodelled-member", "wire.timestamps", "wire.schema"})
_BY_HEADERS: Final = frozenset({"wire.content-type", "wire.request-id", "wire.request-id-form", "wire.smithy-protocol"})
_BY_STATUS: Final = frozenset({"wire.status", "wire.no-server-error", "wire.error-type", "wire.error-status"})


def refused(*errors: str, closing: bool = False, empty: str = "") -> Mapping[str, Any]:
    """The last request has to be refused, with one of these error types if any are given.

    With `closing`, a connection that is closed without an answer will do; so will nothing at the pointer `empty`.
    """
    more = {**({"closing": True} if closing else {}), **({"empty": empty} if empty else {})}
    return {"asks": "refused", "errors": list(errors), **more}


def matches(where: str, pattern: str) -> Mapping[str, Any]:
    """What is at `where` has to have this form."""
    return {"asks": "matches", "where": where, "value": pattern}


def equal(where: str, value: Any, how: str = "equal") -> Mapping[str, Any]:
    """The member at `where` of what is described has to have this value; `how` as for the machines' expectations."""
    return {"asks": "equal", "where": where, "value": value, "how": how}


def alike() -> Mapping[str, Any]:
    """The requests that are judged have to be answered the same, whatever that is."""
    return {"asks": "alike"}


def as_recorded(where: str) -> Mapping[str, Any]:
    """The violation is there for as long as the answers are those that were recorded."""
    return {"look": "answer", "where": where}


def of_every_answer(rule: str, where: str) -> Mapping[str, Any]:
    """For the rules of `response_checks` and `state_observer`: the suite judges every answer by them itself."""
    if rule in _BY_HEADERS:
        look = "headers"
    elif rule in _BY_STATUS:
        look = "status"
    else:
        look = "kinds" if rule in _BY_KIND else "answer"
    return {"by": "suite", "look": look, "where": where}
