"""What counts as the truth about last night's lists, and baselines of a shop in which nobody has shown interest yet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from jobs.lists import judge_lists
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import CLEAN_EVENTS, INTEREST, LIST_QUALITY, RECOMMENDATIONS
from tests.sample import put

DAY = dt.date(2026, 3, 10)
BEFORE = DAY - dt.timedelta(days=1)
SETTINGS = Settings({"recommend": {"k": 2, "new_places": 0}, "judge": {"resamples": 10}})


def bought(user: str, item: str, day: dt.date) -> dict[str, Any]:
    when = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return {"event_id": f"{user}{item}", "user_id": user, "item_id": item, "event_type": "purchase",
            "event_time": when, "event_date": day, "quantity": 1.0}  # fmt: skip


def judged(lake: Path, events: list[dict[str, Any]], interest: float) -> dict[str, dict[str, Any]]:
    """Lists -> their row of hr@2 for all purchases, where u1 and u2 were shown the items a and b the night before."""
    last, night = (Night(day, Lake(str(lake)), "001", SETTINGS) for day in (BEFORE, DAY))
    put(
        last,
        RECOMMENDATIONS,
        [
            {"user_id": user, "item_id": item, "rank": rank, "source": "als", "fallback_level": 0}
            for user in ("u1", "u2", "anonymous")
            for rank, item in enumerate("ab", 1)
        ],
    )
    pair = {"user_id": "u1", "item_id": "a", "interest": interest, "purchase_orders": 0}
    put(last, INTEREST, [pair])
    put(night, CLEAN_EVENTS, events)
    judge_lists.main(night)
    rows = night.versions(LIST_QUALITY).tonight().arrow().to_pylist()
    wanted = ("all purchases", "all", "hr@2")
    return {row["lists"]: row for row in rows if (row["truth"], row["cut"], row["metric"]) == wanted}


def test_a_purchase_of_a_day_before_the_lists_that_came_late_does_not_judge_them(tmp_path: Path) -> None:
    rows = judged(tmp_path, [bought("u1", "a", DAY), bought("u2", "z", BEFORE)], 1.0)
    assert (rows["published"]["users"], rows["published"]["value"]) == (1, 1.0)
    assert judged(tmp_path / "late", [bought("u2", "z", BEFORE)], 1.0) == {}


def test_baselines_have_no_lists_where_nobody_had_shown_interest(tmp_path: Path) -> None:
    rows = judged(tmp_path, [bought("u1", "a", DAY)], 0.0)
    assert rows["published"]["value"] == 1.0
    assert {rows[name]["value"] for name in ("popularity", "buy_again", "item_item")} == {0.0}
