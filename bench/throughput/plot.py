"""Draws calls per second over workers, a line for each latency, both axes logarithmic.

    python -m bench.throughput.plot bench/results/throughput.json docs/pictures/throughput.svg

The picture follows the reader's colour scheme, light or dark.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

WIDTH, HEIGHT, LEFT, TOP, WIDE, DEEP = 560, 380, 64, 40, 460, 270
STYLE: Final = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .grid { stroke: #57606a; stroke-opacity: .25; fill: none }
  .line { fill: none; stroke-width: 2.2; stroke: #0969da }
  circle { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .grid { stroke: #9198a1 } .line { stroke: #58a6ff } circle { fill: #58a6ff }
  }
"""
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3")


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """The SVG."""
    most = max(row["workers"] for row in rows)
    low, high = (math.log10(limit(row["calls/s"] for row in rows)) for limit in (min, max))
    low, high = math.floor(low), math.ceil(high)

    def place(row: dict[str, Any]) -> tuple[float, float]:
        across = math.log2(row["workers"]) / math.log2(most)
        return LEFT + WIDE * across, TOP + DEEP * (high - math.log10(row["calls/s"])) / (high - low)

    def parts() -> Iterator[str]:
        yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">'
        yield f"<title>Calls per second over workers</title><style>{STYLE}</style>"
        yield f'<text class="title" x="{LEFT}" y="{TOP - 16}">Calls per second, by the latency of the target</text>'
        for power in range(low, high + 1):
            y = TOP + DEEP * (high - power) / (high - low)
            yield f'<path class="grid" d="M{LEFT} {y:.1f}h{WIDE}"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>'
        for workers in sorted({row["workers"] for row in rows}):
            x = LEFT + WIDE * math.log2(workers) / math.log2(most)
            yield f'<text x="{x:.1f}" y="{TOP + DEEP + 17}" text-anchor="middle">{workers}</text>'
        yield f'<text x="{LEFT + WIDE / 2}" y="{TOP + DEEP + 38}" text-anchor="middle">workers</text>'
        for number, latency in enumerate(dict.fromkeys(row["ms"] for row in rows)):
            points = [place(row) for row in rows if row["ms"] == latency]
            way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            yield f'<path class="line" d="{way}" stroke-dasharray="{DASHES[number % len(DASHES)]}"/>'
            yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
            x, y = points[0]
            yield f'<text x="{x + 6:.1f}" y="{y + 18:.1f}">{latency} ms</text>'
        yield "</svg>\n"

    return "\n".join(parts())


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        print("say which results to draw and where: python -m bench.throughput.plot RESULTS.json PICTURE.svg")
        return 2
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    Path(arguments[1]).write_text(picture(document["latency"]["rows"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
