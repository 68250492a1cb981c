"""Did the target survive? And if not: which request ended it, and the smallest form of that request.

A target is dead when it refuses a connection, having listened before, or answers no plain request for a while. What
killed it can only be made smaller where somebody starts the target again: each try kills it once more.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dxcontract.exchange import Exchange
from dxcontract.verdict import TargetDied

if TYPE_CHECKING:
    from dxcontract.api import Api

PLAIN: Final = "DescribeLocations"
PATIENCE: Final = 12.0
REVIVAL: Final = 10.0
PROBE_SECONDS: Final = 3.0
TRIES: Final = 60
MINIMISE_SECONDS: Final = 120.0
_WAIT: Final = 0.1


def survived(api: "Api", suspect: Exchange) -> None:
    """Make sure that the target answers a plain request after `suspect`.

    Raises:
        TargetDied: it does not; says what killed it and, if somebody starts it again, the smallest form of that.
    """
    if (how := _dead(api)) is not None:
        raise TargetDied(_told(api, suspect, how), suspect)


def _dead(api: "Api", patience: float = PATIENCE) -> str | None:
    """How the target is dead; None when it is alive. It may only be busy: it is asked again for a while."""
    deadline = time.monotonic() + patience
    while True:
        probe = api.ask(PLAIN, {}, PROBE_SECONDS)
        if probe.response is not None:
            return None
        if probe.failure == "refused":
            return "refuses connections"
        if time.monotonic() > deadline:
            return f"answers no request any more ({probe.failure})"
        time.sleep(_WAIT)


def _told(api: "Api", suspect: Exchange, how: str) -> str:
    case = f"{suspect.operation} {suspect.sent() or 'with an empty body'}"
    head = f"target {api.target.endpoint} died: it {how} after {case}"
    if not _revived(api):
        return f"{head}; it did not come back within {REVIVAL:.0f} s, so this is the case as it was sent"
    smallest = _smallest(api, suspect)
    if smallest is None:
        return f"{head}; it came back, and the same request alone did not kill it again"
    shown = replace(suspect, request=replace(suspect.request, body=smallest)).sent()
    return f"{head}; smallest form that kills it: {suspect.operation} {shown or 'with an empty body'}"


def _revived(api: "Api") -> bool:
    deadline = time.monotonic() + REVIVAL
    while api.ask(PLAIN, {}, PROBE_SECONDS).response is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_WAIT)
    return True


def _smallest(api: "Api", suspect: Exchange) -> bytes | None:
    """The smallest body found that kills the target too; None when the body as it was does not."""

    def kills(body: bytes) -> bool:
        api.ask(suspect.operation, body, PROBE_SECONDS)
        if _dead(api, PROBE_SECONDS) is None:
            return False
        if not _revived(api):
            raise TimeoutError
        return True

    if suspect.operation not in api.spec.operations:
        return None
    try:
        return reduced(suspect.request.body, kills) if kills(suspect.request.body) else None
    except TimeoutError:
        return suspect.request.body


def reduced(body: bytes, kills: Callable[[bytes], bool]) -> bytes:
    """`body` made smaller for as long as `kills` says that it still does; bounded in tries and time."""
    deadline = time.monotonic() + MINIMISE_SECONDS
    tries = 0
    tried = {body}
    while True:
        for candidate in _smaller(body):
            if candidate in tried:
                continue
            if tries >= TRIES or time.monotonic() > deadline:
                return body
            tried.add(candidate)
            tries += 1
            if kills(candidate):
                body = candidate
                break
        else:
            return body


def _smaller(body: bytes) -> Iterator[bytes]:
    """Smaller bodies, the most daring first: by structure where it is JSON, else by halves."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        yield from _shorter(body)
        return
    for candidate in _simpler(document):
        yield _encoded(candidate)


def _encoded(document: Any) -> bytes:
    try:
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair can only be written as an escape
        return json.dumps(document, separators=(",", ":")).encode()


def _shorter(text: Any) -> Iterator[Any]:
    """Parts of a text, or of bytes: without ever smaller pieces of it."""
    size = len(text)
    while size >= 1:
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2


def _simpler(value: Any) -> Iterator[Any]:
    """Simpler values of the same type."""
    if isinstance(value, dict):
        for name in value:
            yield {key: inner for key, inner in value.items() if key != name}
        for name, inner in value.items():
            for simpler in _simpler(inner):
                yield {**value, name: simpler}
    elif isinstance(value, list):
        for place in range(len(value)):
            yield value[:place] + value[place + 1 :]
        for place, inner in enumerate(value):
            for simpler in _simpler(inner):
                yield [*value[:place], simpler, *value[place + 1 :]]
    elif isinstance(value, str):
        yield from _shorter(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from (one for one in (0, 1, int(value) // 2 if abs(value) < 1e300 else 0) if abs(one) < abs(value))
