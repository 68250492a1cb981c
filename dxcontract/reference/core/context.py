"""The context of an operation: the world and the current call."""

from dataclasses import dataclass, field

from dxcontract.reference.core.accounts import Accounts
from dxcontract.reference.core.clock import Clock
from dxcontract.reference.core.rule_switches import Rules
from dxcontract.reference.core.store import Store


@dataclass(slots=True)
class Reading:
    """What is followed where the text of the documentation and recordings of AWS disagree about states.

    The recordings, unless `documented`: e.g. the text has a LAG `requested` at first and `deleting` before it is
    deleted, AWS was seen to answer `pending` and `deleted`.
    """

    documented: bool = False

    @classmethod
    def parse(cls, text: str) -> "Reading":
        """Read `recorded` or `documented`.

        Raises:
            ValueError: it is neither.
        """
        if text not in ("recorded", "documented"):
            raise ValueError(f"{text!r} is no source of states; say recorded or documented")
        return cls(text == "documented")


@dataclass(frozen=True, slots=True)
class World:
    """All that the emulator holds."""

    accounts: Accounts
    clock: Clock
    rules: Rules
    store: Store
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation, asked for by one account in one region. The shortcuts are for the operations' sake."""

    operation: str
    account: str
    region: str
    world: World

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def rules(self) -> Rules:
        return self.world.rules

    @property
    def documented(self) -> bool:
        """Whether states follow the text where recordings of AWS show others."""
        return self.world.reading.documented

    def new_id(self, prefix: str, form_rule: str, length: int = 8) -> str:
        """A new id such as `dxcon-fg31ab2x`, of the form that `form_rule` states."""
        made = self.store.new_id(prefix, length)
        return made if self.rules.holds(form_rule) else f"{prefix}-{made.partition('-')[2].upper()}"

    def new_uuid(self, form_rule: str, other_form: str) -> str:
        """A new UUID, as `form_rule` states; an id that begins with `other_form` where that rule is switched off."""
        return self.store.new_uuid() if self.rules.holds(form_rule) else self.store.new_id(other_form)

    @property
    def is_partner(self) -> bool:
        """Whether the caller is a Direct Connect partner."""
        return self.world.accounts.is_partner(self.account)
