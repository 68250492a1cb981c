"""Writes a finding as a standalone script that needs Python and boto3.

The script consists of the sources of `aws_hosts`, `judge`, `plain_cbor` and `script_executor`, so that it judges like
`dxcontract replay`.
"""

import ast
import functools
import json
from pathlib import Path
from typing import Any, Final

from dxcontract.reproduce import judge, plain_cbor, script_executor
from dxcontract.reproduce.describe_steps import words
from dxcontract.spec.model import Json
from dxcontract.targets import aws_hosts
from dxcontract.targets.target import aws_suffixes
from dxcontract.wire import safe_text

BEGIN: Final = "FINDING = json.loads(\n    r'''"
END: Final = "'''\n)\n"

_LACKING: Final = 'print(f"this needs boto3: {lacking}; pip install boto3", file=sys.stderr)'

_HEAD: Final = '''#!/usr/bin/env python3
"""{title}

{message}

Steps:
{steps}

The rule ({level}, {evidence}): {statement}
Sources: {sources}

Run it against the same target: python {name} {argument}. It needs boto3, sends the steps, prints what comes back and
says whether it still happens: exit status 1 when it does, 0 when it does not any more, 2 when that cannot be told: a
step was not answered, or not as recorded. What it makes is not deleted; `dxcontract replay {name}` does the same, on
any target, and deletes it.
"""

{imports}

{begin}{finding}{end}ENDPOINT = {endpoint!r}
OTHER_REGION = {other_region!r}
AWS = {aws!r}
# The credentials of each role are those of emulators: 12 digits as access key. Others are given by the variables
# DX_OWNER=KEY:SECRET[:TOKEN], DX_OTHER and DX_PARTNER, with the ids of their accounts in DX_OWNER_ID and so on. Keys
# that look like those of AWS are used with DX_EMULATOR=1 only.

# From here on: how findings are sent and judged; the same in all scripts.

{machinery}

if __name__ == "__main__":
    sys.exit(main(FINDING, ENDPOINT, OTHER_REGION, AWS))
'''


def script(finding: Json, rule: Json, endpoint: str, name: str, other_region: str) -> str:
    """The script; `rule` as in report.json."""
    imports, machinery = _machinery()
    lines = [f"{number:3}. {_plain(line)}" for number, line in enumerate(words(finding["steps"]), 1)]
    return _HEAD.format(
        title=_plain(f"{finding['rule']} on {finding['operation']} {finding['where']}".strip()),
        message=_plain(finding["message"]),
        steps="\n".join(lines),
        level=finding["level"],
        evidence=rule["evidence"],
        statement=_plain(rule["statement"]),
        sources=_plain("; ".join(rule["sources"])),
        name=name,
        argument="[ENDPOINT]" if endpoint else "ENDPOINT",
        imports=imports,
        begin=BEGIN,
        finding=_embedded(finding),
        end=END,
        endpoint=endpoint,
        other_region=other_region,
        machinery=machinery,
        aws=sorted(aws_suffixes()),
    )


def embedded(text: str) -> Any:
    """The finding in a script; None if there is none."""
    start = text.find(BEGIN)
    if start < 0:
        return None
    start += len(BEGIN)
    return json.loads(text[start : text.index(END, start)])


def _embedded(finding: Json) -> str:
    """JSON that can stand in a raw triple-quoted string: no quote of that kind in it."""
    return json.dumps(finding, indent=1).replace("'", "\\u0027")


@functools.cache
def _machinery() -> tuple[str, str]:
    """The imports and the rest of the modules that a script carries."""
    plain: set[str] = set()
    named: dict[str, set[str]] = {}
    parts: list[str] = []
    for module in (aws_hosts, safe_text, judge, plain_cbor, script_executor):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        lines = source.splitlines()
        tree = ast.parse(source)
        body = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))][1:]
        for node in tree.body:
            if isinstance(node, ast.Import):
                plain.add(ast.unparse(node))
            elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("dxcontract"):
                named.setdefault(str(node.module), set()).update(one.name for one in node.names)
        first = body[0].lineno - 1
        parts.append("\n".join(lines[first:]))
    plain |= {f"from {module} import {', '.join(sorted(names))}" for module, names in named.items()}
    imports = sorted(plain, key=lambda line: (line.startswith("from"), line))
    given = [line for line in imports if not _is_boto(line)]
    boto = "".join(f"    {line}\n" for line in imports if _is_boto(line))
    imports = [*given, "", f"try:\n{boto}except ImportError as lacking:\n    {_LACKING}\n    sys.exit(2)"]
    return "\n".join(imports), "\n\n\n".join(parts)


def _is_boto(line: str) -> bool:
    return line.split()[1].startswith(("boto3", "botocore"))


def _plain(text: str) -> str:
    return " ".join(text.replace("\\", "/").replace('"""', "'''").split())
