"""Generates the reference pages of the documentation: rules, lifecycles, options, keys and members.

MkDocs adds them (docs/hook.py). In a checkout, a placeholder of the same name under docs/ keeps the links valid.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from dxcontract.cli import main
from dxcontract.pytest_plugin import options
from dxcontract.run import project_config, suite
from dxcontract.spec import lifecycles, model, sources
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.spec.model import Rule, Spec


def pages() -> Mapping[str, str]:
    """The generated pages, in Markdown, by their path below docs/."""
    loaded = model.load()
    return {
        "reference/rules.md": "\n".join(_rules(loaded)),
        "reference/lifecycles.md": "\n".join(_lifecycles(lifecycles.load())),
        "reference/options.md": "\n".join(_options()),
        "reference/configuration.md": "\n".join(_configuration()),
        "reference/report-schema.md": "\n".join(_report()),
    }


def on_files(files: Any, config: Any) -> Any:
    """Replace the placeholders of a checkout by the generated pages. MkDocs calls it with the pages that it found."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        if (placeholder := files.get_file_from_path(path)) is not None:
            files.remove(placeholder)
        files.append(File.generated(config, path, content=text))
    return files


def _rules(loaded: Spec) -> Iterator[str]:
    yield f"# Rules\n\n{len(loaded.rules)} rules, by family. `specs/sources.json` describes the sources.\n"
    for subject, group in itertools.groupby(loaded.rules.values(), key=lambda rule: rule.subject):
        yield f"## {subject.replace('_', ' ')}\n"
        for rule in group:
            yield from _rule(rule, loaded)


def _rule(rule: Rule, loaded: Spec) -> Iterator[str]:
    every = len(rule.operations) == len(loaded.operations)
    operations = "all operations" if every else ", ".join(rule.operations)
    links = "; ".join(f"[{_cell(str(one))}]({sources.address(loaded, one)})" for one in rule.sources)
    yield f"### {rule.id}\n\n{rule.statement}\n\n{sources.foundation(loaded, rule).words}\n"
    yield f"{rule.level}, {rule.evidence}; {operations}; {links}\n"


def _lifecycles(tables: Mapping[str, Lifecycle]) -> Iterator[str]:
    yield "# Lifecycles\n\nDashed lines: transitions that this API does not cause. Double borders: final states.\n"
    for lifecycle in tables.values():
        yield f"## {lifecycle.resource}\n\n{lifecycle.title}.\n"
        yield f"![{lifecycle.title}](../lifecycles/{lifecycle.resource}.svg)\n"
        yield "| from | to | by |\n|---|---|---|"
        for step in lifecycle.transitions:
            yield f"| {step.before} | {step.after} | {step.operation or step.event} |"
        yield ""


def _options() -> Iterator[str]:
    """The options that dxcontract adds to pytest's, and its commands, as the parsers themselves describe them."""
    yield "# Options\n\n`dxcontract run`, and `pytest` in a checkout, take these options and the options of pytest:\n"
    parser = pytest.Parser(_ispytest=True)
    options.pytest_addoption(parser)
    suite.module("strategies.profiles").pytest_addoption(parser)
    yield "| option | meaning |\n|---|---|"
    for option in parser.getgroup("dxcontract").options:
        yield _option(option.names(), option.attrs())
    yield "\nPut your default options in [dxcontract.toml](configuration.md).\n"
    for name, command in main.parser()[1].items():
        yield f"## dxcontract {name}\n"
        actions = [one for one in command._actions if one.dest != "help"]
        if not actions:
            yield "No options.\n" if name != "run" else "The options are listed above.\n"
            continue
        yield "| option | meaning |\n|---|---|"
        for action in actions:
            names = action.option_strings or [str(action.metavar or action.dest)]
            metavar = action.metavar if action.option_strings and action.nargs != 0 else None
            yield _option(names, {"metavar": metavar, "help": action.help, "default": action.default})
        yield ""


def _option(names: Sequence[str], attributes: Mapping[str, Any]) -> str:
    metavar = f" {attributes['metavar']}" if attributes.get("metavar") else ""
    said = str(attributes.get("help") or "").replace("%(default)s", str(attributes.get("default")))
    return f"| `{', '.join(names)}{metavar}` | {_cell(said)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _configuration() -> Iterator[str]:
    """The keys of a project's file, as the schema describes them."""
    yield "# dxcontract.toml\n"
    yield (
        "Put your default options in `dxcontract.toml`, or in the table `[tool.dxcontract]` of `pyproject.toml`. "
        "dxcontract searches the current folder and, within a repository, its parents up to the root of the "
        "repository. `dxcontract run` and `pytest` in a checkout use all keys. Other commands use the keys for which "
        "they have an option. The command line takes precedence.\n"
    )
    yield '```toml\ntarget = "http://127.0.0.1:4566"\nknown-gaps = "ci/direct-connect-gaps.toml"\nworkers = 2\n'
    yield '[accounts]\nowner = "111111111111"\nother = "222222222222"\n```\n'
    yield (
        "Paths are relative to the folder of the file. The file must not contain keys and passwords, because it is "
        "shared. It must not contain `allow`, `account`, `budget` and `emulator`: set the permissions on a real "
        "account for each run.\n"
    )
    yield "| key | value | meaning |\n|---|---|---|"
    for key, rule in project_config.schema()["properties"].items():
        yield f"| `{key}` | {_cell(rule['title'])} | {_cell(rule['description'])} |"


def _report() -> Iterator[str]:
    """Every member of report.json, as the schema has it."""
    schema = model.read(model.root() / "schemas" / "report.json")
    yield "# Members of report.json\n\nSee [report.json](report.md). `*` stands for any name, `[]` for any item.\n"
    yield "| member | type | meaning |\n|---|---|---|"
    for path, kind, said in _members(schema, schema, ""):
        yield f"| `{path}` | {_cell(kind)} | {_cell(said)} |"


def _members(node: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    said = str(node.get("description", ""))
    if "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]]
    if path:
        yield path, _kind(node), said or str(node.get("description", ""))
    for one in node.get("anyOf", ()):
        yield from itertools.islice(_members(one, root, path), 1, None)
    for name, inner in node.get("properties", {}).items():
        yield from _members(inner, root, f"{path}.{name}".lstrip("."))
    if isinstance(inner := node.get("additionalProperties"), dict):
        yield from _members(inner, root, f"{path}.*")
    if isinstance(inner := node.get("items"), dict):
        yield from _members(inner, root, f"{path}[]")


def _kind(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return " or ".join(map(str, node["enum"]))
    if "const" in node:
        return json.dumps(node["const"])
    if "anyOf" in node:
        return " or ".join(_kind(one) for one in node["anyOf"])
    found = node.get("type", "any")
    return " or ".join(found) if isinstance(found, list) else str(found)
