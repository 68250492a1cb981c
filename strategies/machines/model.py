"""What a machine believes: which things exist, whose they are, where they are, what hangs on what.

The model follows from the draws alone. It goes on as the contract says, whatever the target answers; what can no
longer be judged because the target went another way is marked `unsure` on the side, and nothing is drawn by that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dxcontract.wire.credentials import Role
from strategies.world import Handle

Life = Literal["waiting", "live", "gone"]
How = Literal["equal", "caseless", "prefixes", "no"]

PORTS: Final = ("connection", "hosted-connection", "interconnect", "lag")
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
    """What a member must be described as, and the rule that says so: that of the last request about it."""

    value: Any
    rule: str
    how: How = "equal"


@dataclass(eq=False)
class Thing:
    """One resource. `waiting` is a life too: a hosted connection that is ordering, an interface that is confirming.

    `links` say what it is on: `lag` (a member's), `port` (of an interface or hosted connection), `gateway`, `virtual`
    (the other end of an association). `life_rule` is the rule that the last change of its life is judged under.
    `origin` is the step that made it, and the how-manieth of that step it was.
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
        """The target's id; empty while it has none."""
        return self.handle.id if self.handle is not None else ""

    @property
    def live(self) -> bool:
        return self.life == "live"

    @property
    def there(self) -> bool:
        """Neither deleted nor declined."""
        return self.life != "gone"

    @property
    def parties(self) -> set[Role]:
        """The accounts that may see it: its owner, who provided it, and the owner of what it is on."""
        found: set[Role] = {self.owner}
        if self.provider is not None:
            found.add(self.provider)
        for other in self.links.values():
            found.add(other.owner)
        return found

    def expect(self, rule: str, how: How = "equal", **members: Any) -> None:
        """From now on these members are described with these values."""
        self.expected |= {name: Expected(value, rule, how) for name, value in members.items()}

    def forget(self, *members: str) -> None:
        """Nothing is expected of these members any more."""
        for member in members:
            self.expected.pop(member, None)

    def __repr__(self) -> str:
        return f"{self.kind.replace('-', ' ')} {self.number}"


@dataclass(frozen=True)
class ArnOf:
    """Stands for a thing's ARN in a request."""

    thing: Thing

    def __repr__(self) -> str:
        return f"the ARN of {self.thing!r}"


@dataclass(frozen=True)
class PeerMember:
    """Stands for what the target showed last of the BGP peer of this family: its id, its address."""

    thing: Thing
    family: str
    member: str

    def __repr__(self) -> str:
        return f"that of the {self.family} peer of {self.thing!r}"


@dataclass(frozen=True)
class KeySecret:
    """Stands for the ARN of the secret that the target showed last for the MACsec key with this CKN."""

    thing: Thing
    ckn: str

    def __repr__(self) -> str:
        return f"that of a key of {self.thing!r}"


@dataclass
class Model:
    """All things of one example, in the order in which they were made; whether time stands still (`held`), and
    whether states are those of the documentation where AWS was seen to show others (`documented`)."""

    things: list[Thing] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    step: int = 0
    held: bool = False
    documented: bool = False

    def add(self, kind: str, owner: Role, **members: Any) -> Thing:
        """A new thing; `members` are those of Thing."""
        thing = Thing(kind, self.count(kind), owner, **members)
        thing.origin = (self.step, sum(one.origin[0] == self.step for one in self.things))
        self.things.append(thing)
        return thing

    def count(self, what: str) -> int:
        """The next number of this counter, from 1."""
        self.counters[what] = self.counters.get(what, 0) + 1
        return self.counters[what]

    def of(self, *kinds: str, life: Life = "live", where: Callable[[Thing], object] = bool) -> list[Thing]:
        """The things of these kinds in this state of life for which `where` is true, oldest first."""
        return [one for one in self.things if one.kind in kinds and one.life == life and where(one)]

    def on(self, thing: Thing, link: str, *kinds: str) -> list[Thing]:
        """What hangs on a thing by this link and is there."""
        return [
            one
            for one in self.things
            if one.there and one.links.get(link) is thing and (not kinds or one.kind in kinds)
        ]

    def near(self, *things: Thing) -> list[Thing]:
        """These things, all that they are on and all that is on them, near or far."""
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
        """The VLANs in use on a port: of its interfaces, or of the hosted connections that it carries."""
        return {one.facts["vlan"] for one in self.on(port, "port")}

    def addresses(self, port: Thing) -> set[str]:
        """The customer's addresses in use on a port, or on the hosted connections that it carries."""
        hosted = self.on(port, "port", "hosted-connection")
        interfaces = [one for place in (port, *hosted) for one in self.on(place, "port", "virtual-interface")]
        return {one.facts["address"] for one in interfaces}

    def members(self, lag: Thing) -> list[Thing]:
        """The connections and interconnects that a LAG bundles."""
        return self.on(lag, "lag")


def things_in(tree: Any) -> list[Thing]:
    """All things that a request names, each once."""
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
