"""MACsec keys of connections and LAGs: association, description and disassociation."""

import hashlib
from typing import Any

from dxcontract.spec.json_pointer import at
from strategies.machines.actions.registry import action
from strategies.machines.compare.normalization import ENDING
from strategies.machines.context import MachineContext
from strategies.machines.model import KeySecret, Model, Thing
from strategies.machines.negative_steps import spoiled
from strategies.machines.provisional_checks import judged
from strategies.machines.steps import Step
from strategies.resources.macsec import same_keys

RULES = (
    "hosted_connections.no-macsec",
    "macsec.capable-only",
    "macsec.described",
    "macsec.disassociate-keeps",
    "macsec.disassociate-removes",
    "macsec.disassociate-unknown",
    "macsec.key-choice",
)
MOST_KEYS = 2


def _capable(model: Model) -> list[Thing]:
    """The ports that support MACsec and have their own keys; members of a LAG use the keys of the LAG."""
    return model.of("connection", "lag", where=lambda one: one.facts["macsec"] and "lag" not in one.links)


def _pair(number: int) -> dict[str, str]:
    return {half: hashlib.sha256(f"{number} {half}".encode()).hexdigest() for half in ("ckn", "cak")}


@action("AssociateMacSecKey", ready=_capable)
def give_key(m: MachineContext) -> None:
    """Associates a key pair with a port, sometimes a pair that was disassociated before."""
    thing = m.one_of(_capable(m.model))
    if len(thing.facts["keys"]) >= MOST_KEYS:
        return
    taken = thing.facts.get("taken")
    number = taken if taken and m.chance() else m.model.count("keys")
    pair = _pair(number)
    step = Step("AssociateMacSecKey", {"connectionId": thing, **pair}, thing.owner)
    if spoiled(m, step):
        return
    m.settled(*([thing] if thing.kind == "connection" else m.model.members(thing)))
    if number == taken:
        m.wait(thing, lambda item: item is not None and pair["ckn"] not in at(item, "/macSecKeys/*/ckn"))
        thing.facts["taken"] = None
    m.accept(step)
    thing.facts["numbers"] = {**thing.facts.get("numbers", {}), pair["ckn"]: number}
    thing.facts["keys"] = [*thing.facts["keys"], pair["ckn"]]
    m.look(thing)
    keys_shown(m, thing, "macsec.described")


@action("AssociateMacSecKey", ready=lambda model: model.of("connection", "hosted-connection"))
def give_wrongly(m: MachineContext) -> None:
    """Checks that a port without MACsec refuses a key, and that every port refuses half a pair."""
    thing = m.one_of(m.model.of("connection", "hosted-connection"))
    pair: dict[str, Any] = dict(_pair(m.model.count("keys")))
    if thing.kind == "hosted-connection":
        rule = "hosted_connections.no-macsec"
    elif thing.facts["macsec"]:
        rule = "macsec.key-choice"
        pair = m.one_of(({}, {"ckn": pair["ckn"]}))
    else:
        rule = "macsec.capable-only"
        m.settled(thing)
    m.refuse(
        rule, Step("AssociateMacSecKey", {"connectionId": thing, **pair}, thing.owner), "a wrong key is associated"
    )


def _keyed(model: Model) -> list[Thing]:
    return [one for one in _capable(model) if one.facts["keys"]]


@action("DisassociateMacSecKey", ready=_keyed)
def take_key(m: MachineContext) -> None:
    """Disassociates one key from a port; the other keys remain."""
    thing = m.one_of(_keyed(m.model))
    ckn = m.one_of(thing.facts["keys"])
    m.look(thing)
    secret = KeySecret(thing, ckn)
    step = Step("DisassociateMacSecKey", {"connectionId": thing, "secretARN": secret}, thing.owner)
    if spoiled(m, step):
        return
    if not thing.unsure and not thing.facts.get("secrets", {}).get(ckn):
        m.doubt("the secret of its key is not known", thing)
    m.accept(step)
    thing.facts["keys"] = [one for one in thing.facts["keys"] if one != ckn]
    thing.facts["taken"] = thing.facts["numbers"][ckn]
    m.look(thing)
    keys_shown(m, thing, "macsec.disassociate-keeps" if thing.facts["keys"] else "macsec.disassociate-removes")


@action("DisassociateMacSecKey", ready=_capable)
def take_no_key(m: MachineContext) -> None:
    """Checks that a key that a port does not have cannot be disassociated from it."""
    thing = m.one_of(_capable(m.model))
    arn = "arn:aws:secretsmanager:us-east-1:111111111111:secret:dxcontract-nothing-dxc001"
    step = Step("DisassociateMacSecKey", {"connectionId": thing, "secretARN": arn}, thing.owner)
    m.refuse("macsec.disassociate-unknown", step, "a key is taken that is not there")


@judged
def keys_shown(m: MachineContext, thing: Thing, rule: str) -> None:
    """Checks that a port is described with the CKNs of its associated keys."""
    sight = m.observe(thing)
    if sight is None or sight[1] is None:
        return
    living = [one for one in at(sight[1], "/macSecKeys/*") if isinstance(one, dict) and one.get("state") not in ENDING]
    thing.facts["secrets"] = {str(one.get("ckn")).lower(): one.get("secretARN") for one in living}
    found = set(thing.facts["secrets"])
    what = f"{len(found)} keys are described, not {len(thing.facts['keys'])}, or others"
    if not m.contract.check(rule, same_keys(found, set(thing.facts["keys"])), what, sight[0], where="/macSecKeys"):
        m.doubt("it has other keys", thing)
