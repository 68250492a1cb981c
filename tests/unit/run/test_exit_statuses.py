"""Exit statuses: runs that decide nothing or too little, and failures of the suite itself, are no success."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from dxcontract.client.resource_journal import new_run_id
from dxcontract.oracle.verdict import Tally, Verdict, Violation
from dxcontract.run import target_options
from dxcontract.run.result import OK, UNUSABLE, VIOLATED, Outcome
from dxcontract.run.safety_options import Safety
from dxcontract.spec import model as specs
from dxcontract.targets import Choice
from dxcontract.wire.errors import HarnessError
from strategies.machines.budgets import facts
from strategies.machines.catalogue import ENTRIES
from strategies.machines.driver import Budget, Explorer

ROOT = Path(__file__).parents[3]
SPEC = specs.load()
RULE, OTHER = "lags.id-form", "lags.echo"
LOCATIONS = "tests/contract/test_locations.py"


def run(*arguments: str, **variables: str) -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", *arguments],
        cwd=ROOT,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def outcome(*verdicts: Verdict, **more: Any) -> Outcome:
    found = Outcome(SPEC, "test", endpoint="http://127.0.0.1/", **more)
    for number, verdict in enumerate(verdicts):
        found.add_test(f"test[{number}]", {RULE}, Tally({(RULE, f"Operation{number}"): verdict}), {})
    return found


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        (("indeterminate", "unsupported"), UNUSABLE),
        (("untested",), UNUSABLE),
        (("indeterminate", "conforms"), OK),
        ((), OK),
    ],
)
def test_a_run_that_decided_nothing_is_no_success(verdicts: tuple[Verdict, ...], status: int) -> None:
    found = outcome(*verdicts)
    assert found.exit_status == status
    assert bool(found.too_little) == (status != OK)


def test_what_every_answer_is_judged_by_decides_nothing_by_itself() -> None:
    """A refused request conforms to rules about errors; the question of the test stays open."""
    found = Outcome(SPEC, "test")
    found.add_test("test", {RULE}, Tally({("wire.request-id", "CreateLag"): "conforms", (RULE, ""): "unsupported"}), {})
    assert found.exit_status == UNUSABLE


def test_too_few_assessed_rules_are_no_success_and_a_violation_says_more() -> None:
    assert outcome("conforms", min_assessed=1).exit_status == OK
    found = outcome("conforms", min_assessed=2)
    assert found.exit_status == UNUSABLE
    assert "1 rules were assessed, and --min-assessed asks for 2" in found.too_little
    found.tally.violate(Violation("x:y", OTHER, "CreateLag", "", "must", "wrong", "test", ()))
    assert found.exit_status == VIOLATED


def test_a_run_without_a_decision_ends_with_2_and_says_so(tmp_path: Path) -> None:
    status, said = run("--target=moto", f"--report={tmp_path}", "tests/contract/test_failover_tests.py")
    assert status == 2, said
    assert "nothing was decided: all tests were unsupported or indeterminate" in said
    assert "no violation" not in said
    assert json.loads((tmp_path / "report.json").read_text())["exit_status"] == 2


def test_a_gate_can_ask_for_so_many_rules() -> None:
    status, said = run("--target=reference", "--min-assessed=600", LOCATIONS)
    assert status == 2, said
    assert "rules were assessed, and --min-assessed asks for 600" in said


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("fixture", "test_locations.py::test_there_are_locations"),
        ("one killed", "worker gw0: Not properly terminated"),
        ("collection", "test_locations.py: could not be collected"),
        ("inside", "pytest failed inside: "),
    ],
)
def test_what_fails_in_a_worker_reaches_the_exit_status(how: str, line: str, tmp_path: Path) -> None:
    chosen = ("-p", "tests.unit.breaking", "-n1", "--target=reference", LOCATIONS, "-k", "there_are or has_a_code")
    status, said = run(*chosen, BREAKS=how, ONCE=str(tmp_path / "once"))
    assert status == 2, said
    lines = said.splitlines()
    place = next(place for place, one in enumerate(lines) if "of the suite itself or of its environment" in one)
    assert any(line in one for one in lines[place : place + 4]), said


class Unsteady(ENTRIES[0].machine):  # type: ignore[misc]
    """Its draws depend on how often it was begun, as those of a faulty machine depend on answers."""

    begun = 0

    def choose(self, data: Any) -> None:
        Unsteady.begun += 1
        data.draw(st.booleans() if Unsteady.begun % 2 else st.integers())


def test_a_flaky_machine_is_a_harness_error() -> None:
    session, _ = target_options.opened(SPEC, Choice("reference"), Safety(new_run_id()), 5.0)
    try:
        with session.contract.scope("test", ENTRIES[0].rules):
            budget = Budget(20, 2, 20.0, 1.0, 1.0, target=False)
            known = facts(session.api, "0123abcd")
            explorer = Explorer(session.api, session.contract, "0123abcd", Unsteady, known, budget)
            with pytest.raises(HarnessError, match="exploring ended early, since a draw"):
                explorer.run()
    finally:
        session.close()
