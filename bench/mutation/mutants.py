"""Which mutants there are, and a sample of them: cosmic-ray's operators on the emulator's source.

A place is drawn first and then one of the mutants there: cosmic-ray makes up to eleven of one operator, and they would
crowd out the rest.
"""

import ast
import difflib
import functools
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator, operator_names

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ROOT / "dxcontract" / "reference"
LEFT_OUT: Final = {
    "__init__.py": "holds no code",
    "__main__.py": "starts the emulator; nothing of it is on the wire",
    "admin.py": "the administrative endpoint, which Direct Connect does not have",
    "ec2.py": "EC2, which the contract uses and does not test",
    "serve.py": "the command line; nothing of it is on the wire",
}
"""Sources that are not mutated, and why. Neither is faults/, which does nothing while no fault is on."""

_RULE: Final = re.compile(r'"([a-z_]+\.[a-z0-9-]+)"')


@dataclass(frozen=True)
class Mutant:
    """One change of one source: the lines before and after it, and the whole source with it."""

    id: str
    file: str
    line: int
    column: int
    last_line: int
    operator: str
    function: str
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class Place:
    """Where an operator changes something: which occurrence of it, from which line and column to which."""

    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]


def sample(count: int, seed: int, sources: Path = SOURCES) -> list[Mutant]:
    """So many mutants, at places that are drawn with `seed`; fewer where there are fewer places."""
    sites = places(sources)
    chance = random.Random(seed)
    drawn = chance.sample(sorted(sites), len(sites))
    found: list[Mutant] = []
    for site in drawn:
        one = made(sources / site[0], chance.choice(sites[site]))
        if one is not None:
            found.append(one)
        if len(found) == count:
            break
    return found


def places(sources: Path = SOURCES) -> dict[tuple[str, tuple[int, int], str], list[Place]]:
    """Where mutants can be drawn from, by file, position and kind of operator: all that such operators do there."""
    found: dict[tuple[str, tuple[int, int], str], list[Place]] = defaultdict(list)
    for path in sorted(sources.glob("*.py")):
        if path.name not in LEFT_OUT:
            for place in places_of(path):
                found[path.name, place.start, _family(place.operator)].append(place)
    return found


def digest(sources: Path = SOURCES) -> str:
    """Of all sources of the emulator: mutants of other sources are other mutants."""
    total = hashlib.sha256()
    for path in sorted(sources.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def lines_of(file: str, line: int, sources: Path = SOURCES) -> set[tuple[str, int]] | None:
    """The lines, by file, that run whenever a change at `line` can matter; None when that may be any.

    Within a function: the statement; any, where what the function answers is remembered. A function's decorators and
    head: its body. What is given a name on import: the lines that use the name, in all sources.
    """
    source = (sources / file).read_text(encoding="utf-8")
    if any(first <= line <= last for first, last in _remembered(source)):
        return None
    if function_at(source, line):
        first, last = _statement(source, line)
        return {(file, one) for one in range(first, last + 1)}
    for node in ast.walk(ast.parse(source)):
        start = min((one.lineno for one in getattr(node, "decorator_list", ())), default=getattr(node, "lineno", 0))
        if not start <= line <= (getattr(node, "end_lineno", None) or 0):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return {(file, one) for one in range(node.body[0].lineno, (node.end_lineno or 0) + 1)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
            return {found for name in names for found in _uses(name, sources)} if names else None
    return None


def _remembered(source: str) -> Iterator[tuple[int, int]]:
    """The lines of functions that run once for equal arguments: what they did once is in all later answers."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and any("cache" in ast.unparse(one) for one in node.decorator_list):
            yield node.body[0].lineno, node.end_lineno or node.lineno


def _uses(name: str, sources: Path) -> Iterator[tuple[str, int]]:
    for path in sources.glob("*.py"):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(rf"\b{name}\b", text):
                yield path.name, number


def _statement(source: str, line: int) -> tuple[int, int]:
    """The lines of the innermost statement at `line`, without the statements within it."""
    best = (line, line)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
            if line <= max(last, node.lineno):
                best = (node.lineno, max(last, node.lineno))
    return best


def dormant(mutant: Mutant, sources: Path = SOURCES) -> bool:
    """Whether a mutant is where nothing runs while every rule is kept: `if not rules.holds(…)` and the like."""
    tree = ast.parse((sources / mutant.file).read_text(encoding="utf-8"))
    at = (mutant.line, mutant.column)
    return any(_within(at, part) for node in ast.walk(tree) for part in _only_with_faults(node))


def _only_with_faults(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that run only while a rule is broken."""
    if isinstance(node, ast.If | ast.IfExp) and _asks_for_fault(node.test):
        yield from node.body if isinstance(node, ast.If) else [node.body]
    elif isinstance(node, ast.IfExp) and _asks_for_rule(node.test):
        yield node.orelse
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for number, value in enumerate(node.values):
            if _asks_for_fault(value):
                yield from node.values[number + 1 :]
                return


def _asks_for_fault(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(map(_asks_for_fault, test.values))
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _asks_for_rule(test.operand)
    return isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "broken"


def _asks_for_rule(test: ast.expr) -> bool:
    return isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "holds"


def _within(at: tuple[int, int], part: ast.AST) -> bool:
    first = (getattr(part, "lineno", 0), getattr(part, "col_offset", 0))
    return first <= at < (getattr(part, "end_lineno", 0), getattr(part, "end_col_offset", 0))


def rules_near(mutant: Mutant, sources: Path = SOURCES) -> set[str]:
    """The rules that are named around a mutant: their tests are the likeliest to notice it."""
    lines = (sources / mutant.file).read_text(encoding="utf-8").splitlines()
    first, last = mutant.line - 12, mutant.last_line + 12
    return set(_RULE.findall("\n".join(lines[max(0, first) : last])))


def function_at(source: str, line: int) -> str:
    """The innermost function around `line`; empty when there is none, that is when it runs on import."""
    name = ""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.body[0].lineno <= line <= (
            node.end_lineno or 0
        ):
            name = node.name
    return name


def _family(operator: str) -> str:
    return operator.rpartition("/")[2].partition("_")[0]


@functools.cache
def places_of(path: Path) -> list[Place]:
    """All that the operators can change in one source, except annotations."""
    source = path.read_text(encoding="utf-8")
    nodes = list(ast_nodes(get_ast(source)))
    annotations = list(_annotations(source))
    found: list[Place] = []
    for name in operator_names():
        operator: Any = get_operator(name)
        if operator.arguments():
            continue
        positions = ((start, end) for node in nodes for start, end in operator().mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            if not any(first <= start and end <= last for first, last in annotations):
                found.append(Place(name, occurrence, start, end))
    return found


def _annotations(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations stand: what they say is for type checkers."""
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            found = getattr(node, name, None)
            if isinstance(found, ast.expr):
                yield (found.lineno, found.col_offset), (found.end_lineno or 0, found.end_col_offset or 0)


def made(path: Path, place: Place) -> Mutant | None:
    """The mutant at a place; None where it is the same program, or none at all."""
    source = path.read_text(encoding="utf-8")
    mutated = MutationVisitor.mutate_code(source, get_operator(place.operator)(), place.occurrence)
    if mutated is None or _program(mutated) in (_program(source), ""):
        return None
    operator = place.operator.rpartition("/")[2]
    difference = list(difflib.ndiff(source.splitlines(), mutated.splitlines()))
    gone, come = (" ".join(line[2:].strip() for line in difference if line[0] == sign) for sign in "-+")
    return Mutant(
        id=f"{path.name}:{place.start[0]}:{place.start[1]}:{operator}",
        file=path.name,
        line=place.start[0],
        column=place.start[1],
        last_line=place.end[0],
        operator=operator,
        function=function_at(source, place.start[0]),
        before=gone,
        after=come,
        source=mutated,
    )


def _program(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return ""
