"""Creates and deletes the EC2 gateways and VPCs that tests need.

EC2 resources have no names. They carry the name of the run as the value of their tag `Name`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import botocore.config
import botocore.exceptions
import botocore.session

from dxcontract.client.client import Api
from dxcontract.client.leftovers import MOST_PAGES
from dxcontract.client.resource_journal import EC2, Record
from dxcontract.wire.botocore_adapter import UNUSABLE, carry
from dxcontract.wire.credentials import Role

FAILED: Final = UNUSABLE
_GONE: Final = frozenset({"deleted", "deleting"})
_ROUNDS_APART: Final = 0.5


@dataclass(frozen=True)
class Kind:
    """One kind of EC2 resource: the names of actions, methods and members to create, list and delete it."""

    name: str
    action: str
    member: str
    describe: str
    list: str
    id: str
    delete: str


VPC: Final = Kind("vpc", "CreateVpc", "Vpc", "describe_vpcs", "Vpcs", "VpcId", "delete_vpc")
VPN_GATEWAY: Final = Kind(
    "vpn-gateway",
    "CreateVpnGateway",
    "VpnGateway",
    "describe_vpn_gateways",
    "VpnGateways",
    "VpnGatewayId",
    "delete_vpn_gateway",
)
TRANSIT_GATEWAY: Final = Kind(
    "transit-gateway",
    "CreateTransitGateway",
    "TransitGateway",
    "describe_transit_gateways",
    "TransitGateways",
    "TransitGatewayId",
    "delete_transit_gateway",
)
KINDS: Final = (TRANSIT_GATEWAY, VPN_GATEWAY, VPC)
"""In the order in which they are deleted."""


@dataclass(frozen=True)
class Thing:
    """One EC2 resource of a run."""

    kind: Kind
    id: str
    name: str
    role: Role
    region: str
    item: Any

    def __str__(self) -> str:
        return f"EC2 {self.kind.name} {self.id} {self.name} ({self.region})"


@dataclass
class Seen:
    """The EC2 resources that were found, deleted and left, and the places that could not be read."""

    things: list[Thing] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def client(api: Api, role: Role, region: str | None = None) -> Any:
    """Return boto3's EC2 client for an account of the target; its calls raise the exceptions in FAILED."""
    account = api.account(role)
    made: Any = botocore.session.Session().create_client(
        "ec2",
        region_name=region or api.target.region,
        endpoint_url=api.target.endpoint,
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
        aws_session_token=account.token,
        config=botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )
    carry(made, api.carry)
    return made


def named(kind: Kind, name: str) -> list[dict[str, Any]]:
    """The parameter `TagSpecifications` that names a new resource."""
    return [{"ResourceType": kind.name, "Tags": [{"Key": "Name", "Value": name}]}]


def look(api: Api, record: Record) -> Seen:
    """Find the EC2 resources of a run: in the journal by id or name, and with the name of the run."""
    seen = Seen()
    made = [entry for entry in record.entries if entry.operation.startswith(EC2)]
    names = {entry.name for entry in made}
    for role, region in dict.fromkeys((entry.role, entry.region) for entry in made):
        if role not in api.target.accounts:
            seen.unseen.append(f"EC2 of {role} in {region}: no credentials for that account")
            continue
        door = client(api, role, region)
        for kind in KINDS:
            if not any(entry.operation == EC2 + kind.action for entry in made):
                continue
            try:
                found = list(_listed(door, kind))
            except FAILED as error:
                seen.unseen.append(f"EC2 {kind.name} of {role} in {region}: {_told(api, error)}")
                continue
            for item in found:
                name = _name(item)
                if name in names and name.startswith(record.prefix) and item.get("State") not in _GONE:
                    seen.things.append(Thing(kind, str(item.get(kind.id)), name, role, region, item))
    return seen


def sweep(api: Api, record: Record, deadline: float) -> Seen:
    """Delete the EC2 resources of a run, in rounds until nothing is left or `deadline` (monotonic) is reached."""
    deleted: dict[str, str] = {}
    while True:
        seen = look(api, record)
        refusals = {
            one.id: reason for one in seen.things if (reason := _delete(api, client(api, one.role, one.region), one))
        }
        deleted |= {one.id: str(one) for one in seen.things if one.id not in refusals}
        if not seen.things or len(refusals) == len(seen.things) or time.monotonic() > deadline:
            seen.left = [f"{one}: {refusals.get(one.id, 'its deletion has not ended')}" for one in seen.things]
            seen.deleted = [told for one, told in deleted.items() if one not in {thing.id for thing in seen.things}]
            return seen
        time.sleep(_ROUNDS_APART)


def _delete(api: Api, door: Any, one: Thing) -> str | None:
    """Why a thing was not deleted; None when that was accepted."""
    try:
        for attachment in one.item.get("VpcAttachments", []) if one.kind is VPN_GATEWAY else []:
            if attachment.get("State") == "attached":
                door.detach_vpn_gateway(VpcId=attachment["VpcId"], VpnGatewayId=one.id)
        getattr(door, one.kind.delete)(**{one.kind.id: one.id})
    except FAILED as error:
        return _told(api, error)
    return None


def _listed(door: Any, kind: Kind) -> Iterator[Any]:
    method: Callable[..., Any] = getattr(door, kind.describe)
    if not door.can_paginate(kind.describe):
        yield from method().get(kind.list, [])
        return
    for number, page in enumerate(door.get_paginator(kind.describe).paginate()):
        if number == MOST_PAGES:
            raise botocore.exceptions.PaginationError(message=f"no end after {MOST_PAGES} pages")
        yield from page.get(kind.list, [])


def _name(item: Any) -> str:
    return next((str(tag.get("Value")) for tag in item.get("Tags", []) if tag.get("Key") == "Name"), "")


def _told(api: Api, error: Exception) -> str:
    return f"{type(error).__name__}: {api.vault.cut(str(error), 160)}"
