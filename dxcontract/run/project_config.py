"""Default options of a project, from `dxcontract.toml` or the table `[tool.dxcontract]` of pyproject.toml.

The file is searched in the current folder, then in its parents up to the root of the repository. A key is the name of
an option, and the command line takes precedence. The valid values are data: specs/schemas/configuration.json.
"""

import difflib
import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dxcontract.spec import model as specs

OWN: Final = "dxcontract.toml"
SHARED: Final = "pyproject.toml"
_REPOSITORY: Final = (".git", ".hg")
_PERMISSION: Final = frozenset({"allow", "account", "budget", "emulator"})
"""What may be sent to a real account is said anew for each run."""

_USER: Final = re.compile(r"//[^/]*@")


class ConfigurationError(Exception):
    """A configuration file cannot be used; the message names file, key and correction."""


@dataclass(frozen=True)
class Configuration:
    """The content of a configuration file, by option; empty without a file."""

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


class Defaults:
    """Wraps pytest's option group while options are added, and sets the defaults of the project."""

    def __init__(self, group: Any, values: Mapping[str, Any]) -> None:
        self._group = group
        self._values = values

    def addoption(self, *names: str, **attributes: Any) -> None:
        key = names[0].removeprefix("--")
        if key in self._values:
            attributes["default"] = self._values[key]
        self._group.addoption(*names, **attributes)


def schema() -> specs.Json:
    """The keys and their valid values."""
    return specs.read(specs.root() / "schemas" / "configuration.json")


def with_defaults(group: Any) -> Defaults:
    """The option group with the defaults of the current project; for an unusable file none, and `read` reports the
    error.
    """
    try:
        return Defaults(group, read(Path.cwd()).values)
    except ConfigurationError:
        return Defaults(group, {})


@functools.cache
def read(folder: Path) -> Configuration:
    """Read the configuration for commands in `folder`.

    Raises:
        ConfigurationError: there is one that cannot be used.
    """
    for place in _folders(folder):
        tables = dict(_tables(place))
        if len(tables) > 1:
            raise ConfigurationError(f"{place} has both {OWN} and [tool.dxcontract] in {SHARED}; keep one of them")
        for path, table in tables.items():
            return Configuration(path, _values(table, path))
    return Configuration()


def _folders(folder: Path) -> Iterator[Path]:
    """The folder, and where it lies in a repository its parents up to the repository's root."""
    way = [folder, *folder.parents]
    root = next((number for number, one in enumerate(way) if any((one / name).exists() for name in _REPOSITORY)), 0)
    yield from way[: root + 1]


def _tables(folder: Path) -> Iterator[tuple[Path, Any]]:
    own, shared = folder / OWN, folder / SHARED
    if own.is_file():
        yield own, _toml(own)
    if shared.is_file():
        tools = _toml(shared).get("tool", {})
        if isinstance(tools, dict) and "dxcontract" in tools:
            yield shared, tools["dxcontract"]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _values(table: Any, path: Path) -> dict[str, Any]:
    """The table as values of options.

    Raises:
        ConfigurationError: a key is unknown, belongs on the command line, or has a value that it cannot have.
    """
    import jsonschema

    where = f"{path}, [tool.dxcontract]" if path.name == SHARED else str(path)
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where}: it must be a table")
    if wrong := sorted(_PERMISSION & table.keys()):
        raise ConfigurationError(f"{where}: `{wrong[0]}` is given on the command line only, anew for each run")
    _no_secrets(table, where)
    rules = schema()
    problems = jsonschema.Draft202012Validator(rules).iter_errors(table)
    for problem in sorted(problems, key=lambda one: (one.validator != "additionalProperties", str(one.path))):
        raise ConfigurationError(f"{where}: {_said(problem)}")
    return {key: _value(key, value, rules["properties"][key], path.parent) for key, value in table.items()}


def _said(problem: Any) -> str:
    """What is wrong with which key, never with its value, which might be a secret."""
    names = [str(step) for step in problem.absolute_path]
    if problem.validator == "additionalProperties":
        known = problem.schema["properties"]
        stranger = sorted(set(problem.instance) - set(known))[0]
        near = difflib.get_close_matches(stranger.replace("_", "-"), known, n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
        return f"unknown key `{'.'.join([*names, stranger])}`; {remedy}"
    if problem.validator == "required":
        return f"`{'.'.join(names)}` must name {', '.join(problem.schema['required'])}"
    return f"`{'.'.join(names)}` must be {problem.schema['title']}"


def _no_secrets(table: Mapping[str, Any], where: str) -> None:
    """Refuse credentials: the file is shared with whoever sees the repository."""
    accounts = table.get("accounts")
    listed = accounts.items() if isinstance(accounts, dict) else [("", accounts)]
    for role, who in listed:
        if isinstance(who, str) and ":" in who and not who.startswith(("arn:", "profile/")):
            key = f"accounts.{role}" if role else "accounts"
            raise ConfigurationError(
                f"{where}: `{key}` holds a key, and this file is no place for one; name a profile (profile/NAME), or "
                "give --accounts on the command line"
            )
    for key in ("target", "example-db"):
        value = table.get(key)
        if isinstance(value, str) and _USER.search(value):
            raise ConfigurationError(f"{where}: `{key}` holds credentials, and this file is no place for them")


def _value(key: str, value: Any, rule: specs.Json, folder: Path) -> Any:
    """A value as its option takes it: a path from the file's folder on, a table or a list in one line."""
    if isinstance(value, dict):
        return ",".join(f"{name}={who}" for name, who in value.items())
    if isinstance(value, list):
        return ",".join(value)
    if rule.get("format") == "path" and "://" not in value:
        return str(folder / value)
    return value
