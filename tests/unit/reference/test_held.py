"""Time that stands still, and states as the documentation has them."""

from collections.abc import Iterator

import pytest

from tests.unit.reference.emulator import OWNER, Emulator, running


@pytest.fixture(scope="module")
def documented() -> Iterator[Emulator]:
    """An emulator that follows the documentation where recordings of AWS show other states."""
    with running("--states", "documented") as one:
        yield one


def _connection(emulator: Emulator) -> str:
    client = emulator.client(OWNER)
    place = client.describe_locations()["locations"][0]["locationCode"]
    made = client.create_connection(location=place, bandwidth="1Gbps", connectionName="held")
    return str(made["connectionId"])


def _state(emulator: Emulator, connection: str) -> str:
    (found,) = emulator.client(OWNER).describe_connections(connectionId=connection)["connections"]
    return str(found["connectionState"])


def test_held_states_go_on_when_told_and_when_let_go(emulator: Emulator) -> None:
    """Otherwise what was made meanwhile would stay unready for good."""
    emulator.admin("hold", held=True)
    try:
        one = _connection(emulator)
        assert _state(emulator, one) == "requested"
        emulator.admin("advance", id=one, parts=True)
        assert _state(emulator, one) == "pending"
    finally:
        emulator.admin("hold", held=False)
    assert _state(emulator, one) == "available"


def test_documented_states_are_shown_in_place_of_recorded_ones(documented: Emulator) -> None:
    """A suite that knew only what was recorded would accuse whoever reads the documentation."""
    client = documented.client(OWNER)
    documented.admin("hold", held=True)
    one = _connection(documented)
    assert client.delete_connection(connectionId=one)["connectionState"] == "deleting"
    place = client.describe_locations()["locations"][0]["locationCode"]
    lag = client.create_lag(numberOfConnections=1, location=place, connectionsBandwidth="1Gbps", lagName="held")
    assert lag["lagState"] == "requested"
    assert client.delete_lag(lagId=lag["lagId"])["lagState"] == "deleting"


def test_recorded_states_are_shown_unless_asked_otherwise(emulator: Emulator) -> None:
    """What AWS was seen to do comes first."""
    client = emulator.client(OWNER)
    emulator.admin("hold", held=True)
    try:
        one = _connection(emulator)
        assert client.delete_connection(connectionId=one)["connectionState"] == "deleted"
    finally:
        emulator.admin("hold", held=False)
