"""The pytest plugin: options and fixtures. The hooks are in `hooks`."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Final

import pytest

from dxcontract.client.client import Api
from dxcontract.client.resource_journal import new_run_id
from dxcontract.integrations.target_coverage import plugin as covering
from dxcontract.oracle.assertions import Contract
from dxcontract.pytest_plugin import pins, progress, protocols, shards
from dxcontract.pytest_plugin.hooks import Run
from dxcontract.pytest_plugin.run_extent import Extent
from dxcontract.run import known_gaps, project_config, recording, safety_options, target_options
from dxcontract.run.result import UNUSABLE, Outcome
from dxcontract.run.session import Session
from dxcontract.spec import model
from dxcontract.targets import Choice, usage_errors
from dxcontract.targets.target import TargetError

RUN: Final = "dxcontract-run"


def pytest_addoption(parser: pytest.Parser) -> None:
    try:
        _add_options(parser)
    except (ValueError, argparse.ArgumentError) as taken:
        # Here, pytest would show a traceback.
        sys.stderr.write(f"dxcontract: {usage_errors.taken_option(str(taken), parser)}\n")
        raise SystemExit(UNUSABLE) from taken


def _add_options(parser: pytest.Parser) -> None:
    group = project_config.with_defaults(parser.getgroup("dxcontract", "AWS Direct Connect contract"))
    target_options.add_options(group)
    group.addoption(
        "--rule", metavar="ID", action="append", default=[], help="run only the tests of this rule (repeatable)"
    )
    group.addoption(
        "--operation",
        metavar="NAME",
        action="append",
        default=[],
        help="run only the tests of this operation and of its rules (repeatable)",
    )
    group.addoption("--report", metavar="DIR", help="write index.html, report.json and other files to DIR")
    group.addoption("--known-gaps", metavar="FILE", help="TOML file with violations that do not fail the run")
    group.addoption(
        "--allow-fixed", action="store_true", help="do not fail the run if listed violations no longer occur"
    )
    group.addoption(
        "--min-assessed",
        metavar="N",
        type=int,
        default=0,
        help="exit with status 2 if fewer than N rules were assessed (default: 1)",
    )
    group.addoption(
        "--write-known-gaps", metavar="FILE", help="write all violations to FILE; existing reasons are kept"
    )
    safety_options.add_options(group)
    covering.add_options(group)
    protocols.add_options(group)
    pins.add_options(group)
    recording.add_options(group)
    shards.add_options(group)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Apply the project's defaults for options of other plugins, before xdist reads its own."""
    try:
        values = project_config.read(config.invocation_params.dir).values
    except project_config.ConfigurationError:
        return  # told when plugins are configured: here, pytest would show a traceback
    option = config.option
    in_one = hasattr(config, "workerinput") or option.collectonly or option.usepdb
    if not in_one and getattr(option, "numprocesses", 0) is None:
        option.numprocesses = values.get("workers")
    if getattr(option, "hypothesis_profile", "") is None:
        option.hypothesis_profile = values.get("hypothesis-profile")


def pytest_report_header(config: pytest.Config) -> list[str]:
    path = project_config.read(config.invocation_params.dir).path
    return [f"dxcontract: options of {path}"] if path is not None else []


def pytest_configure(config: pytest.Config) -> None:
    for talkative in ("botocore", "urllib3"):  # what they tell at DEBUG has credentials and bodies in it
        logging.getLogger(talkative).setLevel(logging.INFO)
    config.addinivalue_line("markers", "rule(id, ...): the rules of the contract that this test claims")
    try:
        loaded, project = model.load(), project_config.read(config.invocation_params.dir).values
        target = config.getoption("--target") or target_options.DEFAULT_TARGET
        listed = Path(config.getoption("--known-gaps")) if config.getoption("--known-gaps") else None
        known = known_gaps.read(listed, loaded) if listed is not None else known_gaps.Gaps()
        for rule in config.getoption("--rule"):
            loaded.rule(rule)
        for operation in config.getoption("--operation"):
            loaded.operation(operation)
        usage_errors.check_interpreter()
        usage_errors.check_target(target)
        shards.check_installed(config)
        extent = Extent(config)
        rewritten = Path(config.getoption("--write-known-gaps") or "")
        if rewritten.is_file() and known_gaps.read(rewritten, loaded, rewriting=True).earlier and extent.is_narrowed:
            raise known_gaps.GapsError(known_gaps.only_whole(rewritten))
        if not hasattr(config, "workerinput") and not config.option.collectonly:
            usage_errors.check_writable(config.getoption("--report"), config.getoption("--write-known-gaps"))
    except (model.SpecError, known_gaps.GapsError, project_config.ConfigurationError, TargetError) as error:
        pytest.exit(f"dxcontract: {error}", returncode=UNUSABLE)
    strict = str(config.getini("strict")).lower() == "true" or bool(project.get("strict"))
    outcome = Outcome(
        loaded,
        target,
        protocol=config.getoption("--protocol"),
        strict=strict,
        known=known,
        allow_fixed=config.getoption("--allow-fixed"),
        min_assessed=config.getoption("--min-assessed"),
        shard=shards.shard(config),
    )
    choice = Choice(
        target,
        config.getoption("--region"),
        config.getoption("--accounts"),
        tuple(config.getoption("--fault")),
        config.getoption("--protocol"),
        tuple(filter(None, (config.getoption("--locations") or "").split(","))),
        config.getoption("--wait"),
    )
    worker = getattr(config, "workerinput", {})
    try:
        careful = safety_options.chosen(config, worker.get(RUN) or new_run_id(), worker.get("workerid", ""))
        if not worker:
            recording.start(config)
    except TargetError as error:
        pytest.exit(f"dxcontract: {error}", returncode=UNUSABLE)
    run = Run(config, choice, outcome, careful, extent)
    run.interrupts.install()
    config.pluginmanager.register(run.interrupts, "dxcontract-interrupts")
    config.pluginmanager.register(extent, "dxcontract-extent")
    config.pluginmanager.register(run, RUN)
    run.preflight()
    covering.register(config, outcome)
    config.pluginmanager.register(protocols, "dxcontract-protocols")
    progress.register(config)
    config.pluginmanager.register(pins, "dxcontract-pins")


@pytest.fixture(scope="session")
def dx(pytestconfig: pytest.Config) -> Session:
    """The open target, the client and the contract."""
    run = pytestconfig.pluginmanager.get_plugin(RUN)
    assert isinstance(run, Run)
    return run.opened


@pytest.fixture(scope="session")
def api(dx: Session) -> Api:
    """The client of the target."""
    return dx.api


@pytest.fixture(scope="session")
def contract(dx: Session) -> Contract:
    """The assertions of a test."""
    return dx.contract


@pytest.fixture(scope="session")
def run_id(dx: Session) -> str:
    """The id in all names of this process: that of the run and, in a worker, of the worker."""
    return dx.api.journal.label
