"""Locates the suite and runs it: `dxcontract run` is pytest in that folder, called from any folder."""

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from dxcontract.run import pytest_process
from dxcontract.spec import model


def folder() -> Path:
    """The folder with conftest.py, pyproject.toml and tests/contract, in the wheel or in the checkout."""
    return model.root().parent


def module(name: str) -> ModuleType:
    """A module of the suite that the engine does not import: one of `strategies`."""
    place = str(folder())
    if place not in sys.path:
        sys.path.insert(0, place)
    return importlib.import_module(name)


def run(arguments: Sequence[str], *, instead: bool = False) -> int:
    """Run the contract with pytest's own arguments and return the exit status.

    Files named in options are meant from where the user is, so pytest stays there. `instead`: pytest takes the place of
    this process, where the system can do that. Then there is one process for Ctrl-C to reach, once.
    """
    suite = folder()
    chosen = [] if any("::" in one or one.endswith(".py") for one in arguments) else [str(suite / "tests" / "contract")]
    command = [
        *(sys.executable, "-m", pytest_process.__name__),
        *(f"--rootdir={suite}", f"--config-file={suite / 'pyproject.toml'}", f"--confcutdir={suite}"),
        *arguments,
        *chosen,
    ]
    if instead and os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # pytest got it, too, and is about to end
