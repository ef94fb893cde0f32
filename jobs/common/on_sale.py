"""Which items may be shown, and which may be shown again to users who bought them."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

# Active and in stock; unknown stock counts as in stock. This rule is for Spark; `can_be_shown` is the same for Arrow.
CAN_BE_SHOWN = "is_active and (stock is null or stock > 0)"


def can_be_shown(items: pa.Table) -> pa.ChunkedArray:
    """Whether each row of ITEMS may be shown."""
    return pc.and_(items["is_active"], pc.fill_null(pc.greater(items["stock"], 0.0), True))


def proven_replenishable(pairs: Iterable[pa.Table], min_buyers: int, min_share: float) -> pa.Array:
    """Ids of items that at least `min_share` of at least `min_buyers` buyers bought more than once.

    `pairs`: parts of INTEREST (item_id, purchase_orders), read one at a time.
    """
    counted = []
    for part in pairs:
        part = part.filter(pc.greater(part["purchase_orders"], 0))
        again = pc.greater(part["purchase_orders"], 1).cast(pa.int64())
        pairs_again = pa.table({"item_id": part["item_id"], "buyers": again, "came_back": again})
        counted.append(pairs_again.group_by("item_id").aggregate([("buyers", "count"), ("came_back", "sum")]))
    total = pa.concat_tables(counted).group_by("item_id").aggregate([("buyers_count", "sum"), ("came_back_sum", "sum")])
    buyers, came_back = total["buyers_count_sum"], total["came_back_sum_sum"]
    enough_buyers = pc.greater_equal(buyers, min_buyers)
    enough_back = pc.greater_equal(came_back, pc.multiply(min_share, buyers))
    return total.filter(pc.and_(enough_buyers, enough_back))["item_id"].combine_chunks()
