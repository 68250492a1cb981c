"""The command `dxcontract`. Exit status: 0 success, 1 something was found, 2 the command could not be carried out."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import dxcontract
from dxcontract.cli import completion, diff, iam, pin, replay, sweep
from dxcontract.integrations import openapi
from dxcontract.reference.http import serve
from dxcontract.report import annotations, compare, merge
from dxcontract.run import known_gaps, project_config, suite
from dxcontract.spec import botocore_sync, lifecycle_diagrams, lifecycles, model, sources
from dxcontract.spec.lifecycles import Lifecycle
from dxcontract.targets import permissions, usage_errors
from dxcontract.targets.target import TargetError
from dxcontract.wire.errors import HarnessError
from dxcontract.wire.safe_text import one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["run"]:
        return suite.run(given[1:], instead=arguments is None)
    whole, commands = parser()
    completion.complete(whole, commands)
    options = whole.parse_args(given)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        return 0
    except (
        model.SpecError,
        project_config.ConfigurationError,
        known_gaps.GapsError,
        lifecycle_diagrams.DiagramError,
        compare.ReportError,
        HarnessError,
        TargetError,
        OSError,
        ValueError,
    ) as error:
        sys.stderr.write(f"dxcontract: {one_line(str(error))}\n")
        return 2


def parser() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The argument parser of the command, and the parsers of its subcommands by name."""
    parser = argparse.ArgumentParser(
        prog="dxcontract", description="Test whether an endpoint behaves like AWS Direct Connect.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"dxcontract {dxcontract.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="start the reference emulator")
    serve.add_arguments(command)
    command.set_defaults(run=serve.run)

    command = commands.add_parser(
        "run",
        help="run the contract; takes the options of pytest and of dxcontract, such as --target and --report",
        add_help=False,
    )
    command.set_defaults(run=None)

    command = commands.add_parser(
        "compare", help="compare two reports: new, fixed, remaining violations; exit with 1 if the new report is worse"
    )
    command.add_argument("old", type=Path, metavar="OLD", help="report.json or its folder")
    command.add_argument("new", type=Path, metavar="NEW", help="report.json of the later run or its folder")
    command.set_defaults(run=_compare)

    command = commands.add_parser("merge", help="merge reports of shards, machines or seeds into one")
    merge.add_arguments(command)
    command.set_defaults(run=merge.run)

    command = commands.add_parser(
        "annotate", help="print the new violations of a report as annotations for GitHub Actions"
    )
    command.add_argument("report", type=Path, metavar="REPORT", help="report.json or its folder")
    command.set_defaults(run=_annotate)

    command = commands.add_parser(
        "sweep", help="delete the resources that earlier runs left behind, listed in their journals"
    )
    sweep.add_arguments(command)
    command.set_defaults(run=sweep.run)

    command = commands.add_parser(
        "replay",
        help="replay a finding: exit with 1 if it still happens, 0 if not, 2 if this cannot be decided",
    )
    replay.add_arguments(command)
    command.set_defaults(run=_replay)

    command = commands.add_parser(
        "diff", help="compare the answers of two targets to the same requests; exit with 1 if they differ"
    )
    diff.add_arguments(command)
    command.set_defaults(run=_diff)

    command = commands.add_parser("pin", help="store a violation of a report, so that later runs test it first")
    pin.add_arguments(command)
    command.set_defaults(run=pin.run)

    command = commands.add_parser("iam", help="print the IAM policy for runs on a real account")
    command.add_argument(
        "level", nargs="?", choices=permissions.LEVELS, default="reads", help="permission level (default: %(default)s)"
    )
    command.set_defaults(run=_iam)

    command = commands.add_parser("sync", help="generate specs/model/ from the installed botocore")
    command.set_defaults(run=_sync)

    command = commands.add_parser(
        "drift", help="compare specs/model/ with the installed botocore; exit with 1 on any difference"
    )
    command.set_defaults(run=_drift)

    command = commands.add_parser("diagrams", help="draw the lifecycles in docs/lifecycles (needs graphviz)")
    command.set_defaults(run=_diagrams)

    command = commands.add_parser("openapi", help="print the operations as an OpenAPI 3.1 document")
    command.set_defaults(run=_openapi)

    command = commands.add_parser("rules", help="print rules with level, evidence and sources")
    command.add_argument(
        "rule", nargs="?", metavar="ID", help="rule to print in full (default: one line for each rule)"
    )
    command.add_argument(
        "--weak",
        action="store_true",
        help="print the must rules that were not observed on AWS, with their evidence",
    )
    command.set_defaults(run=_rules)

    command = commands.add_parser("completion", help="print the completion script of a shell")
    command.add_argument("shell", choices=completion.SHELLS, help='in bash: eval "$(dxcontract completion bash)"')
    command.set_defaults(run=_completion)

    return parser, commands.choices


def _completion(options: argparse.Namespace) -> int:
    print(completion.shell_code(options.shell))
    return 0


def _replay(options: argparse.Namespace) -> int:
    usage_errors.check_interpreter()
    return int(suite.module("strategies.replay").run(options))


def _diff(options: argparse.Namespace) -> int:
    usage_errors.check_interpreter()
    return int(suite.module("strategies.diff.run").run(options))


def _compare(options: argparse.Namespace) -> int:
    old, new = compare.read(options.old), compare.read(options.new)
    found = compare.compare(old, new)
    print(compare.markdown(found, old, new))
    return 1 if found.worse else 0


def _annotate(options: argparse.Namespace) -> int:
    for line in annotations.lines(compare.read(options.report)):
        print(line)
    return 0


def _sync(_: argparse.Namespace) -> int:
    folder = model.root() / "model"
    before = botocore_sync.drift(folder) if (folder / botocore_sync.INDEX_FILE).exists() else botocore_sync.Drift()
    names = botocore_sync.write(folder)
    sources.write_botocore_lines(model.root())
    for line in before.lines():
        print(line)
    print(f"{len(names)} operations written to {folder}")
    return 0


def _drift(_: argparse.Namespace) -> int:
    found = botocore_sync.drift(model.root() / "model")
    for line in found.lines():
        print(line)
    if not found:
        print("specs/model/ matches the installed botocore")
    return 1 if found else 0


def _diagrams(_: argparse.Namespace) -> int:
    for path in lifecycle_diagrams.draw(lifecycles.load().values(), model.root().parent / "docs" / "lifecycles"):
        print(path)
    return 0


def _openapi(_: argparse.Namespace) -> int:
    print(json.dumps(openapi.document(model.load()), indent=2, ensure_ascii=False))
    return 0


def _iam(options: argparse.Namespace) -> int:
    print(json.dumps(iam.policy(model.load(), options.level), indent=2))
    return 0


def _rules(options: argparse.Namespace) -> int:
    loaded = model.load()
    if options.weak and options.rule is not None:
        raise ValueError("rules: give an ID or --weak, not both")
    if options.weak:
        for rule in sources.weak(loaded):
            print(f"{rule.id}  {rule.statement}\n    {sources.foundation(loaded, rule).words}")
        return 0
    if options.rule is None:
        for rule in loaded.rules.values():
            print(f"{rule.id}  {rule.level}  {rule.statement}")
        return 0
    rule = loaded.rule(options.rule)
    print(rule.id)
    print(f"  {rule.statement}")
    print(f"  level       {rule.level}")
    print(f"  evidence    {rule.evidence}")
    print(f"  founded     {sources.foundation(loaded, rule).words}")
    for source in rule.sources:
        print(f"  source      {loaded.sources[source.source]['title']}: {source.at}")
        print(f"              {sources.address(loaded, source)}")
    every = len(rule.operations) == len(loaded.operations)
    print(f"  operations  {'all' if every else ', '.join(rule.operations)}")
    for lifecycle in _lifecycles(loaded, rule):
        print(f"  lifecycle   {lifecycle.resource}: {' '.join(lifecycle.states)}")
    for test in _tests(rule.id):
        print(f"  test        {test}")
    return 0


def _lifecycles(loaded: model.Spec, rule: model.Rule) -> list[Lifecycle]:
    """The lifecycles of the resources that the rule's operations concern; none for a rule about all operations."""
    if len(rule.operations) == len(loaded.operations):
        return []
    kinds = {loaded.operation(name).traits.resource for name in rule.operations}
    shapes = {loaded.resources[kind].shape for kind in kinds if kind in loaded.resources}
    return [one for one in lifecycles.load().values() if shapes & set(one.shapes)]


def _tests(rule: str) -> list[str]:
    """The contract tests that claim a rule, as pytest collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--no-header", "--rule", rule, "tests/contract"]
    collected = subprocess.run(command, cwd=suite.folder(), capture_output=True, text=True, check=False)
    found = [line.partition("[")[0] for line in collected.stdout.splitlines() if "::" in line]
    return list(dict.fromkeys(found))
