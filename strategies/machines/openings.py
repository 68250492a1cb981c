"""Directed sequences: what an example can begin with, so that it gets somewhere.

A line is a step: an action, and what to choose in it, in the order of the choices: a kind of thing, a number, a role,
`maybe` for what is else done once in a while. What is not said is the newest thing, and the usual.

`OPENINGS` build something, and an example goes on at random from there. `JOURNEYS` go through the transitions of one
lifecycle that requests cause, state by state; they need a target on which time can be held. Both are for examples to
begin with; at the gate each journey is an example of its own, too (`MACHINES` says of which machine).
"""

from collections.abc import Iterable, Mapping
from typing import Final

Opening = tuple[str, ...]

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

_PORT: Final = ("create_connection owner", "create_gateway owner", "hold")
_AVAILABLE: Final = ("pass_time", "pass_time")
_INTERFACE: Final = "create_interface private"
_LAG: Final = ("create_lag owner", *_AVAILABLE)

JOURNEYS: Final[Mapping[str, Opening]] = {
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
    "a key is taken in every state": (
        *("create_connection owner maybe", "hold", "give_key", "take_key", "give_key maybe", "pass_time", "take_key"),
    ),
    "a group is deleted in every state": (
        *("hold", "follow_documents", "create_group", "delete_group"),
        *("create_group", "pass_time", "rename_group", "pass_time", "delete_group"),
    ),
    "connections enter and leave a group": (
        *("create_connection owner", "hold", "create_group", "enter_group", "leave_group"),
        *("enter_group", "pass_time resiliency-group", "leave_group"),
    ),
}

MACHINES: Final[Mapping[str, tuple[str, ...]]] = {
    "connections_and_lags": tuple(JOURNEYS)[:7],
    "virtual_interfaces_and_bgp": tuple(JOURNEYS)[7:11],
    "gateways": tuple(JOURNEYS)[11:15],
    "macsec_and_resiliency": tuple(JOURNEYS)[15:],
}
"""Which machine goes on which journeys at the gate."""


def openings(actions: Iterable[str], *, journeys: bool) -> tuple[Opening, ...]:
    """What a machine with these actions can begin an example with; the empty one first."""
    known = set(actions)
    every = [*OPENINGS, *(JOURNEYS.values() if journeys else ())]
    return tuple(one for one in every if all(words.split()[0] in known for words in one))


def journeys(machine: str) -> dict[str, Opening]:
    """The journeys of a machine, by what happens on them."""
    return {name: JOURNEYS[name] for name in MACHINES.get(machine, ())}
