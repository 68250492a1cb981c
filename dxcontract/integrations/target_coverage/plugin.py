"""`--target-coverage` as a pytest plugin: measures in every process of a run, tells at its end."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from dxcontract.integrations.target_coverage import measuring, table
from dxcontract.run.result import UNUSABLE, Outcome
from dxcontract.targets.reference import FOLDER
from dxcontract.targets.target import TargetError

NAME = "dxcontract-covering"


def add_options(group: Any) -> None:
    """Add `--target-coverage`."""
    group.addoption(
        "--target-coverage",
        action="store_true",
        help="measure coverage of the target's code by operation (moto and reference; needs the package coverage)",
    )


class Covering:
    """One process's part in it; the one without workers, or above them, tells."""

    def __init__(self, config: pytest.Config, outcome: Outcome) -> None:
        self.config = config
        self.outcome = outcome
        self.measured: Any = None
        self.lines: list[str] = []
        given = getattr(config, "workerinput", {}).get(NAME)
        self.above = None if given else tempfile.TemporaryDirectory(prefix="dxcontract-coverage-")
        self.folder = Path(given or (self.above.name if self.above else ""))
        os.environ[FOLDER] = str(self.folder)
        if outcome.target == "moto" and not getattr(config.option, "tx", None):
            self.measured = measuring.begin("moto", self.folder)
        else:
            measuring.begin("reference", self.folder).stop()  # says now, in one line, that coverage.py is missing

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Workers leave what they measure in the same folder."""
        node.workerinput[NAME] = str(self.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """The target is open now: from here on say which operation is asked for."""
        run: Any = self.config.pluginmanager.get_plugin("dxcontract-run")
        if self.measured is not None and run.session is not None:
            run.session.api.asking = self.measured.switch_context

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """The run, which closes the target, comes before this."""
        os.environ.pop(FOLDER, None)
        if self.measured is not None:
            measuring.end(self.measured)
        if self.above is None or not self.outcome.endpoint:
            return
        found = table.read(self.outcome.target, self.folder, self.outcome.spec.operations)
        self.lines = list(table.told(found, self.outcome.unsupported))
        if wanted := self.config.getoption("--report"):
            place = Path(wanted)
            place.mkdir(parents=True, exist_ok=True)
            (place / "target-coverage.json").write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
            (place / "target-coverage.txt").write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        self.above.cleanup()

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.lines:
            terminalreporter.section("the target's code")
            for line in self.lines:
                terminalreporter.write_line(line)


def register(config: pytest.Config, outcome: Outcome) -> None:
    """Take part in the run, if that is asked for; end it with one line where it cannot be had."""
    if not config.getoption("--target-coverage"):
        return
    if outcome.target not in measuring.SOURCES:
        pytest.exit(
            f"dxcontract: --target-coverage is for targets that run here ({', '.join(measuring.SOURCES)}), "
            f"not for {outcome.target}",
            returncode=UNUSABLE,
        )
    try:
        config.pluginmanager.register(Covering(config, outcome), NAME)
    except TargetError as error:
        pytest.exit(f"dxcontract: {error}", returncode=UNUSABLE)
