"""The accounts behind access keys, and the accounts of partners."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ENTRY: Final = re.compile(r"(?P<key>[^:=]+):(?P<secret>[^=]*)=(?P<account>[0-9]{12})")
DEFAULT_SECRET: Final = "dxcontract"  # noqa: S105  # a secret that is printed in the documentation
DEFAULT_PARTNERS: Final = ("333333333333",)


@dataclass(frozen=True)
class Credential:
    """What an access key stands for."""

    account: str
    secret: str


class Accounts:
    """Access keys, and partners. Any 12 digits are the access key of the account with that number."""

    def __init__(
        self,
        entries: Iterable[str] = (),
        partners: Iterable[str] = DEFAULT_PARTNERS,
        secret: str = DEFAULT_SECRET,
    ) -> None:
        """Read entries of the form KEY:SECRET=ACCOUNT.

        Raises:
            ValueError: an entry or a partner is malformed; the message shows the form.
        """
        self._secret = secret
        self._by_key: dict[str, Credential] = {}
        for entry in entries:
            if not (match := _ENTRY.fullmatch(entry)):
                raise ValueError(f"{entry!r} is no account; write KEY:SECRET=ACCOUNT with 12 digits for ACCOUNT")
            self._by_key[match["key"]] = Credential(match["account"], match["secret"])
        self._partners = frozenset(partners)
        for partner in self._partners:
            if not _ACCOUNT.fullmatch(partner):
                raise ValueError(f"{partner!r} is no partner; an account is 12 digits")

    def credential(self, access_key: str) -> Credential | None:
        """What this access key stands for; None for a key that nobody has."""
        if found := self._by_key.get(access_key):
            return found
        return Credential(access_key, self._secret) if _ACCOUNT.fullmatch(access_key) else None

    def is_partner(self, account: str) -> bool:
        """Whether this account may use the operations for Direct Connect partners."""
        return account in self._partners
