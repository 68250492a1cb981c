"""`--dry-run`: lists the operations that a run would send, the maximum number of requests, the accounts and the
cost.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import NoReturn

import pytest

from dxcontract.run.result import OK, UNUSABLE
from dxcontract.run.safety_options import Safety
from dxcontract.spec.model import Operation, Spec
from dxcontract.targets import Choice, open_target
from dxcontract.targets.accounts import identity
from dxcontract.targets.permissions import Guard, level_of
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire.safe_text import one_line


def dry_run(choice: Choice, spec: Spec, safety: Safety) -> NoReturn:
    """Print what a run would send and end the run; on an error, print one line."""
    try:
        target = open_target(choice)
        safety.protect(target, set())
        safety.check_account(target)
        said = list(lines(spec, target, safety))
        if choice.wait:
            said.insert(1, f"the run waits up to {choice.wait:g} s for it to listen (--wait), as this dry run did")
    except TargetError as error:
        pytest.exit(f"dxcontract: {one_line(str(error))}", returncode=UNUSABLE)
    target.stop()
    sys.stdout.write("".join(f"{line}\n" for line in said))
    pytest.exit("dxcontract: dry run, nothing was sent", returncode=OK)


def lines(spec: Spec, target: Target, safety: Safety) -> Iterator[str]:
    """Yield the lines of the dry run; calls only STS."""
    guard = target.guard
    yield f"dry run: {target.name} ({target.endpoint}, {target.region}); nothing of this is sent"
    yield f"accounts: {'; '.join(_accounts(target))}"
    if guard is None:
        yield f"no real account: all {len(spec.operations)} operations would be sent, without limit"
        return
    if (held_back := guard.held_back()) is not None:
        yield f"{held_back}; a run also looks for an emulator's mark in its answers"
    yield from _guarded(spec, guard, safety)


def _accounts(target: Target) -> Iterable[str]:
    for role, account in target.accounts.items():
        endpoint = None if target.name == "aws" else target.endpoint
        known = account.account_id or identity(account, endpoint, target.region)
        yield f"{role} {known or 'unknown to STS'}"


def _guarded(spec: Spec, guard: Guard, safety: Safety) -> Iterator[str]:
    sent = [one for one in spec.operations.values() if guard.refusal(one) is None]
    every = len(spec.operations)
    yield f"allowed: {guard.level}; {len(sent)} of {every} operations would be sent, in all accounts together at most:"
    for operation in sent:
        yield f"  {operation.name:52} {_most(operation, guard):5} times  {_what(operation)}"
    yield bill(spec, guard)
    if safety.deadline is not None:
        yield f"the run ends after {safety.deadline:g} s"


def _most(operation: Operation, guard: Guard) -> int:
    cheapest = guard.prices.cheapest(operation)
    return min(guard.most_calls, int(guard.budget / cheapest)) if cheapest else guard.most_calls


def _what(operation: Operation) -> str:
    needed = level_of(operation)
    on = " (only on what the run made)" if needed != "reads" and operation.traits.effect != "create" else ""
    return f"{operation.traits.effect}, {needed}{on}"


def bill(spec: Spec, guard: Guard) -> str:
    """The maximum cost, in a sentence."""
    priced = [one for one in spec.operations.values() if guard.prices.dearest(one) and guard.refusal(one) is None]
    if not priced:
        return "the worst bill: 0.00 USD, as nothing that costs money would be sent"
    dearest = max(guard.prices.dearest(one) for one in priced)
    return (
        f"the worst bill: {guard.budget:.2f} USD (--budget), if all is deleted within {guard.prices.hours:g} hours; "
        f"one order costs up to {dearest:.2f} (prices of {guard.prices.document['date']}, specs/prices.json)"
    )
