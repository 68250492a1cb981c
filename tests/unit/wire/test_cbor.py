"""CBOR and JSON that say the same; and that a run over CBOR really speaks it."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import cbor2
import pytest

from dxcontract.client.capability_probe import lacks_cbor
from dxcontract.client.client import Api
from dxcontract.oracle import response_checks
from dxcontract.spec import model as specs
from dxcontract.targets import reference
from dxcontract.targets.target import Target
from dxcontract.wire import cbor
from dxcontract.wire.exchange import Exchange
from dxcontract.wire.messages import Request, Response
from tests.unit.hostile import emulator as emulating
from tests.unit.pytest_plugin.test_run import fingerprints, pytest_run


@pytest.mark.parametrize(
    "value",
    [{}, {"a": [1, -1, 2**40, 1.5, True, None, "é😀", "x" * 300]}, {"n": {str(i): i for i in range(300)}}],
)
def test_json_survives_the_way_there_and_back(value: object) -> None:
    there = cbor.from_json(json.dumps(value).encode())
    assert cbor2.loads(there) == value
    assert cbor.document(there) == value
    assert json.loads(cbor.as_json(there)) == value


def test_members_written_twice_stay_twice() -> None:
    assert cbor.from_json(b'{"a":1,"a":2}') == b"\xa2\x61a\x01\x61a\x02"


def test_times_and_bytes_get_the_form_that_json_gives_them() -> None:
    body = cbor2.dumps({"t": datetime.fromtimestamp(1491568964.5, UTC), "b": b"\x00\xff"}, datetime_as_timestamp=True)
    assert cbor.document(body) == {"t": 1491568964.5, "b": base64.b64encode(b"\x00\xff").decode()}


@pytest.mark.parametrize("body", [b"\xa1", b"\xa0\xa0", b"{", b"", b"\xa1\x61a"])
def test_what_is_neither_is_nothing(body: bytes) -> None:
    assert cbor.document(body) is None


@pytest.fixture(scope="module")
def emulator() -> object:
    target = reference.open_target("us-east-1", "eu-west-1")
    yield target
    target.stop()


def test_calls_over_cbor_are_cbor_in_both_directions(emulator: Target) -> None:
    seen: list[Exchange] = []
    api = Api(emulator, specs.load(), seen.append)
    assert lacks_cbor(api) is None
    api.speak("cbor")
    location = api.call("DescribeLocations").body["locations"][0]["locationCode"]
    order = {"location": location, "bandwidth": "1Gbps", "connectionName": "x"}
    made = api.send("CreateConnection", order).body["connectionId"]
    over_cbor = api.call("DescribeConnections", {"connectionId": made})
    refused = api.call("DeleteConnection", {"connectionId": "dxcon-ffffff00"})
    api.speak("json")
    over_json = api.call("DescribeConnections", {"connectionId": made})
    api.close()
    for exchange in seen[:4]:
        assert exchange.protocol == "cbor"
        assert exchange.client_error is None
        assert exchange.response is not None
        assert exchange.response.headers["content-type"] == "application/cbor"
        assert exchange.request.url.endswith(f"/service/OvertureService/operation/{exchange.operation}")
    assert isinstance(cbor2.loads(seen[2].response.body if seen[2].response else b""), dict)
    assert over_cbor.json == over_json.json
    assert (refused.status, refused.error_type) == (400, "DirectConnectClientException")
    assert "dxcon-" in over_cbor.sent()


@pytest.mark.parametrize(
    ("time", "found"),
    [(datetime.fromtimestamp(1491568964, UTC), [True]), (1491568964, [False]), ("2017", []), (None, [])],
)
def test_a_time_has_its_tag(time: object, found: list[bool]) -> None:
    body = {"virtualInterfaceTest": {"testId": "x"} if time is None else {"startTime": time}}
    request = Request("POST", "http://x/", (("smithy-protocol", "rpc-v2-cbor"),), b"\xa0")
    response = Response(200, {}, cbor2.dumps(body, datetime_as_timestamp=True))
    exchange = Exchange("StartBgpFailoverTest", "1" * 12, "us-east-1", request, response, 0.1)
    said = [one for one in response_checks.findings(specs.load(), exchange) if one.rule == "wire.cbor-timestamps"]
    assert [one.ok for one in said] == found
    assert [one.pointer for one in said if not one.ok] == ["/virtualInterfaceTest/startTime"] * found.count(False)


def test_a_target_without_it_is_one_clear_line() -> None:
    result = pytest_run("--target=moto", "--protocol=cbor", "tests/contract/test_locations.py")
    said = result.stdout + result.stderr
    assert result.returncode == 2, said
    assert "moto does not speak rpc-v2-cbor" in said
    assert "Traceback" not in said


def test_both_runs_every_test_once_over_each_and_json_tests_once() -> None:
    files = ("tests/contract/test_locations.py", "tests/contract/test_protocol.py", "tests/contract/test_cbor.py")
    both, plain = (
        pytest_run("--target=reference", *more, "--collect-only", *files).stdout.splitlines()
        for more in (("--protocol=both",), ())
    )

    def count(lines: list[str], name: str) -> int:
        return sum(f"test_{name}.py::" in line for line in lines)

    assert count(both, "locations") == 2 * count(plain, "locations") > 0
    assert count(both, "protocol") == count(plain, "protocol") > 0
    assert (count(plain, "cbor"), count(both, "cbor")) == (0, 14)


@pytest.mark.parametrize("fault", ["wire.smithy-protocol", "wire.protocols-agree"])
def test_the_script_of_a_finding_over_cbor_shows_it(tmp_path: Path, fault: str) -> None:
    with emulating("--fault", fault) as url:
        result = pytest_run(f"--target={url}", "--protocol=both", f"--report={tmp_path}", "tests/contract/test_cbor.py")
        assert f"{fault}:DescribeLags" in fingerprints(tmp_path), result.stdout
        document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        assert document["protocol"] == "both"
        assert "AWS JSON and CBOR" in (tmp_path / "index.html").read_text(encoding="utf-8")
        script = tmp_path / "reproducers" / f"{fault}_DescribeLags.py"
        there = subprocess.run([sys.executable, script, url], capture_output=True, text=True, check=False)
    with emulating() as url:
        elsewhere = subprocess.run([sys.executable, script, url], capture_output=True, text=True, check=False)
    assert "DescribeLags in CBOR" in there.stdout
    assert (there.returncode, elsewhere.returncode) == (1, 0), there.stdout + elsewhere.stdout
