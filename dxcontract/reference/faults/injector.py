"""Applies the selected faults to requests and answers, between the server and the operations."""

from collections.abc import Callable
from typing import Any, Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.messages import Answer
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.reference.faults import gateways, interfaces, lifecycles, machines, ports, refusals, shapes, wire
from dxcontract.reference.faults.response_edits import Distortion, Scene
from dxcontract.spec.model import Json

_TABLES: Final = (gateways.TABLE, interfaces.TABLE, lifecycles.TABLE, ports.TABLE, shapes.TABLE)


class Saboteur:
    """Applies the faults that are on; there is none when nothing is."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._memory: dict[str, Any] = {}
        self._distortions: list[Distortion] = [
            table[fault] for table in _TABLES for fault in sorted(rules.faults) if fault in table
        ]
        if rules.broken("fault.stale-answer"):
            self._distortions += shapes.STALE
        self._wires = [wire.TABLE[fault] for fault in sorted(rules.faults) if fault in wire.TABLE]

    def answer(self, call: Call, request: Json, answer: Json) -> Json:
        """What is answered instead of the right answer."""
        if self._rules.faults:
            machines.disturb(call, request)
        if self._distortions:
            scene = Scene(call, request, self._memory)
            for distortion in self._distortions:
                distortion.apply(scene, answer)
        return answer

    def refused(self, call: Call, request: Json, perform: Callable[[Call, Json], Any]) -> None:
        """What is done although a request was refused."""
        if self._rules.faults:
            machines.leave_behind(call, request)
            refusals.spoil(call, request, perform)

    def wire(self, operation: str, answer: Answer) -> Answer:
        """What is sent instead of the right bytes."""
        for change in self._wires:
            answer = change(operation, answer)
        return answer
