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


def exposure_rows(items: pa.Table, most: int) -> list[dict[str, Any]]:
    """Rows of EXPOSURE: of each kind the `most` largest groups, what lies beyond them, and items without a value.

    items: (item_id, one column for each kind but popularity, null without a value; on_sale, places, exposure, sales).
    A group is as large as the largest of its three shares, so that one which is only stocked, or only sold, is seen
    too. A kind of which no item has a value is left out, as is popularity where nobody bought.
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
        rows += [{"kind": kind, **row} for row in _of_kind(grouped.aggregate([(name, "sum") for name in _SUMS]), most)]
    return rows


def _halves(items: pa.Table) -> pa.Array:
    """The half, by sales, of each item that may be shown; null for the others."""
    on_sale = items["on_sale"].to_numpy()
    half = np.full(items.num_rows, None, object)
    half[on_sale] = np.where(tail_of(items["sales"].to_numpy()[on_sale]), LESS, MORE)
    return pa.array(half, pa.string())


def _of_kind(sums: pa.Table, most: int) -> Iterator[dict[str, Any]]:
    """The rows of one kind, the largest group first. sums: (group, and the sum of each of `_SUMS`)."""
    found = {name: sums[f"{name}_sum"].to_numpy().astype(np.float64) for name in _SUMS}
    totals = {name: float(values.sum()) for name, values in found.items()}
    shares = np.stack([found[name] / totals[name] for name in ("exposure", "items", "sales") if totals[name] > 0])
    size, names = shares.max(axis=0), sums["group"].to_pylist()
    known = [number for number in np.lexsort((_names_order(names), -size)).tolist() if names[number] is not None]
    roles = [("group", names[number], [number]) for number in known[:most]]
    if rest := known[most:]:
        roles.append(("others", "others", rest))
    if unknown := [number for number, name in enumerate(names) if name is None and size[number] > 0]:
        roles.append(("unknown", "unknown", unknown))
    for role, name, members in roles:
        own = {one: float(values[members].sum()) for one, values in found.items()}
        if size[members].max() > 0:
            yield {
                "role": role,
                "group": name,
                "members": len(members),
                **{one: int(own[one]) for one in ("items", "items_shown", "places")},
                "exposure_share": _share(own["exposure"], totals["exposure"]) or 0.0,
                "catalogue_share": _share(own["items"], totals["items"]) or 0.0,
                "sales_share": _share(own["sales"], totals["sales"]),
            }


def _names_order(names: list[str | None]) -> np.ndarray:
    """The place of each name in alphabetical order."""
    order = np.argsort(np.array([name or "" for name in names], dtype=np.str_), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place


def _share(own: float, total: float) -> float | None:
    return min(own / total, 1.0) if total > 0 else None
