"""Finds the resources that a run left on the target, only by the ids and names in its journal.

A resource belongs to a run if the journal lists it (by id or by name) and it carries the name of the run. A resource
without a name carries the name of its parent: an association that of its gateway, a LAG's own connections that of the
LAG.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dxcontract.client.client import Api
from dxcontract.client.errors import TargetDied
from dxcontract.client.resource_journal import EC2, Record
from dxcontract.spec.model import Json
from dxcontract.wire.credentials import ROLES, Role
from dxcontract.wire.errors import Indeterminate, Unsupported

ORDER: Final = (
    "association-proposal",
    "gateway-association",
    "virtual-interface",
    "hosted-connection",
    "connection",
    "interconnect",
    "lag",
    "direct-connect-gateway",
    "resiliency-group",
)
"""Kinds in the order in which they are deleted: what hangs on something before that."""

NAMELESS: Final = frozenset({"association-proposal", "gateway-association"})
GATEWAY: Final = "directConnectGatewayId"
MOST_PAGES: Final = 1000
_PORTS: Final = ("connection", "hosted-connection", "interconnect")
_ORDERED: Final = re.compile(r"Requested Connection \d+ for Lag (\S+)")


@dataclass
class Belonging:
    """One resource of a run: its kind, the place and the account that showed it, and its state."""

    kind: str
    id: str
    name: str | None
    state: str
    region: str
    roles: list[Role]
    item: Json

    def __str__(self) -> str:
        called = f" {self.name}" if self.name else ""
        return f"{self.kind} {self.id}{called} ({self.state}, {self.region})"


@dataclass(frozen=True)
class Found:
    """The resources that were found; `unseen` lists, as sentences, what could not be read."""

    belongings: list[Belonging]
    unseen: list[str]


class Search:
    """Searches the resources of a journal, with read operations only."""

    def __init__(self, api: Api, record: Record) -> None:
        self._api = api
        self._record = record
        self._ids = {one for entry in record.entries for found in entry.ids.values() for one in found}
        self._names = {entry.name for entry in record.entries if entry.name}
        self._asked_of = {one for entry in record.entries for one in entry.of}
        self._makers = {(kind, entry.role) for entry in record.entries for kind in entry.ids}
        told = [entry.ids for entry in record.entries if entry.echoed]  # by answers that are not somebody else's
        self._lags = {one for ids in told for one in ids.get("lag", ())}
        self._ordered = {one for ids in told for kind in _PORTS for one in ids.get(kind, ())}
        self._members: set[str] = set()
        self._unseen: dict[str, None] = {}

    def found(self) -> Found:
        """The Direct Connect resources that are left of the run, in the order of deletion."""
        self._unseen.clear()
        entries = [entry for entry in self._record.entries if not entry.operation.startswith(EC2)]
        kinds = {kind for entry in entries for kind in self._api.spec.operation(entry.operation).traits.gives}
        if "connection" in kinds or "interconnect" in kinds or "hosted-connection" in kinds:
            kinds |= {"connection", "interconnect"}  # a connection that leaves a partner's LAG becomes an interconnect
        if kinds & NAMELESS:
            kinds.add("direct-connect-gateway")
        regions = dict.fromkeys([self._record.region, *(entry.region for entry in entries)]) if entries else {}
        found = [one for region in regions for one in self._in(region, kinds)]
        found.sort(key=lambda one: ORDER.index(one.kind))
        return Found(found, list(self._unseen))

    def _in(self, region: str, kinds: set[str]) -> Iterator[Belonging]:
        listed = {kind: self._listed(kind, region) for kind in ORDER if kind in kinds - NAMELESS}
        lags = {one.id for one in listed.get("lag", []) if self._is_named(one)}
        seen: set[str] = set()
        gateways: set[str] = set()
        for things in listed.values():
            for one in things:
                own = self._is_named(one) or self._is_member(one, lags)
                if own and one.kind == "direct-connect-gateway":
                    gateways.add(one.id)
                if own and not self._is_gone(one) and one.id not in seen:
                    seen.add(one.id)
                    yield one
        for one in self._nameless(kinds, gateways, region):
            if not self._is_gone(one) and (one.id in self._ids or _text(one.item, GATEWAY) in self._asked_of):
                yield one

    def _nameless(self, kinds: set[str], gateways: set[str], region: str) -> Iterator[Belonging]:
        """The proposals and associations of our gateways, of which these are listed."""
        if "association-proposal" in kinds:
            # Gateways that are deleted already are listed no more, but proposals for them are.
            echoed = [entry.ids.get("direct-connect-gateway", ()) for entry in self._record.entries if entry.echoed]
            ours = gateways.union(*echoed)
            yield from (one for one in self._listed("association-proposal", region) if _text(one.item, GATEWAY) in ours)
        if "gateway-association" in kinds:
            for gateway in sorted(gateways):
                for one in self._listed("gateway-association", region, {GATEWAY: gateway}):
                    one.item.setdefault(GATEWAY, gateway)
                    yield one

    def _is_named(self, one: Belonging) -> bool:
        """Announced in the journal, by id or name, and carrying the run's name."""
        name = one.name or ""
        return name.startswith(self._record.prefix) and (one.id in self._ids or name in self._names)

    def _is_member(self, one: Belonging, lags: set[str]) -> bool:
        """One of the connections that were ordered with a LAG of the run, which carry no name of the run.

        AWS names them after it: "Requested Connection 1 for Lag dxlag-…" (awscli-examples create-lag.rst). Anybody may
        give such a name: the journal has to name the connection by its id, or the LAG of the run has to hold it.
        """
        if one.kind not in _PORTS:
            return False
        found = _ORDERED.fullmatch(one.name or "")
        lag = _text(one.item, "lagId")
        ordered_with, held = (found[1] if found else None), lag in lags
        if held and (one.id in self._ordered or ordered_with == lag):
            self._members.add(one.id)  # a sweep lets it out of its LAG before it deletes it
        return one.id in self._members or (one.id in self._ordered and ordered_with in lags | self._lags)

    def _is_gone(self, one: Belonging) -> bool:
        """An accepted proposal counts as gone: it cannot be deleted, and goes by itself (ug-2026, proposals)."""
        if one.kind == "association-proposal" and one.state == "accepted":
            return True
        return one.state in self._api.spec.resources[one.kind].gone

    def _listed(self, kind: str, region: str, params: Json | None = None) -> list[Belonging]:
        """All of a kind, whoever of our accounts sees it."""
        things: dict[str, Belonging] = {}
        for role in ROLES:
            if role not in self._api.target.accounts:
                continue
            try:
                for item in self._items(kind, role, region, params or {}):
                    one = self._thing(kind, item, region, role)
                    if not one.id:
                        if (one.name or "").startswith(self._record.prefix):
                            self._unseen[f"{kind} {one.name} of {role} in {region} is listed without an id"] = None
                        continue
                    known = things.setdefault(one.id, one)
                    if role not in known.roles:
                        known.roles.append(role)
            except (Unsupported, Indeterminate, TargetDied) as reason:
                self._unseen[f"{kind} of {role} in {region}: {reason}"] = None
        return list(things.values())

    def _thing(self, kind: str, item: Json, region: str, role: Role) -> Belonging:
        resource = self._api.spec.resources[kind]
        name = _text(item, resource.name) if resource.name else ""
        state = str(item.get(resource.state))
        return Belonging(kind, _text(item, resource.id), name or None, state, region, [role], item)

    def _items(self, kind: str, role: Role, region: str, params: Json) -> Iterator[Json]:
        describe = self._api.spec.resources[kind].describe
        assert describe is not None
        token: str | None = None
        for _ in range(MOST_PAGES):
            asked = {**params, "nextToken": token} if token else params
            exchange = self._api.call(describe.operation, asked, role=role, region=region)
            if 400 <= exchange.status < 500 and (kind, role) not in self._makers:
                return  # an account that made none of these need not be let in: no partner, no interconnects
            if not exchange.succeeded:
                raise Indeterminate(f"{describe.operation} was answered {exchange.told()}")
            items = exchange.body.get(describe.list, [])
            yield from (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
            following = exchange.body.get("nextToken")
            if not isinstance(following, str) or not following or following == token:
                return
            token = following
        raise Indeterminate(f"{describe.operation} has no end after {MOST_PAGES} pages")


def _text(item: Json, member: str) -> str:
    """A member that is a text; nothing where a target gives something else."""
    found = item.get(member)
    return found if isinstance(found, str) else ""
