"""Normalizes descriptions: removes members that change without a request."""

from typing import Any, Final

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json

ENDING: Final = frozenset(
    {"deleting", "deleted", "rejected", "disassociating", "disassociated", "detaching", "detached"}
)
WAITING: Final = frozenset({"ordering", "confirming", "approving"})

# States move by themselves; the rest is known once an order was processed, or is an answer's own.
_VARYING: Final = frozenset(
    {
        "awsDevice",
        "awsDeviceV2",
        "awsLogicalDeviceId",
        "customerRouterConfig",
        "hasLogicalRedundancy",
        "jumboFrameCapable",
        "loaIssueTime",
        "portEncryptionStatus",
        "stateChangeError",
        "prefixPoolUnallocatedCountIpv4",
        "prefixPoolUnallocatedCountIpv6",
    }
)


def state_of(item: Json, member: str) -> str:
    """The state in a description."""
    return str(item.get(member, ""))


def tags_at(value: Any, pointer: str) -> dict[str, str]:
    """The tags at a pointer, by key."""
    tags = [one for one in at(value, pointer) if isinstance(one, dict)]
    return {str(one.get("key")): str(one.get("value") or "") for one in tags}


def normal(value: Any) -> Any:
    """`value` without states and without items that are ending, and with lists in a fixed order."""
    if isinstance(value, dict):
        return {
            name: normal(inner)
            for name, inner in value.items()
            if name not in _VARYING and not name.lower().endswith(("state", "status"))
        }
    if isinstance(value, list):
        kept = [normal(one) for one in value if not _ends(one)]
        return sorted(kept, key=repr)
    return value


def _ends(value: Any) -> bool:
    return isinstance(value, dict) and any(
        inner in ENDING for name, inner in value.items() if name.lower().endswith("state")
    )


def first_difference(before: Any, after: Any, pointer: str = "") -> str:
    """The pointer of the first member that differs, with `*` for any item; empty if none differs."""
    if before == after:
        return ""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                return first_difference(before.get(name), after.get(name), f"{pointer}/{name}")
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            if one != other:
                return first_difference(one, other, f"{pointer}/*")
    return pointer or "/"
