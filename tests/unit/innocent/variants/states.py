"""How fast states change."""

from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.spec.model import Json
from tests.unit.innocent.variant import Variant, innocent

_SLOW: Final = (
    "test_connections_changes.py",
    "test_lags_changes.py",
    "test_attachments.py",
    "test_hosted_connections_decisions.py",
)


@innocent("TF timeouts of 10 to 30 minutes; TF#8222: whole acceptance runs took 943 to 1379 seconds", *_SLOW, settle=10)
class SlowStates(Variant):
    """Each state lasts four tenths of a second."""

    def __init__(self) -> None:
        super().__init__(advance="0.4")

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        self.changed += 1


@innocent(
    "hashicorp/terraform-provider-aws#3212: a connection is refused as in transition after a change",
    "test_answers.py",
    only="ConnectionFromLag or MacSecKey or ResiliencyGroup",
    settle=10,
)
class TransitionsAfterChanges(SlowStates):
    """Each state lasts four tenths of a second, also after the change that a request needs first."""


@innocent("`associating` for more than 45 minutes was seen", *_SLOW, settle=0.3)
class StatesSlowerThanTheRun(Variant):
    """Each state lasts longer than the run waits."""

    def __init__(self) -> None:
        super().__init__(advance="30")

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        self.changed += 1
