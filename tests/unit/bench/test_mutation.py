"""Mutants that were drawn from sources that have changed since are found again, or said to be gone."""

import json
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="what bench/mutation needs is in the extra `bench`")

from bench.mutation import carried, mutants

BEFORE = "def small(one: int) -> bool:\n    return one < 3\n\n\ndef large(one: int) -> bool:\n    return one < 3\n"


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "numbers.py").write_text(BEFORE, encoding="utf-8")
    found = mutants.sample(50, 1, tmp_path)
    rows = [{name: getattr(one, name) for name in ("id", "function", "before", "after")} for one in found]
    (tmp_path / "drawn.json").write_text(json.dumps({"mutants": rows}), encoding="utf-8")
    monkeypatch.setattr(carried, "DRAWN", tmp_path / "drawn.json")
    return tmp_path


def renewed(folder: Path, source: str) -> Path:
    """The sources after a change, in a folder of their own: what was read of a path is remembered."""
    (folder / "new").mkdir()
    (folder / "new" / "numbers.py").write_text(source, encoding="utf-8")
    return folder / "new"


def test_unchanged_sources_have_the_mutants_that_were_drawn(drawn: Path) -> None:
    found, gone = carried.carried(drawn)
    assert found == mutants.sample(50, 1, drawn)
    assert (len(found) >= 4, gone) == (True, [])


def test_they_are_found_where_their_text_has_gone(drawn: Path) -> None:
    found, gone = carried.carried(renewed(drawn, f"FIRST = 1\n\n\n{BEFORE}"))
    assert gone == []
    for one in found:
        assert one.line == int(one.id.split(":")[1]) + 3
        assert one.source.splitlines()[one.line - 1].strip() == one.after


def test_those_of_a_text_that_is_no_more_are_gone(drawn: Path) -> None:
    found, gone = carried.carried(renewed(drawn, BEFORE.replace("one < 3", "one < 4", 1)))
    assert {one.function for one in found} == {"large"}
    assert {one.split(":")[1] for one in gone} == {"2"}
    assert len(found) + len(gone) == len(mutants.sample(50, 1, drawn))
