"""Lists: their order, their pages, what others do meanwhile, and how late they know of a change."""

import base64
import contextlib
import copy
import functools
import json
import random
import time
from collections.abc import Iterator
from typing import Any, Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.spec import model
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json, Resource
from tests.unit.innocent.variant import Variant, having, innocent, objects

_LISTS: Final = (
    "test_connections.py",
    "test_lags.py",
    "test_gateways.py",
    "test_interconnects.py",
    "test_proposals.py",
    "test_resiliency_groups.py",
    "test_hosted_connections_decisions.py",
)
_DELETIONS: Final = (
    "test_connections_changes.py",
    "test_lags_changes.py",
    "test_interconnects.py",
    "test_proposals.py",
    "test_hosted_connections_decisions.py",
    "test_gateways.py",
    "test_virtual_interfaces.py",
)
_PAGED: Final = frozenset(one.name for one in model.load().operations.values() if "maxResults" in one.members)
_EVENTUAL = "AWS documentation: APIs follow an eventual consistency model; Terraform's provider waits after each change"


class _Shuffled(Variant):
    def __init__(self) -> None:
        super().__init__()
        self.random = random.Random(15)

    def shuffle(self, items: list[Any]) -> None:
        """Put items into another order than the last time."""
        self.random.shuffle(items)


@innocent(
    "API reference: no operation states an order of its list",
    "test_lags.py",
    "test_lags_membership.py",
    "test_proposals.py",
    "test_bgp_peers.py",
)
class AnyOrder(_Shuffled):
    """Lists of resources, and of what belongs to them, come in another order on each call."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if {"maxResults", "nextToken"} & request.keys():
            return
        for one in list(objects(answer)):
            for value in one.values():
                if isinstance(value, list):
                    self.shuffle(value)


@innocent("API reference: no order of tags is stated", "test_tags.py", "test_client.py")
class TagsInAnyOrder(_Shuffled):
    """The tags of a resource come in another order on each call."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "tags"):
            self.shuffle(one["tags"])


@innocent(
    "botocore, maxResults: the maximum number of results; a page may have fewer",
    "test_pagination.py",
    only="Connections or Gateways]",
)
class SmallerPages(Variant):
    """No page has more than three items, whatever was asked for."""

    def ask(self, call: Call, request: Json) -> Json:
        wanted = request.get("maxResults")
        if call.operation in _PAGED and isinstance(wanted, int) and wanted > 3:
            request["maxResults"] = 3
        return request


@innocent(
    "API reference, nextToken: a string without a maximum length", "test_pagination.py", only="Connections or Gateways]"
)
class LongTokens(Variant):
    """Tokens have 3,000 characters, with all that base64 has."""

    def ask(self, call: Call, request: Json) -> Json:
        token = request.get("nextToken")
        if isinstance(token, str) and len(token) > 2900:
            with contextlib.suppress(ValueError, KeyError):
                request["nextToken"] = json.loads(base64.b64decode(token, validate=True))["token"]
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if "nextToken" in answer:
            text = json.dumps({"v": 1, "token": answer["nextToken"], "pad": "?>~" * 700})
            answer["nextToken"] = base64.b64encode(text.encode()).decode()


@innocent(
    "awscli-examples describe-direct-connect-gateway-attachments: a nextToken beside the last rows",
    "test_pagination.py",
    only="Connections or Gateways]",
)
class EmptyLastPage(Variant):
    """The last page with items has a token, and the page after it is empty."""

    def ask(self, call: Call, request: Json) -> Json:
        return request

    def perform(self, call: Call, request: Json) -> Json:
        if request.get("nextToken") == "bm8gbW9yZQ==" and call.operation in _PAGED:
            self.changed += 1
            first = super().perform(call, {name: value for name, value in request.items() if name != "nextToken"})
            return {name: [] for name, value in first.items() if isinstance(value, list)}
        answer = super().perform(call, request)
        if call.operation in _PAGED and "maxResults" in request and "nextToken" not in answer:
            self.changed += 1
            answer = {**answer, "nextToken": "bm8gbW9yZQ=="}
        return answer


@innocent(
    "DESIGN: the account is shared; the AWS documentation lists all resources of an account and Region",
    "test_connections.py",
    "test_lags.py",
    "test_gateways.py",
    "test_pagination.py",
    only="not test_pagination or DescribeConnections or DescribeLags",
)
class OthersComeAndGo(Variant):
    """Connections, LAGs and gateways of others who use the same account appear and vanish between two calls."""

    listed = 0

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, str, str]] = []

    def perform(self, call: Call, request: Json) -> Json:
        if call.operation in ("DescribeConnections", "DescribeLags", "DescribeDirectConnectGateways") and not (
            set(request) - {"maxResults", "nextToken"}
        ):
            self.listed += 1
            self._come(call)
            if len(self.made) > 4:
                self._go(call)
        return super().perform(call, request)

    def _come(self, call: Call) -> None:
        place = self.beside(call, "DescribeLocations", {})["locations"][0]["locationCode"]
        name = f"somebody-elses-{self.listed}"
        port = {"location": place, "connectionName": name, "bandwidth": "1Gbps"}
        made: Json
        if call.operation == "DescribeConnections":
            made = self.beside(call, "CreateConnection", port)
            self.made.append(("DeleteConnection", "connectionId", made["connectionId"]))
        elif call.operation == "DescribeLags":
            lag = {"numberOfConnections": 1, "location": place, "connectionsBandwidth": "1Gbps", "lagName": name}
            made = self.beside(call, "CreateLag", lag)
            self.made.append(("DeleteLag", "lagId", made["lagId"]))
        else:
            made = self.beside(call, "CreateDirectConnectGateway", {"directConnectGatewayName": name})
            gateway = made["directConnectGateway"]["directConnectGatewayId"]
            self.made.append(("DeleteDirectConnectGateway", "directConnectGatewayId", gateway))
        self.changed += 1

    def _go(self, call: Call) -> None:
        operation, member, made = self.made[0]
        try:
            self.beside(call, operation, {member: made})
        except ServiceError:  # it is another account's, or in another Region, or not ready to go
            self.made.append(self.made.pop(0))
        else:
            self.made.pop(0)


@functools.cache
def _given(operation: str) -> tuple[str, ...]:
    """The pointers of ids that an operation's answer gives."""
    return tuple(model.load().operation(operation).traits.gives.values())


def _reads(operation: str) -> bool:
    return model.load().operation(operation).traits.effect == "read"


class _LateItems(Variant):
    """Lists leave out what is younger than `seconds`."""

    seconds = 0.0
    also_by_id = False

    def __init__(self) -> None:
        super().__init__()
        self.born: dict[str, float] = {}

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if _reads(call.operation):
            by_id = any(name.endswith("Id") for name in request)
            if by_id and not self.also_by_id:
                return
            for name, value in answer.items():
                if isinstance(value, list):
                    answer[name] = [one for one in value if not self._is_new(one)]
            return
        for pointer in _given(call.operation):
            for one in at(answer, pointer):
                self.born[one] = time.monotonic()

    def _is_new(self, item: Any) -> bool:
        if not isinstance(item, dict):
            return False
        now = time.monotonic()
        kinds = ("connectionId", "interconnectId", "lagId", "virtualInterfaceId", "directConnectGatewayId")
        first = ("associationId", "proposalId", "resiliencyGroupId", *kinds)
        own = next((item[name] for name in first if name in item), None)
        return own in self.born and now - self.born[own] < self.seconds


@innocent(
    f"{_EVENTUAL}; evidence of the second collection: a list that does not know the last second",
    *_LISTS,
    "test_pagination.py",
    "test_client.py",
    only="not test_pagination or DescribeConnections or DescribeLags",
)
class NewItemsListedLate(_LateItems):
    """A list without a filter by id shows what was made only 0.7 seconds later."""

    seconds = 0.7


@innocent(
    f"{_EVENTUAL}, up to 20 times when it does not find what it made",
    "test_connections.py",
    "test_lags.py",
    "test_gateways.py",
    only="what_it_is or listed or asked_for or complete or found or comes_with",
)
class NewItemsFoundLate(_LateItems):
    """What was made is found, by its id too, only 0.4 seconds later."""

    seconds = 0.4
    also_by_id = True


@functools.cache
def _deletions() -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for one in model.load().resources.values():
        if one.deleted_by is not None and one.describe is not None and one.describe.filter is not None:
            found.setdefault(one.deleted_by, []).append(one)
    return found


class _LateChanges(Variant):
    """After a change of something, it is described as it was before, for `seconds`."""

    seconds = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, tuple[float, Json]] = {}

    def subjects(self, call: Call, request: Json) -> Iterator[tuple[Resource, str]]:
        """The kinds and ids of what an operation changes."""
        return iter(())

    def perform(self, call: Call, request: Json) -> Json:
        was: dict[str, Json] = {}
        for resource, one in self.subjects(call, request):
            item = self._described(call, resource, one)
            if item is not None:
                was[one] = item
        answer = super().perform(call, request)
        for one, item in was.items():
            self.before[one] = (time.monotonic(), item)
        return answer

    def _described(self, call: Call, resource: Resource, one: str) -> Json | None:
        describe = resource.describe
        assert describe is not None
        assert describe.filter is not None
        try:
            listed = self.beside(call, describe.operation, {describe.filter: one})[describe.list]
        except ServiceError:
            return None
        return next((item for item in listed if item.get(resource.id) == one), None)

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if not _reads(call.operation):
            return
        now = time.monotonic()
        listing = model.load().listing(call.operation)
        if listing is None:
            return
        member, identifier = listing
        shown = answer.get(member, [])
        late = {one: item for one, (when, item) in self.before.items() if now - when < self.seconds}
        for place, item in enumerate(shown):
            if item.get(identifier) in late:
                shown[place] = self.older(item, copy.deepcopy(late[item[identifier]]))
        asked = {value for value in request.values() if isinstance(value, str)}
        known = {item.get(identifier) for item in shown}
        shown.extend(
            copy.deepcopy(item)
            for one, item in late.items()
            if one in asked and item.get(identifier) == one and one not in known and self.keeps_listed
        )

    keeps_listed = True

    def older(self, now: Json, before: Json) -> Json:
        """What is shown while the change is not known yet."""
        return before


@innocent(f"{_EVENTUAL}; TF waits for deletions of each kind for minutes", *_DELETIONS, only="delet or gone")
class DeletionsShowLate(_LateChanges):
    """What was deleted is described as before for a second."""

    def subjects(self, call: Call, request: Json) -> Iterator[tuple[Resource, str]]:
        for resource in _deletions().get(call.operation, []):
            if isinstance(request.get(resource.id), str):
                yield resource, request[resource.id]


@innocent(f"{_EVENTUAL}; tags are read from another place than the resource", "test_tags.py", "test_client.py")
class TagsShowLate(_LateChanges):
    """A resource shows its changed tags a second after DescribeTags does."""

    def subjects(self, call: Call, request: Json) -> Iterator[tuple[Resource, str]]:
        arn = request.get("resourceArn")
        if call.operation in ("TagResource", "UntagResource") and isinstance(arn, str):
            kind, _, one = arn.rpartition(":")[2].partition("/")
            for resource in model.load().resources.values():
                if resource.arn == kind and resource.describe is not None and resource.describe.filter is not None:
                    yield resource, one

    keeps_listed = False

    def older(self, now: Json, before: Json) -> Json:
        return {**now, "tags": before.get("tags", [])}


@innocent(
    f"{_EVENTUAL}; an update and a description may meet different replicas",
    "test_connections_changes.py",
    "test_lags_changes.py",
    "test_gateways.py",
    "test_associations_changes.py",
    only="updat or renam or chang or name",
)
class UpdatesShowLate(_LateChanges):
    """What was updated is described as before for half a second."""

    seconds = 0.5
    keeps_listed = False

    def subjects(self, call: Call, request: Json) -> Iterator[tuple[Resource, str]]:
        if not call.operation.startswith("Update"):
            return
        for resource in model.load().resources.values():
            filtered = resource.describe is not None and resource.describe.filter is not None
            if filtered and isinstance(request.get(resource.id), str):
                yield resource, request[resource.id]


@innocent(
    "community.aws recordings: deleted connections are listed for some time, which may be short",
    "test_connections.py",
    "test_connections_changes.py",
    "test_lags_changes.py",
)
class DeletedItemsHidden(Variant):
    """Deleted connections, interconnects and LAGs are not listed."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if not _reads(call.operation):
            return
        for member, state in (
            ("connections", "connectionState"),
            ("lags", "lagState"),
            ("interconnects", "interconnectState"),
        ):
            if isinstance(answer.get(member), list):
                answer[member] = [one for one in answer[member] if one.get(state) not in ("deleted", "rejected")]
