"""index.html: the report as one self-contained page, made of report.json's data alone.

Everything that a target sent is escaped; the page loads nothing and runs only its own script, which filters.
"""

import datetime
import html
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from dxcontract.oracle.verdict import VERDICTS
from dxcontract.report.picture import coloured
from dxcontract.spec import model as specs
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.wire.exchange import ANY_OPERATION, heading
from dxcontract.wire.safe_text import printable

Document = Mapping[str, Any]

SIGNS: Final = {"conforms": "✓", "violates": "✗", "unsupported": "-", "indeterminate": "?", "untested": "·"}
_SPOKEN: Final = {"json": "AWS JSON", "cbor": "CBOR", "both": "AWS JSON and CBOR"}
_WORDS: Final = {
    "conforms": "kept whenever it was put to the target",
    "violates": "broken at least once",
    "unsupported": "needs something that the target lacks",
    "indeterminate": "could not be decided: a timeout, or a state that was not reached",
    "untested": "not put to the target in this run",
}
_BREAKS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def page(document: Document, lifecycles: Mapping[str, Lifecycle], diagrams: Path | None) -> str:
    """The whole page; `diagrams` is the folder with an SVG for each lifecycle, if it is there."""
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    script = resources.files(__package__).joinpath("page.js").read_text(encoding="utf-8")
    body = "".join(
        [
            *_head(document),
            *_figures(document),
            *_matrix(document),
            *_violations(document),
            *_lifecycles(document, lifecycles, diagrams),
            *_rules(document),
        ]
    )
    title = f"Direct Connect contract: {_e(document['target'])}"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:\">\n"
        f'<link rel="icon" href="data:,">\n<style>\n{style}</style>\n</head>\n<body>\n'
        f'<a class="skip" href="#violations">To the violations</a>\n{body}\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _e(text: object) -> str:
    return html.escape(printable(str(text)), quote=True)


def _head(document: Document) -> Iterator[str]:
    accounts = ", ".join(document["accounts"])
    yield f"<header><h1>Direct Connect contract: {_e(document['target'])}</h1>"
    spoken = _SPOKEN[document.get("protocol", "json")]
    yield (
        f'<p class="quiet">{_e(document["endpoint"])}, {_e(document["region"])}, {spoken}, accounts {_e(accounts)}; '
        f"{_e(_minute(document['started']))}, {document['seconds']} s; dxcontract {_e(document['dxcontract'])}, "
        f"model of botocore {_e(document['botocore'])}</p>"
    )
    yield (
        '<nav aria-label="Sections"><a href="#operations">Operations</a><a href="#violations">Violations</a>'
        '<a href="#lifecycles">Lifecycles</a><a href="#rules">Rules</a></nav></header><main>'
    )


def _minute(stamp: str) -> str:
    return f"{datetime.datetime.fromisoformat(stamp).astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def _figures(document: Document) -> Iterator[str]:
    coverage, divergence = document["coverage"], document["divergence"]
    yield '<div class="figures">'
    yield _figure("coverage: operations implemented", coverage["implemented"], coverage["all"], "")
    yield _figure(
        "divergence: rules violated, of those assessed", divergence["violated"], divergence["assessed"], "bad"
    )
    yield '</div><ul class="legend" aria-label="Verdicts on rules">'
    for verdict in VERDICTS:
        yield f'<li><span class="tag {verdict}">{SIGNS[verdict]} {document["verdicts"][verdict]} {verdict}</span></li>'
    yield "</ul>"
    for error in document["harness_errors"]:
        yield f'<p class="violates">The suite itself failed in {_e(error)}: its verdicts are missing here.</p>'


def _figure(what: str, part: int, whole: int, bad: str) -> str:
    share = 100 * part / whole if whole else 0
    return (
        f'<div class="figure"><b>{part}/{whole}</b>{_e(what)}'
        f'<div class="bar"><i class="{bad}" style="width:{share:.1f}%"></i></div></div>'
    )


def _matrix(document: Document) -> Iterator[str]:
    rules = document["rules"]
    subjects = list(dict.fromkeys(rule["subject"] for rule in rules.values()))
    yield '<h2 id="operations">Operations by family of rules</h2>'
    yield '<p class="quiet">A cell shows the heaviest verdict of a family on an operation; a cross links to it.</p>'
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Operations by family of rules">'
    yield '<table class="matrix" role="table">'
    yield "<thead role='rowgroup'><tr role='row'><th scope='col' role='columnheader'>operation</th>"
    for subject in subjects:
        yield f"<th scope='col' role='columnheader'><span>{_e(subject.replace('_', ' '))}</span></th>"
    yield "</tr></thead>"
    first: dict[tuple[str, str], str] = {}
    for violation in document["violations"]:
        place = (violation["operation"], rules[violation["rule"]]["subject"])
        first.setdefault(place, violation["fingerprint"])
    names = list(document["operations"])
    for has, title in ((True, "implemented"), (False, "not implemented, or not to be sent")):
        group = [name for name in names if document["operations"][name]["supported"] == has]
        if not group:
            continue
        yield f"<tbody class='{'has' if has else 'lacks'}' role='rowgroup'><tr role='row'>"
        yield f"<th class='group' role='rowheader' scope='rowgroup' colspan='{len(subjects) + 1}'>"
        yield f"<span>{len(group)} {title}</span></th></tr>"
        for name in group:
            operation = document["operations"][name]
            yield f"<tr role='row'><th scope='row' role='rowheader' title='{_e(operation.get('reason', name))}'>"
            yield f"{_BREAKS.sub('<wbr>', _e(name))}</th>"
            for subject in subjects:
                verdicts = [v for rule, v in operation["verdicts"].items() if rules[rule]["subject"] == subject]
                yield _cell(verdicts, first.get((name, subject)), name, subject.replace("_", " "))
            yield "</tr>"
        yield "</tbody>"
    yield "</table></div>"


def _cell(verdicts: list[str], fingerprint: str | None, operation: str, family: str) -> str:
    if not verdicts:
        return "<td role='cell'></td>"
    verdict = min(verdicts, key=lambda one: VERDICTS.index(one))
    sign = SIGNS[verdict]
    count = f"{verdicts.count(verdict)} of {len(verdicts)} {verdict}"
    if verdict == "violates" and fingerprint:
        label = _e(f"{operation}, {family}: {count}")
        sign = f'<a href="#{_e(fingerprint)}" aria-label="{label}">{sign}</a>'
    return f'<td role="cell" class="{verdict}" data-family="{_e(family)}" title="{_e(family)}: {count}">{sign}</td>'


def _violations(document: Document) -> Iterator[str]:
    violations = document["violations"]
    yield '<h2 id="violations">Violations</h2>'
    if not violations:
        yield '<p class="none">None: every rule that was put to the target was kept.</p>'
        return
    operations = sorted({violation["operation"] for violation in violations})
    yield '<form class="filters" hidden aria-label="Filter the violations">'
    yield '<label>Operation<select name="operation"><option value="">all</option>'
    yield "".join(f"<option>{_e(name)}</option>" for name in operations)
    yield '</select></label><label>Verdict<select name="verdict"><option value="">all</option>'
    yield "".join(f"<option>{word}</option>" for word in ("must", "should", "info", "new", "known"))
    yield '</select></label><label>Text<input type="search" name="text" autocomplete="off"></label>'
    yield '<button type="reset">Show all</button></form>'
    yield '<p class="quiet" id="shown" role="status"></p>'
    for operation, group in itertools.groupby(violations, key=lambda one: str(one["operation"])):
        yield f'<section data-group><h3 id="of-{_e(operation)}">{_e(heading(operation))}</h3>'
        for violation in group:
            yield from _violation(violation, document["rules"][violation["rule"]])
        yield "</section>"


def _violation(violation: Mapping[str, Any], rule: Mapping[str, Any]) -> Iterator[str]:
    known = "known" if violation["known"] else "new"
    text = " ".join([violation["fingerprint"], violation["message"], rule["statement"]])
    yield (
        f'<details data-violation id="{_e(violation["fingerprint"])}" data-operation="{_e(violation["operation"])}" '
        f'data-verdict="{violation["level"]} {known}" data-text="{_e(text)}"><summary>'
        f'<span class="tag {"known" if violation["known"] else "violates"}">{violation["level"]}, {known}</span> '
        f"<b>{_e(violation['rule'])}</b>{' at ' + _e(violation['where']) if violation['where'] else ''}"
        f'<span class="what">{_e(violation["message"])}</span></summary><div>'
    )
    yield f'<p class="rule">{_e(rule["statement"])}<br><span class="quiet">{_foundation(rule)}</span></p>'
    if violation.get("steps"):
        yield '<ol class="steps">' + "".join(f"<li>{_e(step)}</li>" for step in violation["steps"]) + "</ol>"
    for exchange in violation["exchanges"]:
        yield from _exchange(exchange)
    if lines := violation.get("reproduction", {}).get("aws_cli"):
        commands = "\n".join(lines)
        yield f"<div><h4>the same with the AWS CLI</h4><pre tabindex='0'>{_e(commands)}</pre></div>"
    yield f'<p class="quiet">found by {_e(violation["test"])}</p></div></details>'


def _foundation(rule: Mapping[str, Any]) -> str:
    """What a rule rests on, with links; a report of an older version has no links."""
    founded = rule.get("foundation")
    if not founded:
        return f"{_e(rule['evidence'])}: {'; '.join(map(_e, rule['sources']))}"
    links = zip(rule["sources"], founded["links"], strict=True)
    sources = "; ".join(f'<a href="{_e(link)}" rel="noreferrer">{_e(source)}</a>' for source, link in links)
    return f"{_e(founded['words'])} {sources}"


def _exchange(exchange: Mapping[str, Any]) -> Iterator[str]:
    request, response = exchange["request"], exchange["response"]
    sent = "\n".join(f"{name}: {value}" for name, value in request["headers"].items())
    yield f'<div class="sides"><div><h4>{_e(_asked(exchange))}</h4>'
    yield f"<pre tabindex='0'>{_e(request['method'])} {_e(request['url'])}\n{_e(sent)}\n\n"
    yield f"{_e(_pretty(request['body']))}</pre></div>"
    if response is None:
        yield f"<div><h4>nothing came back</h4><pre tabindex='0'>{_e(exchange['failure'])}</pre></div></div>"
        return
    came = "\n".join(f"{name}: {value}" for name, value in response["headers"].items())
    yield f"<div><h4>came back after {1000 * exchange['seconds']:.0f} ms</h4>"
    yield f"<pre tabindex='0'>{response['status']}\n{_e(came)}\n\n{_e(_pretty(response['body']))}</pre></div></div>"


def _asked(exchange: Mapping[str, Any]) -> str:
    named = exchange["operation"] if exchange["operation"] != ANY_OPERATION else "a request that names no operation"
    return f"{exchange['account']} sent {named}"


def _pretty(body: str) -> str:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        return text if len(text) <= 8 * len(body) else body  # deep ones are hundreds of times as long indented
    except (ValueError, RecursionError):  # no JSON, or nested so deeply that nobody would read it indented
        return body


def _lifecycles(document: Document, lifecycles: Mapping[str, Lifecycle], diagrams: Path | None) -> Iterator[str]:
    yield '<h2 id="lifecycles">Lifecycles</h2>'
    yield (
        '<p class="quiet">Green: seen in this run, directly or on the way between two observations. Grey: never seen. '
        "Red: seen, and not allowed.</p>"
    )
    for name, lifecycle in lifecycles.items():
        seen = document["lifecycles"].get(name, {"reached": [], "violated": []})
        steps = on_the_way(lifecycle, seen["reached"])
        possible = {(one.before, one.after) for one in lifecycle.transitions}
        yield f'<details id="lifecycle-{_e(name)}"><summary><b>{_e(name)}</b> '
        yield f'<span class="tag">{len(steps & possible)} of {len(possible)} transitions seen</span>'
        if seen["violated"]:
            yield f' <span class="tag violates">{len(seen["violated"])} violated</span>'
        yield f'<span class="what quiet">{_e(lifecycle.title)}</span></summary><div>'
        for before, after in seen["violated"]:
            said = f"{before} was followed by {after}" if before else f"began as {after}"
            yield f'<p class="violates">✗ {_e(said)}</p>'
        path = diagrams / f"{name}.svg" if diagrams else None
        if path is not None and path.exists():
            states = {state for pair in seen["reached"] for state in pair}
            wrong = [(before, after) for before, after in seen["violated"]]
            svg = coloured(path.read_text(encoding="utf-8"), steps, states, wrong)
            yield f'<div class="diagram" role="img" tabindex="0" aria-label="{_e(lifecycle.title)}">{svg}</div>'
        yield "</div></details>"


def on_the_way(lifecycle: Lifecycle, reached: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    """The table's steps that what was seen went through: the shortest way between two observations."""
    return {step for before, after in reached for step in _way(lifecycle, before, after)}


def _way(lifecycle: Lifecycle, before: str, after: str) -> list[tuple[str, str]]:
    if not before:
        return [("", after)]
    ways: list[list[str]] = [[before]]
    visited = {before}
    for way in ways:
        if way[-1] == after and len(way) > 1:
            return list(itertools.pairwise(way))
        for step in lifecycle.transitions:
            if step.before == way[-1] and step.after not in visited:
                visited.add(step.after)
                ways.append([*way, step.after])
    return []


def _rules(document: Document) -> Iterator[str]:
    yield '<h2 id="rules">Rules</h2>'
    rules = sorted(document["rules"].items(), key=lambda item: item[1]["subject"])
    for subject, group in itertools.groupby(rules, key=lambda item: str(item[1]["subject"])):
        listed = list(group)
        violated = sum(rule["verdict"] == "violates" for _, rule in listed)
        yield f"<details><summary><b>{_e(subject.replace('_', ' '))}</b> "
        yield f'<span class="tag">{len(listed)} rules</span>'
        yield f' <span class="tag violates">{violated} violated</span>' if violated else ""
        yield "</summary><div>"
        for name, rule in listed:
            yield (
                f'<p><span class="tag {rule["verdict"]}" title="{_WORDS[rule["verdict"]]}">'
                f"{SIGNS[rule['verdict']]} {rule['verdict']}</span> <b>{_e(name)}</b> "
                f'<span class="quiet">{rule["level"]}, {rule["evidence"]}</span><br>{_e(rule["statement"])}'
            )
            for reason in rule["reasons"][:2] if rule["verdict"] not in ("conforms", "violates") else ():
                yield f'<br><span class="quiet">{_e(reason)}</span>'
            yield "</p>"
        yield "</div></details>"
    yield "</main>"


def diagrams_folder() -> Path | None:
    """Where the pictures of the lifecycles lie: in the wheel's suite or in the checkout."""
    folder = specs.root().parent / "docs" / "lifecycles"
    return folder if folder.is_dir() else None
