"""Completion for bash, zsh and fish: `dxcontract completion SHELL` prints the script, argcomplete computes the
words.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from dxcontract.pytest_plugin import options
from dxcontract.run import project_config
from dxcontract.spec import model

SHELLS: Final = ("bash", "zsh", "fish")
_ASKED: Final = "_ARGCOMPLETE"
"""Set by the shell's function when it asks for completions."""

_OF_PYTEST: Final = ("-n", "-q", "-v", "-x", "-k", "--collect-only", "--color", "--durations", "--hypothesis-seed")
_TARGETS: Final = ("reference", "moto", "aws", "http://127.0.0.1:")


def shell_code(shell: str) -> str:
    """The code that a shell evaluates to complete `dxcontract`."""
    import argcomplete.shell_integration

    return str(argcomplete.shell_integration.shellcode(["dxcontract"], shell=shell))


def complete(parser: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]) -> None:
    """Answer a completion request of a shell and exit; does nothing otherwise."""
    if _ASKED not in os.environ:
        return
    import argcomplete

    _add_run(commands["run"])
    for command in commands.values():
        for action in command._actions:
            name = action.option_strings[-1] if action.option_strings else f"{command.prog} {action.dest}"
            if (found := _COMPLETERS.get(name)) is not None:
                action.completer = found  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _add_run(command: argparse.ArgumentParser) -> None:
    """The options of `dxcontract run`, which pytest parses, as argparse knows options."""
    import pytest

    known = pytest.Parser(_ispytest=True)
    options.pytest_addoption(known)
    for option in known.getgroup("dxcontract").options:
        attributes = option.attrs()
        flag = attributes.get("action") == "store_true"
        given: dict[str, Any] = {"action": "store_true"} if flag else {"choices": attributes.get("choices")}
        command.add_argument(*option.names(), **given)
    properties = project_config.schema()["properties"]
    added = {name for action in command._actions for name in action.option_strings}
    for name in [*(f"--{key}" for key in properties if key != "workers"), *_OF_PYTEST]:
        if name not in added:
            command.add_argument(name, choices=properties.get(name.removeprefix("--"), {}).get("enum"))


def _from(names: Callable[[], Iterable[str]]) -> Callable[..., list[str]]:
    return lambda prefix, **_: [name for name in names() if name.startswith(prefix)]


_COMPLETERS: Final = {
    "--target": _from(lambda: _TARGETS),
    "--rule": _from(lambda: model.load().rules),
    "--operation": _from(lambda: model.load().operations),
    "dxcontract rules rule": _from(lambda: model.load().rules),
}
