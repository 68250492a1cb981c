"""The tutorial's commands in an empty folder, and that its gate gets red when it should: on a part of the contract.

bench/tutorial.py does it on the whole contract, and measures.
"""

from pathlib import Path

import pytest

from bench import tutorial
from bench.tutorial import Done, Tutorial

PART = " ".join(f"--rule={rule}" for rule in ("connections.answer-members", "macsec.key-form", "tags.unicode"))
"""Rules that only directed tests claim: of these, such a run can tell what no longer occurs."""


@pytest.fixture(scope="module")
def gone_through(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tutorial, list[Done]]:
    folder, wheels = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("wheels")
    tutorial.build(wheels)
    whole = Tutorial(folder, wheels, PART)
    return whole, whole.all()


def test_it_has_six_commands_at_most() -> None:
    assert 4 <= len(tutorial.commands(tutorial.PAGE)) <= 6


def test_its_commands_lead_to_a_green_gate(gone_through: tuple[Tutorial, list[Done]]) -> None:
    whole, done = gone_through
    for one, status in zip(done, tutorial.STATUSES, strict=True):
        assert one.status == status, f"{one.command}\n{one.output}"
    assert "coverage 11/73 operations" in done[-1].output
    assert whole.report()["violations"]
    assert (whole.folder / "out" / "index.html").stat().st_size > 10_000
    assert Path(whole.folder, ".venv", "bin", "dxcontract").exists()


def test_an_entry_that_is_removed_turns_the_gate_red_alone(gone_through: tuple[Tutorial, list[Done]]) -> None:
    removed, done, failed = gone_through[0].without_one()
    assert done.status == 1, done.output
    assert failed == [removed]
    assert "FAILED: 1 distinct violations at level must" in done.output


def test_an_entry_that_is_false_turns_the_gate_red(gone_through: tuple[Tutorial, list[Done]]) -> None:
    false, done = gone_through[0].with_a_false_one()
    assert done.status == 1, done.output
    assert f"no longer occurs, remove it from the known gaps: {false}" in done.output
    assert "FAILED" not in done.output
