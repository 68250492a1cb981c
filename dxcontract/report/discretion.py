"""What pytest says of a test, without what is secret."""

from typing import Any

import pytest

from dxcontract.secrets import Vault


def clean(report: pytest.TestReport | pytest.CollectReport, vault: Vault) -> None:
    """Remove what is secret from all that pytest says of a test, wherever it got into."""
    said: Any = report.longrepr
    if isinstance(said, tuple):
        path, line, reason = said
        report.longrepr = (path, line, vault.scrubbed(reason))
    elif said is not None and (clear := vault.scrubbed(text := str(said))) != text:
        report.longrepr = clear
    report.sections = [(name, vault.scrubbed(text)) for name, text in report.sections]


def clean_again(config: pytest.Config, vault: Vault) -> None:
    """Before pytest sums up: what became known as secret after a test had ended is removed from what it said, too."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    for reports in terminal.stats.values() if terminal is not None else ():
        for report in reports:
            if isinstance(report, (pytest.TestReport, pytest.CollectReport)):
                clean(report, vault)
