"""`make bench-pages`: seconds and bytes of a large shop's pages: the pages of show_night, and the page of the copy.

The night is synthetic: tables with the declared columns, as large as in a shop of --users and --items, and the reports
of a night's jobs. The copy has six texts for each item with four facts each; its page has as many rows as
`copy.review_rows` allows. The night's other pages (segments, pictures, service) do not grow with the shop.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.copywriting import review_page
from jobs.copywriting.catalogue_words import COLUMNS, PastCatalogues, read_item_words
from jobs.copywriting.dictionary import shipped_dictionary
from jobs.copywriting.rules import CopyConfig
from jobs.pages import show_night
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import Night
from jobs.runtime.progress import progress
from jobs.runtime.settings import Settings
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import ITEMS, PRICE_SUGGESTIONS, RECOMMENDATIONS, REJECTED_EVENTS, SIMILAR_ITEMS
from schemas.tables.copywriting import COPY, REJECTED_COPY

DAY = dt.date(2026, 1, 6)
PLACES, NEIGHBOURS, TEXTS = 18, 20, 6  # places per user, neighbours per item, texts per item
PART = 50_000  # users in one file
SECONDS, MEGABYTES = 20, 30  # the goals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=50_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        lake = Lake(folder)
        night = Night(DAY, lake, "001", Settings({}))
        with progress(f"made-up tables of {args.users:,} users and {args.items:,} items"):
            fill(lake, args.users, args.items)
        started, cpu = time.perf_counter(), time.process_time()
        night.begin("show_night")
        with progress("drawing the pages"):
            copy_page = draw_copy(night)
            show_night.main(night)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        facts = night.end()
    figures = {"users": args.users, "items": args.items, "pages": facts["pages"] + 1, "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu, 1), "megabytes": round((facts["bytes"] + copy_page) / 1e6, 1),
            "megabytes_of_copy": round(copy_page / 1e6, 1), "peak_gib": facts["driver_peak_gib"]}  # fmt: skip
    print(f"{'figure':12} {'seen':>10} {'goal':>8}")
    for name, goal in (("seconds", SECONDS), ("megabytes", MEGABYTES)):
        print(f"{name:12} {figures[name]:>10} {'<= ' + str(goal):>8}")
    print(json.dumps(figures))


def draw_copy(night: Night) -> int:
    """Draws the page of the night's copy; returns its bytes."""
    items = read_item_words(
        night.versions(ITEMS).tonight().arrow(COLUMNS), PastCatalogues(), (), 0.5, shipped_dictionary()
    )
    copy = night.versions(COPY).tonight().arrow()
    texts_used = dict.fromkeys(copy["copy_id"].to_pylist()[:: TEXTS * 2], 9)
    nothing = arrow_schema(REJECTED_COPY).empty_table()
    html = review_page.page_of(str(night.date), copy, nothing, items, texts_used, CopyConfig().review_rows)
    night.lake.put_text(html, "reports", f"date={night.date}", "copy.html")
    return len(html.encode())


def fill(lake: Lake, users: int, items: int) -> None:
    rng = np.random.default_rng(7)
    ids = pa.array([f"item{n:07d}" for n in range(items)])
    put(lake, ITEMS, [{"item_id": ids, "shown_title": ids, "price": rng.uniform(1, 99, items),
                       "is_active": np.ones(items, bool)}])  # fmt: skip
    put(lake, RECOMMENDATIONS, recommendations(rng, ids, users))
    targets, near = np.repeat(np.arange(items), NEIGHBOURS), rng.integers(0, items, items * NEIGHBOURS)
    rank = np.tile(np.arange(1, NEIGHBOURS + 1), items)
    put(lake, SIMILAR_ITEMS, [{"target_item_id": ids.take(targets), "item_id": ids.take(near), "rank": rank}])
    titles = ids.take(np.repeat(np.arange(items), TEXTS))
    texts = [f"{title} is a plain thing for the house, number {n}." for n, title in enumerate(titles.to_pylist())]
    facts = [json.dumps([{"slot": slot, "value": title, "table": "items", "row": title, "column": "attributes",
                          "start": 0, "end": len(title)} for slot in ("title", "kind", "colour", "material")])
             for title in titles.to_pylist()]  # fmt: skip
    same = {"strategy": "recommendation", "channel": "card", "language": "en", "style": "plain", "source": "template",
            "wording": "t-0123456789", "made_on": DAY}  # fmt: skip
    put(lake, COPY, [{"copy_id": [f"{n:016x}" for n in range(len(texts))], "text": texts, "item_id": titles,
                      "facts": facts, **{name: [value] * len(texts) for name, value in same.items()}}])  # fmt: skip
    put(
        lake, PRICE_SUGGESTIONS, [{"item_id": ids, "status": ["suggest"] * items, "gain_low": rng.uniform(0, 9, items)}]
    )
    put(lake, REJECTED_EVENTS, [{"reason": ["bad_number"] * items, "raw_row": ['{"price":"abc"}'] * items}])
    report = {"raw": users, "kept": users, "rejected": {"bad_number": items}, "tallies": {}, "seconds": 60.0}
    for n in range(60):
        for job in ("clean_events", "judge_lists", "recommend_items"):
            lake.put_json(report, "runs", f"date={DAY - dt.timedelta(days=n)}", "run=001", f"{job}.json")


def recommendations(rng: np.random.Generator, ids: pa.Array, users: int) -> Iterator[dict[str, object]]:
    popular = rng.zipf(1.3, users * PLACES) % len(ids)
    for start in range(0, users, PART):
        count = min(PART, users - start)
        rows = count * PLACES
        rank = np.tile(np.arange(1, PLACES + 1), count)
        yield {
            "user_id": pa.array([f"user{start + n:08d}" for n in range(count)]).take(
                np.repeat(np.arange(count), PLACES)
            ),
            "item_id": ids.take(popular[start * PLACES :][:rows]),
            "rank": rank,
            "score": rng.random(rows),
            "fallback_level": np.repeat(rng.integers(0, 4, count), PLACES),
            "is_spare": rank > PLACES - 6,
        }


def put(lake: Lake, table: Table, parts: Iterable[Mapping[str, Any]]) -> None:
    """Writes the current version of `table`: a file for each of `parts` (column -> values); other columns are empty."""
    files, rows, size = [], 0, 0
    folder = Version(table.name, str(DAY), "001", 0, (), 0, table.version).folder
    lake.fs.create_dir(lake.path(folder), recursive=True)
    for part in parts:
        count = len(next(iter(part.values())))
        columns = [_column(part.get(field.name), field.type, count) for field in arrow_schema(table)]
        files.append(f"part-{len(files):05d}.parquet")
        data = pa.Table.from_arrays(columns, names=list(table.names))
        pq.write_table(data, lake.path(folder, files[-1]), filesystem=lake.fs)
        rows, size = rows + count, size + data.nbytes
    version = Version(table.name, str(DAY), "001", rows, tuple(files), size, table.version)
    lake.make_current(lake.commit(version))


def _column(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    if values is not None:
        return pa.array(values).cast(kind)
    return pa.repeat(pa.scalar("", kind), count) if kind == pa.string() else pa.nulls(count, kind)


if __name__ == "__main__":
    main()
