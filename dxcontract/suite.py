"""Where the suite lies, and how it is run: `dxcontract run` is pytest in that folder, wherever one calls it from."""

import importlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from dxcontract import spec
from dxcontract.outcome import OK, UNUSABLE, VIOLATED

_NO_TESTS: Final = 5
"""pytest's own exit statuses above 2 (a wrong option, nothing to run) are `unusable` to those who call."""


def folder() -> Path:
    """The folder with conftest.py, pyproject.toml and tests/contract: of the wheel, or of the checkout."""
    return spec.root().parent


def module(name: str) -> ModuleType:
    """A module of the suite that the engine does not import: one of `strategies`."""
    place = str(folder())
    if place not in sys.path:
        sys.path.insert(0, place)
    return importlib.import_module(name)


def run(arguments: Sequence[str]) -> int:
    """Run the contract with pytest's own arguments; answers the exit status.

    Files named in options are meant from where the user is, so pytest stays there.
    """
    suite = folder()
    chosen = [] if any("::" in one or one.endswith(".py") for one in arguments) else [str(suite / "tests" / "contract")]
    command = [
        *(sys.executable, "-m", "pytest", f"--rootdir={suite}", f"--config-file={suite / 'pyproject.toml'}"),
        f"--confcutdir={suite}",
        *arguments,
        *chosen,
    ]
    status = subprocess.run(command, check=False).returncode
    if status == _NO_TESTS:
        sys.stderr.write("dxcontract: no test was chosen\n")
    return UNUSABLE if status not in (OK, VIOLATED) else status
