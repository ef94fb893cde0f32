"""The figures of a night, which the next night gets."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.pages.night_facts import facts_of
from jobs.pages.night_history import FILE, NIGHTS, history, summary
from jobs.runtime.lake import Lake

FIRST = dt.date(2026, 1, 1)


def a_night(lake: Lake, day: dt.date, kept: int = 4, run: str = "001", **jobs: dict[str, object]) -> None:
    reports = {"clean_events": {"raw": 5, "kept": kept, "rejected": {"bad_id": 5 - kept}, "seconds": 1.0}} | jobs
    for job, report in reports.items():
        lake.put_json(report, "runs", f"date={day}", f"run={run}", f"{job}.json")


def test_a_night_adds_its_figures_to_those_that_the_last_one_left(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    a_night(lake, FIRST)
    left = [{"date": str(FIRST), "figures": {"lines_kept": 77}, "jobs": {}}]
    lake.put_json(left, "reports", f"date={FIRST}", FILE)
    second = FIRST + dt.timedelta(days=1)
    a_night(lake, second, kept=3)
    nights = history(facts_of(lake, second, "001"))
    assert [night["figures"]["lines_kept"] for night in nights] == [77, 3]


def test_a_night_that_left_none_is_read_from_its_reports(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    days = [FIRST + dt.timedelta(days=n) for n in range(3)]
    for kept, day in enumerate(days):
        a_night(lake, day, kept)
    nights = history(facts_of(lake, days[-1], "001"))
    assert [night["figures"]["lines_kept"] for night in nights] == [0, 1, 2]


def test_it_is_bounded(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    days = [FIRST + dt.timedelta(days=n) for n in range(NIGHTS + 5)]
    for day in days:
        a_night(lake, day)
    assert [night["date"] for night in history(facts_of(lake, days[-1], "001"))] == [str(day) for day in days[5:]]


def test_a_failed_job_gives_its_error_and_no_figures(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    a_night(lake, FIRST, publish_night={"error": "NotPublished: rows: too few\n  more", "checks": {"users": 3}})
    facts = facts_of(lake, FIRST, "001")
    assert summary(facts)["errors"] == {"publish_night": "NotPublished: rows: too few"}
    assert "users_with_list" not in summary(facts)["figures"]
    assert facts.held_back_because == "publish_night: NotPublished: rows: too few"


def test_by_hand_the_run_is_the_one_that_has_facts(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    a_night(lake, FIRST, judge_lists={"quality": []})
    assert facts_of(lake, FIRST, "002").run == "001"


def test_a_date_without_a_run_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"run `python -m jobs nightly --date 2026-01-01` first"):
        facts_of(Lake(str(tmp_path)), FIRST, "001")


def test_a_command_names_a_lake_without_its_login(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    a_night(lake, FIRST)
    facts = facts_of(lake, FIRST, "001")
    lake.root = "s3://key:secret@shop/lake?region=x"
    assert facts.command("explain_user") == "python -m jobs explain_user --lake s3://shop/lake"
