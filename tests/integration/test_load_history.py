"""A history loaded in one pass equals the history replayed night by night, to the last bit of every lasting table."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from jobs.intake.drop_files import BrokenDrops, check_nights, leave_out, receive, receive_nights
from jobs.nights import load_history
from jobs.nights.load_history import days_to_make, last_made, make
from jobs.nights.replay_nights import nights_with_a_drop
from jobs.runtime.history import History
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan
from schemas.sources.reading import load_source
from schemas.tables import (
    INTEREST,
    ITEM_PRICES,
    ITEMS,
    REJECTED_EVENTS,
    USER_PROFILES,
    USER_PURCHASES,
    USER_TASTES,
    USERS,
)
from tests.histories import STEPS, arguments, assert_same, replay
from tests.sample import NIGHTS, SETTINGS, current

# Four weeks of the shop, whose Saturdays have no file; sixty nights by NIGHTMARKET_HISTORY_NIGHTS=60.
REAL_NIGHTS = int(os.environ.get("NIGHTMARKET_HISTORY_NIGHTS", "20"))
ONLINE_RETAIL = Path(__file__).resolve().parents[2] / "../shared/data/online_retail"


# A shop in which every rule has an effect: few tastes and prices are kept, idle pairs are dropped, a catalogue is cut
# short, a day is missing.
DAYS = [dt.date(2026, 1, day) for day in range(1, 7)]
GAP, CUT = DAYS[3], DAYS[4]
STRICT: dict[str, dict[str, Any]] = {
    **SETTINGS,
    "profiles": {"tastes_kept": 3, "prices_kept": 1, "band_items": 3},
    "interest": {"forget_after_days": 2, "half_life_days": 3.0},
    "clean": {"max_rejected_share": 0.9, "late_days": 2},
    "prices": {"weeks": 3, "least_weeks": 2, "recent_weeks": 2},
}
SHARES = Shares(
    duplicates_same_day=0.02, duplicates_next_day=0.05, late=0.05, future=0.01, broken=0.02, unknown_items=0.01
)


class StrictShop(NamedTuple):
    """raw: its files; lake: after night by night; early: a copy of the lake after its first two nights."""

    raw: Path
    lake: Lake
    early: Path


@pytest.fixture(scope="module")
def strict_shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> StrictShop:
    folder = tmp_path_factory.mktemp("biting")
    plan = Plan(
        seed=3, users=60, items=50, days=len(DAYS), start=DAYS[0], events_per_user_day=8.0, crawlers=1, shares=SHARES
    )
    make_sample_shop(plan, folder / "raw")
    shutil.rmtree(folder / "raw" / str(GAP))
    cut = folder / "raw" / str(CUT) / "items.csv"
    cut.write_text("".join(cut.read_text().splitlines(keepends=True)[:8]))
    for users in (folder / "raw").glob("*/users.jsonl"):
        if not users.stat().st_size:  # nobody registered: a shop would not send the file
            users.unlink()
    lake, two = Lake(str(folder / "lake")), days_with_files()[:2]
    replay(lake, nights(folder / "raw", lake, two))
    shutil.copytree(lake.root, folder / "early")
    replay(lake, nights(folder / "raw", lake, days_with_files()[2:]))
    return StrictShop(folder / "raw", lake, folder / "early")


def days_with_files() -> list[dt.date]:
    return [day for day in DAYS if day != GAP]


def nights(raw: Path, lake: Lake, days: list[dt.date], source: str = "sample_shop", **more: Any) -> list[Night]:
    settings = Settings(STRICT | more)
    return [Night(day, lake, "001", settings, source, str(raw)) for day in days]


def test_in_this_shop_every_rule_has_an_effect(strict_shop: StrictShop) -> None:
    """Else the comparisons below would also hold for simpler rules."""
    lake = strict_shop.lake
    tastes = current(lake, USER_TASTES, DAYS[-1]).group_by(["user_id", "kind"]).aggregate([([], "count_all")])
    assert pc.max(tastes["count_all"]).as_py() == 3
    reasons = set(current(lake, REJECTED_EVENTS, DAYS[-1])["reason"].to_pylist())
    assert {"duplicate", "too_late"} <= reasons
    assert "carried_catalogue" in lake.get_json("runs", f"date={CUT}", "run=001", "update_catalogue.json")
    withdrawn = [pc.sum(pc.invert(current(lake, ITEMS, day)["is_active"])).as_py() for day in days_with_files()]
    assert withdrawn[-1] > 0
    idle = DAYS[-1] - dt.timedelta(days=2)
    assert pc.min(current(lake, INTEREST, DAYS[-1]).filter(pc.field("purchases") <= 0)["last_event_on"]).as_py() >= idle


@pytest.fixture(scope="module")
def loaded(strict_shop: StrictShop, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """All days of the shop in one pass."""
    lake = Lake(str(tmp_path_factory.mktemp("loaded") / "lake"))
    assert days_to_make(lake, days_with_files(), last_made(lake)) == days_with_files()
    make(History(tuple(nights(strict_shop.raw, lake, days_with_files())), None), {})
    return lake


def test_one_pass_gives_the_tables_of_night_after_night(strict_shop: StrictShop, loaded: Lake) -> None:
    replayed = strict_shop.lake
    assert_same(loaded, replayed, days_with_files())
    for day in days_with_files():
        assert facts(loaded, day, "clean_events") == facts(replayed, day, "clean_events")
        assert facts(loaded, day, "receive_drop") == facts(replayed, day, "receive_drop")


def test_a_lake_that_has_nights_gets_the_days_after_them(strict_shop: StrictShop, tmp_path: Path) -> None:
    shutil.copytree(strict_shop.early, tmp_path / "lake")
    lake = Lake(str(tmp_path / "lake"))
    before, days = days_with_files()[:2], days_with_files()[2:]
    assert last_made(lake) == before[-1]
    assert days_to_make(lake, days_with_files(), before[-1]) == days
    make(History(tuple(nights(strict_shop.raw, lake, days)), before[-1]), {})
    assert_same(lake, strict_shop.lake, days_with_files())


def facts(lake: Lake, day: dt.date, job: str) -> dict[str, Any]:
    record = lake.get_json("runs", f"date={day}", "run=001", f"{job}.json")
    return {name: value for name, value in record.items() if name not in ("began", "seconds", "driver_peak_gib")}


LINES = [
    # day, user, item, what, price
    (1, "u1", "i1", "view", "9.90"), (1, "u1", "i1", "order", "9.90"), (1, "u2", "i2", "view", "5"),
    (2, "u1", "i2", "order", "5.50"), (2, "u2", "i2", "order", "5"), (2, "", "i3", "view", "7"),
    (3, "u3", "i1", "order", "8"), (3, "u1", "i1", "view", "-1"), (4, "u2", "i3", "hover", "7"),
    (4, "u2", "i3", "order", "7.25"), (4, "u1", "i1", "order", "9.90"),
]  # fmt: skip
MAPPING = """
name = "small"
[events]
files = "FILES"
columns = { user_id = "uid", item_id = "sku", event_type = "what", price = "price" }
event_types = { order = "purchase" }
time = { column = "at" }
tallies = { without_account = "uid IS NULL" }
[items]
from = "events"
columns = { item_id = "sku", price = "price" }
"""
FILES = {
    "by month": ("log_{date:%Y-%m}.csv.gz", lambda day: f"log_2026-0{1 + day // 3}.csv.gz"),
    "one file": ("log.csv", lambda day: "log.csv"),
    "a folder named like one of the lake": ("raw/small/log.csv", lambda day: "raw/small/log.csv"),
}


@pytest.mark.parametrize("layout", FILES)
def test_a_history_in_monthly_files_and_in_one_file(spark: SparkSession, tmp_path: Path, layout: str) -> None:
    pattern, name = FILES[layout]
    (tmp_path / "raw").mkdir()
    files: dict[str, list[str]] = {}
    for number, (day, *row) in enumerate(LINES):
        files.setdefault(name(day), ["uid,sku,what,price,at"]).append(
            ",".join([*row, f"2026-01-{day:02} {8 + number:02}:00:00"])
        )
    files[name(4)].append("u9,i9,view,1,someday")  # its time does not tell which night it belongs to
    for file, lines in files.items():
        text = "\n".join(lines).encode() + b"\n"
        (tmp_path / "raw" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / file).write_bytes(gzip.compress(text) if file.endswith(".gz") else text)
    mapping = tmp_path / "small.toml"
    mapping.write_text(MAPPING.replace("FILES", pattern))
    days = nights_with_a_drop(str(mapping), str(tmp_path / "raw"), DAYS[0], DAYS[3])
    assert days == DAYS[:4]
    in_one_pass, replayed = Lake(str(tmp_path / "loaded")), Lake(str(tmp_path / "replayed"))
    make(History(tuple(nights(tmp_path / "raw", in_one_pass, days, str(mapping))), None), {})
    replay(replayed, nights(tmp_path / "raw", replayed, days, str(mapping)), STEPS[:4])
    assert_same(in_one_pass, replayed, days, (USERS, INTEREST))
    for day in days:
        assert facts(in_one_pass, day, "clean_events") == facts(replayed, day, "clean_events")
    assert sum(facts(in_one_pass, day, "clean_events")["raw"] for day in days) == len(LINES) + 1


def test_a_shop_without_prices_is_loaded(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    lines = [f"{user},{item},{what},,2026-01-{day:02} 10:00:00" for day, user, item, what, _ in LINES]
    (tmp_path / "raw" / "log.csv").write_text("\n".join(["uid,sku,what,price,at", *lines]) + "\n")
    mapping = tmp_path / "small.toml"
    mapping.write_text(MAPPING.replace("FILES", "log.csv"))
    in_one_pass, replayed = Lake(str(tmp_path / "loaded")), Lake(str(tmp_path / "replayed"))
    make(History(tuple(nights(tmp_path / "raw", in_one_pass, DAYS[:4], str(mapping))), None), {})
    replay(replayed, nights(tmp_path / "raw", replayed, DAYS[:4], str(mapping)), STEPS[:6])
    assert_same(in_one_pass, replayed, DAYS[:4], (USERS, INTEREST, ITEM_PRICES, USER_PURCHASES, USER_PROFILES))


def test_a_range_the_wrong_way_round_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--from 2026-01-03 is after --to 2026-01-01"):
        load_history.main(arguments(tmp_path, tmp_path / "lake", NIGHTS[2], NIGHTS[0]))


def test_days_before_a_lakes_last_night_cannot_be_added(strict_shop: StrictShop) -> None:
    lake = strict_shop.lake
    with pytest.raises(ValueError, match=f"has nights up to {DAYS[-1]}, but not {GAP}"):
        days_to_make(lake, DAYS, last_made(lake))


def test_broken_files_among_many_are_all_named_and_nothing_is_kept(strict_shop: StrictShop, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(strict_shop.raw, raw)
    for day in (DAYS[1], DAYS[5]):
        (raw / str(day) / "users.jsonl").write_bytes(b"\x28\xb5\x2f\xfd not zstd")
    with pytest.raises(BrokenDrops, match=f"2 of 5 nights(.|\n)*{DAYS[1]}: .*(.|\n)*{DAYS[5]}: .*") as problem:
        load_history.main(arguments(raw, tmp_path / "lake", DAYS[0], DAYS[-1]))
    assert "--without DATE" in str(problem.value)
    assert not (tmp_path / "lake" / "raw").exists()
    assert not (tmp_path / "lake" / "tables").exists()


def test_the_files_of_a_day_that_is_left_out_are_not_read_by_later_nights(tmp_path: Path) -> None:
    raw, lake = tmp_path / "raw", Lake(str(tmp_path / "lake"))
    raw.mkdir()
    for day in (1, 2, 3, 4):
        (raw / f"2026-01-0{day}.csv").write_text(f"uid,sku,what,price,at\nu1,i1,view,1,2026-01-0{day} 10:00:00\n")
    (raw / "2026-01-02.csv").write_bytes(b"\x1f\x8b not gzip")
    mapping = tmp_path / "small.toml"
    mapping.write_text(MAPPING.replace("FILES", "{date}.csv"))
    source, days = load_source(str(mapping)), [DAYS[0], DAYS[2]]
    with pytest.raises(BrokenDrops, match=r"2026-01-02.csv is truncated or corrupt"):
        check_nights(source, str(raw), days, None, lake, 7)
    leave_out(source, str(raw), [DAYS[1]], lake)
    received = receive_nights(source, str(raw), days, None, lake, 7)
    received |= {DAYS[3]: receive(source, str(raw), DAYS[3], DAYS[2], lake, 7)}  # a single night after the load
    paths = [file["path"] for manifest in received.values() for file in manifest["events"]["files"]]
    assert paths == ["2026-01-01.csv", "2026-01-03.csv", "2026-01-04.csv"]
    assert [manifest["notes"] for manifest in received.values()] == [[], [], []]


def test_a_load_that_was_cut_off_starts_again(strict_shop: StrictShop, loaded: Lake, tmp_path: Path) -> None:
    """It was killed after the events became current, and before the tables made from them did."""
    shutil.copytree(loaded.root, tmp_path / "lake")
    lake = Lake(str(tmp_path / "lake"))
    (Path(lake.root) / "tables" / INTEREST.name / f"date={DAYS[-1]}" / "_current.json").unlink()
    assert last_made(lake) is None
    make(History(tuple(nights(strict_shop.raw, lake, days_with_files())), None), {})
    assert_same(lake, strict_shop.lake, days_with_files())


@pytest.mark.skipif(not ONLINE_RETAIL.is_dir(), reason="needs ../shared/data/online_retail")
def test_weeks_of_online_retail(spark: SparkSession, tmp_path: Path) -> None:
    days = nights_with_a_drop("online_retail", str(ONLINE_RETAIL), dt.date(2010, 12, 1), dt.date(2011, 12, 9))
    days = days[:REAL_NIGHTS]
    settings = Settings({"publish": {"keep_nights": 10}})  # the catalogue is kept for 10 nights only
    in_one_pass, replayed = Lake(str(tmp_path / "loaded")), Lake(str(tmp_path / "replayed"))
    make_of = [Night(day, in_one_pass, "001", settings, "online_retail", str(ONLINE_RETAIL)) for day in days]
    make(History(tuple(make_of), None), {})
    replay(replayed, [Night(day, replayed, "001", settings, "online_retail", str(ONLINE_RETAIL)) for day in days])
    assert_same(in_one_pass, replayed, days, settings=settings)
