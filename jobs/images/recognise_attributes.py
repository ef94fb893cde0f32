"""Reads attributes from pictures -> recognised_attributes, which the catalogue lacks, and doubted_attributes.

A recogniser learns from the items that have the attribute. A value is filled in only where the shop has none, items of
the same category have the attribute, and the chance reaches a threshold. The threshold is chosen so that precision on
the hold-out is at least `recogniser.precision` (.95). A value of the shop is never overwritten. Where its pictures show
another value, the merchant gets a row of doubted_attributes: "says black, looks white".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.images.item_facts import COLUMNS_AS_ATTRIBUTES, ItemFacts, item_facts
from jobs.images.recognisers import product_groups, recognisers
from jobs.images.vector_store import ItemPictures, item_pictures
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import DOUBTED_ATTRIBUTES, IMAGE_VECTORS, RECOGNISED_ATTRIBUTES

if TYPE_CHECKING:
    from models.images.recogniser import Recogniser

_USUAL_SHARE = 0.2  # of a category's items; an attribute that fewer of them have does not suit the category
Row = dict[str, Any]


def main(night: Night) -> None:
    shown = item_pictures(night)
    filled_in: list[Row] = []
    doubted: list[Row] = []
    if len(shown):
        config = night.settings.section("images")
        facts = item_facts(night, shown.item_ids, config.colours)
        makers = night.versions(IMAGE_VECTORS).tonight().arrow(["encoder"])["encoder"]
        fitted, model = recognisers(night, config, shown, facts, makers[0].as_py())
        for attribute, recogniser in fitted.by_attribute.items():
            stated = facts.values.get(attribute, np.full(len(shown.item_ids), "", np.str_))
            columns = {"attribute": attribute, "model": model}
            filled_in += [row | columns for row in recognised(shown, facts, attribute, stated, recogniser)]
            doubted += [row | columns for row in doubts(shown, facts, stated, recogniser)]
    _write(night, RECOGNISED_ATTRIBUTES, filled_in)
    _write(night, DOUBTED_ATTRIBUTES, doubted)
    night.log.info("%d attributes are filled in, %d of the catalogue are doubted", len(filled_in), len(doubted))


def recognised(
    shown: ItemPictures, facts: ItemFacts, attribute: str, stated: NDArray[np.str_], recogniser: Recogniser
) -> Iterator[Row]:
    """Rows of RECOGNISED_ATTRIBUTES, for items that lack the attribute and whose pictures together show it surely."""
    if recogniser.threshold is None:
        return
    has_value = (stated != "") | facts.others.get(attribute, np.zeros(len(stated), np.bool_))
    lacks = ~has_value & is_usual(attribute, stated, facts.values.get("category"))
    rows = np.flatnonzero(lacks[shown.item])
    if not len(rows):
        return
    chances = recogniser.chances(shown.vectors[rows])
    for item in np.unique(shown.item[rows]):
        of_item = shown.item[rows] == item
        mean = chances[of_item].mean(axis=0)  # over the item's pictures, so that one odd picture does not decide
        best = int(mean.argmax())
        if mean[best] >= recogniser.threshold:
            clearest = rows[of_item][int(chances[of_item][:, best].argmax())]
            yield {
                "item_id": shown.item_ids[item],
                "value": str(recogniser.values[best]),
                "chance": float(mean[best]),
                "picture": shown.pictures[clearest],
            }


def is_usual(attribute: str, stated: NDArray[np.str_], category: NDArray[np.str_] | None) -> NDArray[np.bool_]:
    """(I,) whether items of the same category have the attribute: mugs have no fabric, so none is recognised."""
    if category is None or attribute in COLUMNS_AS_ATTRIBUTES:
        return np.ones(len(stated), np.bool_)
    _, code = np.unique(category, return_inverse=True)
    share = np.bincount(code, stated != "") / np.bincount(code)
    return share[code] >= _USUAL_SHARE


def doubts(shown: ItemPictures, facts: ItemFacts, stated: NDArray[np.str_], recogniser: Recogniser) -> Iterator[Row]:
    """Rows of DOUBTED_ATTRIBUTES, with the surest picture of each item."""
    from models.images.recogniser import suspects

    labels = stated[shown.item]
    odd = suspects(recogniser, shown.vectors, labels, product_groups(facts.product)[shown.item])
    doubted_items: set[int] = set()
    for row, looks, chance, stated_chance in zip(*odd, strict=True):
        item = int(shown.item[row])
        if item not in doubted_items:
            doubted_items.add(item)
            yield {
                "item_id": shown.item_ids[item],
                "value": str(labels[row]),
                "looks": str(looks),
                "chance": float(chance),
                "value_chance": float(stated_chance),
                "picture": shown.pictures[row],
            }


def _write(night: Night, table: Table, rows: list[Row]) -> None:
    ordered = sorted(rows, key=lambda row: (row["attribute"], -row["chance"], row["item_id"]))
    night.write_arrow(table, pa.Table.from_pylist(ordered, arrow_schema(table)))
