"""The store: frozen records by id, found through keys, changed in transactions.

A record is never changed in place. `put` replaces it and keeps the previous one, so that a refused request is undone
completely. Requests run one after another (see `http/server.py`), so a transaction needs no lock.
"""

import math
import operator
import random
import string
import uuid
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from dxcontract.reference.core.clock import NEVER, Clock

_ALPHABET: Final = string.ascii_lowercase + string.digits
_HEX: Final = "0123456789abcdef"
GONE: Final = frozenset({"deleted", "rejected"})
MOST_OVER: Final = 250
"""So many records of a kind, an account and a Region are remembered after their end, however short ago that was."""
_BY_SERIAL: Final = operator.attrgetter("serial")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Anything that exists: its id, its place in the order of creation, its state, and when it leaves that state."""

    id: str
    serial: int
    owner: str
    region: str
    state: str
    due: float = NEVER

    def keys(self) -> tuple[tuple[Hashable, ...], ...]:
        """Under which keys `Store.find` finds it."""
        return (("owner", self.owner, self.region),)

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen to it any more: it is shown until it is `due`, then forgotten."""
        return self.state in GONE


R = TypeVar("R", bound=Record)


class Store:
    """All records of all accounts and regions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, Record] = {}
        self._index: dict[Hashable, dict[str, None]] = {}
        self._undo: list[tuple[str, Record | None]] = []
        self._serial = 0
        self._crowded: set[Hashable] = set()
        self._names = {alphabet: _Names(alphabet) for alphabet in (_ALPHABET, _HEX)}

    # Reading

    def get(self, kind: type[R], record_id: str) -> R | None:
        """The record of this kind with this id."""
        record = self._records.get(record_id)
        return record if isinstance(record, kind) else None

    def find(self, kind: type[R], *key: Hashable) -> list[R]:
        """All records of this kind under a key, in order of creation."""
        found = self._index.get((kind, *key))
        if not found:
            return []
        records: list[Any] = [self._records[one] for one in found]
        records.sort(key=_BY_SERIAL)
        return records

    def count(self, kind: type[Record], *key: Hashable) -> int:
        """How many records of this kind are under a key."""
        return len(self._index.get((kind, *key), ()))

    def any_kind(self, record_id: str) -> Record | None:
        """The record with this id, whatever it is."""
        return self._records.get(record_id)

    def everything(self) -> Iterator[Record]:
        """All records, for the admin endpoint."""
        return iter(self._records.values())

    def surplus(self) -> Iterator[Record]:
        """The records that ended first, where more than MOST_OVER are remembered; to be removed one after the other."""
        while self._crowded:
            key = self._crowded.pop()
            over = self._index.get(key, {})
            yield from [self._records[one] for one in list(over)[: max(0, len(over) - MOST_OVER)]]

    # Writing

    def put(self, record: R) -> R:
        """Add a record, or replace the one with its id."""
        before = self._records.get(record.id)
        self._undo.append((record.id, before))
        self._replace(record.id, before, record)
        self._clock.watch(record.due, record.id)
        if record.is_over and len(self._index[_over(record)]) > MOST_OVER:
            self._crowded.add(_over(record))
        return record

    def remove(self, record: Record) -> None:
        """Forget a record."""
        self._undo.append((record.id, record))
        self._replace(record.id, self._records.get(record.id), None)
        self._clock.watch(NEVER, record.id)

    def _replace(self, record_id: str, before: Record | None, after: Record | None) -> None:
        old = _keys(before)
        new = _keys(after)
        for key in old - new:
            entry = self._index[key]
            del entry[record_id]
            if not entry:
                del self._index[key]
        for key in new - old:
            self._index.setdefault(key, {})[record_id] = None
        if after is None:
            self._records.pop(record_id, None)
        else:
            self._records[record_id] = after

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what happens inside if it ends well, undo all of it if it raises."""
        self._undo.clear()
        try:
            yield
        except BaseException:
            while self._undo:
                record_id, before = self._undo.pop()
                self._replace(record_id, self._records.get(record_id), before)
                self._clock.watch(before.due if before is not None else NEVER, record_id)
            raise
        finally:
            self._undo.clear()

    def clear(self) -> None:
        """Forget every record. Ids stay issued: none is ever given twice by one process."""
        self._records.clear()
        self._index.clear()
        self._undo.clear()
        self._crowded.clear()

    # Names

    def next_serial(self) -> int:
        """A number greater than all before, for the order of creation."""
        self._serial += 1
        return self._serial

    def new_id(self, prefix: str, length: int = 8) -> str:
        """An id such as `dxcon-fg31ab2x` that was never given before."""
        return f"{prefix}-f{self._names[_ALPHABET].another(length - 1)}"

    def new_hex_id(self, prefix: str, length: int = 17) -> str:
        """An id such as `vgw-0123456789abcdef0` that was never given before."""
        return f"{prefix}-0{self._names[_HEX].another(length - 1)}"

    def new_uuid(self) -> str:
        """A UUID that was never given before."""
        return str(uuid.uuid4())


class _Names:
    """Words of an alphabet that look as if drawn by lot, none of them twice, without a list of those given.

    The n-th word is the number start + n * step, modulo how many words there are: since the step has no factor in
    common with that, all words come before one comes again. Start and step differ from process to process.
    """

    def __init__(self, alphabet: str) -> None:
        self._alphabet = alphabet
        self._given = 0
        self._start, self._step = (random.SystemRandom().randrange(2**128) for _ in range(2))
        while math.gcd(self._step, len(alphabet)) != 1:
            self._step += 1

    def another(self, length: int) -> str:
        """The next word of so many characters."""
        base = len(self._alphabet)
        self._given += 1
        number = (self._start + self._given * self._step) % base**length
        letters = []
        for _ in range(length):
            number, place = divmod(number, base)
            letters.append(self._alphabet[place])
        return "".join(letters)


def _keys(record: Record | None) -> set[Hashable]:
    if record is None:
        return set()
    kind, keys = type(record), record.keys()
    found: set[Hashable] = {(kind, *key) for key in keys}
    return found | {_over(record)} if record.is_over else found


def _over(record: Record) -> Hashable:
    return (type(record), "over", record.owner, record.region)
