"""Reads findings from pins, reproducer scripts and reports, and writes pins."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema

from dxcontract.report import compare
from dxcontract.reproduce import python_script, reproducer_files
from dxcontract.spec import model as specs
from dxcontract.spec.model import Json

PIN: Final = ".json"
_MOST: Final = 5


class FindingError(Exception):
    """A file contains no usable finding; the message names the file, the reason and the correction."""


def findings(path: Path, fingerprint: str | None = None) -> list[tuple[Json, str]]:
    """The findings of a file or of a folder of pins, each with the name of its target ("" if unknown).

    With a fingerprint only that one.

    Raises:
        FindingError: there is none, or one is of no use.
    """
    found = [one for place in _files(path) for one in _read(place)]
    if fingerprint is None:
        return found
    chosen = [one for one in found if one[0]["fingerprint"] == fingerprint]
    if not chosen:
        near = sorted(one["fingerprint"] for one, _ in found if fingerprint in one["fingerprint"])
        hint = f"; there are {', '.join(near[:_MOST])}" if near else f"; it has {len(found)} others"
        raise FindingError(f"{path} has no finding {fingerprint!r}{hint}")
    return chosen


def _files(path: Path) -> list[Path]:
    if path.is_dir() and not (path / "report.json").is_file():
        return pin_files(path)
    return [path / "report.json" if path.is_dir() else path]


def pin_files(folder: Path) -> list[Path]:
    """The pins in a folder.

    Raises:
        FindingError: there is no such folder.
    """
    if not folder.is_dir():
        raise FindingError(f"{folder} is not a folder with pins; `dxcontract pin REPORT FINGERPRINT` writes one")
    return sorted(folder.glob(f"*{PIN}"))


def _read(path: Path) -> list[tuple[Json, str]]:
    try:
        text = path.read_text(encoding="utf-8")
        document = python_script.embedded(text) if path.suffix == ".py" else json.loads(text)
    except (OSError, ValueError) as error:
        raise FindingError(f"{path}: {error}") from error
    if isinstance(document, dict) and "violations" in document:
        return _of_report(path)
    if not isinstance(document, dict) or "finding" not in document:
        raise FindingError(f"{path} contains no finding; use a report, a reproducer (*.py) or a pin (*.json)")
    return [(checked(document, str(path)), str(document.get("target", "")))]


def _of_report(path: Path) -> list[tuple[Json, str]]:
    try:
        document = compare.read(path)
    except compare.ReportError as error:
        raise FindingError(str(error)) from error
    kept = [one for one in document["violations"] if not one.get("reproduction", {"withheld": "old"})["withheld"]]
    return [(reproducer_files.finding(document, one), str(document["target"])) for one in kept]


def checked(document: Mapping[str, Any], where: str) -> Json:
    """A valid finding (`specs/schemas/finding.json`) with judged steps and an existing rule.

    Raises:
        FindingError: it is not.
    """
    for problem in _validator().iter_errors(document):
        place = "/".join(map(str, problem.absolute_path)) or "the file"
        raise FindingError(f"{where}: {place}: {problem.message:.200}")
    found = dict(document)
    if max(found["judged"]) > len(found["steps"]):
        raise FindingError(f"{where}: `judged` names step {max(found['judged'])} of {len(found['steps'])}")
    if found["rule"] not in specs.load().rules:
        raise FindingError(f"{where}: there is no rule {found['rule']!r}; if it was renamed, pin the finding again")
    return found


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(specs.read(specs.root() / "schemas" / "finding.json"))


def pin(found: Json, folder: Path, note: str = "") -> Path:
    """Write a finding as a pin; returns the file.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{reproducer_files.file_name(found['fingerprint'])}{PIN}"
    said = {**found, **({"note": note} if note else {})}
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
