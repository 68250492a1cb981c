"""What rules rest on: addresses of sources, counts, words, and where they are shown."""

import botocore
import pytest

from dxcontract.cli import main
from dxcontract.report import html, markdown
from dxcontract.spec import model, sources
from dxcontract.spec.model import Citation, Rule

SPEC = model.load()
CITED = sorted({(one.source, one.at) for rule in SPEC.rules.values() for one in rule.sources})


def _rule(level: str = "must", evidence: str = "documented", note: str = "", *places: tuple[str, str]) -> Rule:
    cited = tuple(Citation(*place) for place in places)
    return Rule("a.b", "a", ("CreateLag",), "It is so.", level, evidence, cited, (), note)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "at", "wanted"),
    [
        ("boto3-2018", "L5509", "/services/directconnect.html#DirectConnect.Client.update_lag"),
        ("user-guide-2023", "limits.md", "/blob/2665b61/doc_source/limits.md"),
        ("user-guide-2026", "limits.md", "/latest/UserGuide/limits.html"),
        ("github-issue", "aws/aws-sdk-go#2717", "https://github.com/aws/aws-sdk-go/issues/2717"),
        ("rfc-9110", "15.5", "/rfc/rfc9110#section-15.5"),
        ("awsjson-1.1", "whole", "aws-json-1_1-protocol.html"),
        ("netbrain-outputs", "Get Resource Configuration.md", "/blob/main/Get%20Resource%20Configuration.md"),
        (
            "community-aws-recordings",
            "delete_lag_with_connections/DeleteLag_1",
            "/directconnect_link_aggregation_group/delete_lag_with_connections/directconnect.DeleteLag_1.json",
        ),
    ],
)
def test_a_place_has_an_address(source: str, at: str, wanted: str) -> None:
    assert sources.address(SPEC, Citation(source, at)).endswith(wanted)


def test_every_place_that_a_rule_cites_has_an_address() -> None:
    addresses = {place: sources.address(SPEC, Citation(*place)) for place in CITED}
    assert {place: url for place, url in addresses.items() if not url.startswith("https://") or " " in url} == {}
    whole = {place for place, url in addresses.items() if url == SPEC.sources[place[0]]["url"]}
    named = {"boto3-2018", "botocore", "community-aws-recordings"}
    assert {at for source, at in whole if source in named} <= {
        "31 answers of 2017",
        "metadata protocols",
        "paginators-1",
        "the whole model",
    }


def test_lines_of_the_model_are_those_of_the_installed_botocore() -> None:
    source = SPEC.sources["botocore"]
    assert source["version"] == SPEC.index["botocore"]
    if botocore.__version__ == source["version"]:
        places = sources.botocore_lines(sources.botocore_model(), sources.cited(SPEC.root, "botocore"))
        assert source["places"] == places, "run `dxcontract sync`"


def test_places_are_found_in_the_text_of_a_model() -> None:
    text = '{\n  "shapes":{\n    "Lag":{\n      "members":{\n        "lagId":{\n          "shape":"LagId"\n'
    assert sources.botocore_lines(text, ["Lag", "Lag.lagId", "Lag.name"]) == {"Lag": "#L3", "Lag.lagId": "#L5"}


def test_what_is_called_observed_cites_an_observation() -> None:
    for rule in SPEC.rules.values():
        found = sources.foundation(SPEC, rule)
        assert not found.observed or set(found.counts) & set(sources.OBSERVING), rule.id


def test_each_page_counts_once_and_words_say_what_there_is() -> None:
    issue, lines = ("github-issue", "aws/aws-sdk-go#2717"), [("boto3-2018", "L122"), ("boto3-2018", "L123")]
    seen = sources.foundation(SPEC, _rule("must", "observed", "", issue, *lines))
    assert seen.counts == {"issue": 1, "document": 1}
    assert seen.words == "Seen on AWS: 1 public issue that quotes AWS. Also: 1 document of AWS."
    read = sources.foundation(SPEC, _rule("must", "documented", "It follows.", issue, *lines))
    assert read.words == (
        "Not seen on AWS itself; it rests on 1 document of AWS. "
        "Of what is near to it there is: 1 public issue that quotes AWS. It follows."
    )


def test_weak_rules_are_the_musts_without_an_observation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["rules", "--weak"]) == 0
    printed = capsys.readouterr().out
    weak = {rule.id for rule in SPEC.rules.values() if rule.level == "must" and rule.evidence != "observed"}
    assert {line.partition("  ")[0] for line in printed.splitlines() if not line.startswith(" ")} == weak
    assert main.main(["rules", "--weak", "lags.echo"]) == 2
    assert capsys.readouterr().err == "dxcontract: rules: give an ID or --weak, not both\n"


def _entry(rule_id: str) -> dict[str, object]:
    rule = SPEC.rule(rule_id)
    return {
        "evidence": rule.evidence,
        "statement": rule.statement,
        "sources": [str(one) for one in rule.sources],
        "foundation": sources.rule_entry(SPEC, rule),
    }


def _foundation(entry: dict[str, object]) -> str:
    return str(html.environment().get_template("violations.html.j2").module.foundation(entry))  # type: ignore[attr-defined]


def test_reports_say_what_an_accusation_rests_on() -> None:
    """A maintainer who is accused can look the sources up, and argue with the note."""
    entry = _entry("tags.reserved-prefix")
    page = _foundation(entry)
    assert SPEC.rule("tags.reserved-prefix").note in page
    assert '<a href="https://github.com/awsdocs/aws-direct-connect-user-guide/blob/2665b61/' in page
    violation = {
        "operation": "TagResource",
        "level": "must",
        "rule": "tags.reserved-prefix",
        "where": "",
        "message": "accepted",
        "known": False,
    }
    document = {
        "target": "emulator",
        "coverage": {"implemented": 1, "all": 1},
        "divergence": {"violated": 1, "assessed": 1},
        "verdicts": {},
        "harness_errors": [],
        "violations": [violation],
        "rules": {"tags.reserved-prefix": entry},
    }
    assert "Not seen on AWS itself; it rests on 1 document of AWS." in markdown.summary(document)


def test_a_report_without_a_foundation_is_shown_still() -> None:
    """Reports of older versions are merged and compared."""
    entry = _entry("tags.reserved-prefix")
    del entry["foundation"]
    assert _foundation(entry) == "documented: user-guide-2023: using-tags.md"
