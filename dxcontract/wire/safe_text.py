"""Makes text of a target safe and limits its length. All shown or written text goes through `printable`.

Characters that a terminal or a CI system interprets become JSON escapes, so that a JSON text keeps its meaning.
Formats with their own syntax (Markdown, HTML, XML, annotations) escape the result again. Reproducer scripts contain
this file, so it uses only the standard library.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

LONGEST: Final = 2000
"""Characters of a message."""

_UNSAFE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    r"|[\U000e0000-\U000e007f]"
)
"""Control characters, what reorders or hides text, and halves of surrogate pairs."""

_BREAKS: Final = re.compile(r"[\t\n]")
_COMMAND: Final = re.compile(r"^(\s*):(?=:)|(?<=#)#(?=\w*\[)", re.MULTILINE)
"""How commands to CI systems begin: `::` at the start of a line, `##[` and `##vso[` anywhere."""


def printable(text: str, most: int | None = None) -> str:
    """`text` of any number of lines, without anything that a terminal or a CI system interprets."""
    if most is not None and len(text) > most:
        text = f"{text[:most]}... ({len(text)} characters)"
    return _COMMAND.sub(_command, _UNSAFE.sub(_escape, text))


def one_line(text: str, most: int | None = 2 * LONGEST) -> str:
    """`text` as part of one line, with limited length: printable, with line ends and tabs escaped."""
    return _BREAKS.sub(lambda found: {"\t": "\\t", "\n": "\\n"}[found[0]], printable(text, most))


def printable_in(value: Any) -> Any:
    """`value` with all its texts printable, at any depth."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable_in(key): printable_in(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_in(inner) for inner in value]
    return value


def _escape(found: "re.Match[str]") -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _command(found: "re.Match[str]") -> str:
    return "\\u0023" if found[0] == "#" else f"{found[1]}\\u003a"
