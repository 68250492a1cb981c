"""Creates the content of report.json (`specs/schemas/report.json`), from which all other reports are made."""

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import dxcontract
from dxcontract.oracle.verdict import VERDICTS, Violation
from dxcontract.reproduce import aws_cli, extract_steps
from dxcontract.reproduce.describe_steps import words
from dxcontract.run.result import Outcome
from dxcontract.spec import lifecycles, sources
from dxcontract.targets import IN_PROCESS
from dxcontract.wire.safe_text import one_line

SCHEMA_VERSION: Final = 1
_OF_DISTILLING: Final = (ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError)


def document(outcome: Outcome, shown: Callable[[Violation], Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The report of a run as JSON data; `shown` optionally formats a violation."""
    spec, verdicts, decided = outcome.spec, outcome.verdicts(), outcome.tally.by_rule()
    notes = list(outcome.notes)
    violations = [shown(one) if shown else _violation(outcome, one, notes) for one in outcome.violations]
    return {
        "schema": SCHEMA_VERSION,
        "dxcontract": dxcontract.__version__,
        "botocore": spec.index["botocore"],
        "target": outcome.target,
        "endpoint": outcome.endpoint,
        "region": outcome.region,
        "other_region": outcome.other_region,
        "protocol": outcome.protocol,
        "accounts": list(outcome.accounts),
        "strict": outcome.strict,
        "exit_status": outcome.exit_status,
        "interrupted": outcome.interrupted,
        "started": datetime.datetime.fromtimestamp(outcome.started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round((outcome.ended or time.time()) - outcome.started, 1),
        "whole": outcome.whole,
        **({"shard": outcome.shard.to_json()} if outcome.shard else {}),
        "coverage": {"implemented": outcome.implemented, "all": len(spec.operations)},
        "divergence": {"violated": outcome.violated, "assessed": outcome.assessed},
        "verdicts": {verdict: len(outcome.rules_with(verdict)) for verdict in VERDICTS},
        "operations": {
            name: {
                "supported": outcome.supported(name),
                **({"reason": outcome.unsupported[name]} if name in outcome.unsupported else {}),
                "calls": outcome.calls.get(name, 0),
                "verdicts": dict(
                    sorted((rule, verdict) for (rule, one), verdict in outcome.tally.verdicts.items() if one == name)
                ),
            }
            for name in spec.operations
        },
        "rules": {
            rule.id: {
                "verdict": verdicts[rule.id],
                "subject": rule.subject,
                "level": rule.level,
                "evidence": rule.evidence,
                "statement": rule.statement,
                "sources": [str(source) for source in rule.sources],
                "foundation": sources.rule_entry(spec, rule),
                "operations": dict(sorted((k, v) for k, v in decided.get(rule.id, {}).items() if k)),
                "tests": sorted(outcome.claims.get(rule.id, ())),
                "reasons": outcome.reasons_of(rule.id, verdicts[rule.id]),
                "claimants": outcome.claimants.get(rule.id),
                "undecided": rule.id in outcome.undecided,
            }
            for rule in spec.rules.values()
        },
        "lifecycles": {
            name: {
                "reached": sorted([before, after] for one, before, after in outcome.reached if one == name),
                "violated": _violated(outcome, name),
            }
            for name in lifecycles.load()
        },
        "exploration": outcome.exploration.to_json(),
        "violations": violations,
        "harness_errors": outcome.harness_errors,
        "notes": [*notes, *filter(None, [outcome.halted])],
        "left": outcome.left,
    }


def _violation(outcome: Outcome, violation: Violation, notes: list[str]) -> dict[str, Any]:
    """A violation with how to show it again; its steps in plain words are the machine's, or those of the finding.

    Where that cannot be made, it is told without, and `notes` say so.
    """
    data = violation.to_json()
    try:
        steps, reproduction = _reproduction(outcome, data)
    except _OF_DISTILLING as error:
        why = one_line(f"how to show it again could not be written, a fault of dxcontract: {error!r:.200}")
        notes.append(f"{violation.fingerprint}: {why}")
        steps, reproduction = [], {"steps": [], "judged": [], "claim": {}, "aws_cli": [], "withheld": why}
    del data["judged"], data["claim"]
    return {
        **data,
        "known": outcome.is_known(violation),
        "steps": data["steps"] or steps,
        "reproduction": reproduction,
    }


def _reproduction(outcome: Outcome, data: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    found = extract_steps.finding(data, outcome.spec, outcome.region, outcome.account_ids)
    return words(found["steps"]), {
        **{name: found[name] for name in ("steps", "judged", "claim")},
        "aws_cli": aws_cli.commands(
            found, "" if outcome.target in IN_PROCESS else outcome.endpoint, outcome.other_region
        ),
        "withheld": extract_steps.is_reproducible(found),
    }


def _violated(outcome: Outcome, resource: str) -> list[list[str]]:
    """The state pairs that broke this lifecycle; an empty first state is a wrong beginning."""
    rules = (f"lifecycles.{resource}-initial", f"lifecycles.{resource}-transitions")
    found = {violation.where for violation in outcome.violations if violation.rule in rules}
    return sorted(list(pair.partition("->")[::2]) for pair in found)
