"""Describes a target: endpoint, accounts, Region and permissions."""

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
    """The target cannot be tested as requested; the message is one sentence for the user."""


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
        """The reason why `operation` (or this request) must not be sent to this target; None if it may."""
        return self.guard.refusal(operation, document) if self.guard is not None else None

    def passed(self, operation: Operation, body: bytes) -> None:
        """Count a request that is sent, if there is a guard."""
        if self.guard is not None:
            self.guard.passed(operation, parsed(body))

    def stop(self) -> None:
        """Stop what this run started; does nothing for other endpoints."""


@functools.cache
def aws_suffixes() -> frozenset[str]:
    """The suffixes of AWS host names in all partitions that botocore knows, and in some others."""
    partitions = botocore.loaders.Loader().load_data("partitions")["partitions"]
    members = ("dnsSuffix", "dualStackDnsSuffix")
    return frozenset(AWS_SUFFIXES) | {str(one["outputs"][member]) for one in partitions for member in members}


def is_aws(endpoint: str) -> bool:
    """Whether `endpoint` is an AWS host, in any partition and any spelling."""
    return is_aws_host(endpoint, aws_suffixes())
