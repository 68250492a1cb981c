"""What the tests of one process share: the target, the door to it, the contract."""

from dataclasses import dataclass

from dxcontract import account_ids, support
from dxcontract import journal as journals
from dxcontract import sweep as sweeping
from dxcontract.api import ANSWER_SECONDS, Api
from dxcontract.contract import Contract
from dxcontract.exchange import Exchange
from dxcontract.likeness import looks_like_aws
from dxcontract.outcome import Outcome
from dxcontract.safety import Safety
from dxcontract.spec import Spec
from dxcontract.sweep import Swept
from dxcontract.target import Target, TargetError
from dxcontract.targets import Choice, open_target
from dxcontract.targets.accounts import discover


@dataclass(frozen=True)
class Session:
    """An open target that was found to speak Direct Connect."""

    target: Target
    api: Api
    contract: Contract

    def leave(self) -> None:
        """No test is run any more: from here on nothing is judged, and there is time to tidy up."""
        self.api.witness = _nobody
        self.api.patience.tidy()

    def sweep(self, seconds: float) -> Swept:
        """Delete what is left of what this process made; what it could not see, or not delete, is in the answer."""
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
    """A door for sweeping: without a guard, since nothing is deleted but what a journal tells of; nothing is judged.

    Raises:
        TargetError: the target is not there.
    """
    target = open_target(choice)
    target.guard = None
    api = Api(target, spec, _nobody, answer_seconds)
    try:
        support.reachable(api)
    except TargetError as error:
        raise TargetError(api.vault.scrubbed(str(error))) from error
    if target.ask_for_accounts:
        target.accounts = discover(target.endpoint, target.region)
    return api


def open_session(choice: Choice, outcome: Outcome, answer_seconds: float, safety: Safety) -> Session:
    """Open the target, find out what it has, and note that in `outcome`.

    Raises:
        TargetError: it is not there, or is no Direct Connect.
    """
    target = open_target(choice)
    contract = Contract(outcome.spec, judge_everything=target.is_real)
    journal = safety.new_journal(target)
    api = Api(target, outcome.spec, contract.witness, answer_seconds, journal, safety.patience(target))
    session = Session(target, api, contract)
    try:
        safety.protect(target, journal.ids, looks_real=False)
        _agree(api, choice.protocol)
        stranger = support.reachable(api)
        safety.protect(target, journal.ids, looks_real=not target.ours and looks_like_aws(stranger))
        journal.begin(target)
        api.unsupported = support.unsupported(api, stranger)
        if target.ask_for_accounts and not target.is_real:
            target.accounts = discover(target.endpoint, target.region)
            note = account_ids.find(api)
            outcome.notes += [note] if note is not None and note not in outcome.notes else []
            journal.begin(target)
    except TargetError as error:
        session.close()
        raise TargetError(api.vault.scrubbed(str(error))) from error
    except BaseException:
        session.close()
        raise
    outcome.endpoint, outcome.region, outcome.other_region = target.endpoint, target.region, target.other_region
    outcome.account_ids = {role: account.account_id for role, account in target.accounts.items()}
    outcome.accounts, outcome.unsupported = tuple(target.accounts), api.unsupported
    return session


def _agree(api: Api, protocol: str) -> None:
    """Find out whether the target speaks CBOR, if that is asked for.

    Raises:
        TargetError: it does not, and nothing else was asked for.
    """
    if protocol == "json":
        return
    if reason := support.lacks_cbor(api):
        if protocol == "cbor":
            raise TargetError(f"{reason}; use --protocol=json")
        api.lacks["cbor"] = reason
    elif protocol == "cbor":
        api.speak("cbor")


def after_workers(choice: Choice, spec: Spec, safety: Safety, seconds: float) -> Swept:
    """Delete what is left of what the workers of this run made, some of which may have been killed."""
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
