"""A truncated catalogue: the last good one is carried, and the log and the night's page say so."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.intake import clean_events, receive_drop, update_catalogue
from jobs.reports.night_page import night_page
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import CLEAN_EVENTS, ITEMS
from tests.sample import content

START = date(2026, 3, 2)
MAPPING = """
name = "shop"
[events]
files = "events_{date}.csv"
columns = { user_id = "u", item_id = "i", event_type = "e" }
time = { column = "t" }
[items]
files = "feed_{date}.csv"
snapshot = true
columns = { item_id = "id", price = "price" }
"""


class Shop:
    """Nights of a shop with ten items; each night has the snapshot of its day."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.lake, self.day = folder / "raw", Lake(str(folder / "lake")), START - timedelta(days=1)
        self.raw.mkdir()
        (folder / "shop.toml").write_text(MAPPING)
        self.mapping = str(folder / "shop.toml")

    def night(
        self, listed: range, price: float = 5, feed: bool = True, **settings: Any
    ) -> dict[str, tuple[bool, float]]:
        """Item -> (active, price) after a night with this snapshot, or with none."""
        self.day += timedelta(days=1)
        (self.raw / f"events_{self.day}.csv").write_text(f"u,i,e,t\nu1,i1,view,{self.day} 10:00:00\n")
        if feed:
            (self.raw / f"feed_{self.day}.csv").write_text("id,price\n" + "".join(f"i{n},{price}\n" for n in listed))
        night = Night(self.day, self.lake, "001", Settings(settings), self.mapping, str(self.raw))
        for job in (receive_drop, clean_events, update_catalogue):
            night.begin(job.__name__.rpartition(".")[2])
            with night.reporting():
                job.main(night)
        for table in (CLEAN_EVENTS, ITEMS):
            self.lake.make_current(night.version(table))
        rows = content(self.lake, night.version(ITEMS)).to_pylist()
        return {row["item_id"]: (row["is_active"], row["price"]) for row in rows}


def active(items: dict[str, tuple[bool, float]]) -> int:
    return sum(is_active for is_active, _ in items.values())


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_truncated_snapshot_withdraws_nothing_and_says_so(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    assert active(shop.night(range(10))) == 10
    assert active(shop.night(range(8))) == 8, "a snapshot that shrinks a little is believed"
    with caplog.at_level(logging.WARNING):
        items = shop.night(range(4), price=7)
    assert active(items) == 8
    assert (items["i3"], items["i7"]) == ((True, 7.0), (True, 5.0)), "what it does list is taken"
    assert f"feed_{shop.day}.csv lists 4 of 8 active items and would withdraw 50%" in caplog.text
    assert active(shop.night(range(0))) == 8, "a header alone is a truncated file, too"
    shop.lake.put_json({"quality": []}, "runs", f"date={shop.day}", "run=001", "judge_lists.json")
    assert "! the catalogue looks truncated: " in night_page(shop.lake, shop.day)
    assert "catalogue.max_withdrawn_share=1" in night_page(shop.lake, shop.day)
    assert active(shop.night(range(4), catalogue={"max_withdrawn_share": 1.0})) == 4, "a real clearance"


def test_a_first_night_without_any_item_says_what_is_missing(shop: Shop) -> None:
    with pytest.raises(RuntimeError, match=r"catalogue is empty: feed_\{date\}.csv gives no item"):
        shop.night(range(0))


def test_a_feed_that_comes_late_does_not_bring_back_old_prices(shop: Shop) -> None:
    shop.night(range(10), price=5)
    first = shop.day
    late = shop.raw / f"feed_{first + timedelta(days=1)}.csv"
    shop.night(range(10), price=9, feed=False)
    late.write_text("id,price\n" + "".join(f"i{n},9\n" for n in range(11)))
    items = shop.night(range(10), price=7)
    assert items["i3"] == (True, 7.0)
    assert items["i10"] == (True, 9.0), "what only the late feed has is read"
