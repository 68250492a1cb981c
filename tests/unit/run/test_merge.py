"""Reports made into one: three shards say together what one run says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dxcontract.cli.main import main
from dxcontract.report import merge
from dxcontract.report.compare import ReportError
from dxcontract.run.known_gaps import FORMAT
from dxcontract.spec import model as specs

ROOT = Path(__file__).parents[3]
TESTS = "test_answers.py or test_connections.py or test_lifecycles.py"
SHARDS = 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of some tests on moto: of all of them in one run, and of shards of them."""
    base = tmp_path_factory.mktemp("reports")
    _run(base / "whole")
    for group in range(1, SHARDS + 1):
        _run(base / str(group), f"--splits={SHARDS}", f"--group={group}")
    return {path.name: path for path in base.iterdir()}


def _run(report: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "--target=moto", f"--report={report}", *options, "-k", TESTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def _shards(folders: dict[str, Path]) -> list[str]:
    return [str(folders[str(group)]) for group in range(1, SHARDS + 1)]


def _report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


def _gaps(path: Path, report: dict[str, Any], *more: str) -> Path:
    """A file that lists the violations of a report, and `more`."""
    fingerprints = [*(one["fingerprint"] for one in report["violations"]), *more]
    entries = "".join(f"[[gap]]\nfingerprint = {json.dumps(one)}\n" for one in fingerprints)
    path.write_text(f"format = {FORMAT}\n{entries}")
    return path


def test_shards_say_together_what_one_run_says(folders: dict[str, Path], tmp_path: Path) -> None:
    status = main(["merge", *_shards(folders), f"--report={tmp_path}"])
    whole, merged = _report(folders["whole"]), _report(tmp_path)
    assert status == whole["exit_status"] == merged["exit_status"] == 1
    identities = [[one["fingerprint"] for one in report["violations"]] for report in (whole, merged)]
    assert identities[0] == identities[1] != []
    for name in ("coverage", "divergence", "verdicts", "harness_errors", "accounts", "target"):
        assert merged[name] == whole[name], name
    for rule, said in whole["rules"].items():
        assert {**merged["rules"][rule], "reasons": 0} == {**said, "reasons": 0}
    assert {name: one["verdicts"] for name, one in merged["operations"].items()} == {
        name: one["verdicts"] for name, one in whole["operations"].items()
    }
    assert merged["lifecycles"] == whole["lifecycles"]
    Draft202012Validator(specs.read(specs.root() / "schemas" / "report.json")).validate(merged)
    for name in ("index.html", "junit.xml", "summary.md", "badge.json"):
        assert (tmp_path / name).stat().st_size > 0
    scripts = [sorted(path.name for path in (one / "reproducers").iterdir()) for one in (folders["whole"], tmp_path)]
    assert scripts[0] == scripts[1]


def test_every_shard_has_tests_and_none_has_all(folders: dict[str, Path]) -> None:
    """Else there would be nothing to put together."""
    tests = [
        {test for rule in _report(folders[name])["rules"].values() for test in rule["tests"]}
        for name in ("1", "2", "3")
    ]
    assert all(tests)
    assert not tests[0] & tests[1] | tests[1] & tests[2] | tests[0] & tests[2]


def test_a_gap_of_another_shard_is_not_fixed(folders: dict[str, Path], tmp_path: Path) -> None:
    """In its own shard a gap may not occur; together they tell, and a gap that is gone from all fails."""
    whole = _report(folders["whole"])
    known = _gaps(tmp_path / "known.toml", whole)
    said = _run(tmp_path / "shard", f"--splits={SHARDS}", "--group=2", f"--known-gaps={known}")
    assert "no longer occurs" not in said
    assert _report(tmp_path / "shard")["exit_status"] == 0
    assert main(["merge", *_shards(folders), f"--report={tmp_path / 'all'}", f"--known-gaps={known}"]) == 0
    known = _gaps(tmp_path / "more.toml", whole, _fixed(whole))
    assert main(["merge", *_shards(folders), f"--report={tmp_path / 'all'}", f"--known-gaps={known}"]) == 1


def _fixed(report: dict[str, Any]) -> str:
    """The identity of a violation that does not occur, though all tests of its rule were run."""
    return next(
        f"{rule}:{operation}"
        for rule, said in report["rules"].items()
        for operation, verdict in said["operations"].items()
        if verdict == "conforms" and operation in report["operations"] and said["claimants"] == len(said["tests"])
        if not rule.startswith(("wire.", "lifecycles."))
    )


def test_a_missing_shard_is_told(folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shard whose job was ended has no report; what it would have found must not pass for conforming."""
    assert main(["merge", *_shards(folders)[:2], f"--report={tmp_path / 'out'}"]) == 2
    assert "shard 3 of 3 is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_reports_of_different_targets_are_not_merged(folders: dict[str, Path]) -> None:
    report = _report(folders["whole"])
    with pytest.raises(ReportError, match="differ in `target`"):
        merge.merge([report, {**report, "target": "reference"}], specs.load())


def test_a_report_says_what_was_spoken(folders: dict[str, Path]) -> None:
    one = _report(folders["whole"])
    assert one["protocol"] == "json"
    for other, both in (("json", "json"), ("cbor", "both")):
        _, merged = merge.merge([one, {**one, "protocol": other}], specs.load())
        assert merged["protocol"] == both


def test_a_run_that_was_unusable_makes_the_whole_unusable(folders: dict[str, Path]) -> None:
    """The target of one shard died: what the others found does not make up for it."""
    report = _report(folders["whole"])
    outcome, merged = merge.merge([report, {**report, "exit_status": 2}], specs.load())
    assert outcome.exit_status == merged["exit_status"] == 2


def test_of_one_violation_the_least_evidence_is_kept(folders: dict[str, Path]) -> None:
    """And it is shown as its own report shows it."""
    report = _report(folders["whole"])
    first = report["violations"][0]
    longer = {**first, "exchanges": first["exchanges"] * 2, "message": "longer"}
    _, merged = merge.merge([{**report, "violations": [longer]}, report], specs.load())
    kept = next(one for one in merged["violations"] if one["fingerprint"] == first["fingerprint"])
    assert kept == first
