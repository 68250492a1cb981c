"""Removes secrets and unsafe text from pytest's test reports."""

from typing import Any, Final

import pytest

from dxcontract.wire.redaction import Vault
from dxcontract.wire.safe_text import printable

LONGEST: Final = 100_000
"""Characters of what pytest says of one test."""


def clean(report: pytest.TestReport | pytest.CollectReport, vault: Vault) -> None:
    """Remove secrets from all texts of a test report."""
    said: Any = report.longrepr
    if isinstance(said, tuple):
        path, line, reason = said
        report.longrepr = (path, line, _clear(reason, vault))
    elif said is not None and (clear := _clear(text := str(said), vault)) != text:
        report.longrepr = clear
    report.sections = [(name, _clear(text, vault)) for name, text in report.sections]


def _clear(text: str, vault: Vault) -> str:
    """`text` without secrets, and without anything that a terminal acts on."""
    text = str(vault.scrubbed(text))
    if len(text) > LONGEST:
        text = f"{vault.cut(text, LONGEST)}... ({len(text)} characters)"
    return printable(text)


def clean_again(config: pytest.Config, vault: Vault) -> None:
    """Before pytest summarizes, remove secrets that became known after a test had ended."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    for reports in terminal.stats.values() if terminal is not None else ():
        for report in reports:
            if isinstance(report, (pytest.TestReport, pytest.CollectReport)):
                clean(report, vault)
