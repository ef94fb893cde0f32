"""Makes the sample shop: raw drops of an invented shop, with planted tastes and planted dirt.

DIR/{date}/events-NN.parquet   the day's log in parts, each in order of time; late and repeated rows at its end
DIR/{date}/items.csv           the whole catalogue at closing time
DIR/{date}/users.jsonl         accounts that are new or changed; on the first day all accounts
DIR/{date}/pictures.csv        which of DIR/pictures/ show which item; DIR/{date}/photos/: photos by shoppers
DIR/{date}/policies.csv        the shop's policies; questions.jsonl, replies.jsonl: questions and agents' replies
DIR/truth/                     what was planted; tests and benchmarks read it, jobs do not

The same arguments give the same content. Memory holds the catalogue, the shoppers and one block of people for one day,
never the whole run; one day of a block has about half a million rows.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from jobs.runtime.log import get_logger
from jobs.runtime.progress import Progress
from jobs.sample_shop import dirt, rows, shoppers, texts
from jobs.sample_shop.customer_service import CustomerService
from jobs.sample_shop.pictures import Pictures
from jobs.sample_shop.shop import Plan, Shop, day_of, make_block, open_shop

log = get_logger("make_sample_shop")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder of the drops; must be new or empty")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--users", type=int, default=2_000, help="accounts; in addition, a quarter as many visitors never register"
    )
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 1, 1))
    parser.add_argument(
        "--events-per-user-day", type=float, default=7.0, help="rows of people, without those of machines"
    )
    parser.add_argument(
        "--crawlers", type=int, help="machines, each active on one day in four; default: 2 or users / 20000"
    )
    parser.add_argument("--pictures", type=int, default=100, help="items with pictures, the best sellers")
    parser.add_argument("--photos", type=int, default=3, help="photos that shoppers send a day")
    parser.add_argument("--questions", type=int, default=100, help="questions asked a day; 0: no customer service")
    for field in fields(dirt.Shares):
        name = field.name.replace("_", "-")
        parser.add_argument(f"--share-{name}", type=float, default=field.default, help="share of the people's rows")


def main(args: argparse.Namespace) -> None:
    plan = Plan(
        seed=args.seed,
        users=args.users,
        items=args.items,
        days=args.days,
        start=args.start,
        events_per_user_day=args.events_per_user_day,
        crawlers=max(2, args.users // 20_000) if args.crawlers is None else args.crawlers,
        shares=dirt.Shares(**{field.name: getattr(args, f"share_{field.name}") for field in fields(dirt.Shares)}),
        pictures=args.pictures,
        photos=args.photos,
        questions=args.questions,
    )
    make_sample_shop(plan, args.out)


def make_sample_shop(plan: Plan, out: Path) -> int:
    """Writes the whole run under `out` and returns its number of rows. Raises ValueError if `out` is not empty."""
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty; a sample shop needs a new folder, so remove it or give another")
    began = time.monotonic()
    shop = open_shop(plan)
    write_truth(shop, out / "truth")
    log.info("%d accounts, %d items in %.1f s", plan.users, plan.items, time.monotonic() - began)
    pictures = Pictures(shop.catalogue, plan.pictures, plan.photos, plan.seed)
    service = CustomerService(shop, plan.questions)
    planted: dict[str, dict[str, int]] = {}
    total = 0
    with Progress("sample shop", plan.days, "days") as doing:
        for day in range(plan.days):
            today = plan.day(day)
            folder = out / today.isoformat()
            folder.mkdir(parents=True)
            planted[today.isoformat()] = write_day(shop, day, folder, out / "truth" / "dirt", pictures)
            total += planted[today.isoformat()]["rows"]
            pictures.write_day(out, day, folder)
            service.write_day(out, day, folder)
            doing.step(f"{today}; {total:,} rows")
    log.info("%d rows in %.1f s", total, time.monotonic() - began)
    (out / "truth" / "dirt.json").write_text(json.dumps(planted, indent=1))
    return total


def write_day(shop: Shop, day: int, folder: Path, truth: Path, pictures: Pictures) -> dict[str, int]:
    """Writes one drop: events, items, users; returns the numbers of its rows, by kind of planted dirt too."""
    plan, people = shop.plan, shop.people
    level = shoppers.levels(people, shop.ledger.spent)
    queries, per_leaf = texts.make_queries()
    planted_today: Counter[str] = Counter()
    dirty = []
    unknown = np.array([f"x{number:07d}" for number in range(dirt.UNKNOWN_ITEMS)])
    item_ids = pa.array(np.concatenate([shop.catalogue.ids, unknown]))
    today = day_of(shop, day)
    for block, first in enumerate(range(0, len(people), shop.block)):
        last = min(first + shop.block, len(people))
        part = make_block(shop, today, block, first, last, per_leaf)
        table = rows.delivered(part, first, last - first, item_ids, pa.array(queries))
        write_events(table, folder / f"events-{block:02d}.parquet")
        bad = part["dirt"] > 0
        dirty.append((part["id"][bad], part["dirt"][bad]))
        planted_today.update({"rows": len(part), "returns": int(np.sum((part["kind"] == rows.RETURN) & ~bad))})
        planted_today.update(dirt.counts(part))
    shop.ledger.restock(plan.random(day + 1, 0))
    catalogue_file = texts.snapshot(shop.catalogue, shop.texts, day, shop.ledger.stock)
    pyarrow.csv.write_csv(pictures.forget_colours(catalogue_file), folder / "items.csv")
    write_accounts(shop, day, level, folder / "users.jsonl")
    truth.mkdir(parents=True, exist_ok=True)
    ids, codes = (np.concatenate(column) for column in zip(*dirty, strict=True))
    np.savez(truth / f"{folder.name}.npz", log_id=ids, dirt=np.array(rows.DIRT)[codes])
    return dict(planted_today)


def write_events(table: pa.Table, path: Path) -> None:
    """Writes text columns as plain Parquet strings, which Spark, DuckDB and pandas all read."""
    coded = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    # statistics of text columns take as long as all other writing, and no reader uses them
    pq.write_table(
        table,
        path,
        use_dictionary=coded,
        write_statistics=["log_id"],
        store_schema=False,
        dictionary_pagesize_limit=16 << 20,
    )


def write_accounts(shop: Shop, day: int, level_before: np.ndarray, path: Path) -> None:
    people = shop.people
    level = shoppers.levels(people, shop.ledger.spent)
    registered = people.registered <= 0 if day == 0 else people.registered == day
    changed = (level != level_before) & (people.registered < day)
    changed_accounts = np.flatnonzero(people.has_account & (registered | changed))
    with path.open("w", encoding="utf-8") as stream:
        for group in np.array_split(changed_accounts, len(changed_accounts) // 100_000 + 1):
            stream.writelines(line + "\n" for line in shoppers.account_lines(people, group, level, shop.plan.start))


def write_truth(shop: Shop, folder: Path) -> None:
    """Writes tastes.npz (affinity of accounts to items: `tastes @ vectors.T`) and prices.npz (price sensitivity)."""
    folder.mkdir(parents=True)
    goods, people = shop.catalogue, shop.people
    accounts = np.flatnonzero(people.has_account)
    user_ids = np.array(shoppers.account_ids(accounts).to_pylist())
    np.savez(
        folder / "tastes.npz",
        user_ids=user_ids,
        tastes=people.tastes[accounts],
        item_ids=goods.ids,
        vectors=goods.vectors,
        popularity=goods.popularity,
        trend=goods.trend,
        cycle_days=goods.cycle,
        launch_day=goods.launch,
    )
    np.savez(
        folder / "prices.npz",
        item_ids=goods.ids,
        elasticity=goods.elasticity,
        base_cents=goods.base_cents,
        user_ids=user_ids,
        sensitivity=people.sensitivity[accounts],
    )
    crawlers = people.crawlers
    names = np.where(people.has_account[crawlers], shoppers.account_ids(crawlers), shoppers.cookies(crawlers))
    (folder / "crawlers.json").write_text(json.dumps(names.tolist()))
