"""Every state of every resource, one step at a time, and the rules that follow the clock."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.reference.emulator import OTHER, OWNER, PARTNER, Emulator

DAY = 86400
BASICS = {"virtualInterfaceName": "steps", "asn": 65000}
PUBLIC = {
    "amazonAddress": "203.0.113.1/30",
    "customerAddress": "203.0.113.2/30",
    "routeFilterPrefixes": [{"cidr": "203.0.113.0/24"}],
}


class Steps:
    """Observes one resource and steps it."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.owner, self.other, self.partner = (emulator.client(one) for one in (OWNER, OTHER, PARTNER))

    def location(self) -> str:
        return str(self.owner.describe_locations()["locations"][0]["locationCode"])

    def connection(self, *, steps: int = 2) -> str:
        made = self.owner.create_connection(location=self.location(), bandwidth="10Gbps", connectionName="steps")
        for _ in range(steps):
            self.emulator.advance(made["connectionId"])
        return str(made["connectionId"])

    def connection_state(self, connection_id: str, client: Any = None) -> str:
        (one,) = (client or self.owner).describe_connections(connectionId=connection_id)["connections"]
        return str(one["connectionState"])

    def interface(self, interface_id: str, client: Any = None) -> dict[str, Any]:
        found = (client or self.owner).describe_virtual_interfaces(virtualInterfaceId=interface_id)
        (one,) = found["virtualInterfaces"]
        return dict(one)

    def gateway(self, client: Any = None) -> str:
        made = (client or self.owner).create_direct_connect_gateway(directConnectGatewayName="steps")
        return str(made["directConnectGateway"]["directConnectGatewayId"])


@pytest.fixture
def steps(stepwise: Emulator) -> Steps:
    return Steps(stepwise)


def test_connection(steps: Steps) -> None:
    made = steps.owner.create_connection(location=steps.location(), bandwidth="1Gbps", connectionName="steps")
    one = made["connectionId"]
    seen = [made["connectionState"]]
    for _ in range(3):
        seen.append(steps.connection_state(one))
        steps.emulator.advance(one)
    steps.emulator.admin("link", id=one, up=False)
    seen.append(steps.connection_state(one))
    steps.emulator.admin("link", id=one, up=True)
    seen.append(steps.connection_state(one))
    seen.append(steps.owner.delete_connection(connectionId=one)["connectionState"])
    steps.emulator.advance(one)
    seen.append(steps.connection_state(one))
    assert seen == ["requested", "requested", "pending", "available", "down", "available", "deleting", "deleted"]
    fresh = steps.connection(steps=0)
    assert steps.owner.delete_connection(connectionId=fresh)["connectionState"] == "deleted"


def test_hosted_connection_and_interconnect(steps: Steps) -> None:
    made = steps.partner.create_interconnect(location=steps.location(), bandwidth="1Gbps", interconnectName="steps")
    port = made["interconnectId"]
    seen = [made["interconnectState"], steps.emulator.advance(port), steps.emulator.advance(port)]
    assert seen == ["requested", "pending", "available"]
    hosted = [
        steps.partner.allocate_hosted_connection(
            connectionId=port, ownerAccount=OTHER, bandwidth="50Mbps", connectionName="steps", vlan=vlan
        )["connectionId"]
        for vlan in (1, 2)
    ]
    assert steps.connection_state(hosted[0], steps.other) == "ordering"
    assert steps.emulator.advance(hosted[0]) == "ordering"
    assert steps.other.confirm_connection(connectionId=hosted[0])["connectionState"] == "pending"
    assert steps.emulator.advance(hosted[0]) == "available"
    steps.emulator.admin("link", id=port, up=False)
    assert steps.connection_state(hosted[0], steps.other) == "down"
    steps.emulator.admin("link", id=port, up=True)
    assert steps.other.delete_connection(connectionId=hosted[1])["connectionState"] == "rejected"
    with pytest.raises(ClientError, match="is in state rejected"):
        steps.other.confirm_connection(connectionId=hosted[1])
    steps.other.delete_connection(connectionId=hosted[0])
    steps.emulator.advance(hosted[0])
    assert steps.partner.delete_interconnect(interconnectId=port)["interconnectState"] == "deleting"
    assert steps.emulator.advance(port) == "deleted"


def test_lag(steps: Steps) -> None:
    made = steps.owner.create_lag(
        location=steps.location(), numberOfConnections=2, connectionsBandwidth="1Gbps", lagName="steps"
    )
    lag, members = made["lagId"], [one["connectionId"] for one in made["connections"]]

    def state() -> str:
        return str(steps.owner.describe_lags(lagId=lag)["lags"][0]["lagState"])

    seen = [made["lagState"], state()]
    for member in members * 2:
        steps.emulator.advance(member)
    seen.append(state())
    steps.owner.update_lag(lagId=lag, minimumLinks=2)
    steps.emulator.admin("link", id=members[0], up=False)
    seen.append(state())
    steps.owner.update_lag(lagId=lag, minimumLinks=1)
    seen.append(state())
    steps.owner.disassociate_connection_from_lag(lagId=lag, connectionId=members[1])
    with pytest.raises(ClientError, match="transitioning"):
        steps.owner.associate_connection_with_lag(lagId=lag, connectionId=members[1])
    seen.append(steps.owner.delete_lag(lagId=lag)["lagState"])
    assert seen == ["pending", "pending", "available", "down", "available", "deleted"]
    assert "lagId" not in steps.owner.describe_connections(connectionId=members[0])["connections"][0]


def test_private_interface_with_attachment(steps: Steps) -> None:
    gateway = steps.gateway()
    made = steps.owner.create_private_virtual_interface(
        connectionId=steps.connection(),
        newPrivateVirtualInterface={**BASICS, "vlan": 1, "directConnectGatewayId": gateway},
    )
    one, (peer,) = made["virtualInterfaceId"], made["bgpPeers"]

    def attachment() -> list[str]:
        found = steps.owner.describe_direct_connect_gateway_attachments(virtualInterfaceId=one)
        return [item["attachmentState"] for item in found["directConnectGatewayAttachments"]]

    assert (made["virtualInterfaceState"], peer["bgpPeerState"], peer["bgpStatus"]) == ("pending", "pending", "down")
    assert attachment() == ["attaching"]
    steps.emulator.advance(one)
    assert steps.interface(one)["virtualInterfaceState"] == "down"
    steps.emulator.admin("advance")
    assert attachment() == ["attached"]
    shown = steps.interface(one)
    assert (shown["virtualInterfaceState"], shown["bgpPeers"][0]["bgpStatus"]) == ("available", "up")
    steps.emulator.admin("bgp", id=peer["bgpPeerId"], up=False)
    shown = steps.interface(one)
    assert (shown["virtualInterfaceState"], shown["bgpPeers"][0]["bgpPeerState"]) == ("down", "available")
    steps.emulator.admin("bgp", id=peer["bgpPeerId"], up=True)
    changed = steps.owner.update_virtual_interface_attributes(virtualInterfaceId=one, mtu=8500)
    assert changed["virtualInterfaceState"] == "pending"
    steps.emulator.advance(one)
    assert steps.owner.delete_virtual_interface(virtualInterfaceId=one)["virtualInterfaceState"] == "deleting"
    assert attachment() == ["detaching"]
    steps.emulator.admin("advance")
    assert attachment() == []
    assert steps.interface(one)["virtualInterfaceState"] == "deleted"
    steps.emulator.admin("advance", seconds=14 * 60)
    assert steps.interface(one)["virtualInterfaceState"] == "deleted"
    steps.emulator.admin("advance", seconds=2 * 60)
    assert steps.owner.describe_virtual_interfaces(virtualInterfaceId=one)["virtualInterfaces"] == []


def test_public_and_declined_interfaces(steps: Steps) -> None:
    connection = steps.connection()
    made = steps.owner.create_public_virtual_interface(
        connectionId=connection, newPublicVirtualInterface={**BASICS, **PUBLIC, "vlan": 1}
    )
    assert (made["virtualInterfaceState"], made["bgpPeers"][0]["bgpPeerState"]) == ("verifying", "verifying")
    steps.emulator.advance(made["bgpPeers"][0]["bgpPeerId"])
    steps.emulator.advance(made["virtualInterfaceId"])
    assert steps.interface(made["virtualInterfaceId"])["virtualInterfaceState"] == "available"
    offered = steps.owner.allocate_public_virtual_interface(
        connectionId=connection,
        ownerAccount=OTHER,
        newPublicVirtualInterfaceAllocation={**BASICS, **PUBLIC, "vlan": 2},
    )["virtualInterfaceId"]
    assert steps.emulator.advance(offered) == "confirming"
    with pytest.raises(ClientError, match="does not exist"):
        steps.owner.confirm_public_virtual_interface(virtualInterfaceId=offered)
    declined = steps.other.delete_virtual_interface(virtualInterfaceId=offered)
    assert declined["virtualInterfaceState"] == "rejected"
    assert steps.interface(offered)["virtualInterfaceState"] == "rejected"


def test_peer(steps: Steps) -> None:
    made = steps.owner.create_private_virtual_interface(
        connectionId=steps.connection(),
        newPrivateVirtualInterface={**BASICS, "vlan": 1, "directConnectGatewayId": steps.gateway()},
    )
    one = made["virtualInterfaceId"]
    steps.emulator.admin("advance")
    peers = steps.owner.create_bgp_peer(virtualInterfaceId=one, newBGPPeer={"asn": 65001, "addressFamily": "ipv6"})
    second = peers["virtualInterface"]["bgpPeers"][1]["bgpPeerId"]
    assert steps.emulator.advance(second) == "available"
    steps.owner.delete_bgp_peer(virtualInterfaceId=one, bgpPeerId=second)
    assert [peer["bgpPeerState"] for peer in steps.interface(one)["bgpPeers"]] == ["available", "deleting"]
    assert steps.emulator.advance(second) is None
    with pytest.raises(ClientError, match="last BGP Peer"):
        steps.owner.delete_bgp_peer(virtualInterfaceId=one, asn=65000, customerAddress=made["customerAddress"])


def test_gateway_with_associations_comes_back(steps: Steps) -> None:
    gateway = steps.gateway()
    virtual = steps.owner.describe_virtual_gateways()["virtualGateways"][0]["virtualGatewayId"]
    made = steps.owner.create_direct_connect_gateway_association(directConnectGatewayId=gateway, gatewayId=virtual)
    association = made["directConnectGatewayAssociation"]["associationId"]
    assert steps.emulator.advance(association) == "associated"
    steps.owner.update_direct_connect_gateway_association(
        associationId=association, addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.2.0.0/16"}]
    )
    (shown,) = steps.owner.describe_direct_connect_gateway_associations(associationId=association)[
        "directConnectGatewayAssociations"
    ]
    assert shown["associationState"] == "updating"
    assert steps.emulator.advance(association) == "associated"
    steps.owner.delete_direct_connect_gateway(directConnectGatewayId=gateway)
    assert steps.emulator.advance(gateway) == "available"
    gone = steps.owner.delete_direct_connect_gateway_association(associationId=association)
    assert gone["directConnectGatewayAssociation"]["associationState"] == "disassociating"
    assert steps.emulator.advance(association) is None
    steps.owner.delete_direct_connect_gateway(directConnectGatewayId=gateway)
    steps.emulator.advance(gateway)
    found = steps.owner.describe_direct_connect_gateways(directConnectGatewayId=gateway)
    assert found["directConnectGateways"] == []


def test_proposals_expire(steps: Steps) -> None:
    gateway = steps.gateway()
    theirs = steps.other.describe_virtual_gateways()["virtualGateways"]

    def propose(number: int) -> str:
        made = steps.other.create_direct_connect_gateway_association_proposal(
            directConnectGatewayId=gateway,
            directConnectGatewayOwnerAccount=OWNER,
            gatewayId=theirs[number]["virtualGatewayId"],
        )
        return str(made["directConnectGatewayAssociationProposal"]["proposalId"])

    def states() -> list[str]:
        found = steps.owner.describe_direct_connect_gateway_association_proposals(directConnectGatewayId=gateway)
        return [one["proposalState"] for one in found["directConnectGatewayAssociationProposals"]]

    accepted, _, deleted = propose(0), propose(1), propose(2)
    steps.owner.accept_direct_connect_gateway_association_proposal(
        directConnectGatewayId=gateway, proposalId=accepted, associatedGatewayOwnerAccount=OTHER
    )
    with pytest.raises(ClientError, match="accepted"):
        steps.owner.delete_direct_connect_gateway_association_proposal(proposalId=accepted)
    steps.other.delete_direct_connect_gateway_association_proposal(proposalId=deleted)
    assert states() == ["accepted", "requested", "deleted"]
    steps.emulator.admin("advance", seconds=3 * DAY + 60)
    assert states() == ["requested"]
    steps.emulator.admin("advance", seconds=4 * DAY)
    assert states() == []


def test_failover_test_ends_by_itself(steps: Steps) -> None:
    made = steps.owner.create_private_virtual_interface(
        connectionId=steps.connection(),
        newPrivateVirtualInterface={**BASICS, "vlan": 1, "directConnectGatewayId": steps.gateway()},
    )
    one = made["virtualInterfaceId"]
    steps.emulator.admin("advance")
    steps.owner.start_bgp_failover_test(virtualInterfaceId=one)
    assert steps.interface(one)["virtualInterfaceState"] == "testing"
    steps.emulator.admin("advance", seconds=179 * 60)
    assert steps.interface(one)["virtualInterfaceState"] == "testing"
    steps.emulator.admin("advance", seconds=2 * 60)
    assert steps.interface(one)["virtualInterfaceState"] == "available"
    (past,) = steps.owner.list_virtual_interface_test_history(virtualInterfaceId=one)["virtualInterfaceTestHistory"]
    assert past["status"] == "Completed"


def test_keys_and_groups(steps: Steps) -> None:
    made = steps.owner.create_connection(
        location=steps.location(), bandwidth="10Gbps", connectionName="steps", requestMACSec=True
    )
    one = made["connectionId"]
    keys = steps.owner.associate_mac_sec_key(connectionId=one, ckn="a" * 64, cak="b" * 64)["macSecKeys"]
    assert [key["state"] for key in keys] == ["associating"]
    for _ in range(2):
        steps.emulator.admin("advance")
    (shown,) = steps.owner.describe_connections(connectionId=one)["connections"]
    assert (shown["macSecKeys"][0]["state"], shown["portEncryptionStatus"]) == ("associated", "Encryption Up")
    steps.owner.disassociate_mac_sec_key(connectionId=one, secretARN=keys[0]["secretARN"])
    (shown,) = steps.owner.describe_connections(connectionId=one)["connections"]
    assert shown["macSecKeys"][0]["state"] == "disassociating"
    steps.emulator.admin("advance")
    assert steps.owner.describe_connections(connectionId=one)["connections"][0]["macSecKeys"] == []
    group = steps.owner.create_resiliency_group(
        resiliencyGroupName="steps", intendedResiliencyModel="basic-resiliency"
    )["resiliencyGroup"]
    assert group["state"] == "pending"
    assert steps.emulator.advance(group["resiliencyGroupId"]) == "available"
    added = steps.owner.associate_connections_to_resiliency_group(
        resiliencyGroupId=group["resiliencyGroupId"], connectionIdentifiers=[one]
    )["resiliencyGroupAssociations"]
    assert added[0]["state"] == "associating"
    assert steps.owner.delete_resiliency_group(resiliencyGroupId=group["resiliencyGroupId"])
    assert steps.emulator.advance(group["resiliencyGroupId"]) is None


def test_reset_forgets_everything(steps: Steps) -> None:
    steps.connection()
    steps.emulator.admin("reset")
    assert steps.owner.describe_connections()["connections"] == []
