"""What can be tested: an endpoint, who calls it, where, and what may be sent to it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

import botocore.loaders

from dxcontract.spec import Operation

Role = Literal["owner", "other", "partner"]
ROLES: Final[tuple[Role, ...]] = ("owner", "other", "partner")

DEFAULT_REGION: Final = "us-east-1"
OTHER_REGION: Final = "eu-west-1"


class TargetError(Exception):
    """The target cannot be tested as asked: wrong option, unreachable, not Direct Connect. One clear sentence."""


@dataclass(frozen=True)
class Account:
    """Credentials to call with. `account_id` is None where the endpoint was never asked."""

    role: Role
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    account_id: str | None = None


@dataclass
class Target:
    """One endpoint under test.

    `owner` always exists; `other` and `partner` only where the endpoint has them. `reads_only` targets get nothing
    but operations whose trait is read: everything else is refused before it is signed. `ask_for_accounts`: nobody
    named any, so the endpoint's own STS is asked once it is known to answer.
    """

    name: str
    endpoint: str
    region: str = DEFAULT_REGION
    other_region: str = OTHER_REGION
    accounts: Mapping[Role, Account] = field(default_factory=dict)
    reads_only: bool = False
    ask_for_accounts: bool = False
    reset_url: str | None = None

    def refusal(self, operation: Operation) -> str | None:
        """Why `operation` must not be sent to this target; None when it may."""
        if self.reads_only and operation.traits.effect != "read":
            return (
                f"{operation.name} is not sent to {self.name}: it does not only read ({operation.traits.effect}, "
                f"{operation.traits.cost}), and real accounts get reads only; a later release allows more by name "
                "(--allow=free-writes, --allow=billable, --allow=physical-orders)"
            )
        return None

    def stop(self) -> None:
        """End what was started for this run; nothing for an endpoint of somebody else."""


@functools.cache
def aws_suffixes() -> frozenset[str]:
    """The DNS suffixes of all partitions of AWS, as botocore knows them."""
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    members = ("dnsSuffix", "dualStackDnsSuffix")
    return frozenset(str(one["outputs"][member]) for one in partitions for member in members)


def is_aws(endpoint: str) -> bool:
    """Whether `endpoint` is AWS's own, in any partition: such endpoints get reads only."""
    host = urlsplit(endpoint).hostname or ""
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in aws_suffixes())
