"""One request and its answer, as on the wire. All checks judge exchanges."""

import functools
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dxcontract.wire import cbor, raw_request_format
from dxcontract.wire.errors import UnusableAnswer
from dxcontract.wire.messages import Failure, Request, Response, error_type
from dxcontract.wire.safe_text import one_line, printable

ANY_OPERATION: Final = "*"
"""In place of an operation's name: the request names none as Direct Connect asks for it."""

SECRET_HEADERS: Final = frozenset({"authorization", "x-amz-security-token"})
SECRET_MEMBERS: Final = frozenset({"authKey", "cak", "ckn", "loaContent", "customerRouterConfig"})
REMOVED: Final = "(removed)"
SHOWN_BODY: Final = 4096
MOST_HEADERS: Final = 64
LONGEST_HEADER: Final = 4096

LARGE: Final = 64 * 1024
"""Bytes of an answer from which on it is held no longer than it is looked at."""

MOST_IDS: Final = 10_000
LONGEST_ID: Final = 1024
LONGEST_TYPE: Final = 256
"""Characters of an error's type."""

Cut = Callable[[str, int], str]


def cut_off(text: str, length: int) -> str:
    """The beginning of a text."""
    return text[:length]


@dataclass(frozen=True)
class Exchange:
    """One call: account, operation, Region, request, answer and duration.

    `response` is None when nothing came back; then `failure` says how, and `detail` in words. `client_error` is set
    when boto3 could not make sense of the answer. Exchanges with the same `together` (but 0) took place at the same
    time. `cut` shortens what is quoted, with no half of a secret at its end.
    """

    operation: str
    account: str
    region: str
    request: Request
    response: Response | None
    seconds: float
    failure: Failure | None = None
    detail: str = ""
    client_error: str | None = None
    raw: bool = False
    order: int = field(default=0, compare=False)
    together: int = 0
    cut: Cut = field(default=cut_off, compare=False, repr=False)

    @functools.cached_property
    def json(self) -> Any:
        """The body as JSON (in CBOR: as the JSON that says the same), None when it is neither or there is no answer."""
        return None if self.response is None else self.response.json

    @functools.cached_property
    def asked(self) -> bytes:
        """The body of the request as JSON, whatever the protocol."""
        return cbor.as_json(self.request.body)

    @property
    def protocol(self) -> cbor.Protocol:
        """The protocol of the request: JSON unless its headers say otherwise."""
        name, value = cbor.HEADER
        spoken = any((one.lower(), said.lower()) == (name, value) for one, said in self.request.headers)
        return "cbor" if spoken else "json"

    @functools.cached_property
    def given_ids(self) -> frozenset[bytes]:
        """The ids in the answer, quoted as in a request: values of members whose names end in Id."""
        found = itertools.islice(_ids(self.json), MOST_IDS)
        return frozenset(f'"{value}"'.encode("utf-8", "surrogatepass") for value in found if len(value) <= LONGEST_ID)

    @property
    def status(self) -> int:
        """The HTTP status; 0 without an answer."""
        return self.response.status if self.response else 0

    @property
    def succeeded(self) -> bool:
        return self.status == 200

    @property
    def unreadable(self) -> bool:
        """Whether the status is a success but the body is not a JSON object."""
        return self.succeeded and not isinstance(self.json, dict)

    @property
    def refused(self) -> bool:
        """Whether the service refused the request: a 4xx status and an error with a type."""
        return 400 <= self.status < 500 and self.error_type is not None

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of a success.

        Raises:
            UnusableAnswer: the answer is no success, or cannot be read: it describes nothing.
        """
        if self.succeeded and isinstance(self.json, dict):
            return self.json
        why = self.why()
        raise UnusableAnswer(f"{self.operation} was answered {self.told()}{f' ({why})' if why else ''}")

    @property
    def error(self) -> dict[str, Any]:
        """The JSON object of an error; empty if there is none."""
        return self.json if isinstance(self.json, dict) and not self.succeeded else {}

    @functools.cached_property
    def error_type(self) -> str | None:
        """The type of the error; None without an answer or an error."""
        if self.response is None or self.response.status < 300:
            return None
        return error_type(self.response, self.json)

    @property
    def error_message(self) -> str:
        """The message of the error; empty without an error or a message."""
        said = self.error.get("message") or self.error.get("Message") or ""
        return said if isinstance(said, str) else f"{said!r:.{LARGE}}"

    def why(self) -> str:
        """The beginning of the error message, for quotation."""
        return one_line(self.cut(self.error_message, 120))

    def told(self) -> str:
        """The answer in a few words: `200`, `400 DirectConnectClientException`, `nothing (timeout)`."""
        if self.response is None:
            return f"nothing ({self.failure})"
        if self.error_type:
            return f"{self.status} {self.cut(self.error_type, LONGEST_TYPE)}"
        kind = self.response.headers.get("content-type", "no content type").split(";")[0]
        if self.json is not None:
            return f"{self.status}"
        return f"{self.status} with a body that is no JSON ({one_line(kind, LONGEST_TYPE)})"

    @functools.cached_property
    def asked_shown(self) -> str:
        """The body of the request as a report shows it."""
        return shown(self.request.body, self.cut)

    def sent(self) -> str:
        """The body that was sent, shortened to one line, without secrets."""
        text = self.asked_shown
        return text if len(text) <= 200 else self.cut(text, 197) + "..."

    @property
    def is_large(self) -> bool:
        return self.response is not None and len(self.response.body) > LARGE

    def light(self) -> "Exchange":
        """The exchange in the form that is kept: of a large answer, only the shown part and the ids."""
        if not self.is_large:
            return self
        assert self.response is not None
        response = Response(self.response.status, self.response.headers, self.response.body[:LARGE])
        light = replace(self, response=response)
        light.__dict__.update(_report=self._report, given_ids=self.given_ids, json=None)
        return light

    def to_report(self) -> Mapping[str, Any]:
        """The exchange for a report: bodies as text, without credentials and secrets. Formatted only once, because
        one exchange may show many violations.
        """
        return self._report

    @functools.cached_property
    def _report(self) -> Mapping[str, Any]:
        return {
            "operation": self.operation,
            "account": self.account,
            "region": self.region,
            "request": {
                "method": self.request.method,
                "url": self.request.url,
                "headers": _shown_headers(self.request.headers),
                "body": self.asked_shown,
                **raw_request_format.of(self.request, self.raw),
            },
            "response": None
            if self.response is None
            else {
                "status": self.response.status,
                "headers": _shown_headers(tuple(self.response.headers.items())),
                "body": shown(self.response.body, self.cut),
            },
            "failure": self.failure,
            "seconds": round(self.seconds, 4),
            **({"raw": True} if self.raw else {}),
            **({"together": self.together} if self.together else {}),
        }


def kept(exchanges: Sequence[Exchange]) -> Sequence[Mapping[str, Any]]:
    """Exchanges as evidence: formatted when needed, or at once if this frees a large answer."""
    if any(one.is_large for one in exchanges):
        return tuple(one.to_report() for one in exchanges)
    return Shown(exchanges)


class Shown(Sequence[Mapping[str, Any]]):
    """Exchanges as a report shows them, formatted when needed, because most evidence is replaced earlier."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = exchanges

    def __len__(self) -> int:
        return len(self._exchanges)

    def __getitem__(self, place: Any) -> Any:
        wanted = self._exchanges[place]
        return wanted.to_report() if isinstance(wanted, Exchange) else Shown(wanted)

    def asked(self) -> list[str]:
        """The bodies of the requests."""
        return [one.asked_shown for one in self._exchanges]


def heading(operation: str) -> str:
    """The name of an operation as a heading; a phrase for requests without an operation."""
    return "Requests that name no operation" if operation == ANY_OPERATION else operation


def without_secrets(value: Any) -> Any:
    """`value` with secret members replaced, at any depth."""
    if isinstance(value, dict):
        return {
            key: _without_texts(inner) if key in SECRET_MEMBERS else without_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def _without_texts(value: Any) -> Any:
    """What a secret member holds, with its texts removed, whatever form it has."""
    if isinstance(value, dict):
        return {key: _without_texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_texts(inner) for inner in value]
    return REMOVED if isinstance(value, str) and value else value


def shown(body: bytes, cut: Cut = cut_off, most: int = SHOWN_BODY) -> str:
    """A body as text, without secrets and with limited length."""
    body = cbor.as_json(body)
    try:
        text = json.dumps(without_secrets(json.loads(body)), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        text = body[: 4 * most].decode("utf-8", "backslashreplace")
        if any(f'"{member}"' in text for member in SECRET_MEMBERS):
            text = f"{REMOVED}: {len(body)} bytes that are no JSON and name a secret member"
    return printable(text if len(text) <= most else cut(text, most) + f"... ({len(body)} bytes)")


def _shown_headers(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    kept = headers if len(headers) <= MOST_HEADERS else headers[:MOST_HEADERS]
    return {
        one_line(name, LONGEST_HEADER): REMOVED if name.lower() in SECRET_HEADERS else one_line(value, LONGEST_HEADER)
        for name, value in kept
    }


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and name.endswith("Id") and name != "awsLogicalDeviceId" and inner:
                yield inner
            else:
                yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)
