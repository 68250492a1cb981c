"""The likeliest mistakes, each made in a real run: one line that says what to do, exit status 2, no traceback."""

import argparse
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dxcontract.reference.http import serve
from dxcontract.targets import usage_errors
from tests.unit import servers

ROOT = Path(__file__).parents[3]
LOCATIONS = str(Path(__file__).parents[2] / "contract" / "test_locations.py")
EMPTY_HOME = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    nowhere = {name: str(folder / "none") for name in EMPTY_HOME}
    return subprocess.run(
        [sys.executable, "-m", "dxcontract", "run", "-q", "--color=no", *arguments],
        cwd=folder,
        env={**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass(frozen=True)
class Mistake:
    """What was typed, what is set, and the words that say what to do."""

    arguments: tuple[str, ...]
    words: str
    environment: dict[str, str] = field(default_factory=dict)
    python: str = ""


CLOSED = f"http://127.0.0.1:{servers.closed_port()}"
MISTAKES = {
    "target down": Mistake((f"--target={CLOSED}",), "refuses connections; is it running?"),
    "no scheme": Mistake(("--target=localhost:4566",), "did you mean --target=http://localhost:4566?"),
    "a path": Mistake((f"--target={LOCATIONS}",), "is a path; use reference, moto, aws or a URL"),
    "a typo": Mistake(("--target=motto",), "did you mean moto?"),
    "no port number": Mistake(("--target=http://127.0.0.1:port",), "is not a valid URL (Port could not be cast"),
    "broken brackets": Mistake(("--target=http://[",), "is not a valid URL (Invalid IPv6 URL)"),
    "no host": Mistake(("--target=http://",), "has no host"),
    "unknown host": Mistake(("--target=http://no-such-host.invalid",), "a host name that cannot be resolved"),
    "proxy in the way": Mistake(
        ("--target=http://no-such-host.invalid",),
        "the request used the proxy of HTTP_PROXY; set NO_PROXY=no-such-host.invalid to connect directly",
        {"HTTP_PROXY": "http://127.0.0.1:1"},
    ),
    "no bundle": Mistake(("--target=reference",), "AWS_CA_BUNDLE=none.pem: there is no", {"AWS_CA_BUNDLE": "none.pem"}),
    "wrong region": Mistake(
        ("--target=aws", "--region=us-est-1", "--accounts=owner=111111111111"), "did you mean us-west-1 or us-east-1?"
    ),
    "no credentials": Mistake(("--target=aws", "--region=us-east-1"), "no AWS credentials found; set AWS_PROFILE"),
    "no such profile": Mistake(
        ("--target=aws", "--accounts=owner=profile/none"), "no AWS credentials for profile none"
    ),
    "AWS_PROFILE that is not there": Mistake(
        ("--target=reference",), "AWS_PROFILE: The config profile (none) could not be found", {"AWS_PROFILE": "none"}
    ),
    "no gaps file": Mistake(("--known-gaps=none.toml",), "there is no such file; --write-known-gaps=none.toml"),
    "broken gaps file": Mistake(("--known-gaps=broken.toml",), "known gaps broken.toml: "),
    "report in a file": Mistake(("--report=broken.toml",), "--report=broken.toml cannot be written"),
    "report where nobody writes": Mistake(("--report=/proc/none",), "--report=/proc/none cannot be written"),
    "gaps where nobody writes": Mistake(("--write-known-gaps=/proc/none/a",), "cannot be written"),
    "old botocore": Mistake(
        ("--target=reference",),
        "botocore 1.30.0 is installed and lacks operations of Direct Connect: pip install --upgrade",
        python="import botocore; botocore.__version__ = '1.30.0'",
    ),
    "no moto": Mistake(
        ("--target=moto",),
        "--target=moto needs moto[server]",
        python="import sys; sys.modules['moto'] = None; sys.modules['moto.server'] = None",
    ),
    "assertions left out": Mistake(
        ("--target=reference",), "PYTHONOPTIMIZE or -O removes the assertions of the suite", {"PYTHONOPTIMIZE": "1"}
    ),
    "another plugin has an option": Mistake(
        ("-p", "taker"), "another pytest plugin also defines the option --report", {"PYTHONPATH": "."}
    ),
    "another plugin has another option": Mistake(
        ("-p", "taker_of_target"), "disable that plugin: -p no:of-target", {"PYTHONPATH": "."}
    ),
    "wrong type": Mistake(("--rate=fast",), "argument --rate: invalid float value: 'fast'"),
    "unknown option": Mistake(("--tarket=moto",), "unrecognized arguments: --tarket=moto"),
    "unknown rule": Mistake(("--rule=lags.none",), "lags.none"),
    "unknown operation": Mistake(("--operation=MakeLag",), "MakeLag"),
    "nothing chosen": Mistake(("-k", "nothing_is_named_so"), "no test was chosen"),
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_a_mistake_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    (tmp_path / "broken.toml").write_text("[[gap", encoding="utf-8")
    for module, group, option in (("taker", "taker", "report"), ("taker_of_target", "of-target", "target")):
        text = f'def pytest_addoption(parser):\n    parser.getgroup("{group}").addoption("--{option}")\n'
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
    environment = dict(mistake.environment)
    if mistake.python:
        (tmp_path / "sitecustomize.py").write_text(mistake.python, encoding="utf-8")
        environment["PYTHONPATH"] = str(tmp_path)
    done = run(tmp_path, LOCATIONS, *mistake.arguments, **environment)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert sum(mistake.words in line for line in said.splitlines()) == 1, said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server that speaks TLS, with a certificate that nobody vouches for: its port and the certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    servers.certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(connection: object) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as safe:  # type: ignore[arg-type]
                safe.recv(4096)
                safe.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            return  # what the other side thinks of it is what is tested

    with servers.tcp(serve) as url:
        yield int(url.rpartition(":")[2]), certificate


def test_tls_and_none_are_told_apart(certified: tuple[int, Path], tmp_path: Path) -> None:
    port, certificate = certified
    plain = run(tmp_path, LOCATIONS, f"--target=http://localhost:{port}")
    assert plain.returncode == 2
    assert "if the endpoint uses TLS, use https:// instead of http://" in plain.stdout
    strange = run(tmp_path, LOCATIONS, f"--target=https://localhost:{port}")
    assert strange.returncode == 2
    assert "if you trust it, set SSL_CERT_FILE to the certificate of its authority" in strange.stdout
    trusted = run(tmp_path, LOCATIONS, f"--target=https://localhost:{port}", SSL_CERT_FILE=str(certificate))
    assert trusted.returncode == 2
    assert "certificate" not in trusted.stdout
    with servers.http(lambda handler, _: servers.answer(handler, 200, b"", "text/plain")) as url:
        wrong = run(tmp_path, LOCATIONS, f"--target={url.replace('http:', 'https:')}")
    assert wrong.returncode == 2
    assert "the endpoint does not use TLS; use http:// instead of https://" in wrong.stdout


def test_a_proxy_is_not_in_the_way_of_this_machine(tmp_path: Path) -> None:
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:1")
    done = run(tmp_path, LOCATIONS, "--target=reference", **proxy)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_region_that_aws_has_not_is_said_where_nothing_is_implemented(tmp_path: Path) -> None:
    done = run(tmp_path, LOCATIONS, "--target=moto", "--region=eu-centrall-1")
    assert done.returncode == 2
    assert "AWS has no Region eu-centrall-1; did you mean eu-central-1" in done.stdout


def test_few_accounts_are_said_by_role() -> None:
    assert usage_errors.few_accounts(["owner"]) == (
        "no account for other and partner: rules that need one are unsupported; "
        "set --accounts=owner=…,other=…,partner=…"
    )
    assert usage_errors.few_accounts(["owner", "other", "partner"]) is None


def test_one_account_only_is_said_at_the_end(tmp_path: Path) -> None:
    from dxcontract.targets import Choice, open_target

    target = open_target(Choice("reference"))
    try:
        done = run(
            tmp_path, LOCATIONS, f"--target={target.endpoint}", "--accounts=owner=111111111111", "--region=us-nowhere-1"
        )
    finally:
        target.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no account for other and partner: rules that need one are unsupported" in done.stdout
    assert "AWS has no Region us-nowhere-1" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "80000"), "cannot listen on 127.0.0.1:80000: "),
        (("--host", "0.0.0.0"), "say --public if that is meant"),  # noqa: S104
        (("--host", "::"), "say --public if that is meant"),
        (("--public", "--host", "192.0.2.1"), "cannot listen on 192.0.2.1:0: "),
    ],
)
def test_the_emulator_says_in_a_line_why_it_does_not_listen(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    assert serve.run(parser.parse_args(arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


WARNS = """
import warnings

def pytest_configure(config):
    warnings.warn(FutureWarning("an option of this plugin is unset"))

def pytest_collection_modifyitems(items):
    warnings.warn(DeprecationWarning("this plugin gets old"))

def pytest_runtest_setup(item):
    warnings.warn(ResourceWarning("this plugin left something open"))
"""


@pytest.mark.parametrize("installed", [True, False])
def test_warnings_of_other_plugins_end_no_run(installed: bool, tmp_path: Path) -> None:
    """Neither one that is run as by users of the wheel, nor pytest in a checkout."""
    (tmp_path / "warner.py").write_text(WARNS, encoding="utf-8")
    chosen = ("-p", "warner", "--target=reference", LOCATIONS)
    if installed:
        done = run(tmp_path, *chosen, PYTHONPATH=".")
    else:
        command = [sys.executable, "-m", "pytest", "-q", *chosen]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
