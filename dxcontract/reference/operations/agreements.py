"""Operations on customer agreements, and the kind of partner of an account."""

from dataclasses import replace
from typing import Final

from dxcontract.reference.core.context import Call, World
from dxcontract.reference.core.errors import client_error
from dxcontract.reference.core.records import Agreement
from dxcontract.reference.core.registry import operation
from dxcontract.spec.model import Json

NAMES: Final = ("Direct Connect Service Terms", "Direct Connect Flat Rate Terms")


def _of(world: World, account: str) -> list[Agreement]:
    """The agreements of an account; every account has the same ones, unsigned at first."""
    store = world.store
    if not store.count(Agreement, "owner", account, ""):
        for name in NAMES:
            key = f"agreement:{account}:{name}"
            store.put(
                Agreement(id=key, serial=store.next_serial(), owner=account, region="", state="unsigned", name=name)
            )
    return store.find(Agreement, "owner", account, "")


@operation("DescribeCustomerMetadata")
def describe_customer_metadata(call: Call, request: Json) -> Json:
    """The agreements of the caller and its kind of partner."""
    partner = call.is_partner == call.rules.holds("agreements.partner-kind")
    return {
        "agreements": [{"agreementName": one.name, "status": one.state} for one in _of(call.world, call.account)],
        "nniPartnerType": "v2" if partner else "nonPartner",
    }


@operation("ConfirmCustomerAgreement")
def confirm_customer_agreement(call: Call, request: Json) -> Json:
    """Sign an agreement; the first one when none is named, since the model requires no name."""
    rules = call.rules
    name = request.get("agreementName", NAMES[0])
    if not rules.holds("requests.valid-accepted"):
        raise client_error("No agreement can be confirmed now.")
    found = [one for one in _of(call.world, call.account) if one.name == name]
    rules.refuse_unless("agreements.confirm-unknown", bool(found), f"No agreement is called {name}.")
    for one in found:
        if rules.holds("agreements.confirm-described"):
            call.store.put(replace(one, state="signed"))
    return {"status": "signed"}
