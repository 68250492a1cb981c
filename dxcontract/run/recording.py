"""`--record FILE`: records all exchanges of a run, for `dxcontract diff --against FILE`.

The file has one JSON object per line: first a description of the run, then each exchange with its test, in the order
of each process. Credentials and secrets are removed. Only the user can read the file, because it shows the content of
an account.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import filelock

import dxcontract
from dxcontract.run.atomic_file import check_regular
from dxcontract.run.session import Session
from dxcontract.targets.target import TargetError
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import CannotWriteError
from dxcontract.wire.exchange import Exchange, shown
from dxcontract.wire.messages import Request, Response

VERSION: Final = 1
_LARGEST: Final = 1024 * 1024


def add_options(group: Any) -> None:
    """Add `--record`."""
    group.addoption(
        "--record", metavar="FILE", help="record all exchanges in FILE, for `dxcontract diff --against FILE`"
    )


def start(config: Any) -> None:
    """Delete the previous content of the file, before any process of the run records.

    Raises:
        TargetError: the file cannot be written.
    """
    if not (wanted := config.getoption("--record")) or config.option.collectonly:
        return
    try:
        Path(wanted).parent.mkdir(parents=True, exist_ok=True)
        check_regular(Path(wanted))
        Path(wanted).unlink(missing_ok=True)  # with the permissions that it had
        os.close(os.open(wanted, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise TargetError(f"--record: {error}") from error


def begin(config: Any, session: Session) -> None:
    """Record the exchanges of this process, if requested.

    Raises:
        TargetError: the file cannot be written.
    """
    if not (wanted := config.getoption("--record")):
        return
    try:
        file = os.open(wanted, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise TargetError(f"--record: {error}") from error
    recorder = _Recorder(wanted, file, filelock.FileLock(_lock(wanted)), session)
    judge = session.api.witness

    def witness(exchange: Exchange) -> None:
        recorder.write(exchange)
        judge(exchange)

    session.api.witness = witness


def end(config: Any) -> None:
    """Remove the lock that the processes shared, after all of them have recorded."""
    if wanted := config.getoption("--record"):
        _lock(wanted).unlink(missing_ok=True)


def _lock(file: str) -> Path:
    return Path(f"{file}.lock")


class _Recorder:
    def __init__(self, name: str, file: int, lock: filelock.BaseFileLock, session: Session) -> None:
        self._name = name
        self._file = file
        self._lock = lock
        self._session = session
        self._process = session.api.journal.process
        self._heading = self._opening()

    def _opening(self) -> Mapping[str, Any]:
        target = self._session.target
        return {
            "recording": VERSION,
            "dxcontract": dxcontract.__version__,
            "target": target.name,
            "endpoint": target.endpoint,
            "region": target.region,
            "other_region": target.other_region,
            "accounts": {role: account.account_id for role, account in target.accounts.items()},
        }

    def write(self, exchange: Exchange) -> None:
        scope = self._session.contract.current
        told = dict(exchange.to_report())
        told["request"] = {**told["request"], "body": shown(exchange.request.body, exchange.cut, _LARGEST)}
        if exchange.response is not None:
            told["response"] = {**told["response"], "body": shown(exchange.response.body, exchange.cut, _LARGEST)}
        line = {"process": self._process, "test": scope.test, "exchange": told}
        self._append({**line, "concurrent": True} if scope.concurrent else line)

    def _append(self, line: Mapping[str, Any]) -> None:
        """Write one line, whole or not at all, whatever other processes write.

        Raises:
            CannotWriteError: it is not written.
        """
        try:
            with self._lock:
                self._write(line)
        except OSError as error:
            why = error.strerror or error
            raise CannotWriteError(f"--record: {self._name} cannot be written: {why}; it ends before that") from error

    def _write(self, line: Mapping[str, Any]) -> None:
        size = os.fstat(self._file).st_size
        lines = [line] if size else [self._heading, line]
        clean = self._session.api.vault.scrubbed(lines)
        data = "".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in clean)
        view = memoryview(data.encode("utf-8"))
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, size)
            raise


@dataclass(frozen=True)
class Recorded:
    """One exchange of a recording; `number` is its position in the file, from 1."""

    number: int
    process: str
    test: str
    exchange: Exchange
    odd: bool
    concurrent: bool


@dataclass(frozen=True)
class Recording:
    """A recording: the description of the run and its exchanges in order."""

    path: Path
    target: str
    endpoint: str
    region: str
    accounts: Mapping[str, str | None]
    exchanges: tuple[Recorded, ...]


def read(path: Path) -> Recording:
    """Read a recording.

    Raises:
        TargetError: it cannot be read, or is none.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(next(lines, "null"))
            if not isinstance(head, dict) or head.get("recording") != VERSION:
                raise TargetError(f"{path} is no recording of version {VERSION}; `dxcontract run --record` writes one")
            found = tuple(_recorded(number, json.loads(line)) for number, line in enumerate(lines, 1))
            return Recording(path, head["target"], head["endpoint"], head["region"], head["accounts"], found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TargetError(f"{path} cannot be read as a recording: {type(error).__name__}: {error}") from error


def _recorded(number: int, line: Mapping[str, Any]) -> Recorded:
    told = line["exchange"]
    role: Role = told["account"]
    request, response = told["request"], told["response"]
    exchange = Exchange(
        operation=told["operation"],
        account=role,
        region=told["region"],
        request=Request(request["method"], request["url"], tuple(request["headers"].items()), _bytes(request["body"])),
        response=None
        if response is None
        else Response(response["status"], dict(response["headers"]), _bytes(response["body"])),
        seconds=told["seconds"],
        failure=told["failure"],
        raw=told.get("raw", False),
        order=number,
    )
    return Recorded(number, line["process"], line["test"], exchange, "odd" in request, line.get("concurrent", False))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def by_process(recording: Recording) -> Iterator[list[Recorded]]:
    """The exchanges of each process, which are independent of each other."""
    for process in dict.fromkeys(one.process for one in recording.exchanges):
        yield [one for one in recording.exchanges if one.process == process]
