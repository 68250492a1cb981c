"""pytest hooks of a run on one target: open it once, judge each test, summarize at the end.

Contract tests are those under tests/contract in the suite; other tests are not affected. The findings of a test are
attached to its report, so that they also arrive from workers of xdist.
"""

import functools
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.client import liveness
from dxcontract.client.client import Api
from dxcontract.client.errors import TargetDied
from dxcontract.client.liveness import Suspect
from dxcontract.oracle import expectations
from dxcontract.oracle.assertions import Scope
from dxcontract.oracle.exploration_stats import Exploration
from dxcontract.oracle.verdict import Refusals, Tally, Verdict, Violation, fingerprint
from dxcontract.pytest_plugin import dry_run, interrupts, protocols, report_redaction
from dxcontract.pytest_plugin.items import CONTRACT_TESTS, claims_of, has_line, is_contract_test, operation_of
from dxcontract.pytest_plugin.run_extent import Extent
from dxcontract.report import document, report_files, terminal
from dxcontract.report.redact import Redactor
from dxcontract.run import known_gaps, recording
from dxcontract.run.result import OK, UNUSABLE, VIOLATED, Outcome
from dxcontract.run.safety_options import Safety
from dxcontract.run.session import Session, after_workers, open_session
from dxcontract.targets import IN_PROCESS, Choice, open_target, usage_errors
from dxcontract.targets.permissions import PRICED, Guard
from dxcontract.targets.target import Target, TargetError
from dxcontract.wire import redaction
from dxcontract.wire.errors import CannotWriteError, CredentialsExpired, HarnessError, Indeterminate, Unsupported
from dxcontract.wire.safe_text import one_line

END_SECONDS: Final = 60.0
"""So long a run looks after what it made before it ends; `dxcontract sweep` takes more time."""

SCOPE: Final = pytest.StashKey[Scope]()
CRASHED: Final = "???"
"""What xdist has for the phase of a test whose worker was killed."""

INTERRUPTED: Final = "keyboard-interrupt"
LONGEST: Final = 300

_OF_READING: Final = (TypeError, LookupError, AttributeError, ValueError, ArithmeticError, RecursionError)
_WORDS: Final[dict[str, Any]] = {
    "unsupported": ("unsupported", "u", ("UNSUPPORTED", {"yellow": True})),
    "indeterminate": ("indeterminate", "i", ("INDETERMINATE", {"yellow": True})),
    "violates": ("violates", "V", ("VIOLATES", {"red": True})),
    "known": ("known", "k", ("KNOWN", {"yellow": True})),
    "advised": ("advised", "a", ("ADVISED", {"yellow": True})),
    "halted": ("halted", "H", ("HALTED", {"red": True})),
    "died": ("died", "D", ("DIED", {"red": True})),
}


class Run:
    """The plugin that `options.pytest_configure` registers; its `pytest_` methods are hooks."""

    def __init__(self, config: pytest.Config, choice: Choice, outcome: Outcome, safety: Safety, extent: Extent) -> None:
        self.config = config
        self.choice = choice
        self.outcome = outcome
        self.safety = safety
        self.extent = extent
        self.tests: set[str] = set()
        self.session: Session | None = None
        self.ordinary_failures = 0
        self.vault = redaction.Vault()
        self.suspects: list[Suspect] = []
        self.interrupts = interrupts.Interrupts()
        self._unwritten: list[str] = []
        self._written: object = None
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
        """Open the target, or end the run with one line that states the reason."""
        try:
            usage_errors.check_environment()
            session = open_session(self.choice, self.outcome, self.config.getoption("--answer-seconds"), self.safety)
            recording.begin(self.config, session)
            return session
        except TargetError as error:
            if self.is_worker:
                self.config.workeroutput["dxcontract-refusal"] = str(error)  # type: ignore[attr-defined]
            pytest.exit(f"dxcontract: {one_line(str(error))}", returncode=UNUSABLE)

    def _tell_bill(self) -> None:
        """The worst bill, before the first call to a real account that may cost money, however quiet pytest is."""
        terminal: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.safety.allow in PRICED and terminal is not None:
            guard = Guard(self.choice.target, self.safety.allow, self.safety.budget or 0.0)
            terminal.ensure_newline()
            terminal.write_line(f"dxcontract: {dry_run.bill(self.outcome.spec, guard)}")

    def preflight(self) -> None:
        """Check before xdist starts workers that the target exists. With --dry-run, the run ends here.

        Ends the process with a line that says why.
        """
        if self.config.getoption("--dry-run") and not self.is_worker:
            dry_run.dry_run(self.choice, self.outcome.spec, self.safety)
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
        claimed = claims_of(item)
        if rules and not rules & claimed:
            return False
        if not operations:
            return True
        own = operation_of(item)
        about = {own} if own else {one for rule in claimed for one in self.outcome.spec.rule(rule).operations}
        return bool(operations & about)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Open the target once it is known that contract tests will run."""
        if any(map(is_contract_test, session.items)) and not self.config.option.collectonly:
            self._tell_bill()
            self.session = self.open()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        if self.session is None or not is_contract_test(item):
            return (yield)
        if self.session.api.patience.run_is_over:
            item.session.shouldstop = f"dxcontract: the run's {self.safety.deadline:g} s (--deadline) are over"
        with (
            self.session.api.patience.test(),
            self.session.contract.scope(item.nodeid, claims_of(item), operation_of(item)) as scope,
        ):
            item.stash[SCOPE] = scope
            self.interrupts.stoppable = True
            try:
                return (yield)
            finally:
                self.interrupts.stoppable = False
                del item.stash[SCOPE]  # with its history: pytest keeps every item to the end

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test of one operation if the target lacks this operation."""
        scope = item.stash.get(SCOPE, None)
        if scope is not None:
            self.opened.api.speak(protocols.of(item))
            if scope.operation:
                self.opened.api.permit(scope.operation)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        raised = call.excinfo.value if call.excinfo else None  # before pytest turns a SkipTest into its own
        report = yield
        scope = item.stash.get(SCOPE, None)
        if isinstance(raised, CannotWriteError):
            item.session.shouldstop = f"dxcontract: {one_line(str(raised))}"
        if isinstance(raised, TargetDied):
            item.session.shouldstop = f"dxcontract: {one_line(str(raised))}; see above for what killed it"
            if scope is None or call.when == "teardown":  # said already, by the test itself
                report.outcome, report.longrepr = "passed", None
                return report
        if isinstance(raised, CredentialsExpired):
            item.session.shouldstop = f"dxcontract: {raised}"
        if scope is not None and (call.when == "call" or raised is not None):
            self._conclude(item, scope, raised, report)
        if scope is not None:
            vault = self.opened.api.vault
            report_redaction.clean(report, vault)
            if (data := getattr(report, "dxcontract", None)) is not None:
                # The secrets themselves are for what the whole run says at the end.
                report.dxcontract = {**vault.scrubbed(data), "secrets": vault.news()}  # type: ignore[attr-defined]
        return report

    def _conclude(
        self, item: pytest.Item, scope: Scope, raised: BaseException | None, report: pytest.TestReport
    ) -> None:
        """What the end of a contract test means, written onto its report."""
        word, reason = "conforms", ""
        new = [one.fingerprint for one in scope.tally.violations.values() if self.outcome.counts(one)]
        unfounded = scope.note_unfounded()
        if isinstance(raised, (Unsupported, Indeterminate)):
            verdict: Verdict = "unsupported" if isinstance(raised, Unsupported) else "indeterminate"
            word, reason = verdict, str(raised)
            for rule in scope.claims - {rule for rule, _ in scope.tally.verdicts}:
                scope.tally.note(rule, scope.operation, verdict)
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, reason)
        elif isinstance(raised, CannotWriteError):
            word, new = "halted", []
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, str(raised))
        elif isinstance(raised, TargetDied):
            word, new = "died", []
            report.outcome, report.longrepr = "failed", str(raised)
        elif _is_of_reading(raised) and (why := self.opened.contract.malformed(scope)):
            word, reason = "indeterminate", f"{why}; the test cannot go on from there ({type(raised).__name__})"
            for rule in scope.claims - {rule for rule, _ in scope.tally.verdicts}:
                scope.tally.note(rule, scope.operation, "indeterminate")
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, reason)
        elif raised is not None:
            word = "harness"
        elif unfounded and set(unfounded) == scope.claims & scope.decided:
            word, reason = "indeterminate", next(iter(unfounded.values()))
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, reason)
        if new and word != "harness":
            word = "violates"
            report.outcome, report.longrepr = "failed", "; ".join(sorted(new))
        elif scope.tally.violations and word == "conforms":
            word = "known" if all(map(self.outcome.is_known, scope.tally.violations.values())) else "advised"
        report.dxcontract = {  # type: ignore[attr-defined]
            "test": item.nodeid,
            "word": word,
            "reason": one_line(reason),
            "claims": sorted(scope.claims),
            "unfounded": unfounded,
            "refusals": scope.refusals.to_json(),
            "unchecked": sorted(scope.claims - scope.decided) if word != "halted" and word != "died" else [],
            "calls": scope.calls,
            "reached": sorted(map(list, scope.observer.reached)),
            "tally": scope.tally.to_json(),
            **({"headline": reason} if isinstance(raised, CredentialsExpired) else {}),
            **({"halted": str(raised)} if isinstance(raised, CannotWriteError) else {}),
            **({"died": vars(Suspect.of(raised.last, item.nodeid))} if isinstance(raised, TargetDied) else {}),
            **({"exploration": scope.exploration.to_json()} if scope.exploration is not None else {}),
        }

    def pytest_report_teststatus(self, report: pytest.TestReport | pytest.CollectReport) -> Any:
        """Use our own words for verdicts; a violation is not a test failure, so it gets no traceback."""
        data = getattr(report, "dxcontract", None)
        return _WORDS.get(data["word"]) if data else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the findings of a test."""
        data = getattr(report, "dxcontract", None)
        if data is None:
            if report.failed and str(report.when) == CRASHED:
                self._harness(f"{report.nodeid}: {str(report.longrepr).partition(' crashed while')[0]} crashed")
            elif report.failed and CONTRACT_TESTS in str(Path(report.nodeid.partition("::")[0])):
                self._harness(report.nodeid)
            else:
                self.ordinary_failures += report.failed
            return
        self.vault.keep(data["secrets"])
        self.tests.add(data["test"])
        self.outcome.add_test(data["test"], data["claims"], Tally.from_json(data["tally"]), data["calls"])
        self.outcome.reached |= {(resource, before, after) for resource, before, after in data["reached"]}
        if "exploration" in data:
            self.outcome.exploration.add(Exploration.from_json(data["exploration"]))
        if (headline := data.get("headline")) and headline not in self.outcome.notes:
            self.outcome.notes.append(headline)
        self.outcome.halted = self.outcome.halted or data.get("halted", "")
        if "died" in data:
            self.suspects.append(Suspect(**data["died"]))
        if data["word"] in ("harness", "indeterminate", "died"):
            self.outcome.undecided.update(data["claims"])
        self.outcome.undecided.update(data["unfounded"])
        self.outcome.refusals.add(Refusals.from_json(data["refusals"]))
        for rule, why in data["unfounded"].items():
            self.outcome.reasons.setdefault(rule, set()).add(why)
        for rule in data["unchecked"]:
            self.outcome.unchecked.setdefault(rule, set()).add(f"{data['test']} ended without checking the rule")
        if data["word"] == "harness":
            self._harness(data["test"])
        if data["reason"]:
            for rule in set(data["claims"]) - set(data["unfounded"]):
                self.outcome.reasons.setdefault(rule, set()).add(data["reason"])

    def _harness(self, told: str) -> None:
        if told not in self.outcome.harness_errors:
            self.outcome.harness_errors.append(told)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record a file that could not be collected, here or in a worker: its tests are missing."""
        if report.failed:
            self._harness(f"{report.nodeid}: could not be collected")

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Record an internal error of pytest or a plugin, here or in a worker; pytest shows the traceback."""
        lines = [line.strip() for line in str(excrepr).splitlines() if line.strip()]
        self._harness(f"pytest failed inside: {lines[-1] if lines else '?'}"[:LONGEST])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Allow a test that exceeded its time limit to delete its resources."""
        if SCOPE in item.stash:
            self.opened.api.patience.tidy()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Delete the resources after Ctrl-C, without judging. A second Ctrl-C ends this as well."""
        # Python 3.11 may interrupt where there is no line, and pytest would fail on that before anything is deleted.
        excinfo.traceback = excinfo.traceback.filter(has_line)
        self.outcome.interrupt()
        if self.session is not None:
            self.session.leave()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """End the run in this process; a worker does nothing afterwards."""
        if not self.is_worker:
            self.interrupts.restore()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the id of the run to a worker."""
        node.workerinput["dxcontract-run"] = self.safety.run

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Collect the state of a worker that has ended. An error means that it was killed or failed."""
        if error and error != INTERRUPTED:
            said = str(error).strip().splitlines() or ["it ended"]
            self._harness(f"worker {node.gateway.id}: {said[-1]}"[:LONGEST])
        output = getattr(node, "workeroutput", {})
        if refusal := output.get("dxcontract-refusal"):  # as one process says it
            pytest.exit(f"dxcontract: {refusal}", returncode=UNUSABLE)
        facts = output.get("dxcontract")
        if facts:
            self.outcome.endpoint, self.outcome.region = facts["endpoint"], facts["region"]
            self.outcome.accounts, self.outcome.unsupported = tuple(facts["accounts"]), facts["unsupported"]
            self.outcome.other_region, self.outcome.account_ids = facts["other_region"], facts["account_ids"]
            self.extent.learn(facts["extent"])
            self.vault.keep(facts["secrets"])

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        """Summarize within pytest's own summary, after the last fixtures, which may be interrupted as well."""
        try:
            self.interrupts.last_call()
            finished = yield
            self.interrupts.due()
            self._write_first()
            self._end()
            self.interrupts.over()
        except KeyboardInterrupt:
            finished = None
            self.outcome.interrupt()
            interrupts.stopped(self.outcome, self.safety.run, started=self.choice.target in IN_PROCESS)
        if not self.is_worker:
            recording.end(self.config)
        news = self.session.api.vault.news() if self.session is not None else []
        self.vault.keep(news)
        if self.session is not None:
            self.session.close()
        if self.is_worker:
            self.config.workeroutput["dxcontract"] = {  # type: ignore[attr-defined]
                "endpoint": self.outcome.endpoint,
                "region": self.outcome.region,
                "accounts": list(self.outcome.accounts),
                "other_region": self.outcome.other_region,
                "account_ids": self.outcome.account_ids,
                "unsupported": self.outcome.unsupported,
                "extent": self.extent.to_json(),
                "secrets": news,
            }
            return finished
        if self.outcome.harness_errors and exitstatus != pytest.ExitCode.USAGE_ERROR:
            session.exitstatus = UNUSABLE
            if exitstatus == pytest.ExitCode.INTERNAL_ERROR:  # pytest sums nothing up then
                self._tell_harness()
        if self.outcome.endpoint:
            self._tell_extent()
            if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                status = self.outcome.exit_status
                session.exitstatus = VIOLATED if status == OK and self.ordinary_failures else status
            report_redaction.clean_again(self.config, self.vault)
            if self._has_news() and not self._write():
                session.exitstatus = UNUSABLE
            self.outcome.notes += self._unwritten
        return finished

    def _end(self) -> None:
        """Find out what killed the target, or delete what is left on it."""
        if self.suspects and not self.is_worker:
            self._autopsy()
        if not self.is_worker and not self.suspects:
            try:
                self._sweep()
            except CannotWriteError as error:  # all is deleted, but the journal does not say so
                self.outcome.halted = self.outcome.halted or str(error)
        elif self.suspects and self.choice.target not in IN_PROCESS:  # it may come back with what was made on it
            self.outcome.notes.append(
                f"when the target is back, `dxcontract sweep {self.safety.run}` deletes what is left"
            )

    def _sweep(self) -> None:
        """Delete what the tests left; what cannot be deleted is told at the end."""
        if self.session is not None:
            swept = self.session.sweep(END_SECONDS)
        elif self.has_workers and self.choice.target not in IN_PROCESS:
            swept = after_workers(self.choice, self.outcome.spec, self.safety, END_SECONDS)
        else:
            return
        self.outcome.left += [*swept.left, *swept.unseen]
        if self.session is not None and (slowed := self.session.api.patience.slowed):
            self.outcome.notes.append(f"the target asked to slow down {slowed} times, and got more time each time")
        if self.session is not None and (guard := self.session.target.guard) is not None and guard.spent:
            worst, hours = f"{guard.spent:.2f} USD of {guard.budget:.2f}", guard.prices.hours
            self.outcome.notes.append(f"this run cost at worst {worst}, if all is deleted within {hours:g} hours")

    def _autopsy(self) -> None:
        """Say what killed the target. Only now: while workers send, nobody can tell whose request it was."""
        spec, seconds = self.outcome.spec, self.config.getoption("--answer-seconds")
        revives = self.choice.target not in IN_PROCESS
        api = self.session.api if self.session is not None else None
        if api is None:
            target = open_target(self.choice) if revives else Target(self.choice.target, self.outcome.endpoint)
            if revives:
                self.safety.protect(target, set())
            api = Api(target, spec, lambda _: None, seconds)
        revives = revives and not api.target.is_real
        killer, told = liveness.autopsy(api, self.suspects, revives)
        self.outcome.death = f"target {self.outcome.endpoint} died {told}"
        rule = spec.rule(liveness.SERVES_ON)
        identity = fingerprint(rule.id, killer.operation)
        violation = Violation(
            identity,
            rule.id,
            killer.operation,
            "",
            rule.level,
            f"the target died {told}",
            killer.test,
            (killer.report,),
            judged=(1,),
            claim=expectations.STATUS,
        )
        self.outcome.tally.violate(violation)

    @functools.cached_property
    def _redactor(self) -> Redactor | None:
        """For --redact-accounts; knows the names in what was found."""
        if not self.config.getoption("--redact-accounts"):
            return None
        return Redactor(self.outcome.spec)

    def _tell_extent(self) -> None:
        self.outcome.whole = self.extent.is_whole(len(self.tests), shard=self.outcome.shard is not None)
        self.outcome.claimants = self.extent.claimants

    def _write_first(self) -> None:
        """Write what was found before anything else can go wrong: what killed the target is found out, and what is
        left is deleted, after that."""
        if not self.outcome.endpoint or self.is_worker:
            return
        if self.session is not None:
            self.vault.keep(self.session.api.vault.news())
        self.outcome.discount()
        self._tell_extent()
        self._write()
        self._written = self._state()

    def _has_news(self) -> bool:
        """Whether the files do not say all that is known by now, or could not be written."""
        return bool(self._unwritten) or self._written != self._state()

    def _state(self) -> object:
        outcome = self.outcome
        told = (outcome.death, outcome.halted, tuple(outcome.notes), tuple(outcome.left), len(outcome.harness_errors))
        return told, outcome.whole, outcome.exit_status, len(outcome.tally.violations), len(self.vault)

    def _write(self) -> bool:
        """Write all files that were asked for, each whole or not at all; whether that went well. What did not is told
        at the end, and so is all that was found."""
        self._unwritten = []
        for write, option in ((self._write_report, "--report"), (self._write_gaps, "--write-known-gaps")):
            try:
                write()
            except (OSError, known_gaps.GapsError) as error:
                where, why = f"{option}={self.config.getoption(option)}", getattr(error, "strerror", None) or error
                self._unwritten.append(f"what was found could not be written, and is told here only: {where}: {why}")
        return not self._unwritten

    def _write_report(self) -> None:
        if wanted := self.config.getoption("--report"):
            if self._redactor:
                self._redactor.learn([violation.to_json() for violation in self.outcome.violations])
            written = self.vault.scrubbed(document.document(self.outcome))
            missing = report_files.write(self._redactor.document(written) if self._redactor else written, Path(wanted))
            self.outcome.notes += [one for one in missing if one not in self.outcome.notes]

    def _write_gaps(self) -> None:
        if listed := self.config.getoption("--write-known-gaps"):
            path = Path(listed)
            existing = known_gaps.read(path, self.outcome.spec, rewriting=True) if path.exists() else known_gaps.Gaps()
            if existing.earlier and not self.outcome.whole:
                raise known_gaps.GapsError(known_gaps.only_whole(path))
            implemented = [name for name in self.outcome.spec.operations if self.outcome.supported(name)]
            found, target, assessed = self.outcome.violations, self.outcome.target, self.outcome.has_assessed
            known_gaps.write(path, found, existing, target, implemented, assessed)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.outcome.endpoint:
            terminalreporter.section("Direct Connect contract")
            for plain, markup in terminal.lines(self.outcome, self.config.option.verbose > 0):
                line = one_line(str(self.vault.scrubbed(plain)), None)
                terminalreporter.write_line(self._redactor.text(line) if self._redactor else line, **markup)
        elif self.outcome.harness_errors:  # before anything was known of the target
            self._tell_harness()

    def _tell_harness(self) -> None:
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            for plain, markup in terminal.harness(self.outcome):
                reporter.write_line(one_line(f"dxcontract: {self.vault.scrubbed(plain)}"), **markup)


def _is_of_reading(raised: BaseException | None) -> bool:
    """Whether an exception may come of an answer that has another form than modelled."""
    if isinstance(raised, BaseExceptionGroup):
        return all(map(_is_of_reading, raised.exceptions))
    return isinstance(raised, _OF_READING)
