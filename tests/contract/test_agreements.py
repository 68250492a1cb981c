"""The partner type of an account, and the agreements that the account must sign."""

from typing import Any, Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.valid_requests import done
from strategies.world import World

DESCRIBE: Final = "DescribeCustomerMetadata"
CONFIRM: Final = "ConfirmCustomerAgreement"
PARTNERS: Final = ("v1", "v2")


@pytest.mark.rule("agreements.metadata")
@pytest.mark.parametrize("role", ["owner", "partner"])
def test_an_account_is_described(contract: Contract, world: World, role: Role) -> None:
    """Portals use the partner type to decide what an account may order."""
    exchange, kind, agreements = _metadata(world, role)
    rule, ok = "agreements.metadata", kind in (*PARTNERS, "nonPartner")
    contract.check(rule, ok, f"nniPartnerType is {kind!r}", exchange, where="/nniPartnerType")
    for member, allowed in (("agreementName", None), ("status", ("signed", "unsigned"))):
        found = [one.get(member) for one in agreements]
        wrong = [one for one in found if not (isinstance(one, str) and one and (allowed is None or one in allowed))]
        message = f"{member} of an agreement is {wrong[:1]}"
        contract.check(rule, not wrong, message, exchange, where=f"/agreements/*/{member}")


@pytest.mark.rule("agreements.partner-kind")
@pytest.mark.parametrize("role", ["owner", "partner"])
def test_partners_are_those_who_can_act_as_such(contract: Contract, world: World, role: Role) -> None:
    """An account that is described as a partner and refused as a non-partner cannot find the cause."""
    exchange, kind, _ = _metadata(world, role)
    if kind is None:
        raise Indeterminate("the answer does not say what kind of partner the account is")
    params = {"interconnectName": world.name(), "bandwidth": "1Gbps", "location": world.location()}
    order = world.call("CreateInterconnect", params, role=role)
    world.adopt("interconnect", "CreateInterconnect", order, params, role)
    ok = kind in PARTNERS if order.succeeded else kind == "nonPartner"
    if not (ok or order.succeeded or world.call("DescribeInterconnects", role=role).status == 400):
        raise Indeterminate(f"the order of a {kind} account was refused, perhaps not as that of no partner")
    message = f"nniPartnerType is {kind!r}, and CreateInterconnect was answered {order.told()}"
    contract.check("agreements.partner-kind", ok, message, order, exchange, where="/nniPartnerType")


@pytest.mark.rule("agreements.confirm-answer", "agreements.confirm-described")
def test_a_confirmed_agreement_is_signed(contract: Contract, world: World) -> None:
    """Processes wait for the signature, so a signed agreement must be described as signed."""
    _, _, agreements = _metadata(world, "owner")
    named = [one for one in agreements if isinstance(one.get("agreementName"), str)]
    open_first = sorted(named, key=lambda one: one.get("status") == "signed")
    if not open_first:
        raise Indeterminate("the account has no agreement")
    name = open_first[0]["agreementName"]
    exchange = done(world.call(CONFIRM, {"agreementName": name}))
    status = exchange.body.get("status")
    message = f"status is {status!r}"
    contract.check("agreements.confirm-answer", status == "signed", message, exchange, where="/status")
    after, _, agreements = _metadata(world, "owner")
    found = [one.get("status") for one in agreements if one.get("agreementName") == name]
    message = f"after it was confirmed, the agreement is described as {found}"
    ok, where = found == ["signed"], "/agreements/*/status"
    contract.check("agreements.confirm-described", ok, message, exchange, after, where=where)


@pytest.mark.rule("agreements.confirm-unknown")
def test_an_agreement_that_is_not_there_cannot_be_confirmed(contract: Contract, world: World) -> None:
    """A success would state that an agreement was signed."""
    exchange = world.call(CONFIRM, {"agreementName": world.name()})
    contract.refused("agreements.confirm-unknown", exchange, "an agreement that the account does not have")


def _metadata(world: World, role: Role) -> tuple[Exchange, Any, list[dict[str, Any]]]:
    """The description of an account: the exchange, the partner type and the agreements."""
    exchange = done(world.call(DESCRIBE, role=role))
    agreements = [one for one in at(exchange.body, "/agreements/*") if isinstance(one, dict)]
    return exchange, exchange.body.get("nniPartnerType"), agreements
