"""The forms of ids and ARNs."""

import re
from typing import Final

from dxcontract.reference.core.errors import malformed

# Real ids have 8 characters after the prefix, published ones 6, and capitals were accepted.
_PORT: Final = re.compile(r"(dxcon|dxlag)-[0-9A-Za-z]{6,17}")
_CONNECTION: Final = re.compile(r"dxcon-[0-9A-Za-z]{6,17}")
_LAG: Final = re.compile(r"dxlag-[0-9A-Za-z]{6,17}")
_INTERFACE: Final = re.compile(r"dxvif-[0-9A-Za-z]{6,17}")
# The second form is given where the rule that demands UUIDs is switched off.
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|dx(gw|prop)-f[0-9a-z]{7}")
# AWS was seen to refuse malformed ids of connections, LAGs and associations; of other kinds nobody has shown it.
_SEEN: Final = "requests.malformed-ids"
_OTHER: Final = "requests.malformed-ids-other-kinds"
_ACCOUNT: Final = re.compile(r"[0-9]{12}")


def partition(region: str) -> str:
    """The partition of a Region, for ARNs."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def arn(region: str, account: str, resource: str, resource_id: str) -> str:
    """The ARN of a regional resource, such as `dxcon`."""
    return f"arn:{partition(region)}:directconnect:{region}:{account}:{resource}/{resource_id}"


def global_arn(region: str, account: str, resource: str, resource_id: str) -> str:
    """The ARN of a global resource, which names no Region."""
    return f"arn:{partition(region)}:directconnect::{account}:{resource}/{resource_id}"


def check_connection(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of a connection."""
    _check(_CONNECTION, value, f"ConnectionID {value[:100]} has an invalid format.", _SEEN)


def check_port(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of a connection, an interconnect or a LAG."""
    _check(_PORT, value, f"ConnectionID {value[:100]} has an invalid format.", _SEEN)


def check_lag(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of a LAG."""
    _check(_LAG, value, f"Lag ID {value[:100]} has an invalid format.", _SEEN)


def check_interface(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of a virtual interface."""
    _check(_INTERFACE, value, f"VirtualInterface ID {value[:100]} has an invalid format.")


def check_gateway(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of a Direct Connect gateway."""
    _check(_UUID, value, f"DirectConnectGateway ID {value[:100]} has an invalid format.")


def check_association(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of an association."""
    _check(_UUID, value, "Association ID has an invalid format.", _SEEN)


def check_proposal(value: str) -> None:
    """Raises ServiceError when `value` is not formed like the id of a proposal."""
    _check(_UUID, value, "Proposal ID has an invalid format.")


def check_account(value: str) -> None:
    """Raises ServiceError when `value` is not an account number."""
    _check(_ACCOUNT, value, f"Account {value[:100]} has an invalid format.")


def _check(pattern: re.Pattern[str], value: str, message: str, rule: str = _OTHER) -> None:
    if not pattern.fullmatch(value):
        raise malformed(message, rule)
