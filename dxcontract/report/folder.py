"""All that `--report=DIR` writes, made of the one document that report.json is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dxcontract import lifecycles
from dxcontract.exchange import printable
from dxcontract.report import html, junit, markdown, reproducer


def write(document: Mapping[str, Any], folder: Path) -> None:
    """Write report.json, index.html, junit.xml, summary.md, badge.json and reproducers/ into `folder`.

    The files may hold what an account holds: they are readable by the user only.

    Raises:
        OSError: the folder cannot be written.
    """
    document = _writable(document)
    files = {
        "report.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "index.html": html.page(document, lifecycles.load(), html.diagrams_folder()),
        "junit.xml": junit.xml(document).decode(),
        "summary.md": markdown.summary(document),
        "badge.json": json.dumps(markdown.badge(document)) + "\n",
    }
    for violation in document["violations"]:
        shown = reproducer.files(document, violation)
        files |= {f"reproducers/{name}": text for name, text in shown.items()}
    scripts = folder / "reproducers"
    scripts.mkdir(parents=True, exist_ok=True)
    for stale in (*scripts.glob("*.py"), *scripts.glob("*.sh")):
        stale.unlink()
    for name, text in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def _writable(value: Any) -> Any:
    """`value` with halves of surrogate pairs, which no file takes, as escapes in all its texts."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_writable(key): _writable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(inner) for inner in value]
    return value
