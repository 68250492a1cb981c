"""Finds account ids on a target without an STS.

Resources contain the id of the account that owns them. A gateway is free and needs no other resource. Therefore each
access key lists its gateways and LAGs, or creates and deletes a gateway.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dxcontract.client.client import Api
from dxcontract.spec.json_pointer import at
from dxcontract.targets.accounts import twelve_digits
from dxcontract.wire.credentials import ROLES, Role
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange

_LISTS: Final = (("DescribeDirectConnectGateways", "directConnectGateways"), ("DescribeLags", "lags"))
"""Lists of what only the caller owns; a list of connections may have those that a partner hosts."""
_MAKE: Final = "CreateDirectConnectGateway"
_DELETE: Final = "DeleteDirectConnectGateway"


def find(api: Api) -> str | None:
    """Add account ids to the accounts of a target whose owner has no known id; returns a note for the report, if
    any.

    Nothing is judged, and a real account is left alone.
    """
    target = api.target
    if target.is_real or target.accounts["owner"].account_id is not None:
        return None
    witness, api.witness = api.witness, _nobody
    try:
        return _found(api)
    finally:
        api.witness = witness


def _found(api: Api) -> str | None:
    target = api.target
    owner = _id(api, "owner")
    if owner is None:
        return "account ids are not known: the target has no STS, and no resource says whose it is; pass --accounts"
    target.accounts = {**target.accounts, "owner": replace(target.accounts["owner"], account_id=owner)}
    taken = {owner}
    for role in ROLES[1:]:
        if role in target.accounts:
            continue
        before = target.accounts
        target.accounts = {**before, role: twelve_digits(role)}
        found = _id(api, role)
        if found is None or found in taken:
            target.accounts = before
        else:
            target.accounts = {**before, role: replace(twelve_digits(role), account_id=found)}
            taken.add(found)
    if len(taken) == 1:
        return (
            "isolation between accounts was not tested: the target has no STS, and what other access keys make is "
            f"{owner}'s too; pass --accounts to name accounts"
        )
    return None


def _id(api: Api, role: Role) -> str | None:
    """The id of the account that a role's access key belongs to, as its resources say; None when none does."""
    return next((one for exchange in _asked(api, role) for one in _owners(exchange)), None)


def _asked(api: Api, role: Role) -> Iterator[Exchange]:
    try:
        for operation, _ in _LISTS:
            if operation not in api.unsupported:
                yield api.call(operation, role=role)
        name = f"{api.journal.prefix}account"
        made = api.call(_MAKE, {"directConnectGatewayName": name}, role=role)
        for gateway in at(made.json, "/directConnectGateway/directConnectGatewayId"):
            if isinstance(gateway, str) and _DELETE not in api.unsupported:
                api.call(_DELETE, {"directConnectGatewayId": gateway}, role=role)
        yield made
    except (Unsupported, Indeterminate):
        return  # it has no gateways, or does not answer: nothing is known of this key


def _owners(exchange: Exchange) -> list[str]:
    if not exchange.succeeded:
        return []
    places = ["/directConnectGateway/ownerAccount", *(f"/{member}/*/ownerAccount" for _, member in _LISTS)]
    return [one for place in places for one in at(exchange.json, place) if isinstance(one, str) and one]


def _nobody(_: Exchange) -> None:
    """Judges nothing: these calls are no test's."""
