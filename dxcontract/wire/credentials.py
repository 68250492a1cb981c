"""Credentials to sign a request with, and the role of the account that they belong to."""

from dataclasses import dataclass, field
from typing import Final, Literal

Role = Literal["owner", "other", "partner"]


ROLES: Final[tuple[Role, ...]] = ("owner", "other", "partner")


@dataclass(frozen=True)
class Account:
    """Credentials of an account. `account_id` is None if the endpoint was not asked for it.

    `made_up`: AWS refuses them, as nobody there gave them out: not those of a profile or of the environment, and not
    what looks like keys of AWS, unless made-up ones were enough to be given them by an endpoint's STS.
    """

    role: Role
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    account_id: str | None = None
    made_up: bool = False
