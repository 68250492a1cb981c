"""The interface of a machine for actions and comparisons.

`machine.Machine` is the only implementation. Actions, comparisons and flaws use the type `MachineContext`, so that they
do not import the machine that runs them.
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
"""The description of a resource: the exchange, and the item (None if it is not described)."""


@dataclass(frozen=True)
class Facts:
    """The fixed facts about a target that a machine may use: accounts, locations and their bandwidths, the bandwidths
    of the partner, whether the target has EC2, and whether a test can control its events."""

    roles: frozenset[Role]
    home: str
    second: str
    macsec: str
    ec2: bool
    events: bool = False
    bandwidths: tuple[str, ...] = ("1Gbps", "10Gbps")
    hosted_bandwidths: tuple[str, ...] = ("50Mbps", "100Mbps")


class ExplorerContext(Protocol):
    """The interface of the runner for the machine; `driver.Explorer` is the only implementation."""

    api: Api
    contract: Contract
    run_id: str
    facts: Facts
    judging: bool
    persistent: set[Failed]

    @property
    def is_repeatable(self) -> bool:
        """Whether the results must depend neither on the time of day nor on the available time."""

    def begin(self) -> None:
        """Starts a new example."""

    def check_time(self) -> None:
        """Ends the pass when its time is up."""

    def stepped(self, machine: "MachineContext", *, ended: bool = False) -> None:
        """After each step and at the end: stores new violations, and stops if the wanted violation was found."""

    def tidying(self) -> AbstractContextManager[None]:
        """Marks the deletions after an example, which are not checked."""

    def finished(self) -> None:
        """Ends an example."""

    def fresh(self, resource_id: str) -> bool:
        """Whether no earlier example got this id."""

    def called(self, step: Step, exchange: Exchange) -> None:
        """Records that a step was sent."""

    def touched(self, thing: Thing, operation: str) -> None:
        """Records that an operation used a resource."""


class MachineContext(Protocol):
    """One example: a model, the resources on the target and the steps so far."""

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
    def explorer(self) -> ExplorerContext: ...

    @property
    def names(self) -> list[str]:
        """The possible names of resources in this example."""

    @property
    def length(self) -> tuple[int, int]:
        """The length of the example so far: the number of requests, then the length of the description."""

    # -- draws: by the model alone

    def draw(self, strategy: SearchStrategy[T]) -> T:
        """Draws a value, for use in an action."""

    def one_of(self, values: Sequence[T]) -> T:
        """Chooses one of several values and prefers the first."""

    def chance(self, rarely: int = 3) -> bool:
        """True in about one of `rarely` cases; prefers False."""

    def name(self) -> str:
        """A name for a new resource."""

    def few_tags(self) -> dict[str, str]:
        """Tags for a new resource: none, one or two."""

    def tag_list(self, tags: dict[str, str]) -> list[dict[str, str]]:
        """Tags in the form of a request."""

    # -- steps

    def can(self, *operations: str) -> bool:
        """Whether the target has these operations."""

    def send(self, step: Step) -> Exchange | None:
        """Sends a step; None if it is no longer valid or got no response that can be checked."""

    def accept(self, step: Step, rule: str = "requests.valid-accepted") -> Exchange | None:
        """Sends a step that must succeed; otherwise its resources and those related to them are unsure."""

    def refuse(self, rule: str, step: Step, what: str, empty: str = "") -> None:
        """Sends a step that this rule forbids. It must be refused and change nothing, or return an empty list if a
        pointer to the list is given."""

    def make(self, thing: Thing, step: Step) -> Exchange | None:
        """Sends a step that creates `thing`, and stores the id that the target returns."""

    def known(self, thing: Thing, handle: Handle, exchange: Exchange) -> None:
        """The handle of a resource; no other resource may have its id."""

    def lost(self, step: Step, reason: str) -> None:
        """Records that a step was sent without a usable response, so that its effects are unknown."""

    def doubt(self, reason: str, *things: Thing) -> None:
        """Marks as unsure these resources, those that they are on and those on them."""

    def fade(self, *things: Thing) -> None:
        """Discards the snapshots of these resources and of all related ones, which may change now."""

    # -- looking

    def observe(self, thing: Thing, role: Role | None = None, region: str | None = None) -> Sight | None:
        """The description of a resource; None if it cannot be requested or the response describes nothing."""

    def read_raw(self, thing: Thing) -> Json | None:
        """The description of a resource that is not in the model."""

    def ask(self, operation: str, params: Json, role: Role = "owner", region: str | None = None) -> Exchange | None:
        """One read request that is not a step; None without a response that can be checked."""

    def remember(self, *things: Thing) -> None:
        """Makes sure that these resources have a snapshot."""

    def shown(self, thing: Thing) -> Json | None:
        """The description of a resource before a change, for `kept`."""

    def kept(self, rule: str, thing: Thing, before: Json | None, changed: Sequence[str] = (), *members: str) -> None:
        """Checks that the last step changed only the members `changed`, in its response and in the description; the
        check covers all other members, or only those given."""

    def look(self, *things: Thing) -> None:
        """Compares these resources with the model and stores their descriptions."""

    def judged(self, judge: Callable[[], None]) -> None:
        """Runs `judge`, which reads and checks; a difference counts only if a second read also shows it."""

    # -- waiting

    def wait(self, thing: Thing, enough: Callable[[Json | None], bool]) -> bool:
        """Polls until a condition holds; returns whether it did in time. True if nothing can be read."""

    def settled(self, *things: Thing) -> None:
        """Waits until these resources are ready; those that are not ready in time become unsure."""

    def at_rest(self, *things: Thing) -> None:
        """The same for a step that is also allowed in transitional states, which persist while time is held."""

    def settled_group(self, thing: Thing) -> None:
        """Waits until a resiliency group is ready, with its own read operation."""

    def over(self, thing: Thing) -> bool:
        """Waits until a deleted resource is gone."""

    def cleared(self, *ports: Thing) -> None:
        """Waits until deletions on these ports are complete, since they block VLANs and ports until then."""

    # -- what no request causes

    def happen(self, what: str, cause: Callable[[Events], None], *things: Thing) -> None:
        """Causes an event, on a target that a test can control."""

    def step_on(self, thing: Thing) -> None:
        """Advances a resource by one state."""

    def mend(self, thing: Thing) -> None:
        """Brings the link of a port up again, if it was taken down."""

    def ec2_gateway(self, thing: Thing) -> None:
        """Creates a virtual private gateway in EC2, which is deleted at the end."""

    def ec2_transit_gateway(self, owner: Role, asn: int) -> str:
        """Creates a transit gateway in EC2, outside the model; its id, or an empty string if EC2 has none."""
