"""The command `dxcontract` as a user meets it: help that is whole, completion in a shell, a start without delay."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dxcontract.cli import completion, main
from dxcontract.pytest_plugin import options
from dxcontract.spec import model
from strategies import profiles

BASH = shutil.which("bash")
FISH = shutil.which("fish")
HERE = Path(sys.executable).parent


def commands() -> dict[str, argparse.ArgumentParser]:
    return dict(main.parser()[1])


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_of_a_command_has_help(name: str) -> None:
    for action in commands()[name]._actions:
        assert action.help, f"dxcontract {name}: {action.option_strings or action.dest} has no help"


def test_every_command_is_explained() -> None:
    said = main.parser()[0].format_help()
    for name in commands():
        line = re.search(rf"^    {name}\b(.*(?:\n {{8,}}.*)*)", said, re.MULTILINE)
        assert line is not None, name
        assert len(line[1].strip()) > 10, name


@pytest.mark.parametrize("name", sorted(commands().keys() - {"run"}))
def test_help_of_each_command_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: dxcontract {name}" in capsys.readouterr().out


def test_every_option_of_a_run_has_help() -> None:
    parser = pytest.Parser(_ispytest=True)
    options.pytest_addoption(parser)
    profiles.pytest_addoption(parser)
    for option in parser.getgroup("dxcontract").options:
        assert option.attrs().get("help"), option.names()


def test_help_of_a_run_names_its_options(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dxcontract", "run", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0
    for name in ("--target", "--known-gaps", "--example-db", "--numprocesses"):
        assert name in done.stdout


def in_bash(line: str) -> list[str]:
    """What bash offers after `line`."""
    assert BASH is not None
    script = (
        'eval "$(dxcontract completion bash)"; COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_TYPE=9; '
        '_python_argcomplete dxcontract; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{HERE}:{os.environ['PATH']}"}
    done = subprocess.run(
        [BASH, "--norc", "-c", script, "bash", line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="no bash on this machine")
def test_bash_completes_commands_options_and_values() -> None:
    assert set(in_bash("dxcontract ")) >= set(commands())
    assert in_bash("dxcontract run --known") == ["--known-gaps"]
    assert in_bash("dxcontract run --protocol ") == ["json", "cbor", "both"]
    rules = [rule for rule in model.load().rules if rule.startswith("lags.count")]
    assert rules
    assert sorted(in_bash("dxcontract rules lags.count")) == sorted(rules)


@pytest.mark.skipif(FISH is None, reason="no fish on this machine")
def test_fish_completes_options() -> None:
    assert FISH is not None
    script = 'dxcontract completion fish | source; complete -C "dxcontract run --known"'
    environment = {**os.environ, "PATH": f"{HERE}:{os.environ['PATH']}"}
    done = subprocess.run(
        [FISH, "-c", script], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == ["--known-gaps"]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_gets_code_for_this_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["completion", shell]) == 0
    assert re.search(r"complete .*dxcontract|compdef .*dxcontract", capsys.readouterr().out)
