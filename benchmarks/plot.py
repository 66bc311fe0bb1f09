"""The figures as an SVG: one panel a model, one line a scenario, one dot a server, on a logarithmic scale."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from benchmarks.comparing import SCENARIOS
from benchmarks.progress import number
from benchmarks.report import COLUMNS, WORKLOADS
from benchmarks.results import Results, median, spread

_COLOURS = {"this": "#1f6feb", "fastapi": "#d97706", "chantilly": "#6b7280", "river": "#15803d"}
_WIDTH, _LEFT, _RIGHT = 880, 320, 60
_TOP, _LINE, _PANEL_TITLE, _PANEL_FOOT = 56, 24, 34, 34
_FONT = "font-family='system-ui, sans-serif'"


@dataclass(frozen=True, slots=True)
class Scale:
    """Rates to pixels, a power of ten a step."""

    low: int
    high: int

    def x(self, rate: float) -> float:
        """Return where a rate stands."""
        share = (math.log10(rate) - self.low) / (self.high - self.low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def plot(results: Results) -> str:
    """Return the plot of all figures but the load generator's ceiling."""
    scale = _scale(results)
    parts, y = [_legend()], _TOP
    for workload, title in WORKLOADS.items():
        rows = [s for s in SCENARIOS if any(results.values(workload, s.name, column) for column in COLUMNS)]
        if rows:
            parts.append(_text(24, y + 18, title, size=14, weight="600"))
            y += _PANEL_TITLE
            parts.extend(_grid(scale, y, y + len(rows) * _LINE))
            for scenario in rows:
                parts.append(_text(_LEFT - 12, y + _LINE / 2 + 4, scenario.title, anchor="end"))
                parts.extend(_dots(results, workload, scenario.name, scale, y + _LINE / 2))
                y += _LINE
            y += _PANEL_FOOT
    return _document("\n".join(parts), y)


def _scale(results: Results) -> Scale:
    rates = [v for f in results.figures if f.column in COLUMNS for v in f.values if v]
    if not rates:
        raise ValueError("there is nothing to plot")
    return Scale(math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates))))


def _dots(results: Results, workload: str, scenario: str, scale: Scale, y: float) -> Iterable[str]:
    for column in reversed(COLUMNS):
        values = results.values(workload, scenario, column)
        middle, ends = median(values), spread(values)
        if middle and ends:
            colour = _COLOURS[column]
            low, high, x = scale.x(ends[0]), scale.x(ends[1]), scale.x(middle)
            reported = f"{COLUMNS[column]}: {number(middle)} ({number(ends[0])}-{number(ends[1])}) per second"
            yield (
                f"<g stroke='{colour}' fill='{colour}'><title>{escape(reported)}</title>"
                f"<line x1='{low:.1f}' x2='{high:.1f}' y1='{y}' y2='{y}' stroke-width='3' opacity='.45'/>"
                f"<circle cx='{x:.1f}' cy='{y}' r='5' stroke='#fff'/></g>"
            )


def _grid(scale: Scale, top: float, bottom: float) -> Iterable[str]:
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top}' y2='{bottom}' stroke='#d0d7de'/>"
        yield _text(x, bottom + 16, f"{10.0**power:,g}" if power < 0 else f"{10**power:,}", anchor="middle")


def _legend() -> str:
    parts, x = [], 24
    for column, title in COLUMNS.items():
        parts.append(f"<circle cx='{x + 5}' cy='28' r='5' fill='{_COLOURS[column]}'/>")
        parts.append(_text(x + 16, 32, title))
        x += 36 + 7 * len(title)
    parts.append(_text(_WIDTH - 24, 32, "a second, logarithmic; bars: lowest-highest", anchor="end"))
    return "\n".join(parts)


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "400"
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='{size}' font-weight='{weight}' "
        f"fill='#1f2328' {_FONT}>{escape(text)}</text>"
    )


def _document(content: str, height: float) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height:.0f}' role='img' "
        "aria-label='Throughput by scenario and server'>\n"
        f"<rect width='{_WIDTH}' height='{height:.0f}' rx='8' fill='#fff' stroke='#d0d7de'/>\n"
        f"{content}\n</svg>\n"
    )
