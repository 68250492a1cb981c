"""Virtual private gateways and transit gateways, which EC2 creates on the endpoint of the target.

A target without EC2 can still be tested for the most part if the account has virtual private gateways, or if the target
associates any well-formed id. The gateways are deleted when the world is closed, after all resources that use them.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import botocore.exceptions
import filelock

from dxcontract.client import ec2_resources
from dxcontract.client.client import THROTTLES, Api
from dxcontract.client.resource_journal import default_folder
from dxcontract.spec.json_pointer import at
from dxcontract.wire.botocore_adapter import NoAnswerError
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported
from strategies.polling import PATIENCE, poll
from strategies.world import World

T = TypeVar("T")

VPC_CIDR: Final = "10.32.0.0/16"
TRANSIT_ASN: Final = 64532
"""An ASN other than 64512, the default of Direct Connect gateways."""

_PROBES: Final = 3
_PROBE_AGAIN: Final = 0.1
_ASSOCIATE: Final = "CreateDirectConnectGatewayAssociation"
_ABSENT: Final = frozenset(
    {"InvalidAction", "UnknownAction", "UnsupportedOperation", "NotImplemented", "InvalidRequest"}
)


@dataclass
class _Door:
    """EC2 for one account; `refusal` is the reason if it is not available."""

    client: Any
    refusal: str | None = None


@dataclass
class _Doors:
    """EC2 for the accounts of one target, and whether the target associates nonexistent gateways, once tried."""

    api: Api
    opened: dict[Role, _Door] = field(default_factory=dict)
    takes_any: dict[str, bool] = field(default_factory=dict)


_DOORS: dict[int, _Doors] = {}


def virtual_private_gateway(world: World, role: Role = "owner", *, attached: bool = True, cidr: str = VPC_CIDR) -> str:
    """The id of a new virtual private gateway, attached to a new VPC with the block `cidr` unless told otherwise.

    Raises:
        Unsupported: the target has no EC2, or the run may not create resources there.
        Indeterminate: EC2 refused the request, or the gateway was not ready in time.
    """
    client = _client(world, role)
    vpc = _vpc(world, client, role, cidr) if attached else None
    gateway = _made(
        world, role, ec2_resources.VPN_GATEWAY, lambda tags: client.create_vpn_gateway(Type="ipsec.1", **tags)
    )
    world.afterwards(lambda: _tidied(client.delete_vpn_gateway, VpnGatewayId=gateway))
    if vpc is not None:
        _asked(lambda: client.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=gateway))
        world.afterwards(lambda: _tidied(client.detach_vpn_gateway, VpcId=vpc, VpnGatewayId=gateway))
        _ready(lambda: _attachments(client, gateway), "attached")
    return gateway


def transit_gateway(world: World, role: Role = "owner", *, asn: int = TRANSIT_ASN) -> str:
    """The id of a new transit gateway with this ASN.

    Without EC2, the id of a nonexistent gateway if the target accepts any id.

    Raises:
        Unsupported: the target has no EC2, or the run may not create resources there.
        Indeterminate: EC2 refused the request, or the gateway was not ready in time.
    """
    try:
        client = _client(world, role)
    except Unsupported:
        if _takes_any(world, "tgw"):
            return _made_up(world, "tgw")
        raise
    options = {"AmazonSideAsn": asn}
    gateway = _made(
        world, role, ec2_resources.TRANSIT_GATEWAY, lambda tags: client.create_transit_gateway(Options=options, **tags)
    )
    world.afterwards(lambda: _tidied(client.delete_transit_gateway, TransitGatewayId=gateway))
    _ready(lambda: _transit_states(client, gateway), "available")
    return gateway


def some_virtual_private_gateway(world: World, role: Role = "owner", *, but: tuple[str, ...] = ()) -> str:
    """The id of a virtual private gateway that can be associated: a new one; without EC2, an existing unassociated one,
    which other processes do not use until the world is closed; or a nonexistent one if the target accepts any id.

    Raises:
        Unsupported: the target has no EC2, and every free virtual private gateway of the account is in `but`.
        Indeterminate: EC2 refused the request, or no gateway was ready and free in time.
    """
    try:
        return virtual_private_gateway(world, role)
    except Unsupported as reason:
        found = poll(lambda: _reserved(world, role, but), lambda one: one is not None)
        if found is None:
            raise Indeterminate("other tests use every virtual private gateway that is listed and free") from reason
        if not found and _takes_any(world, "vgw"):
            return _made_up(world, "vgw")
        if not found:
            what = "no virtual private gateway can be had"
            raise Unsupported(f"{what}: {reason}, and none is listed and free") from reason
        return found


def _reserved(world: World, role: Role, but: tuple[str, ...]) -> str | None:
    """An available virtual private gateway without an association, reserved until the world is closed. An empty string
    if there is none, and None if others have reserved all."""
    resource = world.spec.resources["virtual-gateway"]
    if "DescribeVirtualGateways" in world.api.unsupported:
        return ""
    exchange = world.api.call("DescribeVirtualGateways", role=role)
    listed = [one for one in at(exchange.body, "/virtualGateways/*") if isinstance(one, dict)]
    kept = False
    for gateway in (str(one.get(resource.id)) for one in listed if one.get(resource.state) in resource.ready):
        if gateway in but:
            continue
        try:
            lock = _lock(world.api, gateway)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            kept = True
            continue
        except OSError as error:
            raise Unsupported(f"a virtual private gateway cannot be kept from other processes: {error}") from error
        if not _is_associated(world, gateway, role):
            world.afterwards(lock.release)
            return gateway
        lock.release()
    return None if kept else ""


def _lock(api: Api, gateway: str) -> filelock.BaseFileLock:
    """The lock of a gateway, since two tests that associate it would blame the target for refusing the second."""
    folder = default_folder() / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha256(f"{api.target.endpoint} {gateway}".encode()).hexdigest()[:32]
    return filelock.FileLock(folder / name, is_singleton=True)


def _is_associated(world: World, gateway: str, role: Role) -> bool:
    """Whether a virtual private gateway is already associated with a Direct Connect gateway."""
    resource = world.spec.resources["gateway-association"]
    if resource.describe is None or resource.describe.operation in world.api.unsupported:
        return False
    exchange = world.api.call(resource.describe.operation, {"virtualGatewayId": gateway}, role=role)
    states = at(exchange.body, f"/{resource.describe.list}/*/{resource.state}")
    return any(state not in resource.gone for state in states)


def _made_up(world: World, prefix: str) -> str:
    """The id of a nonexistent gateway."""
    return f"{prefix}-{hashlib.sha256(world.name().encode()).hexdigest()[:17]}"


def _takes_any(world: World, prefix: str) -> bool:
    """Whether the target, if not a real account, associates a nonexistent gateway; tried once and undone."""
    doors = _doors(world.api)
    if prefix not in doors.takes_any:
        needed = {_ASSOCIATE, "CreateDirectConnectGateway"}
        doors.takes_any[prefix] = (
            not world.api.target.is_real and not needed & world.api.unsupported.keys() and _associates(world, prefix)
        )
    return doors.takes_any[prefix]


def _associates(world: World, prefix: str) -> bool:
    gateway = world.make("direct-connect-gateway", {"directConnectGatewayName": world.name(), "amazonSideAsn": 64999})
    prefixes = [{"cidr": VPC_CIDR}] if prefix == "tgw" else []
    params = {"directConnectGatewayId": gateway, "gatewayId": _made_up(world, prefix)}
    if prefixes:
        params["addAllowedPrefixesToDirectConnectGateway"] = prefixes
    exchange = world.call(_ASSOCIATE, params)
    made = world.adopt("gateway-association", _ASSOCIATE, exchange, params, "owner")
    if made is None:
        return False
    world.delete(made)
    return True


def _doors(api: Api) -> _Doors:
    doors = _DOORS.get(id(api))
    if doors is None or doors.api is not api:
        doors = _DOORS[id(api)] = _Doors(api)
    return doors


def _client(world: World, role: Role) -> Any:
    api = world.api
    doors = _doors(api)
    if role not in doors.opened:
        doors.opened[role] = _opened(api, role)
    door = doors.opened[role]
    if door.refusal is not None:
        raise Unsupported(door.refusal)
    return door.client


def _opened(api: Api, role: Role) -> _Door:
    if api.target.is_real:
        return _Door(None, f"nothing is made through EC2 on {api.target.name}, a real account")
    client = ec2_resources.client(api, role)
    for attempt in range(_PROBES):
        try:
            client.describe_vpn_gateways()
            return _Door(client)
        except ec2_resources.FAILED as error:
            failure, again = error, _may_pass(error)
        if not again:
            break
        time.sleep(_PROBE_AGAIN * (attempt + 1))
    if isinstance(failure, NoAnswerError) or _throttled(failure):
        raise Indeterminate(f"whether the target offers EC2 is not known: it {_told(failure)}")
    return _Door(None, f"the target offers no EC2 at its endpoint ({type(failure).__name__})")


def _may_pass(error: Exception) -> bool:
    """Whether a retry may have another result: no response, a server error, or an unreadable response."""
    return not isinstance(error, botocore.exceptions.ClientError) or _status(error) >= 500


def _throttled(error: Exception) -> bool:
    """Whether EC2 throttles requests or is not ready."""
    if not isinstance(error, botocore.exceptions.ClientError):
        return False
    return _status(error) in (429, 503) or error.response.get("Error", {}).get("Code") in THROTTLES


def _status(error: botocore.exceptions.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _told(error: Exception) -> str:
    if isinstance(error, NoAnswerError):
        return f"did not answer ({error})"
    return "asked to slow down, and still does after all patience (--rate, --slow-down-seconds)"


def _vpc(world: World, client: Any, role: Role, cidr: str) -> str:
    vpc = _made(world, role, ec2_resources.VPC, lambda tags: client.create_vpc(CidrBlock=cidr, **tags))
    world.afterwards(lambda: _tidied(client.delete_vpc, VpcId=vpc))
    return vpc


def _made(world: World, role: Role, kind: ec2_resources.Kind, make: Callable[[dict[str, Any]], Any]) -> str:
    """The id of a new resource in EC2, recorded in the journal before the request; its name contains the run id."""
    journal, name = world.api.journal, world.name()
    entry = journal.will_make(kind.action, role, world.api.target.region, name)
    found: str = _asked(lambda: str(make({"TagSpecifications": ec2_resources.named(kind, name)})[kind.member][kind.id]))
    journal.answered(entry, "200", {kind.name: [found]})
    return found


def _asked(step: Callable[[], Any]) -> Any:
    """The response of EC2 to a step that a test needs."""
    try:
        return step()
    except botocore.exceptions.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _ABSENT or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) in (404, 501):
            raise Unsupported(f"the target's EC2 lacks {error.operation_name}") from error
        raise Indeterminate(f"EC2 {error.operation_name}, which this test needs first, was refused: {code}") from error
    except ec2_resources.FAILED as error:
        kind = type(error).__name__
        raise Indeterminate(f"EC2, which this test needs first, gave no usable answer ({kind})") from error


def _ready(states: Callable[[], list[str]], wanted: str) -> None:
    seen = poll(lambda: _asked(states), lambda one: wanted in one)
    if wanted not in seen:
        raise Indeterminate(f"a gateway of EC2 is {seen or 'not listed'}, not {wanted}, after {PATIENCE.seconds:g} s")


def _attachments(client: Any, gateway: str) -> list[str]:
    found = client.describe_vpn_gateways(VpnGatewayIds=[gateway]).get("VpnGateways", [])
    return [str(one["State"]) for item in found for one in item.get("VpcAttachments", [])]


def _transit_states(client: Any, gateway: str) -> list[str]:
    found = client.describe_transit_gateways(TransitGatewayIds=[gateway]).get("TransitGateways", [])
    return [str(item["State"]) for item in found]


def _tidied(step: Callable[..., Any], **params: str) -> None:
    try:
        step(**params)
    except ec2_resources.FAILED:
        return  # what cannot be deleted now fails nobody's test
