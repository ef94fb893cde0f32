"""`is_sold_out` of a published item is derived from its stock, which is not published."""

from __future__ import annotations

import pyarrow as pa

from jobs.intake.catalogue_merge import derivation, merge
from jobs.runtime.settings import Settings
from schemas.tables import ITEMS, REJECTED_ITEMS


def test_an_item_is_sold_out_where_the_shop_says_that_none_is_left() -> None:
    stocks = {"none": 0.0, "one": 1.0, "owed": -2.0, "unsaid": None}
    names = [*ITEMS.names, "night", "seen_at", "reason", "detail", "raw_row", "source_file", "hash"]
    rows = [
        dict.fromkeys(names) | {"item_id": item, "stock": stock, "is_active": True, "hash": number}
        for number, (item, stock) in enumerate(stocks.items())
    ]
    kinds = {c.name: pa.float64() for c in ITEMS.columns if c.type == "float64"}
    kinds |= {c.name: pa.bool_() for c in ITEMS.columns if c.type == "bool"}
    kinds |= {"night": pa.date32(), "hash": pa.int64(), "updated_on": pa.date32(), "seen_at": pa.timestamp("us")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    derive = derivation(ITEMS, Settings({}))
    (batch,) = pa.Table.from_pylist(rows, schema).to_batches()
    merged = dict(merge(iter([batch]), ITEMS, REJECTED_ITEMS, derive))
    is_sold_out = dict(zip(*(merged["items"][name].to_pylist() for name in ("item_id", "is_sold_out")), strict=True))
    assert is_sold_out == {"none": True, "one": False, "owed": True, "unsaid": None}
