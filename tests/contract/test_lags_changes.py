"""LAGs: changes and deletion."""

import functools
from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.observation import Observation, shows, unordered
from strategies.polling import confirm, poll
from strategies.resources.lags import bundle, members_of, patient
from strategies.valid_requests import arrange, done
from strategies.world import World

LASTING = ("lagId", "ownerAccount", "location", "region", "connectionsBandwidth", "numberOfConnections", "minimumLinks")
WHOLE = {*LASTING, "lagName", "lagState", "connections"}
MODES = ("no_encrypt", "should_encrypt", "must_encrypt")


@pytest.mark.rule("lags.update-name", "lags.update-preserves", "lags.answer-members", "lags.count-invariant")
def test_a_lag_is_renamed_and_nothing_else(contract: Contract, world: World) -> None:
    """Users rename LAGs that carry traffic, so only the name may change."""
    lag, _ = bundle(world, 2, working=False, tags=[{"key": "dxcontract", "value": "yes"}])
    first, before = world.described(lag, shows(tags=lag.params["tags"]))
    name = world.name()
    exchange = done(world.call("UpdateLag", {"lagId": lag, "lagName": name}))
    described, after = world.described(lag, shows(lagName=name))
    for answer, found in ((exchange, exchange.body), (described, after)):
        message = f"lagName is {found.get('lagName')!r} after a change to {name!r}"
        contract.check("lags.update-name", found.get("lagName") == name, message, exchange, answer)
        for member in (*LASTING, "allowsHostedConnections", "tags"):
            was, now = unordered(before.get(member)), unordered(found.get(member))
            message = f"renaming changed {member} from {was!r} to {now!r}"
            three, where = (first, exchange, answer), f"/{member}"
            contract.check("lags.update-preserves", was == now, message, *three, where=where, basis=was)
        same = _ids(before) == _ids(found)
        message, three = "renaming changed which connections the LAG has", (first, exchange, answer)
        contract.check("lags.update-preserves", same, message, *three, where="/connections", basis=_ids(before))
    complete = exchange.body.keys() >= WHOLE
    message = f"UpdateLag answers {sorted(exchange.body)}, which is no whole LAG"
    contract.check("lags.answer-members", complete, message, exchange)
    stated, count = exchange.body.get("numberOfConnections"), len(members_of(exchange.body))
    message = f"numberOfConnections is {stated!r}, {count} are listed"
    contract.check("lags.count-invariant", stated == count, message, exchange)


@pytest.mark.rule("lags.update-minimum-links", "lags.update-preserves")
def test_the_minimum_of_links_is_what_it_is_set_to(contract: Contract, world: World) -> None:
    """A value that is accepted but not stored has an effect only during an outage."""
    lag, _ = bundle(world, 2)
    for minimum in (1, 2, 0):
        exchange = done(world.call("UpdateLag", {"lagId": lag, "minimumLinks": minimum}))
        described, item = world.described(lag, shows(minimumLinks=minimum))
        for answer, found in ((exchange, exchange.body), (described, item)):
            now = found.get("minimumLinks")
            message = f"minimumLinks is {now!r} after a change to {minimum}"
            contract.check("lags.update-minimum-links", now == minimum, message, exchange, answer)
            name = found.get("lagName")
            message = f"another minimum of links changed the name from {lag.params['lagName']!r} to {name!r}"
            kept = name == lag.params["lagName"]
            contract.check("lags.update-preserves", kept, message, exchange, answer, where="/lagName")


@pytest.mark.rule("lags.minimum-links-down")
def test_a_minimum_above_the_links_that_work_takes_a_lag_down(contract: Contract, world: World) -> None:
    """The setting has this purpose, and the reference warns of it. Clients also handle a refusal."""
    lag, _ = bundle(world, 1)
    exchange = world.call("UpdateLag", {"lagId": lag, "minimumLinks": 2}, role=lag.role)
    if not exchange.succeeded:
        contract.refused("lags.minimum-links-down", exchange, "a minimum of 2 for a LAG of one link")
        return
    described, item = world.described(lag, shows(lagState="down"), slowly=True)
    message = f"a LAG with one working link that needs two is {_state(item)}"
    contract.check("lags.minimum-links-down", _state(item) == "down", message, exchange, described)


@pytest.mark.rule("lags.encryption-mode-update", "lags.encryption-mode-members")
@pytest.mark.parametrize("mode", MODES)
def test_the_encryption_mode_is_that_of_all_connections(contract: Contract, world: World, mode: str) -> None:
    """A LAG with one unencrypted link is not encrypted."""
    lag, members = bundle(world, 2, connectionsBandwidth="10Gbps", requestMACSec=True)
    exchange = done(world.call("UpdateLag", {"lagId": lag, "encryptionMode": mode}))
    described, item = world.described(lag, shows(encryptionMode=mode))
    for answer, found in ((exchange, exchange.body), (described, item)):
        now = found.get("encryptionMode")
        message = f"encryptionMode is {now!r} after a change to {mode}"
        contract.check("lags.encryption-mode-update", now == mode, message, exchange, answer)
    for member in members:
        described, item = world.described(member, shows(encryptionMode=mode), slowly=True)
        message = f"encryptionMode of a connection is {_mode(item)!r}, that of its LAG was set to {mode}"
        contract.check("lags.encryption-mode-members", _mode(item) == mode, message, exchange, described)


@pytest.mark.rule("lags.encryption-mode-known", "lags.refusal-atomic")
@pytest.mark.parametrize("mode", ["sometimes_encrypt", "encrypt"])
def test_an_encryption_mode_that_does_not_exist_is_refused(contract: Contract, world: World, mode: str) -> None:
    """A user who misspells must_encrypt would believe that the traffic is encrypted."""
    lag, _ = bundle(world, 1, connectionsBandwidth="10Gbps", requestMACSec=True)
    exchange = _unchanged(contract, world, "UpdateLag", {"lagId": lag, "encryptionMode": mode})
    contract.refused("lags.encryption-mode-known", exchange, f"encryptionMode {mode}")


@pytest.mark.rule("lags.delete-answer", "lags.answer-members")
def test_deleting_a_lag_answers_that_lag(contract: Contract, world: World) -> None:
    """The state in the response tells whether the deletion is complete or in progress."""
    lag, _ = bundle(world, 1)
    exchange = done(world.delete(lag))
    found = exchange.body
    message = f"DeleteLag answers a LAG with the id {found.get('lagId')!r}"
    contract.check("lags.delete-answer", found.get("lagId") == lag.id, message, exchange, where="/lagId")
    message = f"a LAG is {_state(found)} after its deletion"
    ended = _state(found) in ("deleting", "deleted")
    contract.check("lags.delete-answer", ended, message, exchange, where="/lagState")
    complete = found.keys() >= WHOLE
    message = f"DeleteLag answers {sorted(found)}, which is no whole LAG"
    contract.check("lags.answer-members", complete, message, exchange)


@pytest.mark.rule("lags.delete-answer")
def test_deleting_an_empty_lag_answers_an_empty_lag(contract: Contract, world: World) -> None:
    """A recording of AWS shows this response."""
    lag, (member,) = bundle(world, 1, working=False)
    done(patient(world, "DisassociateConnectionFromLag", {"connectionId": member, "lagId": lag}))
    exchange = done(world.delete(lag))
    stated, count = exchange.body.get("numberOfConnections"), len(at(exchange.body, "/connections/*"))
    message = f"an empty LAG was deleted and answered with numberOfConnections {stated!r} and {count} connections"
    contract.check("lags.delete-answer", (stated, count) == (0, 0), message, exchange, where="/numberOfConnections")


@pytest.mark.rule("lags.delete-keeps-connections")
def test_the_connections_of_a_deleted_lag_remain(contract: Contract, world: World) -> None:
    """The connections are cabled ports, which are charged until they are deleted."""
    lag, members = bundle(world, 2, working=False)
    exchange = done(world.delete(lag))
    for member in members:
        seen = confirm(functools.partial(world.observe, member), _lives)
        message = f"a connection of a deleted LAG is {seen.state or 'not described'}"
        contract.check("lags.delete-keeps-connections", _lives(seen), message, exchange, seen.exchange)


@pytest.mark.rule("lags.delete-with-interface", "lags.refusal-atomic")
def test_a_lag_with_a_virtual_interface_is_not_deleted(contract: Contract, world: World) -> None:
    """Traffic would stop without a warning."""
    lag, _ = bundle(world, 1)
    arrange(world, "virtual-interface", shared={"/connectionId": lag})
    exchange = _unchanged(contract, world, "DeleteLag", {"lagId": lag})
    contract.refused("lags.delete-with-interface", exchange, "deleting a LAG that has a virtual interface")


@pytest.mark.rule("lags.delete-with-hosted", "lags.refusal-atomic")
def test_a_lag_with_a_hosted_connection_is_not_deleted(contract: Contract, world: World) -> None:
    """The customer of the partner pays for the hosted connection."""
    lag, _ = bundle(world, 1, role="partner")
    arrange(world, "hosted-connection", shared={"/connectionId": lag})
    exchange = _unchanged(contract, world, "DeleteLag", {"lagId": lag}, role="partner")
    contract.refused("lags.delete-with-hosted", exchange, "deleting a LAG that has a hosted connection")


@pytest.mark.rule("lags.deleted-gone")
def test_a_deleted_lag_is_gone_or_shown_as_deleted(contract: Contract, world: World) -> None:
    """AWS lists deleted LAGs for a while, and only their state distinguishes them."""
    lag, _ = bundle(world, 1, working=False)
    exchange = done(world.delete(lag))
    seen = poll(lambda: world.observe(lag), _goes)
    message = f"a LAG that was deleted is {seen.state}"
    contract.check("lags.deleted-gone", _goes(seen), message, exchange, seen.exchange)


@pytest.mark.rule("lags.deleted-final", "lags.refusal-atomic")
@pytest.mark.parametrize("operation", ["UpdateLag", "DeleteLag"])
def test_a_deleted_lag_cannot_be_changed(contract: Contract, world: World, operation: str) -> None:
    """Automation that uses an old id must get an error."""
    lag, _ = bundle(world, 1, working=False)
    done(world.delete(lag))
    if poll(lambda: world.state(lag), lambda state: state in (None, "deleted")) not in (None, "deleted"):
        raise Indeterminate("the LAG was still not deleted when the settle time was over")
    params = {"lagId": lag} if operation == "DeleteLag" else {"lagId": lag, "lagName": world.name()}
    exchange = _unchanged(contract, world, operation, params)
    contract.refused("lags.deleted-final", exchange, f"{operation} of a LAG that was deleted")


def _unchanged(contract: Contract, world: World, operation: str, params: Json, *, role: Any = "owner") -> Exchange:
    """Sends a request and checks that a refused request changes nothing."""
    before = world.seen()
    exchange = world.call(operation, params, role=role)
    if 400 <= exchange.status < 500:
        message = f"{operation} was refused, and yet something has changed"
        contract.check("lags.refusal-atomic", world.seen_again(before) == before, message, exchange, basis=before)
    return exchange


def _state(lag: Json) -> Any:
    return lag.get("lagState")


def _mode(connection: Json) -> Any:
    return connection.get("encryptionMode")


def _lives(seen: Observation) -> bool:
    return seen.item is not None and seen.state not in ("deleting", "deleted", "rejected")


def _goes(seen: Observation) -> bool:
    return seen.item is None or seen.state in ("deleting", "deleted")


def _ids(lag: Json) -> set[str]:
    return {one for one in at(lag, "/connections/*/connectionId") if isinstance(one, str)}
