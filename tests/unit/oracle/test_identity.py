"""What makes two violations the same one: places, symptoms, and names that only a request made up."""

from collections.abc import Iterator, Mapping

import pytest

from dxcontract.oracle import violation_identity
from dxcontract.oracle.assertions import Contract, Scope
from dxcontract.oracle.verdict import fingerprint
from dxcontract.spec import model as specs
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response

SPEC = specs.load()
RULES = ("requests.unknown-ids", "lags.update-name", "lags.echo", "tags.shown-on-resource", "requests.valid-accepted")


def answered(operation: str, status: int, body: str, asked: str = "{}") -> Exchange:
    headers: Mapping[str, str] = {
        "content-type": "application/x-amz-json-1.1",
        "x-amzn-requestid": "7b1b0b86-6c6b-4b4e-9d4e-0d6c5b8f5a11",
    }
    request = Request("POST", "http://127.0.0.1/", (), asked.encode())
    return Exchange(operation, "owner", "us-east-1", request, Response(status, headers, body.encode()), 0.01, raw=True)


@pytest.fixture
def scope() -> Iterator[tuple[Contract, Scope]]:
    contract = Contract(SPEC)
    with contract.scope("t", RULES) as made:
        yield contract, made


def refused(kind: str, status: int = 400) -> Exchange:
    return answered("DeleteLag", status, f'{{"__type":"{kind}","message":"no"}}')


def test_a_place_is_a_pointer_from_the_root_of_the_answer() -> None:
    def place(operation: str, where: str, *, of_answer: bool = True) -> str:
        return violation_identity.place(SPEC, operation, where, (), of_answer=of_answer)

    assert place("DescribeLags", "/lagName") == place("DescribeLags", "/lags/*/lagName") == "/lags/*/lagName"
    assert place("DescribeTags", "/tags") == "/resourceTags/*/tags"
    assert place("GetResiliencyGroup", "/tags") == "/resiliencyGroup/tags"
    assert place("CreateLag", "/lagName") == "/lagName"
    assert place("DescribeLags", "/lagId", of_answer=False) == "/lagId"
    assert place("DescribeLags", "deleted->available") == "deleted->available"


def test_machines_and_directed_tests_give_one_fact_one_name(scope: tuple[Contract, Scope]) -> None:
    contract, made = scope
    exchange = answered("DescribeLags", 200, '{"lags":[]}')
    for where in ("", "/lagName"):
        contract.check("lags.update-name", False, "the name is another one", exchange, where=where)
    for where in ("/tags", "/lags/*/tags"):
        contract.check("tags.shown-on-resource", False, "no tags", exchange, where=where)
    assert set(made.tally.violations) == {
        "lags.update-name:DescribeLags",
        "tags.shown-on-resource:DescribeLags:/lags/*/tags",
    }


def test_different_symptoms_are_different_violations(scope: tuple[Contract, Scope]) -> None:
    contract, made = scope
    answers = (
        answered("DeleteLag", 200, "{}"),
        refused("LagNotFound"),
        refused("NoSuchLag"),
        refused("Whatever", 500),
        refused("not a \\n name"),
    )
    for exchange in answers:
        contract.refused("requests.unknown-ids", exchange, "an id that names nothing", where="/lagId")
    assert set(made.tally.violations) == {
        "requests.unknown-ids:DeleteLag:/lagId:accepted",
        "requests.unknown-ids:DeleteLag:/lagId:LagNotFound",
        "requests.unknown-ids:DeleteLag:/lagId:NoSuchLag",
        "requests.unknown-ids:DeleteLag:/lagId:server-error",
        "requests.unknown-ids:DeleteLag:/lagId:malformed-error-type",
    }
    contract.accepted("requests.valid-accepted", refused("LagNotFound"), "a valid request")
    assert "requests.valid-accepted:DeleteLag::LagNotFound" in made.tally.violations


def test_which_wrong_error_it_is_tells_violations_apart(scope: tuple[Contract, Scope]) -> None:
    contract, made = scope
    for kind in ("LagNotFound", "NoSuchLag"):
        contract.witness(refused(kind))
    assert {"wire.error-type:DeleteLag::LagNotFound", "wire.error-type:DeleteLag::NoSuchLag"} <= set(
        made.tally.violations
    )


def test_names_that_a_request_made_up_are_no_part_of_a_fingerprint(scope: tuple[Contract, Scope]) -> None:
    """An emulator that keeps what it does not know answers what a fuzzer drew, in its own case."""
    contract, made = scope
    for drawn in ("qX7", "\\u00c4\\u0000", "a/b~"):
        body = f'{{"lagId":"dxlag-1","{drawn}":{{"inner":1}},"tags":[{{"key":"k","{drawn}":2}}]}}'
        contract.witness(answered("CreateLag", 200, body.replace("qX7", "qx7"), asked=body))
    contract.witness(answered("UpdateLag", 200, '{"lagId":"dxlag-1","lagColour":"red"}'))
    found = {one for one in made.tally.violations if one.startswith("wire.unmodelled-member")}
    assert found == {
        "wire.unmodelled-member:CreateLag",
        "wire.unmodelled-member:CreateLag:/tags/*",
        "wire.unmodelled-member:UpdateLag:/lagColour",
    }


def test_a_fingerprint_has_four_parts_at_most() -> None:
    assert fingerprint("a.b", "CreateLag") == "a.b:CreateLag"
    assert fingerprint("a.b", "CreateLag", "/x") == "a.b:CreateLag:/x"
    assert fingerprint("a.b", "CreateLag", "", "accepted") == "a.b:CreateLag::accepted"
    assert fingerprint("a.b", "CreateLag", "a:b", "accepted") == "a.b:CreateLag:a%3Ab:accepted"
