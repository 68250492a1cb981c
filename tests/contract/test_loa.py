"""Letters of authorization, with which a data center connects a port."""

import base64
import binascii
import email.utils
import time
from typing import Any, Final

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.exchange import Exchange
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

KINDS: Final = ("connection", "interconnect", "lag")
DEPRECATED: Final = {
    "DescribeConnectionLoa": ("connection", "connectionId"),
    "DescribeInterconnectLoa": ("interconnect", "interconnectId"),
}
PDF: Final = "application/pdf"
# Signatures allow clocks to differ by five minutes; a time that was never set differs by more.
CLOCKS_DIFFER: Final = 300

kinds = pytest.mark.parametrize("kind", KINDS)
every = pytest.mark.parametrize("operation", ["DescribeLoa", *DEPRECATED])


@pytest.mark.rule("loa.available")
@kinds
def test_a_port_in_use_has_a_letter(contract: Contract, world: World, kind: str) -> None:
    """A data center connects no port without it."""
    contract.accepted("loa.available", _letter(world, "DescribeLoa", arrange(world, kind)), f"for an available {kind}")


@pytest.mark.rule("loa.available")
@kinds
def test_a_new_port_has_a_letter_or_says_that_it_has_none(contract: Contract, world: World, kind: str) -> None:
    """Scripts poll for the letter and must distinguish "not ready" from a failure."""
    exchange = _letter(world, "DescribeLoa", arrange(world, kind, settle=False))
    contract.check(
        "loa.available",
        exchange.succeeded or exchange.error_type == "DirectConnectClientException",
        f"for a new {kind}: answered {exchange.told()}",
        exchange,
    )


@pytest.mark.rule("loa.answer-members")
@kinds
def test_the_letter_is_at_the_top_of_the_answer(contract: Contract, world: World, kind: str) -> None:
    """Scripts read the letter at the top level of the response, though an old example shows it nested."""
    exchange = done(_letter(world, "DescribeLoa", arrange(world, kind)))
    _has_letter(contract, "loa.answer-members", exchange, exchange.body, "")


@pytest.mark.rule("loa.nested-answer", "loa.deprecated")
@pytest.mark.parametrize("operation", DEPRECATED)
def test_the_deprecated_operations_nest_it(contract: Contract, world: World, operation: str) -> None:
    """Scripts older than DescribeLoa still run."""
    port = arrange(world, DEPRECATED[operation][0])
    newer = done(_letter(world, "DescribeLoa", port))
    exchange = _letter(world, operation, port)
    if not contract.accepted("loa.deprecated", exchange, "where DescribeLoa gives the letter", newer):
        return
    nested = exchange.body.get("loa")
    _has_letter(contract, "loa.nested-answer", exchange, nested if isinstance(nested, dict) else {}, "/loa")
    types = _content(newer).get("loaContentType"), _content(exchange).get("loaContentType")
    contract.check(
        "loa.deprecated",
        types[0] == types[1],
        f"loaContentType is {types[1]}, and {types[0]} by DescribeLoa",
        newer,
        exchange,
        where="/loa/loaContentType",
        basis=types,
    )


@pytest.mark.rule("loa.pdf")
@every
def test_the_letter_is_a_pdf(contract: Contract, world: World, operation: str) -> None:
    """Scripts decode it, save it and send it to the data center without checking it."""
    exchange = done(_letter(world, operation, _port(world, operation)))
    text = _content(exchange).get("loaContent")
    try:
        document = base64.b64decode(str(text), validate=True)
    except binascii.Error:
        document = b""
    contract.check("loa.pdf", document.startswith(b"%PDF-"), "loaContent is no PDF document in base64", exchange)


@pytest.mark.rule("loa.content-type")
@every
def test_its_type_is_pdf(contract: Contract, world: World, operation: str) -> None:
    """There is only one type, so requesting it must have no effect."""
    port = _port(world, operation)
    default = done(_letter(world, operation, port))
    asked = _letter(world, operation, port, loaContentType=PDF)
    contract.accepted("loa.content-type", asked, "with its content type asked for", default)
    for exchange in (default, asked):
        found = _content(exchange).get("loaContentType")
        contract.check(
            "loa.content-type",
            found == PDF or not exchange.succeeded,
            f"loaContentType is {found!r}",
            exchange,
            basis=exchange.succeeded or None,
            where="/loaContentType",
        )


@pytest.mark.rule("loa.provider-name")
@every
def test_a_provider_may_be_named(contract: Contract, world: World, operation: str) -> None:
    """Some data centers connect a port only if the letter names the provider of the customer."""
    port = _port(world, operation)
    plain = done(_letter(world, operation, port))
    exchange = _letter(world, operation, port, providerName="Example Networks")
    contract.accepted("loa.provider-name", exchange, "with the name of a provider", plain)


@pytest.mark.rule("loa.issue-time")
def test_the_port_shows_when_it_was_issued(contract: Contract, world: World) -> None:
    """An unused port is removed ninety days after this time."""
    connection = arrange(world, "connection")
    letter = done(_letter(world, "DescribeLoa", connection))
    exchange, item = world.described(connection)
    issued = item.get("loaIssueTime")
    called = _time_of(letter)
    contract.check(
        "loa.issue-time",
        isinstance(issued, (int, float)) and abs(issued - called) <= CLOCKS_DIFFER,
        f"loaIssueTime is {issued!r}, and DescribeLoa was called at {called:.0f}",
        letter,
        exchange,
    )


def _port(world: World, operation: str) -> Handle:
    return arrange(world, DEPRECATED[operation][0] if operation in DEPRECATED else "connection")


def _letter(world: World, operation: str, port: Handle, **more: Any) -> Exchange:
    member = DEPRECATED[operation][1] if operation in DEPRECATED else "connectionId"
    return world.call(operation, {member: port, **more}, role=port.role)


def _content(exchange: Exchange) -> Json:
    """The letter, at any place in the response."""
    found = exchange.body.get("loa")
    return found if isinstance(found, dict) else exchange.body


def _has_letter(contract: Contract, rule: str, exchange: Exchange, found: Json, pointer: str) -> None:
    for member in ("loaContent", "loaContentType"):
        contract.check(
            rule, bool(found.get(member)), f"there is no {member} there", exchange, where=f"{pointer}/{member}"
        )


def _time_of(exchange: Exchange) -> float:
    """The time of the response by the clock of the target, if the response states it."""
    told = exchange.response.headers.get("date") if exchange.response else None
    try:
        return email.utils.parsedate_to_datetime(str(told)).timestamp()
    except ValueError:
        return time.time()
