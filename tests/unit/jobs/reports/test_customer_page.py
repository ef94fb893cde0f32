"""The part of describe_night about customers shows only what the night's jobs reported."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from jobs.reports.customer_page import customer_page
from jobs.runtime.lake import Lake

NIGHT = dt.date(2026, 1, 6)


def page_text(tmp_path: Path, **jobs: dict) -> str:
    lake = Lake(str(tmp_path))
    lake.put_json({}, "runs", f"date={NIGHT}", "run=001", "receive_drop.json")
    for job, facts in jobs.items():
        lake.put_json(facts, "runs", f"date={NIGHT}", "run=001", f"{job}.json")
    return customer_page(lake, NIGHT, "001")


def test_a_job_that_did_not_run_has_no_lines(tmp_path: Path) -> None:
    assert page_text(tmp_path) == ""


def test_each_campaign_budget_and_status_has_its_figures(tmp_path: Path) -> None:
    campaign = {"candidates": 90, "offered": 20, "standing": 5, "withheld": 2}
    page = page_text(
        tmp_path,
        segment_users={"segments": 4, "moved": 12, "moved_share": 0.05, "fit": {"how": "moved on"}},
        choose_offers={"campaigns": {"back": campaign}, "budgets": {"main": {"amount": 100.0, "expected_left": 7.5}}},
        suggest_prices={"statuses": {"suggest": 3, "keep": 9}},
    )
    assert page.splitlines() == [
        "segments: 4, moved on; 12 accounts moved, 5.0% of the night before",
        "offers",
        "  back                       20 new, 5 still valid, 2 held out, of 90 who qualify",
        "  budget main                 8 of 100 left",
        "prices of items on sale: keep 9, suggest 3",
    ]


def test_a_first_night_and_a_shop_without_campaigns(tmp_path: Path) -> None:
    page = page_text(
        tmp_path,
        segment_users={"segments": 1, "moved": 0, "moved_share": None, "fit": {"how": "new"}},
        choose_offers={},
        suggest_prices={"statuses": {}},
    )
    assert page.splitlines() == [
        "segments: 1, new",
        "offers: no campaign",
        "prices of items on sale: no item is on sale",
    ]
