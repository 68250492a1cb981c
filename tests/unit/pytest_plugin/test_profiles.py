"""The profiles are what they say, also where a CI variable is set, which makes Hypothesis load one of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

_TELL = """
import json
from hypothesis import settings
from strategies import profiles

chosen = {name: settings.get_profile(name) for name in (profiles.GATE, profiles.SAMPLE, profiles.NIGHTLY)}
print(json.dumps({name: [one.derandomize, one.database is None] for name, one in chosen.items()}))
"""


@pytest.mark.parametrize("variable", [None, "CI", "GITHUB_ACTIONS", "GITLAB_CI"])
def test_only_the_gate_is_derandomized_and_only_the_night_remembers(variable: str | None) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS", "GITLAB_CI")}
    environment = kept | ({variable: "true"} if variable else {})
    ended = subprocess.run([sys.executable, "-c", _TELL], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == {"gate": [True, True], "sample": [False, True], "nightly": [False, False]}


_DRAW = """
import json, sys
from pathlib import Path

sys.path[:0] = sys.argv[1:]
import local_module
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from strategies.hypothesis_constants import leave_out_local_constants

assert sys.argv[2] == "as-it-is" or leave_out_local_constants()
drawn = []


@seed(3)
@settings(max_examples=400, database=None, phases=[Phase.generate])
@given(st.text() | st.integers().map(str))
def draw(value):
    drawn.append(value)


draw()
print(json.dumps(drawn))
"""


def test_constants_of_local_modules_are_not_drawn(tmp_path: Path) -> None:
    """Else a checkout, whose modules are local, draws other requests than an installed wheel."""
    (tmp_path / "local_module.py").write_text('X = ("constant-of-local", 123456789)\n')

    def drawn(how: str) -> list[str]:
        command = [sys.executable, "-c", _DRAW, str(tmp_path), how]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        found: list[str] = json.loads(ended.stdout)
        return found

    kept, plain = drawn("left-out"), drawn("as-it-is")
    assert {"constant-of-local", "123456789"} & set(plain), "Hypothesis draws no local constants any more"
    assert not {"constant-of-local", "123456789"} & set(kept)
    (tmp_path / "local_module.py").write_text("")
    assert drawn("left-out") == kept
