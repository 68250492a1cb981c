"""index.html: what a target sent stays text wherever report.json has it; one place only marks text as HTML."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest

from dxcontract.oracle.verdict import Violation
from dxcontract.report import document, html, report_files
from dxcontract.run.result import Outcome
from dxcontract.spec import lifecycles
from dxcontract.spec import model as specs
from dxcontract.wire.exchange import Exchange, kept
from dxcontract.wire.messages import Request, Response
from tests.unit.odd_values import EVIL

PACKAGE = Path(html.__file__).parent.parent
ATTACK = f"</pre></title></script>'\"><img src=x onerror=alert(1)><svg/onload=alert(1)> {{{{ 7*7 }}}} {EVIL}"
KEPT = {"verdict", "verdicts", "level", "subject", "started", "protocol", "rule", "links"}
"""Members that dxcontract chooses: a page looks them up."""


class Elements(HTMLParser):
    """The kinds of elements on a page: the tag and the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, tuple[str, ...]]] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, tuple(sorted(name for name, _ in attrs))))


@pytest.fixture
def reported() -> dict[str, Any]:
    request = Request("POST", "http://127.0.0.1:1/", (("X-Amz-Target", "OvertureService.DescribeLags"),), b"{}")
    answer = Response(200, {"content-type": "application/x-amz-json-1.1"}, b'{"lags": [{"lagId": null}]}')
    shown = (
        Exchange("DescribeLags", "owner", "eu-west-1", request, answer, 0.01),
        Exchange("DescribeLags", "owner", "eu-west-1", request, None, 0.01, failure="refused"),
    )
    outcome = Outcome(specs.load(), "test", endpoint="http://127.0.0.1:1", region="eu-west-1", other_region="us-east-1")
    outcome.harness_errors.append("test_x")
    for where in ("/lags/*/lagId", ""):
        name = f"wire.no-null:DescribeLags:{where}"
        outcome.tally.violate(
            Violation(
                name, "wire.no-null", "DescribeLags", where, "must", "null", "test_x", kept(shown), steps=("one",)
            )
        )
    made = document.document(outcome)
    made["lifecycles"]["lag"] = {"reached": [["requested", "pending"]], "violated": [["", "a"], ["b", "c"]]}
    return made


def page(reported: dict[str, Any]) -> str:
    return html.page(reported, lifecycles.load(), html.diagrams_folder())


def attacked(value: Any) -> Any:
    """`value` with an attack in the place of all texts, and in the names of headers."""
    if isinstance(value, dict):
        return {
            ATTACK if name == "content-type" else name: inner if name in KEPT else attacked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [attacked(one) for one in value]
    return ATTACK if isinstance(value, str) else value


def test_no_text_of_a_report_becomes_an_element(reported: dict[str, Any]) -> None:
    said = page(attacked(reported))
    assert said.count("alert(1)") > 1000
    assert Elements(said).found <= Elements(page(reported)).found
    assert "{{ 7*7 }}" in said
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said)


def test_only_one_place_marks_text_as_html() -> None:
    """Ruff's S704 asks for an exception where Python does it; templates have no means to."""
    marking = [file.name for file in PACKAGE.rglob("*.py") for _ in re.findall(r"Markup\(", file.read_text("utf-8"))]
    assert marking == ["html.py"]
    with pytest.raises(jinja2.TemplateAssertionError, match="No filter named 'safe'"):
        html.environment().from_string("{{ text|safe }}")
    templates = [file.read_text("utf-8") for file in PACKAGE.rglob("*.j2")]
    assert len(templates) > 3
    assert not [text for text in templates if "autoescape" in text]


def test_a_page_that_cannot_be_rendered_costs_no_other_file(reported: dict[str, Any], tmp_path: Path) -> None:
    del reported["botocore"]
    missing = report_files.write(reported, tmp_path)
    assert [one for one in missing if one.startswith("index.html could not be made")]
    assert (tmp_path / "summary.md").exists()
