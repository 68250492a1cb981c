"""The profiles are what they say, also where a CI variable is set, which makes Hypothesis load one of its own."""

import json
import os
import subprocess
import sys

import pytest

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
