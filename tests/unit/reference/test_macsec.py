"""What ports show of MACsec."""

from tests.unit.reference.emulator import OWNER, Emulator


def test_a_connection_without_macsec_has_an_unknown_encryption_mode(emulator: Emulator) -> None:
    """So AWS shows them: hashicorp/terraform-provider-aws#29789 and #37907."""
    client = emulator.client(OWNER)
    place = client.describe_locations()["locations"][0]["locationCode"]
    plain = client.create_connection(location=place, bandwidth="10Gbps", connectionName="plain")
    assert (plain["encryptionMode"], plain.get("macSecKeys")) == ("unknown", None)
    secure = client.create_connection(location=place, bandwidth="10Gbps", connectionName="secure", requestMACSec=True)
    assert (secure["encryptionMode"], secure["macSecKeys"]) == ("should_encrypt", [])
