"""What an example can begin with, so that it gets somewhere: a few steps that build something, by the usual actions."""

from typing import Final

OPENINGS: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("create_connection",),
    ("create_connection", "create_gateway", "create_interface"),
    ("create_connection", "create_connection", "create_lag", "associate_connection"),
    ("create_lag", "create_lag", "create_gateway", "create_interface"),
    ("create_interconnect", "allocate", "confirm"),
    ("create_interconnect", "create_interconnect", "allocate", "confirm", "move"),
    ("create_interconnect", "allocate", "confirm", "create_gateway", "create_interface"),
    ("create_connection", "allocate_interface", "create_gateway", "confirm_interface"),
    ("create_connection", "create_gateway", "create_interface", "add_peer", "start_test"),
    ("create_connection", "create_connection", "create_gateway", "create_interface", "move_interface"),
    ("create_gateway", "make_virtual_gateway", "associate_gateways"),
    ("create_gateway", "create_gateway", "make_virtual_gateway", "propose", "accept_proposal"),
    ("create_connection", "give_key", "give_key"),
    ("create_lag", "give_key"),
    ("create_group", "create_connection", "enter_group"),
    ("create_connection", "tag", "tag"),
)
"""Of an opening those steps are done that the machine has and the model allows."""
