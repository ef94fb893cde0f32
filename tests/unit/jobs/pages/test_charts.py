"""Lines and bands: where the points are, and that nothing is drawn across a night without a figure."""

from __future__ import annotations

from jobs.pages.blocks import Lines, Series, Words
from jobs.pages.charts import drawn, top_of

NAME = Words("a", "甲")


def a_chart(values: list[float | None], **ends: list[float | None]) -> Lines:
    return Lines(NAME, [str(n) for n in range(len(values))], [Series(NAME, values, **ends)])


def test_a_line_runs_from_the_floor_to_the_top() -> None:
    (one,) = drawn(a_chart([0.0, 5.0, 10.0]))
    assert one.line == "M1.00 98.00 L50.00 51.00 L99.00 4.00"
    assert one.band == ""


def test_a_night_without_a_figure_is_a_gap() -> None:
    (one,) = drawn(a_chart([1.0, None, 1.0, 1.0]))
    assert one.line.count("M") == 2


def test_the_interval_counts_for_the_height() -> None:
    chart = a_chart([1.0, 1.0], low=[0.5, 0.5], high=[2.0, 2.0])
    assert top_of(chart) == 2.0
    assert drawn(chart)[0].band.startswith("M1.00 4.00 L99.00 4.00 L99.00 74.50")


def test_nothing_known_is_drawn_as_nothing() -> None:
    chart = a_chart([None, None])
    assert top_of(chart) == 1.0
    assert drawn(chart)[0].line == ""
