"""Writes a night's products into published/run=R: copies what is fresh, filters and checks again what is carried.

Nothing carried is written among the tables: each goes on tomorrow from its own last good night.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.common.on_sale import can_be_shown
from jobs.publishing.carry import FILTERS, Tonight, standing
from jobs.runtime import published
from jobs.runtime.gate import GateFailed, broken_in_files
from jobs.runtime.night import Night, first_line
from jobs.runtime.products import PUBLISHED, ProductState
from schemas.arrow import arrow_schema
from schemas.table import Product, Table
from schemas.tables import COPY, ITEMS, OFFERS, RECOMMENDATIONS, USERS
from schemas.tables.lists import ANONYMOUS

Manifest = dict[str, Any]


def write_products(night: Night, run: str, states: dict[Product, ProductState], last: Manifest | None) -> Manifest:
    """The manifest's `products` and `tables`; last: the manifest that carried products are taken from."""
    products: Manifest = {}
    tables: Manifest = {}
    tonight = read_tonight(night) if any(s.state == "carried" for s in states.values()) else None
    for product, state in states.items():
        made: Manifest = {}
        left_out: dict[str, int] = {}
        if state.state == "fresh":
            made = {t.name: published.copy(night.lake, t, night.version(t), run) for t in _tables_of(product)}
        elif state.state == "carried" and last is not None and tonight is not None:
            try:
                facts = _with_copy_facts(night, tonight, last, run, tables) if product == "copy" else tonight
                made, left_out = _carry(night, run, product, last, facts)
            except Exception as error:  # tonight's lists do not wait for an old product, whatever is wrong with it
                why = f"{type(error).__name__}: {first_line(error)}"
                state = ProductState(
                    "absent", because=f"{state.because}; that of {state.made_by} is not carried: {why}"
                )
                night.log.warning("%s: %s", product, state.because)
        tables |= {name: entry | {"product": product} for name, entry in made.items()}
        products[product] = state.entry(left_out)
    return {"products": products, "tables": tables}


def read_tonight(night: Night) -> Tonight:
    """Accounts, items on sale and their prices: what any carried product is held against."""
    items = night.versions(ITEMS).tonight().arrow(["item_id", "is_active", "stock", "price", "currency"])
    items = items.filter(can_be_shown(items)).combine_chunks()
    asked = zip(*(items[name].to_pylist() for name in ("item_id", "price", "currency")), strict=True)
    users = [*night.versions(USERS).tonight().arrow(["user_id"])["user_id"].chunks, pa.array([ANONYMOUS], pa.string())]
    return Tonight(
        shown_from=night.days.end(night.date),
        users=pa.concat_arrays(users),
        on_sale=pa.array(items["item_id"].to_pylist(), pa.string()),
        prices={item: (price, currency) for item, price, currency in asked},
    )


def _with_copy_facts(night: Night, tonight: Tonight, last: Manifest, run: str, tables: Manifest) -> Tonight:
    """With tonight's places, and the offers of tonight that stand as they did when the texts were written."""
    places = [np.zeros(0, np.int64)]
    for path in night.lake.file_paths(night.version(RECOMMENDATIONS)):
        shown = pq.read_table(path, columns=["user_id", "item_id", "is_spare"], filesystem=night.lake.fs)
        places.append(tonight.pairs(shown.filter(pc.invert(shown["is_spare"]))))
    known = np.unique(np.concatenate(places))
    none = arrow_schema(OFFERS).empty_table()
    told = pa.concat_tables([none, *_parts(night, OFFERS, last)])
    mine = pa.concat_tables([none, *_parts(night, OFFERS, {"run": run, "tables": tables})])
    return dataclasses.replace(tonight, places=known[known >= 0], offers=standing(told, mine))


def _carry(
    night: Night, run: str, product: Product, last: Manifest, tonight: Tonight
) -> tuple[Manifest, dict[str, int]]:
    """(entry of each of the product's tables, rows left out of each).

    GateFailed where what is left of a table breaks a rule.
    """
    config = night.settings.section("gate")
    made: Manifest = {}
    left_out: dict[str, int] = {}
    for table in _tables_of(product):
        kept = [FILTERS[product](part, table.name, tonight) for part in _parts(night, table, last)]
        made[table.name] = published.put(night.lake, table, kept, run)
        rows = made[table.name]["rows"]
        left_out[table.name] = last["tables"][table.name]["rows"] - rows
        files = published.files({"run": run, "tables": made}, table.name)
        rules, broken = broken_in_files(night, table, files, rows, config.max_rows_in_memory)
        if broken:
            raise GateFailed(f"{table.name}: {len(broken)} of {rules} rules broken, such as {broken[0]}")
        if table is COPY:  # who is told what comes after it, and is told only what is carried
            ids = [part["copy_id"].combine_chunks() for part in kept]
            tonight = dataclasses.replace(tonight, texts=pa.concat_arrays([pa.array([], pa.string()), *ids]))
    return made, left_out


def _parts(night: Night, table: Table, manifest: Manifest) -> Iterator[pa.Table]:
    """The files of a published table one by one; none where the manifest has no such table."""
    if table.name in manifest["tables"]:
        for file in published.files(manifest, table.name):
            yield pq.read_table(night.lake.path(file), filesystem=night.lake.fs).select(table.names)


def _tables_of(product: Product) -> list[Table]:
    return [table for table in PUBLISHED if table.product == product]
