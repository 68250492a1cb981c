"""A rule that was put to nothing does not conform: targets that do not show what a rule is about, checks without a
basis, and tests that end before they check."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from dxcontract.oracle.assertions import Contract, is_nothing
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import ServiceError
from dxcontract.report import document
from dxcontract.run.known_gaps import Gap
from dxcontract.run.result import Outcome
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json
from dxcontract.wire.errors import HarnessError
from tests.unit import proxy
from tests.unit.pytest_plugin.test_run import pytest_run
from tests.unit.report.test_odd_answers import exchange
from tests.unit.without import Without

SPEC = specs.load()
RULE = "lags.members-uniform"


def run(tmp_path: Path, places: set[str], *tests: str, emptied: bool = False) -> dict[str, Any]:
    """What the contract says of the rules of a target that does not show these members."""
    return judged(Without(SPEC, places, emptied), tmp_path, *tests)


def judged(target: proxy.Proxy, tmp_path: Path, *tests: str) -> dict[str, Any]:
    with proxy.in_thread(target) as endpoint:
        given = f"--target={endpoint}", f"--accounts={proxy.ACCOUNTS}", "--settle-seconds=0.3", f"--report={tmp_path}"
        done = pytest_run(*given, "-p", "no:schemathesis", *tests)
    assert target.changed, done.stdout
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert not report["harness_errors"], done.stdout
    rules: dict[str, Any] = report["rules"]
    return rules


def test_interfaces_without_bgp_peers(tmp_path: Path) -> None:
    """An emulator in the field makes such interfaces. Its last peer, and a second of one family, cannot be refused."""
    file = "tests/contract/test_bgp_peers.py::"
    tests = (
        "test_the_last_peer_stays",
        "test_a_second_peer_of_a_family_needs_redundancy",
        "test_an_interface_gets_the_family_that_it_lacks[ipv4]",
    )
    rules = run(tmp_path, {"VirtualInterface.bgpPeers"}, *(f"{file}{one}" for one in tests), emptied=True)
    for name in ("delete-last", "same-family", "refusal-atomic", "id-form"):
        rule = rules[f"bgp_peers.{name}"]
        assert rule["verdict"] == "indeterminate", name
        assert rule["reasons"], name
    assert rules["bgp_peers.answer-members"]["verdict"] == "untested"
    assert "ended without checking the rule" in rules["bgp_peers.answer-members"]["reasons"][0]


class Refusing(proxy.Proxy):
    """Refuses every request for a BGP peer, valid ones too."""

    def perform(self, call: Call, request: Json) -> Json:
        if call.operation == "CreateBGPPeer":
            self.changed += 1
            raise ServiceError("DirectConnectClientException", "not today")
        return super().perform(call, request)


def test_an_operation_that_refuses_every_request(tmp_path: Path) -> None:
    """It keeps no rule about refusals, and the last verdict says so; that valid requests are refused is a violation."""
    tests = (
        "tests/contract/test_bgp_peers.py::test_a_key_of_another_length_is_refused[1]",
        "tests/contract/test_answers.py::test_a_valid_request_is_accepted_and_well_answered[CreateBGPPeer]",
    )
    for count, verdict in ((1, "conforms"), (2, "indeterminate")):
        rules = judged(Refusing(), tmp_path / verdict, *tests[:count])
        assert rules["bgp_peers.auth-key-length"]["verdict"] == verdict
    assert rules["requests.valid-accepted"]["verdict"] == "violates"
    assert "every CreateBGPPeer was refused" in rules["bgp_peers.auth-key-length"]["reasons"][0]


def test_members_that_are_not_shown(tmp_path: Path) -> None:
    """Each rule here passed although the member that it is about was in no answer."""
    places = {
        *("Connection.awsDeviceV2", "Lag.awsDeviceV2", "Connection.macSecKeys", "Connection.tags"),
        *("DirectConnectGatewayAttachment.attachmentType", "DescribeTagsResponse.resourceTags"),
    }
    folder = "tests/contract/"
    tests = {
        "lags.one-device": "test_lags.py::test_the_connections_of_a_lag_are_alike",
        "macsec.disassociate-removes": "test_macsec.py::test_a_key_that_is_taken_is_gone",
        "macsec.lag-replaces-keys": "test_macsec.py::test_a_connection_in_a_lag_has_no_key_of_its_own",
        "macsec.refusal-atomic": "test_macsec.py::test_a_refused_request_leaves_the_keys",
        "attachments.type": "test_attachments.py::test_a_new_virtual_interface_is_attached",
        "access.tags-hidden": "test_access.py::test_tags_are_not_shown_to_strangers",
        "hosted_connections.tags-owner-only": "test_hosted_connections_use.py::test_the_partner_does_not_see_its_tags",
        "tags.die-with-resource": "test_tags.py::test_tags_end_with_their_resource",
    }
    rules = run(tmp_path, places, *(f"{folder}{one}" for one in tests.values()))
    assert {name: rules[name]["verdict"] for name in tests} == dict.fromkeys(tests, "indeterminate")


@pytest.mark.parametrize("value", [None, "", [], {}, set(), [None, ""], {"a": None, "b": []}])
def test_nothing(value: object) -> None:
    assert is_nothing(value)


@pytest.mark.parametrize("value", [0, False, "x", [0], {"a": None, "b": 1}, {("x", "y")}])
def test_something(value: object) -> None:
    assert not is_nothing(value)


def scoped(*checks: tuple[bool, object]) -> tuple[dict[str, str], dict[str, str]]:
    """The verdicts and reasons of a test that makes these checks."""
    contract = Contract(SPEC)
    with contract.scope("a test", {RULE}) as scope:
        for ok, basis in checks:
            contract.check(RULE, ok, "wrong", exchange("DescribeLags", b"{}"), basis=basis)
        reasons = scope.note_unfounded()
        return {rule: verdict for (rule, _), verdict in scope.tally.verdicts.items()}, reasons


def test_what_a_check_rests_on() -> None:
    assert scoped((True, [])) == ({RULE: "indeterminate"}, {RULE: scoped((True, []))[1][RULE]})
    assert "there was nothing to judge DescribeLags by" in scoped((True, []))[1][RULE]
    assert scoped((True, []), (True, ["x"])) == ({RULE: "conforms"}, {})
    assert scoped((False, []), (True, [])) == ({RULE: "violates"}, {})


def test_items_to_go_through() -> None:
    contract = Contract(SPEC)
    lags = exchange("DescribeLags", b"{}")
    with contract.scope("a test", {RULE}) as scope:
        assert list(contract.each(RULE, [1, 2], lags)) == [1, 2]
        assert not scope.unfounded
        assert list(contract.each(RULE, [], lags, what="connections")) == []
        assert scope.note_unfounded() == {
            RULE: "a test: the rule was put to nothing: DescribeLags answered no connections"
        }
        with pytest.raises(HarnessError):
            list(contract.each("lags.one-device", [], lags))


def test_a_claimed_rule_that_no_test_checked_is_untested_and_says_so() -> None:
    """Neither does a known gap of it count as fixed: nobody looked."""
    found = Outcome(SPEC, "test", endpoint="http://127.0.0.1:1/", claimants={RULE: 1})
    found.claims[RULE] = {"a test"}
    found.unchecked[RULE] = {"a test ended without checking the rule"}
    gap = Gap(f"{RULE}:DescribeLags", RULE, "DescribeLags")
    assert found.verdicts()[RULE] == "untested"
    assert not found.has_assessed(gap)
    rule = document.document(found)["rules"][RULE]
    assert (rule["verdict"], rule["reasons"]) == ("untested", ["a test ended without checking the rule"])
    found.tally.note(RULE, "DescribeLags", "conforms")
    assert document.document(found)["rules"][RULE]["reasons"] == []
    assert found.has_assessed(gap)


def without_basis(source: str) -> list[int]:
    """Lines of checks whose condition is an `all`, or that there is at most one of something, with no basis."""
    found = []
    for function in (one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef)):
        named: dict[str, list[ast.expr]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                named.setdefault(node.targets[0].id, []).append(node.value)
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "check"):
                continue
            condition = node.args[1] if len(node.args) > 1 else node
            values = named.get(condition.id, []) if isinstance(condition, ast.Name) else [condition]
            if any(map(_passes_with_nothing, values)) and "basis" not in {one.arg for one in node.keywords}:
                found.append(node.lineno)
    return found


def _passes_with_nothing(condition: ast.expr) -> bool:
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
        return all(map(_passes_with_nothing, condition.values))
    if isinstance(condition, ast.Call):
        return isinstance(condition.func, ast.Name) and condition.func.id == "all"
    return (
        isinstance(condition, ast.Compare)
        and isinstance(condition.ops[0], ast.LtE)
        and isinstance(condition.left, ast.Call)
        and isinstance(condition.left.func, ast.Name)
        and condition.left.func.id in ("len", "set")
    )


ALL_ITEMS = 'def test():\n    ok = all(one for one in items)\n    contract.check("x", ok, "", exchange{})\n'


def test_checks_of_all_items_say_what_they_rest_on() -> None:
    assert without_basis(ALL_ITEMS.format("")) == [3]
    assert without_basis(ALL_ITEMS.format(", basis=items")) == []
    folder = Path(__file__).parents[2] / "contract"
    read = {path.name: without_basis(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("test_*.py"))}
    assert {name: lines for name, lines in read.items() if lines} == {}
