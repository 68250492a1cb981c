"""Many clients at once: each request is performed as if it were alone."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.reference.emulator import Emulator

THREADS = 16


def at_once(emulator: Emulator, act: Callable[[Any, int], Any]) -> list[Any]:
    """What each of many threads gets; None where it was refused."""
    results: list[Any] = [None] * THREADS
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> None:
        client = emulator.client()
        barrier.wait()
        try:
            results[number] = act(client, number)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400  # noqa: PT017  # in a thread

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def connection(emulator: Emulator) -> str:
    client = emulator.client()
    location = client.describe_locations()["locations"][0]["locationCode"]
    made = client.create_connection(location=location, bandwidth="10Gbps", connectionName="crowd")
    return str(made["connectionId"])


def test_a_vlan_is_granted_once(emulator: Emulator) -> None:
    connection_id = connection(emulator)
    gateway = emulator.client().create_direct_connect_gateway(directConnectGatewayName="crowd")
    gateway_id = gateway["directConnectGateway"]["directConnectGatewayId"]

    def take(client: Any, number: int) -> Any:
        return client.create_private_virtual_interface(
            connectionId=connection_id,
            newPrivateVirtualInterface={
                "virtualInterfaceName": f"vif-{number}",
                "vlan": 77,
                "asn": 65000,
                "directConnectGatewayId": gateway_id,
            },
        )

    granted = [one for one in at_once(emulator, take) if one is not None]
    assert len(granted) == 1
    found = emulator.client().describe_virtual_interfaces(connectionId=connection_id)["virtualInterfaces"]
    assert [one["virtualInterfaceId"] for one in found] == [granted[0]["virtualInterfaceId"]]


def test_ids_are_unique_and_no_update_is_lost(emulator: Emulator) -> None:
    connection_id = connection(emulator)
    arn = f"arn:aws:directconnect:us-east-1:111111111111:dxcon/{connection_id}"
    location = emulator.client().describe_locations()["locations"][0]["locationCode"]

    def work(client: Any, number: int) -> list[str]:
        made = []
        for turn in range(5):
            answer = client.create_connection(location=location, bandwidth="1Gbps", connectionName=f"{number}-{turn}")
            made.append(answer["connectionId"])
        client.tag_resource(resourceArn=arn, tags=[{"key": f"k{number}", "value": "v"}])
        return made

    ids = [one for made in at_once(emulator, work) for one in made]
    assert len(set(ids)) == THREADS * 5
    tags = emulator.client().describe_tags(resourceArns=[arn])["resourceTags"][0]["tags"]
    assert {tag["key"] for tag in tags} == {f"k{number}" for number in range(THREADS)}
