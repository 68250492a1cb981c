"""Which rules conform although what they judge cannot be seen? Removes one member after another from all answers.

    python bench/vacuity.py                         all members of all structures (an hour on one core)
    python bench/vacuity.py --only 'BGPPeer.*'      some
    python bench/vacuity.py --out FILE              write what was found as JSON

The target is the reference emulator. For each member of a structure in an answer, and for each list once more with the
list empty, only those tests run that read the member or claim a rule whose source is the member; of each member that
comes with a request (an id, a state), the emulator works on as before, since only its answers are changed.

Prints, for each member, the rules that conform all the same, although a source of theirs is that member or their tests
read it. Not all of those are wrong: a rule about refusals needs no member. Read the list by hand. A rule that conforms
without anything that it judges is checked by a test that should say `contract.each` or `contract.rests_on`.
"""

import argparse
import ast
import contextlib
import fnmatch
import functools
import inspect
import io
import json
import os
import re
import sys
import tempfile
import textwrap
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from dxcontract.pytest_plugin.items import claims_of  # noqa: E402
from dxcontract.pytest_plugin.options import RUN  # noqa: E402
from dxcontract.spec import model as specs  # noqa: E402
from tests.unit import proxy  # noqa: E402
from tests.unit.without import Without  # noqa: E402

SKIPPED: Final = (
    *("test_machines.py", "test_fuzz.py", "test_pins.py", "test_protocol", "test_cbor.py", "test_client.py"),
    *("test_answers.py", "test_requests.py", "test_pagination.py"),
)
"""Their rules are about requests or whole answers."""
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_MOST_READ: Final = 25
"""So many functions of one test are read."""


def members(spec: specs.Spec) -> Iterator[tuple[str, str, bool]]:
    """Structure, member and whether it is a list, of all that is in answers; an answer's own are under the operation's
    name."""
    found: dict[tuple[str, str], bool] = {}

    def walk(schema: specs.Json, root: specs.Json, shape: str) -> None:
        name = schema.get("$ref", "").rpartition("/")[2] or shape
        node = specs.resolve(schema, root)
        if "items" in node:
            walk(node["items"], root, name)
        for member, inner in node.get("properties", {}).items():
            if (name, member) not in found:
                found[name, member] = "items" in specs.resolve(inner, root)
                walk(inner, root, "")

    for operation in spec.operations.values():
        walk(operation.response, operation.response, operation.name)
    for (shape, member), is_list in found.items():
        yield shape, member, is_list


class Watcher:
    """A pytest plugin that keeps the verdicts, and narrows a run to the tests of these ids."""

    def __init__(self, wanted: set[str] | None = None) -> None:
        self.wanted = wanted
        self.found: dict[str, Any] = {}
        self.tests: dict[str, dict[str, Any]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            self.tests[item.nodeid] = {"claims": sorted(claims_of(item)), "words": sorted(_words(item))}
        if self.wanted is not None:
            items[:] = [item for item in items if item.nodeid in self.wanted]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        run: Any = session.config.pluginmanager.get_plugin(RUN)
        if run is not None and run.outcome.endpoint:
            self.found = {"verdicts": run.outcome.verdicts(), "harness": run.outcome.harness_errors}


def _words(item: pytest.Item) -> set[str]:
    """The words in texts of a test's function, of the functions of this project that it calls, and of constants that
    they name."""
    function: Any = getattr(item, "function", None)
    left = [getattr(getattr(function, "hypothesis", None), "inner_test", function)]
    words: set[str] = set()
    read: set[Any] = set()
    while left:
        one = left.pop()
        if one in read:
            continue
        read.add(one)
        for node in ast.walk(_parsed(one)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words |= set(_NAME.findall(node.value))
            value = one.__globals__.get(node.id) if isinstance(node, ast.Name) else None
            if (
                inspect.isfunction(value)
                and str(ROOT) in (inspect.getsourcefile(value) or "")
                and len(read) < _MOST_READ
            ):
                left.append(value)
            elif isinstance(value, (tuple, list, dict, str)):
                words |= set(_NAME.findall(repr(value)))
    return words


@functools.cache
def _parsed(function: Any) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def collected(files: list[str]) -> dict[str, dict[str, Any]]:
    """What each test claims and names. The tests stay imported, so that children need not do that."""
    watcher = Watcher()
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", "--collect-only", *files], plugins=[watcher])
    return watcher.tests


def judged(target: proxy.Proxy, arguments: list[str], wanted: set[str]) -> dict[str, Any]:
    """Run these tests in a child of this process: the verdicts."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "found.json"
        child = os.fork()
        if not child:
            output = os.open(Path(folder) / "output.txt", os.O_WRONLY | os.O_CREAT)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.environ["XDG_STATE_HOME"] = folder
            watcher = Watcher(wanted)
            with proxy.in_thread(target) as url:
                given = [f"--target={url}", f"--accounts={proxy.ACCOUNTS}", "--emulator", *arguments]
                given += sorted({str(ROOT / name.partition("::")[0]) for name in wanted})
                given += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
                pytest.main(["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *given], plugins=[watcher])
            found = {**watcher.found, "changed": target.changed}
            result.write_text(json.dumps(found), encoding="utf-8")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        if not result.exists():
            raise SystemExit((Path(folder) / "output.txt").read_text(encoding="utf-8", errors="replace")[-3000:])
        answer: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help="patterns for Structure.member")
    parser.add_argument("--settle-seconds", default="0.3", help="as of pytest")
    parser.add_argument("--every-parameter", action="store_true", help="all parameters of a test, not one of them")
    parser.add_argument("--out", type=Path, help="write what was found as JSON")
    options = parser.parse_args()

    spec = specs.load()
    files = [str(one) for one in sorted((ROOT / "tests" / "contract").glob("test_*.py"))]
    arguments = [f"--settle-seconds={options.settle_seconds}"]
    tests = collected([one for one in files if not Path(one).name.startswith(SKIPPED)])
    named: dict[str, set[str]] = defaultdict(set)
    for rule in spec.rules.values():
        for source in rule.sources:
            named[source.at].add(rule.id)

    found: dict[str, Any] = {}
    for shape, member, is_list in members(spec):
        if not any(fnmatch.fnmatchcase(f"{shape}.{member}", one) for one in options.only):
            continue
        rules = named[f"{shape}.{member}"]
        wanted = {name for name, test in tests.items() if member in test["words"] or rules & set(test["claims"])}
        claimed = {rule for name in wanted for rule in tests[name]["claims"]}
        if not options.every_parameter:
            wanted = set({name.partition("[")[0]: name for name in sorted(wanted)}.values())
        if not wanted:
            continue
        for emptied in (True,) if is_list else (False,):
            started = time.monotonic()
            said = judged(Without(spec, {f"{shape}.{member}"}, emptied), arguments, wanted)
            verdicts = said.get("verdicts", {})
            still = sorted(rule for rule in claimed if verdicts.get(rule) == "conforms")
            place = f"{shape}.{member}{' emptied' if emptied else ''}"
            found[place] = {
                "conforms": still,
                "noticed": {rule: verdicts[rule] for rule in sorted(claimed) if verdicts.get(rule, "") != "conforms"},
                "sourced": sorted(rules & set(still)),
                "harness": said.get("harness", []),
                "changed": said["changed"],
            }
            print(
                f"{place}: {len(wanted)} tests, {said['changed']} answers changed, {time.monotonic() - started:.0f} s;"
                f" {len(still)} of {len(claimed)} rules conform, with this source: {sorted(rules & set(still))}",
                flush=True,
            )
            if options.out:
                options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
