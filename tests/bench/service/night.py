"""Measures a night of customer service by job, and the next when a hundredth of the items have changed.

    python -m tests.bench.service.night [--questions 100000] [--items 50000] [--changed 0.01]

The catalogue, the policies and the questions are the sample shop's; each item has 8 topics in English and Chinese. The
second night has a hundredth of the questions. Gates are not measured. The last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.common.shown_names import NameRules, with_shown_names
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.progress import each, progress
from jobs.runtime.settings import Settings
from jobs.sample_shop.customer_service import CustomerService
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.shop import Plan, Shop, open_shop
from jobs.sample_shop.texts import as_items
from jobs.service import (
    answer_items,
    answer_questions,
    build_knowledge,
    cluster_unanswered,
    judge_answers,
    mask_questions,
    show_service,
    train_answerer,
    update_policies,
)
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, ITEMS, STORED

FIRST = dt.date(2026, 1, 1)
JOBS = (update_policies, mask_questions, build_knowledge, train_answerer, answer_questions, answer_items,
        cluster_unanswered, judge_answers, show_service)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--changed", type=float, default=0.01)
    args = parser.parse_args()
    shares = Shares(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    plan = Plan(seed=7, users=2_000, items=args.items, days=2, start=FIRST, events_per_user_day=1.0, crawlers=0,
                shares=shares)  # fmt: skip
    with progress(f"a catalogue of {args.items:,} items"):
        shop = open_shop(plan)
        items = _items(shop, NameRules.of(Settings().section("copy")))
    with tempfile.TemporaryDirectory() as folder:
        first = _night(Path(folder), shop, 0, items, args.questions)
        changed = np.random.default_rng(7).random(items.num_rows) < args.changed
        prices = np.where(changed, items["price"].to_numpy() + 1, items["price"].to_numpy())
        place = items.schema.get_field_index("price")
        items = items.set_column(place, "price", pa.array(prices))
        second = _night(Path(folder), shop, 1, items, max(1, int(args.questions * args.changed)))
    share = second["seconds"]["answer_items"] / first["seconds"]["answer_items"]
    ratio = sum(second["seconds"].values()) / sum(first["seconds"].values())
    print(json.dumps({"first": first, "second": second, "items_share": round(share, 3), "share": round(ratio, 3)}))


def _night(folder: Path, shop: Shop, day: int, items: pa.Table, questions: int) -> dict[str, object]:
    raw = folder / "raw" / str(FIRST + dt.timedelta(days=day))
    raw.mkdir(parents=True)
    with progress(f"{questions:,} questions"):
        CustomerService(shop, questions).write_day(folder / "raw", day, raw)
    lake = Lake(str(folder / "lake"))
    night = Night(FIRST + dt.timedelta(days=day), lake, "001", Settings(), "sample_shop", str(folder / "raw"))
    for table, rows in ((ITEMS, items), (CLEAN_EVENTS, arrow_schema(CLEAN_EVENTS).empty_table())):
        lake.make_current(night.write_arrow(table, rows))
    seconds, peak = {}, 0.0
    for job in each(f"night of {night.date}", JOBS, "jobs", lambda job: job.__name__.rpartition(".")[2]):
        name = job.__name__.rpartition(".")[2]
        night.begin(name)
        with night.reporting():
            job.main(night)
        facts = night.facts(name)
        seconds[name], peak = round(facts["seconds"], 2), facts["driver_peak_gib"]
        print(f"{night.date} {name:20} {facts['seconds']:8.2f} s {facts['driver_peak_gib']:6.2f} GiB", flush=True)
    for table in STORED:
        if table.checked_at == "service":
            lake.make_current(night.version(table))
    decisions = night.facts("answer_questions").get("decisions", {})
    return {"seconds": seconds, "peak_gib": peak, "decisions": decisions}


def _items(shop: Shop, rules: NameRules) -> pa.Table:
    """ITEMS of the whole catalogue, all on sale, with the names that pages may show."""
    goods, n = shop.catalogue, len(shop.catalogue)
    columns = {
        **as_items(shop.texts), "item_id": pa.array(goods.ids), "price": pa.array(goods.base_cents / 100),
        "currency": pa.repeat("CNY", n), "is_active": pa.repeat(True, n), "is_sold_out": pa.repeat(False, n),
        "updated_on": pa.repeat(FIRST, n),
    }  # fmt: skip
    schema = arrow_schema(ITEMS)
    table = pa.table({f.name: columns.get(f.name, pa.nulls(n, f.type)) for f in schema})
    return with_shown_names(table.cast(schema), rules).select(ITEMS.names).cast(schema)


if __name__ == "__main__":
    main()
