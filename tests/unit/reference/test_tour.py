"""Every operation of the API answers with its modelled success at least once, through boto3."""

import base64
from typing import Any

import botocore.session
import pytest

from tests.unit.reference.emulator import OTHER, OWNER, PARTNER, REGION, Emulator

CKN, CAK = "0123456789abcdef" * 4, "fedcba9876543210" * 4


class Recorder:
    """A client that remembers which operations succeeded."""

    def __init__(self, client: Any, succeeded: set[str]) -> None:
        self._client = client
        self._succeeded = succeeded

    def __call__(self, operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._client, botocore.xform_name(operation))(**parameters)
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        self._succeeded.add(operation)
        return answer


def test_tour_of_all_operations(emulator: Emulator) -> None:
    succeeded: set[str] = set()
    owner, other, partner = (Recorder(emulator.client(account), succeeded) for account in (OWNER, OTHER, PARTNER))
    location = owner("DescribeLocations")["locations"][0]["locationCode"]
    connection = _connections(owner, location)
    _lags(owner, partner, location)
    _hosted(owner, partner, location)
    gateway, virtual = _gateways(owner, other)
    interface = _interfaces(owner, other, connection, gateway, virtual)
    _on_interface(owner, interface)
    _groups(owner, connection)
    model = botocore.session.get_session().get_service_model("directconnect")
    assert set(model.operation_names) - succeeded == set()


def _connections(owner: Recorder, location: str) -> str:
    made = owner(
        "CreateConnection",
        location=location,
        bandwidth="10Gbps",
        connectionName="tour",
        requestMACSec=True,
        tags=[{"key": "a", "value": "b"}],
    )
    assert made["connectionState"] == "requested"
    connection = made["connectionId"]
    (described,) = owner("DescribeConnections", connectionId=connection)["connections"]
    assert described["connectionState"] == "available"
    owner("UpdateConnection", connectionId=connection, connectionName="renamed", encryptionMode="must_encrypt")
    (key,) = owner("AssociateMacSecKey", connectionId=connection, ckn=CKN, cak=CAK)["macSecKeys"]
    assert key["state"] == "associating"
    (taken,) = owner("DisassociateMacSecKey", connectionId=connection, secretARN=key["secretARN"])["macSecKeys"]
    assert taken["ckn"] == CKN
    assert owner("DescribeLoa", connectionId=connection)["loaContent"].startswith(b"%PDF")
    assert owner("DescribeConnectionLoa", connectionId=connection)["loa"]["loaContent"].startswith(b"%PDF")
    billed = owner("UpdateConnectionsBillingMode", connectionIds=[connection], billingMode="FlatRateTier1")
    assert [one["billingMode"] for one in billed["connections"]] == ["FlatRateTier1"]
    arn = f"arn:aws:directconnect:{REGION}:{OWNER}:dxcon/{connection}"
    owner("TagResource", resourceArn=arn, tags=[{"key": "ключ", "value": ""}])
    owner("UntagResource", resourceArn=arn, tagKeys=["a"])
    assert owner("DescribeTags", resourceArns=[arn])["resourceTags"] == [
        {"resourceArn": arn, "tags": [{"key": "ключ", "value": ""}]}
    ]
    agreement = owner("DescribeCustomerMetadata")["agreements"][0]["agreementName"]
    assert owner("ConfirmCustomerAgreement", agreementName=agreement)["status"] == "signed"
    doomed = owner("CreateConnection", location=location, bandwidth="1Gbps", connectionName="doomed")
    assert owner("DeleteConnection", connectionId=doomed["connectionId"])["connectionState"] == "deleting"
    return str(connection)


def _lags(owner: Recorder, partner: Recorder, location: str) -> None:
    lag = owner("CreateLag", location=location, numberOfConnections=2, connectionsBandwidth="1Gbps", lagName="tour")
    assert lag["lagState"] == "pending"
    assert {one["connectionState"] for one in lag["connections"]} == {"requested"}
    owner("UpdateLag", lagId=lag["lagId"], minimumLinks=1)
    member = lag["connections"][0]["connectionId"]
    assert "lagId" not in owner("DisassociateConnectionFromLag", connectionId=member, lagId=lag["lagId"])
    assert owner("AssociateConnectionWithLag", connectionId=member, lagId=lag["lagId"])["lagId"] == lag["lagId"]
    assert owner("DescribeLags", lagId=lag["lagId"])["lags"][0]["numberOfConnections"] == 2
    assert owner("DeleteLag", lagId=lag["lagId"])["lagState"] == "deleted"
    own = partner("CreateLag", location=location, numberOfConnections=1, connectionsBandwidth="10Gbps", lagName="nni")
    assert own["allowsHostedConnections"] is True


def _hosted(owner: Recorder, partner: Recorder, location: str) -> None:
    ports = [
        partner("CreateInterconnect", location=location, bandwidth="10Gbps", interconnectName=name)["interconnectId"]
        for name in ("one", "two")
    ]
    assert partner("DescribeInterconnects", interconnectId=ports[0])["interconnects"]
    assert partner("DescribeInterconnectLoa", interconnectId=ports[0])["loa"]["loaContentType"] == "application/pdf"
    order = {"ownerAccount": OWNER, "bandwidth": "500Mbps", "connectionName": "hosted"}
    first = partner("AllocateHostedConnection", connectionId=ports[0], vlan=101, **order)
    second = partner("AllocateConnectionOnInterconnect", interconnectId=ports[0], vlan=102, **order)
    assert {first["connectionState"], second["connectionState"]} == {"ordering"}
    assert owner("ConfirmConnection", connectionId=first["connectionId"])["connectionState"] == "pending"
    assert owner("DeleteConnection", connectionId=second["connectionId"])["connectionState"] == "rejected"
    found = partner("DescribeHostedConnections", connectionId=ports[0])["connections"]
    assert [one["connectionState"] for one in found] == ["available", "rejected"]
    assert partner("DescribeConnectionsOnInterconnect", interconnectId=ports[0])["connections"] == found
    partner("AssociateHostedConnection", connectionId=first["connectionId"], parentConnectionId=ports[1])
    assert partner("DescribeHostedConnections", connectionId=ports[1])["connections"]
    owner("DeleteConnection", connectionId=first["connectionId"])
    assert partner("DeleteInterconnect", interconnectId=ports[1])["interconnectState"] == "deleting"


def _gateways(owner: Recorder, other: Recorder) -> tuple[str, str]:
    gateway = owner("CreateDirectConnectGateway", directConnectGatewayName="tour")["directConnectGateway"]
    gateway_id = gateway["directConnectGatewayId"]
    assert owner("DescribeDirectConnectGateways", directConnectGatewayId=gateway_id)["directConnectGateways"]
    owner("UpdateDirectConnectGateway", directConnectGatewayId=gateway_id, newDirectConnectGatewayName="renamed")
    virtual = owner("DescribeVirtualGateways")["virtualGateways"][0]["virtualGatewayId"]
    made = owner("CreateDirectConnectGatewayAssociation", directConnectGatewayId=gateway_id, gatewayId=virtual)[
        "directConnectGatewayAssociation"
    ]
    assert made["associationState"] == "associating"
    association = made["associationId"]
    updated = owner(
        "UpdateDirectConnectGatewayAssociation",
        associationId=association,
        addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.9.0.0/16"}],
    )["directConnectGatewayAssociation"]
    assert updated["associationState"] == "updating"
    assert {"cidr": "10.9.0.0/16"} in updated["allowedPrefixesToDirectConnectGateway"]
    owner("DescribeDirectConnectGatewayAssociations", directConnectGatewayId=gateway_id)
    gone = owner("DeleteDirectConnectGatewayAssociation", associationId=association)
    assert gone["directConnectGatewayAssociation"]["associationState"] == "disassociating"
    _proposals(owner, other, gateway_id)
    spare = owner("CreateDirectConnectGateway", directConnectGatewayName="spare")["directConnectGateway"]
    deleted = owner("DeleteDirectConnectGateway", directConnectGatewayId=spare["directConnectGatewayId"])
    assert deleted["directConnectGateway"]["directConnectGatewayState"] == "deleting"
    return gateway_id, virtual


def _proposals(owner: Recorder, other: Recorder, gateway_id: str) -> None:
    theirs = [one["virtualGatewayId"] for one in other("DescribeVirtualGateways")["virtualGateways"]]
    proposals = [
        other(
            "CreateDirectConnectGatewayAssociationProposal",
            directConnectGatewayId=gateway_id,
            directConnectGatewayOwnerAccount=OWNER,
            gatewayId=virtual,
            addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.1.0.0/16"}],
        )["directConnectGatewayAssociationProposal"]["proposalId"]
        for virtual in theirs[:2]
    ]
    accepted = owner(
        "AcceptDirectConnectGatewayAssociationProposal",
        directConnectGatewayId=gateway_id,
        proposalId=proposals[0],
        associatedGatewayOwnerAccount=OTHER,
    )["directConnectGatewayAssociation"]
    assert accepted["associatedGateway"]["ownerAccount"] == OTHER
    rejected = owner("DeleteDirectConnectGatewayAssociationProposal", proposalId=proposals[1])
    assert rejected["directConnectGatewayAssociationProposal"]["proposalState"] == "deleted"
    found = other("DescribeDirectConnectGatewayAssociationProposals", directConnectGatewayId=gateway_id)
    states = [one["proposalState"] for one in found["directConnectGatewayAssociationProposals"]]
    assert states == ["accepted", "deleted"]


def _interfaces(owner: Recorder, other: Recorder, connection: str, gateway: str, virtual: str) -> str:
    basics = {"virtualInterfaceName": "tour", "asn": 65001}
    public = {
        "amazonAddress": "203.0.113.1/30",
        "customerAddress": "203.0.113.2/30",
        "routeFilterPrefixes": [{"cidr": "203.0.113.0/24"}],
    }
    private = owner(
        "CreatePrivateVirtualInterface",
        connectionId=connection,
        newPrivateVirtualInterface={**basics, "vlan": 1, "directConnectGatewayId": gateway},
    )
    assert private["virtualInterfaceState"] == "pending"
    made = owner(
        "CreatePublicVirtualInterface",
        connectionId=connection,
        newPublicVirtualInterface={**basics, **public, "vlan": 2},
    )
    assert made["virtualInterfaceState"] == "verifying"
    transit_gateway = owner("CreateDirectConnectGateway", directConnectGatewayName="transit", amazonSideAsn=64999)
    transit_id = transit_gateway["directConnectGateway"]["directConnectGatewayId"]
    transit = owner(
        "CreateTransitVirtualInterface",
        connectionId=connection,
        newTransitVirtualInterface={**basics, "vlan": 3, "directConnectGatewayId": transit_id},
    )["virtualInterface"]
    assert transit["amazonSideAsn"] == 64999
    _allocated(owner, other, connection, basics, public)
    found = owner("DescribeVirtualInterfaces", connectionId=connection)["virtualInterfaces"]
    assert {one["virtualInterfaceState"] for one in found[:3]} == {"available"}
    attached = owner("DescribeDirectConnectGatewayAttachments", directConnectGatewayId=gateway)
    assert [one["attachmentState"] for one in attached["directConnectGatewayAttachments"]] == ["attached"]
    owner("UpdateVirtualInterfaceAttributes", virtualInterfaceId=private["virtualInterfaceId"], mtu=8500)
    spare = owner("CreateConnection", location=private["location"], bandwidth="1Gbps", connectionName="target")[
        "connectionId"
    ]
    moved = owner("AssociateVirtualInterface", virtualInterfaceId=transit["virtualInterfaceId"], connectionId=spare)
    assert moved["connectionId"] == spare
    assert [one["bgpPeerState"] for one in moved["bgpPeers"]] == ["deleting", "pending"]
    gone = owner("DeleteVirtualInterface", virtualInterfaceId=transit["virtualInterfaceId"])
    assert gone["virtualInterfaceState"] == "deleting"
    return str(private["virtualInterfaceId"])


def _allocated(
    owner: Recorder, other: Recorder, connection: str, basics: dict[str, Any], public: dict[str, Any]
) -> None:
    private = owner(
        "AllocatePrivateVirtualInterface",
        connectionId=connection,
        ownerAccount=OTHER,
        newPrivateVirtualInterfaceAllocation={**basics, "vlan": 11},
    )
    assert private["virtualInterfaceState"] == "confirming"
    public_id = owner(
        "AllocatePublicVirtualInterface",
        connectionId=connection,
        ownerAccount=OTHER,
        newPublicVirtualInterfaceAllocation={**basics, **public, "vlan": 12},
    )["virtualInterfaceId"]
    transit_id = owner(
        "AllocateTransitVirtualInterface",
        connectionId=connection,
        ownerAccount=OTHER,
        newTransitVirtualInterfaceAllocation={**basics, "vlan": 13},
    )["virtualInterface"]["virtualInterfaceId"]
    virtual = other("DescribeVirtualGateways")["virtualGateways"][2]["virtualGatewayId"]
    gateway = other("CreateDirectConnectGateway", directConnectGatewayName="theirs")["directConnectGateway"]
    confirmed = other(
        "ConfirmPrivateVirtualInterface",
        virtualInterfaceId=private["virtualInterfaceId"],
        virtualGatewayId=virtual,
    )
    assert confirmed["virtualInterfaceState"] == "pending"
    state = other("ConfirmPublicVirtualInterface", virtualInterfaceId=public_id)["virtualInterfaceState"]
    assert state == "verifying"
    other(
        "ConfirmTransitVirtualInterface",
        virtualInterfaceId=transit_id,
        directConnectGatewayId=gateway["directConnectGatewayId"],
    )
    found = other("DescribeVirtualInterfaces")["virtualInterfaces"]
    assert {one["virtualInterfaceState"] for one in found} == {"available"}


def _on_interface(owner: Recorder, interface: str) -> None:
    peers = owner("CreateBGPPeer", virtualInterfaceId=interface, newBGPPeer={"asn": 65002, "addressFamily": "ipv6"})[
        "virtualInterface"
    ]["bgpPeers"]
    assert [one["bgpPeerState"] for one in peers] == ["available", "pending"]
    left = owner("DeleteBGPPeer", virtualInterfaceId=interface, bgpPeerId=peers[1]["bgpPeerId"])["virtualInterface"]
    assert left["bgpPeers"][1]["bgpPeerState"] == "deleting"
    config = owner("DescribeRouterConfiguration", virtualInterfaceId=interface)
    assert config["customerRouterConfig"].startswith("! Amazon Web Services")
    assert owner("ListVirtualInterfaceRoutes", virtualInterfaceId=interface)["routes"]
    test = owner("StartBgpFailoverTest", virtualInterfaceId=interface, testDurationInMinutes=5)
    assert test["virtualInterfaceTest"]["testDurationInMinutes"] == 5
    (shown,) = owner("DescribeVirtualInterfaces", virtualInterfaceId=interface)["virtualInterfaces"]
    assert shown["virtualInterfaceState"] == "testing"
    assert shown["bgpPeers"][0]["bgpStatus"] == "down"
    owner("StopBgpFailoverTest", virtualInterfaceId=interface)
    (past,) = owner("ListVirtualInterfaceTestHistory", virtualInterfaceId=interface)["virtualInterfaceTestHistory"]
    assert past["status"] == "Cancelled"


def _groups(owner: Recorder, connection: str) -> None:
    group = owner("CreateResiliencyGroup", resiliencyGroupName="tour", intendedResiliencyModel="maximum-resiliency")[
        "resiliencyGroup"
    ]
    group_id = group["resiliencyGroupId"]
    assert owner("GetResiliencyGroup", resiliencyGroupId=group_id)["resiliencyGroup"]["state"] == "available"
    owner("UpdateResiliencyGroup", resiliencyGroupId=group_id, resiliencyGroupName="renamed")
    assert owner("ListResiliencyGroups")["items"]
    owner(
        "AssociateConnectionsToResiliencyGroup",
        resiliencyGroupId=group_id,
        connectionIdentifiers=[connection],
    )
    (one,) = owner("ListResiliencyGroupAssociations", resiliencyGroupId=group_id)["items"]
    assert one["state"] == "associated"
    owner(
        "DisassociateConnectionsFromResiliencyGroup",
        resiliencyGroupId=group_id,
        connectionIdentifiers=[one["connectionArn"]],
    )
    assert owner("DeleteResiliencyGroup", resiliencyGroupId=group_id)["resiliencyGroup"]["state"] == "deleting"


@pytest.mark.parametrize("kind", ["Vpn", "Transit"])
def test_gateways_of_ec2_can_be_made_and_listed(emulator: Emulator, kind: str) -> None:
    ec2 = emulator.client(service="ec2")
    if kind == "Vpn":
        made = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]
        ec2.attach_vpn_gateway(VpnGatewayId=made["VpnGatewayId"], VpcId="vpc-1")
        (found,) = ec2.describe_vpn_gateways(VpnGatewayIds=[made["VpnGatewayId"]])["VpnGateways"]
        assert found["VpcAttachments"] == [{"VpcId": "vpc-1", "State": "attached"}]
    else:
        made = ec2.create_transit_gateway(Options={"AmazonSideAsn": 64800})["TransitGateway"]
        found = ec2.describe_transit_gateways()["TransitGateways"]
        assert made["TransitGatewayId"] in {one["TransitGatewayId"] for one in found}
        assert made["Options"]["AmazonSideAsn"] == 64800


def test_letters_are_base64_on_the_wire(emulator: Emulator) -> None:
    client = emulator.client()
    raw: list[bytes] = []
    client.meta.events.register(
        "before-parse.directconnect.DescribeLoa", lambda response_dict, **_: raw.append(response_dict["body"])
    )
    location = client.describe_locations()["locations"][0]["locationCode"]
    made = client.create_connection(location=location, bandwidth="1Gbps", connectionName="loa")
    content = client.describe_loa(connectionId=made["connectionId"])["loaContent"]
    assert base64.b64encode(content) in raw[0]
