"""Writes the files of `--report=DIR`, all from the content of report.json.

Each file is written completely or not at all. A file that cannot be created does not affect the others.
"""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError

from dxcontract.report import html, junit, markdown
from dxcontract.report.size_limits import bounded
from dxcontract.reproduce import reproducer_files
from dxcontract.run.atomic_file import write_whole
from dxcontract.spec import lifecycles
from dxcontract.wire.safe_text import one_line, printable_in

LARGEST: Final = 20_000_000
"""Characters of all files together. Reproducers are what there is most of; those of what fails the run come first."""

_LARGEST_REPRODUCER: Final = 500_000
_OF_RENDERING: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    TemplateError,
)


def write(document: Mapping[str, Any], folder: Path) -> list[str]:
    """Write report.json, index.html, junit.xml, summary.md, badge.json and reproducers/ to `folder`; returns a
    sentence for each missing file.

    The files may hold what an account holds: they are readable by the user only.

    Raises:
        OSError: the folder cannot be written.
    """
    document = printable_in(bounded(document))
    missing: list[str] = []
    scripts = folder / "reproducers"
    scripts.mkdir(parents=True, exist_ok=True)
    diagrams = html.diagrams_folder()
    told = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_whole(folder / "report.json", told)
    size = len(told)
    renderers: dict[str, Callable[[], str]] = {
        "index.html": lambda: html.page(document, lifecycles.load(), diagrams),
        "junit.xml": lambda: junit.xml(document).decode(),
        "summary.md": lambda: markdown.summary(document),
        "badge.json": lambda: json.dumps(markdown.badge(document)) + "\n",
    }
    for name, render in renderers.items():
        text = _rendered(render, name, missing)
        if text is None:
            (folder / name).unlink(missing_ok=True)  # of an earlier run
        else:
            write_whole(folder / name, text)
            size += len(text)
    written = set()
    for name, text in _reproducers(document, LARGEST - size, missing):
        write_whole(scripts / name, text)
        written.add(scripts / name)
    for stale in {*scripts.glob("*.py"), *scripts.glob("*.sh")} - written:
        stale.unlink()
    return missing


def _reproducers(document: Mapping[str, Any], room: int, missing: list[str]) -> Iterator[tuple[str, str]]:
    """The reproducers by name, as many as there is room for."""
    left_out = 0
    counting = sorted(document["violations"], key=lambda one: (one["known"], one["level"] != "must"))
    for violation in counting:
        if room < _LARGEST_REPRODUCER:
            left_out += not violation["reproduction"]["withheld"]
            continue
        files: dict[str, str] = {}
        _rendered(functools.partial(_add, files, document, violation), violation["fingerprint"], missing)
        for name, text in files.items():
            room -= len(text)
            yield name, text
    if left_out:
        missing.append(f"{left_out} violations have no reproducer of their own; `dxcontract replay` shows them again")


def _add(made: dict[str, str], document: Mapping[str, Any], violation: Mapping[str, Any]) -> str:
    made |= reproducer_files.files(document, violation)
    return ""


def _rendered(render: Callable[[], str], name: str, missing: list[str]) -> str | None:
    """What a renderer makes; if it fails, that is noted in `missing`."""
    try:
        return render()
    except _OF_RENDERING as error:
        told = f"{type(error).__name__}: {error}"
        missing.append(one_line(f"{name} could not be made, which is a fault of dxcontract: {told:.200}"))
        return None
