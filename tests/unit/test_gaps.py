"""Known gaps: read, written, and what they make of a run."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from dxcontract import gaps
from dxcontract import spec as specs
from dxcontract.gaps import Gap, Gaps, GapsError
from dxcontract.outcome import Outcome
from dxcontract.verdict import Violation

SPEC = specs.load()
VIOLATION = Violation(
    "wire.no-null:DescribeLags:/lags/*/lagId", "wire.no-null", "DescribeLags", "/lags/*/lagId", "must", "null", "t", ()
)
GAP = Gap(VIOLATION.fingerprint, VIOLATION.rule, VIOLATION.operation, "moto answers null", "https://example.org/1")


def outcome(*violations: Violation, known: Gaps | None = None, **more: bool) -> Outcome:
    found = Outcome(SPEC, "test", endpoint="http://127.0.0.1/", known=known or Gaps(), **more)
    for violation in violations:
        found.tally.violate(violation)
    return found


def listed(*entries: Gap) -> Gaps:
    return Gaps({gap.fingerprint: gap for gap in entries})


def test_a_new_violation_fails_the_run() -> None:
    assert outcome(VIOLATION).exit_status == 1


def test_a_listed_one_does_not() -> None:
    assert outcome(VIOLATION, known=listed(GAP)).exit_status == 0


def test_one_behind_a_listed_one_does() -> None:
    behind = replace(VIOLATION, fingerprint="wire.no-null:DescribeLags:/lags/*/tags", where="/lags/*/tags")
    assert [one.where for one in outcome(VIOLATION, behind, known=listed(GAP)).failing] == ["/lags/*/tags"]


def test_a_listed_one_that_no_longer_occurs_fails_the_run_unless_allowed() -> None:
    found = outcome(known=listed(GAP))
    found.tally.note(GAP.rule, GAP.operation, "conforms")
    assert found.fixed == [GAP]
    assert found.exit_status == 1
    found.allow_fixed = True
    assert found.exit_status == 0


def test_one_that_this_run_did_not_look_for_is_left_alone() -> None:
    assert outcome(known=listed(GAP)).fixed == []
    assert outcome(known=listed(GAP), whole=True).fixed == [GAP]
    undecided = outcome(known=listed(GAP), whole=True)
    undecided.tally.note(GAP.rule, GAP.operation, "indeterminate")
    assert undecided.fixed == []


def test_one_that_occurs_only_sometimes_may_be_there_or_not() -> None:
    known = listed(replace(GAP, sometimes=True))
    assert outcome(known=known, whole=True).exit_status == 0
    assert outcome(VIOLATION, known=known, whole=True).exit_status == 0


def test_one_that_occurs_only_sometimes_stays_listed(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    rare = replace(GAP, fingerprint="wire.no-null:CreateLag", operation="CreateLag", sometimes=True)
    assert gaps.write(path, [VIOLATION], listed(GAP, rare), "moto", []) == 2
    assert gaps.read(path, SPEC).gaps == {GAP.fingerprint: GAP, rare.fingerprint: rare}
    assert gaps.write(path, [], listed(GAP, rare), "moto", []) == 1


def test_what_a_machine_found_is_written_as_occurring_sometimes(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    rare = replace(VIOLATION, test="tests/contract/test_machines.py::test_any_order_of_operations[tags]")
    assert gaps.write(path, [rare], Gaps(), "moto", []) == 1
    assert gaps.read(path, SPEC).gaps[rare.fingerprint].sometimes
    gaps.write(path, [VIOLATION], Gaps(), "moto", [])
    assert not gaps.read(path, SPEC).gaps[VIOLATION.fingerprint].sometimes


def test_an_expired_one_fails_the_run() -> None:
    yesterday = datetime.date.today() - datetime.timedelta(days=1)
    found = outcome(VIOLATION, known=listed(replace(GAP, expires=yesterday)))
    assert found.exit_status == 1
    assert [gap.fingerprint for gap in found.expired] == [GAP.fingerprint]
    assert outcome(VIOLATION, known=listed(replace(GAP, expires=datetime.date.today()))).exit_status == 0


def test_a_lost_operation_fails_the_run() -> None:
    found = outcome(known=Gaps(implemented=frozenset({"CreateLag", "DescribeLags"})))
    assert found.exit_status == 0
    found.unsupported = {"CreateLag": "gone", "DeleteLag": "never there"}
    assert found.lost == ["CreateLag"]
    assert found.exit_status == 1


def test_should_counts_only_when_strict() -> None:
    mild = replace(VIOLATION, level="should")
    assert outcome(mild).exit_status == 0
    assert outcome(mild, strict=True).exit_status == 1


def test_what_was_written_reads_back_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    until = datetime.date(2099, 1, 31)
    odd = replace(VIOLATION, fingerprint='wire.no-null:CreateLag:/"\\\x7f\n', operation="CreateLag")
    old = Gaps({GAP.fingerprint: replace(GAP, expires=until)}, {"wire": 'says "why"'}, frozenset())
    assert gaps.write(path, [odd, VIOLATION], old, "moto", ["DescribeLags", "CreateLag"]) == 2
    back = gaps.read(path, SPEC)
    assert back.gaps[GAP.fingerprint] == replace(GAP, expires=until)
    assert odd.fingerprint in back.gaps
    assert back.notes == {"wire": 'says "why"'}
    assert back.implemented == {"CreateLag", "DescribeLags"}
    first = path.read_text(encoding="utf-8")
    gaps.write(path, [VIOLATION, odd], back, "moto", ["CreateLag", "DescribeLags"])
    assert path.read_text(encoding="utf-8") == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gap = 3", "must be [[gap]] entries"),
        ("[[gap]]\nfingerprint = 7", "`fingerprint` must be a string"),
        ("[[gap]]\nfingerprint = 'wire.no-null'", "must read rule:operation"),
        ("[[gap]]\nfingerprint = 'no.such-rule:CreateLag'", "there is no rule 'no.such-rule'"),
        ("[[gap]]\nfingerprint = 'wire.no-null:CreateLag'\noperation = 'DeleteLag'", "contradict"),
        ("[[gap]]\nfingerprint = 'wire.no-null:CreateLag'\nuntil = 1", "unknown member 'until'"),
        ("[[gap]]\nfingerprint = 'wire.no-null:CreateLag'\nexpires = '2027-01-31'", "must be a date"),
        ("[[gap]]\nfingerprint = 'wire.no-null:CreateLag'\nsometimes = 1", "`sometimes` must be true or false"),
        ("[[gap]]\nfingerprint = 'wire.no-null:CreateLag'\n" * 2, "listed twice"),
        ("implemented = ['MakeLag']", "no operation of Direct Connect"),
        ("notes = 'x'", "[notes] must give a text"),
        ("other = 1", "unknown key 'other'"),
        ("[[gap", "gaps.toml"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "gaps.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GapsError) as raised:
        gaps.read(path, SPEC)
    assert words in str(raised.value)
    assert str(path) in str(raised.value)
