"""The generated pages of the manual: every rule, every lifecycle, every option. A hook of MkDocs (see mkdocs.yml)."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dxcontract import lifecycles, plugin, spec
from dxcontract.lifecycles import Lifecycle
from dxcontract.spec import Rule, Spec


def pages() -> Mapping[str, str]:
    """The generated pages, in Markdown, by their path below docs/."""
    loaded = spec.load()
    return {
        "reference/rules.md": "\n".join(_rules(loaded)),
        "reference/lifecycles.md": "\n".join(_lifecycles(lifecycles.load())),
        "reference/options.md": "\n".join(_options()),
    }


def on_files(files: Any, config: Any) -> Any:
    """Called by MkDocs with the pages that it found: adds the generated ones."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def _rules(loaded: Spec) -> Iterator[str]:
    yield f"# Rules\n\n{len(loaded.rules)} rules, by family. Sources are explained in `specs/sources.json`.\n"
    for subject, group in itertools.groupby(loaded.rules.values(), key=lambda rule: rule.subject):
        yield f"## {subject.replace('_', ' ')}\n"
        for rule in group:
            yield from _rule(rule, loaded)


def _rule(rule: Rule, loaded: Spec) -> Iterator[str]:
    every = len(rule.operations) == len(loaded.operations)
    operations = "all operations" if every else ", ".join(rule.operations)
    yield f"### {rule.id}\n\n{rule.statement}\n"
    yield f"{rule.level}, {rule.evidence}; {operations}; {'; '.join(map(str, rule.sources))}\n"


def _lifecycles(tables: Mapping[str, Lifecycle]) -> Iterator[str]:
    yield "# Lifecycles\n\nDashed: not caused through this API. Double border: nothing follows.\n"
    for lifecycle in tables.values():
        yield f"## {lifecycle.resource}\n\n{lifecycle.title}.\n"
        yield f"![{lifecycle.title}](../lifecycles/{lifecycle.resource}.svg)\n"
        yield "| from | to | by |\n|---|---|---|"
        for step in lifecycle.transitions:
            yield f"| {step.before} | {step.after} | {step.operation or step.event} |"
        yield ""


def _options() -> Iterator[str]:
    """The options of pytest that dxcontract adds, as the parser itself describes them."""
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    yield "# Options\n\nThese are added to pytest's own.\n\n| option | meaning |\n|---|---|"
    for option in parser.getgroup("dxcontract").options:
        attributes = option.attrs()
        metavar = f" {attributes['metavar']}" if attributes.get("metavar") else ""
        said = (
            str(attributes.get("help", "")).replace("%(default)s", str(attributes.get("default"))).replace("|", "\\|")
        )
        yield f"| `{', '.join(option.names())}{metavar}` | {said} |"
    yield "\n## Commands\n\n`dxcontract --help` and `dxcontract COMMAND --help` describe themselves."
