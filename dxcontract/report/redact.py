"""`--redact-accounts`: replaces account ids and names in a report, so that it can be shared.

The same id or name always gets the same substitute. Names that the run itself created stay, because they reveal
nothing.
"""

import re
from typing import Any, Final

from dxcontract.client.resource_journal import PREFIX
from dxcontract.spec.model import Spec

_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
_TEXT: Final = r'((?:[^"\\]|\\.)*)'


class Redactor:
    """Replaces values consistently over any number of texts."""

    def __init__(self, spec: Spec) -> None:
        members = {resource.name for resource in spec.resources.values() if resource.name}
        members.add("newDirectConnectGatewayName")
        self._named = re.compile(rf'"({"|".join(sorted(members))})"\s*:\s*"{_TEXT}"')
        self._accounts: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def learn(self, value: Any) -> None:
        """Collect the names in the bodies of a document."""
        if isinstance(value, str):
            for _, name in self._named.findall(value):
                if name and not name.startswith(f"{PREFIX}-"):
                    self._names.setdefault(name, f"name-{len(self._names) + 1}")
        elif isinstance(value, dict):
            for inner in value.values():
                self.learn(inner)
        elif isinstance(value, list):
            for inner in value:
                self.learn(inner)

    def text(self, text: str) -> str:
        """A text with all known values replaced: account ids anywhere, names between quotes."""
        text = _ACCOUNT.sub(self._account, text)
        for name, instead in self._names.items():
            for quote in ('"', "'"):
                text = text.replace(f"{quote}{name}{quote}", f"{quote}{instead}{quote}")
        return text

    def _account(self, found: "re.Match[str]") -> str:
        return self._accounts.setdefault(found[0], f"{len(self._accounts) + 1:012}")

    def document(self, value: Any) -> Any:
        """A document with all known values replaced, at any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.document(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.document(inner) for inner in value]
        return value
