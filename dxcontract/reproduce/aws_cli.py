"""Writes the steps of a finding as AWS CLI commands, in a script for any POSIX shell.

A comment marks a step that the CLI cannot send, because it validates, signs and frames requests itself.
"""

import functools
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import botocore.loaders
import botocore.session
import botocore.validate
from botocore import xform_name

from dxcontract.reproduce import judge
from dxcontract.reproduce.plain_cbor import is_in_cbor
from dxcontract.spec.model import Json
from dxcontract.targets.target import aws_suffixes
from dxcontract.wire.credentials import ROLES

_PLACEHOLDER: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_UNSENDABLE: Final = re.compile("[\0\ud800-\udfff]")
_ANY_ENDPOINT: Final = "http://HOST:PORT"
_READ_FROM: Final = ("file://", "fileb://", "http://", "https://")

_HEAD: Final = """#!/bin/sh
# {title}
# {message}
# What the contract says: {statement}
#
# Run it against the same target: sh {name} {argument}. It needs the AWS CLI. Exit status: 1 when it still happens,
# 0 when it does not any more, 2 when that cannot be told; the Python script beside this one can tell more. What it
# makes is not deleted.
ENDPOINT=${{1:-{endpoint}}}
case "$ENDPOINT" in http://*|https://*) ;; *)
  echo "usage: sh {name} ENDPOINT, such as http://127.0.0.1:4566" >&2; exit 2 ;;
esac
REGION={region}
RUN="dxc-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \\n')"
# The host is AWS's own, or spelled such that it may be: decided as dxcontract does.
is_aws() (
  LC_ALL=C
  case $1 in *[!!-~]*) exit 0 ;; esac
  host=$(printf '%s' "$1" | tr 'A-Z' 'a-z' | sed -e 's|^https\\{{0,1\\}}:||' -e 's|^//*||' -e 's|[/?#].*||')
  host=$(printf '%s' "$host" | sed -e 's|:[0-9]*$||')
  case $host in "["*[][]*"]" | "["*[!][0-9a-z:.%_-]*"]") exit 0 ;; "["?*"]") exit 1 ;; esac
  case $host in *[!a-z0-9._-]*) exit 0 ;; esac
  host=$(printf '%s.' "$host" | sed -e 's|[.][.]*|.|g' -e 's|xn--||g' -e 's|-[.]|.|g' -e 's|[.]$||')
  case .$host in
    {aws}) exit 0 ;;
  esac
  exit 1
)
if is_aws "$ENDPOINT"; then
  echo "not against AWS itself: what this sends may be a physical order" >&2; exit 2
fi
# The credentials of each role; others through the variables DX_OWNER=KEY:SECRET, DX_OTHER and DX_PARTNER.
for key in "${{DX_OWNER-}}" "${{DX_OTHER-}}" "${{DX_PARTNER-}}"; do
  case $key in [Aa][KkSs][Ii][Aa]* | {key}* | {old_key}*)
    test -n "${{DX_EMULATOR-}}" && continue
    echo "not with a key that looks like AWS's: if an emulator listens there, set DX_EMULATOR=1" >&2; exit 2 ;;
  esac
done
dx() {{ # ROLE REGION OPERATION [OPTION]...
  case $1 in owner) keys=${{DX_OWNER:-111111111111:dxcontract}} ;; other) keys=${{DX_OTHER:-222222222222:dxcontract}} ;;
    *) keys=${{DX_PARTNER:-333333333333:dxcontract}} ;; esac
  region=$2; shift 2
  if AWS_ACCESS_KEY_ID=${{keys%%:*}} AWS_SECRET_ACCESS_KEY=${{keys#*:}} AWS_SESSION_TOKEN= \\
    AWS_MAX_ATTEMPTS=1 AWS_PAGER= \\
    aws directconnect "$@" --endpoint-url "$ENDPOINT" --region "$region" --output "${{OUTPUT:-json}}" 2>"$NOTED/said"
  then echo 200 >"$NOTED/answered"; else
    sed -n 's/.*An error occurred (\\([^)]*\\)) when calling.*/\\1/p' "$NOTED/said" >"$NOTED/answered"
    [ -s "$NOTED/answered" ] || echo nothing >"$NOTED/answered"
    cat "$NOTED/said" >&2
  fi
}}
tell() {{ echo "$1"; exit "$2"; }} # VERDICT STATUS
went() {{ # NUMBER OPERATION RECORDED: a step that is not judged has to be answered as when it was recorded
  now=$(cat "$NOTED/answered")
  [ "$now" = "$3" ] || tell "cannot tell: step $1, $2, was answered $now; when it was recorded: $3" 2
}}
judged() {{ # RECORDED WANTED...: the last step, and the answers that the rule asks for
  now=$(cat "$NOTED/answered"); recorded=$1; shift
  for one; do [ "$now" != "$one" ] || tell "no longer happens: answered $now" 0; done
  [ "$now" != "$recorded" ] || tell "still happens: answered $now" 1
  tell "cannot tell: answered $now, which is neither what the rule asks for nor what was recorded" 2
}}
NOTED=$(mktemp -d) || exit 2
trap 'rm -rf "$NOTED"' EXIT
for one in {controls}; do
  if dx {role} "$REGION" "${{one%%:*}}" 2>/dev/null | grep -q "\\"${{one#*:}}\\""; then one=; break; fi
  [ "$(cat "$NOTED/answered")" != nothing ] || break
done
[ -z "$one" ] || tell "cannot tell: the endpoint does not answer as Direct Connect does: $(cat "$NOTED/answered")" 2
"""
_ACCOUNT: Final = (
    "ACCOUNT_{upper}=${{DX_{upper}_ID:-{digits}}} # the account id of the {role} account; another one through "
    "DX_{upper}_ID"
)
_DIGITS: Final = dict(zip(ROLES, ("111111111111", "222222222222", "333333333333"), strict=True))


def script(finding: Json, statement: str, endpoint: str, name: str, other_region: str) -> str:
    """The shell script; `statement` is the statement of the rule."""
    text = json.dumps([{"params": one.get("params"), "request": one.get("request")} for one in finding["steps"]])
    roles = [role for role in ROLES if f"${{account-{role}}}" in text]
    in_cbor = any(map(is_in_cbor, finding["steps"]))
    gateways = sorted(set(re.findall(r"\$\{((?:vgw|tgw)-\d+)\}", text)))
    return "\n".join(
        [
            _HEAD.format(
                title=_comment(f"{finding['rule']} on {finding['operation']} {finding['where']}".strip()),
                message=_comment(finding["message"]),
                statement=_comment(statement),
                name=name,
                argument="[ENDPOINT]" if endpoint else "ENDPOINT",
                endpoint=shlex.quote(endpoint) if endpoint else "",
                role=finding["steps"][0]["account"],
                controls=" ".join(f"{xform_name(one, '-')}:{member}" for one, member in judge.CONTROLS.items()),
                region=finding["region"],
                aws=" | ".join(f"*.{suffix}" for suffix in sorted(aws_suffixes())),
                key="A" + 15 * "[0-9A-Z]",
                old_key="[0-9]" + 19 * "[0-9A-Z]",
            ).rstrip("\n"),
            *(["# It was found over CBOR, and the AWS CLI asks in JSON: see the Python script."] * in_cbor),
            *(f': "${{{_variable(one)}:?is to be the id of a gateway of EC2, as it begins}}"' for one in gateways),
            *(_ACCOUNT.format(upper=role.upper(), digits=_DIGITS[role], role=role) for role in roles),
            "",
            *_judged_lines(finding, other_region),
            "",
        ]
    )


def _judged_lines(finding: Json, other_region: str) -> Iterator[str]:
    """The lines of the steps, each followed by one that ends the script unless it was answered as it has to be."""
    steps, judged, claim = finding["steps"], finding["judged"], finding["claim"]
    for number, (step, sent) in enumerate(zip(steps, _sent(finding, other_region), strict=True), 1):
        yield from sent
        recorded = _recorded(step["answer"])
        if sent[0].startswith("#"):
            yield f'tell "cannot tell: step {number} was not sent" 2'
        elif "together" not in step and number not in judged:
            yield f"went {number} {step['operation']} {shlex.quote(recorded)}"
    wanted = {"accepted": ["200"], "refused": claim.get("errors", [])}.get(claim.get("asks", ""), [])
    if not wanted or claim.get("empty") or "together" in steps[judged[-1] - 1] or judged[-1] != len(steps):
        yield 'tell "cannot tell: the Python script compares what was answered with what was recorded" 2'
        return
    yield f"judged {' '.join(map(shlex.quote, [_recorded(steps[-1]['answer']), *wanted]))}"


def _recorded(answer: Json) -> str:
    """A recorded answer in the words of the AWS CLI, which does not show the status of an error that has a type."""
    if 200 <= answer["status"] < 300:
        return "200"
    return str(answer["error"] or answer["status"] or "nothing")


def commands(finding: Json, endpoint: str, other_region: str) -> list[str]:
    """The steps as commands to read or copy, with the keys of the owner unless a comment says otherwise."""
    made = lines(finding, other_region, by_hand=True)
    text = "\n".join(made)
    named = {"ENDPOINT": shlex.quote(endpoint or _ANY_ENDPOINT), "REGION": finding["region"], "RUN": "dxc-example"}
    named |= {f"ACCOUNT_{role.upper()}": _DIGITS[role] for role in ROLES}
    used = [f"{name}={value}" for name, value in named.items() if re.search(rf"\$\{{?{name}\b", text)]
    return [*used, *made]


def lines(finding: Json, other_region: str, *, by_hand: bool = False) -> list[str]:
    """The lines of the steps, for the script or (`by_hand`) for reading."""
    return [line for sent in _sent(finding, other_region, by_hand=by_hand) for line in sent]


def _sent(finding: Json, other_region: str, *, by_hand: bool = False) -> list[list[str]]:
    """The lines of each step."""
    steps = finding["steps"]
    text = [json.dumps([one.get("params"), one.get("request")]) for one in steps]
    made = []
    for number, step in enumerate(steps, 1):
        later = "".join(text[number:])
        wanted = list(dict.fromkeys(re.findall(rf"\$\{{({number}/[^{{}}]*)\}}", later)))
        region = other_region if step.get("region") == "other" else '"$REGION"'
        sent = _step(number, step, region, wanted, by_hand=by_hand)
        if "together" in step and not sent[0].startswith("#"):
            last = number == len(steps) or steps[number].get("together") != step["together"]
            sent = [f"{{ {'; '.join(sent)}; }} &", *(["wait"] if last else [])] if not wanted else sent
        made.append(sent)
    return made


def _step(number: int, step: Json, region: str, wanted: Sequence[str], *, by_hand: bool) -> list[str]:
    if (why := unsendable(step)) is not None:
        return [f"# Step {number}: the AWS CLI cannot send this {step['operation']} ({why}); the Python script does."]
    operation = f"{xform_name(step['operation'], '-')}{_options(step)}"
    command = f"dx {step['account']} {region} {operation}"
    asked, before = "OUTPUT=text; ", []
    if by_hand:
        command = f'aws directconnect {operation} --endpoint-url "$ENDPOINT" --region {region}'
        asked, before = "", [f"# with the keys of the {step['account']} account:"] if step["account"] != "owner" else []
    if not wanted:
        return [*before, command]
    fields = ", ".join(_jmespath(one.partition("/")[2]) for one in wanted)
    query = f"--query {shlex.quote(f'[{fields}]')}{' --output text' if by_hand else ''}"
    return [
        *before,
        f"FOUND=$({asked}{command} {query})",
        *(f"{_variable(one)}=$(printf '%s' \"$FOUND\" | cut -f{place})" for place, one in enumerate(wanted, 1)),
    ]


def unsendable(step: Json) -> str | None:
    """The reason why the AWS CLI cannot send a step; None if it can."""
    if "request" in step:
        return "it is no request of a client"
    params = step["params"]
    if _UNSENDABLE.search(_all_texts(params)):
        return "it holds characters that no shell passes on"
    if step["operation"] not in _model().operation_names:
        return "no such operation"
    shape = _model().operation_model(step["operation"]).input_shape
    filled = _dummy(params)
    if shape is None:
        return "it takes nothing" if params else None
    report = botocore.validate.ParamValidator().validate(filled, shape)
    if report.has_errors():
        return "it breaks the model, which the CLI checks first"
    if unknown := sorted(set(params) - set(shape.members)):
        return f"the CLI knows no {unknown[0]}"
    return None


@functools.cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("directconnect")


def _dummy(tree: Any) -> Any:
    """`tree` with something in place of the placeholders, as long as ids are."""
    if isinstance(tree, dict):
        return {name: _dummy(inner) for name, inner in tree.items()}
    if isinstance(tree, list):
        return [_dummy(inner) for inner in tree]
    return _PLACEHOLDER.sub("dxcon-ffffffff", tree) if isinstance(tree, str) else tree


def _all_texts(tree: Any) -> str:
    if isinstance(tree, Mapping):
        return "".join(f"{name}{_all_texts(inner)}" for name, inner in tree.items())
    if isinstance(tree, list):
        return "".join(map(_all_texts, tree))
    return tree if isinstance(tree, str) else ""


def _options(step: Json) -> str:
    operation = _model().operation_model(step["operation"])
    if any(not _is_an_option(value) for value in step["params"].values()):
        return (
            " --cli-input-json " + _quoted(json.dumps(step["params"], ensure_ascii=False)) + _pages(step["operation"])
        )
    parts = []
    for name, value in step["params"].items():
        option = xform_name(name, "-")
        if isinstance(value, bool):
            parts.append(f" --{'' if value else 'no-'}{option}")
        elif isinstance(value, str):
            parts.append(f" --{option}{'=' if value.startswith('-') else ' '}{_quoted(value)}")
        else:
            parts.append(f" --{option} {_quoted(json.dumps(value, ensure_ascii=False))}")
    return "".join(parts) + _pages(operation.name)


def _is_an_option(value: Any) -> bool:
    """Whether the CLI takes a value as it is: not read from a file, not empty, nothing that its shorthand eats."""
    if isinstance(value, str):
        return bool(value) and not value.startswith(_READ_FROM)
    return value is not None


def _pages(operation: str) -> str:
    """One page is one request: the CLI would go on by itself."""
    return " --no-paginate" if _pageable(operation) else ""


@functools.cache
def _pageable(operation: str) -> bool:
    return operation in botocore.loaders.Loader().load_service_model("directconnect", "paginators-1")["pagination"]


def _quoted(text: str) -> str:
    """A text as one word of a shell, its placeholders as variables."""
    parts, place = [], 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append(_literal(text[place : found.start()]))
        parts.append(_literal("${") if found[1] is None else _reference(found[1]))
        place = found.end()
    parts.append(_literal(text[place:]))
    return "".join(parts) or "''"


def _literal(text: str) -> str:
    return shlex.quote(text) if text else ""


def _reference(name: str) -> str:
    kind, _, rest = name.partition(":")
    if kind == "location":
        return _literal(rest)
    if name == "region":
        return '"$REGION"'
    if name.startswith("name-"):
        return f'"$RUN-{name.removeprefix("name-")}"'
    return f'"${{{_variable(name)}}}"'


def _variable(name: str) -> str:
    step, slash, pointer = name.partition("/")
    plain = re.sub(r"[^A-Za-z0-9]+", "_", f"{pointer}_{step}" if slash else name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain).upper()


def _jmespath(pointer: str) -> str:
    parts = [f"[{part}]" if part.isdecimal() else f'."{part}"' for part in pointer.split("/")]
    return "".join(parts).removeprefix(".")


def _comment(text: str) -> str:
    return " ".join(text.split())
