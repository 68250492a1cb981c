"""Connections, interconnects, LAGs, locations and what they offer."""

import hashlib
from typing import Any, Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError
from dxcontract.spec.model import Json
from tests.unit.innocent.variant import Variant, having, innocent, objects

_PORTS: Final = ("test_connections.py", "test_lags.py")
_DEVICES: Final = ("awsDevice", "awsDeviceV2", "awsLogicalDeviceId")


@innocent(
    "botocore, Location.availablePortSpeeds: each location offers its own (evidence N5)",
    "test_connections.py",
    "test_interconnects.py",
    "test_lags.py",
    "test_locations.py",
)
class FewPortSpeeds(Variant):
    """The first location offers ports of 1 and 10 Gbps only, the second of 100 Gbps too; others are refused there."""

    offers: Final = ({"1G", "10G"}, {"1G", "10G", "100G"}, {"1G", "10G", "100G", "400G"})

    def _offered(self, call: Call) -> list[tuple[str, set[str]]]:
        listed = self.beside(call, "DescribeLocations", {})["locations"]
        return [
            (one["locationCode"], self.offers[min(place, 2)] & set(one["availablePortSpeeds"]))
            for place, one in enumerate(listed)
        ]

    def ask(self, call: Call, request: Json) -> Json:
        if call.operation in ("CreateConnection", "CreateInterconnect", "CreateLag"):
            speed = str(request.get("bandwidth", request.get("connectionsBandwidth"))).removesuffix("bps")
            place = str(request.get("location")).lower()
            known = {code.lower(): offers for code, offers in self._offered(call)}
            if speed in ("100G", "400G") and place in known and speed not in known[place]:
                self.changed += 1
                raise ServiceError(CLIENT, "The location does not offer this bandwidth.")
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if call.operation == "DescribeLocations":
            for one, (_, offers) in zip(answer["locations"], self._offered(call), strict=True):
                for which in having(one, "availablePortSpeeds"):
                    which["availablePortSpeeds"] = [s for s in which["availablePortSpeeds"] if s in offers]
                one["availableMacSecPortSpeeds"] = [s for s in one["availableMacSecPortSpeeds"] if s in offers]


@innocent(
    "every published example: location codes such as EqDC2, CSVA1, TIVIT (evidence P8)",
    "test_connections.py",
    "test_locations.py",
)
class RealLocationCodes(Variant):
    """Locations have the codes that AWS publishes."""

    codes: Final = ("EqDC2", "CSVA1", "TIVIT", "EqSe2")

    def _codes(self, call: Call) -> dict[str, str]:
        listed = self.beside(call, "DescribeLocations", {})["locations"]
        return {one["locationCode"]: code for one, code in zip(listed, self.codes, strict=True)}

    def ask(self, call: Call, request: Json) -> Json:
        ours = {code.lower(): one for one, code in self._codes(call).items()}
        if isinstance(request.get("location"), str):
            request["location"] = ours.get(request["location"].lower(), request["location"])
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        codes = self._codes(call)
        for one in objects(answer):
            for name in ("location", "locationCode"):
                if name in one:
                    one[name] = codes.get(one[name], one[name])


@innocent(
    "TF#29789, TF#37907, upjet-aws#531: encryption mode unknown without MACsec (evidence N7)", *_PORTS, "test_macsec.py"
)
class UnknownEncryptionMode(Variant):
    """A connection or LAG without MACsec shows the encryption mode `unknown`."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "macSecCapable"):
            if not one["macSecCapable"]:
                one["encryptionMode"] = "unknown"


@innocent(
    "cloud-custodian recording: neither macSecKeys nor an encryption mode (evidence P10)", *_PORTS, "test_macsec.py"
)
class NoMacsecMembers(Variant):
    """A connection or LAG without MACsec has none of MACsec's members."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "macSecCapable"):
            if not one["macSecCapable"]:
                for name in ("macSecKeys", "encryptionMode", "portEncryptionStatus", "macSecCapable"):
                    one.pop(name, None)


@innocent(
    "cloud-custodian recording: three names, different between connections at a location (evidence P9)",
    *_PORTS,
    "test_interconnects.py",
)
class DevicesDiffer(Variant):
    """The three members for a device have different values, which differ between connections at one location."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "awsDevice"):
            own = str(one.get("connectionId", one.get("lagId", one.get("interconnectId"))))
            lag = str(one.get("lagId", own))
            number = hashlib.sha256(lag.encode()).hexdigest()[:12]
            one.update(awsDevice=f"{one['location']}-{number}", awsDeviceV2=f"{one['location']}-{number[::-1]}")
            one["awsLogicalDeviceId"] = f"{one['location']}-{number[::-1]}"


@innocent("recordings create_and_delete, delete_lag_with_connections (evidence P9)", *_PORTS)
class NoDeviceUntilApproved(Variant):
    """A requested or deleted connection shows no device."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "connectionState"):
            if one["connectionState"] in ("requested", "deleted"):
                for name in _DEVICES:
                    one.pop(name, None)


@innocent(
    "AWS: longer ids were introduced for EC2 in 2016; the model states no length",
    "test_connections.py",
    "test_virtual_interfaces.py",
)
class LongerIds(Variant):
    """Ids of connections, LAGs and interfaces have 17 characters after the prefix."""

    def __init__(self) -> None:
        super().__init__()
        store = self.world.store
        made = store.new_id

        def longer(prefix: str, length: int = 8) -> str:
            self.changed += 1
            return made(prefix, 17)

        store.new_id = longer  # type: ignore[method-assign]


@innocent("awscli-examples: providerName absent on most ports, any text on others", *_PORTS)
class ProviderNames(Variant):
    """Ports show a provider's name where none was asked for."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "location"):
            if "bandwidth" in one or "connectionsBandwidth" in one:
                one.setdefault("providerName", "Equinix, Inc.")


@innocent(
    "botocore, nniPartnerType: partners v2 allocate 1, 2, 5 and 10 Gbps only (evidence N5)",
    "test_hosted_connections.py",
    "test_lags_hosting.py",
)
class PartnerV2Bandwidths(Variant):
    """The partner is of type v2, and hosted connections of other bandwidths than 1, 2, 5 and 10 Gbps are refused."""

    def ask(self, call: Call, request: Json) -> Json:
        slow = request.get("bandwidth")
        taken = {"1Gbps", "2Gbps", "5Gbps", "10Gbps"}
        modelled = {"50Mbps", "100Mbps", "200Mbps", "300Mbps", "400Mbps", "500Mbps", "25Gbps"}
        self.changed += slow in modelled | taken  # it decides, also where it lets pass
        if call.operation.startswith("Allocate") and slow in modelled - taken:
            raise ServiceError(CLIENT, "Your partner type cannot allocate this bandwidth.")
        return request


@innocent("TF#26565: a confirmed hosted connection can settle in down", "test_hosted_connections_decisions.py")
class HostedConnectionsDown(Variant):
    """A confirmed hosted connection is down, since its link is."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "partnerName"):
            if one.get("connectionState") == "available":
                one["connectionState"] = "down"


@innocent(
    "aws-sdk-go#2717 and the recordings: a connection stays requested until its LOA is sent, for days",
    "test_connections_changes.py",
    "test_lags.py",
    "test_lags_membership.py",
    settle=0.5,
)
class PortsStayRequested(Variant):
    """Dedicated connections stay requested, and a virtual interface on one is refused."""

    def _hold(self, tree: Any) -> None:
        for one in having(tree, "connectionState"):
            if "partnerName" not in one and one["connectionState"] in ("pending", "available", "down"):
                one["connectionState"] = "requested"
                one["jumboFrameCapable"] = False
                for name in _DEVICES:
                    one.pop(name, None)
        for one in having(tree, "lagState"):
            if one["lagState"] in ("available", "down"):
                one["lagState"] = "pending"

    def ask(self, call: Call, request: Json) -> Json:
        if call.operation.endswith("VirtualInterface") and call.operation.startswith(("Create", "Allocate")):
            one = str(request.get("connectionId"))
            if one.startswith("dxcon-") and self.world.store.any_kind(one) is not None:
                listed = self.beside(call, "DescribeConnections", {"connectionId": one})["connections"]
                if listed and "partnerName" not in listed[0]:
                    self.changed += 1
                    raise ServiceError(CLIENT, f"Connection {one} is in state requested.")
        return request

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        self._hold(answer)


@innocent(
    "AWS recordings of LAGs; user guide: members come up one after the other",
    "test_lags.py",
    "test_lags_membership.py",
    settle=3,
)
class DocumentedStates(Variant):
    """Where documentation and recordings disagree about states, those of the documentation are shown."""

    def __init__(self) -> None:
        super().__init__(documented=True)

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        self.changed += call.documented


@innocent(
    "user guide 2026, prefix pools and rate limiters: sizes by account; no fixed numbers stated for all",
    "test_connections.py",
    "test_lags.py",
)
class OtherPools(Variant):
    """Prefix pools have other sizes, and ports show no rate limiters."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "prefixPoolSizeIpv4"):
            for name in ("rateLimiterStatus", "prefixPoolSizeIpv4", "prefixPoolSizeIpv6"):
                one.pop(name, None)
            one.pop("prefixPoolUnallocatedCountIpv4", None)
            one.pop("prefixPoolUnallocatedCountIpv6", None)


@innocent(
    "botocore, HasLogicalRedundancy: unknown, yes, no; a port may gain redundancy",
    "test_connections.py",
    "test_lags.py",
    "test_interconnects.py",
)
class RedundancyUnknown(Variant):
    """Whether a port has logical redundancy is unknown."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "hasLogicalRedundancy"):
            one["hasLogicalRedundancy"] = "unknown"
