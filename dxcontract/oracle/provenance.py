"""Finds the earlier calls that a violation depends on."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from dxcontract.wire.exchange import Exchange

MOST: Final = 24
"""So many calls on the same things are told at most, the last ones; what made the things is always told."""

MOST_LISTED: Final = 3
MOST_LOOKED_FOR: Final = 50
"""Of the last so many creations those are told that a list shows, and of these the last few."""

_MAKERS: Final = ("Create", "Allocate", "Accept")


def with_origins(exchanges: Iterable[Exchange], history: Iterable[Exchange]) -> list[Exchange]:
    """The evidence, preceded in order by the calls that created the resources it names (and their parents), that
    changed these resources, and that created resources on them.

    `history` are the calls so far that succeeded and changed something.
    """
    judged = list(exchanges)
    evidence = {exchange.order: exchange for exchange in judged}
    last = max(evidence, default=0)
    earlier = [one for one in history if one.order < last and one.order not in evidence]
    _add_makers(evidence, judged, earlier)
    if len(evidence) == len(judged):  # nothing that they name was made here: they may list what was
        evidence |= {one.order: one for one in _listed(judged, earlier)}
    things = set(_needles(evidence.values()))
    named = {needle for needle in things if any(needle in one.asked for one in judged)}
    beside = [one for one in earlier if one.order not in evidence and _concerns(one, things, named)][-MOST:]
    evidence |= {one.order: one for one in beside}
    _add_makers(evidence, beside, earlier)
    return [evidence[order] for order in sorted(evidence)]


def _listed(judged: list[Exchange], earlier: list[Exchange]) -> list[Exchange]:
    """The last few creations of what the answers hold."""
    came = [one.response.body for one in judged if one.response is not None]
    makers = [one for one in earlier if one.operation.startswith(_MAKERS)][-MOST_LOOKED_FOR:]
    return [one for one in makers if any(given in body for given in one.given_ids for body in came)][-MOST_LISTED:]


def _add_makers(evidence: dict[int, Exchange], wanted: Iterable[Exchange], earlier: list[Exchange]) -> None:
    makers = [one for one in earlier if one.operation.startswith(_MAKERS)]
    waiting = list(wanted)
    while waiting:
        later = waiting.pop()
        for one in makers:
            if one.order < later.order and one.order not in evidence and _names(later, _needles([one])):
                evidence[one.order] = one
                waiting.append(one)


def _concerns(one: Exchange, things: set[bytes], named: set[bytes]) -> bool:
    """Whether a call did something to one of `things`, or made something on one of `named`."""
    return _names(one, named if one.operation.startswith(_MAKERS) else things)


def _names(one: Exchange, needles: Iterable[bytes]) -> bool:
    return any(needle in one.asked for needle in needles)


def _needles(exchanges: Iterable[Exchange]) -> Iterator[bytes]:
    """How the ids that creations gave stand in requests: by themselves, or at the end of an ARN."""
    for one in exchanges:
        if one.operation.startswith(_MAKERS):
            for given in one.given_ids:
                for spelt in (given, json.dumps(given[1:-1].decode("utf-8", "surrogatepass")).encode()):
                    yield spelt
                    yield b"/" + spelt[1:]
