"""Deletes the resources that a run left behind, in a possible order, and waits until they are gone.

It deletes only what `leftovers` finds: resources that are in the journal and carry the name of the run. A deletion
may take time or depend on another one. Therefore it works in rounds, until nothing is left, nothing changes any more,
or the time limit is reached.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from typing import Any, Final

from dxcontract.client import ec2_resources
from dxcontract.client.client import Api
from dxcontract.client.errors import TargetDied
from dxcontract.client.leftovers import Belonging, Search
from dxcontract.client.resource_journal import Record
from dxcontract.spec.json_pointer import at
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange

SWEEP_SECONDS: Final = 900.0
"""An association takes up to 30 minutes to end on real AWS, usually five (terraform-provider-aws#8222)."""

DELETIONS_AT_ONCE: Final = 8
"""So many deletions wait for their answers at the same time; on real AWS, which throttles per account, one."""

MOST_IDLE_ROUNDS: Final = 3
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 10.0
_ON_THE_WAY: Final = frozenset({"deleting", "disassociating"})

Tell = Callable[[str], None]


@dataclass
class Swept:
    """The result of a sweep, as sentences: what was deleted, what is left and why, and what could not be read."""

    deleted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether no resource of the run is known to be left."""
        return not self.left and not self.unseen


def look(api: Api, record: Record) -> Swept:
    """Find the resources that are left of a run; deletes nothing."""
    found = Search(api, record).found()
    beside = ec2_resources.look(api, record)
    return Swept(left=[*map(str, found.belongings), *map(str, beside.things)], unseen=[*found.unseen, *beside.unseen])


def sweep(api: Api, record: Record, seconds: float = SWEEP_SECONDS, tell: Tell = lambda _: None) -> Swept:
    """Delete the resources that are left of a run, within `seconds`. `tell` is called for each accepted deletion."""
    return _Sweep(api, record, time.monotonic() + seconds, tell).run()


class _Sweep:
    def __init__(self, api: Api, record: Record, deadline: float, tell: Tell) -> None:
        self._api = api
        self._record = record
        self._deadline = deadline
        self._tell = tell
        self._ours: set[str] = set()
        self._asked: dict[str, str] = {}
        self._refusals: dict[str, str] = {}

    def run(self) -> Swept:
        search = Search(self._api, self._record)
        wait, idle = _FIRST_WAIT, 0
        while True:
            found = search.found()
            if not found.belongings:
                break
            self._ours.update(one.id for one in found.belongings)
            accepted = self._delete_all(found.belongings)
            moving = accepted or any(one.state in _ON_THE_WAY for one in found.belongings)
            idle = 0 if moving else idle + 1
            if idle > MOST_IDLE_ROUNDS or time.monotonic() + wait > self._deadline:
                break
            time.sleep(wait)
            wait = _FIRST_WAIT if accepted else min(2 * wait, _LONGEST_WAIT)
        beside = ec2_resources.sweep(self._api, self._record, self._deadline)
        left = [f"{one}: {self._refusals.get(one.id, 'its deletion has not ended')}" for one in found.belongings]
        deleted = [told for one, told in self._asked.items() if one not in {thing.id for thing in found.belongings}]
        return Swept([*deleted, *beside.deleted], [*left, *beside.left], [*found.unseen, *beside.unseen])

    def _delete_all(self, things: list[Belonging]) -> int:
        """Ask for all deletions, kind by kind in the order given; how many were accepted now."""
        # Its threads are daemons: a second Ctrl-C does not wait for them.
        with ThreadPool(1 if self._api.target.is_real else DELETIONS_AT_ONCE) as pool:
            kinds = itertools.groupby(things, key=lambda one: one.kind)
            return sum(sum(pool.map(self._delete, same, chunksize=1)) for _, same in kinds)

    def _delete(self, one: Belonging) -> bool:
        """Ask for a deletion, unless the time is over; whether that was accepted now."""
        if one.state in _ON_THE_WAY:
            return False
        if time.monotonic() > self._deadline:
            self._refusals.setdefault(one.id, "the time was over before its deletion could be asked for")
            return False
        if self._api.target.guard is not None:
            self._api.target.guard.made.add(one.id)
        if one.kind == "lag":
            self._release(one)
        resource = self._api.spec.resources[one.kind]
        assert resource.deleted_by is not None
        reasons = []
        for role in one.roles:
            exchange = self._try(resource.deleted_by, {resource.id: one.id}, role, one.region)
            if isinstance(exchange, Exchange) and exchange.succeeded:
                if one.id not in self._asked:
                    self._tell(f"deleted {one}")
                self._asked[one.id] = str(one)
                self._refusals.pop(one.id, None)
                return True
            told = f"{exchange.told()} {exchange.why()}" if isinstance(exchange, Exchange) else exchange
            reasons.append(f"{resource.deleted_by} as {role}: {told}")
        self._refusals[one.id] = "; ".join(reasons)
        return False

    def _release(self, lag: Belonging) -> None:
        """Let the run's connections out of a LAG, which some targets do not delete with connections in it, nor empty
        below its minimum. A connection of somebody else is left to what the target does.
        """
        shown = at(lag.item, "/connections/*/connectionId")
        members = self._ours.intersection(one for one in shown if isinstance(one, str))
        for role in lag.roles:
            if members and lag.item.get("minimumLinks"):
                self._try("UpdateLag", {"lagId": lag.id, "minimumLinks": 0}, role, lag.region)
            for member in sorted(members):
                params = {"lagId": lag.id, "connectionId": member}
                self._try("DisassociateConnectionFromLag", params, role, lag.region)

    def _try(self, operation: str, params: dict[str, Any], role: Any, region: str) -> Exchange | str:
        try:
            return self._api.call(operation, params, role=role, region=region)
        except (Unsupported, Indeterminate, TargetDied) as reason:
            return str(reason)
