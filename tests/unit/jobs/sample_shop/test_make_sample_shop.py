"""The sample shop: the same arguments give the same shop, and its logs contain what its truth files say."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.sample_shop import phrases_en, phrases_zh, rows, words
from jobs.sample_shop.behaviour import Wishes, browse
from jobs.sample_shop.dirt import BROKEN, Shares
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan, Shop, day_of, open_shop
from schemas.sources.reading import load_source
from schemas.tables.events import EVENT_TYPES

PLAN = Plan(
    seed=3, users=1_000, items=300, days=7, start=date(2026, 1, 1), events_per_user_day=7.0, crawlers=2,
    shares=Shares(),
)  # fmt: skip
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "drop"
    make_sample_shop(PLAN, folder)
    return folder


@pytest.fixture(scope="module")
def days(drop: Path) -> dict[str, list[dict]]:
    """The rows of each day, as any reader of Parquet gets them."""
    parts = {day: sorted((drop / day).glob("events-*.parquet")) for day in _days(drop)}
    return {day: pa.concat_tables(map(pq.read_table, files)).to_pylist() for day, files in parts.items()}


def _days(drop: Path) -> list[str]:
    return sorted(folder.name for folder in drop.iterdir() if folder.name != "truth")


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


def _undamaged(drop: Path, day: str, events: list[dict]) -> list[dict]:
    dirty = set(np.load(drop / "truth" / "dirt" / f"{day}.npz")["log_id"].tolist())
    return [row for row in events if row["log_id"] not in dirty]


def test_the_same_arguments_give_the_same_files(drop: Path, tmp_path: Path) -> None:
    make_sample_shop(PLAN, tmp_path / "again")
    assert _content(tmp_path / "again") == _content(drop)


def test_another_seed_gives_another_shop(drop: Path, tmp_path: Path) -> None:
    make_sample_shop(replace(PLAN, seed=4, days=1), tmp_path / "other")
    assert _content(tmp_path / "other")["2026-01-01/items.csv"] != _content(drop)["2026-01-01/items.csv"]


def test_the_run_has_about_the_rows_asked_for(days: dict[str, list[dict]], drop: Path) -> None:
    people = sum(day["rows"] - day["crawler"] for day in _planted(drop).values())
    assert people == pytest.approx(PLAN.users * PLAN.days * PLAN.events_per_user_day, rel=0.15)
    assert sum(len(events) for events in days.values()) == sum(day["rows"] for day in _planted(drop).values())


def test_every_kind_of_event_is_there_under_a_name_that_the_mapping_knows(days: dict[str, list[dict]]) -> None:
    mapped = dict(load_source("sample_shop").events.event_types)
    seen = {row["act"] for events in days.values() for row in events}
    assert seen == {*mapped, "hover"}
    assert set(mapped.values()) == set(EVENT_TYPES)


def test_the_mapping_names_only_columns_that_the_files_have(drop: Path, days: dict[str, list[dict]]) -> None:
    source = load_source("sample_shop")
    assert source.items is not None
    assert source.users is not None
    assert set(source.events.needed) <= set(days["2026-01-01"][0])
    assert set(source.items.needed) <= set(next(iter(_items(drop, "2026-01-01").values())))
    assert set(source.users.needed) <= set(_users(drop, "2026-01-01")[0])


def test_dirt_json_counts_what_a_reader_of_the_log_finds(drop: Path, days: dict[str, list[dict]]) -> None:
    crawlers = set(json.loads((drop / "truth" / "crawlers.json").read_text()))
    kinds = set(load_source("sample_shop").events.event_types)
    ids_before: set[int] = set()
    for number, (day, events) in enumerate(days.items()):
        start = rows.DAY_MS * ((PLAN.day(number) - date(1970, 1, 1)).days)
        counts: Counter[str] = Counter()
        ids: set[int] = set()
        for row in events:
            counts[_judged(row, start, ids, ids_before, crawlers, kinds)] += 1
            ids.add(row["log_id"])
        planted = {kind: n for kind, n in _planted(drop)[day].items() if n and kind not in ("rows", "returns")}
        assert dict(counts) == planted, day
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


def test_machines_do_many_times_what_people_do(drop: Path, days: dict[str, list[dict]]) -> None:
    crawlers = set(json.loads((drop / "truth" / "crawlers.json").read_text()))
    count: Counter[tuple[str, bool]] = Counter()
    for day, events in days.items():
        for row in events:
            count[f"{day} {row['cookie']}", row["uid"] in crawlers or row["cookie"] in crawlers] += 1
    people = max(n for (_, machine), n in count.items() if not machine)
    machines = min(n for (_, machine), n in count.items() if machine)
    assert people < 400
    assert machines >= 1_500


def test_purchases_follow_the_planted_tastes(drop: Path, days: dict[str, list[dict]]) -> None:
    truth = np.load(drop / "truth" / "tastes.npz")
    user = {name: row for row, name in enumerate(truth["user_ids"].tolist())}
    item = {name: row for row, name in enumerate(truth["item_ids"].tolist())}
    affinity = truth["tastes"] @ truth["vectors"].T
    top = affinity >= np.quantile(affinity, 0.9, axis=1, keepdims=True)
    bought = [
        top[user[row["uid"]], item[row["goods_id"]]]
        for events in days.values()
        for row in events
        if row["act"] == "pay"
    ]
    assert np.mean(bought) > 3 * 0.1


@pytest.fixture(scope="module")
def browsing() -> tuple[Shop, rows.Rows, Wishes]:
    """A busy day in numbers, and what people would buy on it if the shelves were full."""
    shop = open_shop(replace(PLAN, users=8_000, items=1_000, events_per_user_day=20.0))
    return shop, *browse(day_of(shop, 0), 0, len(shop.people), 1, np.random.default_rng(1))


def test_promoted_items_are_bought_more_by_people_who_react_to_prices(browsing: tuple[Shop, rows.Rows, Wishes]) -> None:
    shop, seen, wanted = browsing
    promoted = shop.catalogue.prices(0) < shop.catalogue.base_cents
    carted, bought = promoted[seen["item"][seen["kind"] == rows.CART]], promoted[wanted.item]
    assert bought.mean() > 1.15 * carted.mean()
    reaction = shop.people.sensitivity[wanted.person]
    assert reaction[bought].mean() > reaction[~bought].mean()


def test_the_funnel_narrows_and_taste_carries_through_it(browsing: tuple[Shop, rows.Rows, Wishes]) -> None:
    shop, seen, wanted = browsing
    counts, tastes = [], []
    for kind in (rows.IMPRESSION, rows.CLICK, rows.CART):
        some = seen.take(seen["kind"] == kind)
        counts.append(len(some))
        tastes.append((shop.people.tastes[some["person"]] * shop.catalogue.vectors[some["item"]]).sum(axis=1).mean())
    counts, tastes = [*counts, len(wanted.taste)], [*tastes, wanted.taste.mean()]
    assert counts == sorted(counts, reverse=True)
    assert tastes == sorted(tastes)


def test_a_session_stays_with_one_or_two_leaves(browsing: tuple[Shop, rows.Rows, Wishes]) -> None:
    shop, seen, _ = browsing
    views = seen.take(seen["kind"] == rows.VIEW)
    leaves = shop.catalogue.leaf[views["item"]]
    same = views["person"][1:] == views["person"][:-1]
    # rows come session by session; by chance two items share a leaf once in fifty
    assert (leaves[1:] == leaves[:-1])[same].mean() > 0.6


def test_items_that_are_bought_again_are_bought_again(drop: Path, days: dict[str, list[dict]]) -> None:
    truth = np.load(drop / "truth" / "tastes.npz")
    cycle = dict(zip(truth["item_ids"].tolist(), truth["cycle_days"].tolist(), strict=True))
    orders: Counter[tuple[str, str]] = Counter()
    for day, events in days.items():
        for row in _undamaged(drop, day, events):
            if row["act"] == "pay":
                orders[row["uid"], row["goods_id"]] += 1
    bought_again = [item for (_, item), n in orders.items() if n > 1]
    assert len(bought_again) > 10
    assert all(cycle[item] > 0 for item in bought_again)


def test_a_return_names_an_earlier_purchase(drop: Path, days: dict[str, list[dict]]) -> None:
    paid: dict[tuple[str, str], tuple[str, str]] = {}
    for events in days.values():
        paid |= {(r["order_no"], r["goods_id"]): (r["uid"], r["price"]) for r in events if r["act"] == "pay"}
    rows_left = [row for day, events in days.items() for row in _undamaged(drop, day, events)]
    returned = [row for row in rows_left if row["act"] == "refund"]
    assert len(returned) == sum(day["returns"] for day in _planted(drop).values()) > 0
    known = [row for row in returned if (row["order_no"], row["goods_id"]) in paid]
    assert len(known) >= 0.9 * len(returned)  # the others' purchases were late and fell off the end of the run
    assert all(paid[row["order_no"], row["goods_id"]] == (row["uid"], row["price"]) for row in known)


def test_stock_never_falls_below_nothing_and_some_items_sell_out(drop: Path) -> None:
    stock = [int(row["stock"]) for day in _days(drop) for row in _items(drop, day).values()]
    assert min(stock) == 0
    assert np.mean(np.array(stock) == 0) < 0.15


def test_nothing_is_bought_before_launch_or_after_withdrawal(drop: Path, days: dict[str, list[dict]]) -> None:
    names = _days(drop)
    for before, day in itertools.pairwise(names):
        eve = _items(drop, before)
        sold = {row["goods_id"] for row in _undamaged(drop, day, days[day]) if row["act"] == "pay"}
        assert sold <= {item for item, row in eve.items() if row["on_sale"] == "Y"}
    assert len(_items(drop, names[-1])) > len(_items(drop, names[0])) - 5


def test_texts_claim_what_the_attributes_say_and_nothing_else(drop: Path) -> None:
    english = {value[0] for values in words.ATTRIBUTES.values() for value in values}
    chinese = {value[1]: value[0] for values in words.ATTRIBUTES.values() for value in values}
    for row in _items(drop, "2026-01-01").values():
        true = set(json.loads(row["attrs"]).values())
        for text in (row["name_en"], row["desc_en"]):
            tokens = f" {re.sub('[.,:;?!]', ' ', text).lower()} "
            stated = {value for value in english if f" {value.lower()} " in tokens}
            assert stated == true if text == row["name_en"] else len(stated & true) >= 2 and stated <= true, text
        for text in (row["name_zh"], row["desc_zh"]):
            stated = {value for word, value in chinese.items() if word in text}
            assert stated == true if text == row["name_zh"] else len(stated & true) >= 2 and stated <= true, text


def test_no_two_items_have_the_same_description(drop: Path) -> None:
    rows = _items(drop, "2026-01-01").values()
    for name in ("desc_en", "desc_zh"):
        assert len({row[name] for row in rows}) == len(rows)


def test_no_word_of_the_vocabulary_hides_in_another() -> None:
    leaves = [leaf for shelves in words.TREE.values() for shelf in shelves.values() for leaf in shelf]
    parts = [
        [*(text for both in phrases.SHELVES.values() for pair in both for text in pair),
         *(text for several in phrases.ATTRIBUTES.values() for text in several)]
        for phrases in (phrases_en, phrases_zh)
    ]  # fmt: skip
    for language in (0, 1):
        values = [value[language] for several in words.ATTRIBUTES.values() for value in several]
        assert len(values) == len(set(values))
        others = [leaf.noun[language] for leaf in leaves] + [brand[language] for brand in words.BRANDS]
        for value in values:
            needle, edge = (f" {value} ", " ") if language == 0 else (value, "")  # English is read word by word
            hiding = [
                text
                for text in (*values, *others, *parts[language])
                if needle in f"{edge}{text}{edge}" and text != value
            ]
            assert not hiding, f"{value} is part of {hiding}"


def test_day_one_lists_the_accounts_and_later_days_the_new_and_the_changed(drop: Path) -> None:
    names = _days(drop)
    first = {user["uid"] for user in _users(drop, names[0])}
    assert 0.85 * PLAN.users < len(first) < PLAN.users
    for day in names[1:]:
        for user in _users(drop, day):
            assert (user["uid"] not in first) == (user["joined"] == day)
            first.add(user["uid"])
    assert len(first) == PLAN.users


def test_people_do_nothing_before_they_register(drop: Path, days: dict[str, list[dict]]) -> None:
    joined = {user["uid"]: user["joined"] for day in _days(drop) for user in _users(drop, day)}
    for day, events in days.items():
        assert all(joined[uid] <= day for uid in {row["uid"] for row in events} - {None})


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
