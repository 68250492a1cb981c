"""Detects whether a target speaks Direct Connect, and which operations it implements.

An operation is unsupported if the target answers it like an operation name that cannot exist, or states that it is
not implemented. Known answers are 500 with HTML, 501 InternalFailure, 400 UnsupportedOperation, 404, and 200 with an
empty body.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from dxcontract.client.client import THROTTLES, Api
from dxcontract.client.liveness import PLAIN
from dxcontract.spec.model import Json, Operation, resolve
from dxcontract.targets import usage_errors
from dxcontract.targets.target import TargetError
from dxcontract.wire import cbor
from dxcontract.wire.common_errors import CREDENTIALS, EXPIRED
from dxcontract.wire.errors import Unsupported
from dxcontract.wire.exchange import Exchange

NONSENSE: Final = "DxcontractOperationThatCannotExist"
PROBE_SECONDS: Final = 4.0
NOT_IMPLEMENTED: Final = frozenset(
    {"UnknownOperationException", "UnknownOperation", "UnsupportedOperation", "UnsupportedOperationException",
     "NotImplemented", "NotImplementedException", "InvalidAction"}
)  # fmt: skip
UNKNOWN_IDS: Final[dict[str, str]] = {
    "connection": "dxcon-zzzzzzzz",
    "hosted-connection": "dxcon-zzzzzzzz",
    "interconnect": "dxcon-zzzzzzzz",
    "lag": "dxlag-zzzzzzzz",
    "virtual-interface": "dxvif-zzzzzzzz",
    "bgp-peer": "dxpeer-zzzzzzzz",
    "direct-connect-gateway": "00000000-0000-4000-8000-000000000000",
    "gateway-association": "00000000-0000-4000-8000-000000000000",
    "association-proposal": "00000000-0000-4000-8000-000000000000",
    "virtual-gateway": "vgw-00000000000000000",
    "resiliency-group": "dxrg-zzzzzzzzzzzzzzzzz",
    "arn": "arn:aws:directconnect:us-east-1:111111111111:dxcon/dxcon-zzzzzzzz",
    "account": "111111111111",
    "location": "DXCONTRACT-NOWHERE",
}
_VARYING: Final = re.compile(r"[0-9a-fA-F-]{8,}|\d+|" + NONSENSE)
_WORDS_FOR: Final = {
    "refused": "refuses connections; is it running?",
    "timeout": f"accepted the connection but did not answer within {PROBE_SECONDS:.0f} seconds",
    "reset": "closed the connection without an answer",
    "not-http": "answered with something other than HTTP",
    "tls": "has no trusted TLS certificate",
    "other": "gave no usable answer",
}
_TELLING: Final = frozenset({"tls", "other"})
"""Failures whose details are more specific than the words above."""

MOST_SILENT: Final = 3
"""Maximum number of operations that may stay unanswered before the run ends."""


def reachable(api: Api) -> Exchange:
    """Call an operation that cannot exist, and return the exchange. The target answers unsupported operations alike.

    Raises:
        TargetError: no HTTP server answers at the endpoint.
    """
    exchange = _asked_twice(api, NONSENSE, {})
    if exchange.response is None:
        raise TargetError(f"target {api.target.endpoint} {_failed(exchange)}")
    _not_throttled(exchange, api)
    if exchange.status == 503:
        raise TargetError(
            f"target {api.target.endpoint} is not ready: it still answers {exchange.told()} after the time limit "
            "(--slow-down-seconds)"
        )
    return exchange


def _asked_twice(api: Api, operation: str, body: Json) -> Exchange:
    """Send a request twice and return the answer; if the answers differ, return a third one."""
    first = api.ask(operation, body, PROBE_SECONDS)
    if first.failure in ("refused", "timeout", "tls"):
        return first
    second = api.ask(operation, body, PROBE_SECONDS)
    same = _signature(first) == _signature(second)
    return second if same else api.ask(operation, body, PROBE_SECONDS)


def _not_throttled(exchange: Exchange, api: Api) -> None:
    """Check that the target does not throttle the probe. The client has already waited for the time limit.

    Raises:
        TargetError: it throttles; the message says what to do.
    """
    if exchange.status == 429 or exchange.error_type in THROTTLES:
        raise TargetError(
            f"target {api.target.endpoint} throttles requests ({exchange.told()} to {exchange.operation}), also after "
            "all retries; send fewer (--rate=1 for one call per second), or wait longer (--slow-down-seconds)"
        )


def _accepted(api: Api) -> None:
    """Check that the target accepts the credentials of every account.

    Raises:
        TargetError: it refuses some of them; the message names the role.
    """
    for role in api.target.accounts:
        exchange = api.ask(PLAIN, {}, PROBE_SECONDS, role)
        _not_throttled(exchange, api)
        if exchange.error_type in CREDENTIALS:
            what = "have expired; renew them" if exchange.error_type in EXPIRED else "are not accepted; use others"
            raise TargetError(
                f"the endpoint refuses the credentials of {role}: they {what} ({api.target.endpoint} answers "
                f"{exchange.told()}); set --accounts={role}=KEY:SECRET[:TOKEN], profile/NAME or, for an emulator, "
                "12 digits"
            )


def _failed(exchange: Exchange) -> str:
    words = _WORDS_FOR[exchange.failure or "other"]
    if exchange.failure == "refused" and "resolve" in exchange.detail:
        words = "has a host name that cannot be resolved; check its spelling"
    said = f"{words}: {exchange.detail:.200}" if exchange.failure in _TELLING and exchange.detail else words
    return "; ".join(filter(None, (said, usage_errors.way_out(exchange))))


def lacks_cbor(api: Api) -> str | None:
    """The reason why the target does not support CBOR; None if it does."""
    before, api.protocol = api.protocol, "cbor"
    try:
        exchange = api.ask(PLAIN, {}, PROBE_SECONDS)
    finally:
        api.protocol = before
    headers = exchange.response.headers if exchange.response else {}
    if headers.get("content-type", "").startswith(cbor.CONTENT_TYPE) and isinstance(exchange.json, dict):
        return None
    return f"{api.target.name} does not speak {cbor.HEADER[1]}: it answers {exchange.told()} to {PLAIN}"


def unsupported(api: Api, nonsense: Exchange) -> dict[str, str]:
    """The operations that the target lacks or that must not be sent to it, each with the reason.

    Raises:
        TargetError: the target lacks all of them, or stops answering.
    """
    _accepted(api)
    mark = _signature(nonsense)
    operations = list(api.spec.operations.values())
    silent: list[str] = []
    first = _probe(api, operations[0], mark, silent)
    with ThreadPoolExecutor(max_workers=8) as pool:
        rest = list(pool.map(lambda operation: _probe(api, operation, mark, silent), operations[1:]))
    found = {operation.name: why for operation, why in zip(operations, [first, *rest], strict=True) if why}
    # An operation without an answer, or with the answer of the unknown operation, is no evidence of Direct Connect.
    if len(found.keys() | set(silent)) == len(operations):
        region = usage_errors.unlikely_region(api.target.region)
        every = len(found) == len(operations)
        many = f"all {len(operations)}" if every else f"{len(found)} of {len(operations)}"
        raise TargetError(
            f"target {api.target.endpoint} does not speak Direct Connect: it answers {many} operations like an unknown "
            f"operation ({nonsense.told()}){'' if every else ', and the others not at all'}"
            f"{f'; {region}' if region else ''}"
        )
    return found


def _probe(api: Api, operation: Operation, mark: object, silent: list[str]) -> str | None:
    """The reason why the target lacks an operation; None if it implements it, or if up to MOST_SILENT get no answer.

    Raises:
        TargetError: too many operations get no answer.
    """
    if reason := api.target.refusal(operation):
        return reason
    if api.target.is_real and operation.traits.effect != "read":
        return None  # AWS implements all operations; the probe sends no writes
    told = ""
    for body in ({}, typical(operation, f"{api.journal.prefix}probe")):
        try:
            exchange = api.ask(operation.name, body, PROBE_SECONDS)
            if _is_doubtful(exchange, mark):
                exchange = _asked_twice(api, operation.name, body)
        except Unsupported as reason_given:
            return str(reason_given)
        _not_throttled(exchange, api)
        if exchange.response is None:
            silent.append(operation.name)
            if exchange.failure == "refused" or len(silent) > MOST_SILENT:
                raise TargetError(f"target {api.target.endpoint} {_failed(exchange)} (request: {operation.name})")
            return None
        if not _looks_unsupported(exchange, mark):
            return None
        told = exchange.told()
    return f"{operation.name} is not implemented: the target answers {told}, as for an unknown operation"


def _is_doubtful(exchange: Exchange, mark: object) -> bool:
    """Whether to send the request again: no answer, a server error, or an answer as for an unknown operation."""
    if exchange.response is None:
        return exchange.failure not in ("refused", "timeout", "tls")
    return exchange.status >= 500 or _looks_unsupported(exchange, mark)


def _looks_unsupported(exchange: Exchange, mark: object) -> bool:
    assert exchange.response is not None
    if exchange.status == 501 or exchange.error_type in NOT_IMPLEMENTED:
        return True
    if exchange.status == 200 and not exchange.response.body:
        return True
    return _signature(exchange) == mark


def _signature(exchange: Exchange) -> tuple[int, str | None, str]:
    if exchange.response is None:
        return 0, exchange.failure, ""
    text = exchange.response.body.decode("utf-8", "replace").replace(exchange.operation, NONSENSE)
    return exchange.status, exchange.error_type, _VARYING.sub("*", text)


def typical(operation: Operation, name: str) -> Json:
    """A request with all required members and unknown ids; every other string is `name`."""
    takes = {pointer: UNKNOWN_IDS[kind] for pointer, kind in operation.traits.takes.items()}
    body = _typical(operation.request, operation.request, "", takes, name)
    assert isinstance(body, dict)
    return body


def _typical(schema: Json, root: Json, pointer: str, takes: dict[str, str], text: str) -> Any:
    node = resolve(schema, root)
    if pointer in takes:
        return takes[pointer]
    if "enum" in node:
        return node["enum"][0]
    kind = node["type"]
    if kind == "object":
        wanted = node.get("required", [])
        return {name: _typical(node["properties"][name], root, f"{pointer}/{name}", takes, text) for name in wanted}
    if kind == "array":
        return [_typical(node["items"], root, f"{pointer}/*", takes, text)]
    if kind in ("integer", "number"):
        return max(1, node.get("minimum", 1))
    return False if kind == "boolean" else text
