"""The same target gives the same fingerprints from a checkout and from an installed wheel, on every version of Python.

The wheel is installed for another version of Python than the one that runs this, where there is one.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bench import tutorial
from tests.unit.pytest_plugin.test_run import ROOT, fingerprints

PART: Final = "fuzz.py and (CreateLag or TagResource or UpdateConnection)"
"""Whatever is sent to some operations: what is found hangs on what is drawn."""
MISSING: Final = (("--target=moto", "-n", "2"), ("--splits=3", "--group=1"))
"""Options that need an extra: moto and shards."""
_VERSION: Final = re.compile(r"/(3)\.(\d+)")


def other_python() -> str:
    """The newest Python that lies beside this one, as pyenv and GitHub's runners have them, and is newer;
    this one where there is none."""
    here = Path(sys.base_prefix)
    beside = [*here.parent.glob("3.*"), *here.parent.parent.glob(f"3.*/{here.name}")]
    by_version = {
        tuple(int(part) for part in _VERSION.findall(str(one))[-1]): one / "bin" / "python3" for one in beside
    }
    newer = [one for version, one in sorted(by_version.items()) if version > sys.version_info[:2] and one.exists()]
    return str(newer[-1]) if newer else sys.executable


@dataclass(frozen=True)
class Installed:
    """The Python of a virtual environment with the wheel and moto in it, and what runs said before moto was there."""

    python: Path
    without_extras: tuple[subprocess.CompletedProcess[str], ...]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A virtual environment of that Python, with the wheel in it: first without extras, then with moto."""
    folder = tmp_path_factory.mktemp("wheel")
    tutorial.build(folder)
    (wheel,) = folder.glob("*.whl")
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", other_python(), str(folder / "venv")], check=True, timeout=300)
    python, constraints = folder / "venv" / "bin" / "python", ROOT / "constraints.txt"
    install = [*uv, "pip", "install", "--quiet", "--python", str(python), "-c", str(constraints)]
    subprocess.run([*install, str(wheel)], check=True, timeout=300)
    said = tuple(run(python, folder, *options) for options in MISSING)
    subprocess.run([*install, f"{wheel}[moto]"], check=True, timeout=300)
    return Installed(python, said)


def run(python: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON", "AWS_"))}
    command = [str(python), "-m", "dxcontract", "run", "-q", *options]
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False)


def found(python: Path, folder: Path, report: Path) -> set[str]:
    """What a part of the gate finds on moto, from where that Python has dxcontract, started in `folder`."""
    done = run(python, folder, "--target=moto", f"--report={report}", "-k", PART)
    assert done.returncode == 1, done.stdout + done.stderr
    return fingerprints(report)


def test_checkout_and_wheel_find_the_same(installed: Installed, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    of_wheel = found(installed.python, folder, tmp_path / "wheel")
    of_checkout = found(Path(sys.executable), ROOT, tmp_path / "checkout")
    assert len(of_wheel) > 30
    assert of_wheel == of_checkout
    command = [
        str(installed.python),
        "-c",
        "import dxcontract, json, sys; print(json.dumps([dxcontract.__file__, *sys.path]))",
    ]
    place = json.loads(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout)[0]
    assert "site-packages" in place


def test_what_needs_an_extra_says_which_in_one_line(installed: Installed) -> None:
    moto, shards = installed.without_extras
    for done, extra in ((moto, "moto"), (shards, "shards")):
        said = done.stdout + done.stderr
        assert done.returncode == 2, said
        assert [line for line in said.splitlines() if f"pip install 'dxcontract[{extra}]'" in line] == [said.strip()]
        assert "Traceback" not in said
