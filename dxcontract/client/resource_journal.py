"""Writes the resources of a run to disk before they are requested, so that `sweep` finds them after any end of the
run.

There is one file for each run, readable only by the user, with one JSON object per line. A line is on disk (fsync)
before the request is sent. Several processes may append to the same file. It holds names, ids and places, but no
requests, credentials or keys.
"""

import contextlib
import datetime
import itertools
import json
import os
import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dxcontract.client import processes
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Operation
from dxcontract.targets.target import Target
from dxcontract.wire import cbor
from dxcontract.wire.credentials import Role
from dxcontract.wire.errors import CannotWriteError

PREFIX: Final = "dxc"
SUFFIX: Final = ".jsonl"
EC2: Final = "ec2:"
"""What stands before the name of an action of EC2."""

RUN_ID: Final = re.compile(r"[0-9a-f]{8}")
_BEGINNING: Final = re.compile(rb'\{"(?:journal|will|did|swept)":')
"""How each line begins: one may follow another that was not written to its end, since the disk was full."""

_NO_THINGS: Final = frozenset({"location", "account", "arn"})


class JournalError(CannotWriteError):
    """A journal cannot be written or read; the message names the file and the reason."""


def new_run_id() -> str:
    """Eight characters that identify a run; the names of its resources contain them."""
    return uuid.uuid4().hex[:8]


def run_prefix(run: str) -> str:
    """The prefix of the names of all resources of a run."""
    return f"{PREFIX}-{run}-"


def default_folder() -> Path:
    """The folder of the journals: `$XDG_STATE_HOME/dxcontract`, by default in the home folder of the user."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "dxcontract"


def path_of(folder: Path, run: str) -> Path:
    """The path of the journal of a run in a folder."""
    return folder / f"{run}{SUFFIX}"


@dataclass
class Entry:
    """One creating call: the request, and the result (`ids` by kind; none before the answer).

    `of` are the ids of what it was asked for on: the gateway of an association, say. `echoed`: the answer had the name
    that was asked for, so that its ids are those of this run's thing and not by mistake somebody else's.
    """

    number: str
    operation: str
    role: Role
    region: str
    name: str | None
    of: tuple[str, ...] = ()
    ids: dict[str, list[str]] = field(default_factory=dict)
    answer: str = ""
    echoed: bool = False


@dataclass
class Record:
    """The content of a journal: the run, its target, and its creating calls in order. `swept`: nothing was left.

    `processes` are those that wrote it, as `processes.own` describes them.
    """

    run: str
    started: datetime.datetime
    target: str
    endpoint: str
    region: str
    accounts: Mapping[str, str | None]
    entries: list[Entry] = field(default_factory=list)
    swept: bool = False
    processes: list[Any] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        return run_prefix(self.run)

    def living(self) -> list[int]:
        """The ids of the processes of this run that still run."""
        return [one["pid"] for one in self.processes if processes.lives(one)]


class Journal:
    """Records the resources of one process of a run; without a folder, only in memory.

    Safe for concurrent use.
    """

    def __init__(self, run: str, folder: Path | None = None, process: str = "") -> None:
        self.run = run
        self.path = path_of(folder, run) if folder is not None else None
        self.entries: list[Entry] = []
        self.ids: set[str] = set()
        self.process = process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._file: int | None = None
        self._opening: dict[str, Any] = {}

    @property
    def prefix(self) -> str:
        """The prefix of the names of resources of this process."""
        return run_prefix(self.run) + (f"{self.process}-" if self.process else "")

    @property
    def label(self) -> str:
        """The id of the run and, with several processes, of the process; names contain it."""
        return self.prefix.removeprefix(f"{PREFIX}-").removesuffix("-")

    def tags(self) -> list[dict[str, str]]:
        """Tags for resources of this run: its id and its start time, for people."""
        return [
            {"key": "dxcontract:run", "value": self.run},
            {"key": "dxcontract:started", "value": self.record().started.strftime("%Y-%m-%dT%H:%M:%SZ")},
        ]

    def begin(self, target: Target) -> None:
        """Set the target of this run; the file is created with the first resource."""
        self._opening = {
            "journal": 1,
            "run": self.run,
            "started": _now(),
            "target": target.name,
            "endpoint": target.endpoint,
            "region": target.region,
            "accounts": {role: account.account_id for role, account in target.accounts.items()},
            "process": dict(processes.own()),
        }

    def will(self, operation: Operation, role: Role, region: str, body: bytes) -> Entry:
        """Record that a creating call is about to be sent.

        Raises:
            JournalError: this cannot be written down; then it must not be sent.
        """
        document = cbor.document(body)  # None for a near miss that is no JSON; it has no name either
        of = [
            one
            for pointer, kind in operation.traits.takes.items()
            if kind not in _NO_THINGS
            for one in at(document, pointer)
            if isinstance(one, str)
        ]
        return self._will(operation.name, role, region, next(_names(document), None), of)

    def will_make(self, action: str, role: Role, region: str, name: str) -> Entry:
        """Record that an EC2 action that creates `name` is about to be sent. Raises like `will`."""
        return self._will(EC2 + action, role, region, name, ())

    def _will(self, operation: str, role: Role, region: str, name: str | None, of: Iterable[str]) -> Entry:
        entry = Entry(f"{self.process}.{next(self._numbers)}", operation, role, region, name, tuple(of))
        self._write(
            {
                "will": entry.number,
                "at": _now(),
                "operation": operation,
                "role": role,
                "region": region,
                "name": name,
                "of": list(entry.of),
            }
        )
        with self._lock:
            self.entries.append(entry)
        return entry

    def answered(self, entry: Entry, answer: str, ids: Mapping[str, list[str]], body: bytes = b"") -> None:
        """Record the result of a creating call: `answer` in a few words, the created ids by kind, and the body.

        Raises:
            JournalError: this cannot be written down.
        """
        entry.answer, entry.ids = answer, {kind: list(found) for kind, found in ids.items() if found}
        entry.echoed = entry.name is not None and json.dumps(entry.name).encode() in cbor.as_json(body)
        with self._lock:
            self.ids.update(one for found in entry.ids.values() for one in found)
        self._write({"did": entry.number, "at": _now(), "answer": answer, "ids": entry.ids, "echoed": entry.echoed})

    def swept(self) -> None:
        """Record that nothing of this run is left on the target."""
        self._write({"swept": _now()})

    def record(self) -> Record:
        """The calls that this process has recorded so far."""
        opening = self._opening
        started = datetime.datetime.fromisoformat(opening["started"])
        target, endpoint, region, accounts = (opening[name] for name in ("target", "endpoint", "region", "accounts"))
        return Record(self.run, started, target, endpoint, region, accounts, list(self.entries))

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _write(self, line: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        with self._lock:
            try:
                if self._file is None:
                    self._file = _opened(self.path)
                    _append(self._file, self._opening)
                _append(self._file, line)
            except OSError as error:
                raise JournalError(f"the journal {self.path} cannot be written: {error.strerror or error}") from error


def mark_swept(path: Path) -> None:
    """Record that nothing of the run of this journal is left on the target.

    Raises:
        JournalError: this cannot be written down.
    """
    try:
        file = _opened(path)
        try:
            _append(file, {"swept": _now()})
        finally:
            os.close(file)
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be written: {error.strerror or error}") from error


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    _keep_name(path.parent)
    return file


def _keep_name(folder: Path) -> None:
    """Write the names in a folder to disk. Windows opens no folder as a file; NTFS keeps the names by itself."""
    if sys.platform != "win32":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _append(file: int, line: Mapping[str, Any]) -> None:
    data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    if os.write(file, data) != len(data):
        raise OSError("the disk is full")
    os.fsync(file)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _parsed(line: bytes) -> Any:
    """What a line says; that of its last part where earlier ones were cut off by a full disk, None when all were.

    Raises:
        ValueError: it never was a line of a journal.
    """
    try:
        return json.loads(line)
    except ValueError:
        starts = [found.start() for found in _BEGINNING.finditer(line)]
        if not starts or starts[0]:
            raise
        with contextlib.suppress(ValueError):
            return json.loads(line[starts[-1] :])
        return None


def _names(value: Any) -> Iterator[str]:
    """The names that a request gives: texts in members that end in Name and begin as ours do."""
    if isinstance(value, dict):
        for member, inner in value.items():
            if isinstance(inner, str) and member.endswith("Name") and inner.startswith(f"{PREFIX}-"):
                yield inner
            elif isinstance(inner, dict):
                yield from _names(inner)


def read(path: Path) -> Record:
    """Read a journal.

    Raises:
        JournalError: it cannot be read, or is none.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read: {error}") from error
    lines = text.split(b"\n")
    if len(lines) == 1:  # the run was ended before the first line was whole: nothing was sent
        return Record(path.stem, datetime.datetime.now(datetime.UTC), "", "", "", {}, swept=True)
    record: Record | None = None
    entries: dict[str, Entry] = {}
    later: list[dict[str, Any]] = []
    swept = False
    for number, line in enumerate(lines[:-1], 1):
        try:
            found = _parsed(line)
            if found is None:
                continue  # not written to its end: what it announces was not sent
            if "journal" in found:
                record = record or _record(found)
                record.processes += [found["process"]] if "process" in found else []
            elif "will" in found:
                entries[found["will"]] = _entry(found)
                swept = False
            elif "did" in found:
                later.append(_outcome(found))
            elif "swept" in found:
                swept = True
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(f"{path}, line {number}, is no line of a journal") from error
    # What stands after the last line end was being written when the run was ended: what it announces was never sent.
    if record is None:
        raise JournalError(f"{path} does not say which run it is of")
    for found in later:
        if found["did"] in entries:
            entry = entries[found["did"]]
            entry.answer, entry.ids, entry.echoed = found["answer"], found["ids"], found["echoed"]
    record.entries, record.swept = list(entries.values()), swept
    return record


def _record(found: Mapping[str, Any]) -> Record:
    started = datetime.datetime.fromisoformat(found["started"])
    if started.tzinfo is None or not isinstance(found["accounts"], dict):
        raise TypeError("a time has an offset, and accounts are an object")
    return Record(found["run"], started, found["target"], found["endpoint"], found["region"], found["accounts"])


def _outcome(found: Mapping[str, Any]) -> Any:
    """A line of a journal about an answer.

    Raises:
        TypeError: its ids are no lists of text.
    """
    ids = found["ids"]
    lists = list(ids.values()) if isinstance(ids, dict) else [None]
    if not all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists):
        raise TypeError("ids are lists of text")
    return {name: found[name] for name in ("did", "answer", "ids", "echoed")}


def _entry(found: Mapping[str, Any]) -> Entry:
    number, operation, role, region, name = (found[one] for one in ("will", "operation", "role", "region", "name"))
    return Entry(number, operation, role, region, name, tuple(found["of"]))


def chosen(
    folder: Path,
    runs: Iterable[str],
    older_than: datetime.timedelta | None = None,
    unreadable: Callable[[JournalError], object] | None = None,
) -> list[Path]:
    """The journals of these runs (default: all) that started longer ago than `older_than`, oldest first.

    `unreadable` is told each journal that cannot be read, which is then left out.

    Raises:
        JournalError: one of the runs has no journal there, or, without `unreadable`, a journal cannot be read.
    """
    named = list(runs)
    for run in named:
        if not RUN_ID.fullmatch(run) or not path_of(folder, run).is_file():
            raise JournalError(f"no journal of a run {run!r} in {folder}")
    paths = [path_of(folder, run) for run in named] if named else sorted(folder.glob(f"*{SUFFIX}"))
    now = datetime.datetime.now(datetime.UTC)
    dated = []
    for path in paths:
        try:
            dated.append((read(path).started, path))
        except JournalError as error:
            if unreadable is None:
                raise
            unreadable(error)
    return [path for started, path in sorted(dated) if older_than is None or now - started > older_than]
