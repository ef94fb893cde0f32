"""Writes a night's products into published/run=R: copies fresh products; filters carried ones and checks them again.

Carried rows are not written into the lake's tables: tomorrow's jobs start from each table's last good night.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown
from jobs.common.source_hashes import item_hash
from jobs.publishing.carry import FILTERS, Tonight, with_unchanged_terms
from jobs.runtime import published
from jobs.runtime.attributes import read_attributes
from jobs.runtime.gate import GateFailed, broken_in_files
from jobs.runtime.night import Night, first_line
from jobs.runtime.parquet_files import read_table
from jobs.runtime.products import PUBLISHED, ProductState
from schemas.arrow import arrow_schema
from schemas.copywriting.language import load_languages
from schemas.table import Product, Table
from schemas.tables import COPY, ITEMS, OFFERS, RECOMMENDATIONS, USERS
from schemas.tables.lists import ANONYMOUS

Manifest = dict[str, Any]


def write_products(night: Night, run: str, states: dict[Product, ProductState], last: Manifest | None) -> Manifest:
    """The manifest's `products` and `tables`. Carried products come from the night of the manifest `last`."""
    products: Manifest = {}
    tables: Manifest = {}
    tonight = read_tonight(night) if any(s.state == "carried" for s in states.values()) else None
    for product, state in states.items():
        entries: Manifest = {}
        left_out: dict[str, int] = {}
        if state.state == "fresh":
            entries = {
                table.name: published.copy(night.lake, table, night.version(table), run)
                for table in _tables_of(product)
            }
        elif state.state == "carried" and last is not None and tonight is not None:
            try:
                facts = tonight
                if product == "copy":
                    facts = _with_copy_facts(night, tonight, last, run, tables)
                elif product == "service":
                    facts = _with_item_sources(night, tonight)
                entries, left_out = _carry(night, run, product, last, facts)
            except Exception as error:  # no error in an old product may stop tonight's lists
                reason = f"{type(error).__name__}: {first_line(error)}"
                state = ProductState(
                    "absent", because=f"{state.because}; the one of {state.made_by} cannot be carried: {reason}"
                )
                night.log.warning("%s: %s", product, state.because)
        tables |= {name: entry | {"product": product} for name, entry in entries.items()}
        products[product] = state.entry(left_out)
    return {"products": products, "tables": tables}


def read_tonight(night: Night) -> Tonight:
    """Accounts, items on sale and their prices: every carried product is compared with these."""
    items = night.versions(ITEMS).tonight().arrow(["item_id", "is_active", "stock", "price", "currency"])
    items = items.filter(can_be_shown(items)).combine_chunks()
    priced = zip(*(items[name].to_pylist() for name in ("item_id", "price", "currency")), strict=True)
    users = [*night.versions(USERS).tonight().arrow(["user_id"])["user_id"].chunks, pa.array([ANONYMOUS], pa.string())]
    return Tonight(
        shown_from=night.days.end(night.date),
        users=pa.concat_arrays(users),
        on_sale=pa.array(items["item_id"].to_pylist(), pa.string()),
        prices={item: (price, currency) for item, price, currency in priced},
        languages=load_languages(shop_folder=night.settings.section("copy").languages_folder),
    )


def _with_copy_facts(night: Night, tonight: Tonight, last: Manifest, run: str, tables: Manifest) -> Tonight:
    """Adds tonight's places, and tonight's offers whose terms have not changed since the texts were written."""
    places = [np.zeros(0, np.int64)]
    for path in night.lake.file_paths(night.version(RECOMMENDATIONS)):
        shown = read_table(night.lake, path, ["user_id", "item_id", "is_spare"])
        places.append(tonight.pairs(shown.filter(pc.invert(shown["is_spare"]))))
    distinct = np.unique(np.concatenate(places))
    text_offers = _offers(night, last)
    offers = _offers(night, {"run": run, "tables": tables})
    return dataclasses.replace(
        tonight, places=distinct[distinct >= 0], offers=with_unchanged_terms(offers, text_offers)
    )


def _with_item_sources(night: Night, tonight: Tonight) -> Tonight:
    """Adds the digests of tonight's active items, as `jobs/common/source_hashes.py` makes them."""
    rows = night.versions(ITEMS).tonight().arrow()
    rows = rows.filter(rows["is_active"]).to_pylist()
    attributes = read_attributes([row["attributes"] for row in rows])
    hashes = {
        row["item_id"]: functools.partial(item_hash, row, values) for row, values in zip(rows, attributes, strict=True)
    }
    return dataclasses.replace(tonight, items=hashes)


def _offers(night: Night, manifest: Manifest) -> pa.Table:
    return pa.concat_tables([arrow_schema(OFFERS).empty_table(), *_parts(night, OFFERS, manifest)])


def _carry(
    night: Night, run: str, product: Product, last: Manifest, tonight: Tonight
) -> tuple[Manifest, dict[str, int]]:
    """(entry of each of the product's tables, rows left out of each).

    Raises GateFailed where the remaining rows of a table break a rule.
    """
    config = night.settings.section("gate")
    entries: Manifest = {}
    left_out: dict[str, int] = {}
    for table in _tables_of(product):
        parts = [FILTERS[product](part, table.name, tonight) for part in _parts(night, table, last)]
        entries[table.name] = published.put(night.lake, table, parts, run)
        rows = entries[table.name]["rows"]
        left_out[table.name] = last["tables"][table.name]["rows"] - rows
        files = published.files({"run": run, "tables": entries}, table.name)
        rules, broken = broken_in_files(night, table, files, rows, config.max_rows_in_memory)
        if broken:
            raise GateFailed(f"{table.name}: {len(broken)} of {rules} rules broken, such as {broken[0]}")
        if table is COPY:  # USER_COPY comes after it and keeps only the texts that are carried
            ids = [part["copy_id"].combine_chunks() for part in parts]
            tonight = dataclasses.replace(tonight, texts=pa.concat_arrays([pa.array([], pa.string()), *ids]))
    return entries, left_out


def _parts(night: Night, table: Table, manifest: Manifest) -> Iterator[pa.Table]:
    """The files of a published table one by one; none where the manifest lacks the table."""
    if table.name in manifest["tables"]:
        for file in published.files(manifest, table.name):
            yield read_table(night.lake, night.lake.path(file)).select(table.names)


def _tables_of(product: Product) -> list[Table]:
    return [table for table in PUBLISHED if table.product == product]
