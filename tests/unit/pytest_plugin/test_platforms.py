"""The suite imports and keeps its journal on Windows and macOS, which lack modules and names that Linux has."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

ELSEWHERE = """
import builtins, importlib, importlib.abc, os, pkgutil, signal, sys
from pathlib import Path

OURS = ("dxcontract", "strategies", "tests.contract", "conftest")
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "readline", "curses"}
NAMES = {
    os: ["fork", "getuid", "geteuid", "getgid", "getpgid", "killpg", "setsid", "uname", "sysconf", "fchmod", "mkfifo",
         "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_SYNC", "sched_getaffinity"],
    signal: ["SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGQUIT", "pthread_sigmask", "setitimer"],
}

def modules():
    for package in ("dxcontract", "strategies"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            yield found.name
    yield from (f"tests.contract.{path.stem}" for path in sorted(Path("tests/contract").glob("*.py")))
    yield "conftest"

def is_program(name):
    return name.endswith("__main__")

# What others wrote is imported as Linux has it; then ours anew, as elsewhere.
names = [name for name in modules() if not is_program(name)]
for name in names:
    importlib.import_module(name)
for name in [one for one in sys.modules if one in OURS or one.startswith(tuple(f"{our}." for our in OURS))]:
    del sys.modules[name]

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in POSIX_ONLY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in POSIX_ONLY:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Absent())
for module, lacking in NAMES.items():
    for name in lacking:
        if hasattr(module, name):
            delattr(module, name)
really = os.open

def opened(path, flags, *more, **named):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return really(path, flags, *more, **named)

os.open = opened
sys.platform = os.environ["ELSEWHERE"]
"""

IMPORTS = """
for name in names:
    importlib.import_module(name)
print(len(names))
"""

JOURNAL = """
from dxcontract.client import resource_journal as journal
from dxcontract.spec import model as spec
from dxcontract.targets.target import Target

made = journal.Journal("0123abcd", Path(os.environ["FOLDER"]))
made.begin(Target("http://127.0.0.1:1", "http://127.0.0.1:1/"))
entry = made.will(spec.load().operation("CreateLag"), "owner", "us-east-1", b'{"lagName": "dxc-0123abcd-1"}')
made.answered(entry, "200", {"lag": ["dxlag-1"]})
made.swept()
made.close()
record = journal.read(made.path)
assert record.swept and record.entries[0].ids == {"lag": ["dxlag-1"]}, record
"""


def test_without_what_only_posix_has(tmp_path: Path) -> None:
    """Every module is imported again, without modules of POSIX, names of os and signal, and folders as files."""
    script = ELSEWHERE + IMPORTS + JOURNAL
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ELSEWHERE": "win32", "FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200
