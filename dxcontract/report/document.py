"""report.json: the whole outcome as data, under `specs/schemas/report.json`."""

import json
from pathlib import Path
from typing import Any, Final

import dxcontract
from dxcontract.outcome import Outcome
from dxcontract.verdict import VERDICTS

SCHEMA_VERSION: Final = 1


def document(outcome: Outcome) -> dict[str, Any]:
    """The report of a run as JSON data."""
    spec = outcome.spec
    return {
        "schema": SCHEMA_VERSION,
        "dxcontract": dxcontract.__version__,
        "botocore": spec.index["botocore"],
        "target": outcome.target,
        "endpoint": outcome.endpoint,
        "region": outcome.region,
        "accounts": list(outcome.accounts),
        "strict": outcome.strict,
        "exit_status": outcome.exit_status,
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
                "verdict": outcome.verdict(rule.id),
                "level": rule.level,
                "evidence": rule.evidence,
                "statement": rule.statement,
                "sources": [str(source) for source in rule.sources],
                "operations": dict(sorted((k, v) for k, v in outcome.tally.of_rule(rule.id).items() if k)),
                "tests": sorted(outcome.claims.get(rule.id, ())),
                "reasons": sorted(outcome.reasons.get(rule.id, ())),
            }
            for rule in spec.rules.values()
        },
        "violations": [
            {**violation.to_json(), "known": violation.fingerprint in outcome.gaps} for violation in outcome.violations
        ],
        "harness_errors": outcome.harness_errors,
    }


def write(outcome: Outcome, folder: Path) -> Path:
    """Write report.json into `folder`, readable by its owner only; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document(outcome), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
