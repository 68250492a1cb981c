"""Controls events in the reference emulator that no request causes: link and session failures, and state changes.

Real targets decide on these events themselves. The reference emulator lets a test decide, so that a test can reach
every state without waiting.
"""

from typing import Any, Final

import urllib3

SECONDS: Final = 10.0


class EventsError(Exception):
    """The target does not do what its administrative endpoint offers."""


class Events:
    """The administrative endpoint of a target that this run started."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint.rstrip('/')}/_dxcontract/"
        self._pool = urllib3.PoolManager(retries=False)

    def hold(self, held: bool) -> None:
        """Stop or resume automatic state changes."""
        self._post("hold", held=held)

    def follow_documents(self, documented: bool) -> None:
        """Show the documented states instead of those in recordings of AWS, or the other way round."""
        self._post("states", states="documented" if documented else "recorded")

    def step(self, resource_id: str) -> None:
        """Advance a resource and its dependents by one state; does nothing if the resource is gone."""
        self._post("advance", id=resource_id, parts=True)

    def link(self, resource_id: str, up: bool) -> None:
        """Take the link of a connection, an interconnect or a LAG down, or bring it up."""
        self._post("link", id=resource_id, up=up)

    def sessions(self, resource_id: str, up: bool) -> None:
        """Take the BGP sessions of a virtual interface down, or bring them up."""
        self._post("bgp", id=resource_id, up=up)

    def break_rules(self, faults: list[str]) -> None:
        """Break these rules from now on, and keep all others."""
        self._post("faults", faults=faults)

    def reset(self) -> None:
        """Delete all resources."""
        self._post("reset")

    def _post(self, action: str, **body: Any) -> None:
        answer = self._pool.request("POST", self._url + action, json=body, timeout=SECONDS)
        gone = answer.status == 400 and b"nothing has the id" in answer.data
        if answer.status != 200 and not gone:
            raise EventsError(f"{self._url}{action} answered {answer.status}: {answer.data[:200]!r}")
