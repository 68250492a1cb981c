"""Directed sequences with which an example can begin.

A line is a step: an action and its choices. A choice is a kind of resource, a resource (`lag.2` is the second LAG), a
number or a role. `maybe` and `no`, in this order, answer optional choices. A choice that the line omits is the newest
resource or the default.

`OPENINGS` create resources, from which an example continues at random. `ENCOUNTERS` cause requests that must be refused
or that must not affect anything else. An example may begin with either, or with a lifecycle sequence. At the gate each
encounter and each lifecycle sequence is also an example of its own.
"""

from collections.abc import Iterable
from typing import Final

from strategies.machines.lifecycle_sequences import JOURNEYS, Journeys, Opening

OPENINGS: Final[tuple[Opening, ...]] = (
    (),
    ("create_connection",),
    ("create_connection owner", "create_gateway owner", "create_interface private"),
    ("create_connection owner", "create_connection owner", "create_lag owner", "associate_connection"),
    ("create_lag owner", "create_lag owner", "create_gateway owner", "create_interface"),
    ("create_interconnect", "allocate", "confirm"),
    ("create_interconnect", "create_interconnect", "allocate", "confirm", "move"),
    ("create_interconnect", "allocate", "confirm", "create_gateway owner", "create_interface"),
    ("create_connection owner", "allocate_interface private", "create_gateway other", "confirm_interface"),
    ("create_connection owner", "create_gateway owner", "create_interface", "add_peer", "start_test"),
    (
        "create_connection owner",
        "create_connection owner",
        "create_gateway owner",
        "create_interface public",
        "move_interface",
    ),
    ("create_gateway owner", "make_virtual_gateway owner", "associate_gateways"),
    ("create_gateway owner", "make_virtual_gateway other", "propose", "accept_proposal"),
    ("create_connection owner maybe", "give_key", "give_key"),
    ("create_lag owner maybe", "give_key"),
    ("create_group", "create_connection owner", "enter_group"),
    ("create_connection owner", "create_gateway owner", "create_lag owner"),
)


def _misuse(flaw: str, *operations: str) -> Opening:
    return tuple(f"misuse {one} {flaw}" for one in operations)


_OF_PORTS: Final = ("UpdateConnection", "DeleteConnection", "UpdateLag", "DeleteLag", "UpdateConnectionsBillingMode")
_OF_LAGS: Final = ("AssociateConnectionWithLag", "DisassociateConnectionFromLag")
_OF_INTERFACES: Final = ("UpdateVirtualInterfaceAttributes", "DeleteVirtualInterface", "CreateBGPPeer")
_NEW_INTERFACES: Final = (
    *("CreatePrivateVirtualInterface", "CreatePublicVirtualInterface", "CreateTransitVirtualInterface"),
    *("AllocatePrivateVirtualInterface", "AllocatePublicVirtualInterface", "AllocateTransitVirtualInterface"),
)
ENCOUNTERS: Final[Journeys] = {
    "connections_and_lags": {
        "a LAG needs its links": (
            *("create_lag owner 2", "update_lag maybe 2", "disassociate_connection", "delete_connection"),
            *("create_lag owner", "associate_connection lag.2"),
        ),
        "the last link leaves": ("create_lag owner", "update_lag maybe 1", "disassociate_connection"),
        "a connection leaves a LAG that it is not in": (
            *("create_lag owner", "create_connection owner", "disassociate_connection"),
        ),
        "a connection does not fit a LAG": (
            *("create_connection owner", "create_connection owner 10Gbps no maybe", "create_connection owner maybe"),
            *("create_lag owner 10Gbps", "associate_connection connection.1", "associate_connection connection.2"),
            *("associate_connection connection.3", "create_connection owner maybe maybe"),
            *("create_connection owner 1Gbps maybe", "create_lag owner maybe connection.1 10Gbps"),
            "create_lag owner maybe maybe connection.1",
        ),
        "connections change their LAG": (
            *("create_lag owner 2", "create_lag owner", "associate_connection connection.2", "delete_lag"),
            "create_connection owner maybe",
        ),
        "VLANs of hosted connections collide": (
            *("create_interconnect", "create_interconnect", "allocate", "allocate", "allocate interconnect.1"),
            *("confirm", "move", "confirm_what_waits_not", "look_into_hosted"),
            *("create_connection partner", "move_to_wrong_port", "allocate_on_wrong_port", "move_what_is_not_hosted"),
            "delete_as_interconnect",
        ),
        "hosted connections stay with their LAG": (
            *("create_lag partner", "create_lag partner", "create_interconnect", "associate_connection lag.1"),
            *("allocate lag.1", "associate_connection lag.2"),
        ),
        "hosted connections go with their interconnect": (
            *("create_interconnect", "allocate", "confirm", "create_lag partner", "associate_connection interconnect"),
            *("delete_lag", "allocate 200", "create_interconnect", "move hosted-connection"),
            *("create_interconnect maybe maybe", "create_interconnect maybe", "disassociate_connection interconnect"),
            "create_interconnect_as_anybody",
        ),
        "ports are their owners'": (
            *("create_connection owner", "create_lag owner", "create_connection owner"),
            *_misuse("foreign", *_OF_PORTS, *_OF_LAGS),
            *_misuse("elsewhere", *_OF_PORTS[:4], *_OF_LAGS),
            *("create_interconnect", *_misuse("foreign", "DeleteInterconnect"), "allocate"),
            *_misuse("foreign", "AllocateHostedConnection", "ConfirmConnection"),
        ),
        "deleted ports stay deleted": (
            *("create_connection owner", "create_connection owner", "delete_connection"),
            *_misuse("dead", "UpdateConnection", "DeleteConnection"),
            *("create_lag owner", "create_lag owner", "delete_lag", *_misuse("dead", "UpdateLag", "DeleteLag")),
            *("create_interconnect", "create_interconnect", "delete_interconnect"),
            *_misuse("dead", "DeleteInterconnect"),
            *("allocate", "allocate 200", "decline", *_misuse("dead", "ConfirmConnection")),
        ),
        "what is refused changes no port": (
            *("create_connection owner", "create_lag owner", "create_interconnect", "allocate"),
            *_misuse("near", "CreateConnection", "CreateLag", "CreateInterconnect", "AllocateHostedConnection"),
            *_misuse("near", *_OF_PORTS[:4], *_OF_LAGS, "ConfirmConnection"),
        ),
        "what is made alike is alike in any order": ("make_both_ways",),
        "a partner's connection leaves a LAG": ("create_lag partner", "disassociate_connection"),
    },
    "virtual_interfaces_and_bgp": {
        "VLANs and addresses collide": (
            *("create_connection owner", "create_connection owner", "create_gateway owner"),
            *("create_interface private", "create_interface private", "create_interface private connection.1"),
            *(
                "move_interface",
                "create_interface private 200 maybe",
                "create_interface private 300 connection.1 maybe",
            ),
            "move_interface",
        ),
        "virtual interfaces go with their connection": (
            *("create_connection owner", "create_gateway owner", "create_interface private"),
            *("create_lag owner maybe", "create_connection owner", "create_interface private 200 connection"),
            *("associate_connection", "delete_lag", "disassociate_connection connection.1"),
        ),
        "virtual interfaces stay with their LAG": (
            *("create_connection owner", "create_lag owner 2", "create_lag owner", "create_gateway owner"),
            *("create_interface private lag.1", "associate_connection lag.1", "associate_connection lag.2"),
            *("associate_connection connection.1", "disassociate_connection connection.1"),
        ),
        "a connection with a virtual interface is deleted": (
            *("create_connection owner", "create_gateway owner", "create_interface private", "delete_connection"),
            *("create_connection other", "move_to_anothers_port", "fetch_anothers_interface"),
            "delete_gateway",
        ),
        "a hosted connection carries one virtual interface": (
            *("create_interconnect", "allocate", "create_on_unconfirmed", "create_gateway owner", "confirm"),
            *("create_interface private maybe 200", "create_interface private", "create_interface private maybe 200"),
            *("allocate 200", "confirm", "move_interface hosted-connection.2"),
            *("create_lag owner", "move_interface lag", "create_interconnect", "move hosted-connection.1"),
        ),
        "addresses behind hosted connections collide": (
            *(
                "create_gateway owner",
                "create_interconnect",
                "allocate",
                "confirm",
                "create_interface private no maybe",
            ),
            *("create_interconnect", "allocate 200", "confirm", "create_interface private no maybe", "move"),
        ),
        "nothing is confirmed twice, or as something else": (
            *("create_connection owner", "create_gateway other", "allocate_interface private"),
            *(
                "create_gateway owner",
                "confirm_for_another",
                "confirm_interface maybe public",
                "confirm_interface",
                "create_interface public 200",
                "confirm_again",
            ),
        ),
        "tests are started and stopped twice": (
            *("create_connection owner", "create_gateway owner", "create_interface private", "stop_nothing"),
            *("start_test", "start_twice", "stop_test", "create_interface public 200", "start_test", "stop_test"),
        ),
        "peers come and go": (
            *("create_connection owner", "create_gateway owner", "create_interface private", "delete_peer"),
            *("add_same_peer", "add_peer", "delete_no_peer", "delete_peer maybe", "add_peer", "delete_peer"),
        ),
        "virtual interfaces are their owners'": (
            *("create_connection owner", "create_gateway owner", "create_interface private", "create_connection owner"),
            *_misuse("foreign", *_OF_INTERFACES, "DeleteBGPPeer", "StartBgpFailoverTest", "StopBgpFailoverTest"),
            *_misuse("foreign", *_NEW_INTERFACES, "AssociateVirtualInterface"),
            *_misuse("elsewhere", "DeleteVirtualInterface", *_NEW_INTERFACES[:3]),
            *("create_gateway other", "allocate_interface private 200"),
            *_misuse("foreign", *(f"Confirm{kind}VirtualInterface" for kind in ("Private", "Public", "Transit"))),
        ),
        "deleted virtual interfaces stay deleted": (
            *("create_connection owner", "create_gateway owner", "create_interface private"),
            *("create_interface private 200", "delete_interface", *_misuse("dead", *_OF_INTERFACES)),
            *("create_connection owner", "delete_connection", *_misuse("dead", *_NEW_INTERFACES)),
            *("create_gateway other", "allocate_interface private 300", "allocate_interface private 400"),
            *("decline_interface", *_misuse("dead", "ConfirmPrivateVirtualInterface", "ConfirmPublicVirtualInterface")),
        ),
        "what is refused changes no virtual interface": (
            *("create_connection owner", "create_gateway owner", "create_interface private"),
            *_misuse("near", *_OF_INTERFACES, *_NEW_INTERFACES, "StartBgpFailoverTest"),
        ),
        "a LAG that hosts carries no virtual interface": ("create_lag partner", "create_on_hosting_lag"),
    },
    "gateways": {
        "a virtual gateway has one gateway": (
            *("create_gateway owner", "create_gateway owner", "make_virtual_gateway owner"),
            *(*_misuse("elsewhere", "CreateDirectConnectGatewayAssociation"), "associate_gateways"),
            *("associate_gateways direct-connect-gateway.1", "delete_gateway", "change_prefixes 10.32.0.0/16"),
            *("change_prefixes 10.32.0.0/16", "dissociate_gateways maybe", "delete_gateway maybe"),
        ),
        "two virtual gateways share a gateway": (
            *("create_gateway owner", "make_virtual_gateway owner", "associate_gateways"),
            *("make_virtual_gateway owner", "associate_gateways virtual-gateway.2"),
        ),
        "a transit gateway is not associated beside a virtual one": (
            *("create_gateway owner", "make_virtual_gateway owner", "associate_gateways", "associate_transit_gateway"),
        ),
        "a transit gateway is not associated with its equal": ("create_gateway owner", "associate_transit_gateway"),
        "another account's gateway takes a proposal": (
            *("create_gateway owner", "make_virtual_gateway other", "associate_anothers_gateway", "propose"),
            "accept_own_proposal",
            *("accept_proposal maybe maybe", "create_gateway owner"),
            *("accept_proposal no maybe", "accept_proposal maybe", "accept_twice", "withdraw_standing"),
        ),
        "a gateway of another account carries nothing": (
            *("create_connection owner", "create_gateway other", "create_on_anothers_gateway", "create_on_no_gateway"),
        ),
        "gateways are their owners'": (
            *("create_gateway owner", "make_virtual_gateway other", "propose"),
            *_misuse("foreign", "UpdateDirectConnectGateway", "DeleteDirectConnectGateway"),
            *_misuse("foreign", "AcceptDirectConnectGatewayAssociationProposal"),
            *("create_gateway owner", "delete_gateway", *_misuse("dead", "DeleteDirectConnectGateway")),
            *("withdraw owner", "propose", *_misuse("dead", "AcceptDirectConnectGatewayAssociationProposal")),
        ),
        "what is refused changes no gateway": (
            *("create_gateway owner", "make_virtual_gateway owner", "associate_gateways"),
            *_misuse("near", "CreateDirectConnectGateway", "UpdateDirectConnectGateway"),
            *_misuse("near", "CreateDirectConnectGatewayAssociation", "UpdateDirectConnectGatewayAssociation"),
        ),
        "a gateway in use stays": (
            *("create_connection owner", "create_gateway owner", "create_interface private no maybe", "delete_gateway"),
            *("rename_gateway", "update_interface", "update_interface no maybe", "update_interface no maybe False"),
            *("delete_interface", "delete_gateway"),
        ),
    },
    "tags": {
        "tags are changed": (
            *("create_connection owner", "tag_fully", "tag", "tag", "untag", "tag", "read_anothers_tags"),
            *(
                "describe_tags",
                "tag_wrongly",
                "tag_wrongly tags.reserved-prefix",
                "tag_nothing",
                "tag_nothing UntagResource",
                "create_wrongly_tagged",
                "create_wrongly_tagged tags.maximum-on-create",
                *_misuse("foreign", "TagResource", "UntagResource"),
            ),
            *("create_connection owner", "delete_connection connection.1"),
        ),
        "things of all kinds are tagged": (
            *("create_connection owner", "create_lag owner", "create_gateway owner", "create_interface private"),
            *("tag direct-connect-gateway", "tag virtual-interface", "describe_tags"),
        ),
        "the tags of several things are described": (
            *("create_connection owner", "create_connection owner", "tag connection.1", "tag connection.2"),
            "describe_tags",
        ),
        "a partner sees no tags": ("create_interconnect", "allocate", "confirm", "tag hosted-connection"),
    },
    "macsec_and_resiliency": {
        "keys accumulate and go": (
            *("create_connection owner maybe", "give_key", "give_key", "take_key", "take_no_key", "give_wrongly"),
            *("update_connection maybe no_encrypt", "create_lag owner no maybe", "associate_connection", "give_key"),
            *("update_lag no maybe no_encrypt", "create_connection owner", "give_wrongly"),
        ),
        "a hosted connection has no keys": ("create_interconnect", "allocate", "confirm", "give_wrongly"),
        "keys and groups are their owners'": (
            *("create_connection owner maybe", "give_key", "create_group"),
            *_misuse("foreign", "AssociateMacSecKey", "DisassociateMacSecKey", "UpdateResiliencyGroup"),
            *_misuse("foreign", "DeleteResiliencyGroup"),
        ),
        "groups keep apart what is in them": (
            *(
                "create_group",
                "tag_group",
                "create_group_again maybe",
                "create_connection owner",
                "create_connection owner",
            ),
            *("enter_group maybe maybe", "enter_group no maybe", "enter_group resiliency-group.1", "leave_group maybe"),
            *("enter_group", "leave_group no maybe", "delete_group", "rename_group"),
        ),
    },
}
"""Sequences that must be refused or must not affect other resources, by machine."""


def openings(actions: Iterable[str], *, journeys: bool) -> tuple[Opening, ...]:
    """The sequences with which an example of a machine with these actions can begin; the empty one first."""
    known = set(actions)
    every = [*OPENINGS, *(one for mine in ENCOUNTERS.values() for one in mine.values())]
    every += [one for mine in JOURNEYS.values() for one in mine.values()] if journeys else []
    return tuple(one for one in every if all(words.split()[0] in known for words in one))


def directed(machine: str, *, journeys: bool) -> dict[str, Opening]:
    """The sequences that a machine runs at the gate."""
    return {**ENCOUNTERS.get(machine, {}), **(JOURNEYS.get(machine, {}) if journeys else {})}
