"""Reads facts from pytest's objects: contract tests, the rules that they claim, the line of a test."""

from pathlib import Path
from typing import Any, Final

import pytest

CONTRACT_TESTS: Final = str(Path("tests") / "contract")


def is_contract_test(item: pytest.Item) -> bool:
    """Whether a test lies under tests/contract of the suite."""
    return str(item.path.parent).endswith(CONTRACT_TESTS)


def has_line(entry: Any) -> bool:
    try:
        return bool(entry.lineno >= 0)
    except TypeError:
        return False


def claims_of(item: pytest.Item) -> set[str]:
    return {rule for mark in item.iter_markers("rule") for rule in mark.args}


def operation_of(item: pytest.Item) -> str:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return str(params.get("operation", ""))
