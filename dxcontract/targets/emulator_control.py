"""What happens to resources without a request: links and sessions go down, states advance.

Real targets decide that for themselves. One that lets a test decide it (the reference emulator) is explored farther:
every state can be seen, and acted in, without waiting.
"""

from typing import Any, Final

import urllib3

SECONDS: Final = 10.0


class EventsError(Exception):
    """The target does not do what it offered to."""


class Events:
    """The administrative endpoint of a target that this run started."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint.rstrip('/')}/_dxcontract/"
        self._pool = urllib3.PoolManager(retries=False)

    def hold(self, held: bool) -> None:
        """Let nothing go on of its own accord; or let it go again."""
        self._post("hold", held=held)

    def follow_documents(self, documented: bool) -> None:
        """Show the states of the documentation where recordings of AWS show others; or those of the recordings."""
        self._post("states", states="documented" if documented else "recorded")

    def step(self, resource_id: str) -> None:
        """Let a resource, and what belongs to it, go on by one state; nothing when it is not there any more."""
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
        """Forget everything that was made."""
        self._post("reset")

    def _post(self, action: str, **body: Any) -> None:
        answer = self._pool.request("POST", self._url + action, json=body, timeout=SECONDS)
        gone = answer.status == 400 and b"nothing has the id" in answer.data
        if answer.status != 200 and not gone:
            raise EventsError(f"{self._url}{action} answered {answer.status}: {answer.data[:200]!r}")
