#!/usr/bin/env python3
"""Draws the figures of tools/bench: for each workload how the engines stand to Flowkeep, on a logarithmic scale.

    bench_chart.py FIGURES.json CHART.svg
"""

import json
import math
import sys
from xml.sax.saxutils import escape

COLOURS = {"flowkeep": "#1b6ca8", "lmdb": "#7a9e3b", "sqlite": "#c0504d", "rocksdb": "#e0a030", "leveldb": "#8e6bb0",
           "disk": "#808080"}
LEFT, WIDTH, BAR, GAP, TOP = 190, 560, 9, 12, 64


def is_better_lower(unit):
    return unit != "1/s"


def standings(figures):
    """[(workload, [(engine, how many times as good as Flowkeep, value, unit)])], in the order of the figures."""
    by_workload = {}
    for row in figures:
        by_workload.setdefault(row["workload"], []).append(row)
    found = []
    for workload, rows in by_workload.items():
        own = next((row for row in rows if row["engine"] == "flowkeep" and row["value"]), None)
        if own is None:
            continue
        ratios = []
        for row in rows:
            if row["value"]:
                ratio = row["value"] / own["value"]
                ratios.append((row["engine"], 1 / ratio if is_better_lower(row["unit"]) else ratio, row["value"], row["unit"]))
        found.append((workload, ratios))
    return found


def draw(figures):
    table = standings(figures)
    ratios = [ratio for _, rows in table for _, ratio, _, _ in rows]
    low = math.floor(math.log10(min(ratios, default=0.1)) - 0.01)
    high = math.ceil(math.log10(max(ratios, default=10)) + 0.01)
    height = TOP + sum(len(rows) * BAR + GAP for _, rows in table) + 20

    def x(ratio):
        return LEFT + WIDTH * (math.log10(ratio) - low) / (high - low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 150}" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           f'<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="20" font-size="14">How the engines stand to Flowkeep (right of 1: better)</text>']
    for i, (engine, colour) in enumerate(COLOURS.items()):
        out.append(f'<rect x="{10 + 90 * i}" y="32" width="10" height="10" fill="{colour}"/>'
                   f'<text x="{24 + 90 * i}" y="41">{engine}</text>')
    for power in range(low, high + 1):
        at = x(10 ** power)
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{height - 14}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{height - 3}" text-anchor="middle">{10.0 ** power:g}</text>')
    y = TOP
    for workload, rows in table:
        out.append(f'<text x="{LEFT - 8}" y="{y + len(rows) * BAR / 2 + 4:.1f}" text-anchor="end">{escape(workload)}</text>')
        for engine, ratio, value, unit in rows:
            left, right = sorted((x(1), x(ratio)))
            out.append(f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1.5):.1f}" height="{BAR - 1}" '
                       f'fill="{COLOURS.get(engine, "#000")}"/>'
                       f'<text x="{right + 4:.1f}" y="{y + BAR - 2}" font-size="8">{value:,.4g} {escape(unit)}</text>')
            y += BAR
        y += GAP
    out.append("</svg>\n")
    return "\n".join(out)


def main(source, target):
    with open(source, encoding="utf-8") as file:
        figures = json.load(file)
    with open(target, "w", encoding="utf-8") as file:
        file.write(draw(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
