"""The quality of lists on the page of a replay, with and without judged nights."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from jobs.reports.night_page import night_page, replay_page
from jobs.runtime.lake import Lake

FIRST = dt.date(2026, 1, 1)


def figures() -> list[dict[str, Any]]:
    common = {"cut": "all", "truth": "all purchases", "users": 10, "value": 0.25, "low": 0.1, "high": 0.4}
    return [{**common, "lists": "published", "metric": metric} for metric in ("hr@12", "ndcg@12")]


def a_lake(tmp_path: Path, nights: int, judged: set[int]) -> tuple[Lake, list[dt.date]]:
    """judged: numbers of the nights, from 0, on which somebody bought from yesterday's lists."""
    lake, days = Lake(str(tmp_path)), [FIRST + dt.timedelta(days=n) for n in range(nights)]
    for n, day in enumerate(days):
        folder = ("runs", f"date={day}", "run=001")
        lake.put_json({"raw": 5, "kept": 4, "rejected": {"bad_id": 1}, "tallies": {}}, *folder, "clean_events.json")
        lake.put_json({"quality": figures() if n in judged else []}, *folder, "judge_lists.json")
    return lake, days


def test_nights_judged_one_by_one_are_not_called_unjudged(tmp_path: Path) -> None:
    lake, days = a_lake(tmp_path, 5, {1, 2, 4})
    page = replay_page(lake, days, {})
    assert "lists not judged" not in page
    assert "3 nights were judged one by one; a mean over nights is made from 2026-01-31 on" in page


def test_nights_without_figures_say_so(tmp_path: Path) -> None:
    lake, days = a_lake(tmp_path, 2, set())
    assert "lists not judged: none was published the day before any of these nights" in replay_page(lake, days, {})
    assert "lists not judged: none was published the day before, or nobody bought" in night_page(lake, days[1])


def test_nights_are_pooled_from_the_second_month_on(tmp_path: Path) -> None:
    lake, days = a_lake(tmp_path, 33, {1, 31, 32})
    page = replay_page(lake, days, {})
    assert "lists judged the day after, from 2026-01-31 on" in page
    assert "all purchases, 20 user-nights" in page


def test_one_judged_night_has_its_figures(tmp_path: Path) -> None:
    lake, days = a_lake(tmp_path, 2, {1})
    assert "hr@12 0.2500 [0.1000, 0.4000]" in night_page(lake, days[1])
