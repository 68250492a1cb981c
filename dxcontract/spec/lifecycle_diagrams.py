"""Draws the lifecycles: one SVG for each table of `specs/lifecycles/`, with graphviz's `dot`.

An SVG contains the checksum of its DOT text, so that an outdated file is detected without `dot`.
"""

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dxcontract.spec.lifecycles import Lifecycle

MARK: Final = "drawn from DOT sha256:"


class DiagramError(Exception):
    """`dot` is missing or failed; the message says what to do."""


def dot(lifecycle: Lifecycle) -> str:
    """The lifecycle as DOT: initial states after a dot, terminal ones with a double border, events dashed."""
    lines = [
        f'digraph "{lifecycle.resource}" {{',
        '  graph [rankdir=LR bgcolor=transparent fontname="sans-serif" pad=0.2 nodesep=0.4 ranksep=0.7]',
        '  node [shape=box style="rounded,filled" fillcolor="#eef3fa" color="#33557f"]',
        '  node [fontname="sans-serif" fontsize=12]',
        '  edge [color="#555555" fontname="sans-serif" fontsize=9 fontcolor="#333333"]',
        '  "" [shape=circle style=filled fillcolor="#333333" label="" width=0.12 fixedsize=true]',
    ]
    for state in lifecycle.states:
        if state in lifecycle.anywhere:
            continue
        border = " peripheries=2" if state in lifecycle.terminal else ""
        lines.append(f'  "{state}" [id="state-{state}"{border}]')
    lines += [f'  "" -> "{state}" [id="edge--{state}"]' for state in sorted(lifecycle.first)]
    pairs: dict[tuple[str, str], list[str]] = {}
    dashed: set[tuple[str, str]] = set()
    for transition in lifecycle.transitions:
        pair = (transition.before, transition.after)
        label = transition.operation or transition.event or ""
        if label not in pairs.setdefault(pair, []):
            pairs[pair].append(label)
        if transition.operation is None:
            dashed.add(pair)
    for (before, after), labels in pairs.items():
        style = " style=dashed" if (before, after) in dashed else ""
        text = "\\n".join(_escaped(label) for label in labels)
        lines.append(f'  "{before}" -> "{after}" [id="edge-{before}-{after}" label="{text}"{style}]')
    if lifecycle.anywhere:
        said = ", ".join(sorted(lifecycle.anywhere))
        lines.append(f'  graph [label="{said}: may come before and after any state" fontsize=10 labeljust=l]')
    return "\n".join([*lines, "}", ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def draw(lifecycles: Iterable[Lifecycle], folder: Path) -> list[Path]:
    """Write an SVG for each lifecycle to `folder`; returns the paths.

    Raises:
        DiagramError: `dot` is not installed or failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw(lifecycle, folder) for lifecycle in lifecycles]


def _draw(lifecycle: Lifecycle, folder: Path) -> Path:
    text = dot(lifecycle)
    try:
        drawn = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True, timeout=60)
    except FileNotFoundError as error:
        raise DiagramError("graphviz's `dot` is not installed; on Debian: apt-get install graphviz") from error
    except subprocess.CalledProcessError as error:
        raise DiagramError(f"dot failed on {lifecycle.resource}: {error.stderr}") from error
    path = folder / f"{lifecycle.resource}.svg"
    svg = drawn.stdout[drawn.stdout.index("<svg") :]
    path.write_text(f"<!-- {MARK}{checksum(text)} -->\n{svg}", encoding="utf-8")
    return path
