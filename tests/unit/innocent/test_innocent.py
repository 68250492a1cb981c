"""Nothing that AWS does is accused: the contract has no must violation of any innocent variant.

The tests that a variant can touch are run here; `bench/innocents.py` runs the whole contract against each.
"""

from collections.abc import Iterator

import pytest

from dxcontract.spec import model
from tests.unit.innocent import gate
from tests.unit.innocent.variant import Innocent
from tests.unit.innocent.variants import INNOCENTS


@pytest.fixture(scope="module")
def host() -> Iterator[gate.Gate]:
    with gate.opened() as opened:
        yield opened


@pytest.mark.parametrize("variant", INNOCENTS.values(), ids=str)
def test_nothing_that_aws_does_is_accused(host: gate.Gate, variant: Innocent) -> None:
    """A false accusation costs a maintainer a day, and the suite its name."""
    judged = host.judge(variant)
    assert judged.status in (0, 1), judged.output
    assert judged.harness_errors == []
    assert judged.of("must") == [], f"{variant.says} ({variant.source})"
    assert judged.unlisted(variant) == [], "give a reason in `should` of the variant, or mend the check"
    assert judged.changed, f"{variant.name} changed no answer: its tests never meet what it does otherwise"
    assert judged.emulator == "", judged.emulator


def test_without_a_variant_nothing_is_changed(host: gate.Gate) -> None:
    """A variant is judged by its hooks alone."""
    judged = host.run("reference", [f"{gate.ROOT}/{gate.CONTRACT}/test_routers.py"])
    assert (judged.status, judged.violations, judged.changed) == (0, [], 0)


def test_what_is_guilty_is_accused_here_too(host: gate.Gate) -> None:
    """Else that nobody is accused would show nothing."""
    judged = host.run(
        "guilty", [f"{gate.ROOT}/{gate.CONTRACT}/test_connections.py", "-k", "asked_for", "--settle-seconds=0.3"]
    )
    assert judged.status == 1
    assert judged.changed
    assert {one["rule"] for one in judged.violations if one["level"] == "must"} == {"connections.echo"}


def test_every_variant_says_what_it_does_and_who_says_so() -> None:
    assert len(INNOCENTS) >= 30
    for variant in INNOCENTS.values():
        assert variant.says.endswith(".")
        assert len(variant.source) > 10
        assert variant.tests
        assert {model.load().rule(one).level for one in variant.should} <= {"should"}, variant.name
