"""Formats the result of a run for the terminal: target, figures and distinct violations."""

import itertools
from collections.abc import Iterator
from typing import Final

from dxcontract.oracle.exploration_stats import explored
from dxcontract.oracle.verdict import Violation
from dxcontract.run.result import OK, Outcome
from dxcontract.spec.model import Spec
from dxcontract.spec.sources import foundation
from dxcontract.targets import usage_errors
from dxcontract.wire.exchange import heading

Line = tuple[str, dict[str, bool]]
PLAIN: dict[str, bool] = {}
_SHOWN: Final = 10


def lines(outcome: Outcome, verbose: bool) -> Iterator[Line]:
    """Yield the lines to print, each with its markup."""
    yield _figures(outcome), {"bold": True}
    yield _verdicts(outcome), PLAIN
    for line in explored(outcome.exploration, outcome.spec, outcome.unsupported):
        yield line, PLAIN
    shown = outcome.violations if verbose else [one for one in outcome.violations if not outcome.is_known(one)]
    for operation, group in itertools.groupby(shown, key=lambda violation: violation.operation):
        yield "", PLAIN
        yield heading(operation), {"bold": True}
        for violation in group:
            yield from _violation(violation, outcome)
    known = sum(outcome.is_known(violation) for violation in outcome.violations)
    yield "", PLAIN
    if known:
        hint = "" if verbose else "; -v shows them"
        yield f"{known} of {len(outcome.violations)} distinct violations are known gaps{hint}", PLAIN
    if outcome.harness_errors:
        yield from harness(outcome)
    if outcome.halted:
        yield outcome.halted, {"red": True}
    if outcome.death:
        yield outcome.death, {"red": True}
    for note in [*usage_errors.notes(outcome.region, outcome.accounts), *outcome.notes]:
        yield note, {"yellow": True}
    if outcome.left:
        yield f"not deleted or not found, {len(outcome.left)}; `dxcontract sweep` tries again:", {"yellow": True}
        for one in outcome.left:
            yield f"  {one}", {"yellow": True}
    yield from _gaps(outcome)
    failing = len(outcome.failing)
    if failing:
        yield (
            f"FAILED: {failing} distinct violations at level must{' or should' if outcome.strict else ''}",
            {"red": True},
        )
    elif outcome.too_little and not (outcome.harness_errors or outcome.death or outcome.interrupted):
        yield outcome.too_little, {"red": True}
    elif outcome.exit_status == OK:
        yield "no new violation at level must" if known else "no violation at level must", {"green": True}


def harness(outcome: Outcome) -> Iterator[Line]:
    """Yield lines about errors of the suite itself."""
    count = len(outcome.harness_errors)
    if count:
        many = f"{count} failure{'s' if count > 1 else ''}"
        yield f"{many} of the suite itself or of its environment, not of the target: see above", {"red": True}
    for one in outcome.harness_errors[:_SHOWN]:
        yield f"  {one}", {"red": True}
    if count > _SHOWN:
        yield f"  and {count - _SHOWN} more", {"red": True}


def _gaps(outcome: Outcome) -> Iterator[Line]:
    """Yield lines about entries of the known-gaps file that are out of date."""
    red = {"yellow": True} if outcome.allow_fixed else {"red": True}
    for gap in outcome.fixed:
        yield f"no longer occurs, remove it from the known gaps: {gap.fingerprint}", red
    for gap in outcome.expired:
        yield f"known gap expired on {gap.expires}: {gap.fingerprint}", {"red": True}
    for operation in outcome.lost:
        yield f"no longer implemented: {operation}", {"red": True}


def _figures(outcome: Outcome) -> str:
    total = len(outcome.spec.operations)
    return (
        f"{outcome.target} ({outcome.endpoint}, {outcome.region}): "
        f"coverage {outcome.implemented}/{total} operations, "
        f"divergence {outcome.violated}/{outcome.assessed} rules"
    )


def _verdicts(outcome: Outcome) -> str:
    counts = {verdict: len(outcome.rules_with(verdict)) for verdict in ("conforms", "violates", "unsupported")}
    rest = {verdict: len(outcome.rules_with(verdict)) for verdict in ("indeterminate", "untested")}
    return "rules: " + ", ".join(f"{count} {verdict}" for verdict, count in {**counts, **rest}.items())


def _violation(violation: Violation, outcome: Outcome) -> Iterator[Line]:
    mark = "known " if outcome.is_known(violation) else ""
    where = f" at {violation.where}" if violation.where else ""
    colour = {"red": True} if outcome.counts(violation) else {"yellow": True}
    yield f"  {mark}{violation.level} {violation.rule}{where}: {violation.message}", colour
    for number, step in enumerate(violation.steps, 1):
        yield f"      {number}. {step}", PLAIN
    yield f"      {_sent(violation)}; {_rule(violation, outcome.spec)}", PLAIN


def _sent(violation: Violation) -> str:
    if not violation.exchanges:
        return "no exchange"
    last = violation.exchanges[-1]
    body = str(last["request"]["body"])
    body = body if len(body) <= 160 else body[:157] + "..."
    response = last["response"]
    came = response["status"] if response else "none"
    return f"request {body or 'without a body'}, response {came}"


def _rule(violation: Violation, spec: Spec) -> str:
    rule = spec.rule(violation.rule)
    return f"rule: {rule.statement} {foundation(spec, rule).words} [{'; '.join(map(str, rule.sources))}]"
