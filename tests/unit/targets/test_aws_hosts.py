"""One decision whether a host is AWS's own, in all places that decide it, whatever the spelling."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dxcontract import schemathesis_hooks
from dxcontract.reproduce import aws_cli, python_script
from dxcontract.targets.aws_detection import why_real
from dxcontract.targets.aws_hosts import is_aws_host, is_key_of_aws
from dxcontract.targets.target import Target, TargetError, aws_suffixes, is_aws
from dxcontract.targets.usage_errors import check_target
from tests.unit.reproduce.test_replay import GATEWAY

ENDPOINT = "https://directconnect.us-east-1.amazonaws.com"
OF_AWS = [
    ENDPOINT,
    "https://directconnect.us-east-1.amazonaws.com.",
    "https://directconnect.us-east-1.amazonaws.com..:443/",
    "https://directconnect.us-east-1.amazonaws.com.:443/path",
    "HTTPS://DirectConnect.US-EAST-1.AmazonAWS.com:443/",
    "http://directconnect.us-east-1.amazonaws.com:80?x#y",
    "//directconnect.us-east-1.amazonaws.com",
    "directconnect.us-east-1.amazonaws.com:443",
    "https:directconnect.us-east-1.amazonaws.com",
    "https:///directconnect.us-east-1.amazonaws.com",
    "https://directconnect-fips.us-gov-west-1.amazonaws.com",
    "https://directconnect.cn-north-1.amazonaws.com.cn",
    "https://directconnect.cn-north-1.api.amazonwebservices.com.cn.",
    "https://vpce-0a1b2c.directconnect.eu-west-1.vpce.amazonaws.com",
    "https://directconnect.eu-west-1.api.aws",
    "https://directconnect.eusc-de-east-1.amazonaws.eu",
    "https://abc.lambda-url.eu-west-1.on.aws/",
    "https://directconnect.us-east-1.xn--amazonaws-.com",
    "https://directconnect.us-east-1.amazonaws.xn--com-",
]
MAY_BE_AWS = [
    "https://localhost@directconnect.us-east-1.amazonaws.com",
    "https://directconnect.us-east-1.amazonaws.com@localhost",
    "https://directconnect.us-east-1.amazonaws.com\\@localhost/",
    "https://directconnect.us-east-1.amazonaws.com\\.example.org",
    "https://directconnect.us-east-1.amazon%61ws.com",
    "https://directconnect.us-east-1.amazonaws%2ecom",
    "https://directconnect.us-east-1.\uff41mazonaws.com",
    "https://directconnect\u3002us-east-1\u3002amazonaws\u3002com",
    "https://directconnect.us-east-1.amazon\u00adaws.com",
    "https://directconnect.us-east-1.amazonaws\t.com",
    " https://directconnect.us-east-1.amazonaws.com",
    "https://directconnect.us-east-1.amazonaws.com\n.example.org",
    "https://[::1]amazonaws.com",
    "https://[directconnect].[amazonaws.com]",
    "https://directconnect.us-east-1.amazonaws.com:x",
]
OTHERS = [
    "http://127.0.0.1:4566",
    "http://localhost:4566/",
    "http://LOCALHOST.:4566",
    "http://[::1]:4566/",
    "http://[fe80::1%25eth0]:4566",
    "http://emulator:4566",
    "http://aws:4566",
    "https://amazonaws.com.example.org",
    "https://notamazonaws.com",
    "https://directconnect.us-east-1.amazonaws.com.localhost.localstack.cloud:4566",
    "https://example.org/directconnect.us-east-1.amazonaws.com",
    "https://example.org?directconnect.us-east-1.amazonaws.com",
    "https://xn--emlator-n2a.example",
    "http://under_score.example:1",
]
ALL = [(one, True) for one in OF_AWS + MAY_BE_AWS] + [(one, False) for one in OTHERS]


@pytest.mark.parametrize(("endpoint", "aws"), ALL)
def test_a_host_is_that_of_aws_in_any_spelling(endpoint: str, aws: bool) -> None:
    assert is_aws(endpoint) == aws
    assert is_aws_host(endpoint, aws_suffixes()) == aws
    assert (schemathesis_hooks.refusal(endpoint, {"DX_EMULATOR": "1"}) is not None) == aws
    assert (why_real(Target(endpoint, endpoint), None, emulator=True) is not None) == aws


@pytest.mark.parametrize("endpoint", [one for one in MAY_BE_AWS if "://" in one and "@" not in one])
def test_a_target_in_a_doubtful_spelling_is_one_line(endpoint: str) -> None:
    with pytest.raises(TargetError, match=r"--target=|not a valid URL"):
        check_target(endpoint)


def test_shell_scripts_decide_the_same(tmp_path: Path) -> None:
    """The function of the script itself, asked about every spelling in one shell."""
    text = aws_cli.script(GATEWAY, "a rule", "http://127.0.0.1:1", "x.sh", "eu-west-1")
    function = re.search(r"^is_aws\(\) \(\n.*?^\)\n", text, re.DOTALL | re.MULTILINE)
    assert function is not None
    asks = tmp_path / "asks.sh"
    asks.write_text(f'{function[0]}for one; do is_aws "$one" && echo yes || echo no; done\n', encoding="utf-8")
    for shell in ("sh", "bash"):
        done = subprocess.run([shell, asks, *(one for one, _ in ALL)], capture_output=True, text=True, timeout=300)
        assert done.stderr == ""
        assert dict(zip((one for one, _ in ALL), done.stdout.split(), strict=True)) == {
            one: "yes" if aws else "no" for one, aws in ALL
        }


def test_python_scripts_decide_the_same() -> None:
    """The functions as a script holds them."""
    text = _python_script()
    held: dict[str, Any] = {"__name__": "x"}
    exec(text, held)  # noqa: S102
    suffixes = re.search(r"^AWS = (\[.*\])$", text, re.MULTILINE)
    assert suffixes is not None
    for endpoint, aws in ALL:
        assert held["is_aws_host"](endpoint, re.findall(r"'([^']+)'", suffixes[1])) == aws, endpoint


def _python_script() -> str:
    rule = {"evidence": "documented", "statement": "a rule", "sources": ["here"]}
    return python_script.script(GATEWAY, rule, "http://127.0.0.1:1", "x.py", "eu-west-1")


@pytest.mark.parametrize("runner", ["py", "sh"])
def test_a_script_sends_nothing_to_aws_or_with_its_keys(tmp_path: Path, runner: str) -> None:
    shell = aws_cli.script(GATEWAY, "a rule", "http://127.0.0.1:1", "x.sh", "eu-west-1")
    (tmp_path / "x.py").write_text(_python_script(), encoding="utf-8")
    (tmp_path / "x.sh").write_text(shell, encoding="utf-8")
    command = [sys.executable if runner == "py" else "sh", str(tmp_path / f"x.{runner}")]
    for endpoint, key, said in (
        (f"{ENDPOINT}.", "", "not against AWS itself"),
        ("http://127.0.0.1:1", "AKIAPLANTEDINTHISTES:secret", "not with a key that looks like AWS's"),
        ("http://127.0.0.1:1", "ASIAPLANTEDINTHISTES:secret:token", "set DX_EMULATOR=1"),
        ("http://127.0.0.1:1", "0PN5JPLANTEDZHT7JJ3X:secret", "set DX_EMULATOR=1"),
    ):
        environment = {**os.environ, **({"DX_OTHER": key} if key else {}), "DX_EMULATOR": ""}
        done = subprocess.run([*command, endpoint], env=environment, capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "PLANTED" not in done.stderr


@pytest.mark.parametrize(
    ("key", "of_aws"),
    [
        ("AKIAIOSFODNN7EXAMPLE", True),
        ("ASIAIOSFODNN7EXAMPLE", True),
        ("akia", True),
        ("ABIAIOSFODNN7EXAMPLE", True),
        ("0PN5J17HBGZHT7JJ3X82", True),
        ("111111111111", False),
        ("test", False),
        ("LSIAQAAAAAAVNCBMPNSG", False),
        ("", False),
    ],
)
def test_keys_that_look_like_those_of_aws(key: str, of_aws: bool) -> None:
    assert is_key_of_aws(key) == of_aws
