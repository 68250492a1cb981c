"""A reference emulator that leaves members out of all its answers."""

from collections.abc import Iterable
from typing import Any

from dxcontract.reference.core.context import Call
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json, Spec
from tests.unit import proxy


class Without(proxy.Proxy):
    """Leaves `places` out: a member of a structure of the model (or of an operation, for the answer itself), as in
    `VirtualInterface.bgpPeers`. With `emptied`, a list stays, and has nothing in it.

    What the emulator holds, and how it takes requests, is as it was.
    """

    def __init__(self, spec: Spec, places: Iterable[str], emptied: bool = False) -> None:
        super().__init__()
        self._spec, self._places, self._emptied = spec, frozenset(places), emptied

    def perform(self, call: Call, request: Json) -> Json:
        answer = super().perform(call, request)
        operation = self._spec.operations.get(call.operation)
        if operation is None:
            return answer
        changed: Json = self._left(answer, operation.response, operation.response, call.operation)
        return changed

    def _left(self, value: Any, schema: Json, root: Json, shape: str) -> Any:
        name = schema.get("$ref", "").rpartition("/")[2] or shape
        node = specs.resolve(schema, root)
        if isinstance(value, list) and "items" in node:
            return [self._left(inner, node["items"], root, name) for inner in value]
        if not isinstance(value, dict) or "properties" not in node:
            return value
        kept: Json = {}
        for member, inner in value.items():
            if f"{name}.{member}" in self._places:
                self.changed += 1
                if self._emptied and isinstance(inner, list):
                    kept[member] = []
            elif member in node["properties"]:
                kept[member] = self._left(inner, node["properties"][member], root, "")
            else:
                kept[member] = inner
        return kept
