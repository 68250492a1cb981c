"""What a machine does between its steps: it waits until things can be used, or lets happen what no request causes.

Where time stands still (`Model.held`) nothing is waited for: a thing that has to be ready is led there, state by
state. Nothing here is drawn.
"""

import functools
from collections.abc import Callable
from typing import Final

from dxcontract.spec.model import Json, Spec
from dxcontract.targets.emulator_control import Events
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported, UnusableAnswer
from dxcontract.wire.exchange import Exchange
from strategies.machines.model import Model, Thing
from strategies.machines.steps import Script
from strategies.polling import poll
from strategies.resources.ec2 import transit_gateway, virtual_private_gateway
from strategies.world import Handle, World

MOST_STATES: Final = 6
"""No resource goes through more states than this until it is settled."""
Sight = tuple[Exchange, Json | None]


class Waiting:
    """The part of a machine that waits; the machine itself can look, ask, and doubt."""

    model: Model
    script: Script
    spec: Spec
    world: World

    def observe(self, thing: Thing, role: Role | None = None, region: str | None = None) -> Sight | None:
        raise NotImplementedError

    def seek(self, thing: Thing, role: Role | None = None, region: str | None = None) -> Sight | None:
        raise NotImplementedError

    def doubt(self, reason: str, *things: Thing) -> None:
        raise NotImplementedError

    def ask(self, operation: str, params: Json, role: Role = "owner", region: str | None = None) -> Exchange | None:
        raise NotImplementedError

    def wait(self, thing: Thing, enough: Callable[[Json | None], bool]) -> bool:
        """Look until it is enough; whether it was, in time. True where nothing can be seen at all."""
        if self.model.held:
            return _lead(self, thing, enough)
        try:
            sight = poll(lambda: self.seek(thing), lambda seen: seen is None or enough(seen[1]))
        except UnusableAnswer:
            return False
        return sight is None or enough(sight[1])

    def settled(self, *things: Thing) -> None:
        """Wait until these things can be used; those that do not get there are in doubt."""
        for thing in things:
            for one in (thing, *thing.links.values()):
                self.mend(one)
            if not self.wait(thing, functools.partial(self._usable, thing)):
                self.doubt("it did not become ready in time", thing)

    def at_rest(self, *things: Thing) -> None:
        """The same for a step that is allowed in passing states, too: where time stands still they stay in them."""
        if not self.model.held:
            self.settled(*things)

    def _usable(self, thing: Thing, item: Json | None) -> bool:
        resource = self.spec.resources[thing.kind]
        states = ("available",) if thing.kind == "hosted-connection" else resource.ready
        return item is None or item.get(resource.state) in states

    def settled_group(self, thing: Thing) -> None:
        """Wait until a resiliency group is ready; it is read by an operation of its own."""
        self.wait(thing, lambda item: item is None or item.get("state") != "pending")

    def over(self, thing: Thing) -> bool:
        """Wait until a deleted thing is gone for good."""
        resource = self.spec.resources[thing.kind]
        return self.wait(thing, lambda item: item is None or item.get(resource.state) in resource.gone)

    def cleared(self, *ports: Thing) -> None:
        """Wait until what was deleted on these ports is gone: a VLAN is taken and a port in use until then."""
        for one in list(self.model.things):
            if not one.there and one.links.get("port") in ports:
                self.over(one)

    # -- what no request causes

    def happen(self, what: str, cause: Callable[[Events], None], *things: Thing) -> None:
        """Let something happen, on a target that lets a test decide that."""
        events = self.world.api.target.events
        if events is None or any(one.unsure or not one.id for one in things):
            return
        self.script.note(what)
        cause(events)

    def step_on(self, thing: Thing) -> None:
        """A thing goes on by one state."""
        self.happen(f"{thing!r} goes on by one state", lambda events: events.step(thing.id), thing)

    def mend(self, thing: Thing) -> None:
        """The link of a port that was taken down is up again; nothing where it was not."""
        if thing.facts.pop("cut", False):
            self.happen(f"the link of {thing!r} goes up", lambda events: events.link(thing.id, True), thing)

    def release(self) -> None:
        """At the end of an example time goes on."""
        events = self.world.api.target.events
        if events is not None:
            if self.model.held:
                events.hold(False)
            if self.model.documented:
                events.follow_documents(False)

    def ec2_gateway(self, thing: Thing) -> None:
        """Have EC2 make a virtual private gateway; it is deleted with the rest."""
        try:
            found = virtual_private_gateway(self.world, thing.owner)
        except (Unsupported, Indeterminate) as reason:
            self.doubt(str(reason), thing)
            return
        self.script.note(f"{thing.owner}: EC2 makes {thing!r}, attached to a VPC")
        resource = self.spec.resources["virtual-gateway"]
        made = self.ask("DescribeVirtualGateways", {}, thing.owner)
        if made is None:
            self.doubt("virtual gateways cannot be listed", thing)
            return
        thing.handle = Handle(resource, thing.owner, repr(thing), "", {}, made, id=found)

    def ec2_transit_gateway(self, owner: Role, asn: int) -> str:
        """Have EC2 make a transit gateway, which is no part of the model; its id, or nothing where EC2 makes none."""
        try:
            found = transit_gateway(self.world, owner, asn=asn)
        except (Unsupported, Indeterminate):
            return ""
        self.script.names[found] = "the transit gateway"
        self.script.note(f"{owner}: EC2 makes a transit gateway with ASN {asn}")
        return found


def _lead(m: Waiting, thing: Thing, enough: Callable[[Json | None], bool]) -> bool:
    events = m.world.api.target.events
    for _ in range(MOST_STATES):
        sight = m.observe(thing)
        if sight is None or enough(sight[1]) or events is None:
            return True
        events.step(thing.id)
    return False
