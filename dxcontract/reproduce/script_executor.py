"""Sends the steps of a finding with boto3 only. Reproducer scripts contain this file and `judge`.

boto3's client sends every request that it can. Other requests are signed by botocore and written to the connection
directly.
"""

import datetime
import http.client
import io
import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.exceptions
import botocore.parsers
from botocore import xform_name

from dxcontract.reproduce.judge import (
    GONE,
    STILL,
    UNCLEAR,
    UnfilledError,
    answer,
    control,
    fill,
    fill_step,
    judge,
    said,
    unpacked,
)
from dxcontract.reproduce.plain_cbor import CBOR, is_in_cbor, packed_cbor, unpacked_cbor
from dxcontract.targets.aws_hosts import is_aws_host, is_key_of_aws
from dxcontract.wire.safe_text import one_line, printable

SECONDS = 10.0
_STATUS = {GONE: 0, STILL: 1, UNCLEAR: 2}
_KEYS = {"owner": "111111111111", "other": "222222222222", "partner": "333333333333"}


def main(finding: Mapping[str, Any], endpoint: str, other_region: str, aws: Collection[str]) -> int:
    """Send the steps, print the answers and say whether the violation still happens: exit status 1; 0 if not, 2 if
    unclear.

    `endpoint` is for when no argument names another one; empty, where the recorded target has ended with its run.
    """
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")
    given = sys.argv[1:] or [endpoint] * bool(endpoint)
    if len(given) != 1 or not given[0].startswith(("http://", "https://")):
        print(f"usage: python {os.path.basename(sys.argv[0])} ENDPOINT, such as http://127.0.0.1:4566", file=sys.stderr)
        return 2
    endpoint = given[0]
    if is_aws_host(endpoint, aws):
        print("not against AWS itself: what this sends may be a physical order", file=sys.stderr)
        return 2
    real = [name for role in _KEYS if is_key_of_aws(os.environ.get(name := f"DX_{role.upper()}", ""))]
    if real and not os.environ.get("DX_EMULATOR"):
        print(
            f"not with a key that looks like AWS's ({real[0]}): if an emulator listens there, set DX_EMULATOR=1",
            file=sys.stderr,
        )
        return 2
    run = f"dxc-{os.urandom(4).hex()}"
    known = {f"name-{number}": f"{run}-{number}" for number in range(1, 100)}
    known |= {f"account-{role}": os.environ.get(f"DX_{role.upper()}_ID", key) for role, key in _KEYS.items()}
    # Gateways of EC2 that steps are about are made by nobody here: vgw-1 is to be in the variable VGW_1.
    gateways = [f"{kind}-{number}" for kind in ("vgw", "tgw") for number in range(1, 10)]
    known |= {one: os.environ[name] for one in gateways if (name := one.upper().replace("-", "_")) in os.environ}
    performer = Performer(endpoint, finding["region"], other_region, known)
    verdict, why = UNCLEAR, ""
    try:
        why = control(lambda operation: performer.plainly(operation, finding["steps"][0]))
        if not why:
            stopped = performer.perform(finding["steps"])
            verdict, why = judge(finding, performer.answers, known, stopped)
    except Exception as error:  # noqa: BLE001 - else Python's exit status would say that it still happens
        why = f"step {len(performer.answers) + 1}: {type(error).__name__}: {error}"
    print(printable(f"\nwhat was found: {finding['message']}\n{verdict}: {why}"))
    return _STATUS[verdict]


class Performer:
    """Sends steps to an endpoint; `answers` are what came back."""

    def __init__(self, endpoint: str, region: str, other_region: str, known: Mapping[str, str]) -> None:
        self.answers: list[dict[str, Any]] = []
        self._endpoint = endpoint.rstrip("/") + "/"
        self._regions = {"home": region, "other": other_region}
        self._known = {**known, "region": region}
        self._line: _Line | None = None
        self._clients: dict[Any, Any] = {}
        self._sessions: dict[str, Any] = {}
        self._seen = threading.local()

    def plainly(self, operation: str, like: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an operation with an empty request, with the account and the protocol of a step."""
        step = {"operation": operation, "account": like["account"], "params": {}, "answer": None}
        spoken = {"protocol": "cbor"} if is_in_cbor(like) else {}
        got: list[Any] = [None]
        self._one(got, 0, {**step, **spoken})
        if isinstance(got[0], Exception):
            raise got[0]
        answered: dict[str, Any] = got[0][0]
        return answered

    def perform(self, steps: list[dict[str, Any]]) -> str:
        """Send all steps in order, and concurrent steps concurrently.

        Returns:
            Why not all were sent; empty when all were.
        """
        waiting = list(steps)
        while waiting:
            group = waiting[0].get("together")
            count = next((n for n, one in enumerate(waiting) if n and one.get("together") != group), len(waiting))
            now = waiting[: count if group else 1]
            del waiting[: len(now)]
            bodies = [one["body"] for one in self.answers]
            try:
                asked = [fill_step(one, self._known, bodies) for one in now]
            except UnfilledError as lacking:
                return str(lacking)
            got: list[Any] = [None] * len(now)
            for step in asked:
                if _is_for_a_client(step):
                    self._client(step)  # beforehand: it takes a while, and others are not to wait for it
            threads = [threading.Thread(target=self._one, args=(got, place, asked[place])) for place in range(len(now))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for step, one in zip(asked, got):  # noqa: B905 - scripts may be run by old Pythons
                if isinstance(one, Exception):
                    raise one
                self.answers.append(one[0])
                print(one_line(f"{len(self.answers)}. {step['account']}: {step['operation']} {_asked(step)}", None))
                print(one_line(f"   -> {said(one[0])}  {_came(*one)}", 2000))
        return ""

    def _one(self, got: list[Any], place: int, step: dict[str, Any]) -> None:
        try:
            by = self._by_client if _is_for_a_client(step) else self._by_hand
            status, headers, body, failure = by(step)
            body = unpacked_cbor(body)
            got[place] = answer(status, headers, body, failure), body
        except Exception as error:  # noqa: BLE001 - raised again where the thread is joined
            got[place] = error

    def _session(self, role: str) -> Any:
        if role not in self._sessions:
            self._sessions[role] = self._assumed(role) or self._given(role)
        return self._sessions[role]

    def _assumed(self, role: str) -> Any:
        """Another account of an endpoint whose STS does not take a 12-digit access key for the account; else None."""
        if role == "owner" or f"DX_{role.upper()}" in os.environ:
            return None
        config = botocore.config.Config(read_timeout=SECONDS, retries={"total_max_attempts": 1})
        sts = self._given("owner").client(
            "sts", region_name=self._regions["home"], endpoint_url=self._endpoint, config=config
        )
        try:
            if sts.get_caller_identity()["Account"] == _KEYS["owner"]:
                return None
            arn = f"arn:aws:iam::{_KEYS[role]}:role/dxcontract"
            made = sts.assume_role(RoleArn=arn, RoleSessionName="dxcontract")["Credentials"]
        except (
            botocore.exceptions.BotoCoreError,
            botocore.exceptions.ClientError,
            botocore.parsers.ResponseParserError,
            LookupError,
        ):
            return None  # there is no STS
        return boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def _given(self, role: str) -> Any:
        key, _, rest = os.environ.get(f"DX_{role.upper()}", f"{_KEYS[role]}:dxcontract").partition(":")
        secret, _, token = rest.partition(":")
        return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token or None)

    def _client(self, step: dict[str, Any]) -> Any:
        role, region = step["account"], self._regions[step.get("region", "home")]
        if (role, region) not in self._clients:
            made = self._session(role).client(
                "directconnect",
                region_name=region,
                endpoint_url=self._endpoint,
                config=botocore.config.Config(
                    parameter_validation=False, read_timeout=SECONDS, retries={"total_max_attempts": 1}
                ),
            )
            made.meta.events.register("before-parse.directconnect", self._see)
            self._clients[role, region] = made
        return self._clients[role, region]

    def _see(self, response_dict: Any, **_: Any) -> None:
        """An answer as it came, before boto3 makes something of it."""
        self._seen.answer = response_dict

    def _by_client(self, step: dict[str, Any]) -> Any:
        client = self._client(step)
        self._seen.answer = None
        try:
            getattr(client, xform_name(step["operation"]))(**step["params"])
        except (botocore.exceptions.ClientError, botocore.parsers.ResponseParserError):
            pass  # an error answer is an answer
        except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError) as error:
            return 0, {}, b"", _failure(error)
        except (ValueError, TypeError, KeyError, AttributeError):
            if self._seen.answer is None:
                raise  # not sent at all; else boto3 could not make sense of the answer
        seen = self._seen.answer
        headers = {str(name).lower(): str(value) for name, value in seen["headers"].items()}
        return seen["status_code"], headers, seen["body"], None

    def _by_hand(self, step: dict[str, Any]) -> Any:
        """A request that is made by hand: `params` as JSON or in CBOR, or `request` with all its oddities."""
        in_cbor = is_in_cbor(step)
        request = step.get("request") or {
            "method": "POST",
            "headers": {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"OvertureService.{step['operation']}",
            },
            "body": {"text": json.dumps(step["params"])},
        }
        data, url = unpacked(request["body"]), self._endpoint
        headers = dict(request["headers"])
        if in_cbor:
            data, url = packed_cbor(data), f"{url}service/OvertureService/operation/{step['operation']}"
            headers = {**CBOR, **(headers if "request" in step else {"Content-Type": "application/cbor"})}
        if "token" in request:
            headers["X-Amz-Security-Token"] = request["token"]
        made = botocore.awsrequest.AWSRequest(request["method"], url, headers, data)
        credentials = self._session(step["account"]).get_credentials()
        region, how = self._regions[step.get("region", "home")], request.get("signed", "header")
        if how == "query":
            botocore.auth.SigV4QueryAuth(credentials, "directconnect", region, expires=300).add_auth(made)
        elif how == "header":
            _Aged(credentials, "directconnect", region, request.get("age", 0.0)).add_auth(made)
        signed = [(str(name), str(value)) for name, value in made.headers.items()]
        values = {**self._known, **signing_values(str(made.url), signed)}
        bodies = [one["body"] for one in self.answers]
        if "authorization" in request:
            wrong = fill(request["authorization"], values, bodies)
            signed = [(name, wrong if name.lower() == "authorization" else value) for name, value in signed]
            values["authorization"] = wrong
        if "written" not in request:
            return self._sent(request["method"], str(made.url), signed, data)
        if self._line is None or "line" not in request:
            try:
                self._line = _Line(self._endpoint)
            except OSError as error:
                return 0, {}, b"", _failure(error)
        pieces = filled_pieces(request["written"], values, bodies)
        return self._line.exchange(pieces, request["method"], "ends" in request)

    def _sent(self, method: str, url: str, headers: Any, data: bytes) -> Any:
        place = urlsplit(url)
        kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        connection = kind(place.hostname or "", place.port, timeout=SECONDS)
        try:
            connection.putrequest(method, (place.path or "/") + (f"?{place.query}" if place.query else ""))
            for name, value in headers:
                if name.lower() not in ("host", "content-length"):
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            found = connection.getresponse()
            return found.status, {name.lower(): value for name, value in found.getheaders()}, found.read(), None
        except (OSError, http.client.HTTPException) as error:
            return 0, {}, b"", _failure(error)
        finally:
            connection.close()


def signing_values(url: str, headers: Any) -> dict[str, str]:
    """The values of a signature, by their placeholders in raw requests."""
    found = {name.lower(): value for name, value in headers}
    place, header = urlsplit(url), found.get("authorization", "")
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    signature = header.rpartition("Signature=")[2]
    values = {
        "authorization": header,
        "credential": header.partition("Credential=")[2].partition(",")[0],
        "signature": signature,
        "host": found.get("host", place.netloc),
        "target": target,
        "x-amz-date": found.get("x-amz-date", ""),
        "x-amz-security-token": found.get("x-amz-security-token", ""),
    }
    values |= {f"signature:{length}": signature[:length] for length in range(1, len(signature))}
    return values | {f"target:-{cut}": target[:-cut] for cut in range(1, 80)}


def filled_pieces(written: Any, values: Mapping[str, str], answers: Any) -> list[Any]:
    """The pieces to send: bytes, and pauses in seconds."""
    return [one["pause"] if "pause" in one else unpacked(fill(one, values, answers)) for one in written]


class _Aged(botocore.auth.SigV4Auth):
    """A signer whose clock is wrong."""

    def __init__(self, credentials: Any, service: str, region: str, age: float) -> None:
        super().__init__(credentials, service, region)
        self._age = age

    def _modify_request_before_signing(self, request: Any) -> None:
        if self._age:
            then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=self._age)  # noqa: UP017
            request.context["timestamp"] = then.strftime("%Y%m%dT%H%M%SZ")
        parent: Any = super()
        parent._modify_request_before_signing(request)


class _Stream(io.BufferedReader):
    """What a connection has brought; stays open from one answer to the next."""

    def makefile(self, *_: Any) -> Any:
        return self

    def close(self) -> None:
        pass


class _Line:
    """A connection of one's own."""

    def __init__(self, endpoint: str) -> None:
        place = urlsplit(endpoint)
        host, port = place.hostname or "", place.port or (443 if place.scheme == "https" else 80)
        plain = socket.create_connection((host, port), timeout=SECONDS)
        secure = place.scheme == "https"
        self._socket = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        self._stream: Any = _Stream(self._socket.makefile("rb", buffering=0))

    def exchange(self, pieces: Any, method: str, ends: bool) -> Any:
        """Send pieces with pauses, and read one answer."""
        try:
            for piece in pieces:
                if isinstance(piece, bytes):
                    self._socket.sendall(piece)
                else:
                    time.sleep(piece)
            if ends:
                self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # a target that closes early may have answered already
        try:
            found = http.client.HTTPResponse(self._stream, method=method)
            found.begin()
            return found.status, {name.lower(): value for name, value in found.getheaders()}, found.read(), None
        except (OSError, http.client.HTTPException) as error:
            return 0, {}, b"", _failure(error)


_FAILURES = (
    (ConnectionRefusedError, "refused"),
    (socket.gaierror, "refused"),
    (botocore.exceptions.EndpointConnectionError, "refused"),
    (botocore.exceptions.ConnectTimeoutError, "refused"),
    (botocore.exceptions.ProxyConnectionError, "refused"),
    (ssl.SSLError, "tls"),
    (botocore.exceptions.SSLError, "tls"),
    (TimeoutError, "timeout"),
    (botocore.exceptions.ReadTimeoutError, "timeout"),
    (ConnectionError, "reset"),
    (botocore.exceptions.ConnectionClosedError, "reset"),
    (http.client.IncompleteRead, "reset"),
    (http.client.HTTPException, "not-http"),
)


def _failure(error: Exception) -> str:
    """A failure in the words of findings."""
    return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), "other")


def _is_for_a_client(step: dict[str, Any]) -> bool:
    return "params" in step and not step.get("raw") and not is_in_cbor(step)


def _came(got: Mapping[str, Any], body: bytes) -> str:
    """An answer's body, without what is secret where that can be told."""
    return body.decode("utf-8", "backslashreplace") if got["body"] is None else json.dumps(got["body"])


def _asked(step: dict[str, Any]) -> str:
    how = "in CBOR: " if is_in_cbor(step) else ""
    if "params" in step:
        return f"{how}{step['params']}"
    return f"{how}{step['request']['method']} {unpacked(step['request']['body'])[:500]!r}"
