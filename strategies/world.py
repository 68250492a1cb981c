"""The model of the suite: the resources that should exist, as handles instead of ids.

Draws and preconditions depend only on handles. Ids and states, which the target chooses, are inserted when a request is
sent. The name of every resource contains the run id, and every resource is deleted at the end. A resource that cannot
be deleted does not fail another test.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from dxcontract.client.client import Api
from dxcontract.client.leftovers import ORDER
from dxcontract.client.resource_journal import run_prefix
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Resource, Spec, resolve
from dxcontract.wire import cbor
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported
from dxcontract.wire.exchange import Exchange
from strategies.observation import Observation, unordered
from strategies.polling import PATIENCE, confirm, poll

FALLBACK_LOCATION: Final = "EqDC2"
_PORTS: Final = frozenset({"connection", "interconnect", "lag"})
"""Kinds that contain each other; the newest of these is deleted first."""
HOLDS_OTHERS: Final = frozenset({"gateway-association", "virtual-interface"})
"""Kinds that block the use or deletion of another resource (a gateway, a VLAN) until their deletion is complete."""

_NUMBERS = itertools.count(1)


@dataclass(eq=False)
class Handle:
    """One resource of the model: its kind, owner and creation. `id` comes from the target and is never drawn."""

    resource: Resource
    role: Role
    name: str
    operation: str
    params: Json
    made: Exchange
    id: str = ""
    deleted: bool = False
    strange: bool = False
    """The response to its creation had the name of a resource that this run did not create."""

    @property
    def kind(self) -> str:
        return self.resource.kind

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


@dataclass(frozen=True)
class Arn:
    """A placeholder in a request for the ARN of a handle."""

    handle: Handle


@dataclass(frozen=True)
class AccountId:
    """A placeholder in a request for the account id of a role."""

    role: Role


class World:
    """The resources that one test created on the target, and methods to create more."""

    def __init__(self, api: Api, run_id: str, tags: Sequence[Json] = ()) -> None:
        """Creates an empty world; `tags` are added to requests that accept tags and have none."""
        if api.target.is_real:
            PATIENCE.is_prompt = False
        self.api = api
        self.tags = list(tags)
        self.spec: Spec = api.spec
        self.handles: list[Handle] = []
        self._run_id = run_id
        self._known_ids: set[str] = set()
        self._afterwards: list[Callable[[], object]] = []

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def name(self) -> str:
        """A name that nothing else on the target has, with lower-case letters, digits and hyphens only."""
        return f"dxc-{self._run_id}-{next(_NUMBERS)}"

    def location(self) -> str:
        """The code of a location in the Region of the target; a well-known one if the target cannot list any."""
        return locations(self.api)[0]

    def port(self, bandwidth: str) -> tuple[str, str]:
        """The code of a location that offers ports of this bandwidth, and the bandwidth.

        If no location offers it, another bandwidth that one offers, so that the request is valid on this target.
        """
        codes, offers = locations(self.api), port_speeds(self.api)
        for code in codes:
            if bandwidth in (offers[code] or [bandwidth]):
                return code, bandwidth
        return codes[0], (offers[codes[0]] or [bandwidth])[0]

    def hosted_bandwidth(self, bandwidth: str) -> str:
        """A bandwidth that the partner account can allocate; partners of type v2 host 1 Gbps or more.

        Source: botocore, DescribeCustomerMetadataResponse.nniPartnerType.
        """
        return bandwidth if bandwidth.endswith("Gbps") or partner_type(self.api) != "v2" else "1Gbps"

    def account_id(self, role: Role) -> str:
        """The account id of a role.

        Raises:
            Unsupported: the target has no such account, or never returned its id.
        """
        account = self.api.account(role)
        if account.account_id is None:
            raise Unsupported(f"the account id of the {role} account is not known; pass --accounts with 12-digit ids")
        return account.account_id

    def resolved(self, tree: Any) -> Any:
        """`tree` with handles, ARNs and account ids replaced by the values of the target."""
        if isinstance(tree, Handle):
            return tree.id
        if isinstance(tree, Arn):
            return self.arn(tree.handle)
        if isinstance(tree, AccountId):
            return self.account_id(tree.role)
        if isinstance(tree, Mapping):
            return {key: self.resolved(value) for key, value in tree.items()}
        if isinstance(tree, list):
            return [self.resolved(value) for value in tree]
        return tree

    def arn(self, handle: Handle) -> str:
        """The documented ARN for the kind, or the id if the target returns ARNs as ids.

        The ARN of a gateway or resiliency group has no Region.

        Source: awscli-examples tag-resource.rst; cloud-custodian-recordings test_directconnect_tagging.
        """
        if handle.id.startswith("arn:"):
            return handle.id
        world_wide = handle.kind in ("direct-connect-gateway", "resiliency-group")
        region = "" if world_wide else self.api.target.region
        partition, account = partition_of(self.api.target.region), self.account_id(handle.role)
        return f"arn:{partition}:directconnect:{region}:{account}:{handle.resource.arn}/{handle.id}"

    def call(self, operation: str, params: Mapping[str, Any] | None = None, *, role: Role = "owner") -> Exchange:
        """Calls an operation with handles in its parameters.

        Raises:
            Indeterminate: the request would change a resource that may belong to another user.
        """
        if self.spec.operation(operation).traits.effect != "read":
            for handle in _handles(params or {}):
                if handle.strange:
                    raise Indeterminate(
                        f"{operation} is not sent for {handle.name}: what {handle.operation} was answered with has a "
                        "name that this run did not give, so it may be somebody else's"
                    )
        return self.api.call(operation, self.resolved(params or {}), role=role)

    def make(
        self,
        kind: str,
        params: Mapping[str, Any],
        *,
        operation: str | None = None,
        role: Role = "owner",
        settle: bool = True,
    ) -> Handle:
        """Creates a resource; by default waits until it is ready.

        Raises:
            Unsupported: the target lacks an operation or resource that the request needs.
            Indeterminate: the target refused the request, or the resource was not ready in time.
        """
        resource = self.spec.resources[kind]
        how = operation or resource.made_by
        assert how is not None, f"nothing makes a {kind}"
        exchange = self.call(how, self._tagged(how, params), role=role)
        handle = self.adopt(kind, how, exchange, params, role)
        if handle is None:
            raise Indeterminate(f"{how}, which this test needs first, was answered {exchange.told()} {exchange.why()}")
        if settle and resource.describe is not None:
            # An allocated virtual interface waits for its owner (boto3-2018, L503).
            waits = kind == "virtual-interface" and how.startswith("Allocate")
            self.settle(handle, *(("confirming",) if waits else ()))
        return handle

    def _tagged(self, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters with the tags of the run, if the operation accepts tags and gets none."""
        if not self.tags or "clientToken" in params:
            return params  # what a test repeats with the same token has to be the same
        request = self.spec.operation(operation).request
        members = resolve(request, request)["properties"]
        if "tags" in members:
            return params if "tags" in params else {**params, "tags": self.tags}
        for name, inner in params.items():
            holds = name in members and "tags" in resolve(members[name], request).get("properties", {})
            if holds and isinstance(inner, Mapping) and "tags" not in inner:
                return {**params, name: {**inner, "tags": self.tags}}
        return params

    def adopt(
        self, kind: str, operation: str, exchange: Exchange, params: Mapping[str, Any], role: Role
    ) -> Handle | None:
        """The handle for the resource that `exchange` created; None if it created none of this kind."""
        resource = self.spec.resources[kind]
        if not exchange.succeeded:
            return None
        gives = self.spec.operation(operation).traits.gives
        fresh: dict[str, list[str]] = {}
        for given, pointer in gives.items():
            ids = [one for one in at(exchange.body, pointer) if isinstance(one, str) and one]
            fresh[given] = [one for one in ids if one not in self._known_ids] or ids
            self._known_ids.update(ids)
        if not fresh.get(kind):
            return None
        name = next((str(v) for v in params.values() if isinstance(v, str) and v.startswith("dxc-")), kind)
        owner: Role = "owner" if kind == "hosted-connection" else role
        if operation.startswith("Allocate") and kind == "virtual-interface":
            owner = "other"
        handle = Handle(resource, owner, name, operation, dict(params), exchange, id=fresh[kind][0])
        handle.strange = self._is_strange(handle)
        self.handles.append(handle)
        if kind == "lag":
            self._adopt_members(handle, fresh.get("connection", []))
        return handle

    def keep(self, *exchanges: Exchange) -> None:
        """Registers everything that these calls created, by any sender, for deletion."""
        for exchange in exchanges:
            known = self.spec.operations.get(exchange.operation)
            kind = next(iter(known.traits.gives), "bgp-peer") if known is not None else "bgp-peer"
            if kind != "bgp-peer":  # a peer goes with its virtual interface
                asked, role = cbor.document(exchange.request.body), cast(Role, exchange.account)
                self.adopt(kind, exchange.operation, exchange, asked if isinstance(asked, dict) else {}, role)

    def _adopt_members(self, lag: Handle, ids: Sequence[str]) -> None:
        """Registers the connections of a new LAG for deletion: those of a partner before the LAG, which would convert
        them to interconnects, and others after it, since the LAG may need them until then."""
        known = {handle.id for handle in self.handles}
        place = len(self.handles) if lag.role == "partner" else self.handles.index(lag)
        name, resource = f"member of {lag.name}", self.spec.resources["connection"]
        members = [
            Handle(resource, lag.role, name, lag.operation, lag.params, lag.made, one, strange=lag.strange)
            for one in ids
        ]
        self.handles[place:place] = [one for one in members if one.id not in known]

    def _is_strange(self, handle: Handle) -> bool:
        """Whether a response has, for a created resource, a name that no run of ours gives: a response to another
        client."""
        if handle.resource.name is None:
            return False
        place = self.spec.operation(handle.operation).traits.gives[handle.kind].rpartition("/")[0]
        ours = {one.lower() for one in _texts(handle.params)}
        prefix = run_prefix(self._run_id[:8])
        return any(
            isinstance(name, str) and name and name.lower() not in ours and not name.lower().startswith(prefix)
            for name in at(handle.made.body, f"{place}/{handle.resource.name}")
        )

    def observe(self, handle: Handle, *, role: Role | None = None, region: str | None = None) -> Observation:
        """One read of a resource.

        Raises:
            Unsupported: no operation reads the kind, or the target lacks the operation.
            UnusableAnswer: there is no usable response.
        """
        describe = handle.resource.describe
        if describe is None:
            raise Unsupported(f"no operation reads a {handle.kind} by itself")
        params = self.resolved({describe.filter: handle} if describe.filter else {})
        exchange = self.api.call(describe.operation, params, role=role or handle.role, region=region)
        return Observation(handle.resource, describe, handle.id, exchange)

    def described(
        self,
        handle: Handle,
        enough: Callable[[Json], bool] = lambda _: True,
        *,
        role: Role | None = None,
        slowly: bool = False,
    ) -> tuple[Exchange, Json]:
        """The description of a resource once a condition holds, or the last one at the time limit.

        The limit is short or, with `slowly` for effects that take time on AWS, the whole settle time (`confirm` and
        `poll`).

        Raises:
            UnusableAnswer, Indeterminate: the resource is not described.
        """

        def right(seen: Observation) -> bool:
            item = seen.item
            return item is not None and enough(item)

        seen = (poll if slowly else confirm)(lambda: self.observe(handle, role=role), right)
        return seen.exchange, seen.there

    def seen(self) -> dict[Handle, Json | None]:
        """The descriptions of all readable resources of this test, with sorted lists.

        Raises:
            UnusableAnswer: a response describes nothing.
        """
        return {
            handle: unordered(self.observe(handle).item)
            for handle in self.handles
            if handle.resource.describe and handle.resource.describe.operation not in self.api.unsupported
        }

    def seen_again(self, before: dict[Handle, Json | None]) -> dict[Handle, Json | None]:
        """The result of `seen` once it equals `before`, or the last one at the settle time."""
        return confirm(self.seen, lambda now: now == before)

    def state(self, handle: Handle) -> str | None:
        """The described state of a resource; None if it is not described."""
        return self.observe(handle).state

    def settle(self, handle: Handle, *states: str | None) -> None:
        """Waits until a resource is in one of `states` (by default the ready states; None: no longer listed), with a
        time limit.

        Does nothing if the target cannot read that kind.

        Raises:
            Indeterminate: the resource did not reach the state in time.
        """
        wanted = states or handle.resource.ready
        describe = handle.resource.describe
        if describe is None or describe.operation in self.api.unsupported:
            return
        seen = poll(lambda: self.state(handle), lambda state: state in wanted)
        if seen not in wanted:
            raise Indeterminate(
                f"{handle.kind} did not become {' or '.join(map(str, wanted))} within {PATIENCE.seconds:g} s; "
                f"it is {seen or 'not listed'}"
            )

    def delete(self, handle: Handle, *, role: Role | None = None) -> Exchange:
        """Deletes a resource with the operation of its kind."""
        operation = handle.resource.deleted_by
        assert operation is not None, f"nothing deletes a {handle.kind}"
        exchange = self.call(operation, {handle.resource.id: handle}, role=role or handle.role)
        handle.deleted = handle.deleted or exchange.succeeded
        return exchange

    def afterwards(self, action: Callable[[], object]) -> None:
        """Registers `action` to run after all deletions; the last registered runs first."""
        self._afterwards.append(action)

    def close(self, since: int = 0) -> bool:
        """Deletes the remaining resources, dependent ones first; `sweep` handles those that cannot be deleted.

        `since` restricts it to the resources after that number. Returns whether all were deleted.
        """
        left = len(self.handles) - since
        leaving = list(reversed(self.handles[since:]))
        leaving.sort(key=_rank)
        for handle in leaving:
            operation = handle.resource.deleted_by
            if handle.deleted or operation is None or handle.kind == "bgp-peer" or operation in self.api.unsupported:
                left -= handle.deleted
                continue
            try:
                if self.delete(handle).succeeded or self._converted(handle):
                    left -= 1
                    if handle.kind in HOLDS_OTHERS:
                        self.settle(handle, None, *handle.resource.gone)
            except (Unsupported, Indeterminate):
                continue
        del self.handles[since:]
        while self._afterwards and not since:
            self._afterwards.pop()()
        return not left

    def _converted(self, handle: Handle) -> bool:
        """Whether a partner's connection is now an interconnect (rule lags.disassociate-partner-converts) and was
        deleted as one."""
        if handle.kind != "connection" or handle.role != "partner" or "DeleteInterconnect" in self.api.unsupported:
            return False
        return self.call("DeleteInterconnect", {"interconnectId": handle}, role="partner").succeeded


def _handles(tree: Any) -> Iterator[Handle]:
    """The handles in the parameters of a call."""
    if isinstance(tree, Handle):
        yield tree
    elif isinstance(tree, Arn):
        yield tree.handle
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _handles(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _handles(value)


def _texts(tree: Any) -> Iterator[str]:
    """The strings in the parameters of a call."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _texts(value)


def _rank(handle: Handle) -> int:
    """The order of deletion by kind, since a test may have moved older resources to newer ones."""
    kind = "connection" if handle.kind in _PORTS else handle.kind
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def partition_of(region: str) -> str:
    """The partition of a Region, as in ARNs."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


USUAL_SPEEDS: Final = ("1Gbps", "10Gbps", "100Gbps")
_PARTNER_TYPES: dict[int, str] = {}
_LOCATIONS: dict[int, dict[str, list[str] | None]] = {}


def locations(api: Api) -> list[str]:
    """The codes of the locations in the Region of the target, or those of the user; requested once.

    Locations that offer most of the usual port speeds come first, since not every location offers each.
    """
    speeds = port_speeds(api)
    return sorted(speeds, key=lambda code: sum(one not in (speeds[code] or USUAL_SPEEDS) for one in USUAL_SPEEDS))


def port_speeds(api: Api) -> dict[str, list[str] | None]:
    """The port speeds of each location of `locations`; None if it does not state them. Requested once."""
    if id(api) not in _LOCATIONS:
        found: dict[str, list[str] | None] = {}
        if "DescribeLocations" not in api.unsupported:
            exchange = api.call("DescribeLocations")
            codes = at(exchange.body, "/locations/*") if exchange.succeeded else []
            listed = [one for one in codes if isinstance(one, dict)]
            here = [one for one in listed if one.get("region") in (None, api.target.region)]
            found = {str(one["locationCode"]): speeds(one) for one in here if one.get("locationCode")}
        wanted = api.target.locations or (found or [FALLBACK_LOCATION])
        _LOCATIONS[id(api)] = {code: found.get(code) for code in wanted}
    return _LOCATIONS[id(api)]


def partner_type(api: Api) -> str:
    """The described partner type of the partner account; empty if it is no partner. Requested once."""
    if id(api) not in _PARTNER_TYPES:
        known = "partner" in api.target.accounts and "DescribeCustomerMetadata" not in api.unsupported
        exchange = api.call("DescribeCustomerMetadata", role="partner") if known else None
        found = at(exchange.body, "/nniPartnerType") if exchange is not None and exchange.succeeded else []
        _PARTNER_TYPES[id(api)] = str(found[0]) if found else ""
    return _PARTNER_TYPES[id(api)]


def speeds(location: Mapping[str, Any], member: str = "availablePortSpeeds") -> list[str] | None:
    """The port speeds of a described location as CreateConnection spells them; None if it does not state them."""
    found = location.get(member)
    if not isinstance(found, list):
        return None
    return [str(one) if str(one).endswith("bps") else f"{one}bps" for one in found]
