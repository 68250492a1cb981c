"""Real accounts get reads only: what arrives at an endpoint that is taken for AWS, across a whole run."""

import itertools
import json
import os
import socket
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from dxcontract.cli.iam import policy
from dxcontract.client.capability_probe import NONSENSE, typical
from dxcontract.client.client import Api
from dxcontract.client.resource_journal import Journal
from dxcontract.run.result import Outcome
from dxcontract.run.safety_options import Safety
from dxcontract.run.session import open_session
from dxcontract.spec import model as specs
from dxcontract.targets import Choice
from dxcontract.targets.accounts import parse, twelve_digits
from dxcontract.targets.aws_detection import EMULATOR_HEADER, MARKS, OWN_HOST, looks_like_aws, why_real
from dxcontract.targets.permissions import LEVELS, NEVER, Guard, Level, level_of, prices
from dxcontract.targets.target import Target
from dxcontract.wire.credentials import Account
from dxcontract.wire.errors import Unsupported
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response
from strategies.world import World
from tests.unit import hostile, servers
from tests.unit.fake_aws import HOST, KEYS, PROXIES, REFUSALS, REQUEST_IDS, fake_aws, gate, resolve_here, writes

ROOT = Path(__file__).parents[3]


def test_a_target_of_reads_refuses_all_else_with_the_way_out() -> None:
    target = Target("aws", "https://directconnect.us-east-1.amazonaws.com/", guard=Guard("aws"))
    for operation in specs.load().operations.values():
        refusal = target.refusal(operation)
        assert (refusal is None) == (operation.traits.effect == "read"), operation.name
        if refusal and operation.name not in NEVER:
            assert "--allow=" in refusal


def test_a_guard_asks_for_no_more_than_was_allowed() -> None:
    spec = specs.load()
    guard = Guard("aws", "free-writes", made={"mine"})
    assert guard.refusal(spec.operation("CreateDirectConnectGateway"), {"directConnectGatewayName": "dxc-x-1"}) is None
    assert guard.refusal(spec.operation("DeleteDirectConnectGateway"), {"directConnectGatewayId": "mine"}) is None
    theirs = guard.refusal(spec.operation("DeleteDirectConnectGateway"), {"directConnectGatewayId": "theirs"})
    assert theirs is not None
    assert "did not make" in theirs
    tag = spec.operation("TagResource")
    assert guard.refusal(tag, {"resourceArn": "arn:aws:directconnect::1:dx-gateway/mine", "tags": []}) is None
    assert guard.refusal(tag, {"resourceArn": "arn:aws:directconnect::1:dx-gateway/theirs", "tags": []}) is not None
    assert "--allow=physical-orders" in str(guard.refusal(spec.operation("CreateConnection")))
    assert "agreement" in str(guard.refusal(spec.operation("ConfirmCustomerAgreement")))


def test_the_budget_is_never_exceeded() -> None:
    order = specs.load().operation("CreateConnection")
    body = {"bandwidth": "1Gbps", "connectionName": "dxc-x-1", "location": "EqDC2"}
    guard = Guard("aws", "physical-orders", budget=20.0)
    sent = 0
    while guard.refusal(order, body) is None:
        guard.passed(order, body)
        sent += 1
    assert sent == 2, "0.30 USD an hour, counted for 24 hours"
    assert guard.spent <= guard.budget
    assert "--budget" in str(guard.refusal(order, body))
    lag = specs.load().operation("CreateLag")
    guard = Guard("aws", "physical-orders", budget=30.0)
    assert guard.refusal(lag, {"connectionsBandwidth": "1Gbps", "numberOfConnections": 4}) is None
    assert guard.refusal(lag, {"connectionsBandwidth": "1Gbps", "numberOfConnections": 5}) is not None
    assert guard.refusal(lag, {"connectionsBandwidth": "a speed of tomorrow", "numberOfConnections": 1}) is not None


def answer(headers: dict[str, str], status: int = 400, body: bytes = b"{}") -> Exchange:
    request = Request("POST", "https://dx.example.org/", (), b"{}")
    return Exchange("X", "owner", "us-east-1", request, Response(status, headers, body), 0.1)


def test_what_answers_like_aws_is_taken_for_it() -> None:
    aws = {"x-amzn-requestid": "5d1f4a2e-8c7b-4d1a-9f3e-2b6c8d7e9f01", "date": "today"}
    unknown = b'{"__type":"UnknownOperationException"}'
    assert looks_like_aws(answer(aws, body=unknown))
    for proxy in PROXIES:
        assert looks_like_aws(answer({**aws, "server": proxy}, body=unknown)), "a proxy in front"
    assert looks_like_aws(answer({"x-amz-apigw-id": "abc"}, 403)), "an API Gateway in front"
    assert not looks_like_aws(answer({**aws, "server": "TwistedWeb/24.3.0"}, body=unknown))
    assert not looks_like_aws(answer({**aws, EMULATOR_HEADER: "reference"}, body=unknown))
    assert not looks_like_aws(answer({"x-amzn-requestid": "no-uuid"}, body=unknown))
    assert not looks_like_aws(answer({"server": "uvicorn"}, 404))


@dataclass
class Arrived:
    """What came to a local server that claims to be AWS, with the gateways that it made."""

    operations: set[str] = field(default_factory=set)
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    gateways: dict[str, str] = field(default_factory=dict)


def like_aws(arrived: Arrived) -> servers.Handle:
    spec = specs.load()

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        kind = "application/x-amz-json-1.1"
        if b"Action=GetCallerIdentity" in body:
            found = "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
            told = f'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{found}'
            servers.answer(handler, 200, f"{told}</GetCallerIdentityResponse>".encode(), "text/xml")
            return
        operation = (handler.headers.get("X-Amz-Target") or "?.?").partition(".")[2]
        arrived.operations.add(operation)
        if operation not in spec.operations:
            servers.answer(handler, 400, b'{"__type":"UnknownOperationException"}', kind)
            return
        try:
            document = json.loads(body)
        except ValueError:
            document = {}
        arrived.bodies.append((operation, document))
        named = document.get("directConnectGatewayName") if isinstance(document, dict) else None
        if operation == "CreateDirectConnectGateway" and isinstance(named, str):
            made = str(uuid.uuid4())
            arrived.gateways[made] = named
            servers.answer(handler, 200, json.dumps({"directConnectGateway": _gateway(made, named)}).encode(), kind)
        elif operation == "DescribeDirectConnectGateways":
            listed = [_gateway(one, name) for one, name in arrived.gateways.items()]
            servers.answer(handler, 200, json.dumps({"directConnectGateways": listed}).encode(), kind)
        elif operation == "DeleteDirectConnectGateway" and document.get("directConnectGatewayId") in arrived.gateways:
            made = document["directConnectGatewayId"]
            gone = {**_gateway(made, arrived.gateways.pop(made)), "directConnectGatewayState": "deleted"}
            servers.answer(handler, 200, json.dumps({"directConnectGateway": gone}).encode(), kind)
        elif spec.operation(operation).required:
            servers.answer(handler, 400, b'{"__type":"DirectConnectClientException","message":"no"}', kind)
        else:
            servers.answer(handler, 200, b"{}", kind)

    return handle


def _gateway(made: str, name: str) -> dict[str, object]:
    return {
        "directConnectGatewayId": made,
        "directConnectGatewayName": name,
        "amazonSideAsn": 64512,
        "ownerAccount": "123456789012",
        "directConnectGatewayState": "available",
    }


def _of_aws(url: str, folder: Path) -> dict[str, str]:
    """An environment in which AWS is at `url`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    environment |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDPLANTEDINTHISTEST",
        "AWS_SECRET_ACCESS_KEY": "planted-secret",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    return environment


def run_against(url: str, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:schemathesis", "--target=aws"]
    command += [f"--report={folder}", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=_of_aws(url, folder), capture_output=True, text=True, timeout=400, check=False
    )


def test_only_reads_arrive_across_a_whole_run(tmp_path: Path) -> None:
    spec, arrived = specs.load(), Arrived()
    with servers.http(like_aws(arrived)) as url:
        result = run_against(url, tmp_path, "--rate=100000")
    assert (tmp_path / "report.json").exists(), result.stdout + result.stderr
    reads = {operation.name for operation in spec.where("read")}
    assert arrived.operations - {NONSENSE, "?", ""} <= reads
    assert "DescribeConnections" in arrived.operations
    report = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "AKIDPLANTEDINTHISTEST" not in report
    document = json.loads(report)
    assert "a real account gets reads only" in document["operations"]["CreateConnection"]["reason"]
    assert document["harness_errors"] == []


def test_only_free_writes_to_what_the_run_made_arrive(tmp_path: Path) -> None:
    spec, arrived = specs.load(), Arrived()
    arrived.gateways["11111111-1111-4111-8111-111111111111"] = "production"
    with servers.http(like_aws(arrived)) as url:
        result = run_against(
            url,
            tmp_path,
            "--rate=100000",
            "--allow=free-writes",
            "tests/contract/test_gateways.py",
            "tests/contract/test_requests.py",
            "tests/contract/test_tags.py",
            "tests/contract/test_answers.py",
        )
    assert (tmp_path / "report.json").exists(), result.stdout + result.stderr
    reads = {operation.name for operation in spec.where("read")}
    free = {one.name for one in spec.operations.values() if level_of(one) in ("reads", "free-writes")}
    assert arrived.operations - {NONSENSE, "?", ""} <= free
    assert "CreateDirectConnectGateway" in arrived.operations - reads
    changed = json.dumps([body for operation, body in arrived.bodies if operation not in reads])
    assert "11111111-1111-4111-8111-111111111111" not in changed
    assert arrived.gateways == {"11111111-1111-4111-8111-111111111111": "production"}, "the rest is deleted again"
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert "--allow=physical-orders" in document["operations"]["CreateConnection"]["reason"]
    assert document["harness_errors"] == []


def test_a_sweep_of_a_real_account_deletes_what_the_journal_names_and_nothing_else(tmp_path: Path) -> None:
    """One that was answered, and one whose answer was lost: found by the name that the journal announces."""
    arrived, spec = Arrived(), specs.load()
    with servers.http(like_aws(arrived)) as url:
        made = Journal("0123abcd", tmp_path / "state" / "dxcontract")
        owner = Account("owner", "AKIAPLANTEDINTHISTES", "planted", account_id="123456789012")
        made.begin(Target("aws", f"{url}/", accounts={"owner": owner}))
        create = spec.operation("CreateDirectConnectGateway")
        for number in (1, 2):
            body = json.dumps({"directConnectGatewayName": f"dxc-0123abcd-{number}"}).encode()
            entry = made.will(create, "owner", "us-east-1", body)
            arrived.gateways[f"{number}"] = f"dxc-0123abcd-{number}"
            if number == 1:
                made.answered(entry, "200", {"direct-connect-gateway": ["1"]}, body)
        kept = {"3": "dxc-0123abcd-9", "4": "production", "5": "dxc-0123abcd-1-of-mine"}
        arrived.gateways |= kept
        command = [sys.executable, "-m", "dxcontract", "sweep", "--force"]
        done = subprocess.run(
            command, cwd=ROOT, env=_of_aws(url, tmp_path), capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert arrived.gateways == kept
    reads = {operation.name for operation in spec.where("read")}
    assert arrived.operations - reads - {NONSENSE, "?", ""} == {"DeleteDirectConnectGateway"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--allow=billable"], "can cost money; also set --account=ID and --budget=USD"),
        (
            ["--allow=physical-orders", "--account=123456789012"],
            "can cost money; also set --account=ID and --budget=USD",
        ),
        (["--allow=billable", "--account=210987654321", "--budget=5"], "not the account of the caller"),
        (["--allow=billable", "--account=123456789012", "--budget=5", "-n2"], "needs a single process"),
        (["--allow=billable", "--account=123456789012", "--budget=-5"], "is not valid"),
    ],
)
def test_what_can_cost_money_needs_more_than_one_word(tmp_path: Path, arguments: list[str], words: str) -> None:
    arrived = Arrived()
    with servers.http(like_aws(arrived)) as url:
        result = run_against(url, tmp_path, *arguments, "tests/contract/test_locations.py")
    assert result.returncode == 2
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert arrived.operations == set()


def test_a_dry_run_sends_nothing_and_says_how_much_it_would(tmp_path: Path) -> None:
    arrived = Arrived()
    allowed = ["--allow=physical-orders", "--account=123456789012", "--budget=15"]
    with servers.http(like_aws(arrived)) as url:
        result = run_against(url, tmp_path, "--dry-run", *allowed)
    assert result.returncode == 0, result.stdout + result.stderr
    assert arrived.operations == set()
    assert "owner 123456789012" in result.stdout
    assert "the worst bill: 15.00 USD" in result.stdout
    orders = next(line for line in result.stdout.splitlines() if "CreateConnection " in line)
    assert orders.split()[1] == "2", "15 USD at 7.20 each"


def nonsense(server: str, request_id: str, error: str, **more: str) -> Exchange:
    """The answer to the operation that cannot exist, as a proxy hands it on."""
    headers = {"server": server, "content-type": "application/x-amz-json-1.1", **more}
    if request_id:
        headers[request_id.lower()] = str(uuid.uuid4())
    return answer(headers, body=json.dumps({"__type": error}).encode())


ELSEWHERE, HERE = f"http://{HOST}:8080/", "http://127.0.0.1:8080/"
MADE_UP = Account("owner", "111111111111", "dxcontract", made_up=True)
OF_AWS = Account("owner", "AKIAPLANTEDINTHISTES", "secret")
ANSWERS = [nonsense(*parts) for parts in itertools.product(PROXIES, REQUEST_IDS, REFUSALS)]


def test_writes_need_proof_that_it_is_not_aws_whatever_a_proxy_makes_of_headers() -> None:
    for seen in ANSWERS:
        for endpoint, account in ((ELSEWHERE, MADE_UP), (ELSEWHERE, OF_AWS), (HERE, OF_AWS)):
            target = Target(endpoint, endpoint, accounts={"owner": account})
            assert why_real(target, seen, emulator=False), (seen, endpoint)
            assert why_real(target, seen, emulator=True) is None
            for mark in MARKS:
                marked = replace(seen, response=Response(400, {mark: "true"}, b"{}"))
                assert why_real(target, marked, emulator=False) is None


def test_made_up_keys_on_loopback_are_proof_unless_the_answer_is_that_of_aws() -> None:
    target = Target(HERE, HERE, accounts={"owner": MADE_UP})
    assert why_real(target, None, emulator=False) is None
    assert why_real(target, nonsense("", "", "UnsupportedOperation"), emulator=False) is None
    signs_itself = nonsense("Caddy", "x-amzn-RequestId", "UnknownOperationException")
    assert "signs requests itself" in str(why_real(target, signs_itself, emulator=False))
    assert "signs requests itself" in str(why_real(target, nonsense("", "x-amz-id-2", "X"), emulator=False))
    for own in (Target("moto", ELSEWHERE, ours=True), Target("reference", HERE, ours=True)):
        assert why_real(own, signs_itself, emulator=False) is None
    for aws in (Target("aws", HERE), Target("x", "https://directconnect.us-east-1.AMAZONAWS.com./")):
        assert why_real(aws, nonsense("", "", "X", **{MARKS[0]: "reference"}), emulator=True) == OWN_HOST


def test_where_keys_come_from_says_whether_they_are_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve digits, `test:test` and what an emulator's STS gives for them; not a profile, whatever it holds."""
    (tmp_path / "credentials").write_text("[local]\naws_access_key_id = test\naws_secret_access_key = test\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    given = "owner=profile/local,other=test:test,partner=AKIAPLANTEDINTHISTES:secret"
    found = parse(given, HERE, "us-east-1")
    assert {role: account.made_up for role, account in found.items()} == {
        "owner": False,
        "other": True,
        "partner": False,
    }
    with servers.http(_sts) as url:
        role = "arn:aws:iam::222222222222:role/x"
        assumed = parse(f"owner=111111111111,other={role}", url, "us-east-1")["other"]
        assert (assumed.access_key, assumed.made_up) == ("ASIAPLANTEDINTHISTES", True)
        assert not parse(f"owner=AKIAPLANTEDINTHISTES:secret,other={role}", url, "us-east-1")["other"].made_up


def _sts(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Gives everybody the credentials of a role."""
    assert b"Action=AssumeRole" in body
    members = {"AccessKeyId": "ASIAPLANTEDINTHISTES", "SecretAccessKey": "s", "SessionToken": "t"}
    told = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    told = f"<AssumeRoleResult><Credentials>{told}</Credentials></AssumeRoleResult>"
    told = f'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{told}</AssumeRoleResponse>'
    servers.answer(handler, 200, told.encode(), "text/xml")


@pytest.mark.parametrize("server", PROXIES)
def test_no_write_reaches_a_fake_aws_behind_a_proxy(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All operations, on an own host name and on loopback."""
    monkeypatch.setattr(socket, "getaddrinfo", resolve_here())
    spec, number = specs.load(), PROXIES.index(server)
    for place, own_name in enumerate((True, False)):
        arrived: Counter[str] = Counter()
        answers = fake_aws(arrived, server, REQUEST_IDS[(number + place) % 3], REFUSALS[(number + place) % 2])
        with servers.http(answers) as url:
            choice = Choice(url.replace("127.0.0.1", HOST) if own_name else url, accounts=KEYS)
            outcome = Outcome(spec, choice.target)
            session = open_session(choice, outcome, 10.0, Safety("0123abcd", journal=str(tmp_path), rate=1e5))
            try:
                for operation in spec.operations.values():
                    if operation.traits.effect != "read":
                        with pytest.raises(Unsupported):
                            session.api.send(operation.name, typical(operation, "dxc-0123abcd-1"))
            finally:
                session.close()
            assert arrived["other"] == 2  # the operation that cannot exist: one bad answer would be no mark of anything
            assert arrived["DescribeConnections"]
            assert writes(arrived) == {}
            (note,) = outcome.notes
            assert note.startswith(f"writes are held back: {choice.target} is treated as a real account (")
            assert "--emulator" in note


def test_the_word_emulator_lets_writes_through(tmp_path: Path) -> None:
    arrived: Counter[str] = Counter()
    with servers.http(fake_aws(arrived, PROXIES[0], "", REFUSALS[1])) as url:
        safety = Safety("0123abcd", journal=str(tmp_path), emulator=True)
        outcome = Outcome(specs.load(), url)
        open_session(Choice(url, accounts=KEYS), outcome, 10.0, safety).close()
    assert writes(arrived), "each operation is asked for once or twice, to find out what is implemented"
    assert outcome.notes == []


def test_no_write_reaches_a_fake_aws_in_a_run_with_workers(tmp_path: Path) -> None:
    arrived: Counter[str] = Counter()
    with servers.http(fake_aws(arrived, PROXIES[0], "", REFUSALS[1])) as url:
        there = url.replace("127.0.0.1", HOST)
        done = gate(there, tmp_path, "-n2", "tests/contract/test_lags.py", "tests/contract/test_answers.py")
    assert done.stdout.count("writes are held back: ") == 1, done.stdout + done.stderr
    assert "--emulator says that it is an emulator" in done.stdout
    assert writes(arrived) == {}
    assert arrived["DescribeLags"]
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert "--emulator if it is none" in document["operations"]["CreateConnection"]["reason"]
    assert document["harness_errors"] == []


def test_the_policy_and_the_guard_follow_from_the_traits() -> None:
    """Both from what `specs/` says an operation does and costs, which nothing but this test reads here."""
    order = ["reads", "free-writes", "billable", "physical-orders"]
    of_cost = {"free": "free-writes", "billable": "billable", "physical-order": "physical-orders"}
    never = {"ConfirmCustomerAgreement", "UpdateConnectionsBillingMode"}
    least: dict[str, str] = {}
    for name, traits in json.loads((ROOT / "specs" / "traits.json").read_text(encoding="utf-8"))["operations"].items():
        if name not in never:
            least[name] = "reads" if traits["effect"] == "read" else of_cost[traits["cost"]]
    spec = specs.load()
    assert least.keys() | never == spec.operations.keys()
    for level in LEVELS:
        wanted = {name for name, needed in least.items() if order.index(needed) <= order.index(level)}
        guard = Guard("aws", level, budget=1e9)
        assert {one.name for one in spec.operations.values() if guard.refusal(one) is None} == wanted
        statements = policy(spec, level)["Statement"]
        assert {(one["Effect"], one["Resource"]) for one in statements} == {("Allow", "*")}
        assert {action for one in statements for action in one["Action"]} == {f"directconnect:{one}" for one in wanted}


def test_what_is_made_for_a_test_on_a_real_account_carries_the_run(tmp_path: Path) -> None:
    """Where the API takes tags at creation and the request has none of its own."""
    spec = specs.load()
    with hostile.emulator() as url:
        target = Target(url, f"{url}/", accounts={"owner": twelve_digits("owner")})
        journal = Journal("0123abcd")
        journal.begin(target)
        api = Api(target, spec, lambda _: None, journal=journal)
        with World(api, journal.run, journal.tags()) as world:
            where = world.location()
            port = world.make("connection", {"connectionName": world.name(), "location": where, "bandwidth": "1Gbps"})
            gateway = world.make("direct-connect-gateway", {"directConnectGatewayName": world.name()})
            wanted = {
                "virtualInterfaceName": world.name(),
                "vlan": 101,
                "asn": 65000,
                "directConnectGatewayId": gateway,
            }
            params = {"connectionId": port, "newPrivateVirtualInterface": wanted}
            interface = world.make("virtual-interface", params, operation="CreatePrivateVirtualInterface")
            own = [{"key": "team", "value": "network"}]
            other = world.make("direct-connect-gateway", {"directConnectGatewayName": world.name(), "tags": own})
            for handle, tags in (
                (port, journal.tags()),
                (gateway, journal.tags()),
                (interface, journal.tags()),
                (other, own),
            ):
                found = api.call("DescribeTags", {"resourceArns": [world.arn(handle)]}).body["resourceTags"][0]["tags"]
                assert sorted(found, key=str) == sorted(tags, key=str), handle
            assert "tags" not in port.params
            asked = {"resiliencyGroupName": world.name(), "intendedResiliencyModel": "basic-resiliency"}
            asked["clientToken"] = world.name()
            group = world.make("resiliency-group", asked)
            again = api.call("CreateResiliencyGroup", asked)
            assert again.body["resiliencyGroup"]["resiliencyGroupId"] == group.id, "tags would make it another request"
        api.close()


class Untouchable:
    """Credentials that nobody may look at."""

    role = "owner"

    def __getattr__(self, name: str) -> str:
        raise AssertionError(f"{name} was read")


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_refused_is_refused_before_anything_is_signed(level: Level) -> None:
    """All operations, through every way out: nothing looks at the credentials, and the reason is in the verdict."""
    spec = specs.load()
    accounts: Any = {"owner": Untouchable()}
    target = Target("aws", "http://127.0.0.1:1/", accounts=accounts, guard=Guard("aws", level, budget=1e9))
    api = Api(target, spec, lambda _: None)
    refused = 0
    for operation in spec.operations.values():
        needed = level_of(operation)
        if needed is not None and LEVELS.index(needed) <= LEVELS.index(level):
            continue
        refused += 1
        body = typical(operation, "dxc-0123abcd-1")
        request = Request("POST", target.endpoint, (), json.dumps(body).encode())
        ways: tuple[Callable[[], object], ...] = (
            lambda: api.call(operation.name, body),  # noqa: B023
            lambda: api.send(operation.name, body),  # noqa: B023
            lambda: api.deliver(operation.name, request),  # noqa: B023
            lambda: api.ask(operation.name, body, 1),  # noqa: B023
        )
        for way in ways:
            with pytest.raises(Unsupported, match=operation.name):
                way()
    assert refused >= 2, "agreements and billing modes at least"
    api.close()


@pytest.mark.parametrize(("level", "budget"), [("billable", 12.0), ("physical-orders", 30.0)])
def test_what_costs_money_keeps_within_the_budget(tmp_path: Path, level: Level, budget: float) -> None:
    spec, arrived = specs.load(), Arrived()
    allowed = [f"--allow={level}", "--account=123456789012", f"--budget={budget}", "--rate=100000"]
    with servers.http(like_aws(arrived)) as url:
        result = run_against(
            url, tmp_path, *allowed, "tests/contract/test_answers.py", "tests/contract/test_connections.py"
        )
    said = result.stdout
    assert f"the worst bill: {budget:.2f} USD (--budget)" in said
    assert said.startswith("dxcontract: the worst bill"), "before the first call, and that of -q"
    least = {
        one.name
        for one in spec.operations.values()
        if (needed := level_of(one)) and LEVELS.index(needed) <= LEVELS.index(level)
    }
    assert arrived.operations - {NONSENSE, "?", ""} <= least
    listed = prices()
    bill = sum(listed.worst(spec.operation(operation), body) for operation, body in arrived.bodies)
    assert bill <= budget
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["harness_errors"] == []
    reasons = " ".join(one for rule in document["rules"].values() for one in rule["reasons"])
    assert "never sent to aws" in reasons + " ".join(str(one.get("reason")) for one in document["operations"].values())
    if level == "physical-orders":
        assert bill > budget - 10, "orders were sent until the next was too much"
        assert "and the budget is 30.00 (--budget)" in reasons
