"""Pagination: a page after a position in the order of creation, and the token for that position.

The token is opaque to the client. It names a position and not a count, so a creation or deletion between two pages
neither repeats nor skips other items.
"""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from dxcontract.reference.core.context import Call
from dxcontract.spec.model import Json

MAXIMUM: Final = 100


class Placed(Protocol):
    """Anything that has a place in the order of creation."""

    @property
    def serial(self) -> int: ...


R = TypeVar("R", bound=Placed)


def page(call: Call, request: Json, member: str, found: Sequence[R], view: Callable[[R], Any]) -> Json:
    """The answer with the page of `found` (in order of creation) that the request asks for.

    Without maxResults everything is on the first page: no default is documented, and most of these operations have no
    paginator in the SDKs, whose users would lose items.

    Raises:
        ServiceError: maxResults is no count, or nextToken did not come from this list.
    """
    after = _after(call, request)
    rules = call.rules
    if after and not rules.holds("pagination.filter-kept"):
        found = _unfiltered(call, found)
    if after:
        found = [one for one in found if one.serial > after or not rules.holds("pagination.ends")]
    size = _size(call, request)
    if request.get("maxResults", 1) <= 0 and not rules.holds("pagination.size-not-positive"):
        return {member: []}
    shown = found if size is None else found[:size]
    answer: Json = {member: [view(one) for one in shown]}
    if size is not None and (len(found) > size or not rules.holds("pagination.ends")):
        last = shown[-1].serial if shown else after
        if (not rules.holds("pagination.no-repeats") or rules.broken("fault.page-repeats-item")) and len(shown) > 1:
            last = shown[-2].serial
        if not rules.holds("pagination.complete") or rules.broken("fault.page-skips-item"):
            last = found[min(size, len(found) - 1)].serial
        if rules.holds("pagination.token-continues"):
            answer["nextToken"] = _token(call, last)
    if not rules.holds("pagination.page-size") and size is not None and len(found) > size:
        answer[member].append(view(found[size]))
    return answer


def _unfiltered(call: Call, found: Sequence[R]) -> Sequence[R]:
    kinds = {type(one) for one in found}
    every: list[Any] = [one for one in call.store.everything() if type(one) in kinds and one.owner == call.account]
    return every or found


def _size(call: Call, request: Json) -> int | None:
    size = request.get("maxResults")
    if size is None:
        return None
    call.rules.refuse_unless("pagination.size-not-positive", size > 0, "maxResults must be at least 1.")
    if size <= 0:
        return None
    return int(min(size, MAXIMUM) if call.rules.holds("pagination.clamped") else size)


def _token(call: Call, serial: int) -> str:
    document = {"v": 1, "o": call.operation, "a": call.account, "r": call.region, "s": serial}
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def _after(call: Call, request: Json) -> int:
    token = request.get("nextToken")
    if token is None:
        return 0
    try:
        document = json.loads(base64.b64decode(token, validate=True))
        serial = document.pop("s")
        valid = isinstance(serial, int) and document == {
            "v": 1,
            "o": call.operation,
            "a": call.account,
            "r": call.region,
        }
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        valid, serial = False, 0
    if not valid:
        call.rules.refuse_unless("pagination.token-unknown", False, "nextToken did not come from this operation.")
        return 0
    return int(serial)
