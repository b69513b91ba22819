#!/usr/bin/env python3
"""Draws the boards of deploy/monitoring as docs/dashboards/*.svg, from the data of a Prometheus that has scraped the operator:
the queries of the panels, the unit and the legend as the boards have them. Not Grafana's look, but its numbers.

    make up                                              # control plane, emulator and operator
    prometheus --config.file=prometheus.yml              # scrapes OPERATOR_METRICS_URL as job dataset-operator every 5 s
    kubectl apply, edit, delete …                        # for some minutes
    tests/monitoring/picture.py http://127.0.0.1:9090 --seconds 420
"""

import argparse
import json
import math
import time
import urllib.parse
import urllib.request
from xml.sax.saxutils import escape

import boards

WIDTH, CELL, GAP, STEP = 1248, 28, 8, 5
COLOURS = ["#3274d9", "#e0752d", "#37872d", "#c4162a", "#8f3bb8", "#b8860b", "#1f8a8a", "#c2589a", "#6b6b6b", "#7a9a01", "#5794f2", "#8b4513"]


def ask(server: str, path: str, **words: object) -> list[dict]:
    with urllib.request.urlopen(f"{server}/api/v1/{path}?{urllib.parse.urlencode(words)}") as answer:
        return json.load(answer)["data"]["result"]


def told(value: float, unit: str, decimals: int | None = None) -> str:
    """A number with its unit, as short as an axis needs it."""
    scale, ending = 1.0, ""
    if unit == "percentunit":
        scale, ending = 0.01, " %"
    elif unit == "bytes":
        scale, ending = 2.0**20, " MiB"
    elif unit == "s" and value and abs(value) < 1:
        scale, ending = (0.001, " ms") if abs(value) >= 0.001 else (1e-6, " µs")
    elif unit == "s":
        ending = " s"
    elif unit in ("ops", "reqps"):
        ending = "/s"
    value /= scale
    if decimals is None:
        return f"{value:.3g}{ending}" if abs(value) < 1000 else f"{value:,.0f}{ending}"
    return f"{value:,.{decimals}f}{ending}"


def named(legend: str, labels: dict[str, str]) -> str:
    for label, value in labels.items():
        legend = legend.replace("{{%s}}" % label, value)
    return legend


def text(x: float, y: float, words: str, kind: str, end: bool = False) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}"{" text-anchor=" + chr(34) + "end" + chr(34) if end else ""}>{escape(words)}</text>'


def ticks(top: float) -> list[float]:
    """About three round numbers up to the top."""
    size = 10 ** math.floor(math.log10(top / 3))
    step = next(size * by for by in (1, 2, 5, 10) if top / (size * by) <= 4)
    return [step * at for at in range(int(top / step + 1e-9) + 1)]


def pale(colour: str) -> str:
    """Three quarters white, for the area below a line."""
    return "#" + "".join(f"{255 - (255 - int(colour[at : at + 2], 16)) // 4:02x}" for at in (1, 3, 5))


def lines(panel: dict, box: tuple, series: list[tuple[str, dict[int, float]]], times: list[int]) -> list[str]:
    left, up, wide, high = box
    defaults = panel["fieldConfig"]["defaults"]
    stacks = defaults["custom"]["stacking"]["mode"] == "normal"
    if stacks:
        below = dict.fromkeys(times, 0.0)
        stacked = []
        for name, points in series:
            below = {at: below[at] + points.get(at, 0.0) for at in times}
            stacked.append((name, below))
        series = stacked
    legend, x = [], left + 10
    y = up + high - 8
    for at, (name, _) in enumerate(series):
        size = 20 + 5.6 * len(name)
        if x + size > left + wide - 30:
            if len({y for _, y, _, _ in legend}) == 3:
                legend.append((x, y, f"+ {len(series) - at}", "none"))
                break
            x, y = left + 10, y - 14
        legend.append((x, y, name, COLOURS[at % len(COLOURS)]))
        x += size
    rows = {y for _, y, _, _ in legend}
    # The first row on top.
    turned = dict(zip(sorted(rows), sorted(rows, reverse=True)))
    out = []
    for x, y, name, colour in legend:
        out.append(f'<rect x="{x:.0f}" y="{turned[y] - 4:.0f}" width="8" height="3" fill="{colour}"/>' + text(x + 12, turned[y], name, "n"))
    a, b, c, d = left + 54, up + 32, left + wide - 12, up + high - 26 - 14 * max(len(rows), 1)
    top = max((value for _, points in series for value in points.values()), default=0.0) * 1.05
    top = defaults.get("max", top) * (1.05 if "max" in defaults else 1) or 1.0
    across = lambda at: a + (c - a) * (at - times[0]) / (times[-1] - times[0])
    down = lambda value: d - (d - b) * min(value / top, 1)
    unit = 2.0**20 if defaults["unit"] == "bytes" else 1.0
    for value in (unit * tick for tick in ticks(top / unit)):
        out.append(f'<path d="M{a:.0f} {down(value):.0f}H{c:.0f}" class="g"/>' + text(a - 5, down(value) + 3, told(value, defaults["unit"]), "t", True))
    for minute in range(0, (times[-1] - times[0]) // 60 + 1, 2):
        x = across(times[0] + 60 * minute)
        out.append(text(min(x + 12, c), d + 12, f"{minute} min", "t", True) if minute else text(x - 4, d + 12, "0", "t"))
    # Of a stack the highest first: each covers what is below it.
    for at, (_, points) in list(enumerate(series))[:: -1 if stacks else 1]:
        path, last = [], None
        for here, now in enumerate(times):
            if now not in points:
                last = None
                continue
            value = points[now]
            # A point in the middle of a level line says nothing.
            around = [points.get(times[i]) for i in (here - 1, here + 1) if 0 <= i < len(times)]
            if len(around) == 2 and last is not None and all(other == value for other in around):
                continue
            path.append(f"{'L' if last is not None else 'M'}{across(now):.0f} {down(value):.0f}")
            last = now
        colour = COLOURS[at % len(COLOURS)]
        if path and stacks:
            out.append(f'<path d="{"".join(path)}V{d:.0f}H{a:.0f}Z" stroke="none" fill="{pale(colour)}"/>')
        if path:
            out.append(f'<path d="{"".join(path)}" stroke="{colour}" class="l"/>')
    if not series:
        out.append(text((a + c) / 2 - 24, (b + d) / 2, "No data", "t"))
    return out


def stat(panel: dict, box: tuple, series: list[tuple[str, float]]) -> list[str]:
    left, up, _, high = box
    defaults = panel["fieldConfig"]["defaults"]
    if not series:
        return [text(left + 14, up + high - 22, "No data", "n")]
    name, value = series[0]
    colour = "#333"
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            colour = {"blue": "#3274d9", "green": "#37872d", "red": "#c4162a"}[step["color"]]
    words = name if panel["options"]["textMode"] == "name" else told(value, defaults["unit"], defaults.get("decimals"))
    return [f'<text x="{left + 14:.0f}" y="{up + high - 22:.0f}" class="s" style="fill:{colour}">{escape(words)}</text>']


def draw(board: dict, server: str, end: int, seconds: int) -> str:
    times = list(range(end - seconds, end + 1, STEP))
    width, out, below = WIDTH / 24, [], 0
    for panel in board["panels"]:
        at = panel["gridPos"]
        left, up = at["x"] * width, at["y"] * CELL + 44
        below = max(below, up + at["h"] * CELL)
        if panel["type"] == "row":
            out.append(text(left + 6, up + 20, panel["title"], "r"))
            continue
        box = (left + GAP / 2, up + GAP / 2, at["w"] * width - GAP, at["h"] * CELL - GAP)
        out.append('<rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" class="p"/>' % box + text(box[0] + 10, box[1] + 18, panel["title"], "h"))
        series = []
        for target in panel["targets"]:
            query = boards.plain(target["expr"], "30s", f"{seconds}s")
            if panel["type"] == "stat":
                found = ask(server, "query", query=query, time=end)
                series += [(named(target["legendFormat"], one["metric"]), float(one["value"][1])) for one in found]
                continue
            for one in ask(server, "query_range", query=query, start=times[0], end=end, step=STEP):
                points = {int(when): float(value) for when, value in one["values"]}
                points = {when: value for when, value in points.items() if math.isfinite(value)}
                if points:
                    series.append((named(target["legendFormat"], one["metric"]), points))
        out += (stat if panel["type"] == "stat" else lines)(panel, box, series, *([] if panel["type"] == "stat" else [times]))
    style = (
        "text{font-family:Helvetica,Arial,sans-serif;fill:#333}.r{font-size:15px;font-weight:bold}.h{font-size:12px;font-weight:bold}"
        ".t{font-size:9px;fill:#777}.n{font-size:10px}.s{font-size:26px;font-weight:bold}.p{fill:#fff;stroke:#ddd}"
        ".g{stroke:#eee}.l{fill:none;stroke-width:1.4;stroke-linejoin:round}.b{font-size:18px;font-weight:bold}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {below + 8}" width="{WIDTH}" height="{below + 8}">'
    return "\n".join([head, f"<style>{style}</style>", '<rect width="100%" height="100%" fill="#f4f5f5"/>', text(10, 30, board["title"], "b"), *out, "</svg>\n"])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("prometheus", help="its address")
    words.add_argument("--seconds", type=int, default=420, help="how much time the pictures show")
    words.add_argument("--end", type=int, default=int(time.time()), help="when that time ends, in seconds since 1970")
    given = words.parse_args()
    folder = boards.ROOT / "docs" / "dashboards"
    folder.mkdir(exist_ok=True)
    for path in boards.DASHBOARDS:
        picture = folder / f"{path.stem}.svg"
        picture.write_text(draw(boards.dashboard(path), given.prometheus.rstrip("/"), given.end, given.seconds))
        print(picture)


main()
