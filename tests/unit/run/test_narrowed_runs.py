"""What a run that does not cover the whole contract says of known gaps, and what it does to their file."""

from pathlib import Path

import pytest

from dxcontract.run import known_gaps
from dxcontract.spec import model as specs
from tests.unit.pytest_plugin.test_run import PROTOCOL, pytest_run

SPEC = specs.load()
SHORT = "tests/contract/test_protocol.py::test_an_unknown_operation_is_refused"
GONE = "no longer occurs, remove it from the known gaps: "
LISTED = ("wire.array-body:DescribeLoa", "requests.unknown-ids:DeleteLag:/lagId:accepted", "tags.unicode:TagResource")
"""What moto does not do, or nobody: of every answer, of machines and tests, of one directed test."""


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A file with entries that no run on moto sees."""
    path = tmp_path / "gaps.toml"
    entries = (f'[[gap]]\nfingerprint = "{one}"\nreason = "kept"\n' for one in LISTED)
    path.write_text(f"format = {known_gaps.FORMAT}\n\n" + "\n".join(entries), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "narrowing",
    [
        pytest.param((SHORT,), id="one test"),
        pytest.param(("--operation=TagResource", "-k", "prefix_of_aws"), id="-k"),
        pytest.param(("-x",), id="-x"),
        pytest.param(("--deadline=1",), id="--deadline"),
    ],
)
def test_it_neither_deletes_nor_judges_what_it_did_not_look_at(listed: Path, narrowing: tuple[str, ...]) -> None:
    done = pytest_run("--target=moto", f"--known-gaps={listed}", f"--write-known-gaps={listed}", *narrowing)
    kept = known_gaps.read(listed, SPEC).gaps
    assert {kept[one].reason for one in LISTED} == {"kept"}
    assert GONE not in done.stdout


def test_of_a_rule_all_of_whose_tests_it_ran_it_does(listed: Path) -> None:
    both = (f"--known-gaps={listed}", f"--write-known-gaps={listed}")
    done = pytest_run("--target=moto", *both, "--rule=tags.unicode")
    assert [line for line in done.stdout.splitlines() if GONE in line] == [f"{GONE}{LISTED[2]}"]
    assert done.returncode == 1
    assert set(LISTED) - set(known_gaps.read(listed, SPEC).gaps) == {LISTED[2]}


def test_a_file_of_the_earlier_format_ends_the_run(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    path.write_text('[[gap]]\nfingerprint = "wire.array-body:CreateLag"\n', encoding="utf-8")
    for option, words in (("--known-gaps", "form of an earlier version"), ("--write-known-gaps", "only a whole run")):
        done = pytest_run("--target=moto", f"{option}={path}", PROTOCOL)
        assert done.returncode == 2
        assert words in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
