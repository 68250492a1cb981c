"""The error of a refused request: type, message and status."""

from dataclasses import dataclass
from typing import Final

CLIENT: Final = "DirectConnectClientException"
SERVER: Final = "DirectConnectServerException"
# The modelled errors without members: their answers carry no message.
WITHOUT_MESSAGE: Final = frozenset({"DuplicateTagKeysException", "TooManyTagsException", "LimitExceededException"})


@dataclass
class ServiceError(Exception):
    """The request is refused; nothing it did remains (see `store.Store.transaction`).

    `rules` are those that demand the refusal, where `Rules.refuse_unless` cannot ask whether they are in force because
    the operation cannot go on: with one of them switched off the request is answered as if it had been performed.
    """

    code: str
    message: str
    status: int = 400
    rules: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def client_error(message: str) -> ServiceError:
    """The error that Direct Connect models for every bad request."""
    return ServiceError(CLIENT, message)


def unknown(message: str) -> ServiceError:
    """The error for an id of the right form that names nothing the caller may name."""
    return ServiceError(CLIENT, message, rules=("requests.unknown-ids",))


def malformed(message: str, rule: str) -> ServiceError:
    """The error for an id that has not the documented form, which this rule demands."""
    return ServiceError(CLIENT, message, rules=(rule,))
