"""Draws what bench/detection measured: the share of faults that are caught, over seconds and over requests.

    python -m bench.detection.plot bench/results/detection.json docs/pictures/detection.svg

The picture follows the reader's colour scheme, light or dark. What was not put to the whole sample is not drawn.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

WIDTH, HEIGHT = 860, 400
LEFT, TOP, PANEL, GAP, DEEP = 52, 40, 370, 52, 270
"""Where the first panel begins, how wide and deep a panel is, and what is between two."""
NAMES: Final = {
    "gate": "contract: the gate",
    "machines": "contract: machines alone",
    "schemathesis": "Schemathesis",
    "smoke": "boto3 smoke test",
}
DASHES: Final = {"gate": "", "machines": "7 3", "schemathesis": "2 3", "smoke": "9 3 2 3"}
"""Lines can be told apart without colour, too."""
STYLE: Final = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .axis, .grid { stroke: #57606a; fill: none }
  .grid { stroke-opacity: .25 }
  .gate { stroke: #0969da } .machines { stroke: #8250df } .schemathesis { stroke: #bc4c00 } .smoke { stroke: #1a7f37 }
  .line { fill: none; stroke-width: 2.2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .axis, .grid { stroke: #9198a1 }
    .gate { stroke: #58a6ff } .machines { stroke: #bc8cff } .schemathesis { stroke: #f0883e } .smoke { stroke: #3fb950 }
  }
"""


def picture(document: dict[str, Any]) -> str:
    """The SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" aria-labelledby="t"><title id="t">Share of faults caught over seconds and over requests</title>',
        f"<style>{STYLE}</style>",
    ]
    for number, (member, label) in enumerate((("seconds", "seconds"), ("requests", "requests"))):
        parts += _panel(document, member, label, LEFT + number * (PANEL + GAP))
    for number, (method, name) in enumerate((one, name) for one, name in NAMES.items() if _tried(document, one)):
        x, y = LEFT + number * 200, HEIGHT - 18
        parts.append(_line(method, [(x, y - 4), (x + 34, y - 4)]))
        parts.append(f'<text x="{x + 40}" y="{y}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(document: dict[str, Any], member: str, label: str, left: int) -> Iterator[str]:
    first = -2 if member == "seconds" else 0
    spent = max(row[member] for row in document["rows"])
    last = max(first + 1, math.ceil(math.log10(spent)))
    yield f'<text class="title" x="{left}" y="{TOP - 16}">Faults caught, over {label}</text>'
    for share in (0, 25, 50, 75, 100):
        y = TOP + DEEP * (1 - share / 100)
        yield f'<path class="grid" d="M{left} {y:.1f}h{PANEL}"/>'
        yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{share}%</text>'
    for power in range(first, last + 1):
        x = left + PANEL * (power - first) / (last - first)
        yield f'<path class="grid" d="M{x:.1f} {TOP}v{DEEP}"/>'
        yield f'<text x="{x:.1f}" y="{TOP + DEEP + 17}" text-anchor="middle">{_number(power)}</text>'
    yield f'<path class="axis" d="M{left} {TOP}v{DEEP}h{PANEL}"/>'
    for method in NAMES:
        tried = _tried(document, method)
        if not tried:
            continue
        rows = [row for row in document["rows"] if row["method"] == method]
        end = max(row[member] for row in rows)
        points, caught = [(10.0**first, 0.0)], 0.0
        for value in sorted(row[member] for row in tried if row["caught"]):
            points += [(value, caught), (value, caught := caught + 1 / len(tried))]
        points.append((max(end, points[-1][0]), caught))
        yield _line(
            method,
            [
                (
                    left + PANEL * (math.log10(max(value, 10.0**first)) - first) / (last - first),
                    TOP + DEEP * (1 - part),
                )
                for value, part in points
            ],
        )


def _tried(document: dict[str, Any], method: str) -> list[dict[str, Any]]:
    """What came of the sample; nothing where a part of it was not tried."""
    found = [row for row in document["rows"] if row["method"] == method and row["fault"]]
    return found if len(found) >= document.get("sample", 0) else []


def _number(power: int) -> str:
    return f"{10 ** (power - 3)}k" if power >= 3 else f"{10**power:g}"


def _line(method: str, points: Sequence[tuple[float, float]]) -> str:
    way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{DASHES[method]}"' if DASHES[method] else ""
    return f'<path class="line {method}" d="{way}"{dash}/>'


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        print("say which results to draw and where: python -m bench.detection.plot RESULTS.json PICTURE.svg")
        return 2
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    Path(arguments[1]).write_text(picture(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
