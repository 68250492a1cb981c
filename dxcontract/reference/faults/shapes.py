"""Faults of shape without a rule of their own: they break programs that store and page through resources."""

from typing import Final

from dxcontract.reference.faults.response_edits import TOP, Change, Distortion, Scene, Table, distort, lose
from dxcontract.spec.model import Json

MEANING: Final[dict[str, str]] = {
    "fault.content-type": "answers say that they are text/html",
    "fault.enum-value": "an answer holds a value outside its enumeration",
    "fault.error-type": "refusals name an error that nobody has",
    "fault.lost-member": "connections are answered without their state",
    "fault.lost-update": "an update of a connection or a LAG is answered, and forgotten",
    "fault.null-member": "a member without a value is null instead of absent",
    "fault.page-repeats-item": "the first item of a page is the last of the page before",
    "fault.page-skips-item": "an item between two pages is lost",
    "fault.request-id": "all answers carry the same request id",
    "fault.server-error": "what cannot be deserialised is answered with status 500",
    "fault.stale-answer": "connections and LAGs are described as they were when first described",
    "fault.timestamp-string": "times are texts instead of numbers",
    "fault.wrong-id": "a new connection is answered under another id than it has",
    "fault.wrong-type": "an answer holds a number where the model has a string",
}


def _stale(member: str, id_member: str) -> Change:
    def change(answer: Json, scene: Scene) -> None:
        for number, item in enumerate(answer.get(member, ())):
            answer[member][number] = scene.memory.setdefault(f"stale {item[id_member]}", item)

    return change


def _wrong_id(connection: Json, scene: Scene) -> None:
    connection["connectionId"] = scene.call.store.new_id("dxcon")


TABLE: Final[Table] = {
    "fault.lost-member": distort("Connection", lose("connectionState"), "DescribeConnections"),
    "fault.wrong-id": distort("Connection", _wrong_id, "CreateConnection"),
}
STALE: Final[tuple[Distortion, ...]] = (
    distort(TOP, _stale("connections", "connectionId"), "DescribeConnections"),
    distort(TOP, _stale("lags", "lagId"), "DescribeLags"),
)
