"""What the documentation asks to type can be typed: every `dxcontract …` and `pytest …` in it is understood."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify

from dxcontract.cli import docs_pages, main
from dxcontract.spec import model as specs
from dxcontract.targets import usage_errors

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
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
            usage_errors.check_target(namespace.target)
        for rule in namespace.rule:
            specs.load().rule(rule)
        for operation in namespace.operation:
            specs.load().operation(operation)
    elif arguments:
        assert arguments[0] in main.parser()[1], f"{page}: {command}"
        if len(arguments) > 1:
            main.parser()[0].parse_args(arguments)


def test_every_option_that_is_named_exists(pytestconfig: pytest.Config) -> None:
    """Inline mentions such as `--known-gaps=FILE`, of ours, of pytest or of another program's that is named here."""
    others = {"--quiet", "--upgrade", "--universal", "--python-version", "--extra", "--host", "--port", "--version"}
    others |= {"--include-operation-id", "--max-examples"}
    known = {*others, *pytestconfig._parser.optparser._option_string_actions}
    for command in main.parser()[1].values():
        known |= {name for action in command._actions for name in action.option_strings}
    for page in PAGES:
        for name in re.findall(r"`(--[a-z][a-z-]+)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
            assert name in known, f"{page.relative_to(ROOT)} names {name}"


def test_generated_pages_are_whole() -> None:
    pages = docs_pages.pages()
    spec = specs.load()
    assert all(f"### {rule}\n" in pages["reference/rules.md"] for rule in spec.rules)
    assert all(f"## dxcontract {name}\n" in pages["reference/options.md"] for name in main.parser()[1])
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


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links() -> Iterator[tuple[Path, str]]:
    """(page, link) for every link in a Markdown file of the checkout that leads to another file of it."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    for page in map(ROOT.joinpath, listed.split()) if listed else PAGES:
        for link in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:", link):
                yield page, link


def test_links_in_the_checkout_lead_somewhere() -> None:
    """Also to the pages that are generated for the site."""
    found = list(links())
    assert len(found) > 50
    for page, link in found:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
        if anchor:
            headings = HEADING.findall(target.read_text(encoding="utf-8"))
            assert anchor in {slugify(one, "-") for one in headings}, f"{page.relative_to(ROOT)} links to {link}"


def site(folder: Path) -> "subprocess.CompletedProcess[str]":
    """The site as CI builds it, but for where it is written to."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (command,) = re.findall(r"^mkdocs build .*$", script, re.MULTILINE)
    arguments = shlex.split(command.replace("$environment", str(folder)))
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_build_of_the_site_fails_on_a_broken_link(tmp_path: Path) -> None:
    """The command of CI, in a copy of the documentation: as it is, then with a dead link, anchor and page each."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    sound = site(tmp_path)
    assert sound.returncode == 0, sound.stderr
    rules = (tmp_path / "site" / "reference" / "rules.html").read_text(encoding="utf-8")
    assert all(rule in rules for rule in specs.load().rules), "the page of a checkout stands for the generated one"
    index = tmp_path / "docs" / "index.md"
    index.write_text(index.read_text(encoding="utf-8") + "\n[a](tutorial.md#nothing-is-called-so) [b](none.md)\n")
    (tmp_path / "docs" / "forgotten.md").write_text("# Not in the navigation\n", encoding="utf-8")
    broken = site(tmp_path)
    assert broken.returncode == 1, broken.stderr
    assert all(word in broken.stderr for word in ("nothing-is-called-so", "none.md", "forgotten.md"))
