"""What is installed in CI is pinned and hashed, all of it, and the two lists of pins say the same."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\\s]+)", re.MULTILINE)
HASHED = "requirements-ci.txt"
WAY_OUT = f"renew {HASHED} with the command in its head"


def pins(name: str) -> dict[str, str]:
    found = PIN.findall((ROOT / name).read_text(encoding="utf-8"))
    return {canonicalize_name(package): version for package, version in found}


def test_what_is_hashed_is_what_is_pinned() -> None:
    pinned, hashed = pins("constraints.txt"), pins(HASHED)
    assert len(hashed) > 50
    assert {name: version for name, version in hashed.items() if pinned.get(name) != version} == {}, WAY_OUT


def test_every_pin_has_hashes() -> None:
    text = (ROOT / HASHED).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_all_that_ci_installs_is_pinned_and_hashed() -> None:
    """What the project and its development need, and what that needs in turn, as it is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        one for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]] for one in names(text)
    }
    seen: set[tuple[str, str]] = set()
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) not in seen:
            seen.add((name, extra))
            for text in importlib.metadata.requires(name) or ():
                wanted |= set(names(text, extra))
    assert len(seen) > 80
    assert sorted({name for name, _ in seen} - set(pins(HASHED))) == [], WAY_OUT
    assert sorted({name for name, _ in seen} - set(pins("constraints.txt"))) == []


def names(text: str, extra: str = "") -> Iterator[tuple[str, str]]:
    """The packages that a requirement asks for here, with each extra of theirs."""
    asked = Requirement(text)
    if asked.marker is None or asked.marker.evaluate({"extra": extra}):
        for one in ("", *asked.extras):
            yield canonicalize_name(asked.name), one
