"""Coordinates of the charts, in a box of 100 by 100 that the page stretches: paths of lines and of their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.pages.blocks import Lines

Values = Sequence[float | None]


@dataclass(frozen=True)
class Drawn:
    """The paths of one series for the attribute `d` of SVG; `band` is empty without an interval."""

    line: str
    band: str


def top_of(chart: Lines) -> float:
    """The value at the upper edge, which is the largest in the chart; charts start at 0."""
    values = [
        value for series in chart.series for part in (series.values, series.high) for value in part if value is not None
    ]
    return max(values, default=0.0) or 1.0


def drawn(chart: Lines) -> list[Drawn]:
    top = top_of(chart)
    return [Drawn(_line(series.values, top), _band(series.low, series.high, top)) for series in chart.series]


def _runs(count: int, has_figure: Sequence[bool]) -> Iterator[list[int]]:
    """Runs of adjacent nights that all have a figure: no line is drawn across a night without one."""
    run: list[int] = []
    for index in range(count):
        if has_figure[index]:
            run.append(index)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(values: Values, top: float) -> str:
    """A night without neighbours is drawn as a short dash: a point would hardly be seen."""
    parts = []
    for run in _runs(len(values), [value is not None for value in values]):
        points = [_point(index, len(values), values[index] or 0.0, top) for index in run]
        parts.append(f"M{' L'.join(points)}" if len(points) > 1 else f"M{points[0]} m-.7 0 h1.4")
    return " ".join(parts)


def _band(low: Values, high: Values, top: float) -> str:
    has_figure = [
        low_value is not None and high_value is not None for low_value, high_value in zip(low, high, strict=True)
    ]
    parts = []
    for run in _runs(len(has_figure), has_figure):
        upper = [_point(index, len(has_figure), high[index] or 0.0, top) for index in run]
        lower = [_point(index, len(has_figure), low[index] or 0.0, top) for index in reversed(run)]
        parts.append(f"M{' L'.join([*upper, *lower])} Z")
    return " ".join(parts)


def _point(index: int, count: int, value: float, top: float) -> str:
    across = 50.0 if count == 1 else 1.0 + 98.0 * index / (count - 1)
    return f"{across:.2f} {98.0 - 94.0 * value / top:.2f}"
