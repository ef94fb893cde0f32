"""Which items the lists show and how often, and their names as a page may show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown
from jobs.pages.blocks import Words, plain
from jobs.pages.night_facts import NightFacts
from schemas.tables import ITEMS, RECOMMENDATIONS

_TOP = 100  # the most shown items, whose share of all places the page gives


@dataclass(frozen=True)
class Exposure:
    """counts: (item_id, places) of all items in lists, the most shown first."""

    counts: pa.Table
    on_sale: int

    @property
    def items(self) -> int:
        return self.counts.num_rows

    @property
    def places(self) -> int:
        return int(pc.sum(self.counts["places"]).as_py() or 0)

    @property
    def top(self) -> int:
        return min(_TOP, self.items)

    @property
    def top_share(self) -> float:
        return float(pc.sum(self.counts["places"].slice(0, _TOP)).as_py() or 0) / max(1, self.places)

    def first(self, most: int) -> list[tuple[str, int]]:
        rows = self.counts.slice(0, most)
        return list(zip(rows["item_id"].to_pylist(), rows["places"].to_pylist(), strict=True))


def exposure_of(facts: NightFacts) -> Exposure:
    """The places of each item in all lists, without spares; the lists are read in parts."""
    condition = ~pc.field("is_spare")
    parts = [
        pa.table({"item_id": counted.field("values").cast(pa.string()), "places": counted.field("counts")})
        for batch in facts.dataset(RECOMMENDATIONS).to_batches(columns=["item_id"], filter=condition)
        if batch.num_rows
        for counted in [pc.value_counts(batch.column("item_id"))]
    ]
    empty = pa.table({"item_id": pa.array([], pa.string()), "places": pa.array([], pa.int64())})
    summed = pa.concat_tables([empty, *parts]).group_by("item_id").aggregate([("places", "sum")])
    counts = summed.rename_columns(["item_id", "places"]).sort_by([("places", "descending"), ("item_id", "ascending")])
    items = facts.dataset(ITEMS).to_table(columns=["is_active", "stock"])
    return Exposure(counts, int(pc.sum(can_be_shown(items)).as_py() or 0))


def titles_of(facts: NightFacts, items: Iterable[str]) -> dict[str, Words]:
    """Item -> its title in both languages; items without a title that a page may show are left out."""
    condition = pc.field("item_id").isin(pa.array(sorted(set(items)), pa.string()))
    rows = facts.rows(ITEMS, ["item_id", "shown_title", "shown_title_zh"], condition)
    titles = [(row["item_id"], row["shown_title"], row["shown_title_zh"]) for row in rows]
    return {
        item: Words(plain(english or chinese), plain(chinese or english))
        for item, english, chinese in titles
        if english or chinese
    }
