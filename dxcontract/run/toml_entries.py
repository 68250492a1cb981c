"""Edits an array of tables (`[[name]]`) of a TOML document and keeps its comments and blank lines.

tomlkit counts what stands before a `[[name]]` as the end of the table above. Here it belongs to the entry below, as
people mean it: it moves with the entry, and the comment directly above an entry goes when the entry is removed.
"""

from collections.abc import Mapping
from typing import Any, Final

import tomlkit
from tomlkit.container import Container
from tomlkit.items import AoT, Item, Key, Table, Trivia, Whitespace

_Body = list[tuple[Key | None, Item]]
_BLANK_LINE: Final = "\n\n"


class Entries:
    """The entries of one array of tables, in the order of the document; `write` puts them back."""

    def __init__(self, document: tomlkit.TOMLDocument, name: str) -> None:
        self.tables: list[Table] = []
        self._document, self._name = document, name
        self._leading: list[str] = []
        """What stands before each table, then what stands after the last."""
        found = document.get(name)
        if isinstance(found, AoT):
            above, end = _above(document, _place(document, name))
            for table in found.body:
                self._leading.append(_cut_off(above, end) + table.trivia.indent)
                self.tables.append(table)
                above, end = table.value.body, len(table.value.body)
            self._leading.append(_cut_off(above, end))
        else:  # none, or an array of inline tables
            self._leading.append("")
            for values in found or ():
                self.insert(len(self.tables), values)

    def insert(self, place: int, values: Mapping[str, Any]) -> None:
        """Add a table, with a blank line before it."""
        table = Table(Container(), Trivia(), is_aot_element=True)
        for key, value in values.items():
            table.add(key, value)
        self.tables.insert(place, table)
        self._leading.insert(place, "\n")

    def remove(self, place: int) -> None:
        """Remove a table and the comment directly above it. What stands above a blank line, such as a title, stays."""
        del self.tables[place]
        above, _, _ = self._leading.pop(place).rpartition(_BLANK_LINE)
        if "#" in above:
            self._leading[place] = f"{above}\n{self._leading[place]}"

    def write(self) -> None:
        """Put the entries into the document."""
        found = self._document.get(self._name)
        if isinstance(found, AoT) and not self.tables:
            place = _place(self._document, self._name)
            self._document.remove(self._name)
            self._document.body[place] = (None, Whitespace(self._leading[0]))
            return
        if not isinstance(found, AoT):
            self._document.pop(self._name, None)
            found = AoT([], self._name, parsed=True)
            self._document.append(self._name, found)
        del found[:]
        for table, leading in zip(self.tables, self._leading, strict=False):
            table.trivia.indent = leading
            found.append(table)
        if self.tables:
            self.tables[-1].value.body.append((None, Whitespace(self._leading[-1])))


def _place(document: tomlkit.TOMLDocument, name: str) -> int:
    return next(place for place, (key, _) in enumerate(document.body) if key is not None and key.key == name)


def _above(document: tomlkit.TOMLDocument, place: int) -> tuple[_Body, int]:
    """Where comments directly above an item of a document are: in a list, before an index."""
    item = document.body[place - 1][1] if place else None
    return (item.value.body, len(item.value.body)) if isinstance(item, Table) else (document.body, place)


def _cut_off(body: _Body, end: int) -> str:
    """Remove the comments and blank lines before an index; answers them.

    A comment that follows a value without a blank line, and has one below it, belongs to what is above, and stays.
    """
    start = end
    while start and body[start - 1][0] is None:
        start -= 1
    text = "".join(item.as_string() for _, item in body[start:end])
    kept = ""
    if text.startswith("#") and _BLANK_LINE in text:
        kept, _, text = text.partition(_BLANK_LINE)
        kept, text = f"{kept}\n", f"\n{text}"
    for place in range(start, end):
        body[place] = (None, Whitespace(""))
    if start < end:
        body[start] = (None, Whitespace(kept))
    return text
