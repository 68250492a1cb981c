"""MACsec: ports that support it, keys, and the keys in a response."""

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
        Unsupported, Indeterminate: the target does not allow it.
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
    """A new CKN and CAK, without the digit F, which the documentation in the model omits."""
    name = world.name()
    return {half: hashlib.sha256(f"{name} {half}".encode()).hexdigest().replace("f", "e") for half in ("ckn", "cak")}


def secret(world: World, name: str = "dxcontract") -> str:
    """The ARN of a secret of the owner, in the form of Secrets Manager."""
    region, account = world.api.target.region, world.account_id("owner")
    return f"arn:{partition_of(region)}:secretsmanager:{region}:{account}:secret:{name}-dxc001"


def associated(world: World, handle: Handle, key: Mapping[str, str]) -> Exchange:
    """The response to a request to associate a key, which must succeed.

    Raises:
        Indeterminate: the request was refused.
    """
    return done(world.call("AssociateMacSecKey", {"connectionId": handle, **key}))


def keys(tree: Any) -> list[dict[str, Any]]:
    """The keys in a response about keys, or in the description of a port."""
    return [key for key in at(tree, "/macSecKeys/*") if isinstance(key, dict)]


def find(tree: Any, key: Mapping[str, str]) -> dict[str, Any] | None:
    """The key with this CKN (ignoring case) or this secret; None if it is missing or no longer associated."""
    for one in keys(tree):
        same_ckn = "ckn" in key and str(one.get("ckn")).lower() == key["ckn"].lower()
        same_secret = "secretARN" in key and one.get("secretARN") == key["secretARN"]
        if (same_ckn or same_secret) and one.get("state") not in ENDED:
            return one
    return None


def shown(tree: Any) -> set[tuple[str, str]]:
    """The CKN and secret of all keys that are associated or associating."""
    live = [one for one in keys(tree) if one.get("state") not in ENDED]
    return {(str(one.get("ckn")), str(one.get("secretARN"))) for one in live}


def same_keys(found: set[str], expected: set[str]) -> bool:
    """Checks the rule `macsec.described`: a port shows the keys that were associated with it, ignoring the case of
    their CKN. Directed tests and machines use it."""
    return {one.lower() for one in found} == {one.lower() for one in expected}


def two_keys(world: World) -> tuple[Handle, dict[str, str], dict[str, str]]:
    """A port with two keys: one that was given as a pair, and one with a separate secret.

    Raises:
        Unsupported, Indeterminate: the target does not allow it.
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
