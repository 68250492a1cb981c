"""The duration and randomness of exploration, from the profile and the options of a run."""

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from hypothesis import settings

from dxcontract.client.client import Api
from dxcontract.run.session import Session
from dxcontract.wire.credentials import ROLES
from dxcontract.wire.errors import Indeterminate, Unsupported
from strategies import profiles
from strategies.ec2 import virtual_private_gateway
from strategies.machines.actions.connections import BANDWIDTHS
from strategies.machines.actions.hosted_connections import HOSTED_BANDWIDTHS
from strategies.machines.catalogue import Entry
from strategies.machines.context import Facts
from strategies.machines.driver import Budget, Explorer, new_seed
from strategies.resources import locations as places
from strategies.world import World, locations, port_speeds

GATE_EXAMPLES: Final = {"everything": 8}
GATE_EXAMPLES_OTHERS: Final = 4
GATE_SEEDS: Final = {
    "connections_and_lags": 4,
    "virtual_interfaces_and_bgp": 11,
    "gateways": 9,
    "tags": 10,
    "macsec_and_resiliency": 2,
    "everything": 8,
}
"""The seed of the random examples at the gate; the directed sequences reach what must be reached."""
GATE: Final = Budget(GATE_EXAMPLES_OTHERS, 40, 180.0, 4.0, 12.0, target=False)
"""Bounded by examples and steps, so that every run is the same; the seconds only end a run that hangs."""
NIGHT_STEPS: Final = 50
NIGHT_SECONDS: Final = 8 * 3600.0
_FACTS: dict[int, tuple[Api, Facts]] = {}


def explorer(dx: Session, run_id: str, config: Any, entry: Entry) -> Explorer:
    """The explorer of this machine for the open target, according to the profile and the options.

    Raises:
        Unsupported: the target lacks all operations of this machine.
    """
    missing = [dx.api.unsupported[one] for one in entry.needs if one in dx.api.unsupported]
    if len(missing) == len(entry.needs):
        raise Unsupported(missing[0])
    for operation in entry.needs:
        if operation not in dx.api.unsupported:
            dx.api.permit(operation)
    now = settings()
    gate = now.derandomize
    examples = config.getoption("--examples")
    budget = Budget(
        examples or (GATE_EXAMPLES.get(entry.title, GATE_EXAMPLES_OTHERS) if gate else now.max_examples),
        GATE.steps if gate else NIGHT_STEPS,
        GATE.seconds if gate else NIGHT_SECONDS,
        GATE.minimise if gate else 30.0,
        GATE.minimise_all if gate else 1800.0,
        target=not gate,
        directed=gate,
        repeatable=gate,
    )
    seeded = config.getoption("--hypothesis-seed")
    plugin = config.pluginmanager.get_plugin("dxcontract-run")
    return Explorer(
        dx.api,
        dx.contract,
        run_id,
        entry.machine,
        facts(dx.api, run_id),
        budget,
        known=plugin.outcome.is_known,
        database=None if gate else profiles.database(config),
        told=None if gate else _progress(entry),
        seeded=GATE_SEEDS[entry.title] if gate else int(seeded) if str(seeded or "").isdecimal() else new_seed(),
    )


def facts(api: Api, run_id: str) -> Facts:
    """The facts about a target that machines may use; they are determined once."""
    if id(api) not in _FACTS:
        world = World(api, run_id)
        roles = frozenset(role for role in ROLES if role in api.target.accounts)
        codes = locations(api)
        second = codes[1] if len(codes) > 1 else ""
        hosted = tuple(dict.fromkeys(world.hosted_bandwidth(one) for one in HOSTED_BANDWIDTHS))
        _FACTS[id(api)] = (
            api,
            Facts(
                roles,
                codes[0],
                second,
                _macsec(world),
                _ec2(world),
                api.target.events is not None,
                _bandwidths(world, codes[:2]),
                hosted,
            ),
        )
    return _FACTS[id(api)][1]


def _bandwidths(world: World, codes: list[str]) -> tuple[str, ...]:
    """The bandwidths that all these locations offer, or else one that the first location offers."""
    offers = [port_speeds(world.api)[one] or BANDWIDTHS for one in codes]
    common = tuple(one for one in BANDWIDTHS if all(one in speeds for speeds in offers))
    return common or (world.port(BANDWIDTHS[0])[1],)


def _macsec(world: World) -> str:
    try:
        return places.offering(world, "10Gbps", macsec=True)
    except (Unsupported, Indeterminate):
        return ""


def _ec2(world: World) -> bool:
    if "CreateDirectConnectGatewayAssociation" in world.api.unsupported:
        return False
    try:
        with world:
            virtual_private_gateway(world)
    except (Unsupported, Indeterminate):
        return False
    return True


def _progress(entry: Entry) -> Callable[[Explorer], None] | None:
    """A callback that shows the progress of a machine on a terminal; None without a terminal."""
    terminal = sys.__stderr__
    if terminal is None or not terminal.isatty():
        return None
    began = time.monotonic()

    def tell(one: Explorer) -> None:
        figures, taken = one.figures, time.monotonic() - began
        terminal.write(
            f"\r{entry.title}: {figures.examples} examples, {figures.calls / taken:.0f} calls/s, "
            f"{len(figures.transitions)} transitions, {len(figures.pairs)} pairs, {len(one.found)} violations\x1b[K"
        )
        terminal.flush()

    return tell
