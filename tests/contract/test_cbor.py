"""The CBOR protocol beside the JSON protocol: both give access to the same resources."""

from collections.abc import Iterator
from typing import Any

import pytest

from dxcontract.client.client import Api
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Contract
from dxcontract.wire.cbor import PROTOCOLS
from dxcontract.wire.errors import Unsupported
from strategies.valid_requests import arrange, done
from strategies.world import World

KINDS = ("connection", "lag", "direct-connect-gateway", "virtual-interface", "interconnect", "resiliency-group")
pytestmark = pytest.mark.over("cbor")


@pytest.mark.rule("wire.protocols-agree")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", PROTOCOLS)
def test_what_one_protocol_makes_the_other_describes_the_same(
    api: Api, contract: Contract, world: World, kind: str, first: str
) -> None:
    """A new version of a tool may use CBOR and must find the resources of the old version."""
    maker, other = PROTOCOLS if first == PROTOCOLS[0] else reversed(PROTOCOLS)
    for needed in PROTOCOLS:
        if needed in api.lacks:
            raise Unsupported(api.lacks[needed])
    api.speak(maker)
    handle = arrange(world, kind)
    one, shown = world.observe(handle)
    api.speak(other)
    two, again = world.observe(handle)
    how = "; ".join(apart(shown, again)) or "it is listed over neither"
    message = f"made over {maker}, a {kind} is another one over {other}: {how}"
    contract.check(
        "wire.protocols-agree", shown is not None and shown == again, message, one, two, claim=expectations.alike()
    )


def apart(shown: Any, again: Any, place: str = "") -> Iterator[str]:
    """The members in which two descriptions of one resource differ."""
    if isinstance(shown, dict) and isinstance(again, dict):
        for name in dict.fromkeys((*shown, *again)):
            yield from apart(shown.get(name), again.get(name), f"{place}/{name}")
    elif isinstance(shown, list) and isinstance(again, list) and len(shown) == len(again):
        for number, (one, other) in enumerate(zip(shown, again, strict=True)):
            yield from apart(one, other, f"{place}/{number}")
    elif shown != again:
        yield f"{place or 'it'} is {shown!r} and {again!r}"


@pytest.mark.rule("wire.cbor-timestamps")
def test_a_time_is_tagged_as_one(world: World) -> None:
    """Strict generated clients identify a timestamp by its tag and fail on a plain number."""
    world.api.permit("StartBgpFailoverTest")
    interface = arrange(world, "virtual-interface", settle=False)
    world.settle(interface, "available")
    done(world.call("StartBgpFailoverTest", {"virtualInterfaceId": interface, "testDurationInMinutes": 1}))


@pytest.mark.rule("wire.smithy-protocol")
def test_an_answer_names_its_protocol(api: Api, contract: Contract, world: World) -> None:
    """Clients use this header to detect a response that does not come from the service, such as that of a proxy."""
    world.call("DescribeLocations")
    world.call("DescribeLoa", {"connectionId": "dxcon-ffffff00"})
