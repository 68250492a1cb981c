"""Known gaps: read, written, and what they make of a run."""

import datetime
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from dxcontract.oracle.verdict import Violation
from dxcontract.run import known_gaps
from dxcontract.run.known_gaps import Gap, Gaps, GapsError
from dxcontract.run.result import Outcome
from dxcontract.spec import model as specs

SPEC = specs.load()
VIOLATION = Violation(
    "wire.no-null:DescribeLags:/lags/*/lagId", "wire.no-null", "DescribeLags", "/lags/*/lagId", "must", "null", "t", ()
)
GAP = Gap(VIOLATION.fingerprint, VIOLATION.rule, VIOLATION.operation, "moto answers null", "https://example.org/1")


MACHINE = "suite/tests/contract/test_machines.py::test_any_order_of_operations[tags]"


def outcome(*violations: Violation, known: Gaps | None = None, whole: bool = False, strict: bool = False) -> Outcome:
    found = Outcome(SPEC, "test", endpoint="http://127.0.0.1/", known=known or Gaps(), whole=whole, strict=strict)
    for violation in violations:
        found.tally.violate(violation)
    return found


def write(path: Path, violations: list[Violation], known: Gaps, *, whole: bool = True) -> int:
    return known_gaps.write(path, violations, known, "moto", [], lambda _: whole)


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
    found = outcome(known=listed(GAP), whole=True)
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
    assert write(path, [VIOLATION], listed(GAP, rare)) == 2
    assert known_gaps.read(path, SPEC).gaps == {GAP.fingerprint: GAP, rare.fingerprint: rare}
    assert write(path, [], listed(GAP, rare)) == 1


def test_a_run_that_is_not_whole_keeps_what_it_did_not_assess(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    other = replace(GAP, fingerprint="wire.no-null:CreateLag", operation="CreateLag")
    assert write(path, [VIOLATION], listed(GAP, other), whole=False) == 2
    assert known_gaps.read(path, SPEC).gaps == {GAP.fingerprint: GAP, other.fingerprint: other}
    assert write(path, [VIOLATION], listed(GAP, other)) == 1


def test_a_rule_is_assessed_once_all_tests_that_claim_it_have_ended() -> None:
    gap = Gap("lags.echo:CreateLag:/lagName", "lags.echo", "CreateLag")
    found = outcome(known=listed(gap))
    found.tally.note(gap.rule, gap.operation, "conforms")
    found.claims[gap.rule] = {"a"}
    assert found.fixed == []
    found.claimants[gap.rule] = 2
    assert found.fixed == []
    found.claims[gap.rule].add("b")
    assert found.fixed == [gap]
    found.undecided.add(gap.rule)
    assert found.fixed == []


def test_a_rule_of_every_answer_is_assessed_by_a_whole_run_only() -> None:
    found = outcome(known=listed(GAP))
    found.tally.note(GAP.rule, GAP.operation, "conforms")
    found.claims[GAP.rule], found.claimants[GAP.rule] = {"a"}, 1
    assert found.fixed == []
    found.whole = True
    assert found.fixed == [GAP]


def test_what_only_a_machine_found_is_listed_by_rule_and_operation(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    rare = replace(VIOLATION, test=MACHINE)
    elsewhere = replace(rare, fingerprint="wire.no-null:DescribeLags:/lags/*/tags", where="/lags/*/tags")
    assert write(path, [rare], Gaps()) == 1
    known = known_gaps.read(path, SPEC)
    assert list(known.gaps) == ["wire.no-null:DescribeLags:*"]
    assert "sometimes" not in path.read_text(encoding="utf-8")
    assert outcome(known=known, whole=True).exit_status == 0
    assert outcome(elsewhere, known=known, whole=True).exit_status == 0
    assert outcome(VIOLATION, known=known).exit_status == 1
    another = replace(rare, fingerprint="wire.no-null:CreateLag", operation="CreateLag")
    assert outcome(another, known=known).exit_status == 1


def test_what_a_directed_test_finds_too_is_no_machines() -> None:
    found = outcome(replace(VIOLATION, test=MACHINE, message=""), replace(VIOLATION, message="much longer"))
    assert [one.by_machine for one in found.violations] == [False]


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
    done = ("moto", ["DescribeLags", "CreateLag"], lambda _: True)
    assert known_gaps.write(path, [odd, VIOLATION], old, *done) == 2
    back = known_gaps.read(path, SPEC)
    assert back.gaps[GAP.fingerprint] == replace(GAP, expires=until)
    assert odd.fingerprint in back.gaps
    assert back.notes == {"wire": 'says "why"'}
    assert back.implemented == {"CreateLag", "DescribeLags"}
    first = path.read_text(encoding="utf-8")
    known_gaps.write(path, [VIOLATION, odd], back, *done)
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
        ("format = 9", "`format` is 9"),
        ("[[gap", "gaps.toml"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "gaps.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GapsError) as raised:
        known_gaps.read(path, SPEC)
    assert words in str(raised.value)
    assert str(path) in str(raised.value)


OLD = """# kept since 2025

[notes]
wire = "why"

[[gap]]
fingerprint = "wire.no-null:DescribeLags:/lags/*/lagId"
reason = "moto answers null"

# two symptoms now
[[gap]]
fingerprint = "requests.unknown-ids:DeleteLag:/lagId"
reason = "wrong error"
expires = 2099-01-31

[[gap]]
fingerprint = "tags.shown-on-resource:DescribeLags:/tags"
link = "https://example.org/2"

[[gap]]
fingerprint = "tags.maximum:TagResource"
reason = "by a machine"
sometimes = true
"""


EDITED = (
    """\
# Gaps of our emulator, kept by the network team.
# Ask in #network before you add one.

format = 2
implemented = [
  "CreateLag",  # since March
  # read only:
  "DescribeLags",
]

[notes]
"wire" = 'numbers are "texts"'  # ticket 3

# --- Descriptions ---

# Fixed in 1.5, says the vendor.
[[gap]]  # first
fingerprint = 'wire.no-null:DescribeLags:/lags/*/lagId'  # a literal string
reason = """
    + '''"""
null for ids
that are not there"""
# Look again in May.

# Ticket 12.
[[gap]]
  fingerprint = "tags.maximum:TagResource"
  expires = 2099-01-31

# --- LAGs ---

# Ticket 13.
[[gap]]
fingerprint = "lags.echo:CreateLag:/lagName"

# The end.
'''
)
SEEN = ("wire.no-null:DescribeLags:/lags/*/lagId", "tags.maximum:TagResource", "lags.echo:CreateLag:/lagName")


def violations(*names: str) -> list[Violation]:
    return [
        replace(VIOLATION, fingerprint=name, rule=name.split(":")[0], operation=name.split(":")[1], where="")
        for name in names
    ]


def rewritten(path: Path, text: str, *names: str, implemented: tuple[str, ...] = ("CreateLag", "DescribeLags")) -> str:
    """A file after a whole run that found these violations."""
    path.write_bytes(text.encode())
    known = known_gaps.read(path, SPEC, rewriting=True)
    known_gaps.write(path, violations(*names), known, "moto", implemented, lambda _: True)
    assert set(known_gaps.read(path, SPEC).gaps) == set(names)
    return path.read_bytes().decode()


def test_comments_and_layout_of_a_file_survive(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    assert rewritten(path, EDITED, *SEEN) == EDITED
    windows = EDITED.replace("\n", "\r\n")
    assert rewritten(path, windows, *SEEN) == windows


def test_a_new_entry_moves_no_comment(tmp_path: Path) -> None:
    new = ("lags.echo:CreateLag:/location", "access.lag-foreign-change:DeleteLag", "wire.no-null:UpdateLag:/x")
    said = rewritten(tmp_path / "gaps.toml", EDITED, *SEEN, *new, implemented=("CreateLag", "DeleteLag"))
    added = [
        f'\n[[gap]]\nfingerprint = "{one}"\nrule = "{rule}"\noperation = "{operation}"\nreason = ""\n'
        for one in new
        for rule, operation, _ in [f"{one}:".split(":", 2)]
    ]
    for one in added:
        assert said.count(one) == 1
        said = said.replace(one, "")
    assert '"CreateLag",  # since March' in said
    assert said.partition("[notes]")[2] == EDITED.partition("[notes]")[2]
    assert tomllib.loads(said)["implemented"] == ["CreateLag", "DeleteLag"]


def test_an_entry_goes_with_its_own_comment_only(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    said = rewritten(path, EDITED, SEEN[1])
    kept = ("# --- Descriptions ---", "# Ticket 12.", "# --- LAGs ---", "# The end.", "# ticket 3", "#network")
    assert [one for one in kept if one not in said] == []
    gone = ("Fixed in 1.5", "# first", "null for ids", "Look again", "Ticket 13")
    assert [one for one in gone if one in said] == []
    nothing = rewritten(path, EDITED)
    assert "[[gap]]" not in nothing
    assert nothing.endswith("# --- LAGs ---\n\n# The end.\n")
    assert rewritten(path, nothing, *SEEN).count("[[gap]]") == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# mine\n",
        "# mine\nformat = 2",
        "format = 2\ngap = [{fingerprint = 'lags.echo:CreateLag:/lagName', reason = 'inline'}]\n",
        "format = 2\n[[gap]]\nfingerprint = 'lags.echo:CreateLag:/lagName'\n[notes]\nx = 'y'\n[[gap]]\n"
        "fingerprint = 'tags.maximum:TagResource'",
        "format = 2\nnotes = {x = 'y'}\nimplemented = []\n",
        "[[gap]]\nfingerprint = 'lags.echo:CreateLag:/lagName'\n",
    ],
)
def test_any_form_of_a_file_can_be_rewritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gaps.toml"
    said = rewritten(path, text, *SEEN)
    back = known_gaps.read(path, SPEC)
    assert back.implemented == {"CreateLag", "DescribeLags"}
    assert ("# mine" in said) == ("# mine" in text)
    assert back.notes == ({"x": "y"} if "notes" in text else {})
    assert [gap.reason for gap in back.gaps.values() if gap.reason] == (["inline"] if "inline" in text else [])
    assert rewritten(path, said, *SEEN) == said


def test_a_new_file_reads_as_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    assert write(path, violations(SEEN[2]), Gaps(notes={"wire": "why"})) == 1
    assert path.read_text(encoding="utf-8") == (
        "# Known gaps of moto. "
        "Written by `pytest --write-known-gaps`, which keeps reasons, links, notes and comments.\n"
        '\nformat = 2\nimplemented = [\n]\n\n[notes]\nwire = "why"\n\n[[gap]]\n'
        'fingerprint = "lags.echo:CreateLag:/lagName"\nrule = "lags.echo"\noperation = "CreateLag"\nreason = ""\n'
    )


def test_a_file_of_the_earlier_format_is_not_taken_for_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    path.write_text(OLD, encoding="utf-8")
    with pytest.raises(GapsError, match=r"earlier version .*--write-known-gaps=.*without --known-gaps"):
        known_gaps.read(path, SPEC)


def test_a_file_of_the_earlier_format_is_rewritten_with_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "gaps.toml"
    path.write_text(OLD, encoding="utf-8")
    names = (
        "requests.unknown-ids:DeleteLag:/lagId:LagNotFound",
        "requests.unknown-ids:DeleteLag:/lagId:server-error",
        "tags.shown-on-resource:DescribeLags:/lags/*/tags",
        "lags.echo:CreateLag:/lagName",
    )
    assert write(path, [VIOLATION, *violations(*names)], known_gaps.read(path, SPEC, rewriting=True)) == 6
    back = known_gaps.read(path, SPEC)
    assert back.notes == {"wire": "why"}
    assert back.gaps[VIOLATION.fingerprint].reason == "moto answers null"
    assert {back.gaps[name].reason for name in names[:2]} == {"wrong error"}
    assert back.gaps[names[0]].expires == datetime.date(2099, 1, 31)
    assert back.gaps[names[2]].link == "https://example.org/2"
    assert back.gaps[names[3]].reason == ""
    assert back.gaps["tags.maximum:TagResource:*"].reason == "by a machine"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# kept since 2025\n\nformat = 2\n")
    assert f'\n# two symptoms now\n[[gap]]\nfingerprint = "{names[0]}"\n' in text
