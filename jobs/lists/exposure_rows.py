"""Rows of EXPOSURE and the figures of EXPOSURE_FIGURES, from one row of each item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.core.fairness import gini, popularity_lift, tail_of
from schemas.tables.fairness import EXPOSURE_KINDS

LESS, MORE = "less popular half", "more popular half"
_SUMS = ("items", "items_shown", "places", "exposure", "sales")
Figures = dict[str, float | None]


def figures_of(items: pa.Table) -> Figures:
    """Figure of EXPOSURE_FIGURES -> its value, over the items that may be shown. items: see `exposure_rows`."""
    on_sale = items.filter(items["on_sale"])
    exposure, sales = on_sale["exposure"].to_numpy(), on_sale["sales"].to_numpy()
    total = float(exposure.sum())
    sold = bool(sales.sum() > 0)
    return {
        "gini": gini(exposure),
        "coverage": float((exposure > 0).mean()) if len(exposure) else 0.0,
        "popularity_lift": popularity_lift(exposure, sales),
        "tail_exposure": float(exposure[tail_of(sales)].sum()) / total if sold and total > 0 else None,
    }


def exposure_rows(items: pa.Table, max_groups: int) -> list[dict[str, Any]]:
    """Rows of EXPOSURE: for each kind the `max_groups` largest groups, all others together, and items without a value.

    items: (item_id, one column for each kind but popularity, null without a value; on_sale, places, exposure, sales).
    The size of a group is the largest of its three shares, so that a group which is only stocked, or only sold, has a
    row too. A kind without any value is left out; so is popularity if nobody bought.
    """
    sold = bool((pc.sum(items["sales"]).as_py() or 0) > 0)
    columns = {
        "items": pc.cast(items["on_sale"], pa.int64()),
        "items_shown": pc.cast(pc.greater(items["places"], 0), pa.int64()),
        **{name: items[name] for name in ("places", "exposure", "sales")},
    }
    kinds = {"popularity": _halves(items) if sold else pa.nulls(items.num_rows, pa.string())}
    kinds |= {name: items[name] for name in EXPOSURE_KINDS if name != "popularity"}
    rows = []
    for kind, group in kinds.items():
        if group.null_count == len(group):
            continue
        grouped = pa.table({"group": group, **columns}).group_by("group", use_threads=False)
        rows += [
            {"kind": kind, **row}
            for row in _rows_of_kind(grouped.aggregate([(name, "sum") for name in _SUMS]), max_groups)
        ]
    return rows


def _halves(items: pa.Table) -> pa.Array:
    """The half, by sales, that each item on sale belongs to; null for the others."""
    on_sale = items["on_sale"].to_numpy()
    half = np.full(items.num_rows, None, object)
    half[on_sale] = np.where(tail_of(items["sales"].to_numpy()[on_sale]), LESS, MORE)
    return pa.array(half, pa.string())


def _rows_of_kind(sums: pa.Table, max_groups: int) -> Iterator[dict[str, Any]]:
    """The rows of one kind, the largest group first. sums: (group, and the sum of each of `_SUMS`)."""
    sums_by_name = {name: sums[f"{name}_sum"].to_numpy().astype(np.float64) for name in _SUMS}
    totals = {name: float(values.sum()) for name, values in sums_by_name.items()}
    shares = np.stack(
        [sums_by_name[name] / totals[name] for name in ("exposure", "items", "sales") if totals[name] > 0]
    )
    size, names = shares.max(axis=0), sums["group"].to_pylist()
    by_size = sorted(range(len(names)), key=lambda number: (-size[number], names[number] or ""))
    known_groups = [number for number in by_size if names[number] is not None]
    roles = [("group", names[number], [number]) for number in known_groups[:max_groups]]
    if other_groups := known_groups[max_groups:]:
        roles.append(("others", "others", other_groups))
    if unknown_groups := [number for number, name in enumerate(names) if name is None and size[number] > 0]:
        roles.append(("unknown", "unknown", unknown_groups))
    for role, name, members in roles:
        group_sums = {sum_name: float(values[members].sum()) for sum_name, values in sums_by_name.items()}
        if size[members].max() > 0:
            yield {
                "role": role,
                "group": name,
                "members": len(members),
                **{sum_name: int(group_sums[sum_name]) for sum_name in ("items", "items_shown", "places")},
                "exposure_share": _share(group_sums["exposure"], totals["exposure"]) or 0.0,
                "catalogue_share": _share(group_sums["items"], totals["items"]) or 0.0,
                "sales_share": _share(group_sums["sales"], totals["sales"]),
            }


def _share(part: float, total: float) -> float | None:
    return min(part / total, 1.0) if total > 0 else None
