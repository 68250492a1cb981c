"""The one place where a documented rule is enforced, and where a fault switches it off.

Operations call `refuse_unless("rule.id", …)` for what must be true of a request, and ask `holds("rule.id")` before an
effect that a rule demands. With `--fault rule.id` the first lets everything pass and the second says no, so the
emulator breaks that rule and no other. The ids are those of `specs/rules/`.
"""

from collections.abc import Iterable

from dxcontract.reference.core.errors import CLIENT, ServiceError


class Rules:
    """Which rules are in force."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        self._off = frozenset(faults)

    @property
    def faults(self) -> frozenset[str]:
        """The ids that are switched off, or on for an id that begins with `fault.`."""
        return self._off

    def break_only(self, faults: Iterable[str]) -> None:
        """From now on break these, and keep all others."""
        self._off = frozenset(faults)

    def holds(self, rule_id: str) -> bool:
        """Whether the effect that this rule demands shall happen."""
        return rule_id not in self._off

    def broken(self, fault_id: str) -> bool:
        """Whether this fault of shape or wire (an id that begins with `fault.`) was asked for."""
        return fault_id in self._off

    def refuse_unless(self, rule_id: str, condition: bool, message: str, code: str = CLIENT) -> None:
        """Refuse the request when `condition` is false and the rule is in force.

        Raises:
            ServiceError: the rule is in force and does not hold; the message is for the caller of the API.
        """
        if not condition and rule_id not in self._off:
            raise ServiceError(code, message)
