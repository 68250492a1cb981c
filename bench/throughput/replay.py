"""Replays recorded calls by a bare loop over boto3, which judges nothing: what the suite's own work is compared with.

    python -m bench.throughput.replay TARGET FOLDER

Prints, as JSON, how many calls it made, the seconds from the first to the last, and its processor seconds. Ids that the
target gives anew are put in place of the recorded ones. What boto3 cannot express (bodies that are no JSON object,
operations that do not exist) is signed and sent by botocore as it stands.
"""

import base64
import contextlib
import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.httpsession
import botocore.parsers
import botocore.session

from bench.throughput.recording import read
from dxcontract.targets import Choice, open_target
from dxcontract.wire.botocore_session import session

_ID: Final = re.compile(r"dx[a-z]+-[0-9a-z]{8,17}|[0-9a-f]{8}-[0-9a-f-]{27}")
_FAILURES: Final = (
    botocore.exceptions.ClientError,
    botocore.parsers.ResponseParserError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)


class Replay:
    """A client for each account and region, as a program would have them."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.clients: dict[tuple[str, str], Any] = {}
        self.plain = botocore.httpsession.URLLib3Session()
        self.ids: dict[str, str] = {}
        self.operations = frozenset(session("json").get_service_model("directconnect").operation_names)
        self.answered = b""

    def client(self, role: str, region: str) -> Any:
        if (role, region) not in self.clients:
            account = self.target.accounts[role]
            self.clients[role, region] = made = session("json").create_client(
                "directconnect",
                region_name=region,
                endpoint_url=self.target.endpoint,
                aws_access_key_id=account.access_key,
                aws_secret_access_key=account.secret_key,
                aws_session_token=account.token,
                config=botocore.config.Config(
                    parameter_validation=False, retries={"total_max_attempts": 1, "mode": "standard"}
                ),
            )
            made.meta.events.register("after-call", self.hear)
        return self.clients[role, region]

    def hear(self, http_response: Any, **_: Any) -> None:
        """Keep the answer as it was on the wire: the ids stand there in the order of the recorded ones."""
        self.answered = http_response.content

    def call(self, one: dict[str, Any]) -> None:
        """Make a call; its answer is in `answered`."""
        self.answered = b""
        body = base64.b64decode(one["asked"])
        try:
            text = _ID.sub(lambda found: self.ids.get(found[0], found[0]), body.decode())
            params = json.loads(text)
        except (ValueError, RecursionError):
            self.send(one, body)
            return
        if not isinstance(params, dict) or one["operation"] not in self.operations:
            self.send(one, text.encode())
            return
        with contextlib.suppress(*_FAILURES):
            self.client(one["role"], one["region"])._make_api_call(one["operation"], params)

    def send(self, one: dict[str, Any], body: bytes) -> None:
        account = self.target.accounts[one["role"]]
        headers = {"X-Amz-Target": f"OvertureService.{one['operation']}", "Content-Type": "application/x-amz-json-1.1"}
        request = botocore.awsrequest.AWSRequest("POST", self.target.endpoint, headers, body)
        credentials = botocore.credentials.Credentials(account.access_key, account.secret_key, account.token)
        botocore.auth.SigV4Auth(credentials, "directconnect", one["region"]).add_auth(request)
        self.answered = self.plain.send(request.prepare()).content

    def learn(self, recorded: str) -> None:
        """The ids that stand in the same places of the recorded and of the new answer name the same things."""
        before, now = _ID.findall(recorded), _ID.findall(self.answered.decode("utf-8", "replace"))
        if len(before) == len(now):
            self.ids.update(zip(before, now, strict=True))


def _cpu() -> float:
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(name: str, folder: str) -> int:
    calls, _ = read(Path(folder))
    calls = [one for one in calls if one["operation"]]
    target = open_target(Choice(name))
    replay = Replay(target)
    spent, began, cpu = 0.0, time.perf_counter(), _cpu()
    for one in calls:
        start = time.perf_counter()
        replay.call(one)
        spent += time.perf_counter() - start
        if not one["operation"].startswith(("Describe", "List")):
            replay.learn(one["answered"])
    seconds = time.perf_counter() - began
    target.stop()  # what has ended counts too
    print(json.dumps({"calls": len(calls), "seconds": seconds, "in calls": spent, "cpu": _cpu() - cpu}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
