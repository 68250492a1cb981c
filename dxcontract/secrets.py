"""Secrets that turn up where nobody expects them: in the message of an error, in a member that is none of the model.

What is known to be secret by its place (headers, members) is removed there (`exchange`). Here its values are kept for
as long as a run takes, and removed from whatever it says.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from dxcontract import cbor
from dxcontract.exchange import REMOVED, SECRET_MEMBERS
from dxcontract.spec import load
from dxcontract.target import Account

SHORTEST: Final = 6
_MEMBER: Final = re.compile(rf'"(?:{"|".join(sorted(SECRET_MEMBERS))})"\s*:\s*"((?:[^"\\]|\\.){{{SHORTEST},}})"')
_MARKS: Final = tuple(member.encode() for member in SECRET_MEMBERS)
_STRUCTURE: Final = frozenset({"fingerprint", "rule", "operation", "level", "test", "tests", "claims", "verdicts"})
"""Members of a report that hold only what the suite itself says."""

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
    """The values of secret members in a body; a word of our own (`macsec`) is no secret, whoever uses it as one."""
    plain = cbor.as_json(body)
    if not any(one in plain for one in _MARKS):
        return set()
    found = set(_MEMBER.findall(plain.decode("utf-8", "replace")))
    return {one for one in found if one not in _own_words()}


@functools.cache
def _own_words() -> str:
    """What the suite itself says: removing that would spoil a report and hide nothing."""
    spec = load()
    rules = (f"{rule.id} {rule.statement} {rule.evidence}" for rule in spec.rules.values())
    members = (member for operation in spec.operations.values() for member in operation.members)
    return "\n".join([*rules, *spec.operations, *members, *spec.shapes, *spec.resources, "tests/contract/test_"])


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """`value` without any of `secrets` in its texts, at any depth."""
    # There may be thousands, of which hardly ever one occurs: looking for each is much faster than a pattern of all.
    whole = "\0".join(_texts(value))
    occurring = sorted((one for one in secrets if one in whole), key=len, reverse=True)
    if not occurring:
        return value
    pattern = re.compile("|".join(map(re.escape, occurring)))

    def without(inner: Any) -> Any:
        if isinstance(inner, str):
            return pattern.sub(REMOVED, inner)
        if isinstance(inner, dict):
            return {key: one if key in _STRUCTURE else without(one) for key, one in inner.items()}
        if isinstance(inner, (list, tuple)):
            return [without(one) for one in inner]
        return inner

    return without(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
