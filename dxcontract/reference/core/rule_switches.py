"""Enforces documented rules, and disables them for faults.

Operations call `refuse_unless("rule.id", …)` for conditions on a request, and `holds("rule.id")` before an effect
that a rule requires. With `--fault rule.id`, the first accepts everything and the second returns False, so the
emulator breaks only that rule. The ids are those of `specs/rules/`.
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
