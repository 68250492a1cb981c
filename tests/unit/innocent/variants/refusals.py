"""Refusals: which error type, and requests that AWS refuses although their members are in order."""

import ipaddress
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError
from dxcontract.spec.model import Json
from tests.unit.innocent.variant import Variant, having, innocent

_ALL_OVER: Final = ("test_access.py", "test_access_regions.py", "test_gateways.py")
_VALUES: Final = ("test_gateways.py", "test_virtual_interfaces_numbers.py", "test_requests.py")
_SOME_VALUES: Final = (
    "test_gateways or CreatePrivateVirtualInterface] or DeleteConnection] or UpdateLag] or CreateDirectConnectGateway]"
)


@innocent(
    "evidence N6: no observation fixes the type; AccessDeniedException is common to all services of AWS",
    *_ALL_OVER,
    "test_proposals.py",
    "test_hosted_connections_decisions.py",
    "test_virtual_interfaces_allocation.py",
)
class AccessDeniedToStrangers(Variant):
    """What belongs to another account is refused with AccessDeniedException."""

    def refuse(self, call: Call, request: Json, error: ServiceError) -> ServiceError:
        words = error.message.lower()
        foreign = any(
            text in words for text in ("does not belong", "not the owner", "not yours", "partner", "owner of")
        )
        if error.code != CLIENT or not (foreign or self._exists_elsewhere(call, request)):
            return error
        return ServiceError("AccessDeniedException", "You are not allowed to do this.", 400, error.rules)

    def _exists_elsewhere(self, call: Call, request: Json) -> bool:
        for name, value in request.items():
            if isinstance(value, str) and name != "proposalId":  # it is another account's by nature
                record = self.world.store.any_kind(value)
                if record is not None and record.owner != call.account:
                    return True
        return False


@innocent(
    "evidence N6; ValidationException is common to all services of AWS (API reference, Common Errors)",
    *_VALUES,
    only=_SOME_VALUES,
)
class ValidationExceptions(Variant):
    """What breaks the model of a request, or an id of a kind that AWS was not seen to refuse, is refused with
    ValidationException."""

    error = "ValidationException"
    observed: Final = ("ConnectionID ", "Lag ID ", "Association ID ")

    def refuse(self, call: Call, request: Json, error: ServiceError) -> ServiceError:
        malformed = error.message.startswith("/") or "invalid format" in error.message
        malformed = malformed and not error.message.startswith(self.observed)
        return ServiceError(self.error, error.message, 400, error.rules) if malformed else error


@innocent(
    "evidence N6; SerializationException is common to all services that speak AWS JSON",
    "test_gateways.py",
    "test_requests.py",
    only=_SOME_VALUES,
)
class SerializationExceptions(ValidationExceptions):
    """What breaks the model of a request, or an id of a kind that AWS was not seen to refuse, is refused with
    SerializationException."""

    error = "SerializationException"


@innocent(
    "user guide 2026, hosted virtual interfaces: public prefixes; TF's tests use 210.52.109.0/24 and 175.45.176.0/22",
    "test_virtual_interfaces.py",
    "test_virtual_interfaces_ports.py",
    "test_virtual_interfaces_numbers.py",
    "test_virtual_interfaces_addresses.py",
    only="Public",
)
class PrivatePrefixesRefused(Variant):
    """A public virtual interface that advertises private prefixes is refused."""

    def ask(self, call: Call, request: Json) -> Json:
        for one in having(request, "cidr"):
            if not call.operation.endswith("PublicVirtualInterface"):
                continue
            try:
                private = ipaddress.ip_network(one["cidr"]).is_private
            except (ValueError, TypeError):
                continue
            self.changed += 1  # it decides, also where it lets pass
            if private:
                raise ServiceError(CLIENT, "Prefixes must be public.")
        return request


@innocent(
    "user guide 2026, long ASN support: enabled or disabled for an account",
    "test_virtual_interfaces_numbers.py",
    "test_bgp_peers.py",
    only="asn",
)
class LongAsnDisabled(Variant):
    """An ASN of four bytes is refused, since the account does not have the feature."""

    def ask(self, call: Call, request: Json) -> Json:
        for one in having(request, "asnLong"):
            if isinstance(one["asnLong"], int) and 2147483647 < one["asnLong"] < 4294967295:
                self.changed += 1
                raise ServiceError(CLIENT, "Long ASN is not enabled for this account.")
        return request


@innocent(
    "user guide 2026, jumbo frames: the port's endpoint has to be capable (jumboFrameCapable)",
    "test_virtual_interfaces_attributes.py",
    "test_virtual_interfaces_numbers.py",
    only="mtu",
)
class NoJumboFrames(Variant):
    """No port is capable of jumbo frames, and an MTU above 1500 is refused."""

    def ask(self, call: Call, request: Json) -> Json:
        for one in having(request, "mtu"):
            if one["mtu"] in (8500, 9001):
                self.changed += 1
                raise ServiceError(CLIENT, "The connection is not capable of jumbo frames.")
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "jumboFrameCapable"):
            one["jumboFrameCapable"] = False


@innocent(
    "user guide 2026, quotas: 10 active connections per location, 10 LAGs per Region, 200 gateways; they can be lower",
    "test_connections.py",
    "test_lags.py",
    "test_gateways.py",
    "test_pagination.py",
    only="not test_pagination or DescribeConnections or DescribeLags",
)
class Quotas(Variant):
    """An account may have two connections, LAGs and gateways; one more is refused."""

    made: Final[dict[str, int]] = {"CreateConnection": 2, "CreateLag": 2, "CreateDirectConnectGateway": 2}
    lists: Final = {
        "CreateConnection": ("DescribeConnections", "connections", "connectionState"),
        "CreateLag": ("DescribeLags", "lags", "lagState"),
        "CreateDirectConnectGateway": (
            "DescribeDirectConnectGateways",
            "directConnectGateways",
            "directConnectGatewayState",
        ),
    }

    def ask(self, call: Call, request: Json) -> Json:
        if call.operation in self.made:
            operation, member, state = self.lists[call.operation]
            listed = self.beside(call, operation, {})[member]
            if (
                sum(one[state] not in ("deleted", "deleting", "rejected") for one in listed)
                >= self.made[call.operation]
            ):
                self.changed += 1
                raise ServiceError(CLIENT, "You have reached the maximum number for this account.")
        return request


@innocent(
    "community.aws directconnect_link_aggregation_group.py matches the refusal (evidence N3)",
    "test_lags.py",
    "test_lags_changes.py",
    "test_lags_membership.py",
    only="",
    settle=5,
)
class MinimumLinksAboveLinksUp(Variant):
    """UpdateLag refuses a minimum of links above the number of links that are up."""

    def ask(self, call: Call, request: Json) -> Json:
        minimum = request.get("minimumLinks")
        if call.operation == "UpdateLag" and isinstance(minimum, int) and isinstance(request.get("lagId"), str):
            lags = self.beside(call, "DescribeLags", {"lagId": request["lagId"]})["lags"]
            up = sum(one["connectionState"] == "available" for lag in lags for one in lag["connections"])
            if lags and 0 < up < minimum:
                self.changed += 1
                raise ServiceError(CLIENT, "MinimumLinks cannot be set higher than the number of connections")
        return request


@innocent(
    "TF#3212: `Connection dxcon-… is in a transitioning state` for about a minute after an association",
    "test_lags_membership.py",
    "test_machines.py",
    only="not test_machines or connections_and_lags",
)
class ConnectionsInTransition(Variant):
    """For a second after a connection joined or left a LAG it can neither join nor leave one."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: dict[str, float] = {}

    def ask(self, call: Call, request: Json) -> Json:
        import time

        if call.operation in ("AssociateConnectionWithLag", "DisassociateConnectionFromLag"):
            one, now = str(request.get("connectionId")), time.monotonic()
            if now - self.moved.get(one, 0.0) < 1.0:
                self.changed += 1
                raise ServiceError(CLIENT, f"Connection {one} is in a transitioning state.")
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        import time

        if call.operation in ("AssociateConnectionWithLag", "DisassociateConnectionFromLag"):
            self.moved[str(request.get("connectionId"))] = time.monotonic()


@innocent(
    "200 with an empty list was recorded, Terraform relies on an error",
    "test_connections.py",
    "test_requests.py",
    only="not test_requests or DescribeConnections] or DescribeVirtualInterfaces]",
)
class UnknownIdsRefusedOnReads(Variant):
    """A description by an id that nothing has is refused, instead of answered with an empty list."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        operation = call.operation
        named = {"DescribeConnections": "connectionId", "DescribeVirtualInterfaces": "virtualInterfaceId"}
        if operation in named and named[operation] in request and not next(iter(answer.values())):
            self.changed += 1
            raise ServiceError(CLIENT, f"{request[named[operation]]} does not exist.")
