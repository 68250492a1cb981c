"""A disk that is full, from the start or in the middle: one line, exit status 2, and nothing that was found is lost.

The system itself refuses to write beyond a size (RLIMIT_FSIZE), as it does on a full disk, but for the error's number.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dxcontract.client import resource_journal
from dxcontract.run import recording
from dxcontract.run.atomic_file import write_whole
from dxcontract.wire.errors import CannotWriteError
from tests.unit import hostile

resource = pytest.importorskip("resource", reason="this system has no limits on the size of files")

ROOT = Path(__file__).parents[3]
CREATING = ("tests/contract/test_connections.py", "--operation=CreateConnection")
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.executable, [sys.executable, "-B", *sys.argv[2:]])
"""


@dataclass(frozen=True)
class Ended:
    status: int
    said: str


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An emulator that breaks a rule."""
    with hostile.emulator("--fault", "wire.content-type") as started:
        yield started


def run(folder: Path, url: str, size: int, *arguments: str) -> Ended:
    """A run that can write files of this size."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    pytest_of_ours = ("-m", "pytest", "-q", "--color=no", f"--target={url}", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *pytest_of_ours, "-p", "no:schemathesis", *arguments],
        cwd=ROOT,
        env={**environment, "XDG_STATE_HOME": str(folder / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    assert "INTERNALERROR" not in done.stdout, done.stdout
    return Ended(done.returncode, done.stdout)


def _lines(ended: Ended, words: str) -> list[str]:
    return [line for line in ended.said.splitlines() if words in line]


@pytest.mark.parametrize("size", [100, 2000, 15_000], ids=["from the start", "while probing", "in a test"])
def test_the_journal(tmp_path: Path, url: str, size: int) -> None:
    """Nothing is made that is not written down, and what was made in tests is deleted."""
    ended = run(tmp_path, url, size, *CREATING)
    assert ended.status == 2, ended.said
    said = {line.strip("!= ") for line in _lines(ended, "cannot be written")}
    assert len({line.rpartition("dxcontract: ")[2] for line in said}) == 1, said
    (path,) = (tmp_path / "state" / "dxcontract").glob("*.jsonl")
    record = resource_journal.read(path)
    assert bool(record.entries) == (size > 100)
    assert "left behind" not in ended.said
    assert bool(_lines(ended, "wire.content-type")) == (size == 15_000), "what was found until then is told"


def test_the_report(tmp_path: Path, url: str) -> None:
    """What was there before stays whole; what was found is told on the terminal."""
    report = tmp_path / "report"
    report.mkdir()
    (report / "report.json").write_text('{"of": "yesterday"}', encoding="utf-8")
    ended = run(tmp_path, url, 100_000, f"--report={report}", *CREATING)
    assert ended.status == 2, ended.said
    assert len(_lines(ended, "what was found could not be written")) == 1, ended.said
    assert _lines(ended, "wire.content-type"), ended.said
    assert json.loads((report / "report.json").read_text(encoding="utf-8")) == {"of": "yesterday"}
    assert [one.name for one in report.iterdir() if one.is_file()] == ["report.json"], "no half of a file is left"


def test_the_recording(tmp_path: Path, url: str) -> None:
    """It ends with a whole line, and can be read."""
    file = tmp_path / "recorded.jsonl"
    ended = run(tmp_path, url, 20_000, f"--record={file}", *CREATING)
    assert ended.status == 2, ended.said
    assert _lines(ended, "--record: "), ended.said
    assert recording.read(file).exchanges


def test_a_journal_with_lines_cut_off_is_read(tmp_path: Path) -> None:
    """Another process goes on where one was cut off; what that announced was never sent."""
    opening = {"journal": 1, "run": "0123abcd", "started": "2026-11-30T00:00:00+00:00", "target": "x", "endpoint": "y"}
    first = json.dumps({**opening, "region": "eu-west-1", "accounts": {}}, separators=(",", ":"))
    will = '{"will":"a.1","at":"","operation":"CreateLag","role":"owner","region":"eu-west-1","name":"n","of":[]}'
    did = '{"did":"a.1","at":"","answer":"200","ids":{"lag":["dxlag-1"]},"echoed":true}'
    path = tmp_path / "0123abcd.jsonl"
    path.write_text(f"{first}\n{will[:40]}{will}\n{did[:30]}\n{did[:30]}{did[:20]}{did}\n", encoding="utf-8")
    (entry,) = resource_journal.read(path).entries
    assert entry.ids == {"lag": ["dxlag-1"]}
    path.write_text(f"{first}\nsomething else\n", encoding="utf-8")
    with pytest.raises(resource_journal.JournalError, match="line 2"):
        resource_journal.read(path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_whole(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "x" * 100_000 + "\ud800")
    assert path.read_text(encoding="utf-8") == "first"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]
    assert path.stat().st_mode & 0o77 == 0
    assert issubclass(resource_journal.JournalError, CannotWriteError)


@pytest.mark.parametrize("option", ["--record", "--write-known-gaps"])
def test_what_is_no_regular_file_is_not_replaced(option: str, tmp_path: Path) -> None:
    """`--record=/dev/full` deleted the device: a pipe stands for it here."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{option}={pipe}"],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert option in done.stdout + done.stderr
    assert "no regular file" in done.stdout + done.stderr
    assert pipe.is_fifo()
    with pytest.raises(OSError, match="no regular file"):
        write_whole(pipe, "text")
    assert pipe.is_fifo()
