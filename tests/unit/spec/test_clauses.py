"""Every line of the 2018 reference has rules that cover it, or a reason why none can."""

from dxcontract.spec import model as specs

LINES_WITH_SENTENCES = 279
"""Distinct line numbers of the 380 sentences of the 2018 reference."""


def test_every_line_names_rules_that_exist_or_a_listed_reason() -> None:
    spec = specs.load()
    document = specs.read(spec.root / "clauses.json")
    wrong = {
        line: entry
        for line, entry in document["clauses"].items()
        if not set(entry.get("rules", ())) <= set(spec.rules)
        or ("untestable" in entry and entry["untestable"] not in document["reasons"])
    }
    assert wrong == {}


def test_every_line_is_there() -> None:
    assert len(specs.read(specs.root() / "clauses.json")["clauses"]) == LINES_WITH_SENTENCES


def test_untestable_is_the_exception() -> None:
    entries = specs.read(specs.root() / "clauses.json")["clauses"].values()
    untestable = sum("untestable" in entry for entry in entries)
    assert 0 < untestable < len(entries) / 20
