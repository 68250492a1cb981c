"""Colors the diagram of a lifecycle: reached states, unreached states, and violations as red arrows."""

import html
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Pair = tuple[str, str]
Point = tuple[float, float]

_EDGE: Final = re.compile(r'<g id="edge-([^"]*)" class="edge">')
_NODE: Final = re.compile(r'<g id="state-([^"]*)" class="node">(.*?)</g>', re.DOTALL)
_START: Final = re.compile(r'<title></title>\s*<ellipse [^>]*cx="([-\d.]+)" cy="([-\d.]+)"')
_SHAPE: Final = re.compile(r'<(?:path|polygon) [^>]*(?:d|points)="([^"]*)"')
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_WIDTH: Final = re.compile(r'<svg width="(\d+)pt"')
_STEPS: Final = 200
_BOWS: Final = (60.0, -60.0, 120.0, -120.0)


@dataclass(frozen=True)
class Box:
    """The position of a state in the picture."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def holds(self, x: float, y: float) -> bool:
        return self.left - 2 <= x <= self.right + 2 and self.top - 2 <= y <= self.bottom + 2


def coloured(svg: str, steps: Collection[Pair], states: Collection[str], violated: Iterable[Pair]) -> str:
    """The picture from graphviz with classes for the style sheet: `reached`, `seen`, `wrong`.

    A violated pair whose states are both drawn becomes an arrow of its own; an empty first state is the beginning.
    """
    svg = svg[svg.index("<svg") :].replace("&#45;", "-")  # dot escapes the hyphen, in ids too
    names = {f"{before}-{after}" for before, after in steps}
    wrong = list(violated)
    ends = {after for _, after in wrong}
    boxes = _boxes(svg)
    svg = _EDGE.sub(lambda found: f'<g class="edge{" reached" if found[1] in names else ""}">', svg)
    for state in boxes:
        kind = "state wrong" if state in ends else "state seen" if state in states else "state"
        svg = svg.replace(f'<g id="state-{state}" class="node">', f'<g class="{kind}">')
    width = _WIDTH.search(svg)
    if width:
        svg = svg.replace("<svg ", f'<svg style="min-width:min(62rem,{width[1]}pt)" ', 1)
    arrows = "".join(_arrow(boxes, before, after) for before, after in wrong)
    return svg.replace("</g>\n</svg>", f"{arrows}</g>\n</svg>")


def _boxes(svg: str) -> Mapping[str, Box]:
    """Where each state is drawn; the beginning is the empty one."""
    found = {}
    for name, inner in _NODE.findall(svg):
        numbers = [float(one) for shape in _SHAPE.findall(inner) for one in _NUMBER.findall(shape)]
        across, down = numbers[::2], numbers[1::2]
        found[html.unescape(name)] = Box(min(across), min(down), max(across), max(down))
    if start := _START.search(svg):
        x, y = float(start[1]), float(start[2])
        found[""] = Box(x - 4, y - 4, x + 4, y + 4)
    return found


def _arrow(boxes: Mapping[str, Box], before: str, after: str) -> str:
    """An arrow from one state to the other, bowed so that it crosses as few others as possible."""
    if before not in boxes or after not in boxes or before == after:
        return ""
    others = [box for name, box in boxes.items() if name not in (before, after)]
    ways = [_free(_bowed(boxes[before], boxes[after], bow), boxes[before], boxes[after]) for bow in _BOWS]
    way = min(ways, key=lambda points: sum(box.holds(*point) for point in points for box in others))
    if len(way) < 3:
        return ""
    line = "L".join(f"{x:.1f},{y:.1f}" for x, y in way[::8] + way[-1:])
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in _head(way[-3], way[-1]))
    title = html.escape(f"{before or 'the beginning'} to {after}: not allowed")
    return f'<g class="violated"><title>{title}</title><path fill="none" d="M{line}"/><polygon points="{head}"/></g>\n'


def _bowed(start: Box, end: Box, bow: float) -> list[Point]:
    """Points on a curve between two middles, which leaves the straight line by up to half of `bow`."""
    (x, y), (to_x, to_y) = start.middle, end.middle
    length = max(1.0, math.hypot(to_x - x, to_y - y))
    over_x, over_y = (x + to_x) / 2 + bow * (to_y - y) / length, (y + to_y) / 2 - bow * (to_x - x) / length
    shares = [step / _STEPS for step in range(_STEPS + 1)]
    return [
        (
            (1 - share) ** 2 * x + 2 * (1 - share) * share * over_x + share**2 * to_x,
            (1 - share) ** 2 * y + 2 * (1 - share) * share * over_y + share**2 * to_y,
        )
        for share in shares
    ]


def _free(points: list[Point], start: Box, end: Box) -> list[Point]:
    return [point for point in points if not start.holds(*point) and not end.holds(*point)]


def _head(back: Point, tip: Point) -> list[Point]:
    """The corners of an arrow's head at `tip`, which comes from `back`."""
    reach = max(0.1, math.hypot(tip[0] - back[0], tip[1] - back[1]))
    x, y = 10 * (tip[0] - back[0]) / reach, 10 * (tip[1] - back[1]) / reach
    return [tip, (tip[0] - x - 0.4 * y, tip[1] - y + 0.4 * x), (tip[0] - x + 0.4 * y, tip[1] - y - 0.4 * x)]
