"""Requests that refer to resources: their form for the target and their description in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dxcontract.spec.model import Json
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import without_secrets
from strategies.machines.model import ArnOf, KeySecret, PeerMember, Thing, things_in
from strategies.world import AccountId, World


@dataclass(frozen=True)
class Step:
    """One request: its sender, its Region (None: the Region of the run) and its parameters.

    `flaw` describes its flaw, and `where` is the pointer to it.
    """

    operation: str
    params: Json
    role: Role = "owner"
    region: str | None = None
    flaw: str = ""
    where: str = ""

    @property
    def things(self) -> list[Thing]:
        """The resources in the request."""
        return things_in(self.params)


@dataclass
class Script:
    """The steps of one example in plain words, with the ids and names of the model."""

    names: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def tell(self, step: Step) -> None:
        """Adds a step."""
        where = f" in {step.region}" if step.region else ""
        flaw = f" [{step.flaw}]" if step.flaw else ""
        self.lines.append(f"{step.role}: {step.operation}{where}{self._words(step.params)}{flaw}")

    def note(self, text: str) -> None:
        """Adds an entry that is not a request."""
        self.lines.append(text)

    def _words(self, params: Json) -> str:
        shown = without_secrets(params)
        parts = [f"{name}={self._word(value)}" for name, value in shown.items()]
        return f" ({', '.join(parts)})" if parts else ""

    def _word(self, value: Any) -> str:
        if isinstance(value, str):
            return self.names.get(value, value)
        if isinstance(value, AccountId):
            return f"account of {value.role}"
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{key}={self._word(inner)}" for key, inner in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._word, value)) + "]"
        if isinstance(value, Thing | ArnOf | KeySecret | PeerMember):
            return repr(value)
        return json.dumps(value, default=str)


def resolved(world: World, tree: Any) -> Any:
    """`tree` with resources, ARNs and accounts replaced by the values of the target."""
    if isinstance(tree, Thing):
        return tree.id
    if isinstance(tree, ArnOf):
        assert tree.thing.handle is not None
        return world.arn(tree.thing.handle)
    if isinstance(tree, PeerMember):
        return tree.thing.facts.get("peers", {}).get(tree.family, {}).get(tree.member)
    if isinstance(tree, KeySecret):
        return tree.thing.facts.get("secrets", {}).get(tree.ckn)
    if isinstance(tree, Mapping):
        return {key: resolved(world, value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [resolved(world, value) for value in tree]
    return world.resolved(tree)
