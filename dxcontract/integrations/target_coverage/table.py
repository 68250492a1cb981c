"""What was reached of a target's code and what was not, operation by operation.

An operation's own code are the functions that only it ran, and those named after it. What several operations share is
told by file.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dxcontract.integrations.target_coverage.measuring import SOURCES

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Function:
    """A function of the target: where it is, and its lines that do something."""

    file: str
    name: str
    lines: frozenset[int]


@dataclass
class Table:
    """Of each operation the lines of its own code and those never reached, by function; of each file the same."""

    operations: dict[str, dict[Function, frozenset[int]]] = field(default_factory=dict)
    files: dict[str, tuple[int, frozenset[int]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "operations": {
                name: {
                    "lines": sum(len(one.lines) for one in own),
                    "missed": [
                        {"file": one.file, "function": one.name, "lines": sorted(missed)}
                        for one, missed in own.items()
                        if missed
                    ],
                }
                for name, own in self.operations.items()
            },
            "files": {name: {"lines": count, "missed": sorted(missed)} for name, (count, missed) in self.files.items()},
        }


def snake(operation: str) -> str:
    """An operation's name as Python functions spell it."""
    return _WORD.sub("_", operation).lower()


def read(target: str, folder: Path, operations: Iterable[str]) -> Table:
    """What all processes of a run measured, put together."""
    import coverage

    paths = sorted(str(path) for path in folder.glob(f"{target}.*"))
    together: Any = coverage.Coverage(
        data_file=str(folder / "together"), source_pkgs=[SOURCES[target]], config_file=False, messages=False
    )
    together.set_option("run:disable_warnings", ["no-data-collected"])
    together.combine(paths, strict=False, keep=True)
    data = together.get_data()
    table, ran = Table(), dict[Function, set[str]]()
    for path in sorted(data.measured_files()):
        _, lines, _, missing, _ = together.analysis2(path)
        name = _short(path, target)
        table.files[name] = len(lines), frozenset(missing)
        contexts = data.contexts_by_lineno(path)
        for function in _functions(name, Path(path).read_text(encoding="utf-8"), frozenset(lines)):
            ran[function] = {one for line in function.lines for one in contexts.get(line, ()) if one}
    for operation in operations:
        own = [one for one, by in ran.items() if by == {operation} or one.name.rpartition(".")[2] == snake(operation)]
        table.operations[operation] = {one: one.lines & table.files[one.file][1] for one in own}
    return table


def _short(path: str, target: str) -> str:
    """A file by its place in the target's package."""
    package = SOURCES[target].replace(".", "/")
    return f"{package}{path.rpartition(package)[2]}"


def _functions(file: str, text: str, lines: frozenset[int]) -> Iterator[Function]:
    def inside(node: ast.AST, prefix: str) -> Iterator[Function]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = frozenset(range(child.body[0].lineno, (child.end_lineno or child.lineno) + 1)) & lines
                yield Function(file, prefix + child.name, body)
            elif isinstance(child, ast.ClassDef):
                yield from inside(child, f"{prefix}{child.name}.")

    yield from inside(ast.parse(text), "")


def told(table: Table, unsupported: Mapping[str, str]) -> Iterator[str]:
    """The table for people: a line for each operation, with what was missed of it."""
    count, missed = sum(one for one, _ in table.files.values()), sum(len(one) for _, one in table.files.values())
    yield f"target's code: {count - missed} of {count} lines reached ({(count - missed) / max(1, count):.0%})"
    for operation, own in sorted(table.operations.items()):
        if operation in unsupported:
            continue
        lines = sum(len(one.lines) for one in own)
        unreached = {one: left for one, left in own.items() if left}
        where = "; ".join(f"{one.file} {one.name}: {spans(left)}" for one, left in unreached.items())
        gone = sum(map(len, unreached.values()))
        yield f"  {operation}: {lines - gone} of {lines} lines of its own{f', not {where}' if where else ''}"
    yield "by file, shared code included, what was not reached:"
    for file, (_, left) in table.files.items():
        if left:
            yield f"  {file}: {spans(left)}"


def spans(lines: Iterable[int]) -> str:
    """Line numbers as ranges: 3-5, 9."""
    found: list[list[int]] = []
    for line in sorted(lines):
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found)
