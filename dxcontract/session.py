"""What the tests of one process share: the target, the door to it, the contract."""

from dataclasses import dataclass

from dxcontract import support
from dxcontract.api import Api
from dxcontract.contract import Contract
from dxcontract.outcome import Outcome
from dxcontract.target import Target
from dxcontract.targets import Choice, open_target
from dxcontract.targets.accounts import discover


@dataclass(frozen=True)
class Session:
    """An open target that was found to speak Direct Connect."""

    target: Target
    api: Api
    contract: Contract

    def close(self) -> None:
        self.api.close()
        self.target.stop()


def open_session(choice: Choice, outcome: Outcome, answer_seconds: float) -> Session:
    """Open the target, find out what it has, and note that in `outcome`.

    Raises:
        TargetError: it is not there, or is no Direct Connect.
    """
    target = open_target(choice)
    contract = Contract(outcome.spec, judge_everything=target.reads_only)
    session = Session(target, Api(target, outcome.spec, contract.witness, answer_seconds), contract)
    try:
        session.api.unsupported = support.unsupported(session.api, support.reachable(session.api))
        if target.ask_for_accounts:
            target.accounts = discover(target.endpoint, target.region)
    except BaseException:
        session.close()
        raise
    outcome.endpoint, outcome.region = target.endpoint, target.region
    outcome.accounts, outcome.unsupported = tuple(target.accounts), session.api.unsupported
    return session
