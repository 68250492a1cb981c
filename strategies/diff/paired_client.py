"""Sends the requests of a machine to a first target and, with translated ids, to a second.

The machine uses the responses of the first target.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from dxcontract.client.client import Api
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.diff.answer_differences import Difference
from strategies.diff.second_target import Follower
from strategies.world import World

Heard = Callable[[Exchange, Exchange, list[Difference]], None]
"""Receives both responses to a request, and the places where they differ."""


class Pair:
    """Replaces the client of the first target for machines; `heard` receives both responses to each request."""

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
        """The pair itself, with the type of the client that it replaces."""
        return cast(Api, self)

    def begin(self) -> None:
        """Starts a new example, without knowledge of earlier ones."""
        accounts = {str(role): account.account_id for role, account in self._first.target.accounts.items()}
        prefixes = (self._first.journal.prefix, self._second.journal.prefix)
        self._follower = Follower(self._second, accounts, *prefixes, self._places)

    def gateway(self, known: str, make: Callable[[World], str]) -> None:
        """Records a gateway that EC2 created for the first target; `make` creates another."""
        with self._lock:
            self._follower.gateway(known, make)

    def end(self) -> None:
        """Ends an example."""
        self._follower.close()

    def call(
        self,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        role: Role = "owner",
        region: str | None = None,
    ) -> Exchange:
        """Calls an operation on both targets, like `Api.call`, and raises the same exceptions."""
        one = self._asked(params, lambda: self._first.call(operation, params, role=role, region=region))
        self._also(one, dict(params or {}), lambda asked: self._second.call(operation, asked, role=role, region=region))
        return one

    def send(self, operation: str, body: Any, *, role: Role = "owner", region: str | None = None) -> Exchange:
        """Sends a JSON value to both targets, like `Api.send`, and raises the same exceptions."""
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
