"""What can be tested: an endpoint, who calls it, where, and what may be sent to it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import botocore.loaders

from dxcontract.spec.model import Operation
from dxcontract.targets.aws_hosts import AWS_SUFFIXES, is_aws_host
from dxcontract.targets.emulator_control import Events
from dxcontract.targets.permissions import Guard, parsed
from dxcontract.wire.credentials import Account, Role

DEFAULT_REGION: Final = "us-east-1"
OTHER_REGION: Final = "eu-west-1"


class TargetError(Exception):
    """The target cannot be tested as asked: wrong option, unreachable, not Direct Connect. One clear sentence."""


@dataclass
class Target:
    """One endpoint under test.

    `owner` always exists; `other` and `partner` only where the endpoint has them. What was not shown to be an emulator
    has a `guard`, which refuses what is not allowed before it is signed. `events`: what happens without a request,
    where a test may decide it. `ask_for_accounts`: nobody named any, so the endpoint's own STS is asked once it is
    known to answer. `locations`: where to order, if the user named any. `ours`: it was started for this run, and ends
    with it.
    """

    name: str
    endpoint: str
    region: str = DEFAULT_REGION
    other_region: str = OTHER_REGION
    accounts: Mapping[Role, Account] = field(default_factory=dict)
    guard: Guard | None = None
    events: Events | None = None
    ask_for_accounts: bool = False
    reset_url: str | None = None
    locations: tuple[str, ...] = ()
    ours: bool = False

    @property
    def is_real(self) -> bool:
        """Whether this is a real account, or may be one."""
        return self.guard is not None

    def refusal(self, operation: Operation, document: Any = None) -> str | None:
        """Why `operation` (with this request, if one is given) must not be sent to this target; None when it may."""
        return self.guard.refusal(operation, document) if self.guard is not None else None

    def passed(self, operation: Operation, body: bytes) -> None:
        """A request is sent: count it where there is a guard."""
        if self.guard is not None:
            self.guard.passed(operation, parsed(body))

    def stop(self) -> None:
        """End what was started for this run; nothing for an endpoint of somebody else."""


@functools.cache
def aws_suffixes() -> frozenset[str]:
    """The suffixes of AWS's host names: those of all partitions that botocore knows, and some that it does not."""
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    members = ("dnsSuffix", "dualStackDnsSuffix")
    return frozenset(AWS_SUFFIXES) | {str(one["outputs"][member]) for one in partitions for member in members}


def is_aws(endpoint: str) -> bool:
    """Whether `endpoint` is AWS's own, in any partition and any spelling: such endpoints get reads only."""
    return is_aws_host(endpoint, aws_suffixes())
