"""What a project always passes: where it is looked for, what is refused and how that is said, that runs follow it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dxcontract.pytest_plugin import options as plugin
from dxcontract.run import project_config
from dxcontract.run.project_config import ConfigurationError
from strategies import profiles
from tests.unit import servers

ROOT = Path(__file__).parents[3]
LOCATIONS = str(ROOT / "tests" / "contract" / "test_locations.py")


@pytest.fixture(autouse=True)
def _afresh() -> None:
    project_config.read.cache_clear()


def values(folder: Path, text: str, name: str = "dxcontract.toml") -> Mapping[str, object]:
    (folder / name).write_text(text, encoding="utf-8")
    return project_config.read(folder).values


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert project_config.read(tmp_path) == project_config.Configuration()


def test_a_file_of_its_own_and_a_table_of_pyproject_say_the_same(tmp_path: Path) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir()
    shared.mkdir()
    lines = (
        'target = "moto"\nrate = 5\naccounts = { owner = "111111111111", other = "profile/x" }\nlocations = ["A", "B"]'
    )
    expected = {"target": "moto", "rate": 5, "accounts": "owner=111111111111,other=profile/x", "locations": "A,B"}
    assert values(own, lines) == expected
    assert values(shared, f"[tool.dxcontract]\n{lines}", "pyproject.toml") == expected


def test_a_path_is_meant_from_the_file_and_found_from_below(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "one" / "two"
    below.mkdir(parents=True)
    (tmp_path / "dxcontract.toml").write_text('known-gaps = "ci/gaps.toml"\nexample-db = "redis://127.0.0.1"\n')
    (tmp_path / "one" / "pyproject.toml").write_text("[project]\nname = 'not about dxcontract'\n")
    found = project_config.read(below)
    assert found.path == tmp_path / "dxcontract.toml"
    assert found.values == {"known-gaps": str(tmp_path / "ci" / "gaps.toml"), "example-db": "redis://127.0.0.1"}


def test_outside_of_a_repository_parents_are_no_concern(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "dxcontract.toml").write_text('target = "moto"\n')
    assert project_config.read(below).path is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tarket = 'moto'", "unknown key `tarket`; did you mean `target`?"),
        ("known_gaps = 'x'", "unknown key `known_gaps`; did you mean `known-gaps`?"),
        ("zzz = 1", "unknown key `zzz`; there are target, region, accounts,"),
        ("rate = 'fast'", "`rate` must be a number above 0"),
        ("rate = 0", "`rate` must be a number above 0"),
        ("strict = 'yes'", "`strict` must be true or false"),
        ("workers = 'many'", '`workers` must be a number of processes, or "auto"'),
        ("protocol = 'xml'", "`protocol` must be json, cbor or both"),
        ("locations = 'EqDC2'", "`locations` must be a list of location codes"),
        ("accounts = { onwer = '111111111111' }", "unknown key `accounts.onwer`; did you mean `owner`?"),
        ("accounts = { other = '111111111111' }", "`accounts` must name owner"),
        ("accounts = { owner = 'me' }", "`accounts.owner` must be 12 digits, profile/NAME or a role's ARN"),
        ("accounts = { owner = 'AKIAX:s3cr3t' }", "`accounts.owner` holds a key"),
        ("accounts = 'owner=AKIAX:s3cr3t'", "`accounts` holds a key"),
        ("target = 'http://me:s3cr3t@127.0.0.1'", "`target` holds credentials"),
        ("example-db = 'redis://:s3cr3t@127.0.0.1'", "`example-db` holds credentials"),
        ("allow = 'free-writes'", "`allow` is given on the command line only"),
        ("budget = 5", "`budget` is given on the command line only"),
        ("target = moto", "line 1"),
    ],
)
def test_what_is_wrong_names_file_and_key_and_no_secret(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        values(tmp_path, text)
    said = str(raised.value)
    assert said.startswith(str(tmp_path / "dxcontract.toml"))
    assert words in said
    assert "s3cr3t" not in said


def test_two_files_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    values(tmp_path, "[tool.dxcontract]\n", "pyproject.toml")
    (tmp_path / "dxcontract.toml").write_text("")
    project_config.read.cache_clear()
    with pytest.raises(ConfigurationError, match="keep one of them"):
        project_config.read(tmp_path)


def test_each_key_is_an_option() -> None:
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    profiles.pytest_addoption(parser)
    options = {name for one in parser.getgroup("dxcontract").options for name in one.names()}
    foreign = {"--strict", "--workers", "--hypothesis-profile"}  # of pytest, xdist (as -n) and Hypothesis
    assert {f"--{key}" for key in project_config.schema()["properties"]} - foreign <= options


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dxcontract", "run", "--color=no", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_takes_the_target_of_the_file_and_the_command_line_wins(tmp_path: Path, workers: int) -> None:
    first, second = (f"http://127.0.0.1:{servers.closed_port()}" for _ in range(2))
    (tmp_path / "dxcontract.toml").write_text(f'target = "{first}"\nworkers = {workers}\n')
    for expected, more in ((first, []), (second, [f"--target={second}"])):
        done = run(tmp_path, LOCATIONS, *more)
        assert done.returncode == 2, done.stdout + done.stderr
        assert f"dxcontract: target {expected}/ refuses connections" in done.stdout + done.stderr


def test_a_run_with_workers_follows_the_file(tmp_path: Path) -> None:
    (tmp_path / "gaps.toml").write_text('implemented = ["CreateLag"]\n')
    lines = ['target = "reference"', "workers = 2", 'region = "eu-central-1"', 'report = "out"', "strict = true"]
    (tmp_path / "pyproject.toml").write_text("\n".join(["[tool.dxcontract]", *lines, 'known-gaps = "gaps.toml"', ""]))
    done = run(tmp_path, LOCATIONS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"dxcontract: options of {tmp_path / 'pyproject.toml'}" in done.stdout
    assert "2 workers" in done.stdout
    document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (document["region"], document["strict"]) == ("eu-central-1", True)


@pytest.mark.parametrize("arguments", [["run", LOCATIONS], ["sweep"]])
def test_an_unusable_file_is_one_line_and_exit_status_2(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "dxcontract.toml").write_text("tarket = 1\n")
    command = [sys.executable, "-m", "dxcontract", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert len(said) == 1, said
    assert said[0].endswith(f"dxcontract: {tmp_path / 'dxcontract.toml'}: unknown key `tarket`; did you mean `target`?")


def test_sweep_takes_the_journal_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "dxcontract.toml").write_text('target = "http://127.0.0.1:1"\njournal = "noted"\n')
    command = [sys.executable, "-m", "dxcontract", "sweep"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert f"no run in {tmp_path / 'noted'} left anything" in done.stdout
