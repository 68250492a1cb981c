"""Every rule has a test, and every test claims rules that exist."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxcontract.spec import model as specs

CONTRACT = Path(__file__).parents[2] / "contract"


def claims() -> dict[str, set[str]]:
    """Rule ids, each with the tests that claim it, read from the marks of the imported modules."""
    found: dict[str, set[str]] = {}
    for path in sorted(CONTRACT.glob("test_*.py")):
        for name, rules in _of_module(path):
            for rule in rules:
                found.setdefault(rule, set()).add(f"{path.name}::{name}")
    return found


STRATEGIES = CONTRACT.parent.parent / "strategies"


def refusing() -> set[str]:
    """The rules that tests and machines judge a refusal by, as far as they are named where that is done."""
    found = set()
    for path in [*CONTRACT.glob("test_*.py"), *STRATEGIES.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                judges = ast.unparse(node.func) in ("contract.refused", "m.contract.refused", "m.refuse")
                if judges and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def _of_module(path: Path) -> list[tuple[str, set[str]]]:
    import importlib.util

    loaded = importlib.util.spec_from_file_location(f"claims_{path.stem}", path)
    assert loaded is not None
    assert loaded.loader is not None
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    result = []
    for name in names:
        function = getattr(module, name)
        result.append((name, {rule for mark in _marks(getattr(function, "pytestmark", [])) for rule in mark.args}))
    return result


def _marks(marks: list[pytest.Mark]) -> Iterator[pytest.Mark]:
    """The rule marks of a test and of its parameters."""
    for mark in marks:
        if mark.name == "rule":
            yield mark
        elif mark.name == "parametrize":
            for value in mark.args[1]:
                yield from (one.mark if hasattr(one, "mark") else one for one in getattr(value, "marks", ()))


@pytest.fixture(scope="module")
def claimed() -> dict[str, set[str]]:
    return claims()


def test_every_rule_is_claimed_by_a_test(claimed: dict[str, set[str]]) -> None:
    assert sorted(set(specs.load().rules) - set(claimed)) == []


def test_every_claim_names_a_rule(claimed: dict[str, set[str]]) -> None:
    assert {rule: tests for rule, tests in claimed.items() if rule not in specs.load().rules} == {}


def test_every_contract_test_claims_a_rule() -> None:
    idle = [
        f"{path.name}::{name}"
        for path in sorted(CONTRACT.glob("test_*.py"))
        for name, rules in _of_module(path)
        if not rules
    ]
    assert idle == ["test_pins.py::test_a_pinned_violation"]  # it claims the rule of its pin


def test_every_rule_names_operations_and_sources_that_exist() -> None:
    spec = specs.load()
    for rule in spec.rules.values():
        assert set(rule.operations) <= set(spec.operations), rule.id
        assert {source.source for source in rule.sources} <= set(spec.sources), rule.id
        assert rule.sources, rule.id


def test_what_is_judged_by_the_error_type_says_so() -> None:
    """A rule that accuses a target for the type of an error names the types that it accepts."""
    rules, judged = specs.load().rules, refusing()
    assert len(judged) > 100
    assert sorted(rule for rule in judged if not rules[rule].errors) == []


def test_a_statement_names_every_error_that_its_check_accepts() -> None:
    spec = specs.load()
    modelled = {error for operation in spec.operations.values() for error in operation.errors}
    for rule in spec.rules.values():
        assert all(error in rule.statement for error in rule.errors), rule.id
        assert set(rule.errors) <= modelled | set(spec.common_errors), rule.id
