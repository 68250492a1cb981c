"""One pytest run against one target: opened once, judged test by test, summed up at the end.

Contract tests are those under tests/contract, wherever the suite lies; other tests are left alone. Each test's
findings ride on its report, so that they come home from xdist's workers too.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract import gaps
from dxcontract.contract import Scope
from dxcontract.exploration import Exploration
from dxcontract.outcome import OK, UNUSABLE, VIOLATED, Outcome
from dxcontract.report import document, folder, terminal
from dxcontract.session import Session, open_session
from dxcontract.target import TargetError
from dxcontract.targets import Choice
from dxcontract.verdict import HarnessError, Indeterminate, Tally, TargetDied, Unsupported, Verdict

CONTRACT_TESTS: Final = str(Path("tests") / "contract")
IN_PROCESS: Final = frozenset({"moto", "reference"})
SCOPE: Final = pytest.StashKey[Scope]()

_WORDS: Final[dict[str, Any]] = {
    "unsupported": ("unsupported", "u", ("UNSUPPORTED", {"yellow": True})),
    "indeterminate": ("indeterminate", "i", ("INDETERMINATE", {"yellow": True})),
    "violates": ("violates", "V", ("VIOLATES", {"red": True})),
    "known": ("known", "k", ("KNOWN", {"yellow": True})),
    "died": ("died", "D", ("DIED", {"red": True})),
}


def is_contract_test(item: pytest.Item) -> bool:
    return str(item.path.parent).endswith(CONTRACT_TESTS)


class Run:
    """Registered as a plugin by `plugin.pytest_configure`; its `pytest_` methods are hooks."""

    def __init__(self, config: pytest.Config, choice: Choice, outcome: Outcome) -> None:
        self.config = config
        self.choice = choice
        self.outcome = outcome
        self.session: Session | None = None
        self.ordinary_failures = 0
        self.is_worker = hasattr(config, "workerinput")

    @property
    def opened(self) -> Session:
        if self.session is None:
            raise HarnessError("the fixtures api and contract belong to tests under tests/contract")
        return self.session

    @property
    def has_workers(self) -> bool:
        return not self.is_worker and bool(getattr(self.config.option, "tx", None))

    def open(self) -> Session:
        """Open the target, or end the run with one line that says why not."""
        try:
            return open_session(self.choice, self.outcome, self.config.getoption("--answer-seconds"))
        except TargetError as error:
            pytest.exit(f"dxcontract: {error}", returncode=UNUSABLE)

    def preflight(self) -> None:
        """Before xdist starts workers: is the target there at all?"""
        if self.has_workers and not self.config.option.collectonly and self.choice.target not in IN_PROCESS:
            self.open().close()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """`--rule` and `--operation` select contract tests."""
        rules, operations = set(self.config.getoption("--rule")), set(self.config.getoption("--operation"))
        if not rules and not operations:
            return
        kept = [item for item in items if self._selected(item, rules, operations)]
        left = set(kept)
        self.config.hook.pytest_deselected(items=[item for item in items if item not in left])
        items[:] = kept

    def _selected(self, item: pytest.Item, rules: set[str], operations: set[str]) -> bool:
        claimed = _claims(item)
        if rules and not rules & claimed:
            return False
        if not operations:
            return True
        own = _operation_of(item)
        about = {own} if own else {one for rule in claimed for one in self.outcome.spec.rule(rule).operations}
        return bool(operations & about)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The target is opened once it is known that contract tests will run."""
        if any(map(is_contract_test, session.items)) and not self.config.option.collectonly:
            self.session = self.open()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        if self.session is None or not is_contract_test(item):
            return (yield)
        with self.session.contract.scope(item.nodeid, _claims(item), _operation_of(item)) as scope:
            item.stash[SCOPE] = scope
            return (yield)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A test of one operation needs that operation: nothing is arranged in vain."""
        scope = item.stash.get(SCOPE, None)
        if scope is not None and scope.operation:
            self.opened.api.permit(scope.operation)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        raised = call.excinfo.value if call.excinfo else None  # before pytest turns a SkipTest into its own
        report = yield
        scope = item.stash.get(SCOPE, None)
        if isinstance(raised, TargetDied):
            item.session.shouldstop = f"dxcontract: {raised}"
            if scope is None or call.when == "teardown":  # said already, by the test itself
                report.outcome, report.longrepr = "passed", None
                return report
        if scope is not None and (call.when == "call" or raised is not None):
            self._conclude(item, scope, raised, report)
        return report

    def _conclude(
        self, item: pytest.Item, scope: Scope, raised: BaseException | None, report: pytest.TestReport
    ) -> None:
        """What the end of a contract test means, written onto its report."""
        word, reason = "conforms", ""
        new = [one.fingerprint for one in scope.tally.violations.values() if self.outcome.counts(one)]
        if isinstance(raised, (Unsupported, Indeterminate)):
            verdict: Verdict = "unsupported" if isinstance(raised, Unsupported) else "indeterminate"
            word, reason = verdict, str(raised)
            for rule in scope.claims - {rule for rule, _ in scope.tally.verdicts}:
                scope.tally.note(rule, scope.operation, verdict)
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, reason)
        elif isinstance(raised, TargetDied):
            self.opened.contract.died(raised.last, str(raised))
            word, new = "died", []
            report.outcome, report.longrepr = "failed", str(raised)
        elif raised is not None:
            word = "harness"
        if new and word != "harness":
            word = "violates"
            report.outcome, report.longrepr = "failed", "; ".join(sorted(new))
        elif scope.tally.violations and word == "conforms":
            word = "known"
        report.dxcontract = {  # type: ignore[attr-defined]
            "test": item.nodeid,
            "word": word,
            "reason": reason,
            "claims": sorted(scope.claims),
            "calls": scope.calls,
            "reached": sorted(map(list, scope.observer.reached)),
            "tally": scope.tally.to_json(),
            **({"exploration": scope.exploration.to_json()} if scope.exploration is not None else {}),
        }

    def pytest_report_teststatus(self, report: pytest.TestReport | pytest.CollectReport) -> Any:
        """Verdicts have words of their own; a violation is no failure of a test, so it gets no traceback."""
        data = getattr(report, "dxcontract", None)
        return _WORDS.get(data["word"]) if data else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's findings home."""
        data = getattr(report, "dxcontract", None)
        if data is None:
            self.ordinary_failures += report.failed
            return
        self.outcome.add_test(data["test"], data["claims"], Tally.from_json(data["tally"]), data["calls"])
        self.outcome.reached |= {(resource, before, after) for resource, before, after in data["reached"]}
        if "exploration" in data:
            self.outcome.exploration.add(Exploration.from_json(data["exploration"]))
        if data["word"] == "harness":
            self.outcome.harness_errors.append(data["test"])
        if data["reason"]:
            for rule in data["claims"]:
                self.outcome.reasons.setdefault(rule, set()).add(data["reason"])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended: take home what it knew of the target."""
        facts = getattr(node, "workeroutput", {}).get("dxcontract")
        if facts:
            self.outcome.endpoint, self.outcome.region = facts["endpoint"], facts["region"]
            self.outcome.accounts, self.outcome.unsupported = tuple(facts["accounts"]), facts["unsupported"]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.session is not None:
            self.session.close()
        if self.is_worker:
            self.config.workeroutput["dxcontract"] = {  # type: ignore[attr-defined]
                "endpoint": self.outcome.endpoint,
                "region": self.outcome.region,
                "accounts": list(self.outcome.accounts),
                "unsupported": self.outcome.unsupported,
            }
        elif self.outcome.endpoint:
            if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                status = self.outcome.exit_status
                session.exitstatus = VIOLATED if status == OK and self.ordinary_failures else status
            self._write()

    def _write(self) -> None:
        if wanted := self.config.getoption("--report"):
            folder.write(document.document(self.outcome), Path(wanted))
        if listed := self.config.getoption("--write-known-gaps"):
            path = Path(listed)
            existing = gaps.read(path, self.outcome.spec) if path.exists() else gaps.Gaps()
            implemented = [name for name in self.outcome.spec.operations if self.outcome.supported(name)]
            gaps.write(path, self.outcome.violations, existing, self.outcome.target, implemented)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.outcome.endpoint:
            terminalreporter.section("Direct Connect contract")
            for line, markup in terminal.lines(self.outcome, self.config.option.verbose > 0):
                terminalreporter.write_line(line, **markup)


def _claims(item: pytest.Item) -> set[str]:
    return {rule for mark in item.iter_markers("rule") for rule in mark.args}


def _operation_of(item: pytest.Item) -> str:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return str(params.get("operation", ""))
