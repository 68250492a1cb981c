"""The machine as actions and comparisons see it: what they may know, draw, send, look at and judge.

`machine.Machine` is the one implementation. Actions, comparisons and flaws are typed against `MachineContext`, so that
they do not import the machine that runs them.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hypothesis.strategies import SearchStrategy

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec.model import Json, Spec
from dxcontract.targets.emulator_control import Events
from dxcontract.wire.credentials import Role
from dxcontract.wire.exchange import Exchange
from strategies.machines.choices import Choices, Done
from strategies.machines.model import Model, Thing
from strategies.machines.steps import Script, Step
from strategies.world import Handle, World

T = TypeVar("T")

Failed = tuple[str, str, str]
"""Rule, operation and place of a check that failed."""

Sight = tuple[Exchange, Json | None]
"""How the target describes a thing: the exchange, and the item (None when it is not there)."""


@dataclass(frozen=True)
class Facts:
    """What a machine may know of its target, once and for all: accounts, locations and the bandwidths that they offer,
    those that the partner hosts, whether it has EC2, whether it lets a test decide what happens without a request."""

    roles: frozenset[Role]
    home: str
    second: str
    macsec: str
    ec2: bool
    events: bool = False
    bandwidths: tuple[str, ...] = ("1Gbps", "10Gbps")
    hosted_bandwidths: tuple[str, ...] = ("50Mbps", "100Mbps")


class Explorer(Protocol):
    """What runs a machine, as the machine sees it; `driver.Explorer` is the one implementation."""

    api: Api
    contract: Contract
    run_id: str
    facts: Facts
    judging: bool
    persistent: set[Failed]

    @property
    def is_repeatable(self) -> bool:
        """Whether what is found must hang neither on the time of day nor on how much time there was."""

    def begin(self) -> None:
        """A new example."""

    def check_time(self) -> None:
        """End the pass when its time is up."""

    def stepped(self, machine: "MachineContext", *, ended: bool = False) -> None:
        """After a step, and at the end: keep what was found, and stop if it is what is looked for."""

    def tidying(self) -> AbstractContextManager[None]:
        """Deletions after an example are judged by nobody."""

    def finished(self) -> None:
        """An example is over."""

    def fresh(self, resource_id: str) -> bool:
        """Whether no earlier example was given this id."""

    def called(self, step: Step, exchange: Exchange) -> None:
        """A step was sent."""

    def touched(self, thing: Thing, operation: str) -> None:
        """An operation named a thing."""


class MachineContext(Protocol):
    """One example: a model, a world on the target, and the steps so far."""

    contract: Contract
    facts: Facts
    world: World
    spec: Spec
    model: Model
    script: Script
    sent: list[Exchange]
    done: list[Done]
    snapshots: dict[Thing, Json]
    ids: dict[str, Thing]
    unknown: set[str]
    choices: Choices

    @property
    def explorer(self) -> Explorer: ...

    @property
    def names(self) -> list[str]:
        """The names that things of this example can have."""

    @property
    def length(self) -> tuple[int, int]:
        """How long the example is so far: requests, then all that is told."""

    # -- draws: by the model alone

    def draw(self, strategy: SearchStrategy[T]) -> T:
        """A value; for use within an action."""

    def one_of(self, values: Sequence[T]) -> T:
        """One of some values, the first for choice."""

    def chance(self, rarely: int = 3) -> bool:
        """True once in `rarely` times or so; False for choice."""

    def name(self) -> str:
        """A name for a new thing."""

    def few_tags(self) -> dict[str, str]:
        """Tags for a new thing: none, or one or two."""

    def tag_list(self, tags: dict[str, str]) -> list[dict[str, str]]:
        """Tags as requests have them."""

    # -- steps

    def can(self, *operations: str) -> bool:
        """Whether the target has these operations."""

    def send(self, step: Step) -> Exchange | None:
        """Send a step; None when that makes no sense any more, or nothing came back that can be judged."""

    def accept(self, step: Step, rule: str = "requests.valid-accepted") -> Exchange | None:
        """Send a step that must be accepted; when it is not, what it names and what is near is in doubt."""

    def refuse(self, rule: str, step: Step, what: str, empty: str = "") -> None:
        """Send a step that this rule forbids; it must be refused and change nothing, or be answered with an empty list
        where there is a pointer to one."""

    def make(self, thing: Thing, step: Step) -> Exchange | None:
        """Send a step that makes `thing`, which gets the id that the target gave."""

    def known(self, thing: Thing, handle: Handle, exchange: Exchange) -> None:
        """A thing's handle; its id must be one that nothing else has."""

    def lost(self, step: Step, reason: str) -> None:
        """A step was sent, and its answer tells nothing: what it changed or made, if anything, is not known."""

    def doubt(self, reason: str, *things: Thing) -> None:
        """What can be judged no more: these things, what they are on, and what is on them."""

    def fade(self, *things: Thing) -> None:
        """Forget how these things, and all near them, were last described: they may change now."""

    # -- looking

    def observe(self, thing: Thing, role: Role | None = None, region: str | None = None) -> Sight | None:
        """How the target describes a thing; None when that cannot be asked, or the answer describes nothing."""

    def read_raw(self, thing: Thing) -> Json | None:
        """How the target describes a thing that is no part of the model."""

    def ask(self, operation: str, params: Json, role: Role = "owner", region: str | None = None) -> Exchange | None:
        """One reading call that is no step; None when nothing came back that can be judged."""

    def remember(self, *things: Thing) -> None:
        """See to it that there is a snapshot of these things."""

    def shown(self, thing: Thing) -> Json | None:
        """How a thing is described before it is changed, for `kept`."""

    def kept(self, rule: str, thing: Thing, before: Json | None, changed: Sequence[str] = (), *members: str) -> None:
        """By the last step nothing was changed but the members `changed`; of all others, or only of these. Neither its
        answer nor a description says otherwise."""

    def look(self, *things: Thing) -> None:
        """Compare these things with the model, and keep how they are described."""

    def judged(self, judge: Callable[[], None]) -> None:
        """Have `judge` look and judge what it sees: a difference counts only when it is there after a moment, too."""

    # -- waiting

    def wait(self, thing: Thing, enough: Callable[[Json | None], bool]) -> bool:
        """Look until it is enough; whether it was, in time. True where nothing can be seen at all."""

    def settled(self, *things: Thing) -> None:
        """Wait until these things can be used; those that do not get there are in doubt."""

    def at_rest(self, *things: Thing) -> None:
        """The same for a step that is allowed in passing states, too: where time stands still they stay in them."""

    def settled_group(self, thing: Thing) -> None:
        """Wait until a resiliency group is ready; it is read by an operation of its own."""

    def over(self, thing: Thing) -> bool:
        """Wait until a deleted thing is gone for good."""

    def cleared(self, *ports: Thing) -> None:
        """Wait until what was deleted on these ports is gone: a VLAN is taken and a port in use until then."""

    # -- what no request causes

    def happen(self, what: str, cause: Callable[[Events], None], *things: Thing) -> None:
        """Let something happen, on a target that lets a test decide that."""

    def step_on(self, thing: Thing) -> None:
        """A thing goes on by one state."""

    def mend(self, thing: Thing) -> None:
        """The link of a port that was taken down is up again; nothing where it was not."""

    def ec2_gateway(self, thing: Thing) -> None:
        """Have EC2 make a virtual private gateway; it is deleted with the rest."""

    def ec2_transit_gateway(self, owner: Role, asn: int) -> str:
        """Have EC2 make a transit gateway, which is no part of the model; its id, or nothing where EC2 makes none."""
