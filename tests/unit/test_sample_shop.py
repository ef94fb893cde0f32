"""The sample shop keeps its promises: the same arguments give the same shop, and what it says it planted is there."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.make_sample_shop import make_sample_shop
from jobs.sample_shop import rows, words
from jobs.sample_shop.dirt import BROKEN, LATE, Shares
from jobs.sample_shop.shop import Plan, day_of, make_block, open_shop
from schemas.mapping import load_source
from schemas.tables.events import EVENT_TYPES

PLAN = Plan(
    seed=3, users=1_500, items=400, days=8, start=date(2026, 1, 1), events_per_user_day=7.0, crawlers=2,
    shares=Shares(),
)  # fmt: skip
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "drop"
    make_sample_shop(PLAN, folder)
    return folder


@pytest.fixture(scope="module")
def days(drop: Path) -> dict[str, pa.Table]:
    return {day: _events(drop, day) for day in _days(drop)}


def _days(drop: Path) -> list[str]:
    return sorted(folder.name for folder in drop.iterdir() if folder.name != "truth")


def _events(drop: Path, day: str) -> pa.Table:
    return pa.concat_tables(pq.read_table(part) for part in sorted((drop / day).glob("events-*.parquet")))


def _items(drop: Path, day: str) -> dict[str, dict[str, str]]:
    with (drop / day / "items.csv").open(encoding="utf-8", newline="") as stream:
        return {row["goods_id"]: row for row in csv.DictReader(stream)}


def _users(drop: Path, day: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (drop / day / "users.jsonl").read_text("utf-8").splitlines()]


def _planted(drop: Path) -> dict[str, dict[str, int]]:
    return json.loads((drop / "truth" / "dirt.json").read_text())


def _content(drop: Path) -> dict[str, str]:
    files = (path for path in sorted(drop.rglob("*")) if path.suffix in (".parquet", ".csv", ".jsonl", ".json"))
    return {str(path.relative_to(drop)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _good_people(drop: Path, day: str, events: pa.Table) -> list[dict[str, object]]:
    dirty = set(np.load(drop / "truth" / "dirt" / f"{day}.npz")["log_id"].tolist())
    return [row for row in events.to_pylist() if row["log_id"] not in dirty]


def test_the_same_arguments_give_the_same_files(drop: Path, tmp_path: Path) -> None:
    make_sample_shop(PLAN, tmp_path / "again")
    assert _content(tmp_path / "again") == _content(drop)


def test_another_seed_gives_another_shop(drop: Path, tmp_path: Path) -> None:
    make_sample_shop(replace(PLAN, seed=4, days=1), tmp_path / "other")
    assert _content(tmp_path / "other")["2026-01-01/items.csv"] != _content(drop)["2026-01-01/items.csv"]


def test_the_run_has_about_the_rows_asked_for(days: dict[str, pa.Table], drop: Path) -> None:
    people = sum(day["rows"] - day["crawler"] for day in _planted(drop).values())
    assert people == pytest.approx(PLAN.users * PLAN.days * PLAN.events_per_user_day, rel=0.15)
    assert sum(len(events) for events in days.values()) == sum(day["rows"] for day in _planted(drop).values())


def test_every_kind_of_event_is_there_under_a_name_that_the_mapping_knows(days: dict[str, pa.Table]) -> None:
    mapped = dict(load_source("sample_shop").events.event_types)
    seen = Counter(kind for events in days.values() for kind in events["act"].to_pylist())
    assert set(seen) == {*mapped, "hover"}
    assert set(mapped.values()) == set(EVENT_TYPES)


def test_the_mapping_names_only_columns_that_the_files_have(drop: Path, days: dict[str, pa.Table]) -> None:
    source = load_source("sample_shop")
    assert source.items is not None
    assert source.users is not None
    assert set(source.events.needed) <= set(days["2026-01-01"].column_names)
    assert set(source.items.needed) <= set(next(iter(_items(drop, "2026-01-01").values())))
    assert set(source.users.needed) <= set(_users(drop, "2026-01-01")[0])


def test_dirt_json_counts_what_a_reader_of_the_log_finds(drop: Path, days: dict[str, pa.Table]) -> None:
    crawlers = set(json.loads((drop / "truth" / "crawlers.json").read_text()))
    kinds = set(load_source("sample_shop").events.event_types)
    ids_before: set[int] = set()
    for number, (day, events) in enumerate(days.items()):
        start = rows.DAY_MS * ((PLAN.day(number) - date(1970, 1, 1)).days)
        found: Counter[str] = Counter()
        ids: set[int] = set()
        for row in events.to_pylist():
            found[_judged(row, start, ids, ids_before, crawlers, kinds)] += 1
            ids.add(row["log_id"])
        planted = {kind: n for kind, n in _planted(drop)[day].items() if n and kind not in ("rows", "returns")}
        assert dict(found) == planted, day
        ids_before = ids


def _judged(row: dict, start: int, ids: set[int], ids_before: set[int], crawlers: set[str], kinds: set[str]) -> str:
    """What is wrong with a row, from the row and the log alone."""
    if row["log_id"] in ids:
        return "duplicate_same_day"
    if row["log_id"] in ids_before:
        return "duplicate_next_day"
    if not row["ts"].isdigit():
        return "bad_time"
    age = (start + DAY_MS - 1 - int(row["ts"])) // DAY_MS
    tests = {
        "crawler": row["uid"] in crawlers or row["cookie"] in crawlers,
        "bad_price": row["price"] == "abc",
        "negative_price": (row["price"] or "").startswith("-"),
        "bad_quantity": row["qty"] == "two",
        "unknown_event_type": row["act"] not in kinds,
        "unknown_item": (row["goods_id"] or "").startswith("x"),
        "missing_item": row["goods_id"] is None and row["act"] != "search",
        "future": age < 0,
        "late_1_day": age == 1,
        "late_2_days": age == 2,
        "late_3_days": age == 3,
    }
    return next((kind for kind, wrong in tests.items() if wrong), "none")


def test_shares_of_dirt_are_the_shares_asked_for(drop: Path) -> None:
    total = sum((Counter(day) for day in _planted(drop).values()), Counter())
    people = total["rows"] - total["crawler"]
    assert sum(total[kind] for kind in BROKEN) / people == pytest.approx(PLAN.shares.broken, rel=0.2)
    assert total["duplicate_same_day"] / people == pytest.approx(PLAN.shares.duplicates_same_day, rel=0.2)
    assert total["unknown_item"] / people == pytest.approx(PLAN.shares.unknown_items, rel=0.2)


def test_a_shop_without_dirt_has_none(tmp_path: Path) -> None:
    make_sample_shop(replace(PLAN, days=2, crawlers=0, shares=Shares(0, 0, 0, 0, 0, 0)), tmp_path / "clean")
    assert all(day["none"] == day["rows"] for day in _planted(tmp_path / "clean").values())


def test_machines_do_many_times_what_people_do(drop: Path, days: dict[str, pa.Table]) -> None:
    crawlers = set(json.loads((drop / "truth" / "crawlers.json").read_text()))
    count: Counter[tuple[str, bool]] = Counter()
    for day, events in days.items():
        for uid, cookie in zip(events["uid"].to_pylist(), events["cookie"].to_pylist(), strict=True):
            count[f"{day} {cookie}", uid in crawlers or cookie in crawlers] += 1
    people = max(n for (_, machine), n in count.items() if not machine)
    machines = min(n for (_, machine), n in count.items() if machine)
    assert people < 400
    assert machines >= 1_500


def test_purchases_follow_the_planted_tastes(drop: Path, days: dict[str, pa.Table]) -> None:
    truth = np.load(drop / "truth" / "tastes.npz")
    user = {name: row for row, name in enumerate(truth["user_ids"].tolist())}
    item = {name: row for row, name in enumerate(truth["item_ids"].tolist())}
    affinity = truth["tastes"] @ truth["vectors"].T
    top = affinity >= np.quantile(affinity, 0.9, axis=1, keepdims=True)
    bought = [
        top[user[row["uid"]], item[row["goods_id"]]]
        for events in days.values()
        for row in events.to_pylist()
        if row["act"] == "pay"
    ]
    assert np.mean(bought) > 3 * 0.1


def test_shoppers_who_react_to_prices_buy_more_of_what_is_promoted() -> None:
    shop = open_shop(replace(PLAN, users=8_000, crawlers=0, events_per_user_day=20.0))
    events = make_block(shop, day_of(shop, 0), 0, 0, len(shop.people), 1)
    promoted = shop.catalogue.prices(0) < shop.catalogue.base_cents
    bargain = promoted[events["item"][events["kind"] == rows.PURCHASE]]
    carted = promoted[events["item"][events["kind"] == rows.CART]]
    assert bargain.mean() > 1.15 * carted.mean()
    cares = shop.people.sensitivity[events["person"][events["kind"] == rows.PURCHASE]]
    assert cares[bargain].mean() > cares[~bargain].mean()


def test_the_funnel_narrows_and_taste_carries_through_it() -> None:
    shop = open_shop(replace(PLAN, users=4_000, crawlers=0))
    events = make_block(shop, day_of(shop, 0), 0, 0, len(shop.people), 1).take
    everything = events(slice(None))
    taste = {}
    for kind in (rows.IMPRESSION, rows.VIEW, rows.CART, rows.PURCHASE):
        some = everything.take((everything["kind"] == kind) & (everything["dirt"] == 0))
        pair = shop.people.tastes[some["person"]] * shop.catalogue.vectors[some["item"]]
        taste[kind] = (len(some), pair.sum(axis=1).mean())
    counts, means = zip(*taste.values(), strict=True)
    assert sorted(counts, reverse=True) == list(counts)
    assert sorted(means) == list(means)


def test_items_that_are_bought_again_are_bought_again(drop: Path, days: dict[str, pa.Table]) -> None:
    truth = np.load(drop / "truth" / "tastes.npz")
    cycle = dict(zip(truth["item_ids"].tolist(), truth["cycle_days"].tolist(), strict=True))
    orders: Counter[tuple[str, str]] = Counter()
    for day, events in days.items():
        for row in _good_people(drop, day, events):
            if row["act"] == "pay":
                orders[row["uid"], row["goods_id"]] += 1
    again = [item for (_, item), n in orders.items() if n > 1]
    assert len(again) > 10
    assert all(cycle[item] > 0 for item in again)


def test_a_return_names_an_earlier_purchase(drop: Path, days: dict[str, pa.Table]) -> None:
    paid: dict[tuple[str, str], tuple[str, str]] = {}
    returns = 0
    for events in days.values():
        for row in events.to_pylist():
            if row["act"] == "pay":
                paid[row["order_no"], row["goods_id"]] = (row["uid"], row["price"])
    for day, events in days.items():
        for row in _good_people(drop, day, events):
            if row["act"] == "refund":
                returns += 1
                # a purchase that was late on the last days never reached the log
                assert paid.get((row["order_no"], row["goods_id"]), (row["uid"], row["price"])) == (
                    row["uid"],
                    row["price"],
                )
    assert returns == sum(day["returns"] for day in _planted(drop).values()) > 0


def test_stock_never_falls_below_nothing_and_some_items_sell_out(drop: Path) -> None:
    stock = [int(row["stock"]) for day in _days(drop) for row in _items(drop, day).values()]
    assert min(stock) == 0
    assert np.mean(np.array(stock) == 0) < 0.15


def test_nothing_is_bought_before_launch_or_after_withdrawal(drop: Path, days: dict[str, pa.Table]) -> None:
    names = _days(drop)
    eve = _items(drop, names[0])
    for before, day in zip(names, names[1:], strict=False):
        eve = _items(drop, before)
        sold = {row["goods_id"] for row in _good_people(drop, day, days[day]) if row["act"] == "pay"}
        assert sold <= {item for item, row in eve.items() if row["on_sale"] == "Y"}
    assert len(_items(drop, names[-1])) > len(_items(drop, names[0])) - 5


def test_texts_claim_what_the_attributes_say_and_nothing_else(drop: Path) -> None:
    english = {value[0]: name for name, one in words.ATTRIBUTES.items() for value in one.values}
    chinese = {value[1]: value[0] for one in words.ATTRIBUTES.values() for value in one.values}
    for row in _items(drop, "2026-01-01").values():
        true = set(json.loads(row["attrs"]).values())
        for text in (row["name_en"], row["desc_en"]):
            tokens = f" {text.replace('.', ' ').replace(',', ' ')} "
            assert {value for value in english if f" {value} " in tokens} == true, text
        for text in (row["name_zh"], row["desc_zh"]):
            assert {value for word, value in chinese.items() if word in text} == true, text


def test_no_word_of_the_vocabulary_hides_in_another() -> None:
    leaves = [leaf for shelves in words.TREE.values() for shelf in shelves.values() for leaf in shelf]
    frames = [text for one in words.ATTRIBUTES.values() for text in (*one.english, *one.chinese)]
    for language in (0, 1):
        values = [value[language] for one in words.ATTRIBUTES.values() for value in one.values]
        assert len(values) == len(set(values))
        others = [leaf.noun[language] for leaf in leaves] + [brand[language] for brand in words.BRANDS]
        for value in values:
            hiding = [word for word in values + others if value in word and value != word]
            assert not hiding or language == 0, f"{value} is part of {hiding}"
            assert not [text for text in frames if f" {value} " in f" {text} " or (language and value in text)], value


def test_day_one_lists_the_accounts_and_later_days_the_new_and_the_changed(drop: Path) -> None:
    names = _days(drop)
    first = {user["uid"] for user in _users(drop, names[0])}
    assert 0.85 * PLAN.users < len(first) < PLAN.users
    for day in names[1:]:
        for user in _users(drop, day):
            assert (user["uid"] not in first) == (user["joined"] == day)
            first.add(user["uid"])
    assert len(first) == PLAN.users


def test_people_do_nothing_before_they_register(drop: Path, days: dict[str, pa.Table]) -> None:
    joined = {user["uid"]: user["joined"] for day in _days(drop) for user in _users(drop, day)}
    for day, events in days.items():
        assert all(joined[uid] <= day for uid in set(events["uid"].to_pylist()) - {None})


def test_blocks_split_the_people_and_change_no_one_day_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("jobs.sample_shop.shop.ROWS_PER_BLOCK", 3_000)
    make_sample_shop(replace(PLAN, days=2), tmp_path / "parts")
    parts = sorted((tmp_path / "parts" / "2026-01-02").glob("events-*.parquet"))
    ids = [set(pq.read_table(part)["log_id"].to_pylist()) for part in parts]
    people = [set(pq.read_table(part)["cookie"].to_pylist()) for part in parts]
    assert len(parts) >= 3
    assert len(set.union(*ids)) == sum(map(len, ids))
    assert len(set.union(*people)) == sum(map(len, people))


def test_a_folder_in_use_is_refused(drop: Path) -> None:
    with pytest.raises(ValueError, match="is not empty"):
        make_sample_shop(PLAN, drop)


@pytest.mark.parametrize(
    "change", [{"users": 1}, {"items": 3}, {"days": 0}, {"seed": -1}, {"crawlers": 900}, {"events_per_user_day": 0.0}]
)
def test_sizes_that_make_no_shop_are_refused_by_name(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"--{next(iter(change)).replace('_', '-')} must be"):
        replace(PLAN, **change)


def test_late_kinds_cover_one_to_three_days() -> None:
    assert LATE == ("late_1_day", "late_2_days", "late_3_days")
