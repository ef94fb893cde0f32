"""What the catalogue says about items with pictures: whether they are on sale, their product, and their attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.common.on_sale import can_be_shown
from jobs.runtime.attributes import read_attributes
from jobs.runtime.night import Night
from schemas.tables import ITEMS

COLUMNS_AS_ATTRIBUTES = ("category", "brand")
_COLUMNS = ["item_id", "title", "category", "brand", "is_active", "stock", "attributes"]
_LONGEST = 100  # characters of a value that a picture could show


@dataclass(frozen=True)
class ItemFacts:
    """Facts of I items. on_sale (I,). product (I,): items of one product differ only in colour; -1 where the product is
    not known. values: attribute -> its value for each item (I,), '' where the catalogue has none that a picture could
    show. others: attribute -> whether the item (I,) has another value, such as a list or a number."""

    on_sale: NDArray[np.bool_]
    product: NDArray[np.int64]
    values: dict[str, NDArray[np.str_]]
    others: dict[str, NDArray[np.bool_]] = field(default_factory=dict)


def item_facts(night: Night, item_ids: Sequence[str], colours: Sequence[str]) -> ItemFacts:
    """The facts of these items, in their order; all of them must be in tonight's catalogue."""
    items = night.versions(ITEMS).tonight().arrow(_COLUMNS)
    rows = items.take(pc.index_in(pa.array(item_ids, pa.string()), items["item_id"].combine_chunks()))
    catalogue = read_attributes(rows["attributes"].to_pylist())
    attributes = [{name: text for name, value in of_item.items() if (text := _text(value))} for of_item in catalogue]
    for name in COLUMNS_AS_ATTRIBUTES:
        for of_item, value in zip(attributes, rows[name].to_pylist(), strict=True):
            if value:
                of_item[name] = value[:_LONGEST]
    names = sorted({name for of_item in attributes for name in of_item})
    values = {name: np.array([of_item.get(name, "") for of_item in attributes], np.str_) for name in names}
    others = {
        name: np.array([_is_given(of_item.get(name)) and not _text(of_item[name]) for of_item in catalogue], np.bool_)
        for name in names
        if name not in COLUMNS_AS_ATTRIBUTES
    }
    colours_of_items = [[of_item[name] for name in colours if name in of_item] for of_item in attributes]
    places = zip(*(rows[name].to_pylist() for name in ("title", "category", "brand")), colours_of_items, strict=True)
    return ItemFacts(can_be_shown(rows).to_numpy(), _codes([product_key(*place) for place in places]), values, others)


def product_key(title: str | None, category: str | None, brand: str | None, colours: Sequence[str]) -> str:
    """What items of one product have in common: category, brand, and the title without colours; '' without a title."""
    if not title:
        return ""
    words = title.casefold()
    for colour in sorted(colours, key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(colour.casefold())}(?!\w)", " ", words)
    bare = " ".join(words.split())
    return "\t".join((bare, category or "", brand or "")) if bare else ""


def _text(value: object) -> str:
    """A single value as text; '' for a list, an object, or a long text, which no picture can show."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.strip() if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST else ""


def _is_given(value: object) -> bool:
    """Whether the catalogue has a value: 0 is one, a blank text and an empty list are none."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {})


def _codes(keys: list[str]) -> NDArray[np.int64]:
    names = sorted({key for key in keys if key})
    code = {key: number for number, key in enumerate(names)}
    return np.array([code.get(key, -1) for key in keys], np.int64)
