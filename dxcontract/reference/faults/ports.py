"""Faults in answers about connections, interconnects, hosted connections and LAGs."""

from typing import Final

from dxcontract.reference.faults.response_edits import (
    TOP,
    Scene,
    Table,
    distort,
    lose,
    put,
    raise_by_one,
    reword,
    shorten,
)
from dxcontract.spec.model import Json

ELSEWHERE: Final = "eu-nowhere-1"
NOBODY: Final = "999999999999"
_ALLOCATE: Final = ("AllocateHostedConnection", "AllocateConnectionOnInterconnect")


def _lag_elsewhere(lag: Json, scene: Scene) -> None:
    for item in (lag, *lag.get("connections", ())):
        item["region"] = ELSEWHERE


def _members_available(lag: Json, scene: Scene) -> None:
    for connection in lag.get("connections", ()):
        connection["connectionState"] = "available"


def _members_slower(lag: Json, scene: Scene) -> None:
    for connection in lag.get("connections", ()):
        connection["bandwidth"] = "50Mbps"


def _members_on_another_device(lag: Json, scene: Scene) -> None:
    for connection in lag.get("connections", ()):
        if "awsDeviceV2" in connection:
            connection["awsDeviceV2"] += "x"


def _existing_renamed(lag: Json, scene: Scene) -> None:
    for connection in lag.get("connections", ()):
        if connection["connectionId"] == scene.request.get("connectionId"):
            connection["connectionName"] += "x"


def _members_renamed(lag: Json, scene: Scene) -> None:
    for connection in lag.get("connections", ()):
        connection["connectionName"] = "port"


def _flat_rate_unasked(connection: Json, scene: Scene) -> None:
    if "billingMode" not in scene.request:
        connection["billingMode"] = "FlatRateTier1"


def _keep_lag_id(connection: Json, scene: Scene) -> None:
    connection["lagId"] = scene.request["lagId"]


def _without_hosted(answer: Json, scene: Scene) -> None:
    answer["connections"] = [one for one in answer["connections"] if "partnerName" not in one]


def _nest(answer: Json, scene: Scene) -> None:
    answer["loa"] = {name: answer.pop(name) for name in tuple(answer)}


def _flatten(answer: Json, scene: Scene) -> None:
    answer.update(answer.pop("loa"))


def _twice_the_first(answer: Json, scene: Scene) -> None:
    answer["locations"].append(dict(answer["locations"][0]))


def _cak_shown(answer: Json, scene: Scene) -> None:
    for key in answer["macSecKeys"]:
        key["startOn"] = scene.request.get("cak", key["startOn"])


def _locations_vary(answer: Json, scene: Scene) -> None:
    scene.memory["locations"] = scene.memory.get("locations", 0) + 1
    if scene.memory["locations"] % 2 == 0:
        answer["locations"] = answer["locations"][:-1]


CONNECTION: Final = ("CreateConnection", "DescribeConnections", "UpdateConnection", "DeleteConnection")

TABLE: Final[Table] = {
    "connections.answer-members": distort("Connection", lose("location"), *CONNECTION),
    "connections.delete-answer": distort("Connection", put("connectionState", "available"), "DeleteConnection"),
    "connections.echo": distort("Connection", reword("connectionName"), "CreateConnection"),
    "connections.listed": distort(TOP, shorten("connections", "connectionId"), "DescribeConnections"),
    "connections.owner-and-region": distort("Connection", put("region", ELSEWHERE), *CONNECTION),
    "billing.default": distort("Connection", _flat_rate_unasked, "CreateConnection"),
    "billing.update-answer": distort(TOP, shorten("connections"), "UpdateConnectionsBillingMode"),
    "interconnects.answer-members": distort("Interconnect", lose("location")),
    "interconnects.delete-answer": distort(TOP, put("interconnectState", "available"), "DeleteInterconnect"),
    "interconnects.echo": distort("Interconnect", reword("interconnectName"), "CreateInterconnect"),
    "interconnects.listed": distort(TOP, shorten("interconnects", "interconnectId"), "DescribeInterconnects"),
    "hosted_connections.answer-members": distort(
        "Connection", lose("vlan"), *_ALLOCATE, "DescribeHostedConnections", "DescribeConnectionsOnInterconnect"
    ),
    "hosted_connections.associate-keeps": distort("Connection", reword("connectionName"), "AssociateHostedConnection"),
    "hosted_connections.confirm-answer": distort(TOP, put("connectionState", "ordering"), "ConfirmConnection"),
    "hosted_connections.deprecated-allocate": distort(
        "Connection", lose("hasLogicalRedundancy"), "AllocateConnectionOnInterconnect"
    ),
    "hosted_connections.echo": distort("Connection", reword("connectionName"), *_ALLOCATE),
    "hosted_connections.listed-for-owner": distort(TOP, _without_hosted, "DescribeConnections"),
    "hosted_connections.listed-for-partner": distort(
        TOP, shorten("connections"), "DescribeHostedConnections", "DescribeConnectionsOnInterconnect"
    ),
    "hosted_connections.partner-name": distort(
        "Connection",
        lose("partnerName"),
        *_ALLOCATE,
        "DescribeHostedConnections",
        "DescribeConnectionsOnInterconnect",
    ),
    "hosted_connections.parent-location": distort("Connection", put("location", "Elsewhere"), *_ALLOCATE),
    "lags.answer-members": distort("Lag", lose("minimumLinks")),
    "lags.associate-answer": distort("Connection", lose("lagId"), "AssociateConnectionWithLag"),
    "lags.count-invariant": distort("Lag", raise_by_one("numberOfConnections"), "DescribeLags", "CreateLag"),
    "lags.delete-answer": distort("Lag", put("lagState", "available"), "DeleteLag"),
    "lags.disassociate-answer": distort("Connection", _keep_lag_id, "DisassociateConnectionFromLag"),
    "lags.echo": distort("Lag", reword("lagName"), "CreateLag"),
    "lags.existing-keeps-id": distort("Lag", _existing_renamed, "CreateLag"),
    "lags.listed": distort(TOP, shorten("lags", "lagId"), "DescribeLags"),
    "lags.members-named": distort("Lag", _members_renamed, "CreateLag"),
    "lags.members-requested": distort("Lag", _members_available, "CreateLag"),
    "lags.members-uniform": distort("Lag", _members_slower, "DescribeLags"),
    "lags.one-device": distort("Lag", _members_on_another_device, "DescribeLags"),
    "lags.owner-and-region": distort("Lag", _lag_elsewhere),
    "loa.answer-members": distort(TOP, _nest, "DescribeLoa"),
    "loa.content-type": distort("Loa", lose("loaContentType")),
    "loa.nested-answer": distort(TOP, _flatten, "DescribeConnectionLoa", "DescribeInterconnectLoa"),
    "locations.answer-members": distort("Location", lose("locationName")),
    "locations.billing-modes": distort("AvailableBillingMode", lose("billingMode")),
    "locations.codes-unique": distort(TOP, _twice_the_first, "DescribeLocations"),
    "locations.macsec-speeds": distort("Location", put("availableMacSecPortSpeeds", ["25G"])),
    "locations.port-speeds": distort("Location", put("availablePortSpeeds", ["1G", "10G", "fast"])),
    "locations.region": distort("Location", put("region", ELSEWHERE)),
    "locations.some": distort(TOP, put("locations", []), "DescribeLocations"),
    "locations.stable": distort(TOP, _locations_vary, "DescribeLocations"),
    "macsec.associate-answer": distort(TOP, shorten("macSecKeys"), "AssociateMacSecKey"),
    "macsec.cak-hidden": distort(TOP, _cak_shown, "AssociateMacSecKey"),
    "macsec.disassociate-answer": distort(TOP, put("macSecKeys", []), "DisassociateMacSecKey"),
    "macsec.secret-arn": distort("MacSecKey", lose("secretARN"), "AssociateMacSecKey"),
}
