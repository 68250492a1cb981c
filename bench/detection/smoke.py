"""What a careful person writes in ten minutes: every resource created, described, changed and deleted through boto3.

Whatever boto3 raises is a catch: an error answer to a request that is right, an answer that it cannot parse, an id
that is not there. No value is looked at beyond the ids that the next call needs.
"""

from collections.abc import Callable
from typing import Any

import botocore.config
import botocore.session


class Smoke:
    """One pass over the API of an endpoint, as three accounts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests = 0
        self.owner, self.other, self.partner = (self._client(digit * 12) for digit in "123")
        self.ec2 = self._client("1" * 12, "ec2")
        self.here = ""

    def run(self) -> None:
        """All of it, in one order.

        Raises:
            Exception: whatever boto3 raises.
        """
        self.here = self._call(self.owner, "describe_locations")["locations"][0]["locationCode"]
        parts: list[Callable[[], None]] = [
            self._connections,
            self._lags,
            self._virtual_interfaces,
            self._gateways,
            self._partners,
            self._groups,
            self._account,
        ]
        for part in parts:
            part()

    def _client(self, account: str, service: str = "directconnect") -> Any:
        return botocore.session.get_session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=account,
            aws_secret_access_key="dxcontract",  # noqa: S106
            config=botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=10),
        )

    def _call(self, client: Any, name: str, **params: Any) -> Any:
        self.requests += 1
        return getattr(client, name)(**params)

    def _connection(self, bandwidth: str = "10Gbps", **more: Any) -> str:
        made = self._call(
            self.owner, "create_connection", location=self.here, bandwidth=bandwidth, connectionName="smoke", **more
        )
        return str(made["connectionId"])

    def _connections(self) -> None:
        one = self._connection(requestMACSec=True)
        self._call(self.owner, "describe_connections")
        self._call(self.owner, "describe_connections", connectionId=one)
        self._call(self.owner, "update_connection", connectionId=one, connectionName="renamed")
        self._call(self.owner, "describe_loa", connectionId=one)
        arn = f"arn:aws:directconnect:us-east-1:111111111111:dxcon/{one}"
        self._call(self.owner, "tag_resource", resourceArn=arn, tags=[{"key": "team", "value": "network"}])
        self._call(self.owner, "describe_tags", resourceArns=[arn])
        self._call(self.owner, "untag_resource", resourceArn=arn, tagKeys=["team"])
        keyed = self._call(self.owner, "associate_mac_sec_key", connectionId=one, ckn="ab" * 32, cak="cd" * 32)
        secret = keyed["macSecKeys"][0]["secretARN"]
        self._call(self.owner, "disassociate_mac_sec_key", connectionId=one, secretARN=secret)
        self._call(self.owner, "delete_connection", connectionId=one)

    def _lags(self) -> None:
        made = self._call(
            self.owner,
            "create_lag",
            numberOfConnections=1,
            location=self.here,
            connectionsBandwidth="10Gbps",
            lagName="smoke",
        )
        lag, first = made["lagId"], made["connections"][0]["connectionId"]
        self._call(self.owner, "describe_lags")
        self._call(self.owner, "update_lag", lagId=lag, lagName="renamed")
        more = self._connection()
        self._call(self.owner, "associate_connection_with_lag", connectionId=more, lagId=lag)
        self._call(self.owner, "disassociate_connection_from_lag", connectionId=more, lagId=lag)
        self._call(self.owner, "disassociate_connection_from_lag", connectionId=first, lagId=lag)
        self._call(self.owner, "delete_lag", lagId=lag)
        for one in (first, more):
            self._call(self.owner, "delete_connection", connectionId=one)

    def _virtual_interfaces(self) -> None:
        connection = self._connection()
        gateway = self._gateway()
        private = {"virtualInterfaceName": "private", "vlan": 101, "asn": 65000, "directConnectGatewayId": gateway}
        public = {
            "virtualInterfaceName": "public",
            "vlan": 102,
            "asn": 65000,
            "amazonAddress": "198.51.100.1/30",
            "customerAddress": "198.51.100.2/30",
            "routeFilterPrefixes": [{"cidr": "198.51.100.0/24"}],
        }
        transit = {"virtualInterfaceName": "transit", "vlan": 103, "asn": 65000, "directConnectGatewayId": gateway}
        one = self._call(
            self.owner,
            "create_private_virtual_interface",
            connectionId=connection,
            newPrivateVirtualInterface=private,
        )["virtualInterfaceId"]
        two = self._call(
            self.owner, "create_public_virtual_interface", connectionId=connection, newPublicVirtualInterface=public
        )["virtualInterfaceId"]
        self._call(self.owner, "delete_virtual_interface", virtualInterfaceId=two)
        self._call(self.owner, "describe_virtual_interfaces", connectionId=connection)
        self._call(self.owner, "update_virtual_interface_attributes", virtualInterfaceId=one, mtu=8500)
        peer = {"addressFamily": "ipv6", "asn": 65000}
        made = self._call(self.owner, "create_bgp_peer", virtualInterfaceId=one, newBGPPeer=peer)["virtualInterface"]
        (second,) = (each["bgpPeerId"] for each in made["bgpPeers"] if each["addressFamily"] == "ipv6")
        self._call(self.owner, "delete_bgp_peer", virtualInterfaceId=one, bgpPeerId=second)
        self._call(self.owner, "describe_router_configuration", virtualInterfaceId=one)
        self._call(self.owner, "list_virtual_interface_test_history", virtualInterfaceId=one)
        self._call(self.owner, "delete_virtual_interface", virtualInterfaceId=one)
        other = self._gateway()
        three = self._call(
            self.owner,
            "create_transit_virtual_interface",
            connectionId=connection,
            newTransitVirtualInterface={**transit, "directConnectGatewayId": other},
        )["virtualInterface"]["virtualInterfaceId"]
        self._call(self.owner, "describe_direct_connect_gateway_attachments", directConnectGatewayId=other)
        self._call(self.owner, "delete_virtual_interface", virtualInterfaceId=three)
        for each in (gateway, other):
            self._call(self.owner, "delete_direct_connect_gateway", directConnectGatewayId=each)
        self._call(self.owner, "delete_connection", connectionId=connection)

    def _gateway(self) -> str:
        made = self._call(self.owner, "create_direct_connect_gateway", directConnectGatewayName="smoke")
        return str(made["directConnectGateway"]["directConnectGatewayId"])

    def _gateways(self) -> None:
        gateway = self._gateway()
        self._call(self.owner, "describe_direct_connect_gateways", directConnectGatewayId=gateway)
        self._call(
            self.owner,
            "update_direct_connect_gateway",
            directConnectGatewayId=gateway,
            newDirectConnectGatewayName="renamed",
        )
        virtual = self._call(self.owner, "describe_virtual_gateways")["virtualGateways"][0]["virtualGatewayId"]
        association = self._call(
            self.owner,
            "create_direct_connect_gateway_association",
            directConnectGatewayId=gateway,
            virtualGatewayId=virtual,
        )["directConnectGatewayAssociation"]["associationId"]
        self._call(self.owner, "describe_direct_connect_gateway_associations", directConnectGatewayId=gateway)
        self._call(
            self.owner,
            "update_direct_connect_gateway_association",
            associationId=association,
            addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.9.0.0/16"}],
        )
        self._call(self.owner, "delete_direct_connect_gateway_association", associationId=association)
        theirs = self._call(self.other, "describe_virtual_gateways")["virtualGateways"][0]["virtualGatewayId"]
        proposal = self._call(
            self.other,
            "create_direct_connect_gateway_association_proposal",
            directConnectGatewayId=gateway,
            directConnectGatewayOwnerAccount="1" * 12,
            gatewayId=theirs,
        )["directConnectGatewayAssociationProposal"]["proposalId"]
        self._call(self.owner, "describe_direct_connect_gateway_association_proposals")
        accepted = self._call(
            self.owner,
            "accept_direct_connect_gateway_association_proposal",
            directConnectGatewayId=gateway,
            proposalId=proposal,
            associatedGatewayOwnerAccount="2" * 12,
        )["directConnectGatewayAssociation"]["associationId"]
        self._call(self.owner, "delete_direct_connect_gateway_association", associationId=accepted)
        self._call(self.owner, "delete_direct_connect_gateway", directConnectGatewayId=gateway)

    def _partners(self) -> None:
        made = self._call(
            self.partner, "create_interconnect", interconnectName="smoke", bandwidth="10Gbps", location=self.here
        )["interconnectId"]
        self._call(self.partner, "describe_interconnects")
        hosted = self._call(
            self.partner,
            "allocate_hosted_connection",
            connectionId=made,
            ownerAccount="1" * 12,
            bandwidth="500Mbps",
            connectionName="smoke",
            vlan=7,
        )["connectionId"]
        self._call(self.owner, "confirm_connection", connectionId=hosted)
        self._call(self.partner, "describe_hosted_connections", connectionId=made)
        self._call(self.owner, "delete_connection", connectionId=hosted)
        self._call(self.partner, "delete_interconnect", interconnectId=made)

    def _groups(self) -> None:
        connection = self._connection()
        made = self._call(
            self.owner,
            "create_resiliency_group",
            resiliencyGroupName="smoke",
            intendedResiliencyModel="basic-resiliency",
        )
        group = made["resiliencyGroup"]["resiliencyGroupId"]
        self._call(self.owner, "get_resiliency_group", resiliencyGroupId=group)
        self._call(self.owner, "list_resiliency_groups")
        self._call(self.owner, "update_resiliency_group", resiliencyGroupId=group, resiliencyGroupName="renamed")
        for name in ("associate_connections_to", "disassociate_connections_from"):
            self._call(
                self.owner, f"{name}_resiliency_group", resiliencyGroupId=group, connectionIdentifiers=[connection]
            )
            self._call(self.owner, "list_resiliency_group_associations", resiliencyGroupId=group)
        self._call(self.owner, "delete_resiliency_group", resiliencyGroupId=group)
        self._call(self.owner, "delete_connection", connectionId=connection)

    def _account(self) -> None:
        self._call(self.owner, "describe_customer_metadata")
