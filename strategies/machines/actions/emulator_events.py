"""What no request causes, on a target that lets a test decide it: time stands still, states advance, links go down.

While time stands still, requests meet resources in the states between the settled ones.
"""

from typing import Final

from strategies.machines.actions.registry import action
from strategies.machines.compare import final_checks
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing

RULES: Final[tuple[str, ...]] = ()


@action(ready=lambda model: not model.held)
def hold(m: MachineContext) -> None:
    """Time stands still."""
    m.model.held = True
    m.happen("time stands still", lambda events: events.hold(True))


@action(ready=lambda model: not model.documented)
def follow_documents(m: MachineContext) -> None:
    """From now on states are those of the documentation where AWS was seen to show others."""
    m.model.documented = True
    m.happen("states are the documented ones", lambda events: events.follow_documents(True))


@action(ready=lambda model: model.held)
def let_go(m: MachineContext) -> None:
    """Time goes on."""
    m.model.held = False
    m.happen("time goes on", lambda events: events.hold(False))


def _passing(model: Model) -> list[Thing]:
    """What time may pass for; a test that runs ends with it, and a proposal lapses."""
    return [one for one in model.things if one.kind != "association-proposal" and not one.facts.get("testing")]


@action(ready=lambda model: model.held and _passing(model))
def pass_time(m: MachineContext) -> None:
    """One thing goes on by one state."""
    thing = m.one_of(_passing(m.model))
    m.step_on(thing)
    look_around(m, thing)


def look_around(m: MachineContext, thing: Thing) -> None:
    """Look at a thing and at what shows its state, too."""
    if thing.kind == "virtual-gateway":
        return
    m.look(thing)
    for link in ("lag", "gateway"):
        if link in thing.links:
            m.look(thing.links[link])
            final_checks.inside(m, thing.links[link])
    if thing.kind == "resiliency-group":
        final_checks.inside(m, thing)


def _links(model: Model) -> list[Thing]:
    return model.of("connection", "interconnect", "lag", where=lambda one: not one.facts.get("cut"))


@action(ready=_links)
def cut_link(m: MachineContext) -> None:
    """The physical link of a port goes down."""
    thing = m.one_of(_links(m.model))
    thing.facts["cut"] = True
    m.happen(f"the link of {thing!r} goes down", lambda events: events.link(thing.id, False), thing)
    look_around(m, thing)


def _cut(model: Model) -> list[Thing]:
    return model.of("connection", "interconnect", "lag", where=lambda one: one.facts.get("cut"))


@action(ready=_cut)
def mend_link(m: MachineContext) -> None:
    """The link of a port goes up again."""
    thing = m.one_of(_cut(m.model))
    m.mend(thing)
    look_around(m, thing)


def _interfaces(model: Model) -> list[Thing]:
    return model.of("virtual-interface", where=lambda one: not one.facts.get("testing"))


@action(ready=_interfaces)
def lose_sessions(m: MachineContext) -> None:
    """The BGP sessions of a virtual interface go down."""
    thing = m.one_of(_interfaces(m.model))
    m.happen(f"the sessions of {thing!r} go down", lambda events: events.sessions(thing.id, False), thing)
    m.look(thing)
