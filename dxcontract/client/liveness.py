"""Checks whether the target still answers, and finds the smallest request that ends it.

A target is dead if it refuses a connection after it had listened, or answers no plain request for a while. The
request can be reduced only if somebody restarts the target, because each attempt ends it again.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from dxcontract.client.errors import TargetDied
from dxcontract.spec.model import Spec
from dxcontract.targets.target import Target
from dxcontract.wire.exchange import Exchange, shown

SERVES_ON: Final = "wire.serves-on"
PLAIN: Final = "DescribeLocations"
PATIENCE: Final = 12.0
REVIVAL: Final = 10.0
PROBE_SECONDS: Final = 3.0
TRIES: Final = 60
MINIMISE_SECONDS: Final = 120.0
SHOWN: Final = 400
_WAIT: Final = 0.1


class Prober(Protocol):
    """The client, as far as a probe needs it."""

    @property
    def target(self) -> Target: ...

    @property
    def spec(self) -> Spec: ...

    def ask(self, operation: str, body: Any, answer_seconds: float) -> Exchange:
        """Send a raw call without judging it."""


@dataclass(frozen=True)
class Suspect:
    """A request after which the target was dead. `certain`: this request got no answer."""

    operation: str
    sent: str
    body: bytes
    test: str
    certain: bool
    report: Mapping[str, Any]

    @classmethod
    def of(cls, exchange: Exchange, test: str) -> "Suspect":
        return cls(
            exchange.operation,
            exchange.sent(),
            exchange.request.body,
            test,
            exchange.response is None,
            exchange.to_report(),
        )

    def told(self) -> str:
        return f"{self.operation} {self.sent or 'with an empty body'}"


def survived(api: Prober, exchange: Exchange) -> None:
    """Check that the target answers a plain request after `exchange`.

    Raises:
        TargetDied: it does not.
    """
    if (how := _dead(api)) is not None:
        raise TargetDied(f"target {api.target.endpoint} died: it {how}", exchange)


def autopsy(api: Prober, suspects: Sequence[Suspect], revives: bool) -> tuple[Suspect, str]:
    """Determine which of `suspects` ended the target; returns it and a sentence with its smallest form.

    To be called when nothing else sends. A target that nobody starts again (`revives`: whether to wait for it) cannot
    be asked: then the most suspicious one is taken.
    """
    ordered = sorted(suspects, key=lambda one: not one.certain)
    first = ordered[0]
    if not revives or not _revived(api):
        waited = f" and did not come back within {REVIVAL:.0f} s" if revives else ""
        others = sum(one.certain == first.certain for one in ordered) - 1
        more = f"; it may also have been one of {others} other requests of that moment" if others else ""
        return first, f"after {first.told()}{waited}, so this is the case as it was sent{more}"
    for suspect in ordered:
        smallest = _smallest(api, suspect)
        if smallest is not None:
            return suspect, f"after {suspect.told()}; smallest form that kills it: {suspect.operation} {smallest}"
    return first, f"after {first.told()}; it came back, and the same request alone did not kill it again"


def _dead(api: Prober, patience: float = PATIENCE) -> str | None:
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


def _revived(api: Prober) -> bool:
    deadline = time.monotonic() + REVIVAL
    while api.ask(PLAIN, {}, PROBE_SECONDS).response is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_WAIT)
    return True


def _smallest(api: Prober, suspect: Suspect) -> str | None:
    """The smallest body found that kills the target too, in words; None when the body as it was does not."""

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
        found = reduced(suspect.body, kills) if kills(suspect.body) else None
    except TimeoutError:
        return f"{suspect.sent} (it did not come back any more)"
    return None if found is None else shown(found)[:SHOWN] or "with an empty body"


def reduced(body: bytes, kills: Callable[[bytes], bool]) -> bytes:
    """Reduce `body` while `kills` still returns true; limited in attempts and time."""
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
