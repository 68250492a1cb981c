"""Secrets that turn up where nobody expects them: in the message of an error, in a member that is none of the model.

What is known to be secret by its place (headers, members) is removed there (`exchange`). Here its values are kept for
as long as a run takes, and removed from whatever it says.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from dxcontract import cbor
from dxcontract.exchange import REMOVED, SECRET_MEMBERS
from dxcontract.target import Account

SHORTEST: Final = 6
_MEMBER: Final = re.compile(rf'"(?:{"|".join(sorted(SECRET_MEMBERS))})"\s*:\s*"((?:[^"\\]|\\.){{{SHORTEST},}})"')
_MARKS: Final = tuple(member.encode() for member in SECRET_MEMBERS)
_EVERYBODYS: Final = frozenset({"dxcontract"})
"""The secret key of emulators' accounts, which is in the manual."""


def of_accounts(accounts: Iterable[Account]) -> set[str]:
    """What must be seen of nobody's credentials; twelve-digit access keys are account ids of emulators, no secrets."""
    return {
        one
        for account in accounts
        for one in (account.access_key, account.secret_key, account.token)
        if one and len(one) >= SHORTEST and not one.isdecimal() and one not in _EVERYBODYS
    }


def in_body(body: bytes) -> set[str]:
    """The values of secret members in a body."""
    plain = cbor.as_json(body)
    return set(_MEMBER.findall(plain.decode("utf-8", "replace"))) if any(one in plain for one in _MARKS) else set()


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """`value` without any of `secrets` in its texts, at any depth."""
    ordered = sorted(secrets, key=len, reverse=True)
    if not ordered:
        return value
    pattern = re.compile("|".join(map(re.escape, ordered)))

    def without(inner: Any) -> Any:
        if isinstance(inner, str):
            return pattern.sub(REMOVED, inner)
        if isinstance(inner, dict):
            return {key: without(one) for key, one in inner.items()}
        if isinstance(inner, (list, tuple)):
            return [without(one) for one in inner]
        return inner

    return without(value)
