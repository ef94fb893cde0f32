"""Three nights of the sample shop: what is published and rejected, and that a rerun gives the same night."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from jobs.intake import clean_events, receive_drop, update_catalogue
from jobs.nights import nightly
from jobs.publishing import publish_night
from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.products import PUBLISHED
from schemas.tables import (
    CLEAN_EVENTS,
    INTEREST,
    ITEMS,
    LIST_QUALITY,
    RECOMMENDATIONS,
    REJECTED_EVENTS,
    STORED,
    USERS,
)
from schemas.tables.lists import ANONYMOUS
from tests.sample import FIRST, NIGHTS, SECOND, THIRD, Sample, content, current, shown

K, PLACES = 12, 18


def test_everybody_gets_k_places_and_spares(sample: Sample) -> None:
    lists = shown(sample.lake, RECOMMENDATIONS)
    ranks: dict[str, list[int]] = {}
    for user, rank, spare in zip(*(lists[c].to_pylist() for c in ("user_id", "rank", "is_spare")), strict=True):
        ranks.setdefault(user, []).append(rank)
        assert spare == (rank > K)
    assert set(ranks) == {*current(sample.lake, USERS)["user_id"].to_pylist(), ANONYMOUS}
    assert all(sorted(r) == list(range(1, PLACES + 1)) for r in ranks.values())


@pytest.mark.parametrize(
    "table", [t for t in PUBLISHED if "item_id" in t.names and t is not ITEMS], ids=lambda t: t.name
)
def test_nothing_sold_out_or_withdrawn_is_shown(sample: Sample, table) -> None:
    items = current(sample.lake, ITEMS)
    on_sale = items.filter(pc.and_(items["is_active"], pc.greater(items["stock"], 0)))
    assert 0 < on_sale.num_rows < items.num_rows  # the shop has some that may not be shown
    items_shown = set(shown(sample.lake, table)["item_id"].drop_null().to_pylist())
    assert items_shown <= set(on_sale["item_id"].to_pylist())


def test_a_bought_item_returns_only_if_replenishable(sample: Sample) -> None:
    items = current(sample.lake, ITEMS)
    not_replenishable = set(items.filter(pc.invert(items["is_replenishable"]))["item_id"].to_pylist())
    pairs = current(sample.lake, INTEREST)
    bought = pairs.filter(pc.greater(pairs["purchases"], 0))
    not_again = {p for p in _pairs(bought) if p[1] in not_replenishable}
    assert not_again
    assert not not_again & set(_pairs(shown(sample.lake, RECOMMENDATIONS)))


def _pairs(table: pa.Table) -> list[tuple[str, str]]:
    return list(zip(table["user_id"].to_pylist(), table["item_id"].to_pylist(), strict=True))


def planted(sample: Sample, day: date) -> dict[str, int]:
    """Our reasons of rejection -> how many such rows the sample shop planted in its drop."""
    dirt = json.loads((sample.raw / "truth" / "dirt.json").read_text())[str(day)]
    reasons = {"duplicate_same_day": "duplicate", "duplicate_next_day": "duplicate", "future": "future_event",
            "bad_price": "bad_number", "bad_quantity": "bad_number"}  # fmt: skip
    same_name = ("crawler", "negative_price", "missing_item", "unknown_event_type", "bad_time")
    counts: Counter[str] = Counter()
    for kind, rows in dirt.items():
        if kind in reasons or kind in same_name:
            counts[reasons.get(kind, kind)] += rows
    return {reason: rows for reason, rows in counts.items() if rows}


@pytest.mark.parametrize("day", NIGHTS, ids=str)
def test_the_rejected_rows_are_the_planted_ones(sample: Sample, day: date) -> None:
    rejected = current(sample.lake, REJECTED_EVENTS, day)
    assert Counter(rejected["reason"].to_pylist()) == planted(sample, day)
    assert sample.night(day).facts("clean_events")["rejected"] == planted(sample, day)


def test_rows_redelivered_the_next_day_are_told_from_new_ones(sample: Sample) -> None:
    dirt = json.loads((sample.raw / "truth" / "dirt.json").read_text())[str(SECOND)]
    assert dirt["duplicate_next_day"] > 0
    assert dirt["late_1_day"] > 0
    first, second = (set(current(sample.lake, CLEAN_EVENTS, d)["event_id"].to_pylist()) for d in (FIRST, SECOND))
    assert not first & second
    late = pc.less(current(sample.lake, CLEAN_EVENTS, SECOND)["event_date"], pa.scalar(SECOND))
    assert pc.sum(late).as_py() >= dirt["late_1_day"]


@pytest.mark.parametrize("day", NIGHTS, ids=str)
def test_raw_rows_are_kept_plus_rejected_rows_in_each_file(sample: Sample, day: date) -> None:
    kept, rejected = (current(sample.lake, t, day)["source_file"].to_pylist() for t in (CLEAN_EVENTS, REJECTED_EVENTS))
    files = sorted(sample.raw.glob(f"{day}/events-*.parquet"))
    assert len(kept) + len(rejected) == sum(pq.read_metadata(file).num_rows for file in files)
    facts = sample.night(day).facts("clean_events")["files"]
    assert {Path(name).name for name in facts} == {file.name for file in files}
    for name, counts in facts.items():
        assert counts["raw"] == pq.read_metadata(sample.raw / str(day) / Path(name).name).num_rows
        assert counts["kept"] == kept.count(name)
        assert sum(counts["rejected"].values()) == rejected.count(name)


@pytest.mark.parametrize(("model", "day"), [("lstm", SECOND), ("ranker", THIRD)])  # the first nights with enough
def test_a_model_runs_only_if_it_was_promoted_and_says_why(sample: Sample, model: str, day: date) -> None:
    facts = sample.night(day).facts(f"train_{model}")
    facts = facts["ranker"] if model == "ranker" else facts
    folder = ("models", model, f"date={day}")
    promotion = sample.lake.get_json(*folder, "run=001", "promotion.json")
    assert promotion["promoted"] == facts["promoted"] == sample.lake.exists(*folder, "_current.json")
    figures = next(value for name, value in promotion.items() if name.startswith("ndcg@"))
    assert min(figures["new"], figures["running"]) >= 0
    assert figures["low"] <= figures["new"] - figures["running"] <= figures["high"]
    assert promotion["promoted"] == (figures["high"] >= 0)
    assert figures["users"] > 0


def test_rows_say_their_source_parts_and_reason(sample: Sample) -> None:
    rows = shown(sample.lake, RECOMMENDATIONS).to_pylist()
    from_history = [row for row in rows if row["fallback_level"] == 0]
    assert len({row["source"] for row in from_history}) > 4
    assert all(row["reason"] for row in rows)
    ranked = [row for row in from_history if row["source"] not in ("new_item", "als")]
    assert all(re.fullmatch(r"(\w+ [+-]\d+\.\d\d(; )?)+", row["score_parts"]) for row in ranked)


def test_new_items_have_places_of_their_own(sample: Sample) -> None:
    pairs = current(sample.lake, INTEREST)
    touched = set(pairs.filter(pc.greater(pairs["interest"], 0))["item_id"].to_pylist())
    new_items = [row for row in shown(sample.lake, RECOMMENDATIONS).to_pylist() if row["source"] == "new_item"]
    assert new_items
    assert not touched & {row["item_id"] for row in new_items}
    assert all(row["reason"].startswith("new") and row["rank"] <= K for row in new_items)


def test_lists_are_judged_from_the_second_night_on(sample: Sample) -> None:
    assert current(sample.lake, LIST_QUALITY, FIRST).num_rows == 0
    for day in (SECOND, THIRD):
        quality = current(sample.lake, LIST_QUALITY, day)
        assert set(quality["lists"].to_pylist()) == {"published", "popularity", "buy_again", "item_item"}
        assert pc.all(pc.and_(pc.less_equal(quality["low"], quality["value"]),
                              pc.less_equal(quality["value"], quality["high"]))).as_py()  # fmt: skip


def test_dry_run_publishes_nothing_and_a_rerun_is_the_same_night(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    night = copied.night(run="002")
    before = published.current(copied.lake)
    nightly.main(night, dry_run=True)
    assert published.current(copied.lake) == before
    assert published.runs(copied.lake) == published.runs(sample.lake)
    assert not copied.lake.exists("published", f"run={THIRD}-002")
    for table in STORED:
        first, second = (content(copied.lake, copied.lake.version(table, THIRD, run)) for run in ("001", "002"))
        assert second.equals(first), table.name

    publish_night.main(night)
    now = published.current(copied.lake)
    assert now is not None
    assert now["run"] == f"{THIRD}-002"
    for table in PUBLISHED:
        assert shown(copied.lake, table).equals(shown(sample.lake, table)), table.name


def accounts(sample: Sample) -> list[dict[str, str]]:
    lines = [line for file in sorted(sample.raw.glob("*/users.jsonl")) for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def text_of(lake: Lake, folder: str) -> str:
    """Every string in every Parquet file below a folder of the lake."""
    texts: set[str] = set()
    for path in Path(lake.path(folder)).rglob("*.parquet"):
        data = pq.read_table(path)
        for column in (c for c in data.columns if pa.types.is_string(c.type)):
            texts.update(v for v in pc.unique(column).to_pylist() if v)
    return "\n".join(texts)


@pytest.mark.parametrize("folder", ["tables", "published"])
def test_without_a_key_no_mail_and_no_phone_is_stored(sample: Sample, folder: str) -> None:
    text = text_of(sample.lake, folder)
    secrets = {account[field] for account in accounts(sample) for field in ("mail", "mobile") if account.get(field)}
    assert len(secrets) > 100
    assert not [secret for secret in secrets if secret in text]
    if folder == "tables":
        assert current(sample.lake, USERS)["email"].null_count == current(sample.lake, USERS).num_rows


def test_with_a_key_they_are_stored_as_hmac_only(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTMARKET_HMAC_KEY", "a key of the shop's own, long enough")
    fresh = Sample(sample.raw, Lake(str(tmp_path / "lake")), tmp_path)
    night = fresh.night(FIRST)
    for job in (receive_drop, clean_events, update_catalogue):
        job.main(night)
    users = content(fresh.lake, fresh.lake.version(USERS, FIRST, "001"))
    emails = dict(zip(users["user_id"].to_pylist(), users["email"].to_pylist(), strict=True))
    today = [json.loads(line) for line in (sample.raw / str(FIRST) / "users.jsonl").read_text().splitlines()]
    for account in (a for a in today if a.get("mail")):
        digest = hmac.new(b"a key of the shop's own, long enough", account["mail"].encode(), hashlib.sha256)
        assert emails[account["uid"]] == digest.hexdigest()
    text = text_of(fresh.lake, "tables")
    assert not [a["mail"] for a in today if a.get("mail") and a["mail"] in text]
    assert not [a["mobile"] for a in today if a.get("mobile") and a["mobile"] in text]
