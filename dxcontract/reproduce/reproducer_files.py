"""Creates the files that reproduce one violation: a Python script that needs only boto3, and AWS CLI commands."""

import re
from collections.abc import Mapping
from typing import Any, Final

from dxcontract.reproduce import aws_cli
from dxcontract.reproduce import python_script as scripts
from dxcontract.spec.model import Json
from dxcontract.spec.volatile_members import comparing
from dxcontract.targets import IN_PROCESS

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")


def file_name(fingerprint: str) -> str:
    """The file name for a violation, without an extension: its fingerprint with only safe characters."""
    return _UNSAFE.sub("_", fingerprint).strip("_")[:150]


def finding(document: Mapping[str, Any], violation: Mapping[str, Any]) -> Json:
    """The finding of a violation of a report, as in `specs/schemas/finding.json`."""
    kept = ("fingerprint", "rule", "operation", "where", "symptom", "level", "message", "test")
    shown = violation["reproduction"]
    return {
        "finding": 1,
        **{name: violation[name] for name in kept if name in violation},
        "target": document["target"],
        "region": document["region"],
        **{name: shown[name] for name in ("steps", "judged", "claim")},
        "varying": sorted(comparing().varying),
    }


def files(document: Mapping[str, Any], violation: Mapping[str, Any]) -> dict[str, str]:
    """The files by name; none for a violation that cannot be reproduced."""
    if violation["reproduction"]["withheld"]:
        return {}
    name, found = file_name(violation["fingerprint"]), finding(document, violation)
    rule, other = document["rules"][violation["rule"]], document["other_region"]
    # A target that runs in the process of the run ends with it; another process may listen on its port by then.
    endpoint = "" if document["target"] in IN_PROCESS else document["endpoint"]
    return {
        f"{name}.py": scripts.script(found, rule, endpoint, f"{name}.py", other),
        f"{name}.sh": aws_cli.script(found, rule["statement"], endpoint, f"{name}.sh", other),
    }
