"""Accounts and credentials, from `--accounts` or from the endpoint's STS.

`--accounts` is a comma-separated list of ROLE=WHO. ROLE is owner, other or partner. WHO is one of: a 12-digit account
id (used as access key, which many emulators accept), ACCESS_KEY:SECRET[:TOKEN], profile/NAME (of the AWS
configuration), or the ARN of an IAM role to assume through the endpoint's STS.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import botocore.config
import botocore.exceptions
import botocore.session

from dxcontract.targets.aws_hosts import is_key_of_aws
from dxcontract.targets.target import TargetError
from dxcontract.wire.botocore_adapter import UNUSABLE, carry
from dxcontract.wire.connection_pool import Transport
from dxcontract.wire.credentials import ROLES, Account, Role

DEFAULT_ACCOUNTS: Final[Mapping[Role, str]] = {
    "owner": "111111111111",
    "other": "222222222222",
    "partner": "333333333333",
}
STS_SECONDS: Final = 5.0
EMULATOR_SECRET: Final = "dxcontract"  # noqa: S105 - emulators that check signatures are told this one
_TWELVE_DIGITS: Final = re.compile(r"\d{12}")
_ROLE_ARN: Final = re.compile(r"arn:[^:]+:iam::(\d{12}):role/.+")


def parse(text: str, endpoint: str | None, region: str) -> dict[Role, Account]:
    """The accounts in the value of `--accounts`.

    Raises:
        TargetError: the text is malformed, names no owner, or a role cannot be assumed.
    """
    found: dict[Role, Account] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, who = part.partition("=")
        role = next((one for one in ROLES if one == name), None)
        if role is None or not equals or not who:
            raise TargetError(f"--accounts: {name!r} is not ROLE=WHO with one of the roles {', '.join(ROLES)}")
        found[role] = _account(role, who, found.get("owner"), endpoint, region)
    if "owner" not in found:
        raise TargetError("--accounts must name at least owner=…")
    return found


def _account(role: Role, who: str, owner: Account | None, endpoint: str | None, region: str) -> Account:
    if _TWELVE_DIGITS.fullmatch(who):
        return Account(role, who, EMULATOR_SECRET, account_id=who, made_up=True)
    if _ROLE_ARN.fullmatch(who):
        assumed = assume(role, who, owner or twelve_digits("owner"), endpoint, region)
        if assumed is None:
            raise TargetError(f"--accounts: {who} cannot be assumed through the endpoint's STS")
        return assumed
    if who.startswith("profile/"):
        return from_profile(role, who.removeprefix("profile/"))
    key, colon, rest = who.partition(":")
    secret, _, token = rest.partition(":")
    if not colon or not secret:
        raise TargetError(
            f"--accounts: {role} is neither 12 digits, ACCESS_KEY:SECRET[:TOKEN], profile/NAME nor a role's ARN"
        )
    return Account(role, key, secret, token or None, made_up=not is_key_of_aws(key))


def twelve_digits(role: Role) -> Account:
    """The default account of a role: a 12-digit access key, which many emulators accept as the account id."""
    return Account(role, DEFAULT_ACCOUNTS[role], EMULATOR_SECRET, account_id=DEFAULT_ACCOUNTS[role], made_up=True)


def from_profile(role: Role, profile: str | None) -> Account:
    """The credentials of a profile (None: botocore's default search order).

    Raises:
        TargetError: there are none.
    """
    try:
        credentials = botocore.session.Session(profile=profile).get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise TargetError(f"no AWS credentials for profile {profile}: {error}") from error
    if credentials is None or not credentials.access_key or not credentials.secret_key:
        raise TargetError("no AWS credentials found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or pass --accounts=owner=…")
    return Account(role, credentials.access_key, credentials.secret_key, credentials.token)


def discover(endpoint: str, region: str) -> dict[Role, Account]:
    """The accounts that an emulator offers, identified by its STS.

    Twelve-digit access keys are tried first, then roles to assume. Without an STS, or where all are one account,
    there is an owner only: what needs a second account is then unsupported, not blamed on the target.
    """
    owner = twelve_digits("owner")
    own_id = identity(owner, endpoint, region)
    found: dict[Role, Account] = {"owner": _known(owner, own_id)}
    if own_id is None:
        return found
    taken = {own_id}
    for role in ROLES[1:]:
        direct = twelve_digits(role)
        candidates = [direct] if own_id == owner.access_key else []
        assumed = assume(role, f"arn:aws:iam::{DEFAULT_ACCOUNTS[role]}:role/dxcontract", owner, endpoint, region)
        candidates += [assumed] if assumed is not None else []
        for candidate in candidates:
            account_id = identity(candidate, endpoint, region)
            if account_id is not None and account_id not in taken:
                taken.add(account_id)
                found[role] = _known(candidate, account_id)
                break
    return found


def _known(account: Account, account_id: str | None) -> Account:
    return replace(account, account_id=account_id)


def identity(account: Account, endpoint: str | None, region: str) -> str | None:
    """The account id that STS returns for these credentials; None without an STS."""
    answer = _sts(account, endpoint, region, "get_caller_identity", {})
    found = answer.get("Account") if answer else None
    return str(found) if found else None


def assume(role: Role, arn: str, caller: Account, endpoint: str | None, region: str) -> Account | None:
    """Credentials of the IAM role `arn`; None if STS returns none.

    They are as made up as those of the caller: AWS gives none to keys that it did not give out.
    """
    answer = _sts(caller, endpoint, region, "assume_role", {"RoleArn": arn, "RoleSessionName": "dxcontract"})
    found: Any = (answer.get("Credentials") if answer else None) or {}
    key, secret, token = (found.get(member) for member in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    if not (key and secret and token):
        return None
    return Account(role, key, secret, token, arn.split(":")[4], caller.made_up)


def _sts(account: Account, endpoint: str | None, region: str, method: str, params: dict[str, str]) -> Any:
    client = botocore.session.Session().create_client(
        "sts",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
        aws_session_token=account.token,
        config=botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )
    transport = Transport(STS_SECONDS)
    carry(client, transport.send)
    try:
        return getattr(client, method)(**params)
    except UNUSABLE:
        return None  # there is no STS, or not for us: the caller goes on with fewer accounts, and says so
    finally:
        transport.close()
