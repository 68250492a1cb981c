"""The emulator without HTTP, for what would take too long with it."""

import json
from typing import Any

from dxcontract.reference.core.accounts import Accounts
from dxcontract.reference.core.clock import Clock, Pace
from dxcontract.reference.core.context import World
from dxcontract.reference.core.errors import ServiceError
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.reference.core.store import Store
from dxcontract.reference.http.server import Emulator
from dxcontract.reference.http.signatures import Caller

REGION = "us-east-1"


class Inside:
    """An emulator in this process."""

    def __init__(self, *faults: str) -> None:
        clock = Clock(Pace.parse("instant"))
        self.emulator = Emulator(World(Accounts(), clock, Rules(faults), Store(clock)))

    def __call__(self, account: str, operation: str, **request: Any) -> dict[str, Any]:
        """Perform an operation; what it answers, as it would come over the wire."""
        body = json.dumps(request).encode()
        answer: dict[str, Any] = json.loads(
            json.dumps(self.emulator.perform_as(Caller(account, REGION, "directconnect"), operation, body))
        )
        return answer

    def refusal(self, account: str, operation: str, **request: Any) -> str | None:
        """The error type with which an operation is refused; None when it is not."""
        try:
            self(account, operation, **request)
        except ServiceError as error:
            return error.code
        return None
