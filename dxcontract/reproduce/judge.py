"""Fills, compares and judges the steps of a finding, with the standard library only, because scripts contain this
file.

Steps contain placeholders: `${2/connectionId}` for the value at that pointer in the answer to step 2, `${name-1}` for
a new name, `${account-other}`, `${region}`, `${location:EqDC2}`; `$${` is a plain `${`. Before a comparison, values
that a target chooses are replaced by the placeholder of their first occurrence, and values that may differ are
removed.
"""

import base64
import gzip
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

STILL, GONE, UNCLEAR = "still happens", "no longer happens", "cannot tell"

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_ACCOUNT = re.compile(r"\$\{account-\w+\}")
_CHOSEN = ("Id", "Arn", "ARN", "Token", "Account", "Address")
_NOT_CHOSEN = ("awsLogicalDeviceId",)
_SECRET = ("authKey", "cak", "ckn", "loaContent", "customerRouterConfig")
_SIGNED = ("written", "authorization")
_READS = ("Describe", "List", "Get", "*")
_SHORTEST = 6
_DEEPEST = 100
_ANSWERS_OF_A_KIND = ("reset", "timeout", "not-http")
"""Failures of a target that is there: it can be told that they are the recorded ones."""
_HELD_BACK = (
    *("ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"),
    *("RequestThrottled", "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException"),
)
"""Errors of a target that did not look at the request."""
_ELSEWHERE = (
    *_HELD_BACK,
    *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"),
    *("IncompleteSignature", "IncompleteSignatureException"),
    *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    *("UnknownOperationException", "UnknownOperation", "UnsupportedOperation", "UnsupportedOperationException"),
    *("NotImplemented", "NotImplementedException", "InvalidAction"),
)
"""These, and errors of a target that does not let the caller in or does not have the operation."""


class UnfilledError(Exception):
    """A step needs a value that an earlier answer did not contain; the message names it."""


def fill(tree: Any, values: Mapping[str, str], answers: Sequence[Any]) -> Any:
    """Replace the placeholders in `tree`: from `values` by name, or from the bodies of earlier answers.

    Raises:
        UnfilledError: there is no such value.
    """
    if isinstance(tree, dict):
        return {name: fill(inner, values, answers) for name, inner in tree.items()}
    if isinstance(tree, list):
        return [fill(inner, values, answers) for inner in tree]
    if not isinstance(tree, str):
        return tree

    def value(found: "re.Match[str]") -> str:
        name = found[1]
        if name is None:
            return "${"
        if name in values:
            return values[name]
        step, slash, pointer = name.partition("/")
        if slash and step.isdecimal() and 0 < int(step) <= len(answers):
            there = at(answers[int(step) - 1], "/" + pointer)
            if isinstance(there, str):
                return there
        if name.startswith("location:"):
            return name.partition(":")[2]
        raise UnfilledError(f"needs {name}, which was not answered")

    return _PLACEHOLDER.sub(value, tree)


def fill_step(step: Mapping[str, Any], values: Mapping[str, str], answers: Sequence[Any]) -> dict[str, Any]:
    """Fill a step to send, except for values that are known only after signing or from its own answer.

    Raises:
        UnfilledError: it needs what was not answered.
    """
    later = {name: step["request"][name] for name in _SIGNED if name in step.get("request", {})}
    now = {name: value for name, value in step.items() if name != "answer"}
    if later:
        now["request"] = {name: value for name, value in step["request"].items() if name not in _SIGNED}
    filled: dict[str, Any] = fill(now, values, answers)
    if later:
        filled["request"] |= later
    return {**filled, "answer": step["answer"]}


def escaped(text: str) -> str:
    """Escape a text so that `fill` leaves it unchanged."""
    return text.replace("${", "$${")


def at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None if there is none."""
    for part in pointer.split("/")[1:]:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def all_at(value: Any, pointer: str) -> list[Any]:
    """All values at a JSON pointer in which `*` stands for any item."""
    found = [value]
    for part in pointer.split("/")[1:]:
        deeper: list[Any] = []
        for one in found:
            if part == "*" and isinstance(one, list):
                deeper.extend(one)
            elif isinstance(one, dict) and part in one:
                deeper.append(one[part])
        found = deeper
    return found


class Names:
    """The placeholders of values: of known values, and of values that first occur in answers."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.placeholders = {value: placeholder for placeholder, value in known.items() if value}
        self.sent: set[str] = set()

    def asked(self, tree: Any) -> None:
        """Record the texts of a request; the target did not choose a value that repeats one."""
        if isinstance(tree, dict):
            for inner in tree.values():
                self.asked(inner)
        elif isinstance(tree, list):
            for inner in tree:
                self.asked(inner)
        elif isinstance(tree, str):
            self.sent.add(tree)

    def learn(self, step: int, body: Any) -> None:
        """Record the values that the target chose in the answer to a step."""
        for pointer, value in sorted(chosen(body), key=lambda one: one[0].count("/")):
            if value in self.sent and pointer.endswith("Address"):
                continue
            ids = (known for known in self.placeholders if not known.isdecimal())
            if not (pointer.endswith(("Arn", "ARN")) and any(known in value for known in ids)):
                self.placeholders.setdefault(value, f"{step}/{pointer}")

    def answered(self, step: int, operation: str, got: Mapping[str, Any]) -> dict[str, Any]:
        """An answer with placeholders, without list items that name no resource of the steps so far."""
        self.learn(step, got["body"])
        so_far = step if operation.startswith(_READS) else step + 1
        return {**got, "body": _own(self.told(got["body"]), so_far)}

    def told(self, value: Any) -> Any:
        """`value` with all known values replaced by placeholders."""
        if isinstance(value, dict):
            return {name: self.told(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.told(inner) for inner in value]
        if not isinstance(value, str):
            return value
        return self.told_text(escaped(value))

    def told_text(self, text: str) -> str:
        """An escaped text with all known values replaced by placeholders."""
        for known in sorted(self.placeholders, key=len, reverse=True):
            if known in text:
                text = text.replace(known, "${" + self.placeholders[known] + "}")
        return text


def _own(body: Any, end: int) -> Any:
    """Without what others have on the target: items with ids that name none of this finding's things."""
    if not isinstance(body, dict):
        return body
    marks = ("${name-", *(f"${{{step}/" for step in range(1, end)))
    return {
        name: [one for one in inner if not _has_ids(one) or any(mark in json.dumps(one) for mark in marks)]
        if isinstance(inner, list)
        else inner
        for name, inner in body.items()
    }


def _has_ids(value: Any) -> bool:
    return isinstance(value, dict) and any(True for _ in chosen(value))


def chosen(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Pointer (without its first slash) and value of all ids and similar members."""
    if isinstance(value, dict):
        for name, inner in value.items():
            place = f"{pointer}/{name}" if pointer else name
            if not isinstance(inner, str):
                yield from chosen(inner, place)
            elif name.endswith(_CHOSEN) and name not in _NOT_CHOSEN and len(inner) >= _SHORTEST:
                yield place, inner
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from chosen(inner, f"{pointer}/{number}" if pointer else str(number))


def answer(status: int, headers: Mapping[str, str], body: bytes, failure: str | None = None) -> dict[str, Any]:
    """An answer in the form of findings; header names are lower-case; `status` is 0 without an answer."""
    document = _document(body)
    about = document if isinstance(document, dict) else {}
    kind = (about.get("__type") or about.get("code") or headers.get("x-amzn-errortype")) if status >= 300 else None
    request_id = headers.get("x-amzn-requestid", "")
    return {
        "status": status,
        "error": str(kind).split(":")[0].rpartition("#")[2] if kind else None,
        "headers": {
            "content-type": headers.get("content-type", "").split(";")[0].strip().lower(),
            "x-amzn-requestid": "absent" if not request_id else "a UUID" if _is_uuid(request_id) else "no UUID",
            "smithy-protocol": headers.get("smithy-protocol", ""),
        },
        "body": _without_secrets(document),
        "failure": failure,
    }


def _document(body: bytes) -> Any:
    """What a body says in JSON; None where it says nothing that every reader of JSON understands."""
    try:
        found = json.loads(body, parse_constant=_no_json, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return found if is_flat(found, _DEEPEST) else None


def _no_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> Any:
    return float(text) if abs(float(text)) < float("inf") else text


def is_flat(value: Any, levels: int) -> bool:
    """Whether a value has at most this many levels, because every walk through it is recursive."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(is_flat(one, levels - 1) for one in inner)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "(removed)" if name in _SECRET and isinstance(inner, str) and inner else _without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return value


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def normal(value: Any, varying: Sequence[str]) -> Any:
    """`value` without the members that may differ, and with sorted lists."""
    if isinstance(value, dict):
        return {name: normal(inner, varying) for name, inner in value.items() if name not in varying}
    if isinstance(value, list):
        return sorted((normal(one, varying) for one in value), key=repr)
    return value


CONTROLS = {
    "DescribeConnections": "connections",
    "DescribeLocations": "locations",
    "DescribeLags": "lags",
    "DescribeVirtualInterfaces": "virtualInterfaces",
    "DescribeDirectConnectGateways": "directConnectGateways",
    "DescribeInterconnects": "interconnects",
}


def control(ask: Callable[[str], Mapping[str, Any]]) -> str:
    """The reason why no answer of this endpoint can be judged; empty if it answers one of CONTROLS like Direct
    Connect.

    `ask` sends an operation with an empty request. Without this, an endpoint that refuses everything would pass for
    one that refuses what a rule forbids.
    """
    told = []
    for operation, member in CONTROLS.items():
        got = ask(operation)
        if got["status"] == 200 and isinstance(got["body"], dict) and isinstance(got["body"].get(member), list):
            return ""
        what = f"a body without {member}" if got["status"] == 200 else said(got)
        told.append(f"{operation} was answered {what}")
        if not got["status"]:
            break
    return f"the endpoint does not answer as Direct Connect does: {told[0]}"


def judge(
    finding: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], known: Mapping[str, str], stopped: str = ""
) -> tuple[str, str]:
    """Judge whether the answers to the steps show the finding: STILL, GONE or UNCLEAR, and the reason.

    `known` are the values of this time's placeholders, without those of answers. Where there are fewer answers than
    steps, `stopped` says why.
    """
    steps, judged, claim = finding["steps"], finding["judged"], finding["claim"]
    for number, got in enumerate(answers, 1):
        if why := _says_nothing(finding, number, answers):
            return UNCLEAR, f"step {number}, {steps[number - 1]['operation']}, was answered {said(got)}; {why}"
    if len(answers) < len(steps):
        return UNCLEAR, f"step {len(answers) + 1}: {stopped or 'it was not sent'}"
    last, before = answers[judged[-1] - 1], steps[judged[-1] - 1]["answer"]
    asks = claim.get("asks")
    if asks == "refused":
        return _refused(claim, before, last)
    if asks == "matches" and _succeeded(last):
        values = all_at(last["body"], claim["where"])
        if not values:
            return UNCLEAR, f"nothing is at {claim['where']}"
        kept = all(isinstance(one, str) and re.fullmatch(claim["value"], one) for one in values)
        return (GONE if kept else STILL), f"{claim['where']} is {_short(values)}, and has to match {claim['value']}"
    if asks == "accepted":
        return (GONE if _succeeded(last) else STILL), f"answered {said(last)}"
    return _compared(finding, answers, known)


def _says_nothing(finding: Mapping[str, Any], number: int, answers: Sequence[Mapping[str, Any]]) -> str:
    """Why nothing can be told once a step was answered so; empty when its answer can be judged."""
    step, now, claim = finding["steps"][number - 1], answers[number - 1], finding["claim"]
    before, is_judged = step["answer"], number in finding["judged"]
    recorded, same = f"when it was recorded: {said(before)}", said(before) == said(now)
    if not now["status"]:
        if is_judged and claim.get("closing") and now["failure"] == "reset":
            return ""
        return "" if same and now["failure"] in _ANSWERS_OF_A_KIND else recorded
    if _succeeded(now) and not isinstance(now["body"], dict):
        unread = same and "body" in before and not isinstance(before["body"], dict)
        return "" if unread else "its body is no JSON object"
    if same or (not is_judged and _same_group(finding, step, answers)):
        return ""
    if not is_judged:
        return recorded
    asks, look = claim.get("asks"), claim.get("look", "answer")
    if asks == "refused":
        return ""
    if _succeeded(now):
        return recorded if not asks and look in ("headers", "kinds") else ""
    judgeable = not asks and look == "status" and not _succeeded(before) and 400 <= now["status"] < 500
    return "" if judgeable and now["error"] and now["error"] not in _ELSEWHERE else recorded


def _same_group(finding: Mapping[str, Any], step: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> bool:
    """Whether requests that were sent at the same time were answered as recorded, in whatever order."""
    if not step.get("together"):
        return False
    pairs = zip(finding["steps"], answers)  # noqa: B905 - scripts may be run by old Pythons
    group = [(said(one["answer"]), said(got)) for one, got in pairs if one.get("together") == step["together"]]
    return sorted(was for was, _ in group) == sorted(now for _, now in group)


def _refused(claim: Mapping[str, Any], before: Mapping[str, Any], last: Mapping[str, Any]) -> tuple[str, str]:
    """Whether the last request was refused as it has to be; UNCLEAR when neither so nor as recorded."""
    named = last["error"] in claim["errors"] if claim.get("errors") else last["error"] not in _HELD_BACK
    closed = bool(claim.get("closing")) and last["failure"] == "reset"
    nothing = bool(claim.get("empty")) and _succeeded(last) and not all_at(last["body"], claim["empty"])
    if closed or nothing or (400 <= last["status"] < 500 and named):
        return GONE, f"answered {said(last)}"
    if said(last) == said(before):
        return STILL, f"answered {said(last)}"
    return UNCLEAR, f"answered {said(last)}, which is neither what the rule asks for nor what was recorded"


def _succeeded(got: Mapping[str, Any]) -> bool:
    return 200 <= int(got["status"]) < 300


def said(got: Mapping[str, Any]) -> str:
    """An answer in a few words."""
    if not got["status"]:
        return f"nothing ({got['failure']})"
    return f"{got['status']} {got['error']}" if got["error"] else str(got["status"])


def _compared(
    finding: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], known: Mapping[str, str]
) -> tuple[str, str]:
    """Whether what was judged is answered as when it was recorded, in what the claim looks at."""
    # What was not known when it was recorded, an account's id say, is to be taken for an answer's now, too.
    text = json.dumps([finding["steps"], finding["claim"]])
    names = Names({name: value for name, value in known.items() if f"${{{name}}}" in text})
    names.asked([step.get("params") for step in finding["steps"]])
    operations = [step["operation"] for step in finding["steps"]]
    told = [names.answered(number, operations[number - 1], got) for number, got in enumerate(answers, 1)]
    claim, varying = finding["claim"], finding.get("varying", ())
    recorded = _recorded(finding, answers, known)
    if claim.get("asks") == "equal":
        last = finding["judged"][-1]
        return _equal(claim, recorded[last - 1], told[last - 1])
    if claim.get("asks") == "alike":
        before = [recorded[number - 1] for number in finding["judged"]]
        return _alike(before, [told[number - 1] for number in finding["judged"]])
    for number in finding["judged"]:
        before, now = recorded[number - 1], told[number - 1]
        if "body" not in before and claim.get("look", "answer") in ("answer", "kinds"):
            return UNCLEAR, "the recorded answer was too long to be kept"
        if (why := _differs(claim, before, now, varying)) is not None:
            return GONE, f"step {number}, {finding['steps'][number - 1]['operation']}: {why}"
        if claim.get("look", "answer") == "answer" and (doubt := _doubt(claim, number, now)):
            return UNCLEAR, doubt
    return STILL, "answered as recorded"


def _recorded(
    finding: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], known: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The recorded answers. Accounts that no answer names now are called there, too, by where they are seen first."""
    shown = json.dumps([one["body"] for one in answers])
    names = Names({})
    for number, step in enumerate(finding["steps"], 1):
        names.learn(number, step["answer"].get("body"))
    renamed = {
        value: "${" + place + "}"
        for value, place in names.placeholders.items()
        if _ACCOUNT.fullmatch(value) and (known.get(value[2:-1]) or value) not in shown
    }
    return [_renamed(step["answer"], renamed) for step in finding["steps"]]


def _renamed(tree: Any, names: Mapping[str, str]) -> Any:
    if isinstance(tree, dict):
        return {name: _renamed(inner, names) for name, inner in tree.items()}
    if isinstance(tree, list):
        return [_renamed(inner, names) for inner in tree]
    return _PLACEHOLDER.sub(lambda found: names.get(found[0], found[0]), tree) if isinstance(tree, str) else tree


def _doubt(claim: Mapping[str, Any], number: int, now: Mapping[str, Any]) -> str:
    """Why answers that are alike say nothing; empty when they do."""
    place = _place(now["body"], claim.get("where", ""))
    values = all_at(now["body"], place) if place is not None else []
    if values and all(isinstance(one, str) and one.startswith(f"${{{number}/") for one in values):
        return f"{place} is another value each time, which answers alone say nothing about"
    return ""


def _equal(claim: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str]:
    """Whether a member is what it has to be; the values are those of the recorded request, in placeholders."""
    where, wanted = claim["where"], claim["value"]
    if not _succeeded(now):
        return UNCLEAR, f"answered {said(now)}"
    place = _place(now["body"], where)
    if place is None and _is_described(before.get("body")) and not _is_described(now["body"]):
        return UNCLEAR, f"nothing is described that could have {where}"
    found = all_at(now["body"], place) if place is not None else [None]
    if claim.get("how") == "caseless":
        kept = all(str(one).lower() == str(wanted).lower() for one in found)
    elif claim.get("how") == "prefixes":
        kept = all({p.get("cidr") for p in one if isinstance(p, dict)} == set(wanted) for one in found if one)
    else:
        kept = all(one == wanted or (wanted is None and one in (None, "", [])) for one in found)
    return (GONE if kept else STILL), f"{where} is {_short(found)}, and has to be {_short(wanted)}"


def _is_described(body: Any) -> bool:
    """Whether an answer is about anything: it has a member that is no empty list."""
    return isinstance(body, dict) and any(inner not in ([], None) for inner in body.values())


def _alike(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    alike = all(one["body"] == now[0]["body"] and said(one) == said(now[0]) for one in now)
    told = f"answered {', '.join(map(said, now))}, {'alike' if alike else 'not alike'}"
    if not all(map(_succeeded, now)):
        return (UNCLEAR if alike or list(map(said, before)) != list(map(said, now)) else STILL), told
    return (GONE if alike else STILL), told


def _differs(claim: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any], varying: Any) -> str | None:
    look, where = claim.get("look", "answer"), claim.get("where", "")
    if look == "headers":
        one, other = before["headers"], now["headers"]
    elif look == "status" or "body" not in before or before["failure"]:
        one, other = said(before), said(now)
    elif said(before) != said(now):
        return f"answered {said(now)}, and {said(before)} when recorded"
    elif look == "kinds":
        one, other = _kinds(before["body"], where), _kinds(now["body"], where)
        if one and one <= other:
            return None
    else:
        place = _place(before["body"], where)
        if place is not None:
            one, other = (
                sorted(repr(normal(value, varying)) for value in all_at(it["body"], place)) for it in (before, now)
            )
        else:
            one, other = normal(before["body"], varying), normal(now["body"], varying)
            if where.startswith("/") and _place(now["body"], where) is not None:
                return f"answered with {where}, and without it when recorded"
            if _covers(one, other):
                return None
    if one == other:
        return None
    return f"answered {_short(other)}{' at ' + where if where else ''}, and {_short(one)} when recorded"


def _place(body: Any, where: str) -> str | None:
    """Where `where` leads in a body: from its root, or from the items of its lists; None: nowhere."""
    if not where.startswith("/"):
        return None
    lists = [name for name, inner in body.items() if isinstance(inner, list)] if isinstance(body, dict) else []
    roots = [where, *(f"/{name}/*{where}" for name in lists)]
    return next((one for one in roots if all_at(body, one)), None)


def _covers(before: Any, now: Any) -> bool:
    """Whether all that was said before is said now; what is said beside it may be new."""
    if isinstance(before, dict) and isinstance(now, dict):
        return all(name in now and _covers(inner, now[name]) for name, inner in before.items())
    if isinstance(before, list) and isinstance(now, list):
        return len(before) == len(now) and all(any(_covers(one, other) for other in now) for one in before)
    return bool(before == now)


def _kinds(body: Any, where: str) -> set[str]:
    return {type(one).__name__ for one in all_at(body, where)}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=sorted, ensure_ascii=True)
    return text if len(text) <= 300 else text[:297] + "..."


def unpacked(packed: Mapping[str, str]) -> bytes:
    """Bytes that a finding keeps as text, in base64, or compressed."""
    if "text" in packed:
        return packed["text"].encode("utf-8")
    data = base64.b64decode(packed.get("base64") or packed["gzip"])
    return gzip.decompress(data) if "gzip" in packed else data
