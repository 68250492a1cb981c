"""The kinds of target, selected by the value of `--target`. Imports up to `wire`."""

from dataclasses import dataclass
from typing import Final

from dxcontract.targets import aws, moto, reference, startup_wait, url, usage_errors
from dxcontract.targets.target import DEFAULT_REGION, OTHER_REGION, Target

IN_PROCESS: Final = frozenset({"moto", "reference"})
"""Targets that run in the process of the run, and end with it."""


@dataclass(frozen=True)
class Choice:
    """What the user asked for: `--target`, `--region` and so on; `faults` of the reference emulator,
    `locations` where to order; `wait`: seconds until an endpoint may listen."""

    target: str
    region: str | None = None
    accounts: str | None = None
    faults: tuple[str, ...] = ()
    protocol: str = "json"
    locations: tuple[str, ...] = ()
    wait: float = 0.0


def open_target(choice: Choice) -> Target:
    """Start or find the target.

    Raises:
        TargetError: no such target, or it cannot be reached; one sentence for the user.
    """
    usage_errors.check_target(choice.target)
    startup_wait.check(choice.wait)
    target = _opened(choice)
    target.locations = choice.locations
    return target


def _opened(choice: Choice) -> Target:
    region = choice.region or DEFAULT_REGION
    other_region = OTHER_REGION if region != OTHER_REGION else DEFAULT_REGION
    if choice.target == "reference":
        return reference.open_target(region, other_region, choice.faults)
    if choice.target == "moto":
        return moto.open_target(region, other_region)
    if choice.target == "aws":
        return aws.open_target(choice.region, choice.accounts)
    return url.open_target(choice.target, region, other_region, choice.accounts, choice.wait)
