"""Turns the exchanges that show a violation into a finding: steps as data, with placeholders and recorded answers.

The text, the script, the AWS CLI commands, the replay and the pin are all made from these steps.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dxcontract.reproduce import judge
from dxcontract.spec.model import Json, Spec
from dxcontract.spec.volatile_members import comparing
from dxcontract.wire import cbor
from dxcontract.wire.exchange import REMOVED, SECRET_MEMBERS

VERSION: Final = 1
_KEPT: Final = ("fingerprint", "rule", "operation", "where", "symptom", "level", "message", "test")
_OURS: Final = re.compile(r"\bdxc-[0-9a-f]{8}-(?:[a-z]+\d+-)?\d+\b")
_OF_EC2: Final = re.compile(r"\b(?:vgw|tgw)-[0-9a-f]{8,17}\b")
_NO_GATEWAY: Final = re.compile(r"-[0f]+$")
_REGIONAL_ARN: Final = re.compile(r"(arn:aws[a-z-]*:directconnect:)([a-z]{2}[a-z-]*-\d)(:)")
_CUT_OFF: Final = re.compile(r"\.\.\. \(\d+ bytes\)\Z")
_MADE_UP: Final = "DXCONTRACT-"
_DEEPEST: Final = 50
"""Levels of a request that is kept as data; modelled ones have six."""
_SECRETS: Final = {
    "ckn": "5e" * 32,
    "cak": "a7" * 32,
    "authKey": "dxcontract",
    "loaContent": "",
    "customerRouterConfig": "",
}
"""What is sent in place of what no report holds."""

_CLIENTS_OWN: Final = frozenset(
    {
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "host",
        "content-length",
        "user-agent",
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "connection",
        "accept",
        "smithy-protocol",
        "x-amz-user-agent",
        "x-amzn-query-mode",
    }
)


def finding(
    violation: Mapping[str, Any], spec: Spec, region: str, accounts: Mapping[str, str | None] | None = None
) -> Json:
    """The finding as in `specs/schemas/finding.json`; `violation` as in report.json, `accounts` the ids of the
    roles.
    """
    exchanges = violation["exchanges"]
    judged = list(violation["judged"]) or [len(exchanges)]
    known = {f"account-{role}": one for role, one in (accounts or {}).items() if one}
    names = names_of(exchanges, known)
    about_place = "location" in f"{violation['rule']} {violation['where']}"
    made = steps(exchanges, judged, spec, region, names, about_place=about_place)
    claim = dict(violation["claim"]) or {"look": "answer", "where": violation["where"]}
    return {
        "finding": VERSION,
        **{name: violation[name] for name in _KEPT if name in violation},
        "region": region,
        "steps": made,
        "judged": judged if exchanges else [],
        "claim": {name: names.told(value) if name == "value" else value for name, value in claim.items()},
        "varying": sorted(comparing().varying),
    }


def steps(
    exchanges: Sequence[Mapping[str, Any]],
    judged: Sequence[int],
    spec: Spec,
    region: str,
    names: judge.Names,
    *,
    about_place: bool = False,
) -> list[Json]:
    """The steps of these exchanges; `names` collects their values. `about_place`: the judged exchanges concern the
    location that they name, which cannot be replaced.
    """
    groups: dict[int, int] = {}
    made = []
    for number, one in enumerate(exchanges, 1):
        step: Json = {"operation": one["operation"], "account": one["account"]}
        if one["region"] != region:
            step["region"] = "other"
        if one.get("together"):
            step["together"] = groups.setdefault(one["together"], len(groups) + 1)
        step |= _request(one, names, spec, fixed=about_place and number in judged)
        names.asked(_params(one["request"]["body"]))
        step["answer"] = names.answered(number, one["operation"], _answer(one))
        if one["response"] is not None and _CUT_OFF.search(one["response"]["body"]):
            del step["answer"]["body"]  # what was kept of it is no JSON, which the answer was
        made.append(step)
    return made


def names_of(exchanges: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> judge.Names:
    texts = [json.dumps([one["request"], one["response"]], ensure_ascii=False) for one in exchanges]
    found = {**known}
    for number, name in enumerate(dict.fromkeys(_all(_OURS, texts)), 1):
        found[f"name-{number}"] = name
    for number, gateway in enumerate(dict.fromkeys(_all(_OF_EC2, texts)), 1):
        if not _NO_GATEWAY.search(gateway):
            found[f"{gateway[:3]}-{number}"] = gateway
    return judge.Names(found)


def _all(pattern: "re.Pattern[str]", texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from pattern.findall(text)


def _request(one: Mapping[str, Any], names: judge.Names, spec: Spec, *, fixed: bool) -> Json:
    """`params` for what any client can send, else `request`: the parts of which one has to be made by hand."""
    request = one["request"]
    odd = copy.deepcopy(request.get("odd", {}))
    headers = {name: value for name, value in request["headers"].items() if name.lower() not in _CLIENTS_OWN}
    spoken = cbor.HEADER in {(name.lower(), value) for name, value in request["headers"].items()}
    params = _params(request["body"])
    usual = {"content-type": cbor.CONTENT_TYPE if spoken else "application/x-amz-json-1.1"}
    if not spoken:
        usual["x-amz-target"] = f"{spec.target_prefix}.{one['operation']}"
    plain = {name.lower(): value for name, value in headers.items()} == usual and request["method"] == "POST"
    if "body" in odd or not isinstance(params, dict):
        plain = False
    if plain and not odd:
        kept = names.told(_with_values(params))
        if not fixed:
            kept = _movable(kept, one["operation"], spec)
        return {"params": kept, **({"protocol": "cbor"} if spoken else {}), **({"raw": True} if one.get("raw") else {})}
    if "body" not in odd:
        odd["body"] = {
            "text": judge.escaped(json.dumps(_with_values(params)) if params is not None else request["body"])
        }
    if "text" in odd["body"]:
        odd["body"] = {"text": names.told(odd["body"]["text"].replace("$${", "${"))}
    for piece in odd.get("written", ()):
        if "text" in piece:
            piece["text"] = names.told_text(piece["text"])
    if "line" in odd:
        odd["line"] = 1
    return {
        "request": {
            "method": request["method"],
            "headers": names.told(headers),
            **({"protocol": "cbor"} if spoken else {}),
            **odd,
        }
    }


def _params(body: str) -> Any:
    """A body as data; None for what is no JSON, or so deep that it is kept as text: each walk through it goes down."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if judge.is_flat(found, _DEEPEST) else None


def _with_values(value: Any) -> Any:
    """`value` with values of the right form where secrets were removed."""
    if isinstance(value, dict):
        return {k: _SECRETS.get(k, inner) if inner == REMOVED else _with_values(inner) for k, inner in value.items()}
    if isinstance(value, list):
        return [_with_values(inner) for inner in value]
    return value


def _movable(params: Json, operation: str, spec: Spec) -> Json:
    """`params` with what differs from place to place as placeholders: locations, and Regions in ARNs."""
    known = spec.operations.get(operation)
    kept: Json = json.loads(_REGIONAL_ARN.sub(r"\1${region}\3", json.dumps(params)))
    for pointer, kind in known.traits.takes.items() if known is not None else ():
        member = pointer[1:]
        code = kept.get(member)
        if kind == "location" and isinstance(code, str) and code and not code.startswith((_MADE_UP, "${")):
            kept[member] = f"${{location:{code}}}"
    return kept


def _answer(one: Mapping[str, Any]) -> Json:
    response = one["response"]
    if response is None:
        return judge.answer(0, {}, b"", one["failure"] or "other")
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return judge.answer(response["status"], headers, response["body"].encode("utf-8", "backslashreplace"))


def is_reproducible(found: Mapping[str, Any]) -> str:
    """The reason why a finding cannot be reproduced; empty if it can."""
    if found["claim"].get("asks") == "refused" and found["where"].rpartition("/")[2] in SECRET_MEMBERS:
        return f"it is about a value of {found['where']}, which no report holds"
    for number, step in enumerate(found["steps"], 1):
        if why := step.get("request", {}).get("withheld"):
            return f"step {number} is not kept: {why}"
    if not found["steps"]:
        return "it has no steps of its own"
    return ""
