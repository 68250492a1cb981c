"""Runs the contract against innocent variants, one after the other, each in a process forked from this one.

What both need is imported once. Reads a JSON object a line (the variant's name, the arguments of pytest) and answers
one a line; `gate` is the other side.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from dxcontract.pytest_plugin.options import RUN
from dxcontract.reference.core.context import Call
from dxcontract.spec.model import Json
from tests.unit import proxy
from tests.unit.innocent.gate import ROOT
from tests.unit.innocent.variant import Variant, having
from tests.unit.innocent.variants import INNOCENTS

QUIET: Final = (
    "-q",
    "-rs",
    "--color=no",
    "-p",
    "no:cacheprovider",
    f"--rootdir={ROOT}",
    f"--config-file={ROOT}/pyproject.toml",
    # They are imported before pytest could rewrite their assertions.
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class Guilty(Variant):
    """Every connection is named otherwise than it was asked for: what no run may miss."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "connectionName"):
            one["connectionName"] = "guilty"


class Watcher:
    """A pytest plugin that keeps what a run found."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        outcome = run.outcome
        self.found = {
            "tests": session.testscollected,
            "violations": [
                {"rule": one.rule, "level": one.level, "where": one.where, "operation": one.operation}
                | {"message": one.message, "test": one.test}
                for one in outcome.tally.violations.values()
            ],
            "verdicts": outcome.tally.counts() if hasattr(outcome.tally, "counts") else {},
            "harness_errors": outcome.harness_errors,
        }


def judge(name: str, arguments: list[str], folder: Path) -> dict[str, Any]:
    """Run pytest with these arguments against a variant (or `reference`, or `guilty`); what it found, and how many
    requests and answers the variant changed."""
    changed_read, changed = os.pipe()
    end, ending = os.pipe()
    with proxy.listening() as listener:
        target = proxy.url(listener)

        def emulate() -> None:
            os.close(ending)
            others = {"reference": proxy.Proxy, "guilty": Guilty}
            made = INNOCENTS[name].make() if name in INNOCENTS else others[name]()
            proxy.serve(made, listener, end)
            os.write(changed, str(made.changed).encode())

        def contract() -> None:
            os.environ["XDG_STATE_HOME"] = str(folder)
            watcher = Watcher()
            chosen = [f"--target={target}", f"--accounts={proxy.ACCOUNTS}", *arguments]
            status = pytest.main([*QUIET, *chosen], plugins=[watcher])
            (folder / "found.json").write_text(json.dumps(watcher.found | {"status": int(status)}), encoding="utf-8")

        started = time.monotonic()
        emulator = _forked(emulate, folder / "emulator.txt")
        runner = _forked(contract, folder / "output.txt")
    _, status, used = os.wait4(runner, 0)
    os.close(ending)
    _, _, served = os.wait4(emulator, 0)
    os.close(end)
    os.close(changed)
    with os.fdopen(changed_read) as pipe:
        said = pipe.read()
    result = folder / "found.json"
    found = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {"status": status, "violations": []}
    return {
        **found,
        "changed": int(said or 0),
        "seconds": time.monotonic() - started,
        "cpu": used.ru_utime + used.ru_stime + served.ru_utime + served.ru_stime,
        "output": (folder / "output.txt").read_text(encoding="utf-8", errors="replace"),
        "emulator": (folder / "emulator.txt").read_text(encoding="utf-8", errors="replace"),
    }


def _forked(work: Callable[[], None], output: Path) -> int:
    """Do some work in a child, with what it prints in a file; its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        work()
        sys.stdout.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get out of a child into the loop of its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        answer = judge(asked["variant"], asked["arguments"], Path(asked["folder"]))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
