"""Events without a request, on a target that a test can control: held time, state changes, link failures.

While time is held, requests find resources in transitional states.
"""

from typing import Final

from strategies.machines.actions.registry import action
from strategies.machines.compare import final_checks
from strategies.machines.context import MachineContext
from strategies.machines.model import Model, Thing

RULES: Final[tuple[str, ...]] = ()


@action(ready=lambda model: not model.held)
def hold(m: MachineContext) -> None:
    """Stops the time of the target."""
    m.model.held = True
    m.happen("time stands still", lambda events: events.hold(True))


@action(ready=lambda model: not model.documented)
def follow_documents(m: MachineContext) -> None:
    """Makes the target show the documented states where AWS was observed to show others."""
    m.model.documented = True
    m.happen("states are the documented ones", lambda events: events.follow_documents(True))


@action(ready=lambda model: model.held)
def let_go(m: MachineContext) -> None:
    """Lets the time of the target continue."""
    m.model.held = False
    m.happen("time goes on", lambda events: events.hold(False))


def _passing(model: Model) -> list[Thing]:
    """The resources that time can affect; a running test ends and a proposal expires."""
    return [one for one in model.things if one.kind != "association-proposal" and not one.facts.get("testing")]


@action(ready=lambda model: model.held and _passing(model))
def pass_time(m: MachineContext) -> None:
    """Advances one resource by one state."""
    thing = m.one_of(_passing(m.model))
    m.step_on(thing)
    look_around(m, thing)


def look_around(m: MachineContext, thing: Thing) -> None:
    """Compares a resource and the other resources that show its state."""
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
    """Takes the physical link of a port down."""
    thing = m.one_of(_links(m.model))
    thing.facts["cut"] = True
    m.happen(f"the link of {thing!r} goes down", lambda events: events.link(thing.id, False), thing)
    look_around(m, thing)


def _cut(model: Model) -> list[Thing]:
    return model.of("connection", "interconnect", "lag", where=lambda one: one.facts.get("cut"))


@action(ready=_cut)
def mend_link(m: MachineContext) -> None:
    """Brings the link of a port up again."""
    thing = m.one_of(_cut(m.model))
    m.mend(thing)
    look_around(m, thing)


def _interfaces(model: Model) -> list[Thing]:
    return model.of("virtual-interface", where=lambda one: not one.facts.get("testing"))


@action(ready=_interfaces)
def lose_sessions(m: MachineContext) -> None:
    """Takes the BGP sessions of a virtual interface down."""
    thing = m.one_of(_interfaces(m.model))
    m.happen(f"the sessions of {thing!r} go down", lambda events: events.sessions(thing.id, False), thing)
    m.look(thing)
