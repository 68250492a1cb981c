"""The command `dxcontract`. Its exit status is for programs: 0 fine, 1 found something, 2 unusable."""

import argparse
import sys
from collections.abc import Sequence

import dxcontract
from dxcontract import spec, sync
from dxcontract.reference import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; answers the exit status."""
    parser = argparse.ArgumentParser(
        prog="dxcontract", description="Does this endpoint behave like AWS Direct Connect?", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"dxcontract {dxcontract.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="the reference emulator by itself")
    serve.add_arguments(command)
    command.set_defaults(run=serve.run)

    command = commands.add_parser("sync", help="generate specs/model/ from the installed botocore")
    command.set_defaults(run=_sync)

    command = commands.add_parser(
        "drift", help="compare specs/model/ with the installed botocore; exit 1 on any difference"
    )
    command.set_defaults(run=_drift)

    command = commands.add_parser("rules", help="print rules: statement, level, evidence, sources")
    command.add_argument("rule", nargs="?", metavar="ID", help="one rule, whole (default: all, a line each)")
    command.set_defaults(run=_rules)

    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (spec.SpecError, OSError, ValueError) as error:
        sys.stderr.write(f"dxcontract: {error}\n")
        return 2


def _sync(_: argparse.Namespace) -> int:
    folder = spec.root() / "model"
    before = sync.drift(folder) if (folder / sync.INDEX_FILE).exists() else sync.Drift()
    names = sync.write(folder)
    for line in before.lines():
        print(line)
    print(f"{len(names)} operations written to {folder}")
    return 0


def _drift(_: argparse.Namespace) -> int:
    found = sync.drift(spec.root() / "model")
    for line in found.lines():
        print(line)
    if not found:
        print("specs/model/ is what the installed botocore says")
    return 1 if found else 0


def _rules(options: argparse.Namespace) -> int:
    loaded = spec.load()
    if options.rule is None:
        for rule in loaded.rules.values():
            print(f"{rule.id}  {rule.level}  {rule.statement}")
        return 0
    rule = loaded.rule(options.rule)
    print(rule.id)
    print(f"  {rule.statement}")
    print(f"  level       {rule.level}")
    print(f"  evidence    {rule.evidence}")
    for source in rule.sources:
        print(f"  source      {loaded.sources[source.source]['title']}: {source.at}")
    every = len(rule.operations) == len(loaded.operations)
    print(f"  operations  {'all' if every else ', '.join(rule.operations)}")
    return 0
