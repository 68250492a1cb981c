"""The model of a machine: the existing resources, their owners, locations and relations.

The model depends only on the draws and follows the contract, whatever the target returns. A resource that can no longer
be checked, because the target departed from the model, is marked `unsure`. No draw depends on that mark.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dxcontract.wire.credentials import Role
from strategies.world import Handle

Life = Literal["waiting", "live", "gone"]
How = Literal["equal", "caseless", "prefixes", "no"]

TAGGABLE: Final = (
    "connection",
    "hosted-connection",
    "interconnect",
    "lag",
    "virtual-interface",
    "direct-connect-gateway",
)


@dataclass(frozen=True)
class Expected:
    """The expected value of a member, and the rule of the last request that set it."""

    value: Any
    rule: str
    how: How = "equal"


@dataclass(eq=False)
class Thing:
    """One resource. A hosted connection in state ordering and an interface in state confirming are `waiting`.

    `links` are its relations: `lag` (of a member), `port` (of an interface or hosted connection), `gateway`, and
    `virtual` (the other end of an association). `life_rule` is the rule that applies to the last change of its life.
    `origin` is the step that created it, and its number among the resources of that step.
    """

    kind: str
    number: int
    owner: Role
    provider: Role | None = None
    life: Life = "live"
    life_rule: str = "machines.stays"
    links: dict[str, "Thing"] = field(default_factory=dict)
    expected: dict[str, Expected] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    handle: Handle | None = None
    unsure: str = ""
    origin: tuple[int, int] = (0, 0)

    @property
    def id(self) -> str:
        """The id from the target; empty if there is none."""
        return self.handle.id if self.handle is not None else ""

    @property
    def live(self) -> bool:
        return self.life == "live"

    @property
    def there(self) -> bool:
        """Whether the resource is neither deleted nor declined."""
        return self.life != "gone"

    @property
    def parties(self) -> set[Role]:
        """The accounts that may see it: its owner, its provider and the owner of its parent."""
        found: set[Role] = {self.owner}
        if self.provider is not None:
            found.add(self.provider)
        for other in self.links.values():
            found.add(other.owner)
        return found

    def expect(self, rule: str, how: How = "equal", **members: Any) -> None:
        """Expects these members with these values from now on."""
        self.expected |= {name: Expected(value, rule, how) for name, value in members.items()}

    def forget(self, *members: str) -> None:
        """Expects nothing of these members any more."""
        for member in members:
            self.expected.pop(member, None)

    def __repr__(self) -> str:
        return f"{self.kind.replace('-', ' ')} {self.number}"


@dataclass(frozen=True)
class ArnOf:
    """A placeholder in a request for the ARN of a resource."""

    thing: Thing

    def __repr__(self) -> str:
        return f"the ARN of {self.thing!r}"


@dataclass(frozen=True)
class PeerMember:
    """A placeholder for the id or address that the target last showed for the BGP peer of this family."""

    thing: Thing
    family: str
    member: str

    def __repr__(self) -> str:
        return f"that of the {self.family} peer of {self.thing!r}"


@dataclass(frozen=True)
class KeySecret:
    """A placeholder for the secret ARN that the target last showed for the MACsec key with this CKN."""

    thing: Thing
    ckn: str

    def __repr__(self) -> str:
        return f"that of a key of {self.thing!r}"


@dataclass
class Model:
    """All resources of one example, in the order of their creation. `held` states whether time is held, and
    `documented` whether the target shows the documented states where AWS was observed to show others."""

    things: list[Thing] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    step: int = 0
    held: bool = False
    documented: bool = False

    def add(self, kind: str, owner: Role, **members: Any) -> Thing:
        """Adds a resource; `members` are the members of Thing."""
        thing = Thing(kind, self.count(kind), owner, **members)
        thing.origin = (self.step, sum(one.origin[0] == self.step for one in self.things))
        self.things.append(thing)
        return thing

    def count(self, what: str) -> int:
        """The next number of this counter, from 1."""
        self.counters[what] = self.counters.get(what, 0) + 1
        return self.counters[what]

    def of(self, *kinds: str, life: Life = "live", where: Callable[[Thing], object] = bool) -> list[Thing]:
        """The resources of these kinds in this state of life for which `where` is true, oldest first."""
        return [one for one in self.things if one.kind in kinds and one.life == life and where(one)]

    def on(self, thing: Thing, link: str, *kinds: str) -> list[Thing]:
        """The existing resources that are linked to a resource by this link."""
        return [
            one
            for one in self.things
            if one.there and one.links.get(link) is thing and (not kinds or one.kind in kinds)
        ]

    def near(self, *things: Thing) -> list[Thing]:
        """These resources, and all resources that are directly or indirectly on them or below them."""
        found: dict[Thing, None] = {}
        for thing in things:
            for one in (*self._up(thing), *self._down(thing)):
                found[one] = None
        return list(found)

    def _up(self, thing: Thing) -> Iterator[Thing]:
        yield thing
        for other in thing.links.values():
            yield from self._up(other)

    def _down(self, thing: Thing) -> Iterator[Thing]:
        for other in self.things:
            if thing in other.links.values():
                yield other
                yield from self._down(other)

    def vlans(self, port: Thing) -> set[int]:
        """The VLANs in use on a port: by its virtual interfaces or by its hosted connections."""
        return {one.facts["vlan"] for one in self.on(port, "port")}

    def addresses(self, port: Thing) -> set[str]:
        """The customer addresses in use on a port or on its hosted connections."""
        hosted = self.on(port, "port", "hosted-connection")
        interfaces = [one for place in (port, *hosted) for one in self.on(place, "port", "virtual-interface")]
        return {one.facts["address"] for one in interfaces}

    def members(self, lag: Thing) -> list[Thing]:
        """The connections and interconnects of a LAG."""
        return self.on(lag, "lag")


def things_in(tree: Any) -> list[Thing]:
    """All resources in a request, each once."""
    found: dict[Thing, None] = {}

    def walk(value: Any) -> None:
        if isinstance(value, Thing):
            found[value] = None
        elif isinstance(value, ArnOf):
            found[value.thing] = None
        elif isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(tree)
    return list(found)
