"""Removes secrets from text. A vault collects the secrets before anything can be quoted.

Secrets are the credentials of the caller, the values that the run sends in secret members (known before they are
sent), and the values that come back in such members (known before the answer is judged). A known secret is removed
everywhere and in every spelling: in an error message, in an unknown member, in an HTML page. A value that the target
invents and does not mark as secret cannot be recognized.
"""

import base64
import contextlib
import functools
import html
import json
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

from dxcontract.spec.model import load
from dxcontract.wire import cbor
from dxcontract.wire.credentials import Account
from dxcontract.wire.exchange import REMOVED, SECRET_MEMBERS
from dxcontract.wire.safe_text import printable

SHORTEST: Final = 6
SHORTEST_BASE64: Final = 8
LONGEST: Final = 4096
"""A longer secret is many of that length."""

MOST: Final = 16 * 1024 * 1024
"""Characters of all secrets: a target that tells ever more of them does not take all memory. What the run sends, and
the members that hold secrets, are found all the same."""

UNMISTAKABLE: Final = 16
"""A secret of that length is no word of the suite by chance: it is removed from identities and from keys, too."""

_MEMBER: Final = re.compile(
    rf'"(?:{"|".join(sorted(SECRET_MEMBERS))})"\s*:\s*"((?:[^"\\]|\\.){{{SHORTEST},}})(?:"|\\?\Z)', re.DOTALL
)
_MARKS: Final = tuple(member.encode() for member in SECRET_MEMBERS)
_STRUCTURE: Final = frozenset({"fingerprint", "rule", "operation", "level", "test", "tests", "claims", "verdicts"})
"""Members of a report that hold what the suite itself says."""

_EVERYBODYS: Final = frozenset({"dxcontract"})
"""The secret key of emulators' accounts, which is in the manual."""


class Vault:
    """The secrets of one process of a run, in all spellings. Safe for concurrent use."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, None] = {}
        self._known: set[str] = set()
        self._by_start: dict[str, list[str]] = {}
        self._size = 0
        self._told = 0
        self.keep(values)

    def keep(self, values: Iterable[str]) -> None:
        """Add secrets."""
        with self._lock:
            for one in values:
                if one not in self._values and self._size < MOST:
                    self._values[one] = None
                    for spelling in _spelt(one):
                        self._keep(spelling.lower())

    def _keep(self, spelling: str) -> None:
        if spelling not in self._known:
            self._known.add(spelling)
            self._size += len(spelling)
            self._by_start.setdefault(spelling[:SHORTEST], []).append(spelling)

    def learn(self, body: bytes, read: Callable[[], Any] | None = None) -> None:
        """From now on what this body has in members that hold secrets is secret; `read` gives what it says, where that
        is wanted elsewhere, too."""
        self.keep(in_body(body, read))

    def news(self) -> list[str]:
        """What became known since this was asked last: for the other processes of the run, and nobody else."""
        with self._lock:
            found = list(self._values)[self._told :]
            self._told = len(self._values)
        return found

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and value.lower() in self._known

    def scrubbed(self, value: Any) -> Any:
        """`value` without any of the secrets in its texts, at any depth."""
        whole = "\0".join(_texts(value))
        return scrubbed(value, self._begun_in(whole, len(whole)))

    def cut(self, text: str, length: int) -> str:
        """At most `length` characters of a text, without a partial secret at the end."""
        if len(text) <= length:
            return text
        begun = self._begun_in(text, length)  # no others: texts may be a thousand times as long as what is kept
        if not begun:
            return text[:length]
        found = _pattern(begun).finditer(text, 0, length + max(map(len, begun)))
        end = max([length, *(one.end() for one in found if one.start() < length)])
        return str(scrubbed(text[:end], begun))[:length]

    def _begun_in(self, text: str, length: int) -> list[str]:
        """The secrets in a text of which at least one begins within its first `length` characters.

        A run knows thousands of secrets, of which hardly ever one occurs, and cleans thousands of texts: what stands in
        a text is looked up among how secrets begin, so that the time does not grow with their number.
        """
        text = _lower(text)
        starts = {text[at : at + SHORTEST] for at in range(min(length, len(text)))}
        with self._lock:
            candidates = [one for start in starts & self._by_start.keys() for one in self._by_start[start]]
        return [one for one in candidates if one in text]


def of_accounts(accounts: Iterable[Account]) -> set[str]:
    """The secret parts of credentials; 12-digit access keys are account ids of emulators, not secrets."""
    return {
        one
        for account in accounts
        for one in (account.access_key, account.secret_key, account.token)
        if one and len(one) >= SHORTEST and not one.isdecimal() and one not in _EVERYBODYS
    }


def in_body(body: bytes, read: Callable[[], Any] | None = None) -> set[str]:
    """The values of secret members in a body; a word of our own (`macsec`) is no secret, whoever uses it as one."""
    plain = cbor.as_json(body)
    if not any(one in plain for one in _MARKS):
        return set()
    # As text first: a member may be there twice, or the body be cut off.
    found = {_unescaped(one) for one in _MEMBER.findall(plain.decode("utf-8", "replace"))}
    found.update(_below_secret_members(read() if read else cbor.document(plain)))
    return {
        piece
        for one in found
        if len(one) >= SHORTEST and one.lower() not in _own_words()
        for piece in (one[max(0, min(at, len(one) - LONGEST)) :][:LONGEST] for at in range(0, len(one), LONGEST))
    }


def _below_secret_members(value: Any) -> Iterator[str]:
    """The texts in secret members of a document, whatever stands between."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _texts(inner) if member in SECRET_MEMBERS else _below_secret_members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _below_secret_members(inner)


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _spelt(value: str) -> Iterator[str]:
    """A secret as it may be written: as it is, in JSON, in a URL, in HTML, as Python shows it, in hex, in base64.

    Upper and lower case do not matter: texts are compared without.
    """
    yield value
    data = value.encode("utf-8", "backslashreplace")
    yield data.hex()
    yield from _in_base64(data)
    if value.isalnum() and value.isascii():
        return
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (html.escape(value), html.escape(value, quote=False), printable(value))
    with contextlib.suppress(UnicodeEncodeError):  # half of a surrogate pair stands in no URL
        yield from (quote(value), quote(value, safe=""), quote_plus(value))


def _in_base64(data: bytes) -> Iterator[str]:
    """What is the same in the base64 of any text with `data` in it, by where in a group of three bytes that begins."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode("ascii")
        whole = 4 * ((before + len(data)) // 3)
        found = text[(0, 2, 3)[before] : whole + (0, 1, 2)[(before + len(data)) % 3]]
        if len(found) >= SHORTEST_BASE64:
            yield found
            yield found.replace("+", "-").replace("/", "_")


def _lower(text: str) -> str:
    """`text` in lower case, each character in its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(one if len(one.lower()) > 1 else one.lower() for one in text)


@functools.cache
def _own_words() -> str:
    """What the suite itself says: removing that would spoil a report and hide nothing."""
    spec = load()
    rules = (f"{rule.id} {rule.statement} {rule.evidence}" for rule in spec.rules.values())
    members = (member for operation in spec.operations.values() for member in operation.members)
    words = [*rules, *spec.operations, *members, *spec.shapes, *spec.resources, "tests/contract/test_"]
    return "\n".join(words).lower()


def scrubbed(value: Any, secrets: Collection[str]) -> Any:
    """`value` without any of `secrets` in its texts, at any depth."""
    if not secrets:
        return value
    everywhere = _pattern(secrets)
    for_sure = _pattern([one for one in secrets if len(one) >= UNMISTAKABLE])

    def without(inner: Any, pattern: re.Pattern[str]) -> Any:
        if isinstance(inner, str):
            return pattern.sub(REMOVED, inner)
        if isinstance(inner, dict):
            return {
                without(key, for_sure): without(one, for_sure if key in _STRUCTURE else pattern)
                for key, one in inner.items()
            }
        if isinstance(inner, (list, tuple)):
            return [without(one, pattern) for one in inner]
        return inner

    return without(value, everywhere)


def _pattern(texts: Iterable[str]) -> re.Pattern[str]:
    """Any of these texts, the longest first; with none, nothing at all."""
    return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or r"(?!)", re.IGNORECASE)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
