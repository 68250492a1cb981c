"""The records of the store, one class for each kind of resource.

A record holds the state that it entered. If the shown state depends on a link or a session (available or down), the
modules that describe the resource compute it.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Literal

from dxcontract.reference.core import store
from dxcontract.reference.core.store import Record

Keys = tuple[tuple[Hashable, ...], ...]
Tags = tuple[tuple[str, str], ...]
Prefixes = tuple[str, ...]
VirtualInterfaceType = Literal["private", "public", "transit"]
GONE: Final = store.GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Record):
    """A dedicated or hosted connection, or an interconnect: they share their ids and most of their life."""

    kind: Literal["dedicated", "hosted", "interconnect"]
    name: str
    location: str
    bandwidth: str
    vlan: int | None = None
    lag_id: str | None = None
    parent_id: str | None = None
    partner: str | None = None
    provider_name: str | None = None
    request_macsec: bool = False
    encryption_mode: str | None = None
    billing_mode: str = "PayAsYouGo"
    loa_issue_time: float | None = None
    link_up: bool = True
    transitioning: bool = False
    tags: Tags = ()

    def keys(self) -> Keys:
        mine: Keys = (("owner", self.owner, self.region),)
        if self.lag_id is not None:
            mine += (("lag", self.lag_id),)
        if self.parent_id is not None:
            mine += (("parent", self.parent_id),)
        return mine


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag(Record):
    """A link aggregation group. Whether it is up follows from its members; `been_up` tells down from not yet up."""

    name: str
    location: str
    bandwidth: str
    minimum_links: int = 0
    allows_hosted_connections: bool = False
    provider_name: str | None = None
    request_macsec: bool = False
    encryption_mode: str | None = None
    billing_mode: str = "PayAsYouGo"
    link_up: bool = True
    been_up: bool = False
    tags: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualInterface(Record):
    """A virtual interface; `parent_id` is a connection or a LAG, `allocated_by` who made it for another account."""

    type: VirtualInterfaceType
    name: str
    parent_id: str
    location: str
    vlan: int
    mtu: int = 1500
    virtual_gateway_id: str = ""
    direct_connect_gateway_id: str = ""
    route_filter_prefixes: Prefixes = ()
    site_link: bool = False
    rate_limit: str | None = None
    prefix_pool_ipv4: int | None = None
    prefix_pool_ipv6: int | None = None
    allocated_by: str | None = None
    tags: Tags = ()

    def keys(self) -> Keys:
        mine: Keys = (("owner", self.owner, self.region), ("parent", self.parent_id))
        if self.direct_connect_gateway_id:
            mine += (("gateway", self.direct_connect_gateway_id),)
        if self.virtual_gateway_id:
            mine += (("gateway", self.virtual_gateway_id),)
        if self.allocated_by is not None:
            mine += (("owner", self.allocated_by, self.region),)
        return mine


@dataclass(frozen=True, slots=True, kw_only=True)
class BgpPeer(Record):
    """A BGP peer of a virtual interface."""

    virtual_interface_id: str
    asn: int
    auth_key: str
    address_family: Literal["ipv4", "ipv6"]
    amazon_address: str
    customer_address: str
    session_up: bool = True

    def keys(self) -> Keys:
        return (("vif", self.virtual_interface_id),)

    @property
    def is_over(self) -> bool:
        return False  # a deleted one goes with its virtual interface


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectConnectGateway(Record):
    """A Direct Connect gateway: global, so its region is empty."""

    created_in: str
    name: str
    asn: int
    tags: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualGateway(Record):
    """A virtual private gateway or a transit gateway, which belong to EC2."""

    type: Literal["virtualPrivateGateway", "transitGateway"]
    asn: int
    vpc_id: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc(Record):
    """A VPC of EC2: what a virtual private gateway leads into."""

    cidr: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association(Record):
    """A Direct Connect gateway associated with a virtual private or transit gateway; `owner` owns the former."""

    gateway_id: str
    associated_id: str
    associated_type: Literal["virtualPrivateGateway", "transitGateway"]
    associated_owner: str
    associated_region: str
    prefixes: Prefixes = ()

    def keys(self) -> Keys:
        return (("gateway", self.gateway_id), ("associated", self.associated_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Record):
    """A virtual interface attached to a Direct Connect gateway; `owner` owns the virtual interface."""

    gateway_id: str
    gateway_owner: str
    virtual_interface_id: str
    type: Literal["TransitVirtualInterface", "PrivateVirtualInterface"]

    def keys(self) -> Keys:
        return (("gateway", self.gateway_id), ("vif", self.virtual_interface_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Record):
    """An association proposed by the owner of a virtual gateway to the owner of a Direct Connect gateway."""

    gateway_id: str
    gateway_owner: str
    associated_id: str
    associated_type: Literal["virtualPrivateGateway", "transitGateway"]
    requested: Prefixes = ()
    existing: Prefixes | None = None

    def keys(self) -> Keys:
        return (("visible", self.owner), ("visible", self.gateway_owner))

    @property
    def is_over(self) -> bool:
        return self.state == "accepted" or self.state in GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class MacSecKey(Record):
    """A MACsec key of a connection or a LAG. The CAK itself is never shown, so it is not kept."""

    connection_id: str
    secret_arn: str
    ckn: str
    start_on: str

    def keys(self) -> Keys:
        return (("connection", self.connection_id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverTest(Record):
    """A BGP failover test; `state` is its status."""

    virtual_interface_id: str
    peers: tuple[str, ...]
    minutes: int
    started: float
    ended: float | None = None

    def keys(self) -> Keys:
        return (("owner", self.owner, self.region), ("vif", self.virtual_interface_id))

    @property
    def is_over(self) -> bool:
        return self.ended is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResiliencyGroup(Record):
    """A resiliency group."""

    name: str
    model: str
    tags: Tags = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResiliencyAssociation(Record):
    """A connection in a resiliency group."""

    group_id: str
    connection_id: str
    connection_arn: str

    def keys(self) -> Keys:
        return (("group", self.group_id), ("connection", self.connection_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Record):
    """A customer agreement of an account; `state` is signed or unsigned."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentAnswer(Record):
    """What a request with a client token was answered, so that it has no further effect (clientToken, botocore)."""

    fingerprint: str
    answer: str

    @property
    def is_over(self) -> bool:
        return True
