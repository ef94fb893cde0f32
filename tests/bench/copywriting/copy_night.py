"""Measures what a second night's copy costs when a hundredth of the items have changed.

    python -m tests.bench.copywriting.copy_night [--items 50000] [--changed 0.01]

The catalogue is the sample shop's; each item has 8 briefs: card, push, subject and body in English and Chinese. The
whole writing stage with templates is timed: reading the catalogue and learning its words, comparing with last night's
copy, writing, checking, and storing both tables as Parquet. Choosing texts for users, in Spark, is not included.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from jobs.common.shown_names import NameRules, with_shown_names
from jobs.copywriting.briefs import Brief
from jobs.copywriting.carry_over import carried_over
from jobs.copywriting.catalogue_words import PastCatalogues, read_item_words
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.write_many import write_all
from jobs.copywriting.writer import CopyInputs, SaidTexts
from jobs.runtime.progress import progress
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.shop import Plan, open_shop
from jobs.sample_shop.texts import as_items
from models.fact_lock.claims import Vocabulary
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import ITEMS
from schemas.tables.copywriting import COPY, REJECTED_COPY

CHANNELS = ("card", "push", "subject", "body")
LANGUAGES = ("en", "zh")
FIRST = dt.date(2026, 1, 1)


def catalogue(count: int) -> pa.Table:
    """ITEMS of the sample shop."""
    plan = Plan(
        seed=7, users=10, items=count, days=1, start=FIRST, events_per_user_day=1.0, crawlers=1, shares=Shares()
    )
    texts = open_shop(plan).texts
    columns = {
        "item_id": pa.array([f"g{n:07d}" for n in range(count)]),
        **as_items(texts),
        "price": pa.array(np.full(count, 99.0)),
        "currency": pa.array(["CNY"] * count),
        "is_active": pa.array([True] * count),
        "updated_on": pa.array([FIRST] * count),
    }
    empty = {c.name: pa.nulls(count) for c in ITEMS.columns if c.name not in columns}
    return pa.table({**columns, **empty}).select(ITEMS.names).cast(arrow_schema(ITEMS))


def changed(items: pa.Table, share: float) -> pa.Table:
    """The catalogue, with a share of its items exchanged for items with other attributes, titles and descriptions."""
    count = items.num_rows
    moved = np.random.default_rng(7).choice(count, max(2, round(count * share)), replace=False)
    place = np.arange(count)
    place[moved] = np.roll(moved, 1)
    other = items.take(pa.array(place))
    return other.set_column(0, "item_id", items["item_id"])


def night(items: pa.Table, day: dt.date, folder: Path) -> dict[str, float]:
    """Seconds and counts of one night's writing stage; it loads rules and last night's copy as a night does."""
    wall, cpu = time.perf_counter(), time.process_time()
    rules = CopyRules.load(CopyConfig())
    items = with_shown_names(items, NameRules.of(rules.config))
    words = read_item_words(items, PastCatalogues(), (), 0.05)
    briefs = [Brief(item, "recommendation", "plain", channel, language)
              for item in words for language in LANGUAGES for channel in CHANNELS]  # fmt: skip
    last, refused = _last(folder, COPY), _last(folder, REJECTED_COPY)
    carried = carried_over(last, refused, briefs, words, rules, {})
    vocabulary = Vocabulary.of(
        [words_of_item.facts() for words_of_item in words.values()], rules.words, rules.figures, rules.claim_words
    )
    inputs = CopyInputs(rules, words, vocabulary, {}, day)
    copy_written, rejected = write_all(inputs, SaidTexts(), carried.todo, {}, carried.copy)
    copy = pa.concat_tables([carried.copy, copy_written])
    rejected = pa.concat_tables([carried.rejected, rejected])
    for table, rows in ((COPY, copy), (REJECTED_COPY, rejected)):
        pq.write_table(rows, folder / f"{table.name}.parquet", compression="zstd")
    facts = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "briefs": len(briefs),
             "written": len(carried.todo), "texts": copy.num_rows, "rejected": rejected.num_rows}  # fmt: skip
    return facts


def _last(folder: Path, table: Table) -> pa.Table:
    path = folder / f"{table.name}.parquet"
    return pq.read_table(path) if path.exists() else arrow_schema(table).empty_table()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--changed", type=float, default=0.01)
    args = parser.parse_args()
    with progress(f"a catalogue of {args.items:,} items"):
        items = catalogue(args.items)
    with tempfile.TemporaryDirectory() as folder:
        with progress("the first night"):
            first = night(items, FIRST, Path(folder))
        with progress("the second night"):
            second = night(changed(items, args.changed), FIRST + dt.timedelta(days=1), Path(folder))
    ratio, ratio_cpu = second["seconds"] / first["seconds"], second["cpu"] / first["cpu"]
    print(f"{args.items:,} items x {len(CHANNELS) * len(LANGUAGES)} briefs, {args.changed:.1%} of the items changed")
    print(f"{'':14}{'seconds':>10}{'CPU s':>10}{'briefs written':>16}{'texts':>10}")
    for name, facts in (("first night", first), ("second night", second)):
        print(f"{name:14}{facts['seconds']:10.1f}{facts['cpu']:10.1f}{facts['written']:16,.0f}{facts['texts']:10,.0f}")
    print(f"second / first: {ratio:.2%} of the time, {ratio_cpu:.2%} of the CPU time (goal 1 to 2 %)")
    rate = first["texts"] / first["seconds"]
    result = {"items": args.items, "briefs": first["briefs"], "first_s": round(first["seconds"], 2),
              "second_s": round(second["seconds"], 2), "ratio": round(ratio, 4), "ratio_cpu": round(ratio_cpu, 4),
              "texts_per_s": round(rate, 1), "written_second": second["written"]}  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
