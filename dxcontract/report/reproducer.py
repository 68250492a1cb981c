"""A standalone Python script for a violation: needs boto3 only, sends what was sent, shows what comes back.

Ids that the target chose are not those of the recorded run; the script pairs the answers of both runs member by member
and puts the new ids where the recorded requests have the old ones.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from dxcontract import cbor
from dxcontract.checks import CONTENT_TYPE
from dxcontract.exchange import REMOVED
from dxcontract.spec import load

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")
_DUMMIES: Final = {"ckn": "0123456789abcdef" * 4, "cak": "fedcba9876543210" * 4, "authKey": "dxcontract"}

_SCRIPT: Final = '''#!/usr/bin/env python3
"""{title}

{message}

The rule ({level}, {evidence}): {statement}
Sources: {sources}

Run it against the same target: python {name} [ENDPOINT]. It sends what the contract sent and prints what comes back.
What it makes is not deleted.
"""

import json
import os
import sys
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

ENDPOINT = sys.argv[1] if len(sys.argv) > 1 else {endpoint!r}
# The credentials of each role; others through the variables DX_OWNER=KEY:SECRET, DX_OTHER and DX_PARTNER.
KEYS = {{"owner": "111111111111", "other": "222222222222", "partner": "333333333333"}}
if "amazonaws" in ENDPOINT or ".api.aws" in ENDPOINT:
    sys.exit("not against AWS itself: what this sends may be a physical order")

STEPS = json.loads(r\'\'\'
{steps}
\'\'\')


def session(role):
    given = os.environ.get("DX_" + role.upper())
    key, secret = (given or KEYS[role] + ":dxcontract").split(":", 1)
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret)


def send(step, body):
    kept = ("content-type", "x-amz-target")
    headers = {{name: value for name, value in step["headers"].items() if name.lower() in kept}}
    request = AWSRequest(step["method"], ENDPOINT, data=body.encode(), headers=headers)
    if step["signed"]:
        SigV4Auth(session(step["account"]).get_credentials(), "directconnect", step["region"]).add_auth(request)
    sent = urllib.request.Request(ENDPOINT, request.data, dict(request.headers.items()), method=step["method"])
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.status, dict(answer.headers.items()), answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), error.read().decode("utf-8", "replace")


def pairs(old, new, name=""):
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() & new.keys():
            yield from pairs(old[key], new[key], key)
    elif isinstance(old, list) and isinstance(new, list):
        for one, other in zip(old, new):
            yield from pairs(one, other, name)
    elif isinstance(old, str) and isinstance(new, str) and name.endswith(("Id", "Arn", "ownerAccount")) and old and new:
        yield old, new


def parsed(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


renamed = {{}}
for number, step in enumerate(STEPS, 1):
    body = step["body"]
    for old, new in sorted(renamed.items(), key=lambda pair: -len(pair[0])):
        body = body.replace(old, new)
    status, headers, text = send(step, body)
    print(f"{{number}}. {{step['account']}}: {{step['operation']}} {{body}}")
    print(f"   -> {{status}} {{headers.get('Content-Type', headers.get('content-type'))}}")
    print(f"   {{text[:2000]}}")
    if step["answer"] is not None:
        renamed.update(pairs(parsed(step["answer"]), parsed(text)))
print()
print("The contract says:", {message!r})
'''


def file_name(fingerprint: str) -> str:
    """A file's name for a violation: its fingerprint with only harmless characters."""
    return _UNSAFE.sub("_", fingerprint).strip("_")[:150] + ".py"


def script(violation: Mapping[str, Any], rule: Mapping[str, Any], endpoint: str) -> str:
    """The script; `violation` and `rule` as in report.json."""
    return _SCRIPT.format(
        title=_plain(f"{violation['rule']} on {violation['operation']} {violation['where']}".strip()),
        message=_plain(violation["message"]),
        level=violation["level"],
        evidence=rule["evidence"],
        statement=_plain(rule["statement"]),
        sources=_plain("; ".join(rule["sources"])),
        name=file_name(violation["fingerprint"]),
        endpoint=endpoint,
        steps=_embedded([_step(exchange) for exchange in violation["exchanges"]]),
    )


def _step(exchange: Mapping[str, Any]) -> dict[str, Any]:
    request, response = exchange["request"], exchange["response"]
    return {
        "operation": exchange["operation"],
        "account": exchange["account"],
        "region": exchange["region"],
        "method": request["method"],
        "headers": _headers(exchange["operation"], request["headers"]),
        "signed": any(name.lower() == "authorization" for name in request["headers"]),
        "body": _with_dummies(request["body"]),
        "answer": response["body"] if response and response["status"] == 200 else None,
    }


def _headers(operation: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers to send: those of JSON for what was sent in CBOR, as a recorded body is JSON whatever was sent."""
    if cbor.HEADER not in {(name.lower(), value) for name, value in headers.items()}:
        return headers
    kept = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{load().target_prefix}.{operation}"}
    return {**kept, **{name: value for name, value in headers.items() if name.lower() == "authorization"}}


def _with_dummies(body: str) -> str:
    for member, dummy in _DUMMIES.items():
        body = body.replace(f'"{member}":"{REMOVED}"', f'"{member}":"{dummy}"')
    return body


def _embedded(steps: list[dict[str, Any]]) -> str:
    """JSON that can stand in a raw triple-quoted string: no quote of that kind in it."""
    return json.dumps(steps, indent=1).replace("'", "\\u0027")


def _plain(text: str) -> str:
    return " ".join(text.replace("\\", "/").replace('"""', "'''").split())
