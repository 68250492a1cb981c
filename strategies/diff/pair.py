"""Two doors as one: a machine's calls go to the first target and, with its own ids in them, to the second.

The machine goes by the answers of the first.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from dxcontract.client.client import Api
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.diff.comparing import Difference
from strategies.diff.follower import Follower
from strategies.world import World

Heard = Callable[[Exchange, Exchange, list[Difference]], None]
"""Is told both answers to a request, and where they differ."""


class Pair:
    """Stands for the first door, as far as machines use doors; `heard` is told of both answers to each request."""

    def __init__(self, first: Api, second: Api, places: Mapping[str, str], heard: Heard) -> None:
        self._first = first
        self._second = second
        self._places = places
        self._heard = heard
        self._lock = threading.RLock()
        self.unsupported = first.unsupported | second.unsupported
        self.begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._first, name)

    @property
    def as_api(self) -> Api:
        """Itself, typed as what it stands for."""
        return cast(Api, self)

    def begin(self) -> None:
        """A new example: nothing is known of what came before."""
        accounts = {str(role): account.account_id for role, account in self._first.target.accounts.items()}
        prefixes = (self._first.journal.prefix, self._second.journal.prefix)
        self._follower = Follower(self._second, accounts, *prefixes, self._places)

    def gateway(self, known: str, make: Callable[[World], str]) -> None:
        """EC2 made this gateway for the first target; `make` has it make another."""
        with self._lock:
            self._follower.gateway(known, make)

    def end(self) -> None:
        """An example is over."""
        self._follower.close()

    def call(
        self,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        role: Role = "owner",
        region: str | None = None,
    ) -> Exchange:
        """As of `Api`, on both. Raises as that does."""
        one = self._asked(params, lambda: self._first.call(operation, params, role=role, region=region))
        self._also(one, dict(params or {}), lambda asked: self._second.call(operation, asked, role=role, region=region))
        return one

    def send(self, operation: str, body: Any, *, role: Role = "owner", region: str | None = None) -> Exchange:
        """As of `Api`, on both, for a JSON value. Raises as that does."""
        one = self._asked(body, lambda: self._first.send(operation, body, role=role, region=region))
        self._also(one, body, lambda asked: self._second.send(operation, asked, role=role, region=region))
        return one

    def _asked(self, params: Any, ask: Callable[[], Exchange]) -> Exchange:
        try:
            return ask()
        except Indeterminate:
            with self._lock:
                self._follower.leave(params)  # who knows what came of it
            raise

    def _also(self, one: Exchange, params: Any, ask: Callable[[Any], Exchange]) -> None:
        with self._lock:
            answered = self._follower.follow(one, params, ask)
        if answered is not None:
            self._heard(one, *answered)
