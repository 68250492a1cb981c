"""index.html: the report as one self-contained page, rendered by `templates/` from report.json's data alone.

Jinja2 escapes all that a target sent; the page loads nothing and runs only its own script, which filters. Only
`_trusted` marks text as HTML, and templates have no filter that does.
"""

import datetime
import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from dxcontract.oracle.verdict import VERDICTS
from dxcontract.report.lifecycle_diagram import coloured
from dxcontract.spec import model as specs
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.wire.exchange import ANY_OPERATION, heading
from dxcontract.wire.safe_text import printable

Document = Mapping[str, Any]

SIGNS: Final = {"conforms": "✓", "violates": "✗", "unsupported": "-", "indeterminate": "?", "untested": "·"}
_PROTOCOLS: Final = {"json": "AWS JSON", "cbor": "CBOR", "both": "AWS JSON and CBOR"}
_MEANINGS: Final = {
    "conforms": "kept whenever it was put to the target",
    "violates": "broken at least once",
    "unsupported": "needs something that the target lacks",
    "indeterminate": "could not be decided: a timeout, or a state that was not reached",
    "untested": "not put to the target in this run",
}
_BREAKS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class _Cell:
    """The verdicts of one family of rules on one operation; `violation` is the fingerprint that a cross links to."""

    family: str
    verdict: str
    count: str
    violation: str


@dataclass(frozen=True)
class _Row:
    operation: str
    title: str
    cells: Sequence[_Cell | None]


@dataclass(frozen=True)
class _Group:
    implemented: bool
    rows: Sequence[_Row]


@dataclass(frozen=True)
class _Matrix:
    families: Sequence[str]
    groups: Sequence[_Group]


@dataclass(frozen=True)
class _SeenLifecycle:
    """A lifecycle with what the run saw of it: how many of its possible transitions, and which others."""

    name: str
    title: str
    seen: int
    possible: int
    violated: Sequence[tuple[str, str]]
    diagram: Markup | None


@dataclass(frozen=True)
class _Family:
    name: str
    rules: Sequence[tuple[str, Mapping[str, Any]]]
    violated: int


def page(document: Document, lifecycles: Mapping[str, Lifecycle], diagrams: Path | None) -> str:
    """The whole page; `diagrams` is the folder with an SVG for each lifecycle, if it is there."""
    package = resources.files(__package__)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            document=document,
            protocol=_PROTOCOLS[document.get("protocol", "json")],
            started=_minute(document["started"]),
            matrix=_matrix(document),
            lifecycles=[_seen(document, lifecycle, diagrams) for lifecycle in lifecycles.values()],
            families=_families(document),
            style=_trusted(package.joinpath("page.css").read_text(encoding="utf-8")),
            script=_trusted(package.joinpath("page.js").read_text(encoding="utf-8")),
        )
    )


@functools.cache
def environment() -> jinja2.Environment:
    """The templates. Each value that they show is made printable, then escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("dxcontract.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    del made.filters["safe"]
    made.globals |= {
        "asked": _asked,
        "heading": heading,
        "headers": _headers,
        "indented": _indented,
        "meanings": _MEANINGS,
        "runs": _runs,
        "signs": SIGNS,
        "verdicts": VERDICTS,
        "words": _BREAKS.split,
    }
    return made


def _trusted(text: str) -> Markup:
    """Text of this package as HTML: the style sheet, the script, and the pictures of lifecycles, which are our own SVG
    files with classes and arrows added. Nothing else may be marked, least of all what a target sent."""
    return Markup(text)  # noqa: S704 - the one place


def _shown(value: object) -> object:
    return value if isinstance(value, Markup) else printable(str(value))


def _minute(stamp: str) -> str:
    return f"{datetime.datetime.fromisoformat(stamp).astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def _matrix(document: Document) -> _Matrix:
    rules = document["rules"]
    subjects = list(dict.fromkeys(rule["subject"] for rule in rules.values()))
    first: dict[tuple[str, str], str] = {}
    for violation in document["violations"]:
        place = (violation["operation"], rules[violation["rule"]]["subject"])
        first.setdefault(place, violation["fingerprint"])

    def row(name: str, operation: Mapping[str, Any]) -> _Row:
        cells = []
        for subject in subjects:
            verdicts = [v for rule, v in operation["verdicts"].items() if rules[rule]["subject"] == subject]
            cells.append(_cell(_spaced(subject), verdicts, first.get((name, subject), "")))
        return _Row(name, operation.get("reason", name), cells)

    rows = {name: row(name, operation) for name, operation in document["operations"].items()}
    groups = [
        _Group(has, [rows[name] for name, one in document["operations"].items() if one["supported"] == has])
        for has in (True, False)
    ]
    return _Matrix([_spaced(subject) for subject in subjects], groups)


def _cell(family: str, verdicts: list[str], violation: str) -> _Cell | None:
    if not verdicts:
        return None
    verdict = min(verdicts, key=lambda one: VERDICTS.index(one))
    count = f"{verdicts.count(verdict)} of {len(verdicts)} {verdict}"
    return _Cell(family, verdict, count, violation if verdict == "violates" else "")


def _spaced(subject: str) -> str:
    return subject.replace("_", " ")


def _runs(entries: Iterable[Mapping[str, Any]], key: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Neighbours with the same value of a member, with that value."""
    for value, group in itertools.groupby(entries, key=lambda one: str(one[key])):
        yield value, list(group)


def _headers(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def _asked(exchange: Mapping[str, Any]) -> str:
    operation = exchange["operation"]
    return str(operation) if operation != ANY_OPERATION else "a request that names no operation"


def _indented(body: str) -> str:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        return text if len(text) <= 8 * len(body) else body  # deep ones are hundreds of times as long indented
    except (ValueError, RecursionError):  # no JSON, or nested so deeply that nobody would read it indented
        return body


def _seen(document: Document, lifecycle: Lifecycle, diagrams: Path | None) -> _SeenLifecycle:
    name = lifecycle.resource
    seen = document["lifecycles"].get(name, {"reached": [], "violated": []})
    steps = on_the_way(lifecycle, seen["reached"])
    possible = {(one.before, one.after) for one in lifecycle.transitions}
    violated = [(before, after) for before, after in seen["violated"]]
    path = diagrams / f"{name}.svg" if diagrams else None
    diagram = None
    if path is not None and path.exists():
        states = {state for pair in seen["reached"] for state in pair}
        diagram = _trusted(coloured(path.read_text(encoding="utf-8"), steps, states, violated))
    return _SeenLifecycle(name, lifecycle.title, len(steps & possible), len(possible), violated, diagram)


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


def _families(document: Document) -> list[_Family]:
    rules = sorted(document["rules"].items(), key=lambda item: item[1]["subject"])
    families = []
    for subject, group in itertools.groupby(rules, key=lambda item: str(item[1]["subject"])):
        listed = list(group)
        violated = sum(rule["verdict"] == "violates" for _, rule in listed)
        families.append(_Family(_spaced(subject), listed, violated))
    return families


def diagrams_folder() -> Path | None:
    """Where the pictures of the lifecycles lie: in the wheel's suite or in the checkout."""
    folder = specs.root().parent / "docs" / "lifecycles"
    return folder if folder.is_dir() else None
