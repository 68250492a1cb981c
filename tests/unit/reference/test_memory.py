"""An emulator that runs for months: what ended is shown for a while, and forgotten in the end."""

import gc
import platform
import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import pytest

from dxcontract.reference.core import store
from dxcontract.reference.core.store import MOST_OVER
from tests.unit.reference.emulator import OWNER
from tests.unit.reference.inside import Inside

ADDRESSES = {"amazonAddress": "169.254.1.1/30", "customerAddress": "169.254.1.2/30"}


class Busy(Inside):
    """An emulator, and ways to make things and to end them."""

    def __init__(self) -> None:
        super().__init__()
        self.location = self(OWNER, "DescribeLocations")["locations"][0]["locationCode"]
        self.gateway = self.made_gateway()
        self.port = self.made_connection()

    def made_connection(self) -> str:
        made = self(OWNER, "CreateConnection", location=self.location, bandwidth="1Gbps", connectionName="busy")
        return str(made["connectionId"])

    def made_gateway(self) -> str:
        made = self(OWNER, "CreateDirectConnectGateway", directConnectGatewayName="busy")
        return str(made["directConnectGateway"]["directConnectGatewayId"])

    def made_interface(self) -> str:
        wanted = {"virtualInterfaceName": "busy", "vlan": 7, "asn": 65000, "directConnectGatewayId": self.gateway}
        made = self(
            OWNER,
            "CreatePrivateVirtualInterface",
            connectionId=self.port,
            newPrivateVirtualInterface=wanted | ADDRESSES,
        )
        return str(made["virtualInterfaceId"])

    def connection(self) -> None:
        self(OWNER, "DeleteConnection", connectionId=self.made_connection())

    def lag(self) -> None:
        wanted = {"numberOfConnections": 1, "location": self.location, "connectionsBandwidth": "1Gbps"}
        lag = self(OWNER, "CreateLag", lagName="busy", **wanted)
        self(OWNER, "DeleteLag", lagId=lag["lagId"])
        for member in lag["connections"]:
            self(OWNER, "DeleteConnection", connectionId=member["connectionId"])

    def virtual_interface(self) -> None:
        made = self.made_interface()
        self(OWNER, "StartBgpFailoverTest", virtualInterfaceId=made)
        self(OWNER, "StopBgpFailoverTest", virtualInterfaceId=made)
        self(OWNER, "DeleteVirtualInterface", virtualInterfaceId=made)

    def direct_connect_gateway(self) -> None:
        self(OWNER, "DeleteDirectConnectGateway", directConnectGatewayId=self.made_gateway())

    def proposal(self) -> None:
        virtual = self(OWNER, "DescribeVirtualGateways")["virtualGateways"][0]["virtualGatewayId"]
        made = self(
            OWNER,
            "CreateDirectConnectGatewayAssociationProposal",
            directConnectGatewayId=self.gateway,
            directConnectGatewayOwnerAccount=OWNER,
            gatewayId=virtual,
        )["directConnectGatewayAssociationProposal"]
        self(OWNER, "DeleteDirectConnectGatewayAssociationProposal", proposalId=made["proposalId"])

    def resiliency_group(self) -> None:
        token = f"token-{self.emulator.world.store.next_serial()}"
        made = self(
            OWNER,
            "CreateResiliencyGroup",
            resiliencyGroupName="busy",
            intendedResiliencyModel="high-resiliency",
            clientToken=token,
        )
        self(OWNER, "DeleteResiliencyGroup", resiliencyGroupId=made["resiliencyGroup"]["resiliencyGroupId"])


CYCLES: list[Callable[[Busy], None]] = [
    Busy.connection,
    Busy.lag,
    Busy.virtual_interface,
    Busy.direct_connect_gateway,
    Busy.proposal,
    Busy.resiliency_group,
]


@pytest.mark.parametrize("cycle", CYCLES, ids=lambda one: one.__name__)
def test_what_is_made_and_deleted_leaves_nothing_for_ever(
    monkeypatch: pytest.MonkeyPatch, cycle: Callable[[Busy], None]
) -> None:
    monkeypatch.setattr(store, "MOST_OVER", 20)
    busy = Busy()
    sizes = []
    tracemalloc.start()
    try:
        for _ in range(4):
            for _ in range(150):
                cycle(busy)
            gc.collect()
            sizes.append((len(list(busy.emulator.world.store.everything())), tracemalloc.get_traced_memory()[0]))
    finally:
        tracemalloc.stop()
    (records, _), (_, second), (_, third), (records_now, fourth) = sizes
    assert records_now <= records + 8
    # A list of what was made would take 150 times the 60 bytes of an id at least, each time.
    assert min(third - second, fourth - third) < 6000, sizes


def test_the_last_that_were_deleted_are_still_shown() -> None:
    busy = Busy()
    deleted = [busy.made_connection() for _ in range(MOST_OVER + 10)]
    for one in deleted:
        busy(OWNER, "DeleteConnection", connectionId=one)
    shown = {one["connectionId"]: one["connectionState"] for one in busy(OWNER, "DescribeConnections")["connections"]}
    assert [one for one in deleted if one in shown] == deleted[10:]
    assert {shown[one] for one in deleted[10:]} == {"deleted"}
    assert shown[busy.port] == "available"


def test_no_id_is_given_twice() -> None:
    made = Inside().emulator.world.store
    ids = [made.new_id("dxcon") for _ in range(100_000)] + [made.new_hex_id("vgw") for _ in range(100_000)]
    assert len(set(ids)) == len(ids)
    assert len({one[-1] for one in ids[:1000]}) > 10


def test_what_large_answers_took_is_given_back() -> None:
    """Large blocks between small ones that stay: without the setting the heap ends above the last of them."""
    heap = """
from dxcontract.reference.core.memory import keep_large_blocks_apart
if {apart}:
    keep_large_blocks_apart()
kept = []
for _ in range(20):
    large = [bytes(size) for size in range(70_000, 4_000_000, 300_000)]
    kept.append([bytes(1000) for _ in range(50)])
    del large
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("other systems give memory back in their own ways")
    apart, mixed = (
        int(subprocess.run([sys.executable, "-c", heap.format(apart=one)], capture_output=True, check=True).stdout)
        for one in (True, False)
    )
    assert apart < mixed / 2
