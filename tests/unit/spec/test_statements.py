"""The style of rule statements and notes: reports show them to readers who do not know the suite."""

import re
from typing import Final

import pytest

from dxcontract.spec import model as specs

STILTED: Final = re.compile(
    r"\b(one's own|asked for|was seen|were seen|any more|besides|is no|are no|be it|such as it|"
    r"that (?:is|are) answered|is answered with|answers that|told to|goes on to|as they were|as it was)\b(?! longer)"
)
"""Constructions that native readers stumble over; the statements of this contract once had all of them."""


@pytest.mark.parametrize(
    "text",
    [
        "An association that is answered has an id.",
        "A location that is no CIDR block is refused.",
        "It is not described any more.",
        "A refused request leaves the LAG as it was.",
    ],
)
def test_a_stilted_sentence_is_recognised(text: str) -> None:
    assert STILTED.search(text)


def test_statements_and_notes_are_in_plain_english() -> None:
    found = {
        rule.id: [hit.group() for text in (rule.statement, rule.note or "") for hit in STILTED.finditer(text)]
        for rule in specs.load().rules.values()
    }
    assert {rule: hits for rule, hits in found.items() if hits} == {}
