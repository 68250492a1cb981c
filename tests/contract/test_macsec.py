"""MACsec keys: association, description and disassociation."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json
from dxcontract.wire.errors import Indeterminate
from strategies.preconditions import refusal
from strategies.resources import macsec
from strategies.resources.lags import patient
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World

ASSOCIATE: Final = "AssociateMacSecKey"
DISASSOCIATE: Final = "DisassociateMacSecKey"
HEXADECIMAL: Final = "0123456789abcdefABCDEF"
CHOICES: Final = {
    "nothing": ((), ""),
    "half a pair: a CKN": (("ckn",), "/cak"),
    "half a pair: a CAK": (("cak",), "/ckn"),
    "a secret and a pair": (("secretARN", "ckn", "cak"), "/secretARN"),
    "a secret and a CKN": (("secretARN", "ckn"), "/secretARN"),
    "a secret and a CAK": (("secretARN", "cak"), "/secretARN"),
}


@pytest.mark.rule("macsec.associate-answer")
@pytest.mark.parametrize("how", ["pair", "secret"])
def test_a_key_is_answered(contract: Contract, world: World, how: str) -> None:
    """Only the response shows that the port accepted the key of the router at the other end."""
    port = macsec.port(world)
    key = macsec.pair(world) if how == "pair" else {"secretARN": macsec.secret(world)}
    exchange = macsec.associated(world, port, key)
    rule, found = "macsec.associate-answer", exchange.body.get("connectionId")
    contract.check(rule, found == port.id, f"connectionId is {found!r}", exchange, where="/connectionId")
    message = f"the key is not among the {len(macsec.keys(exchange.body))} that are answered"
    ok = macsec.find(exchange.body, key) is not None
    contract.check(rule, ok, message, exchange, where="/macSecKeys")


@pytest.mark.rule("macsec.keys-accumulate")
def test_a_second_key_joins_the_first(contract: Contract, world: World) -> None:
    """To change keys without an interruption, users associate the new key beside the old one."""
    port, old = macsec.port(world), macsec.pair(world)
    first = macsec.associated(world, port, old)
    second = macsec.associated(world, port, macsec.pair(world))
    found = macsec.shown(second.body)
    message = f"{len(found)} keys are answered after a second one, the first is not among them"
    ok = macsec.find(second.body, old) is not None
    contract.check("macsec.keys-accumulate", ok, message, first, second)


@pytest.mark.rule("macsec.described")
def test_a_key_is_described(contract: Contract, world: World) -> None:
    """Audits use the description, not the earlier response."""
    port, key = macsec.port(world), macsec.pair(world)
    exchange = macsec.associated(world, port, key)

    def right(seen: Json) -> bool:
        return macsec.same_keys({ckn for ckn, _ in macsec.shown(seen)}, {key["ckn"]})

    after, item = world.described(port, right)
    where = "/connections/*/macSecKeys"
    contract.check(
        "macsec.described", right(item), "the connection does not show the key", exchange, after, where=where
    )


@pytest.mark.rule("macsec.secret-arn")
def test_a_key_has_a_secret_by_which_it_is_disassociated(contract: Contract, world: World) -> None:
    """A key that was given as a pair has no other identifier and could never be disassociated."""
    port, key = macsec.port(world), macsec.pair(world)
    exchange = macsec.associated(world, port, key)
    found = macsec.find(exchange.body, key)
    if found is None:
        raise Indeterminate("a key that was associated is not among those that are answered")
    arn = found.get("secretARN")
    ok, where = isinstance(arn, str) and arn.startswith("arn:"), "/macSecKeys/*/secretARN"
    contract.check("macsec.secret-arn", ok, f"secretARN is {arn!r}", exchange, where=where)
    if isinstance(arn, str) and arn:
        taken = world.call(DISASSOCIATE, {"connectionId": port, "secretARN": arn})
        contract.accepted("macsec.secret-arn", taken, "the ARN that the key has", exchange)


@pytest.mark.rule("macsec.secret-arn")
def test_each_key_has_a_secret_of_its_own(contract: Contract, world: World) -> None:
    """If two keys share a secret, a request may disassociate the wrong key."""
    port, first, second = macsec.port(world), macsec.pair(world), macsec.pair(world)
    before = macsec.associated(world, port, first)
    exchange = macsec.associated(world, port, second)
    found = [one for key in (first, second) if (one := macsec.find(exchange.body, key)) is not None]
    arns = [one.get("secretARN") for one in found]
    if None in arns or len(arns) != 2:
        raise Indeterminate("two keys that were associated are not both answered with the ARN of a secret")
    message, where = f"two keys have the same secretARN, {arns[0]!r}", "/macSecKeys/*/secretARN"
    contract.check("macsec.secret-arn", arns[0] != arns[1], message, before, exchange, where=where)


@pytest.mark.rule("macsec.cak-hidden")
def test_the_secret_half_is_never_shown(contract: Contract, world: World) -> None:
    """Otherwise everyone who may describe connections could decrypt the traffic."""
    port, key = macsec.port(world), macsec.pair(world)
    answers = [macsec.associated(world, port, key)]
    described, item = world.described(port)
    answers.append(described)
    found = macsec.find(item, key) or macsec.find(answers[0].body, key)
    if found is not None and (arn := found.get("secretARN")):
        answers.append(done(world.call(DISASSOCIATE, {"connectionId": port, "secretARN": arn})))
    for exchange in answers:
        body = exchange.response.body.decode("utf-8", "replace") if exchange.response else ""
        ok = key["cak"] not in body.lower()
        contract.check("macsec.cak-hidden", ok, "the answer contains the CAK", exchange)


@pytest.mark.rule("macsec.key-choice")
@pytest.mark.parametrize("choice", CHOICES)
def test_a_key_is_a_secret_or_a_whole_pair(contract: Contract, world: World, choice: str) -> None:
    """With two keys in a request the result is unclear, and half a pair encrypts nothing."""
    names, where = CHOICES[choice]
    given_all = {**macsec.pair(world), "secretARN": macsec.secret(world)}
    params = {"connectionId": macsec.port(world), **{name: given_all[name] for name in names}}
    contract.refused("macsec.key-choice", world.call(ASSOCIATE, params), choice, where=where)


@pytest.mark.rule("macsec.key-form")
@pytest.mark.parametrize("length", [2, 63, 65, 128])
@pytest.mark.parametrize("half", ["ckn", "cak"])
def test_a_key_has_64_digits(contract: Contract, world: World, half: str, length: int) -> None:
    """A truncated key never matches the key at the other end."""
    key = {**macsec.pair(world), half: (macsec.pair(world)[half] * 2)[:length]}
    exchange = world.call(ASSOCIATE, {"connectionId": macsec.port(world), **key})
    contract.refused("macsec.key-form", exchange, f"a {half.upper()} of {length} digits", where=f"/{half}")


@pytest.mark.rule("macsec.key-form")
@given(
    half=st.sampled_from(["ckn", "cak"]),
    place=st.integers(0, 63),
    wrong=st.sampled_from("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-_:. é"),
)
def test_a_key_is_hexadecimal(api: Api, contract: Contract, run_id: str, half: str, place: int, wrong: str) -> None:
    """A key is 256 bits in hexadecimal digits, so letters beyond F have no meaning."""
    with World(api, run_id) as world:
        key = macsec.pair(world)
        key[half] = f"{key[half][:place]}{wrong}{key[half][place + 1 :]}"
        exchange = world.call(ASSOCIATE, {"connectionId": macsec.port(world), **key})
        contract.refused("macsec.key-form", exchange, f"{wrong!r} in the {half.upper()}", where=f"/{half}")


@pytest.mark.rule("macsec.key-hexadecimal")
@given(tail=st.text(st.sampled_from(HEXADECIMAL), min_size=16, max_size=16))
def test_all_hexadecimal_digits_are_digits(api: Api, contract: Contract, run_id: str, tail: str) -> None:
    """The documentation names digits up to E only, but keys also contain F."""
    with World(api, run_id) as world:
        key = {half: f"{HEXADECIMAL}{value}"[: 64 - len(tail)] + tail for half, value in macsec.pair(world).items()}
        exchange = world.call(ASSOCIATE, {"connectionId": macsec.port(world), **key})
        contract.accepted("macsec.key-hexadecimal", exchange, "a pair of hexadecimal digits", where="/ckn")


@pytest.mark.rule("macsec.capable-only")
def test_a_port_without_macsec_takes_no_key(contract: Contract, world: World) -> None:
    """A success would imply that the link is encrypted."""
    connection = arrange(world, "connection")
    seen, item = world.described(connection)
    if item.get("macSecCapable") is not False:
        raise Indeterminate("a connection that was ordered without MACsec is not described as incapable of it")
    exchange = world.call(ASSOCIATE, {"connectionId": connection, **macsec.pair(world)})
    contract.refused("macsec.capable-only", exchange, "a port that is not capable of MACsec", seen)


@pytest.mark.rule("macsec.on-lag")
def test_a_lag_takes_a_key(contract: Contract, world: World) -> None:
    """All links of a LAG use the key of the LAG."""
    lag, key = macsec.port(world, "lag"), macsec.pair(world)
    exchange = world.call(ASSOCIATE, {"connectionId": lag, **key})
    if contract.accepted("macsec.on-lag", exchange, "a key for a LAG"):
        after, item = world.described(lag, lambda seen: macsec.find(seen, key) is not None)
        ok = macsec.find(item, key) is not None
        message = "the LAG does not show the key"
        contract.check("macsec.on-lag", ok, message, exchange, after, where="/lags/*/macSecKeys")


@pytest.mark.rule("macsec.lag-replaces-keys")
def test_a_connection_in_a_lag_has_no_key_of_its_own(contract: Contract, world: World) -> None:
    """Links of one LAG with different keys could not carry the same traffic."""
    lag, port, key = macsec.port(world, "lag"), macsec.port(world), macsec.pair(world)
    macsec.associated(world, port, key)
    before = _described_key(world, port, key)
    exchange = done(patient(world, "AssociateConnectionWithLag", {"connectionId": port, "lagId": lag}))
    after, item = world.described(port, lambda seen: macsec.find(seen, key) is None, slowly=True)
    ok, where = macsec.find(item, key) is None, "/connections/*/macSecKeys"
    message = "the connection still shows the key that it had before it joined a LAG"
    contract.check("macsec.lag-replaces-keys", ok, message, exchange, after, where=where, basis=before)


@pytest.mark.rule("macsec.disassociate-answer")
def test_the_key_that_is_taken_is_answered(contract: Contract, world: World) -> None:
    """The caller checks that the right key was disassociated."""
    port, kept, taken = macsec.two_keys(world)
    exchange = done(world.call(DISASSOCIATE, {"connectionId": port, **taken}))
    rule, found = "macsec.disassociate-answer", exchange.body.get("connectionId")
    contract.check(rule, found == port.id, f"connectionId is {found!r}", exchange, where="/connectionId")
    answered = macsec.keys(exchange.body)
    message = f"{len(answered)} keys are answered, the one that was taken is not among them"
    ok = any(one.get("secretARN") == taken["secretARN"] for one in answered)
    contract.check(rule, ok, message, exchange, where="/macSecKeys")
    stays = [one for one in answered if str(one.get("ckn")).lower() == kept["ckn"]]
    message, where = "a key that stays is answered as well", "/macSecKeys/*"
    contract.check(rule, not stays, message, exchange, where=where, basis=answered)


@pytest.mark.rule("macsec.disassociate-removes")
def test_a_key_that_is_taken_is_gone(contract: Contract, world: World) -> None:
    """A compromised key must stop working."""
    port, _, taken = macsec.two_keys(world)
    before = _described_key(world, port, taken)
    exchange = done(world.call(DISASSOCIATE, {"connectionId": port, **taken}))
    after, item = world.described(port, lambda seen: macsec.find(seen, taken) is None, slowly=True)
    ok, where = macsec.find(item, taken) is None, "/connections/*/macSecKeys"
    message = "the connection still shows the key as associated"
    contract.check("macsec.disassociate-removes", ok, message, exchange, after, where=where, basis=before)


@pytest.mark.rule("macsec.disassociate-keeps")
def test_the_other_key_stays(contract: Contract, world: World) -> None:
    """The link goes down without a key."""
    port, kept, taken = macsec.two_keys(world)
    exchange = done(world.call(DISASSOCIATE, {"connectionId": port, **taken}))
    after, item = world.described(port, lambda seen: macsec.find(seen, kept) is not None)
    ok, where = macsec.find(item, kept) is not None, "/connections/*/macSecKeys"
    message = "the connection does not show the other key any more"
    contract.check("macsec.disassociate-keeps", ok, message, exchange, after, where=where)


@pytest.mark.rule("macsec.disassociate-unknown")
def test_a_key_that_is_not_there_cannot_be_taken(contract: Contract, world: World) -> None:
    """A success would imply that a compromised key is no longer in use."""
    port, _, _ = macsec.two_keys(world)
    params = {"connectionId": port, "secretARN": macsec.secret(world, world.name())}
    contract.refused("macsec.disassociate-unknown", world.call(DISASSOCIATE, params), "a secret of no key of its")


@pytest.mark.rule("macsec.refusal-atomic")
@pytest.mark.parametrize("operation", [ASSOCIATE, DISASSOCIATE])
def test_a_refused_request_leaves_the_keys(contract: Contract, world: World, operation: str) -> None:
    """The keys of both ends must still match."""
    port, _, _ = macsec.two_keys(world)
    _, before = world.described(port)
    key = {"secretARN": macsec.secret(world, world.name())}
    half = {"ckn": macsec.pair(world)["ckn"]}
    params: dict[str, Any] = {"connectionId": port, **(half if operation == ASSOCIATE else key)}
    exchange = refusal(world.call(operation, params))
    _, after = world.described(port, lambda seen: macsec.shown(seen) == macsec.shown(before))
    message = f"refused, and yet the connection shows {len(macsec.shown(after))} keys, not the same as before"
    same, keys = macsec.shown(after) == macsec.shown(before), macsec.shown(before)
    contract.check("macsec.refusal-atomic", same, message, exchange, basis=keys)


def _described_key(world: World, port: Handle, key: dict[str, str]) -> Json | None:
    """The description of a key that was associated with a port, or None if the port does not show it."""
    return macsec.find(world.described(port, lambda seen: macsec.find(seen, key) is not None)[1], key)
