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
    """The value at the upper edge: the largest there is; charts start at 0."""
    values = [v for one in chart.series for part in (one.values, one.high) for v in part if v is not None]
    return max(values, default=0.0) or 1.0


def drawn(chart: Lines) -> list[Drawn]:
    top = top_of(chart)
    return [Drawn(_line(one.values, top), _band(one.low, one.high, top)) for one in chart.series]


def _runs(count: int, known: Sequence[bool]) -> Iterator[list[int]]:
    """Stretches of nights that all have a figure: a line is not drawn across a night without one."""
    run: list[int] = []
    for at in range(count):
        if known[at]:
            run.append(at)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(values: Values, top: float) -> str:
    """A night that stands alone is a short dash: a point would hardly be seen."""
    parts = []
    for run in _runs(len(values), [v is not None for v in values]):
        points = [_point(at, len(values), values[at] or 0.0, top) for at in run]
        parts.append(f"M{' L'.join(points)}" if len(points) > 1 else f"M{points[0]} m-.7 0 h1.4")
    return " ".join(parts)


def _band(low: Values, high: Values, top: float) -> str:
    known = [one is not None and other is not None for one, other in zip(low, high, strict=True)]
    parts = []
    for run in _runs(len(known), known):
        upper = [_point(at, len(known), high[at] or 0.0, top) for at in run]
        lower = [_point(at, len(known), low[at] or 0.0, top) for at in reversed(run)]
        parts.append(f"M{' L'.join([*upper, *lower])} Z")
    return " ".join(parts)


def _point(at: int, count: int, value: float, top: float) -> str:
    across = 50.0 if count == 1 else 1.0 + 98.0 * at / (count - 1)
    return f"{across:.2f} {98.0 - 94.0 * value / top:.2f}"
