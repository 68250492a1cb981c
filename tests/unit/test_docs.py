"""What the documentation asks to type can be typed: every `dxcontract …` and `pytest …` in it is understood."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxcontract import cli, hints, manual
from dxcontract import spec as specs

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```\w*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:[A-Z_]+=\S* )*(?:\.venv/bin/)?(dxcontract|pytest)( .*)?$")
INLINE = re.compile(r"`(dxcontract [a-z][^`]*)`")
PARTS = re.compile(r"\s(?:\|\||&&|\||>>?|2>)\s|\s#\s|;\s")
"""What ends a command in a shell."""

PLACEHOLDERS = {"COMMAND", "…", "...", "LEVEL", "SHELL"}


def commands() -> Iterator[tuple[str, str]]:
    """(page, command) for every command of ours in the pages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        name = str(page.relative_to(ROOT))
        for _, block in BLOCK.findall(text):
            for line in block.replace("\\\n", " ").splitlines():
                for part in PARTS.split(line):
                    if found := COMMAND.match(part.rstrip()):
                        yield name, f"{found[1]}{found[2] or ''}"
        for command in INLINE.findall(BLOCK.sub("", text)):
            yield name, command


COMMANDS = sorted(set(commands()))


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 30
    assert {command.split()[1] for _, command in COMMANDS if command.startswith("dxcontract ")} >= {"run", "rules"}


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_is_understood(page: str, command: str, pytestconfig: pytest.Config) -> None:
    program, *arguments = shlex.split(command)
    if PLACEHOLDERS & set(arguments):
        arguments = [one for one in arguments if one not in PLACEHOLDERS]
    if program == "pytest" or arguments[:1] == ["run"]:
        given = arguments[1:] if program == "dxcontract" else arguments
        namespace, strange = pytestconfig._parser.parse_known_and_unknown_args(given)
        assert strange == [], f"{page}: {command}"
        if namespace.target and not namespace.target.startswith("http"):
            hints.check_target(namespace.target)
        for rule in namespace.rule:
            specs.load().rule(rule)
        for operation in namespace.operation:
            specs.load().operation(operation)
    elif arguments:
        assert arguments[0] in cli.parser()[1], f"{page}: {command}"
        if len(arguments) > 1:
            cli.parser()[0].parse_args(arguments)


def test_every_option_that_is_named_exists(pytestconfig: pytest.Config) -> None:
    """Inline mentions such as `--known-gaps=FILE`, of ours, of pytest or of another program's that is named here."""
    others = {"--quiet", "--upgrade", "--universal", "--python-version", "--extra", "--host", "--port", "--version"}
    others |= {"--include-operation-id", "--max-examples"}
    known = {*others, *pytestconfig._parser.optparser._option_string_actions}
    for command in cli.parser()[1].values():
        known |= {name for action in command._actions for name in action.option_strings}
    for page in PAGES:
        for name in re.findall(r"`(--[a-z][a-z-]+)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
            assert name in known, f"{page.relative_to(ROOT)} names {name}"


def test_generated_pages_are_whole() -> None:
    pages = manual.pages()
    spec = specs.load()
    assert all(f"### {rule}\n" in pages["reference/rules.md"] for rule in spec.rules)
    assert all(f"## dxcontract {name}\n" in pages["reference/options.md"] for name in cli.parser()[1])
    assert "| `known-gaps` | the path of a TOML file |" in pages["reference/configuration.md"]
    assert "| `violations[].fingerprint` | string |" in pages["reference/report-schema.md"]


def test_pictures_are_there_and_small() -> None:
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").glob("*.png")}
    wanted = {
        f"{target}-{scheme}-{width}.png"
        for target in ("moto", "reference")
        for scheme in ("light", "dark")
        for width in (1280, 390)
    }
    assert wanted <= set(pictures)
    assert max(pictures.values()) < 150_000
