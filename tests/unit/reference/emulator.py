"""Starting the reference emulator as its users do: as a process of its own, on a free port."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

CHECKOUT = Path(__file__).parents[3]
OWNER, OTHER, PARTNER = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    url: str
    process: subprocess.Popen[str]

    def client(self, account: str = OWNER, region: str = REGION, service: str = "directconnect") -> Any:
        """A boto3 client for an account; it never repeats a request."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="dxcontract",
            config=Config(retries={"max_attempts": 0}),
        )

    def admin(self, action: str, **request: Any) -> dict[str, Any]:
        """Use the administrative endpoint."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request("POST", f"/_dxcontract/{action}", json.dumps(request))
            response = connection.getresponse()
            document: dict[str, Any] = json.loads(response.read())
            assert response.status == 200, document
            return document
        finally:
            connection.close()

    def advance(self, resource_id: str) -> str | None:
        """Take one step of a resource's life; the state it is in then."""
        state: str | None = self.admin("advance", id=resource_id)["state"]
        return state


@contextmanager
def running(*arguments: str) -> Iterator[Emulator]:
    """An emulator with these options, ended whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dxcontract.reference", *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Emulator(process.stdout.readline().strip(), process)
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()
