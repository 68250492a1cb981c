"""Determines the place and the symptom of a violation, independent of the test and of the drawn values.

A fingerprint is rule, operation, place and symptom (`verdict.fingerprint`). The place is the pointer from the root of
the judged body, without member names that only the request made up. The symptom states what the target answered
instead of a refusal or a success, or the type of a wrong error.
"""

import json
import re
from collections.abc import Container, Iterator
from typing import Final

from dxcontract.spec.model import Json, Operation, Spec, resolve
from dxcontract.wire.exchange import Exchange

ACCEPTED: Final = "accepted"
SERVER_ERROR: Final = "server-error"

_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_ERROR: Final = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,63}")


def symptom(exchange: Exchange) -> str:
    """The answer as a symptom: a success, a server error, or the type of an error."""
    if exchange.response is None:
        return "no-answer"
    if exchange.succeeded:
        return ACCEPTED
    if exchange.status >= 500:
        return SERVER_ERROR
    return error(exchange.error_type) if exchange.status >= 400 else f"status-{exchange.status}"


def error(kind: str | None) -> str:
    """The type of an error as a symptom."""
    if kind is None:
        return "untyped-error"
    return kind if _ERROR.fullmatch(kind) else "malformed-error-type"


def place(spec: Spec, operation: str, where: str, invented: Container[str], *, of_answer: bool) -> str:
    """The canonical form of `where`: a pointer from the root of the answer (if `of_answer`). It ends before a member
    whose name is made up: one that is `invented` by a request (`invented_names`), or that no member has.
    """
    if not where.startswith("/"):
        return where
    known = spec.operations.get(operation)
    if of_answer and known is not None:
        where = _from_root(known, where)
    kept: list[str] = []
    for step in where.split("/")[1:]:
        is_name = step in spec.member_names or (_NAME.fullmatch(step) and step.casefold() not in invented)
        if step != "*" and not is_name:
            break
        kept.append(step)
    return "".join(f"/{step}" for step in kept)


def invented_names(spec: Spec, request: bytes) -> set[str]:
    """The names in a request body that no member of any operation has, case-insensitively."""
    try:
        waiting = [json.loads(request)]
    except (ValueError, RecursionError):
        return set()
    found: set[str] = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found |= value.keys() - spec.member_names
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return {name.casefold() for name in found}


def _from_root(operation: Operation, where: str) -> str:
    """A pointer from the root of the answer for one that begins at what the answer lists or holds."""
    root = resolve(operation.response, operation.response)
    first = where.split("/")[1]
    members: Json = root.get("properties", {})
    if first in members:
        return where
    holders = [
        pointer for name, member in members.items() for pointer in _holding(operation, f"/{name}", member, first)
    ]
    return f"{holders[0]}{where}" if len(holders) == 1 else where


def _holding(operation: Operation, pointer: str, schema: Json, name: str) -> Iterator[str]:
    node = resolve(schema, operation.response)
    if "items" in node:
        pointer, node = f"{pointer}/*", resolve(node["items"], operation.response)
    if name in node.get("properties", {}):
        yield pointer
