"""Compares two responses to one request, with ids replaced by handles and without volatile members.

The ids of both targets get the same handle if both are new at the same place. specs/comparing.json lists the ignored
members and the states that count as equal.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dxcontract.reproduce.judge import chosen
from dxcontract.spec.volatile_members import comparing
from dxcontract.wire.exchange import Exchange

ABSENT: Final = "(absent)"
CHOSEN: Final = "(chosen)"
_NOTHING: Final[tuple[Any, ...]] = (ABSENT, [])
"""AWS itself returns either an empty list or no list (github-issue: aws/aws-sdk-go#2717)."""

_STATES: Final = ("state", "status")
_HANDLES: Final = re.compile(r"<\d+>")


@dataclass(frozen=True)
class Difference:
    """One member in which two responses differ: its place and both values. The empty place is the status."""

    where: str
    first: str
    second: str


@dataclass
class Handles:
    """The handles for the ids of two targets; known ids are found by value on each side."""

    first: dict[str, str] = field(default_factory=dict)
    second: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    _count: int = 0

    def pair(self, one: str, other: str) -> str:
        """Assigns the same handle to a value of the first target and a value of the second."""
        self._count += 1
        handle = f"<{self._count}>"
        self.first[one] = self.second[other] = handle
        return handle

    def asked(self, params: Any) -> None:
        """Records the strings of a request."""
        if isinstance(params, dict):
            for inner in params.values():
                self.asked(inner)
        elif isinstance(params, list):
            for inner in params:
                self.asked(inner)
        elif isinstance(params, str):
            self.sent.add(params)

    def learn(self, one: Any, other: Any) -> set[str]:
        """Pairs the values that both targets chose at the same place, if both are new.

        Returns the values of the first target without a counterpart.
        """
        here, there = dict(chosen(one)), dict(chosen(other))
        for pointer in here.keys() & there.keys():
            if not self._knows(here[pointer], self.first) and not self._knows(there[pointer], self.second):
                self.pair(here[pointer], there[pointer])
        return {value for value in here.values() if not self._knows(value, self.first)}

    def _knows(self, value: str, known: Mapping[str, str]) -> bool:
        """Whether a value is not chosen by a target or is known, by itself or as an ARN with a known id."""
        ids = (one for one in known if not one.isdecimal())
        return value in self.sent or value in known or (value.startswith("arn:") and any(one in value for one in ids))

    def translated(self, text: str) -> str:
        """A string with the ids of the first target replaced by those of the second."""
        back = {handle: value for value, handle in self.second.items()}
        for value, handle in sorted(self.first.items(), key=lambda one: -len(one[0])):
            if value in text and handle in back:
                text = text.replace(value, back[handle])
        return text


def differences(one: Exchange, other: Exchange, handles: Handles) -> list[Difference]:
    """The places where two responses differ, each once; none if one of them is missing."""
    if one.response is None or other.response is None:
        return []
    said, also = _said(one), _said(other)
    if said != also:
        return [Difference("", said, also)]
    if not one.succeeded:
        return []
    here, there = _told(one.json, handles.first, handles.sent), _told(other.json, handles.second, handles.sent)
    found: dict[str, Difference] = {}
    for difference in _compared(_own(here), _own(there), ""):
        found.setdefault(difference.where, difference)
    return list(found.values())


def _said(exchange: Exchange) -> str:
    if exchange.error_type:
        return f"{exchange.status} {exchange.error_type}"
    return f"{exchange.status}" if exchange.json is not None else f"{exchange.status} with a body that is no JSON"


def _told(value: Any, known: Mapping[str, str], sent: Collection[str]) -> Any:
    """`value` with handles and classes of states, without ignored members and items that are ending."""
    facts = comparing()
    if isinstance(value, dict):
        return {
            name: _class_of(inner)
            if _is_state(name, inner)
            else CHOSEN
            if name in facts.echoed and inner not in sent and inner not in known
            else _told(inner, known, sent)
            for name, inner in value.items()
            if name not in facts.varying and name not in facts.chosen
        }
    if isinstance(value, list):
        return [_told(one, known, sent) for one in value if not _ends(one)]
    if isinstance(value, str):
        for text, handle in sorted(known.items(), key=lambda one: -len(one[0])):
            value = value.replace(text, handle)
    return value


def _is_state(name: str, value: Any) -> bool:
    return isinstance(value, str) and name.lower().endswith(_STATES)


def _class_of(state: str) -> str:
    facts = comparing()
    return "ending" if state in facts.ending else "waiting" if state in facts.waiting else "there"


def _ends(value: Any) -> bool:
    return isinstance(value, dict) and any(
        _is_state(name, inner) and name.endswith(("State", "state")) and inner in comparing().ending
        for name, inner in value.items()
    )


def _own(body: Any) -> Any:
    """Removes list items with ids of which neither target's are known, since others may have created them."""
    if not isinstance(body, dict):
        return body
    return {
        name: [one for one in inner if not any(True for _ in chosen(one)) or _HANDLES.search(json.dumps(one))]
        if isinstance(inner, list)
        else inner
        for name, inner in body.items()
    }


def _compared(one: Any, other: Any, where: str) -> Iterator[Difference]:
    if one == other or (one in _NOTHING and other in _NOTHING):
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _compared(one.get(name, ABSENT), other.get(name, ABSENT), f"{where}/{name}")
    elif isinstance(one, list) and isinstance(other, list):
        yield from _lists(one, other, f"{where}/*")
    else:
        yield Difference(where, _shown(one), _shown(other))


def _lists(one: list[Any], other: list[Any], where: str) -> Iterator[Difference]:
    """Sorts lists; an item is identified by the first handle in it, or else by its whole content."""
    here, there = _by_key(one), _by_key(other)
    for key in sorted(here.keys() | there.keys()):
        if key in here and key in there:
            yield from _compared(here[key], there[key], where)
        else:
            yield Difference(where, _shown(here.get(key, ABSENT)), _shown(there.get(key, ABSENT)))


def _by_key(items: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, item in enumerate(sorted(items, key=repr)):
        own = [inner for _, inner in chosen(item) if _HANDLES.search(inner)] if isinstance(item, dict) else []
        named = isinstance(item, dict) and next((item[name] for name in ("key", "cidr", "ckn") if name in item), None)
        key = own[0] if own else f"named {named}" if named else f"item {number}"
        found[key if key not in found else f"{key} again {number}"] = item
    return found


def _shown(value: Any) -> str:
    text = value if value == ABSENT else json.dumps(value, ensure_ascii=True, sort_keys=True)
    return text if len(text) <= 200 else text[:197] + "..."
