"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def check_regular(path: Path) -> None:
    """Refuse a path that names a device, a pipe or a folder: replacing it would delete it.

    Raises:
        OSError: it is there, and is no regular file.
    """
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no regular file")


def write_whole(path: Path, text: str) -> None:
    """Write a file, readable by the user only, whole or not at all: an earlier one stays until then.

    Raises:
        OSError: it cannot be written.
    """
    check_regular(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
