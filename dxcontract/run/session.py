"""What the tests of one process share: the target, the client and the contract."""

from dataclasses import dataclass

from dxcontract.client import account_ids, capability_probe
from dxcontract.client import cleanup as sweeping
from dxcontract.client import resource_journal as journals
from dxcontract.client.cleanup import Swept
from dxcontract.client.client import ANSWER_SECONDS, Api
from dxcontract.oracle.assertions import Contract
from dxcontract.run.result import Outcome
from dxcontract.run.safety_options import Safety
from dxcontract.spec.model import Spec
from dxcontract.targets import Choice, open_target
from dxcontract.targets.accounts import discover
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire.errors import CannotWriteError, Indeterminate
from dxcontract.wire.exchange import Exchange


@dataclass(frozen=True)
class Session:
    """An open target that speaks Direct Connect."""

    target: Target
    api: Api
    contract: Contract

    def leave(self) -> None:
        """End the tests: judge nothing further, and allow time for the clean-up."""
        self.api.witness = _nobody
        self.api.patience.tidy()

    def sweep(self, seconds: float) -> Swept:
        """Delete what is left of this process; returns what could not be read or deleted."""
        journal = self.api.journal
        if not journal.entries or self.target.ours:
            return Swept()
        self.leave()
        swept = sweeping.sweep(self.api, journal.record(), seconds)
        if swept.clean:
            journal.swept()
        return swept

    def close(self) -> None:
        self.api.journal.close()
        self.api.close()
        self.target.stop()


def _nobody(_: Exchange) -> None:
    """Judges nothing: for calls that are no test's."""


def unjudged(choice: Choice, spec: Spec, answer_seconds: float = ANSWER_SECONDS) -> Api:
    """Open a client for a sweep. It may delete what a journal lists on any target, and judges nothing.

    Raises:
        TargetError: the target is not there.
    """
    target = open_target(choice)
    safety = Safety("sweep", allow="physical-orders")  # without a budget: nothing that costs money
    safety.protect(target, set())
    api = Api(target, spec, _nobody, answer_seconds, patience=safety.patience(target))
    try:
        safety.protect(target, set(), capability_probe.reachable(api))
    except (TargetError, Indeterminate) as error:
        raise TargetError(api.vault.scrubbed(str(error))) from error
    api.patience = safety.patience(target)
    if target.ask_for_accounts and not target.is_real:
        target.accounts = discover(target.endpoint, target.region)
    return api


def open_session(choice: Choice, outcome: Outcome, answer_seconds: float, safety: Safety) -> Session:
    """Open the target, detect its operations, and record them in `outcome`.

    Raises:
        TargetError: it is not there, or is no Direct Connect.
    """
    target = open_target(choice)
    journal = safety.new_journal(target)
    safety.protect(target, journal.ids)
    contract = Contract(outcome.spec, judge_everything=target.is_real)
    api = Api(target, outcome.spec, contract.witness, answer_seconds, journal, safety.patience(target))
    session = Session(target, api, contract)
    try:
        safety.check_account(target)
        _agree(api, choice.protocol)
        stranger = capability_probe.reachable(api)
        was_real = target.is_real
        safety.protect(target, journal.ids, stranger)
        if target.is_real != was_real:
            contract.judge_everything, api.patience = target.is_real, safety.patience(target)
        if target.is_real and not was_real:
            safety.check_account(target)
        journal.begin(target)
        api.unsupported = capability_probe.unsupported(api, stranger)
        if target.ask_for_accounts and not target.is_real:
            target.accounts = discover(target.endpoint, target.region)
            note = account_ids.find(api)
            outcome.notes += [note] if note is not None and note not in outcome.notes else []
            journal.begin(target)
    except (TargetError, CannotWriteError) as error:
        session.close()
        raise TargetError(api.vault.scrubbed(str(error))) from error
    except Indeterminate as reason:  # such as a deadline: no test has begun that could be undecided
        session.close()
        raise TargetError(api.vault.scrubbed(f"{reason}, before the first test")) from reason
    except BaseException:
        session.close()
        raise
    outcome.endpoint, outcome.region, outcome.other_region = target.endpoint, target.region, target.other_region
    outcome.account_ids = {role: account.account_id for role, account in target.accounts.items()}
    outcome.accounts, outcome.unsupported = tuple(target.accounts), api.unsupported
    held_back = target.guard.held_back() if target.guard is not None else None
    outcome.notes += [held_back] if held_back is not None and held_back not in outcome.notes else []
    return session


def _agree(api: Api, protocol: str) -> None:
    """Find out whether the target speaks CBOR, if that is asked for.

    Raises:
        TargetError: it does not, and nothing else was asked for.
    """
    if protocol == "json":
        return
    if reason := capability_probe.lacks_cbor(api):
        if protocol == "cbor":
            raise TargetError(f"{reason}; use --protocol=json")
        api.lacks["cbor"] = reason
    elif protocol == "cbor":
        api.speak("cbor")


def after_workers(choice: Choice, spec: Spec, safety: Safety, seconds: float) -> Swept:
    """Delete what is left of the workers of this run, some of which may have been killed."""
    path = safety.journal_path()
    if not path.exists():
        return Swept()
    try:
        record = journals.read(path)
        api = unjudged(choice, spec)
    except (TargetError, journals.JournalError) as error:
        return Swept(unseen=[str(error)])
    swept = sweeping.sweep(api, record, seconds)
    if swept.clean:
        journals.mark_swept(path)
    api.close()
    return swept
