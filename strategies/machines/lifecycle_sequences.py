"""Directed sequences through the transitions of a lifecycle that requests can cause.

They need a target on which a test can hold time. `seed_sequences` describes the form of a line.
"""

from collections.abc import Mapping
from typing import Final

Opening = tuple[str, ...]
Journeys = Mapping[str, Mapping[str, Opening]]

_PORT: Final = ("create_connection owner", "create_gateway owner", "hold")
_AVAILABLE: Final = ("pass_time", "pass_time")
_INTERFACE: Final = "create_interface private"
_LAG: Final = ("create_lag owner", *_AVAILABLE)

JOURNEYS: Final[Journeys] = {
    "connections_and_lags": {
        "a connection is deleted in every state": (
            "hold",
            *("create_connection owner", "delete_connection"),
            *("create_connection owner", "pass_time", "delete_connection"),
            *("create_connection owner", *_AVAILABLE, "delete_connection"),
            *("create_connection owner", *_AVAILABLE, "cut_link", "delete_connection"),
            *("follow_documents", "create_connection owner", "delete_connection"),
        ),
        "an interconnect is deleted in every state": (
            "hold",
            "follow_documents",
            *("create_interconnect", "delete_interconnect"),
            *("create_interconnect", "pass_time", "delete_interconnect"),
            *("create_interconnect", *_AVAILABLE, "delete_interconnect"),
            *("create_interconnect", *_AVAILABLE, "cut_link", "delete_interconnect"),
        ),
        "a LAG is deleted in every state": (
            "hold",
            "follow_documents",
            *("create_lag owner", "delete_lag"),
            *("create_lag owner", "pass_time lag", "delete_lag"),
            *(*_LAG, "delete_lag"),
            *(*_LAG, "cut_link lag", "delete_lag"),
        ),
        "a LAG needs more links than are up, and fewer": (
            "hold",
            *("create_lag owner 2", *_AVAILABLE, "update_lag maybe 2", "update_lag maybe 0"),
        ),
        "connections join LAGs": (
            "follow_documents",
            "hold",
            *(*_LAG, "create_connection owner", *_AVAILABLE, "associate_connection", "pass_time connection"),
            *("create_connection owner", *_AVAILABLE, "cut_link connection", "cut_link lag", "associate_connection"),
            *("mend_link lag", "pass_time connection", "disassociate_connection"),
            *("create_connection owner", *_AVAILABLE, "create_lag owner maybe connection"),
        ),
        "interconnects join LAGs": (
            "follow_documents",
            "hold",
            *("create_lag partner", "create_interconnect", *_AVAILABLE, "associate_connection interconnect"),
            *("create_interconnect", *_AVAILABLE, "cut_link interconnect", "associate_connection interconnect"),
            *("create_interconnect", *_AVAILABLE, "create_lag partner maybe interconnect"),
        ),
        "hosted connections are confirmed, declined and moved": (
            *("create_interconnect", "create_interconnect", "allocate", "confirm", "allocate 200", "decline"),
            *("hold", "follow_documents", "move hosted-connection"),
        ),
    },
    "virtual_interfaces_and_bgp": {
        "a virtual interface is deleted in every state": (
            *_PORT,
            *("create_interface public", "delete_interface"),
            *(_INTERFACE, "delete_interface"),
            *(_INTERFACE, "pass_time", "delete_interface"),
            *(_INTERFACE, "pass_time", "lose_sessions", "delete_interface"),
            *(_INTERFACE, "pass_time", "start_test", "delete_interface"),
        ),
        "a virtual interface is moved, changed and tested": (
            *("create_connection owner", *_PORT),
            *(_INTERFACE, "pass_time", "move_interface", "pass_time", "start_test", "stop_test"),
            *("lose_sessions", "move_interface", "pass_time", "start_test", "stop_test"),
            *("update_interface maybe 8500", "pass_time"),
        ),
        "a virtual interface is allocated, confirmed and declined": (
            *("create_connection owner", "create_gateway other", "hold", "follow_documents"),
            *("allocate_interface private", "confirm_interface", "allocate_interface public 200", "confirm_interface"),
            *("allocate_interface public 300", "decline_interface", "delete_declined"),
        ),
        "a BGP peer is deleted in every state": (
            *(*_PORT, _INTERFACE, "add_peer", "delete_peer", "add_peer", "pass_time virtual-interface", "delete_peer"),
            *("create_interface public 200", "add_peer", "delete_peer"),
        ),
    },
    "gateways": {
        "a gateway is deleted in every state": (
            *("hold", "follow_documents", "create_gateway owner", "delete_gateway"),
            *("create_gateway owner", "pass_time", "delete_gateway"),
        ),
        "gateways are dissociated in every state": (
            *("create_gateway owner", "make_virtual_gateway owner", "hold"),
            *("associate_gateways", "dissociate_gateways"),
            *("associate_gateways", "pass_time", "change_prefixes 10.32.0.0/16", "dissociate_gateways"),
            *("associate_gateways", "pass_time", "dissociate_gateways"),
        ),
        "proposals are accepted and withdrawn": (
            *("create_gateway owner", "make_virtual_gateway other", "propose", "withdraw"),
            *("propose", "accept_proposal", "dissociate_gateways", "withdraw_accepted"),
        ),
        "a virtual interface is detached in every state": (
            *(*_PORT, _INTERFACE, "delete_interface", _INTERFACE, "pass_time", "delete_interface"),
        ),
    },
    "macsec_and_resiliency": {
        "a key is taken in every state": (
            *(
                "create_connection owner maybe",
                "hold",
                "give_key",
                "take_key",
                "give_key maybe",
                "pass_time",
                "take_key",
            ),
        ),
        "a group is deleted in every state": (
            *("hold", "follow_documents", "create_group", "delete_group"),
            *("create_group", "pass_time", "rename_group", "pass_time", "delete_group"),
        ),
        "connections enter and leave a group": (
            *("create_connection owner", "hold", "create_group", "enter_group", "leave_group"),
            *("enter_group", "pass_time resiliency-group", "leave_group"),
        ),
    },
}
"""The transitions of the lifecycles, by machine, each with its event."""
