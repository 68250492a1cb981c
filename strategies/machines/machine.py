"""Base class of all rule machines: it sends steps, checks their responses and compares descriptions.

Checks are soft: the behavior of the target raises no exception. A step that can no longer be checked, because the
target departed from the model, is not sent. The model continues as if it had been sent.
"""

import functools
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.strategies import DataObject, SearchStrategy

from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Json
from dxcontract.targets.emulator_control import Events
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import Indeterminate, Unsupported, UnusableAnswer
from dxcontract.wire.exchange import Exchange
from strategies.ec2 import transit_gateway, virtual_private_gateway
from strategies.machines.actions import tags
from strategies.machines.actions.registry import Action
from strategies.machines.choices import Choices, Done, LostError
from strategies.machines.compare import answers, descriptions
from strategies.machines.compare.normalization import first_difference
from strategies.machines.context import ExplorerContext, MachineContext, Sight
from strategies.machines.lifecycle_sequences import Opening
from strategies.machines.model import Model, Thing
from strategies.machines.provisional_checks import DiffersError, Trial
from strategies.machines.seed_sequences import openings
from strategies.machines.steps import Script, Step, resolved
from strategies.polling import confirm, poll
from strategies.world import Handle, World

T = TypeVar("T")

# The rules that a filter by id leaves one.
ALONE: Final = {
    "connection": "connections.describe-one",
    "hosted-connection": "connections.describe-one",
    "interconnect": "interconnects.describe-one",
    "lag": "lags.describe-one",
    "virtual-interface": "virtual_interfaces.describe-by-id",
    "direct-connect-gateway": "gateways.describe-one",
    "gateway-association": "associations.describe-by-id",
    "association-proposal": "proposals.describe-filters",
    "resiliency-group": "resiliency_groups.get",
}
NAMES: Final = 3
MOST_STATES: Final = 6
"""The maximum number of states that a resource passes through until it is settled."""

_DELETED_FIRST: Final = (
    "association-proposal",
    "gateway-association",
    "virtual-interface",
    "resiliency-group",
    "hosted-connection",
    "direct-connect-gateway",
    "lag",
    "interconnect",
    "connection",
)


class Machine(RuleBasedStateMachine):
    """One example: a model, the resources on the target and the steps so far."""

    explorer: ClassVar[ExplorerContext]
    title: ClassVar[str]
    actions: ClassVar[tuple[Action, ...]]
    final_checks: ClassVar[tuple[Callable[[MachineContext], None], ...]]

    def __init__(self) -> None:
        super().__init__()
        self.explorer.begin()
        self.contract = self.explorer.contract
        self.facts = self.explorer.facts
        self.world = World(self.explorer.api, self.explorer.run_id)
        self.spec = self.world.spec
        self.model = Model()
        self.script = Script()
        self.sent: list[Exchange] = []
        self.snapshots: dict[Thing, Json] = {}
        self.ids: dict[str, Thing] = {}
        families = dict.fromkeys(one.family for one in self.actions)
        self.chosen = tuple(families)
        self.done: list[Done] = []
        self.unknown: set[str] = set()
        self.choices = Choices()
        self._names: list[str] = []

    def choose(self, data: DataObject) -> None:
        """Draws the action families of this example; prefers all of them."""
        families = list(self.chosen)
        if data.draw(st.booleans(), label="only some families"):
            left_out = data.draw(st.sets(st.sampled_from(families), max_size=len(families) // 3))
            self.chosen = tuple(one for one in families if one not in left_out)

    def open(self, data: DataObject) -> None:
        """Starts the example with a few steps that create resources."""
        names = [one.name for one in self.actions]
        known = openings(names, journeys=self.facts.events)
        self.direct(data.draw(st.sampled_from(known), label="opening"))

    def perform(self, action: Action, choices: Choices) -> None:
        """Performs one step."""
        self.explorer.check_time()
        number = self.model.step = self.model.step + 1
        self.choices = choices
        try:
            action.run(self)
        except UnusableAnswer as reason:
            self.script.note(str(reason))
            self.doubt(str(reason), *self.model.things)
        finally:
            self.done.append(Done(action.name, number, tuple(choices.kept)))
        self.explorer.stepped(self)

    def direct(self, opening: Opening) -> None:
        """Performs the steps of a directed sequence that the model allows."""
        by_name = {one.name: one for one in self.actions}
        for words in opening:
            name, *chosen = words.split()
            action = by_name.get(name)
            if action is not None and self.enabled(action):
                self.perform(action, Choices(words=chosen))

    def again(self, steps: Sequence[Done]) -> None:
        """Repeats steps of another example, without those that are not possible here."""
        by_name = {one.name: one for one in self.actions}
        for one in steps:
            action = by_name[one.action]
            self.model.step = one.number - 1
            if not self.enabled(action):
                continue
            sent = len(self.sent)
            try:
                self.perform(action, Choices(given=list(one.choices)))
            except LostError:
                if len(self.sent) > sent:
                    # Half a step was done: what follows would not be what the model believes.
                    self.explorer.judging = False
                    return

    def teardown(self) -> None:
        """Compares all resources once more, then deletes them."""
        try:
            if self.explorer.judging:
                try:
                    for check in self.final_checks:
                        check(self)
                except UnusableAnswer as reason:  # the rest of the example is not compared
                    self.script.note(str(reason))
                self.explorer.stepped(self, ended=True)
        finally:
            self.release()
            order = {kind: number for number, kind in enumerate(reversed(_DELETED_FIRST))}
            self.world.handles.sort(key=lambda handle: order.get(handle.kind, -1))
            with self.explorer.tidying():
                self.world.close()
            self.explorer.finished()

    # -- draws: by the model alone

    def draw(self, strategy: SearchStrategy[T]) -> T:
        """Draws a value, for use in an action."""
        return self.choices.draw(strategy)

    def one_of(self, values: Sequence[T]) -> T:
        """Chooses one of several values and prefers the first."""
        return self.choices.one_of(values)

    def chance(self, rarely: int = 3) -> bool:
        """True in about one of `rarely` cases; prefers False."""
        return self.choices.chance(rarely)

    def name(self) -> str:
        """One of a few names, so that equal names occur; a new name if runs must be repeatable.

        Some targets derive ids from a name and the current second, so a repeated name within a second would make a run
        unrepeatable.
        """
        if self.explorer.is_repeatable:
            self._names.append(self.world.name())
            self.script.names[self._names[-1]] = f"name-{len(self._names)}"
            return self._names[-1]
        if not self._names:
            self._names = [self.world.name() for _ in range(NAMES)]
            self.script.names |= {name: f"name-{number}" for number, name in enumerate(self._names, 1)}
        # What a directed sequence says is never a name.
        return self._names[0 if self.choices.directed else self.one_of(range(NAMES))]

    def few_tags(self) -> dict[str, str]:
        """Tags for a new resource: none, one or two."""
        return self.choices.draw(
            st.dictionaries(st.sampled_from(tags.KEYS), st.sampled_from(tags.VALUES), max_size=2), usual={}
        )

    def tag_list(self, tags: dict[str, str]) -> list[dict[str, str]]:
        """Tags in the form of a request."""
        return [{"key": key, "value": value} for key, value in tags.items()]

    @property
    def length(self) -> tuple[int, int]:
        """The length of the example so far: the number of requests, then the length of the description."""
        return len(self.sent), len(self.script.lines)

    @property
    def names(self) -> list[str]:
        """The possible names of resources in this example."""
        return self._names

    def can(self, *operations: str) -> bool:
        """Whether the target has these operations."""
        return not any(one in self.world.api.unsupported for one in operations)

    def enabled(self, action: Action) -> bool:
        """Whether an action is possible now."""
        if action.family == "emulator_events" and not self.facts.events:
            return False
        has_accounts = all(role in self.facts.roles for role in action.accounts)
        return has_accounts and self.can(*action.operations) and bool(action.ready(self.model))

    # -- steps

    def send(self, step: Step) -> Exchange | None:
        """Sends a step; None if it is no longer valid or got no response that can be checked."""
        if any(thing.unsure or not thing.id for thing in step.things) or not self.can(step.operation):
            return None
        self.script.tell(step)
        try:
            params = resolved(self.world, step.params)
            # boto3 would not send what has a wrong type.
            door = self.world.api.send if step.flaw else self.world.api.call
            exchange = door(step.operation, params, role=step.role, region=step.region)
        except (Unsupported, Indeterminate) as reason:
            self.script.note(str(reason))
            if isinstance(reason, UnusableAnswer):
                self.lost(step, str(reason))
            return None
        self.sent[-1:] = [one.light() for one in self.sent[-1:]]  # the last one is still looked at
        self.sent.append(exchange)
        self.explorer.called(step, exchange)
        return exchange

    def lost(self, step: Step, reason: str) -> None:
        """Records that a step was sent without a usable response, so that its effects are unknown."""
        operation = self.spec.operation(step.operation)
        if operation.traits.effect != "read":
            self.doubt(reason, *step.things)
            self.unknown.update(operation.traits.gives)

    def accept(self, step: Step, rule: str = "requests.valid-accepted") -> Exchange | None:
        """Sends a step that must succeed; otherwise its resources and those related to them are unsure."""
        self.fade(*step.things)
        exchange = self._patiently(step)
        if exchange is None:
            self.doubt(f"{step.operation} was not sent", *step.things)
        elif not self.contract.accepted(rule, exchange, "a request that is valid in this state"):
            self.doubt(f"{step.operation} was refused", *step.things)
            return None
        return exchange

    def _patiently(self, step: Step) -> Exchange | None:
        """Sends a step, and repeats it while a connection is in transition after an earlier change.

        Source: hashicorp/terraform-provider-aws#3212.
        """

        def moving(exchange: Exchange | None) -> bool:
            return exchange is not None and "transition" in exchange.error_message

        exchange = self.send(step)
        if moving(exchange) and self.model.held:
            for _ in range(MOST_STATES):
                for thing in step.things:
                    self.step_on(thing)
                if not moving(exchange := self.send(step)):
                    break
        elif moving(exchange):
            exchange = poll(lambda: self.send(step), lambda one: not moving(one))
        return None if moving(exchange) else exchange

    def refuse(self, rule: str, step: Step, what: str, empty: str = "") -> None:
        """Sends a step that this rule forbids. It must be refused and change nothing, or return an empty list if a
        pointer to the list is given."""
        self.remember(*self._at_stake(step))
        exchange = self.send(step)
        if exchange is None:
            return
        if self.contract.refused(rule, exchange, what, where=step.where, empty=empty):
            self.unharmed(step)
        elif exchange.succeeded:
            self.doubt(f"{step.operation} was accepted", *step.things)
            self._stray(step, exchange)

    def _stray(self, step: Step, exchange: Exchange) -> None:
        """Registers anything that a refused request created, so that it is deleted at the end."""
        gives = self.spec.operation(step.operation).traits.gives
        for kind in gives:
            made = self.world.adopt(kind, step.operation, exchange, {}, step.role) if kind != "bgp-peer" else None
            if made is not None and (twin := self.ids.get(made.id)) is not None:
                self.doubt("another request was answered with its id", twin)
            elif made is not None:
                self.ids[made.id] = Thing(kind, 0, step.role, life="gone")

    def make(self, thing: Thing, step: Step) -> Exchange | None:
        """Sends a step that creates `thing`, and stores the id that the target returns."""
        exchange = self.accept(step)
        handle = None
        if exchange is not None:
            handle = self.world.adopt(thing.kind, step.operation, exchange, step.params, step.role)
        if exchange is None or handle is None:
            self.doubt(f"{step.operation} made nothing", thing)
            return None
        self.known(thing, handle, exchange)
        answers.made(self, thing, exchange)
        tags.made_with_tags(self, thing)
        return exchange

    def known(self, thing: Thing, handle: Handle, exchange: Exchange) -> None:
        """The handle of a resource; no other resource may have its id."""
        handle.role = thing.owner
        thing.handle = handle
        thing.touched.add(exchange.operation)
        twin = self.ids.get(handle.id)
        fresh = twin is None and self.explorer.fresh(handle.id)
        what = f"the id of a new {thing.kind} was given before"
        self.contract.check("lifecycles.ids-unique", fresh, what, exchange)
        if not fresh:
            self.doubt("its id is not its own", thing, *([twin] if twin else []))
        self.ids[handle.id] = thing

    def doubt(self, reason: str, *things: Thing) -> None:
        """Marks as unsure these resources, those that they are on and those on them."""
        for thing in self.model.near(*things):
            thing.unsure = thing.unsure or reason
            self.snapshots.pop(thing, None)

    def fade(self, *things: Thing) -> None:
        """Discards the snapshots of these resources and of all related ones, which may change now."""
        for thing in self.model.near(*things):
            self.snapshots.pop(thing, None)

    # -- looking

    def observe(self, thing: Thing, role: Role | None = None, region: str | None = None) -> Sight | None:
        """The description of a resource: the exchange and the item (None if the resource is not described).

        None if the description cannot be requested or the response describes nothing.
        """
        with suppress(UnusableAnswer):
            return self.seek(thing, role, region)
        return None

    def seek(self, thing: Thing, role: Role | None = None, region: str | None = None) -> Sight | None:
        """The same description, for callers that poll.

        Raises:
            UnusableAnswer: the response describes nothing.
        """
        describe = self.spec.resources[thing.kind].describe
        if thing.unsure or not thing.id or describe is None:
            return None
        resource = self.spec.resources[thing.kind]
        group = thing.kind == "resiliency-group"
        operation = "GetResiliencyGroup" if group else describe.operation
        member = resource.id if group else describe.filter
        params = {member: thing.id} if member else {}
        exchange = self._read(operation, params, role or thing.owner, region)
        if exchange is None:
            return None
        self.explorer.touched(thing, operation)
        pointer = "/resiliencyGroup" if group else f"/{describe.list}/*"
        # Who is refused the thing by its id is told that it is not there.
        found = [] if member and exchange.refused else at(exchange.body, pointer)
        items = [one for one in found if isinstance(one, dict)]
        if member and exchange.succeeded:
            others = [one for one in items if one.get(resource.id) != thing.id]
            what = f"{len(others)} others are described with the one {thing.kind} that was asked for"
            self.contract.check(ALONE[thing.kind], not others, what, exchange, where="others")
        return exchange, next((one for one in items if one.get(resource.id) == thing.id), None)

    def read_raw(self, thing: Thing) -> Json | None:
        """The description of a resource that is not in the model."""
        sight = self.observe(thing)
        return sight[1] if sight is not None else None

    def ask(self, operation: str, params: Json, role: Role = "owner", region: str | None = None) -> Exchange | None:
        """One read request that is not a step; None without a response that can be checked."""
        with suppress(UnusableAnswer):
            exchange = self._read(operation, params, role, region)
            return exchange if exchange is not None and (exchange.succeeded or exchange.refused) else None
        return None

    def _read(self, operation: str, params: Json, role: Role, region: str | None) -> Exchange | None:
        """One read request; None if the target lacks the operation or it may not be sent.

        Raises:
            UnusableAnswer: there is no usable response.
        """
        if not self.can(operation):
            return None
        try:
            # Not through boto3, which is slow: what it makes of answers the steps show.
            return self.world.api.send(operation, resolved(self.world, params), role=role, region=region)
        except UnusableAnswer:
            raise
        except (Unsupported, Indeterminate):
            return None

    def remember(self, *things: Thing) -> None:
        """Makes sure that these resources have a snapshot."""
        for thing in things:
            if thing not in self.snapshots:
                self.look(thing)

    def shown(self, thing: Thing) -> Json | None:
        """The description of a resource before a change, for `kept`."""
        self.remember(thing)
        return self.snapshots.get(thing)

    def kept(self, rule: str, thing: Thing, before: Json | None, changed: Sequence[str] = (), *members: str) -> None:
        """Checks that the last step changed only the members `changed`, in its response and in the description; the
        check covers all other members, or only those given."""
        after = self.snapshots.get(thing)
        if before is None or after is None or thing.unsure or not self.sent:
            return
        names = members or tuple(sorted((before.keys() | after.keys()) - set(changed)))
        first, second = ({name: one.get(name) for name in names} for one in (before, after))
        last = self.sent[-1]
        where = answers.kept(self, thing, before, names, last) or first_difference(first, second)
        what = f"a {thing.kind} is described differently, at {where}, which the request did not ask for"
        self.contract.check(rule, not where, what, last, where=where, operation=last.operation)

    def look(self, *things: Thing) -> None:
        """Compares these resources with the model and stores their descriptions."""

        def judge(thing: Thing) -> None:
            sight = self.observe(thing)
            if sight is not None:
                descriptions.compare(self, thing, *sight)

        for thing in dict.fromkeys(things):
            self.judged(functools.partial(judge, thing))

    def judged(self, judge: Callable[[], None]) -> None:
        """Runs `judge`, which reads and checks; a difference counts only if a second read also shows it.

        `judge` must not change the model before one of its checks fails. While time is held, or if the same violation
        was found before, one read is enough.
        """
        if self.model.held or not self.contract.counts:
            judge()
            return
        contract = self.contract

        def tried() -> Trial:
            self.contract = trial = Trial(contract)
            try:
                judge()
            except DiffersError:
                pass  # it is in the trial
            finally:
                self.contract = contract
            return trial

        trial = tried()
        if trial.failed not in self.explorer.persistent:
            trial = confirm(tried, lambda one: one.failed is None, first=trial)
        if trial.failed is None:
            trial.commit()
        else:
            self.explorer.persistent.add(trial.failed)
            judge()

    def unharmed(self, step: Step) -> None:
        """Checks after a refused step that its resources are described as before."""
        for thing in self._at_stake(step):
            descriptions.unchanged(self, thing, "requests.refusal-has-no-effect", step.operation)

    def _at_stake(self, step: Step) -> list[Thing]:
        """The resources in a step, and the newest ones of its sender that it could create."""
        gives = self.spec.operation(step.operation).traits.gives
        alike = {one.kind: one for one in self.model.of(*gives, where=lambda one: one.owner == step.role)}
        return list(dict.fromkeys((*step.things, *alike.values())))

    # -- waiting: where time stands still (`Model.held`), a thing that has to be ready is led there, state by state

    def wait(self, thing: Thing, enough: Callable[[Json | None], bool]) -> bool:
        """Polls until a condition holds; returns whether it did in time. True if nothing can be read."""
        if self.model.held:
            return self._lead(thing, enough)
        try:
            sight = poll(lambda: self.seek(thing), lambda seen: seen is None or enough(seen[1]))
        except UnusableAnswer:
            return False
        return sight is None or enough(sight[1])

    def settled(self, *things: Thing) -> None:
        """Waits until these resources are ready; those that are not ready in time become unsure."""
        for thing in things:
            for one in (thing, *thing.links.values()):
                self.mend(one)
            if not self.wait(thing, functools.partial(self._usable, thing)):
                self.doubt("it did not become ready in time", thing)

    def at_rest(self, *things: Thing) -> None:
        """The same for a step that is also allowed in transitional states, which persist while time is held."""
        if not self.model.held:
            self.settled(*things)

    def _usable(self, thing: Thing, item: Json | None) -> bool:
        resource = self.spec.resources[thing.kind]
        states = ("available",) if thing.kind == "hosted-connection" else resource.ready
        return item is None or item.get(resource.state) in states

    def settled_group(self, thing: Thing) -> None:
        """Waits until a resiliency group is ready, with its own read operation."""
        self.wait(thing, lambda item: item is None or item.get("state") != "pending")

    def over(self, thing: Thing) -> bool:
        """Waits until a deleted resource is gone."""
        resource = self.spec.resources[thing.kind]
        return self.wait(thing, lambda item: item is None or item.get(resource.state) in resource.gone)

    def cleared(self, *ports: Thing) -> None:
        """Waits until deletions on these ports are complete, since they block VLANs and ports until then."""
        for one in list(self.model.things):
            if not one.there and one.links.get("port") in ports:
                self.over(one)

    def _lead(self, thing: Thing, enough: Callable[[Json | None], bool]) -> bool:
        """Advances a resource state by state until a condition holds."""
        events = self.world.api.target.events
        for _ in range(MOST_STATES):
            sight = self.observe(thing)
            if sight is None or enough(sight[1]) or events is None:
                return True
            events.step(thing.id)
        return False

    # -- what no request causes

    def happen(self, what: str, cause: Callable[[Events], None], *things: Thing) -> None:
        """Causes an event, on a target that a test can control."""
        events = self.world.api.target.events
        if events is None or any(one.unsure or not one.id for one in things):
            return
        self.script.note(what)
        cause(events)

    def step_on(self, thing: Thing) -> None:
        """Advances a resource by one state."""
        self.happen(f"{thing!r} goes on by one state", lambda events: events.step(thing.id), thing)

    def mend(self, thing: Thing) -> None:
        """Brings the link of a port up again, if it was taken down."""
        if thing.facts.pop("cut", False):
            self.happen(f"the link of {thing!r} goes up", lambda events: events.link(thing.id, True), thing)

    def release(self) -> None:
        """Lets time continue at the end of an example."""
        events = self.world.api.target.events
        if events is not None:
            if self.model.held:
                events.hold(False)
            if self.model.documented:
                events.follow_documents(False)

    def ec2_gateway(self, thing: Thing) -> None:
        """Creates a virtual private gateway in EC2, which is deleted at the end."""
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
        """Creates a transit gateway in EC2, outside the model; its id, or an empty string if EC2 has none."""
        try:
            found = transit_gateway(self.world, owner, asn=asn)
        except (Unsupported, Indeterminate):
            return ""
        self.script.names[found] = "the transit gateway"
        self.script.note(f"{owner}: EC2 makes a transit gateway with ASN {asn}")
        return found
