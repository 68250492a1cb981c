"""Identifies a process across restarts and process ids, and checks whether it still runs."""

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_SECONDS: Final = 5.0
_PS: Final = "/bin/ps"
_STARTTIME: Final = 18
"""Where field 22 of /proc/PID/stat is among those after the state, which is field 3 (proc(5))."""


def own() -> Mapping[str, Any]:
    """A description of this process: its id, its start time and the machine."""
    return {"pid": os.getpid(), "began": began(os.getpid()), "host": platform.node()}


def lives(process: object) -> bool:
    """Whether the process that `own` described still runs; False if this is unknown, as on another machine."""
    if not isinstance(process, Mapping) or process.get("host") != platform.node():
        return False
    number, then = process.get("pid"), process.get("began")
    return isinstance(number, int) and number > 0 and bool(then) and began(number) == then


def began(number: int) -> str | None:
    """The start time of the process with this id, in the format of this system; None if unknown.

    A process that has ended and only waits for its parent to notice does not count.
    """
    if platform.system() == "Windows":
        return _began_windows(number)
    if Path("/proc/self/stat").exists():
        return _began_linux(number)
    return _began_posix(number)


def _began_linux(number: int) -> str | None:
    try:
        stat = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].decode("ascii")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, *rest = stat.split()
    return None if state in ("Z", "X") else f"{boot} {rest[_STARTTIME]}"


def _began_posix(number: int) -> str | None:
    try:
        done = subprocess.run(
            [_PS, "-o", "stat=,lstart=", "-p", str(number)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={"LC_ALL": "C", "TZ": "UTC"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    state, _, start = done.stdout.strip().partition(" ")
    return start.strip() if start and not state.startswith("Z") else None


def _began_windows(number: int) -> str | None:
    import ctypes
    from ctypes import wintypes

    library: Any = ctypes  # WinDLL is there on Windows only
    kernel = library.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    kernel.GetProcessTimes.argtypes = (wintypes.HANDLE, *(ctypes.POINTER(wintypes.FILETIME),) * 4)
    kernel.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    limited_information, still_active = 0x1000, 259
    handle = kernel.OpenProcess(limited_information, False, number)
    if not handle:
        return None
    try:
        code, times = wintypes.DWORD(), [wintypes.FILETIME() for _ in range(4)]
        if not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != still_active:
            return None
        if not kernel.GetProcessTimes(handle, *map(ctypes.byref, times)):
            return None
        return str((times[0].dwHighDateTime << 32) | times[0].dwLowDateTime)
    finally:
        kernel.CloseHandle(handle)
