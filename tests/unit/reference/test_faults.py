"""A fault breaks the rule whose id it has, and nothing else."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from dxcontract.reference.core import registry
from dxcontract.reference.faults import gateways, interfaces, lifecycles, ports, shapes, wire
from dxcontract.reference.faults.catalogue import catalogue
from dxcontract.spec import model
from tests.unit.reference.emulator import CHECKOUT, OTHER, OWNER, PARTNER, running
from tests.unit.reference.inside import Inside
from tests.unit.reference.test_signatures import send, signed

# What a server cannot break by itself: how the client behaves, and what follows from the rules of pages.
CLIENT_SIDE = "client."


def location(run: Inside) -> str:
    return str(run(OWNER, "DescribeLocations")["locations"][1]["locationCode"])


def connection(run: Inside, account: str = OWNER, **more: Any) -> str:
    made = run(account, "CreateConnection", location=location(run), bandwidth="10Gbps", connectionName="fault", **more)
    return str(made["connectionId"])


def test_every_operation_is_performed() -> None:
    registry.load()
    assert registry.PERFORM.keys() == model.load().operations.keys()


def test_every_rule_that_must_hold_can_be_broken() -> None:
    musts = {rule.id for rule in model.load().rules.values() if rule.level == "must"}
    missing = {one for one in musts - catalogue().keys() if not one.startswith(CLIENT_SIDE)}
    assert missing == set()


def test_tables_name_rules_that_exist() -> None:
    tables = (gateways.TABLE, interfaces.TABLE, lifecycles.TABLE, ports.TABLE, shapes.TABLE, wire.TABLE)
    assert {one for table in tables for one in table} - catalogue().keys() == set()


def test_the_list_is_printed() -> None:
    command = [sys.executable, "-m", "dxcontract.reference", "--fault", "list"]
    lines = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue())


def _vlan_twice(run: Inside) -> object:
    gateway = run(OWNER, "CreateDirectConnectGateway", directConnectGatewayName="x")["directConnectGateway"]
    one = connection(run)
    new = {
        "virtualInterfaceName": "x",
        "vlan": 5,
        "asn": 65000,
        "directConnectGatewayId": gateway["directConnectGatewayId"],
    }
    run(OWNER, "CreatePrivateVirtualInterface", connectionId=one, newPrivateVirtualInterface=new)
    return run.refusal(OWNER, "CreatePrivateVirtualInterface", connectionId=one, newPrivateVirtualInterface=new)


def _foreign_delete(run: Inside) -> object:
    return run.refusal(OTHER, "DeleteConnection", connectionId=connection(run))


def _renamed(run: Inside) -> object:
    one = connection(run)
    run(OWNER, "UpdateConnection", connectionId=one, connectionName="renamed")
    (found,) = run(OWNER, "DescribeConnections", connectionId=one)["connections"]
    return found["connectionName"]


def _duplicate_keys(run: Inside) -> object:
    arn = f"arn:aws:directconnect:us-east-1:{OWNER}:dxcon/{connection(run)}"
    return run.refusal(OWNER, "TagResource", resourceArn=arn, tags=[{"key": "a"}, {"key": "a"}])


def _missing_member(run: Inside) -> object:
    return run.refusal(OWNER, "CreateConnection", location="EqUSE1")


def _wrong_type(run: Inside) -> object:
    return run.refusal(OWNER, "DescribeConnections", connectionId=5)


def _wrong_enum(run: Inside) -> object:
    return run.refusal(OWNER, "DescribeLoa", connectionId=connection(run), loaContentType="text/plain")


def _partner(run: Inside) -> object:
    order = {"location": location(run), "bandwidth": "1Gbps", "interconnectName": "x"}
    assert run.refusal(PARTNER, "CreateInterconnect", **order) is None
    return run.refusal(OTHER, "CreateInterconnect", **order)


def _refusal_changes_nothing(run: Inside) -> object:
    one = connection(run)
    run.refusal(OWNER, "DeleteConnection", connectionId="dxcon-ffffffff")
    (found,) = run(OWNER, "DescribeConnections", connectionId=one)["connections"]
    return found["connectionName"]


def _two_pages(run: Inside) -> object:
    for _ in range(3):
        connection(run)
    first = run(OWNER, "DescribeConnections", maxResults=2)
    second = run(OWNER, "DescribeConnections", maxResults=2, nextToken=first["nextToken"])
    return len({one["connectionId"] for one in first["connections"] + second["connections"]})


def _state_of_new(run: Inside) -> object:
    made = run(OWNER, "CreateConnection", location=location(run), bandwidth="1Gbps", connectionName="x")
    return made["connectionState"]


BEHAVIOURS: dict[str, tuple[Callable[[Inside], object], object]] = {
    "virtual_interfaces.vlan-unique": (_vlan_twice, "DirectConnectClientException"),
    "access.connection-foreign-change": (_foreign_delete, "DirectConnectClientException"),
    "connections.update-name": (_renamed, "renamed"),
    "tags.duplicate-keys": (_duplicate_keys, "DuplicateTagKeysException"),
    "requests.required-members": (_missing_member, "DirectConnectClientException"),
    "requests.member-types": (_wrong_type, "SerializationException"),
    "requests.enum-values": (_wrong_enum, "DirectConnectClientException"),
    "interconnects.partner-only": (_partner, "DirectConnectClientException"),
    "requests.refusal-has-no-effect": (_refusal_changes_nothing, "fault"),
    "pagination.complete": (_two_pages, 3),
    "lifecycles.connection-initial": (_state_of_new, "requested"),
}


def test_without_faults_all_behave() -> None:
    assert {one: act(Inside()) for one, (act, _) in BEHAVIOURS.items()} == {
        one: right for one, (_, right) in BEHAVIOURS.items()
    }


@pytest.mark.parametrize("fault", BEHAVIOURS)
def test_a_fault_breaks_its_rule_and_no_other(fault: str) -> None:
    broken = {one for one, (act, right) in BEHAVIOURS.items() if act(Inside(fault)) != right}
    assert broken == {fault}


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ("fault.lost-member", "DescribeConnections"),
        ("fault.wrong-id", "CreateConnection"),
        ("fault.stale-answer", "DescribeConnections"),
        ("fault.lost-update", "UpdateConnection"),
    ],
)
def test_shapes(fault: str, operation: str) -> None:
    run = Inside(fault)
    made = run(OWNER, "CreateConnection", location=location(run), bandwidth="1Gbps", connectionName="before")
    if fault == "fault.wrong-id":
        assert run(OWNER, "DescribeConnections", connectionId=made["connectionId"])["connections"] == []
        return
    (shown,) = run(OWNER, "DescribeConnections")["connections"]
    assert ("connectionState" in shown) == (fault != "fault.lost-member")
    run(OWNER, "UpdateConnection", connectionId=made["connectionId"], connectionName="after")
    (shown,) = run(OWNER, "DescribeConnections")["connections"]
    kept = "after" if fault == "fault.lost-member" else "before"
    assert shown["connectionName"] == kept


def test_wires() -> None:
    with running("--fault", "fault.error-type", "--fault", "wire.error-status") as one:
        assert send(one, signed(one))[0] == 200
        status, document = send(one, {**signed(one), "X-Amz-Date": "never"})
        assert (status, document["__type"]) == (404, "BadRequest")
