"""Reads attributes from pictures -> recognised_attributes, which the catalogue lacks, and doubted_attributes.

Learned from the items that have the attribute. A value is filled in only where the shop has none, where items of the
same category have such an attribute, and where the chance is one from which on held-out precision is at least that of
the setting `recogniser.precision` (.95). Nothing is ever written over what the shop says: where its pictures show
something else, the merchant gets a row of doubted_attributes, "says black, looks white".
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

_USUAL_SHARE = 0.2  # of a category's items; an attribute that fewer have is not one of its kind of thing
Row = dict[str, Any]


def main(night: Night) -> None:
    shown = item_pictures(night)
    found: list[Row] = []
    doubted: list[Row] = []
    if len(shown):
        config = night.settings.section("images")
        facts = item_facts(night, shown.item_ids, config.colours)
        makers = night.versions(IMAGE_VECTORS).tonight().arrow(["encoder"])["encoder"]
        made, model = recognisers(night, config, shown, facts, makers[0].as_py())
        for attribute, recogniser in made.by_attribute.items():
            said = facts.values.get(attribute, np.full(len(shown.item_ids), "", np.str_))
            same = {"attribute": attribute, "model": model}
            found += [row | same for row in recognised(shown, facts, attribute, said, recogniser)]
            doubted += [row | same for row in doubts(shown, facts, said, recogniser)]
    _write(night, RECOGNISED_ATTRIBUTES, found)
    _write(night, DOUBTED_ATTRIBUTES, doubted)
    night.log.info("%d attributes are filled in, %d of the catalogue are doubted", len(found), len(doubted))


def recognised(
    shown: ItemPictures, facts: ItemFacts, attribute: str, said: NDArray[np.str_], recogniser: Recogniser
) -> Iterator[Row]:
    """Rows of RECOGNISED_ATTRIBUTES of the items that lack the attribute and whose pictures are sure of it together."""
    if recogniser.threshold is None:
        return
    lacks = (said == "") & is_usual(attribute, said, facts.values.get("category"))
    rows = np.flatnonzero(lacks[shown.item])
    if not len(rows):
        return
    chances = recogniser.chances(shown.vectors[rows])
    for item in np.unique(shown.item[rows]):
        own = shown.item[rows] == item
        mean = chances[own].mean(axis=0)  # of the item's pictures: one odd picture does not decide
        best = int(mean.argmax())
        if mean[best] >= recogniser.threshold:
            clearest = rows[own][int(chances[own][:, best].argmax())]
            yield {
                "item_id": shown.item_ids[item],
                "value": str(recogniser.values[best]),
                "chance": float(mean[best]),
                "picture": shown.pictures[clearest],
            }


def is_usual(attribute: str, said: NDArray[np.str_], category: NDArray[np.str_] | None) -> NDArray[np.bool_]:
    """(I,) whether items of the same category have the attribute: a mug has no fabric, and none is recognised."""
    if category is None or attribute in COLUMNS_AS_ATTRIBUTES:
        return np.ones(len(said), np.bool_)
    _, code = np.unique(category, return_inverse=True)
    share = np.bincount(code, said != "") / np.bincount(code)
    return share[code] >= _USUAL_SHARE


def doubts(shown: ItemPictures, facts: ItemFacts, said: NDArray[np.str_], recogniser: Recogniser) -> Iterator[Row]:
    """Rows of DOUBTED_ATTRIBUTES, the surest picture of each item."""
    from models.images.recogniser import suspects

    labels = said[shown.item]
    odd = suspects(recogniser, shown.vectors, labels, product_groups(facts.product)[shown.item])
    seen: set[int] = set()
    for row, looks, chance, said_chance in zip(*odd, strict=True):
        item = int(shown.item[row])
        if item not in seen:
            seen.add(item)
            yield {
                "item_id": shown.item_ids[item],
                "value": str(labels[row]),
                "looks": str(looks),
                "chance": float(chance),
                "value_chance": float(said_chance),
                "picture": shown.pictures[row],
            }


def _write(night: Night, table: Table, rows: list[Row]) -> None:
    ordered = sorted(rows, key=lambda row: (row["attribute"], -row["chance"], row["item_id"]))
    night.write_arrow(table, pa.Table.from_pylist(ordered, arrow_schema(table)))
