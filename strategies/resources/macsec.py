"""MACsec: ports that can encrypt, keys for them, and the keys that an answer shows."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

from dxcontract.spec.json_pointer import at
from dxcontract.wire.errors import Indeterminate
from dxcontract.wire.exchange import Exchange
from strategies.resources import locations
from strategies.resources.lags import bundle
from strategies.valid_requests import arrange, done
from strategies.world import Handle, World, partition_of

ENDED: Final = ("disassociating", "disassociated")


def port(world: World, kind: Literal["connection", "lag"] = "connection") -> Handle:
    """A connection or a LAG that is described as capable of MACsec.

    Raises:
        Unsupported, Indeterminate: it cannot be had on this target.
    """
    location = locations.offering(world, "10Gbps", macsec=True)
    if kind == "lag":
        handle, _ = bundle(world, connectionsBandwidth="10Gbps", location=location, requestMACSec=True)
    else:
        wanted = {"bandwidth": "10Gbps", "location": location, "requestMACSec": True}
        handle = arrange(world, "connection", members=wanted)
    _, item = world.described(handle, lambda seen: seen.get("macSecCapable") is True)
    if item.get("macSecCapable") is not True:
        raise Indeterminate(f"a {kind} that was ordered with MACsec is not described as capable of it")
    return handle


def pair(world: World) -> dict[str, str]:
    """A CKN and a CAK that nothing else has, without the digit F, which the model's text leaves out."""
    name = world.name()
    return {half: hashlib.sha256(f"{name} {half}".encode()).hexdigest().replace("f", "e") for half in ("ckn", "cak")}


def secret(world: World, name: str = "dxcontract") -> str:
    """The ARN of a secret of the owner's, such as Secrets Manager gives."""
    region, account = world.api.target.region, world.account_id("owner")
    return f"arn:{partition_of(region)}:secretsmanager:{region}:{account}:secret:{name}-dxc001"


def associated(world: World, handle: Handle, key: Mapping[str, str]) -> Exchange:
    """The answer to associating a key, which must be accepted.

    Raises:
        Indeterminate: it was refused.
    """
    return done(world.call("AssociateMacSecKey", {"connectionId": handle, **key}))


def keys(tree: Any) -> list[dict[str, Any]]:
    """The keys in an answer about keys, or in the description of a port."""
    return [key for key in at(tree, "/macSecKeys/*") if isinstance(key, dict)]


def find(tree: Any, key: Mapping[str, str]) -> dict[str, Any] | None:
    """The key with this CKN (in whatever case) or this secret; None when it is not there or no longer associated."""
    for one in keys(tree):
        same_ckn = "ckn" in key and str(one.get("ckn")).lower() == key["ckn"].lower()
        same_secret = "secretARN" in key and one.get("secretARN") == key["secretARN"]
        if (same_ckn or same_secret) and one.get("state") not in ENDED:
            return one
    return None


def shown(tree: Any) -> set[tuple[str, str]]:
    """CKN and secret of all keys that are associated or being associated."""
    live = [one for one in keys(tree) if one.get("state") not in ENDED]
    return {(str(one.get("ckn")), str(one.get("secretARN"))) for one in live}


def same_keys(found: set[str], expected: set[str]) -> bool:
    """Rule `macsec.described`, for directed tests and machines alike: the keys that a port shows are those that were
    given to it, whatever the case of their CKN."""
    return {one.lower() for one in found} == {one.lower() for one in expected}


def two_keys(world: World) -> tuple[Handle, dict[str, str], dict[str, str]]:
    """A port with two keys: one that was given as a pair, and one that no other shares its secret with.

    Raises:
        Unsupported, Indeterminate: it cannot be had on this target.
    """
    handle, kept = port(world), pair(world)
    associated(world, handle, kept)
    second = pair(world)
    exchange = associated(world, handle, second)
    answered = find(exchange.body, second)
    arn = answered.get("secretARN") if answered is not None else None
    if isinstance(arn, str) and [one.get("secretARN") for one in keys(exchange.body)].count(arn) == 1:
        return handle, kept, {"secretARN": arn}
    third = {"secretARN": secret(world, world.name())}
    associated(world, handle, third)
    return handle, kept, third
