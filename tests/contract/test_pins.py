"""Pinned violations, which run first in every run.

`--pins=DIR` gives the folder; without it there are none. A pin is a file of specs/schemas/finding.json.
"""

from dxcontract.oracle.assertions import Contract
from dxcontract.reproduce import judge
from dxcontract.run.session import Session
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from strategies.replay import performed
from strategies.world import World

ATTEMPTS = 3


def test_a_pinned_violation(dx: Session, contract: Contract, world: World, pin: Json) -> None:
    """A fixed bug must not return unnoticed."""
    for _ in range(ATTEMPTS):
        shown = performed(dx, world, pin)
        if shown.verdict == judge.UNCLEAR:
            raise Indeterminate(f"the pin of {pin['fingerprint']} cannot be told: {shown.why}")
        if shown.verdict == judge.STILL:
            break
    if pin["claim"].get("by") == "suite":
        return  # judged as every answer is
    gone = shown.verdict == judge.GONE
    if gone and "asks" not in pin["claim"]:
        return  # answered otherwise than then: whether well, the other tests of the rule say
    message = f"{pin['message']} (pinned)"
    contract.check(
        pin["rule"],
        gone,
        message,
        *shown.exchanges,
        where=pin["where"],
        operation=pin["operation"],
        claim=pin["claim"],
    )
