"""What the index page calls unusual, and the sentences with which it says so."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.pages.changes import changes, grown_jobs, is_unusual

QUIET = [100.0, 102.0, 98.0, 101.0, 99.0, 100.0]


@pytest.mark.parametrize(
    ("now", "before", "unusual"),
    [
        (101, QUIET, False),
        (119, QUIET, False),  # many spreads away, but not a fifth
        (121, QUIET, True),
        (79, QUIET, True),
        (300, [100, 300, 500, 200, 400, 300], False),  # a figure that always jumps
        (60, [100], False),
        (49, [100], True),
        (0, [100, 100], True),
        (12, [3, 3, 3, 3, 3, 3], False),  # a handful is not news
        (500, [], False),
    ],
)
def test_unusual_is_what_the_rule_on_the_page_says(now: float, before: list[float], unusual: bool) -> None:
    assert is_unusual(now, before) is unusual


def test_a_share_has_no_least_count() -> None:
    assert is_unusual(0.6, [0.1], is_share=True)


def a_night(figures: dict[str, float], **more: Any) -> dict[str, Any]:
    return {"figures": figures, "models": {}, "jobs": {}} | more


def test_unusual_figures_come_first_and_both_languages_say_the_same_numbers() -> None:
    nights = [a_night({"lines_raw": 1000, "offers": 40}), a_night({"lines_raw": 1010, "offers": 90})]
    (first, marked, way), (second, plain, _) = changes(nights)
    assert (marked, plain) == (True, False)
    assert way == "offers.html"
    assert first.english == "90 offers that stand, 50 more than last night (125%)."
    assert "90" in first.chinese
    assert "125%" in first.chinese
    assert second.english == "1,010 lines in the drop, 10 more than last night (1%)."


def test_a_reason_that_nobody_gave_tonight_counts_as_none() -> None:
    nights = [a_night({"rejected_crawler": 1614}), a_night({})]
    ((sentence, unusual, way),) = changes(nights)
    assert way == "data.html#rejected_events"
    assert sentence.english == "0 lines rejected as crawler, 1,614 fewer than last night (100%)."
    assert unusual


def test_a_figure_that_the_night_lacks_is_left_out() -> None:
    assert changes([a_night({"offers": 40}), a_night({})]) == []


def test_a_model_that_stops_being_promoted_is_marked() -> None:
    nights = [a_night({}, models={"train_ranker": True}), a_night({}, models={"train_ranker": False})]
    ((sentence, unusual, _),) = changes(nights)
    assert sentence.english.startswith("The new ranker of the lists was held back")
    assert unusual


def test_only_a_job_far_above_its_median_has_grown() -> None:
    def jobs(**seconds: float) -> dict[str, Any]:
        return a_night({}, jobs={job: {"seconds": spent} for job, spent in seconds.items()})

    nights = [jobs(train_als=10, write_copy=1, judge_lists=1), jobs(train_als=16, write_copy=5, judge_lists=30)]
    assert grown_jobs(nights) == [("judge_lists", 30, 1), ("train_als", 16, 10)]


def test_an_unusual_figure_says_the_median_that_makes_it_so() -> None:
    figures = (1000, 1000, 1000, 1000, 1000, 3000, 3060)
    nights = [a_night({"copy_published": figure}) for figure in figures]
    ((sentence, unusual, _),) = changes(nights)
    assert unusual
    assert sentence.english == (
        "3,060 texts published, 60 more than last night (2%). The median of the last 6 nights is 1,000."
    )
    assert "中位数为 1,000" in sentence.chinese
